"""What to do next, as plain questions about the levels (architecture 7, 11, 12, 13; behaviour 2, 6, 7).

Pure: no I/O, no clock. "Due" means that a leg is neither paused nor backing off at `now`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import BotState, LevelState, OpenOrder, OrderSide, Side, TradeSide
from tg1.rules.rejections import is_due

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

OCO_PLACES = 2
"""Working OCO orders per direction, those being cancelled included (behaviour 6.3)."""


def targets_due(levels: Iterable[OpenOrder], now: datetime) -> list[OpenOrder]:
    """Every level whose target waits to be placed; nothing but a rejection holds one back (behaviour 2.1)."""
    return [level for level in levels if level.state is LevelState.TARGET_READY and is_due(level.backoff, now)]


def entries_due(levels: Iterable[OpenOrder], now: datetime, max_open_entries: int) -> list[OpenOrder]:
    """At most one fresh level per direction, the nearest to the market (behaviour 2.2, 2.3).

    `max_open_entries` bounds the working entries per side; 0 is no bound.
    """
    nearest: dict[TradeSide, OpenOrder] = {}
    working = dict.fromkeys(TradeSide, 0)
    for level in levels:
        if level.order_side is not OrderSide.ENTRY or level.closed or level.oco_filled:
            continue
        if level.order is not None:
            working[level.trade_side] += 1
        elif is_due(level.backoff, now) and _is_nearer(level, nearest.get(level.trade_side)):
            nearest[level.trade_side] = level
    return [
        nearest[side]
        for side in (TradeSide.DOWNSIDE, TradeSide.UPSIDE)
        if side in nearest and (not max_open_entries or working[side] < max_open_entries)
    ]


def _is_nearer(level: OpenOrder, other: OpenOrder | None) -> bool:
    """Of BUY entries the highest price is nearest to the market, of SELL entries the lowest (architecture 7)."""
    return other is None or (level.entry_price - other.entry_price) * level.entry_direction.sign > 0


def max_quantity_reached(state: BotState) -> bool:
    """Architecture 12: either side's net quantity has reached `token_a_quantity x steps`; a pause of all entries."""
    limit = state.grid.max_quantity
    return abs(state.upside_net_quantity) >= limit or abs(state.downside_net_quantity) >= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class OcoPlan:
    """What one direction's hedges need now."""

    cancel: tuple[OpenOrder, ...]
    """Levels whose working OCO order is stale."""
    place: tuple[OpenOrder, ...]
    """Levels that get an OCO order, within the free places."""


def plan_ocos(levels: Iterable[OpenOrder], token_b_price: Decimal, now: datetime) -> OcoPlan:
    """Dynamic bracketing of architecture 11 for levels of one side, under behaviour 6.3.

    Cancels come first: a place taken by a cancel in flight is used in a later cycle. A partly filled order is never
    stale. Of equal prices the older hedge wins, so the set does not flap.
    """
    levels = tuple(levels)
    wanted = bracket(levels, token_b_price)
    taken = [level for level in levels if level.oco_order is not None]
    stale = tuple(level for level in taken if level.is_open and level not in wanted and _is_stale(level))
    missing = [level for level in wanted if level.oco_order is None and is_due(level.oco_backoff, now)]
    free = max(0, OCO_PLACES - len(taken))
    return OcoPlan(cancel=stale, place=tuple(missing[:free]))


def bracket(levels: Iterable[OpenOrder], token_b_price: Decimal) -> list[OpenOrder]:
    """The levels next to TokenB's price: highest OCO price at or below it and lowest above it, nearest first."""
    below: OpenOrder | None = None
    above: OpenOrder | None = None
    for level in levels:
        price = level.oco_trade_price
        if price is None or not level.is_open or level.oco_backoff.paused:
            continue
        if price <= token_b_price:
            below = _closer(level, below, +1)
        else:
            above = _closer(level, above, -1)
    chosen = [level for level in (below, above) if level is not None]
    return sorted(chosen, key=lambda level: abs((level.oco_trade_price or token_b_price) - token_b_price))


def _closer(level: OpenOrder, other: OpenOrder | None, sign: int) -> OpenOrder:
    if other is None or level.oco_trade_price is None or other.oco_trade_price is None:
        return level
    ahead = (level.oco_trade_price - other.oco_trade_price) * sign
    return level if ahead > 0 or (ahead == 0 and level.opened_seq < other.opened_seq) else other


def _is_stale(level: OpenOrder) -> bool:
    order = level.oco_order
    # One whose cancel was sent is still stale: the desk asks again when the book does not confirm it (behaviour 4.6).
    return order is not None and not order.in_doubt and not order.filled_quantity


def superfluous_orders(levels: Iterable[OpenOrder]) -> list[OpenOrder]:
    """Levels with an order that the other leg's fill has made pointless: it is to be cancelled (architecture 9, 10)."""
    return [
        level
        for level in levels
        if (level.oco_filled and level.order is not None)
        or (level.oco_order is not None and level.state is LevelState.TARGET_FILLED)
    ]


def termination_reason(
    state: BotState, *, same_oco_account: bool, oco_stop_count: int, token_b_price: Decimal | None
) -> str:
    """Architecture 13: why the bot has to terminate, or empty. Without a fresh TokenB price only imbalance counts."""
    if not state.grid.trade_type.has_oco:
        return ""
    up, down, steps = state.upside_oco_net_count, state.downside_oco_net_count, state.grid.steps
    if (abs(up - down) >= steps) if same_oco_account else (abs(up) >= steps or abs(down) >= steps):
        return (
            f"OCO imbalance — upside_oco={up} downside_oco={down} steps={steps}: {up} hedges of SELL entries and "
            f"{down} of BUY entries have filled, the market runs one way"
        )
    if token_b_price is None:
        return ""
    buys = untriggered(state.levels.values(), Side.BUY, token_b_price)
    sells = untriggered(state.levels.values(), Side.SELL, token_b_price)
    if buys >= oco_stop_count or sells >= oco_stop_count:
        return (
            f"untriggered OCO buildup — buy={buys} sell={sells} oco_stop_count={oco_stop_count}: "
            f"{state.grid.token_b_symbol} has passed the prices of {buys} BUY and {sells} SELL hedges that did not fill"
        )
    return ""


def untriggered(levels: Iterable[OpenOrder], direction: Side, token_b_price: Decimal) -> int:
    """OCO prices that TokenB has already passed although their hedges did not fill."""
    return sum(
        1
        for level in levels
        if level.oco_trade_price is not None
        and level.is_open
        and level.oco_trade_direction is direction
        and (level.oco_trade_price - token_b_price) * direction.sign <= 0
    )


def all_closed(levels: Iterable[OpenOrder]) -> bool:
    """True when no level can ever trade again and none waits for an order (behaviour 1.5)."""
    return all((level.closed or level.oco_filled) and not level.orders for level in levels)
