"""Our order against the broker's row: what the pair means (behaviour 3, 4, 5; xts.md 3).

Pure. The table that `resolve` implements:

| our order | the book says                  | resolution | why                                                  |
|-----------|--------------------------------|------------|------------------------------------------------------|
| in doubt  | nothing                        | ABSENT     | counted; only 3 reads over 5 s prove it (3.3)        |
| in doubt  | a row with its client id       | any below  | it arrived: the id is adopted, then the row is read  |
| placed    | nothing                        | WAIT       | absent is unknown, never cancelled (4.4)             |
| placed    | working, nothing new filled    | WAIT       |                                                      |
| placed    | working, more filled           | WAIT       | booked at once, but the level waits (5.2)            |
| placed    | Filled                         | FILLED     |                                                      |
| placed    | Filled, quantity lags behind   | WAIT       | the next read will have it (xts.md 2.6)              |
| placed    | Filled, for a smaller quantity | CANCELLED  | somebody modified it at a terminal; the rest is gone |
| placed    | Cancelled/Rejected, all filled | FILLED     | a fill that won the race is a fill (4.6)             |
| placed    | Cancelled by our request       | CANCELLED  | what was filled stays booked (5.2)                   |
| placed    | Cancelled by the broker        | REJECTED   | may be a square-off: back off (8)                    |
| placed    | Rejected                       | REJECTED   | back off (8)                                         |

Fills are read from `CumulativeQuantity` whatever the status, and only what exceeds the booked part is booked (3.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tg1.models import ZERO, BrokerOrder, LegOrder, OrderStatus

if TYPE_CHECKING:
    from decimal import Decimal

ABSENT_READS = 3
ABSENT_SECS = 5.0
"""Behaviour 3.3: successful reads, and the time that they must span, before an order in doubt "never arrived"."""
EMPTY_READS = 10
EMPTY_SECS = 30.0
"""The same where every book was empty: an account whose only order is in doubt, or a server that shows nothing."""


class Resolution(StrEnum):
    """What is known of one order after a look at the book."""

    ABSENT = "absent"
    WAIT = "wait"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """True when the order will do nothing more."""
        return self in (Resolution.FILLED, Resolution.CANCELLED, Resolution.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One order of ours after the book was read."""

    resolution: Resolution
    order: LegOrder
    """With the adopted id and everything booked that the row shows."""
    new_quantity: int = 0
    """Shares to book now."""
    new_value: Decimal = ZERO
    """Rupees to book now; may be a correction of an earlier guess when `new_quantity` is 0."""
    reason: str = ""
    """The broker's words for a rejection or cancellation."""


def resolve(order: LegOrder, row: BrokerOrder | None) -> Reading:
    """Read `row` (the book's entry for `order`, or None when the book has none)."""
    if row is None:
        return Reading(resolution=Resolution.ABSENT if order.in_doubt else Resolution.WAIT, order=order)
    filled, value = _cumulative(order, row)
    read = replace(
        order,
        order_id=order.order_id or row.order_id or None,
        filled_quantity=filled,
        filled_value=value,
        acknowledged=order.acknowledged or row.status in (OrderStatus.WORKING, OrderStatus.FILLED),
    )
    return Reading(
        resolution=_resolution(read, row),
        order=read,
        new_quantity=filled - order.filled_quantity,
        new_value=value - order.filled_value,
        reason=row.reason,
    )


def _resolution(order: LegOrder, row: BrokerOrder) -> Resolution:
    if not row.status.is_final:
        return Resolution.WAIT
    if order.remaining == 0:
        return Resolution.FILLED
    if row.status is OrderStatus.CANCELLED and order.cancel_sent:
        return Resolution.CANCELLED
    if row.status is OrderStatus.FILLED:
        return Resolution.CANCELLED if 0 < (row.quantity or 0) <= order.filled_quantity else Resolution.WAIT
    return Resolution.REJECTED


def _cumulative(order: LegOrder, row: BrokerOrder) -> tuple[int, Decimal]:
    """Shares and rupees filled so far; an older or unreadable row never takes back what is booked."""
    filled = row.filled_quantity
    if filled is None:
        filled = order.quantity if row.status is OrderStatus.FILLED else order.filled_quantity
    filled = min(filled, order.quantity)
    if filled < order.filled_quantity or filled == 0:
        return order.filled_quantity, order.filled_value
    if row.average_price is not None:
        return filled, filled * row.average_price
    # Behaviour 5.1: without an average the order's own price stands in for the new shares.
    return filled, order.filled_value + (filled - order.filled_quantity) * order.limit_price


class Absence(StrEnum):
    """What proves that an order in doubt never arrived (behaviour 3.3)."""

    FROM_BOOKS = "books with rows do not hold it"
    FROM_EMPTY_BOOKS = "books stay empty"
    """A server that answers an empty book looks the same, so this takes longer and is told to a person."""


@dataclass(slots=True)
class _Absences:
    since: float
    """Seconds of the monotonic clock."""
    reads: int = 0


@dataclass(slots=True)
class DoubtTracker:
    """Counts the successful book reads in which an order in doubt was absent. Seconds are monotonic."""

    _any: dict[str, _Absences] = field(default_factory=dict)
    _with_rows: dict[str, _Absences] = field(default_factory=dict)

    def absent(self, client_id: str, now: float, *, is_empty: bool) -> Absence | None:
        """Note one more read without the order; what that proves, or None.

        `is_empty`: the book had no row at all.
        """
        if not is_empty and _count(self._with_rows, client_id, now, ABSENT_READS, ABSENT_SECS):
            return Absence.FROM_BOOKS
        if _count(self._any, client_id, now, EMPTY_READS, EMPTY_SECS):
            return Absence.FROM_EMPTY_BOOKS
        return None

    def forget(self, client_id: str) -> None:
        """The order was found, or freed."""
        self._any.pop(client_id, None)
        self._with_rows.pop(client_id, None)


def _count(counted: dict[str, _Absences], client_id: str, now: float, reads: int, secs: float) -> bool:
    one = counted.setdefault(client_id, _Absences(since=now))
    one.reads += 1
    return one.reads >= reads and now - one.since >= secs
