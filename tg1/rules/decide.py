"""What to do next, as plain questions about the levels (architecture 7, 9, 10, 12, 13; behaviour 2, 5.2, 7).

Pure: no I/O, no clock. "Due" means that a leg is neither paused nor backing off at `now`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import BotState, LevelState, OpenOrder, OrderSide, Role, TradeSide
from tg1.rules.rejections import is_due, is_entry_due
from tg1.rules.timing import has_waited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tg1.models import Side
    from tg1.rules.given import Moment

PARTIAL_ENTRY_SECS = 30.0
"""A partly filled entry waits so long for its rest, counted from its last fill (behaviour 5.2)."""


def targets_due(levels: Iterable[OpenOrder], now: datetime) -> list[OpenOrder]:
    """Every level whose target waits to be placed; nothing but a rejection holds one back (behaviour 2.1)."""
    return [level for level in levels if level.state is LevelState.TARGET_READY and is_due(level.backoff, now)]


def entries_due(
    levels: Iterable[OpenOrder], now: datetime, max_open_entries: int, paused: Sequence[Side] = ()
) -> list[OpenOrder]:
    """At most one fresh level per direction, the nearest to the market (behaviour 2.2, 2.3); none that is paused.

    `max_open_entries` bounds the working entries per side; 0 is no bound. `paused` are the operator's sides.
    """
    nearest: dict[TradeSide, OpenOrder] = {}
    working = dict.fromkeys(TradeSide, 0)
    for level in levels:
        if level.order_side is not OrderSide.ENTRY or level.closed or level.oco_filled:
            continue
        if level.order is not None:
            working[level.trade_side] += 1
        elif is_entry_due(level.backoff, now) and _is_nearer(level, nearest.get(level.trade_side)):
            nearest[level.trade_side] = level
    return [
        nearest[side]
        for side in (TradeSide.DOWNSIDE, TradeSide.UPSIDE)
        if side in nearest
        and side.entry_direction not in paused
        and (not max_open_entries or working[side] < max_open_entries)
    ]


def _is_nearer(level: OpenOrder, other: OpenOrder | None) -> bool:
    """Of BUY entries the highest price is nearest to the market, of SELL entries the lowest (architecture 7)."""
    return other is None or (level.entry_price - other.entry_price) * level.entry_direction.sign > 0


def max_quantity_reached(state: BotState) -> bool:
    """Architecture 12: either side's net quantity has reached `token_a_quantity x steps`; a pause of all entries."""
    limit = state.grid.max_quantity
    return abs(state.upside_net_quantity) >= limit or abs(state.downside_net_quantity) >= limit


def entries_to_cut(levels: Iterable[OpenOrder], moment: Moment) -> list[OpenOrder]:
    """Partly filled entries whose rest is given up, so that what filled gets its target and hedge (behaviour 5.2).

    TokenA has moved half the target spread in the level's favour, or nothing has filled for thirty seconds.
    """
    return [
        level
        for level in levels
        if level.order is not None
        and level.order.role is Role.ENTRY
        and level.order.filled_quantity
        and (_is_leaving(level, moment) or has_waited(level.order.last_fill_at, moment.now, PARTIAL_ENTRY_SECS))
    ]


def _is_leaving(level: OpenOrder, moment: Moment) -> bool:
    if moment.price_a is None:
        return False
    sign = level.entry_direction.sign
    return (moment.price_a - level.entry_price) * sign * 2 >= (level.target_price - level.entry_price) * sign


def superfluous_orders(levels: Iterable[OpenOrder]) -> list[OpenOrder]:
    """Levels with an order that the other leg's fill has made pointless: it is to be cancelled (architecture 9, 10)."""
    return [
        level
        for level in levels
        if (level.oco_filled and level.order is not None)
        or (level.oco_order is not None and level.state is LevelState.TARGET_FILLED)
    ]


def termination_reason(
    state: BotState, *, same_oco_account: bool, oco_stop_count: int, untriggered: Mapping[TradeSide, int]
) -> str:
    """Architecture 13: why the bot has to terminate, or empty.

    `untriggered` counts the levels whose hedge should have filled and has not (behaviour 7.4).
    """
    if not state.grid.trade_type.has_oco:
        return ""
    up, down, steps = state.upside_oco_net_count, state.downside_oco_net_count, state.grid.steps
    if (abs(up - down) >= steps) if same_oco_account else (abs(up) >= steps or abs(down) >= steps):
        return (
            f"OCO imbalance — upside_oco={up} downside_oco={down} steps={steps}: {up} hedges of SELL entries and "
            f"{down} of BUY entries have filled, the market runs one way"
        )
    buys, sells = untriggered[TradeSide.UPSIDE], untriggered[TradeSide.DOWNSIDE]
    if buys >= oco_stop_count or sells >= oco_stop_count:
        return (
            f"untriggered OCO buildup — buy={buys} sell={sells} oco_stop_count={oco_stop_count}: "
            f"{state.grid.token_b_symbol} has passed the prices of {buys} BUY and {sells} SELL hedges that did not fill"
        )
    return ""


def all_closed(levels: Iterable[OpenOrder]) -> bool:
    """True when no level can ever trade again and none waits for an order (behaviour 1.5)."""
    return all((level.closed or level.oco_filled) and not level.orders for level in levels)
