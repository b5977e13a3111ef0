"""What a trading day came to, by the fills of the bot's own orders (behaviour 9.4, 13, 15). PURE.

A completed trip tells only of itself: what its hedge left open goes on, and a square-off closes shares, not trips. So a
day is reckoned from the state as a whole: what it realised, what the operator's square-off made of the rest, what each
account still holds, and what all its orders cost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import NO_CHARGES, ZERO, DaySheet, DayStart, HeldShares, Role, Side
from tg1.rules.charges import INTRADAY_PRODUCT, charges
from tg1.rules.conclusions import realised
from tg1.rules.ledger import executed_on
from tg1.rules.positions import squared_off_gain
from tg1.rules.square_off import left_to_broker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from tg1.models import BotState, ClosingOrder, Executed, TradeSide
    from tg1.rules.charges import Plans
    from tg1.rules.ledger import AccountOf


def sheets_of(state: BotState, account_of: AccountOf, plans: Plans) -> tuple[DaySheet, ...]:
    """The sheet of the state's trading day, and of a later one on which the operator squared off what it had left."""
    closing, start = state.closing, start_of(state)
    days = sorted({state.trading_day, *(one.day for one in closing if one.day > state.trading_day)})
    sheets, squared_off = [], ZERO
    for day in days:
        state_then = _closed_by(state, [one for one in closing if one.day <= day])
        so_far = squared_off_gain(state_then, account_of)
        sheet = replace(_sheet(state_then, day, start, account_of, plans), squared_off=so_far - squared_off)
        sheets.append(sheet)
        squared_off = so_far
        start = DayStart(realised=state.total_pnl, open_gain=_won(sheet.held))
    return tuple(sheets)


def start_of(state: BotState) -> DayStart:
    """Where the state's day began; in a state of an earlier TG1, what its records and levels tell of that."""
    if state.day_start is not None:
        return state.day_start
    today = state.trading_day.isoformat()
    trips = (one.realised_pnl for one in state.order_history if one.completed_at[:10] == today)
    unfinished = (realised(level) for level in state.levels.values() if level.open_quantity)
    return DayStart(realised=state.total_pnl - sum(trips, ZERO) - sum(unfinished, ZERO))


def evening_of(state: BotState, account_of: AccountOf) -> DayStart:
    """Where the day after the state's begins, when its positions go on."""
    return DayStart(realised=state.total_pnl, open_gain=_won(_held(state, account_of, None)))


def account_in(state: BotState, role: Role, trade_side: TradeSide) -> str:
    """The account of a leg as the state knows it; by the usual names in one of an earlier TG1."""
    sides = state.grid.trade_type.trade_sides
    place = 1 + sides.index(trade_side) if role is Role.OCO and trade_side in sides else 0
    if place < len(state.account_names):
        return state.account_names[place]
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def _sheet(state: BotState, day: date, start: DayStart, account_of: AccountOf, plans: Plans) -> DaySheet:
    executed = executed_on(state, day, account_of)
    return DaySheet(
        bot_name=state.bot_name,
        day=day,
        generation=state.generation,
        product=state.grid.product_type,
        bought=_turnover(executed, Side.BUY),
        sold=_turnover(executed, Side.SELL),
        realised=state.total_pnl - start.realised,
        squared_off=ZERO,
        charges=charges(executed, plans),
        held=_held(state, account_of, plans),
        open_before=start.open_gain,
    )


def _closed_by(state: BotState, closing: list[ClosingOrder]) -> BotState:
    """The state with no other closing orders than these."""
    return state if len(closing) == len(state.closing) else replace(state, closing=closing)


def _held(state: BotState, account_of: AccountOf, plans: Plans | None) -> tuple[HeldShares, ...]:
    """What the state holds; with `plans`, and where the broker closes it by himself, with what that costs."""
    is_brokers = plans is not None and state.grid.product_type == INTRADAY_PRODUCT
    return tuple(
        HeldShares(
            position=one.position,
            last=one.last,
            closing=one.charges(state, plans) if is_brokers and plans is not None else NO_CHARGES,
        )
        for one in left_to_broker(state, account_of)
    )


def _won(held: Iterable[HeldShares]) -> Decimal:
    return sum((one.gain or ZERO for one in held), ZERO)


def _turnover(executed: Iterable[Executed], side: Side) -> Decimal:
    return sum((one.value * one.orders for one in executed if one.side is side), ZERO)
