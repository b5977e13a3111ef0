"""The orders of a run, each with what became of it, from its cycles: of the record as of its replay. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import OrderStatus, Role
from tg1.rules.client_ids import parse_client_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tg1.models import LegOrder, OpenOrder, OrderTerms, OrderType, Side
    from tg1.record.reading import Run
    from tg1.record.values import Begun, Cycle, Row

Filled = tuple[int, Decimal]
"""Shares that have filled in all, and the rupees that they came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFill:
    """Shares that a book showed as filled, and the one before it did not."""

    at: datetime
    """The moment of the cycle that saw it."""
    quantity: int
    value: Decimal
    """Rupees."""


@dataclass(slots=True, kw_only=True)
class OrderLife:
    """One order."""

    client_id: str
    level: str
    """E.g. "B2"; empty for an order that is no level's."""
    role: Role | None
    account: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: int
    limit: Decimal
    trigger: Decimal | None
    at: datetime
    """The moment of the cycle that sent it; the start of the run for one that worked already."""
    carried: bool = False
    """It worked already when the run began."""
    order_id: str = ""
    fault: str = ""
    """Why it was refused, or why nobody knows."""
    fills: list[SeenFill] = field(default_factory=list)
    status: OrderStatus = OrderStatus.PENDING
    ended_at: datetime | None = None
    cancel_at: datetime | None = None
    """When the bot asked for its cancel; None when it never did."""
    reason: str = ""
    """Why it ended, in the broker's words."""
    _booked: Filled = (0, Decimal(0))

    @property
    def filled(self) -> int:
        """Shares that were seen to fill in this run."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def average(self) -> Decimal | None:
        """Rupees per share of them; None without any."""
        return sum((fill.value for fill in self.fills), Decimal(0)) / self.filled if self.fills else None

    @property
    def trigger_or_limit(self) -> Decimal:
        """The price by which a person knows it."""
        return self.limit if self.trigger is None else self.trigger

    def see(self, row: Row, at: datetime) -> None:
        """A book shows it so."""
        self.book(filled_so_far(row, self.limit, self._booked), at)
        if row.status.is_final and self.ended_at is None:
            self.ended_at = at
        self.status, self.reason = row.status, row.reason or self.reason
        self.order_id = self.order_id or row.order_id

    def book(self, filled: Filled, at: datetime) -> None:
        """So much of it has filled in all; an average that came late is the price of what was seen last."""
        (quantity, value), (known, worth) = filled, self._booked
        if quantity > known:
            self.fills.append(SeenFill(at=at, quantity=quantity - known, value=value - worth))
        elif self.fills and value != worth:
            self.fills[-1] = replace(self.fills[-1], value=self.fills[-1].value + value - worth)
        self._booked = filled


def filled_so_far(row: Row, limit: Decimal, before: Filled) -> Filled:
    """Shares and rupees of a row. Without an average the new shares cost the order's own price (behaviour 5.1)."""
    if row.filled < before[0] or not row.filled:
        return before
    if row.average is not None:
        return row.filled, row.filled * row.average
    return row.filled, before[1] + (row.filled - before[0]) * limit


def order_lives(begun: Begun, cycles: Iterable[Cycle], after: Run | None = None) -> list[OrderLife]:
    """Every order of a run, in the order in which they were sent.

    `after` is the next run: what became of an order in between stands in the state that it begins with, or in the rows
    of its first cycle.
    """
    lives = {one.client_id: one for one in _carried(begun)}
    for cycle in cycles:
        for row in cycle.rows:
            if row.client_id in lives:
                lives[row.client_id].see(row, cycle.at)
        for sent in cycle.sent:
            life = _life(sent.request, sent.request.client_id, sent.account, cycle.at)
            life.order_id, life.fault = sent.order_id, sent.fault
            lives[life.client_id] = life
        for asked in cycle.asked:
            if asked.client_id in lives:
                lives[asked.client_id].cancel_at = cycle.at
    if after is not None:
        _see_between(lives, after)
    return list(lives.values())


def _see_between(lives: dict[str, OrderLife], after: Run) -> None:
    at = after.cycles[0].at if after.cycles else after.begun.at
    works = {leg.client_id: leg for _, leg in _legs(after.begun)}
    for client_id in works.keys() & lives.keys():
        # What it fills from there on is the next run's.
        lives[client_id].book((works[client_id].filled_quantity, works[client_id].filled_value), at)
    for cycle in after.cycles[:1]:
        for row in cycle.rows:
            if row.client_id in lives and row.client_id not in works and row.status.is_final:
                lives[row.client_id].see(row, at)


def _legs(begun: Begun) -> Iterator[tuple[OpenOrder, LegOrder]]:
    return ((level, leg) for level in begun.state.levels.values() for leg in level.orders)


def _carried(begun: Begun) -> Iterable[OrderLife]:
    trade, upside, downside = begun.accounts
    for level, leg in _legs(begun):
        hedge = upside if level.trade_side.entry_direction == "SELL" else downside
        account = hedge if leg.role is Role.OCO else trade
        life = _life(leg, leg.client_id, account, begun.at)
        life.carried, life.order_id = True, leg.order_id or ""
        life.cancel_at = begun.at if leg.cancel_sent else None
        life._booked = (leg.filled_quantity, leg.filled_value)  # noqa: SLF001  # of this module
        yield life


def _life(terms: OrderTerms, client_id: str, account: str, at: datetime) -> OrderLife:
    parsed = parse_client_id(client_id)
    is_level = parsed is not None and parsed.role is not Role.CLOSE
    return OrderLife(
        client_id=client_id,
        level=parsed.trade_side.named(parsed.level) if parsed and is_level else "",
        role=parsed.role if parsed else None,
        account=account,
        symbol=terms.symbol,
        side=terms.side,
        order_type=terms.order_type,
        quantity=terms.quantity,
        limit=terms.limit_price,
        trigger=terms.trigger_price,
        at=at,
    )
