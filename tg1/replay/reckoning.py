"""What a replayed day came to, from the exchange's own executions: nothing here asks the bot. PURE.

Rupees are exact `Decimal`s where they are told, and floats where they are only compared over thousands of rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tg1.replay.tape import SCALE, rupees, secs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from tg1.replay.tape import DayTape

ZERO = Decimal(0)
Place = tuple[str, str]
"""(account, symbol)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution of one order."""

    at: datetime
    account: str
    symbol: str
    order_id: str
    client_id: str
    quantity: int
    """Signed shares: bought is positive."""
    price: Decimal
    """Rupees per share."""
    by_broker: bool = False
    """True for the broker's own order that squares a position off."""

    @property
    def value(self) -> Decimal:
        """Signed rupees that left the account."""
        return self.quantity * self.price


@dataclass(slots=True)
class Holding:
    """What one account holds of one symbol, at average cost."""

    quantity: int = 0
    cost: Decimal = ZERO
    """Signed rupees that the open shares cost."""

    def add(self, quantity: int, price: Decimal) -> None:
        """Trade so many shares; what closes a position takes its share of the cost along."""
        if self.quantity * quantity >= 0:
            self.cost += quantity * price
        elif abs(quantity) <= abs(self.quantity):
            self.cost += self.cost * quantity / self.quantity
        else:
            self.cost = (self.quantity + quantity) * price
        self.quantity += quantity

    @property
    def average(self) -> Decimal:
        """Rupees per open share; 0 when nothing is open."""
        return self.cost / self.quantity if self.quantity else ZERO


@dataclass(slots=True)
class Purse:
    """Cash and holdings of all accounts, from the first day on."""

    cash: Decimal = ZERO
    holdings: dict[Place, Holding] = field(default_factory=lambda: defaultdict(Holding))

    def add(self, trade: Trade) -> None:
        """Book one execution."""
        self.cash -= trade.value
        self.holdings[trade.account, trade.symbol].add(trade.quantity, trade.price)

    def close_all(self, last: Mapping[str, Decimal]) -> None:
        """Close everything at these prices, as a broker does with intraday positions overnight."""
        for (_, symbol), one in self.open_positions():
            self.cash += one.quantity * last[symbol]
            one.add(-one.quantity, last[symbol])

    def value(self, last: Mapping[str, Decimal]) -> Decimal:
        """Cash and everything open at the last prices, in rupees."""
        return self.cash + sum((one.quantity * last[symbol] for (_, symbol), one in self._open()), ZERO)

    def open_positions(self) -> list[tuple[Place, Holding]]:
        """What is not flat, sorted."""
        return sorted(self._open(), key=lambda pair: pair[0])

    def _open(self) -> Iterable[tuple[Place, Holding]]:
        return [(place, one) for place, one in self.holdings.items() if one.quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A day in rupees, a value for each row of its tape."""

    value: NDArray[np.float64]
    """Cash and positions at the last price, less what they were worth when the day began: gross."""
    unrealised: NDArray[np.float64]
    """What the open positions have gained or lost against their cost."""


def marks(tape: DayTape, symbols: Sequence[str], before: Mapping[str, Decimal]) -> dict[str, NDArray[np.float64]]:
    """What a share of each symbol is worth at each row: until its first price of the day, its last one `before`."""
    return {
        symbol: np.where(cells > 0, cells / SCALE, float(before.get(symbol, ZERO)))
        for symbol, cells in zip(symbols, (tape.a, tape.b), strict=False)
    }


def curve_of(
    tape: DayTape, purse: Purse, trades: Sequence[Trade], worth_of: Mapping[str, NDArray[np.float64]], morning: Decimal
) -> Curve:
    """Follow a day's value by `marks`; `purse` is the morning's, worth `morning`, and is brought to the evening."""
    rows = len(tape)
    value, unrealised = np.empty(rows), np.empty(rows)
    begin = 0
    for trade in [*trades, None]:
        end = rows if trade is None else min(rows, max(begin, tape.index_from(secs_of(trade.at))))
        open_now = purse.open_positions()
        worth = np.zeros(end - begin)
        for (_, symbol), one in open_now:
            worth += one.quantity * worth_of[symbol][begin:end]
        value[begin:end] = worth + float(purse.cash - morning)
        unrealised[begin:end] = worth - float(sum((one.cost for _, one in open_now), ZERO))
        begin = end
        if trade is not None:
            purse.add(trade)
    return Curve(value=value, unrealised=unrealised)


def last_prices(tape: DayTape, symbols: Sequence[str]) -> dict[str, Decimal]:
    """The day's last price of each symbol, in rupees."""
    return {symbol: rupees(int(cells[-1])) for symbol, cells in zip(symbols, (tape.a, tape.b), strict=False)}
