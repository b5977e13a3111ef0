"""Which hedges work in the market: the bracket of architecture 11 under behaviour 6.3. Pure.

Per direction two places. The bracket is the nearest hedge on either side of TokenB's price. One of the two sides is
*passed*: TokenB has reached or passed those OCO prices, and each of them should be filled by now. So a free place goes

1. to the nearest passed hedge,
2. to the other passed ones whose limit the market still pays, nearest first: they fill as soon as they are placed,
3. to the nearest hedge that waits ahead of the market,
4. to passed ones whose limit lies behind the market: they fill when TokenB comes back.

A hedge that is worth a place takes it from one of the fourth kind, and from nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.rules import grid
from tg1.rules.rejections import is_due
from tg1.rules.tickets import oco_limit
from tg1.rules.timing import has_waited

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import LegOrder, OpenOrder
    from tg1.rules.given import Rules

PLACES = 2
"""Working OCO orders per direction, those being cancelled included."""
PARTIAL_TARGET_SECS = 60.0
"""A target that has been partly filled for so long makes its hedge smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcoPlan:
    """What one direction's hedges need now."""

    cancel: tuple[tuple[OpenOrder, str], ...]
    """Levels whose working OCO order has to go, and why."""
    place: tuple[OpenOrder, ...]
    """Levels that get an OCO order, within the free places, the most urgent first."""


def plan_ocos(levels: Iterable[OpenOrder], rules: Rules, price_b: Decimal, now: datetime) -> OcoPlan:
    """Plan the hedges of one half of the grid.

    Cancels come first: a place taken by a cancel in flight is used in a later cycle. A partly filled order is never
    taken from its place. Of equal prices the older hedge wins, so the set does not flap.
    """
    levels = tuple(levels)
    taken = [level for level in levels if level.oco_order is not None]
    ranks = _ranked([lv for lv in levels if _wants_a_place(lv, now)], rules, price_b)
    ranking = [level for rank in ranks for level in rank]
    ranked = {level.uuid for level in ranking}
    missing = [level for level in ranking if level.oco_order is None]
    free = max(0, PLACES - len(taken))
    stale = [level for level in taken if level.is_open and level.uuid not in ranked and _may_be_moved(level)]
    if not stale and len(missing) > free:
        stale = _displaced(missing[free], ranks)
    cancel = [(level, "not next to TokenB's price any more") for level in stale]
    cancel += [(lv, "its target has sold a part") for lv in taken if lv not in stale and is_oversized(lv, now)]
    return OcoPlan(cancel=tuple(cancel), place=tuple(missing[:free]))


def _wants_a_place(level: OpenOrder, now: datetime) -> bool:
    if level.oco_trade_price is None or not level.is_open:
        return False
    return level.oco_order is not None or (is_due(level.oco_backoff, now) and grid.hedge_rest(level) > 0)


def _ranked(levels: Iterable[OpenOrder], rules: Rules, price_b: Decimal) -> tuple[list[OpenOrder], ...]:
    """Those that may have a place, in the four ranks of the module's docstring."""
    nearest_first = sorted(levels, key=lambda level: _nearness(level, price_b))
    passed = [level for level in nearest_first if is_passed(level, price_b)]
    waiting = [level for level in nearest_first if not is_passed(level, price_b)]
    others = [(level, _is_payable(level, rules, price_b)) for level in passed[1:]]
    payable = [level for level, pays in others if pays]
    behind = [level for level, pays in others if not pays]
    return passed[:1], payable, waiting[:1], behind


def _displaced(wanted: OpenOrder, ranks: Sequence[list[OpenOrder]]) -> list[OpenOrder]:
    """The hedge behind the market that gives its place to `wanted`, if there is one: the farthest."""
    *_, behind = ranks
    if wanted in behind:
        return []
    movable = [level for level in behind if level.oco_order is not None and _may_be_moved(level)]
    return movable[-1:]


def is_passed(level: OpenOrder, price_b: Decimal) -> bool:
    """True when TokenB trades at or beyond the level's OCO price: its hedge should be filled."""
    oco_price = level.oco_trade_price
    return oco_price is not None and (oco_price - price_b) * level.oco_trade_direction.sign <= 0


def _is_payable(level: OpenOrder, rules: Rules, price_b: Decimal) -> bool:
    return (oco_limit(level, rules, price_b) - price_b) * level.oco_trade_direction.sign >= 0


def _nearness(level: OpenOrder, price_b: Decimal) -> tuple[Decimal, int]:
    return abs((level.oco_trade_price or price_b) - price_b), level.opened_seq


def _may_be_moved(level: OpenOrder) -> bool:
    order = level.oco_order
    # One whose cancel was sent is still stale: the desk asks again when the book does not confirm it (behaviour 4.6).
    return order is not None and not order.in_doubt and not order.filled_quantity


def is_oversized(level: OpenOrder, now: datetime) -> bool:
    """True when the level's hedge order is for more than what is still open needs, and the target will not tell more.

    It is left alone while the target works, and replaced when the target ended partly filled or has been partly filled
    for a minute; counted from the hedge's own placement when that is later.
    """
    hedge, target = level.oco_order, level.order
    if hedge is None or hedge.in_doubt or not level.is_open or hedge.remaining <= grid.hedge_rest(level):
        return False
    return target is None or not target.filled_quantity or _has_settled(target, hedge, now)


def _has_settled(target: LegOrder, hedge: LegOrder, now: datetime) -> bool:
    return all(has_waited(since, now, PARTIAL_TARGET_SECS) for since in (target.first_fill_at, hedge.placed_at))
