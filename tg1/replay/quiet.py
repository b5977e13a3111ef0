"""When a cycle of the engine can do nothing: the reason that a replay may skip it. PURE.

The answer errs on one side only: a cycle that could act is never called quiet; a quiet one may be run for nothing. A
property test compares the journals of replays with and without skipping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.replay.tape import NO_BOUNDS, units

if TYPE_CHECKING:
    from tg1.models import Backoff, BotState, LegOrder, OpenOrder
    from tg1.replay.tape import Bounds


def is_settled(state: BotState, *, has_oco: bool) -> bool:
    """True when no level waits for time to pass: only a price, an order's news or the clock's hour can move it.

    Back-offs, doubts, cancels under way, partly filled entries (30 s, behaviour 5.2) and targets, and hedges that wait
    for a price all wait for time, and so do rejections that a minute at work makes good (behaviour 8).
    """
    return all(_is_settled(level, has_oco=has_oco) for level in state.levels.values())


def _is_settled(level: OpenOrder, *, has_oco: bool) -> bool:
    if not all(_rests(order) for order in level.orders):
        return False
    if _waits(level.backoff) or _waits(level.oco_backoff):
        return False
    if not level.is_open:
        return True
    return bool(level.order) and not level.target_traded.quantity and (not has_oco or level.oco_trade_price is not None)


def _rests(order: LegOrder) -> bool:
    return bool(order.order_id) and order.acknowledged and not order.cancel_sent and not order.filled_quantity


def _waits(backoff: Backoff) -> bool:
    return backoff.rejections > 0


def bounds_of_b(state: BotState, price: int) -> Bounds | None:
    """Between which prices of TokenB no decision about hedges changes; None while some hedge's price is passed.

    A passed hedge is under the watch of architecture 13 and the alarm, both of which count seconds: every cycle runs.
    `price` is TokenB's, in units of the tape.
    """
    low, high = NO_BOUNDS
    for level in state.levels.values():
        if not level.is_open or level.oco_trade_price is None:
            continue
        at = units(level.oco_trade_price)
        if (at - price) * level.oco_trade_direction.sign <= 0:
            return None
        if at < price:
            low = max(low, at)
        else:
            high = min(high, at)
    return low, high
