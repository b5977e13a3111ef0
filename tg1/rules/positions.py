"""What the bot holds and has earned: every account's shares, signed, and the net of it all (behaviour 15). PURE.

Positions are what this bot's own orders bought and sold and have not undone, whatever else the accounts hold. They come
from the levels: TokenA of open and of hedge-closed ones, and TokenB of every hedge that filled, wholly or in part.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tg1.models import NOTHING_TRADED, ZERO, Role, Side, Traded
from tg1.rules.ledger import charges_so_far

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    from tg1.models import BotState, Charges, OpenOrder, Quote
    from tg1.rules.charges import Plans
    from tg1.rules.ledger import AccountOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one account holds of one symbol through this bot."""

    account: str
    symbol: str
    long: Traded = NOTHING_TRADED
    """Shares bought and not sold again."""
    short: Traded = NOTHING_TRADED
    """Shares sold and not bought back."""

    @property
    def quantity(self) -> int:
        """Signed shares, as the broker nets them: below 0 when more is sold than bought."""
        return self.long.quantity - self.short.quantity

    @property
    def cost(self) -> Decimal:
        """Rupees paid for it; below 0 when more was received."""
        return self.long.value - self.short.value

    @property
    def average(self) -> Decimal | None:
        """The price at which it would earn nothing, in rupees; None when it is flat."""
        return self.cost / self.quantity if self.quantity else None

    def gain(self, price: Decimal | None) -> Decimal | None:
        """Rupees won if it were closed at `price`; a flat one needs no price, any other has None without one."""
        if not self.quantity:
            return -self.cost
        return None if price is None else self.quantity * price - self.cost


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A bot's money at one moment, in rupees. What is not known is None, never 0."""

    realised: Decimal
    """Of shares that were both bought and sold."""
    charges: Charges
    """Of everything executed so far."""
    positions: tuple[Position, ...]
    """By account and symbol; those that never were are left out."""
    quotes: Mapping[str, Quote]
    """The last price of every symbol that has one, fresh or not."""

    def gain(self, position: Position) -> Decimal | None:
        """What a position has won at its symbol's last price; None without one."""
        quote = self.quotes.get(position.symbol)
        return position.gain(quote.price if quote else None)

    @cached_property
    def unrealised(self) -> Decimal | None:
        """What all positions have won at the last prices; None when one that is needed has never come."""
        gains = [self.gain(position) for position in self.positions]
        return None if None in gains else sum((gain for gain in gains if gain is not None), ZERO)

    @property
    def gross(self) -> Decimal | None:
        """All cash flows and positions at the last prices, before charges."""
        return None if self.unrealised is None else self.realised + self.unrealised

    @property
    def net(self) -> Decimal | None:
        """The trader's number: gross less charges (behaviour 15)."""
        return None if self.gross is None else self.gross - self.charges.total

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Symbols of which some account holds shares: their prices decide the net."""
        return tuple(sorted({position.symbol for position in self.positions if position.quantity}))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Held symbols without any price: while there are some, the net is not known."""
        return tuple(symbol for symbol in self.held if symbol not in self.quotes)

    @property
    def stale(self) -> tuple[Quote, ...]:
        """Prices of held symbols that are not fresh: the net is as old as they are."""
        quotes = [self.quotes[symbol] for symbol in self.held if symbol in self.quotes]
        return tuple(quote for quote in quotes if not quote.fresh)

    @property
    def is_current(self) -> bool:
        """True when the net is known and of this moment: a limit of loss may be judged on it."""
        return not self.unpriced and not self.stale


def statement(state: BotState, *, quotes: Iterable[Quote | None], account_of: AccountOf, plans: Plans) -> Statement:
    """The bot's money at the last prices; `quotes` may be stale, None stands for a price that never came."""
    return Statement(
        realised=state.total_pnl,
        charges=charges_so_far(state, account_of, plans),
        positions=positions(state, account_of),
        quotes={quote.symbol: quote for quote in quotes if quote is not None},
    )


def positions(state: BotState, account_of: AccountOf) -> tuple[Position, ...]:
    """What every account holds, by account and symbol; flat ones are there when shares of both sides make them so."""
    legs: defaultdict[tuple[str, str], dict[Side, Traded]] = defaultdict(lambda: dict.fromkeys(Side, NOTHING_TRADED))
    for level in state.levels.values():
        for role, symbol, side, open_part in _legs(level, state):
            held = legs[account_of(role, level.trade_side), symbol]
            held[side] = held[side].plus(open_part.quantity, open_part.value)
    return tuple(
        Position(account=account, symbol=symbol, long=held[Side.BUY], short=held[Side.SELL])
        for (account, symbol), held in sorted(legs.items())
    )


def _legs(level: OpenOrder, state: BotState) -> Iterator[tuple[Role, str, Side, Traded]]:
    """The level's open shares: TokenA's that no target has closed, and all that its hedge has traded."""
    if level.open_quantity:
        opened = level.entry_traded
        value = opened.value * level.open_quantity / opened.quantity
        rest = Traded(quantity=level.open_quantity, value=value)
        yield Role.ENTRY, state.grid.token_a_symbol, level.entry_direction, rest
    if level.oco_traded.quantity:
        yield Role.OCO, state.grid.token_b_symbol, level.oco_trade_direction, level.oco_traded
