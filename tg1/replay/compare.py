"""What a bot did and what its replay did, order by order: which belong together, and where they differ. PURE."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from tg1.models import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tg1.replay.order_lives import OrderLife

ALONE_SECS = 30.0
"""Two orders of one leg further than twice this apart are not the same one a little later."""
LATER = timedelta(seconds=2)
"""What is seen later than this is different: a cycle reads a second's book, and its neighbour the next one's."""

Pair = tuple["OrderLife | None", "OrderLife | None"]
"""The live order and the replay's; None where only one of them sent it."""


class Kind(StrEnum):
    """How two orders differ."""

    ONLY_LIVE = "only live"
    ONLY_REPLAY = "only replay"
    TERMS = "other terms"
    """Account, type, quantity, limit or trigger."""
    FILL = "other fill"
    """Shares or price."""
    END = "other end"
    """Neither filled, and one was rejected or cancelled by the broker."""
    TIME = "other time"
    """Sent or filled at another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One order that is not the same in both."""

    kind: Kind
    at: datetime
    """When they began to differ."""
    live: OrderLife | None
    again: OrderLife | None

    @property
    def order(self) -> OrderLife:
        """The live order, or the replay's where there is none."""
        one = self.live or self.again
        assert one is not None, "a difference has an order"  # noqa: S101  # by construction
        return one


def paired(live: Sequence[OrderLife], again: Sequence[OrderLife]) -> list[Pair]:
    """Orders of the same level, role and side, each with the one that is nearest in time; in the order of time."""
    legs: dict[tuple[object, ...], tuple[list[OrderLife], list[OrderLife]]] = defaultdict(lambda: ([], []))
    for which, lives in enumerate((live, again)):
        for one in lives:
            legs[one.level, one.role, one.side, one.symbol, one.carried][which].append(one)
    pairs = [pair for one, other in legs.values() for pair in _aligned(one, other)]
    return sorted(pairs, key=lambda pair: min(one.at for one in pair if one is not None))


def _aligned(live: list[OrderLife], again: list[OrderLife]) -> Iterator[Pair]:
    """The alignment of two rows of orders that costs the least seconds; one that stays alone costs `ALONE_SECS`."""
    cost = _costs(live, again)
    one, other = 0, 0
    while one < len(live) or other < len(again):
        here = cost[one][other]
        if (
            one < len(live)
            and other < len(again)
            and here == _apart(live[one], again[other]) + cost[one + 1][other + 1]
        ):
            yield live[one], again[other]
            one, other = one + 1, other + 1
        elif one < len(live) and here == ALONE_SECS + cost[one + 1][other]:
            yield live[one], None
            one += 1
        else:
            yield None, again[other]
            other += 1


def _costs(live: list[OrderLife], again: list[OrderLife]) -> list[list[float]]:
    """Seconds that the best alignment of everything from there on costs."""
    width = len(again)
    cost = [
        [ALONE_SECS * (len(live) - one + width - other) for other in range(width + 1)] for one in range(len(live) + 1)
    ]
    for one in reversed(range(len(live))):
        below, row = cost[one + 1], cost[one]
        for other in reversed(range(width)):
            alone = ALONE_SECS + min(below[other], row[other + 1])
            row[other] = min(alone, _apart(live[one], again[other]) + below[other + 1])
    return cost


def _apart(one: OrderLife, other: OrderLife) -> float:
    return abs((one.at - other.at).total_seconds())


def difference(pair: Pair) -> Difference | None:
    """How two orders differ; None when they don't."""
    live, again = pair
    kind = _kind(live, again)
    return None if kind is None else Difference(kind=kind, at=_since(live, again), live=live, again=again)


def _since(live: OrderLife | None, again: OrderLife | None) -> datetime:
    """When the first of the two was sent; of two that were sent together, when the first of them filled or ended."""
    both = [one for one in (live, again) if one is not None]
    sent = [one.at for one in both]
    ends = [at for one in both for at in (*(fill.at for fill in one.fills), one.ended_at) if at is not None]
    is_later = len(both) > 1 and max(sent) - min(sent) <= LATER
    return min(ends) if is_later and ends else min(sent)


def _kind(live: OrderLife | None, again: OrderLife | None) -> Kind | None:
    if live is None or again is None:
        return Kind.ONLY_REPLAY if live is None else Kind.ONLY_LIVE
    checks = (
        (Kind.TERMS, _terms(live) != _terms(again)),
        (Kind.FILL, (live.filled, live.average) != (again.filled, again.average)),
        (Kind.END, not live.filled and _is_refused(live) != _is_refused(again)),
        (Kind.TIME, any(abs(one - other) > LATER for one, other in zip(_times(live), _times(again), strict=True))),
    )
    return next((kind for kind, is_so in checks if is_so), None)


def _terms(life: OrderLife) -> tuple[object, ...]:
    return (life.account, life.order_type, life.quantity, life.limit, life.trigger)


def _is_refused(life: OrderLife) -> bool:
    """The broker would not have it."""
    return bool(life.fault) or life.status is OrderStatus.REJECTED or is_cancelled_by_broker(life)


def is_cancelled_by_broker(life: OrderLife) -> bool:
    """It was cancelled, and the bot never asked for that."""
    return life.status is OrderStatus.CANCELLED and life.cancel_at is None


def _times(life: OrderLife) -> tuple[datetime, datetime]:
    """When it was sent, and when its last fill was seen."""
    return life.at, life.fills[-1].at if life.fills else life.at
