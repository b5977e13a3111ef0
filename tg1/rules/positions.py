"""What the bot holds and has earned: every account's shares, signed, and the net of it all (behaviour 15). PURE.

Positions are what this bot's own orders bought and sold and have not undone, whatever else the accounts hold. They come
from the levels: TokenA of open and of hedge-closed ones, and TokenB of every hedge that filled, wholly or in part. What
a square-off has closed is taken off again.
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
    return Statement(
        realised=state.total_pnl,
        charges=charges,
        squared_off=state.squared_off_pnl,
        positions=positions(state, account_of),
        quotes={quote.symbol: quote for quote in quotes if quote is not None},
    )


def positions(state: BotState, account_of: AccountOf) -> tuple[Position, ...]:
    """What every account holds, by account and symbol; flat ones are there when shares of both sides make them so."""
    legs: defaultdict[tuple[str, str], dict[Side, Traded]] = defaultdict(lambda: dict.fromkeys(Side, NOTHING_TRADED))
    for level in state.levels.values():
        for role, side, open_part in _legs(level):
            symbol = state.grid.token_b_symbol if role is Role.OCO else state.grid.token_a_symbol
            held = legs[account_of(role, level.trade_side), symbol]
            held[side] = held[side].plus(open_part.quantity, open_part.value)
    for closing in state.closing:
        order, held = closing.order, legs[closing.account, closing.order.symbol]
        held[order.side] = held[order.side].plus(order.filled_quantity, order.filled_value)
    return tuple(
        Position(account=account, symbol=symbol, long=held[Side.BUY], short=held[Side.SELL])
        for (account, symbol), held in sorted(legs.items())
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
