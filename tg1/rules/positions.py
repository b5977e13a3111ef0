"""What the bot holds and has earned: every account's shares, signed, and the net of it all (behaviour 15). PURE.

Positions are what this bot's own orders bought and sold and have not undone, whatever else the accounts hold. They come
from the levels: TokenA of open and of hedge-closed ones, and TokenB of every hedge that filled, wholly or in part. What
a square-off has closed is held no more: what that won is realised.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tg1.models import NOTHING_TRADED, ZERO, Position, Role, Side, Statement, Traded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from tg1.models import BotState, Charges, OpenOrder, Quote
    from tg1.rules.ledger import AccountOf


def statement(state: BotState, *, quotes: Iterable[Quote | None], account_of: AccountOf, charges: Charges) -> Statement:
    """The bot's money at the last prices; `quotes` may be stale, None stands for a price that never came.

    `charges` is what `ledger.charges_so_far` makes of the same state.
    """
    held, won = _held_and_won(state, account_of)
    return Statement(
        realised=state.total_pnl + won,
        charges=charges,
        squared_off=state.squared_off_pnl,
        positions=held,
        quotes={quote.symbol: quote for quote in quotes if quote is not None},
    )


def positions(state: BotState, account_of: AccountOf) -> tuple[Position, ...]:
    """What every account holds, by account and symbol; flat ones are there when levels of both sides make them so."""
    return _held_and_won(state, account_of)[0]


def squared_off_gain(state: BotState, account_of: AccountOf) -> Decimal:
    """Rupees that the operator's square-offs have won, by the average prices of what they closed (behaviour 13)."""
    return _held_and_won(state, account_of)[1]


def _held_and_won(state: BotState, account_of: AccountOf) -> tuple[tuple[Position, ...], Decimal]:
    legs: defaultdict[tuple[str, str], dict[Side, Traded]] = defaultdict(lambda: dict.fromkeys(Side, NOTHING_TRADED))
    for level in state.levels.values():
        for role, side, open_part in _legs(level):
            symbol = state.grid.token_b_symbol if role is Role.OCO else state.grid.token_a_symbol
            held = legs[account_of(role, level.trade_side), symbol]
            held[side] = held[side].plus(open_part.quantity, open_part.value)
    won = ZERO
    for place, closed in _closed(state).items():
        won += sum((_undo(legs[place], side, closed[side]) for side in Side), ZERO) + _levelled(legs[place])
    return (
        tuple(
            Position(account=account, symbol=symbol, long=held[Side.BUY], short=held[Side.SELL])
            for (account, symbol), held in sorted(legs.items())
            if held[Side.BUY].quantity or held[Side.SELL].quantity
        ),
        won,
    )


def _closed(state: BotState) -> dict[tuple[str, str], dict[Side, Traded]]:
    """What closing orders have traded, by account and symbol."""
    found: defaultdict[tuple[str, str], dict[Side, Traded]] = defaultdict(lambda: dict.fromkeys(Side, NOTHING_TRADED))
    for one in state.closing:
        if one.order.filled_quantity:
            traded = found[one.account, one.order.symbol]
            traded[one.order.side] = traded[one.order.side].plus(one.order.filled_quantity, one.order.filled_value)
    return found


def _undo(held: dict[Side, Traded], side: Side, traded: Traded) -> Decimal:
    """Take what closing orders of `side` traded off the other side's shares; rupees won. More than those is held."""
    matched = min(held[side.opposite].quantity, traded.quantity)
    opened, opened_rest = _split(held[side.opposite], matched)
    closing, closing_rest = _split(traded, matched)
    held[side.opposite] = opened_rest
    held[side] = held[side].plus(closing_rest.quantity, closing_rest.value)
    return side.sign * (opened.value - closing.value)


def _levelled(held: dict[Side, Traded]) -> Decimal:
    """Where a square-off left as many bought as sold there is nothing to close any more: rupees that this locks in."""
    if held[Side.BUY].quantity != held[Side.SELL].quantity:
        return ZERO
    won = held[Side.SELL].value - held[Side.BUY].value
    held.update(dict.fromkeys(Side, NOTHING_TRADED))
    return won


def _split(traded: Traded, quantity: int) -> tuple[Traded, Traded]:
    """So many shares of it at their average, and the rest."""
    if quantity == traded.quantity:
        return traded, NOTHING_TRADED
    value = traded.value * quantity / traded.quantity
    return (
        Traded(quantity=quantity, value=value),
        Traded(quantity=traded.quantity - quantity, value=traded.value - value),
    )


def open_gain(level: OpenOrder, price_a: Decimal | None, price_b: Decimal | None) -> Decimal | None:
    """What a level's open shares have won at these prices, in rupees; None without a price that it takes."""
    gain = ZERO
    for role, side, held in _legs(level):
        price = price_b if role is Role.OCO else price_a
        if price is None:
            return None
        gain += side.sign * (held.quantity * price - held.value)
    return gain


def _legs(level: OpenOrder) -> Iterator[tuple[Role, Side, Traded]]:
    """The level's open shares: TokenA's that no target has closed, and all that its hedge has traded."""
    if level.open_quantity:
        opened = level.entry_traded
        value = opened.value * level.open_quantity / opened.quantity
        yield Role.ENTRY, level.entry_direction, Traded(quantity=level.open_quantity, value=value)
    if level.oco_traded.quantity:
        yield Role.OCO, level.oco_trade_direction, level.oco_traded
