"""A replayed run as values: everything that its page and its picture show. PURE.

Times are seconds after midnight IST, money is rupees, quantities are shares. Whoever replays fills them in; nothing
here knows how a day was lived.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line over the day; each value holds until the next one."""

    secs: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of an order."""

    secs: float
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStory:
    """One order from its placement to its end."""

    number: str
    """The exchange's."""
    level: str
    """"B2", "S1"; empty for an order that is not the bot's."""
    role: str
    """"entry", "target", "hedge" or "square-off" (the broker's own)."""
    account: str
    symbol: str
    side: str
    """BUY or SELL."""
    quantity: int
    limit: Decimal | None
    """None for an order at the market."""
    trigger: Decimal | None
    """None for an order without one."""
    placed: float
    ended: float
    end: str
    """"filled", "cancelled" or "rejected"."""
    why: str
    """Why it was cancelled or rejected; empty when it filled."""
    fills: tuple[Fill, ...] = ()
    charges: Decimal = Decimal(0)
    """What it cost taken alone."""

    @property
    def price(self) -> Decimal:
        """Where it stands in the picture: its trigger, its limit without one, or where it filled."""
        if self.trigger is not None:
            return self.trigger
        return self.average if self.limit is None else self.limit

    @property
    def filled(self) -> int:
        """Shares that traded."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def average(self) -> Decimal:
        """Rupees per share that traded; 0 when none did."""
        value = sum((fill.price * fill.quantity for fill in self.fills), Decimal(0))
        return value / self.filled if self.fills else value


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePrice:
    """Where a level's hedge stood, whether its order worked or waited for its turn (architecture 11)."""

    level: str
    side: str
    price: Decimal
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStory:
    """What one level of the grid came to on a day: its own trades, and what it still holds at the last prices."""

    name: str
    entry: Decimal | None
    """Its prices; None for what belongs to no level."""
    target: Decimal | None
    trips: int
    """Targets that filled whole."""
    hedges: int
    """Hedges that filled whole."""
    held: str
    """What it holds at the day's end, e.g. "+100 IRFC"."""
    gross: Decimal
    charges: Decimal

    @property
    def net(self) -> Decimal:
        """Gross less charges."""
        return self.gross - self.charges


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Rupees bound in each account: what it holds, and its orders that would open something, at full value."""

    secs: float
    """The worst moment, all accounts together."""
    total: Decimal
    then: tuple[tuple[str, Decimal], ...]
    """Each account at that moment."""
    most: tuple[tuple[str, Decimal], ...]
    """Each account at its own worst moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one account held of one symbol when the day ended."""

    account: str
    symbol: str
    quantity: int
    """Signed shares."""
    average: Decimal
    last: Decimal
    """Rupees per share that it cost, and that it was worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStory:
    """One day."""

    day: date
    gross: Decimal
    charges: Decimal
    realised: Decimal
    worst_open: Decimal
    fills: int
    held: tuple[Held, ...]
    end: str
    """How the bot ended."""
    margin: Margin
    price_a: Series
    price_b: Series | None
    money: dict[str, Series]
    """By name: net, gross, charges."""
    open_gain: Series
    """What the open positions have gained or lost against their cost."""
    positions: dict[str, Series]
    """Signed shares, by account and symbol."""
    orders: tuple[OrderStory, ...]
    hedges: tuple[HedgePrice, ...]
    levels: tuple[LevelStory, ...]
    attention: tuple[str, ...]
    """What the bot asked a person to look at."""

    @property
    def net(self) -> Decimal:
        """Gross less charges."""
        return self.gross - self.charges

    @property
    def worst_open_at(self) -> float:
        """When the open positions stood deepest."""
        return float(self.open_gain.secs[int(self.open_gain.values.argmin())])


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """A whole replay."""

    name: str
    """The bot's: a user's text."""
    symbol_a: str
    symbol_b: str
    """Empty without a hedge."""
    is_made: bool
    """True for made prices: nothing on them is worth a rupee of belief."""
    settings: tuple[tuple[str, str], ...]
    """What was asked for, name and value."""
    step: str
    """A sentence on what one round trip nets; empty when no entry filled."""
    days: tuple[DayStory, ...]
    made_at: datetime

    @property
    def gross(self) -> Decimal:
        """Of all days."""
        return sum((day.gross for day in self.days), Decimal(0))

    @property
    def charges(self) -> Decimal:
        """Of all days."""
        return sum((day.charges for day in self.days), Decimal(0))

    @property
    def net(self) -> Decimal:
        """Gross less charges."""
        return self.gross - self.charges
