"""What one round trip of a grid level would earn, before anything is risked (behaviour 15, charges.md). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import PAISA, Charges, Executed, Side
from tg1.rules.charges import Plans, charges

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from decimal import Decimal

    from tg1.models import GridIdentity
    from tg1.rules.charges import ChargesPlan
    from tg1.rules.grid import GridRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What a level trades: its entry's side and price, and how much of which product."""

    side: Side
    """Of the entry."""
    entry_price: Decimal
    """Rupees."""
    quantity: int
    """Shares."""
    product: str
    """MIS, CNC or NRML."""
    day: date
    """Of the entry: rates have dates."""
    overnight: bool = False
    """The target fills on the next day; never with MIS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """An entry and its target, each filled by one order at its own price. Rupees."""

    gross: Decimal
    charges: Charges

    @property
    def net(self) -> Decimal:
        """What is left of the gross."""
        return self.gross - self.charges.total


def round_trip(trade: Trade, target_spread: Decimal, plan: ChargesPlan) -> RoundTrip:
    """The round trip with its target `target_spread` rupees from the entry."""
    target_price = trade.entry_price + trade.side.sign * target_spread
    target_day = trade.day + timedelta(days=1) if trade.overnight else trade.day
    executed = [
        _one_order(trade, trade.side, trade.entry_price, trade.day),
        _one_order(trade, trade.side.opposite, target_price, target_day),
    ]
    return RoundTrip(gross=target_spread * trade.quantity, charges=charges(executed, Plans(default=plan)))


def least_paying_spread(trade: Trade, plan: ChargesPlan) -> Decimal | None:
    """The smallest target spread, in paise, whose round trip nets more than nothing; None when no price could.

    More spread never nets less: a share of the price moves by far less than the price.
    """
    most = int(trade.entry_price / PAISA) - 1 if trade.side is Side.SELL else int(trade.entry_price / PAISA) * 10
    low, high = 1, most
    if high < 1 or round_trip(trade, high * PAISA, plan).net <= 0:
        return None
    while low < high:
        middle = (low + high) // 2
        if round_trip(trade, middle * PAISA, plan).net > 0:
            high = middle
        else:
            low = middle + 1
    return low * PAISA


def trade_of(row: GridRow, grid: GridIdentity, day: date, *, overnight: bool = False) -> Trade:
    """What a level of the grid trades, its entry filled on `day`."""
    return Trade(
        side=row.trade_side.entry_direction,
        entry_price=row.entry_price,
        quantity=grid.token_a_quantity,
        product=grid.product_type,
        day=day,
        overnight=overnight,
    )


def paying_spread(rows: Iterable[GridRow], grid: GridIdentity, plan: ChargesPlan, day: date) -> Decimal | None:
    """The smallest target spread, in paise, with which every level's round trip pays; None when none does.

    Charges grow with the price, so each side's highest level decides.
    """
    highest = {row.trade_side: row for row in sorted(rows, key=lambda row: row.entry_price)}
    spreads = [least_paying_spread(trade_of(row, grid, day), plan) for row in highest.values()]
    known = [spread for spread in spreads if spread is not None]
    return max(known) if known and len(known) == len(spreads) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Losing:
    """A grid whose round trips net nothing or less, at some levels or at all: to be seen before it starts."""

    grid: GridIdentity
    bad: int
    """Levels that lose."""
    levels: int
    worst: RoundTrip
    least: Decimal | None
    """The target spread with which every level pays; None when none does."""

    @property
    def headline(self) -> str:
        """One line of a screen."""
        pays = "no --target-spread pays" if self.least is None else f"--target-spread {self.least:.2f} would pay"
        return f"{self._which} (net {self.worst.net:+.2f}): {pays}"

    @property
    def sentence(self) -> str:
        """All of it, for a log or a printed grid."""
        grid, worst = self.grid, self.worst
        way_out = (
            "no --target-spread pays at this quantity and brokerage"
            if self.least is None
            else f"the smallest --target-spread that pays at every level is {self.least:.2f}"
        )
        return (
            f"{self._which}: {grid.token_a_quantity} {grid.token_a_symbol} at a target spread of "
            f"{grid.target_spread:.2f} bring {worst.gross:.2f} and cost up to {worst.charges.total:.2f} in charges, "
            f"net {worst.net:+.2f}; {way_out}"
        )

    @property
    def _which(self) -> str:
        if self.bad == self.levels:
            return "EVERY ROUND TRIP LOSES MONEY"
        return f"{self.bad} OF {self.levels} LEVELS LOSE MONEY"


def losing(rows: Sequence[GridRow], grid: GridIdentity, plan: ChargesPlan, day: date) -> Losing | None:
    """What is wrong with a grid of which some round trip nets nothing or less; None when every level pays."""
    trips = [round_trip(trade_of(row, grid, day), grid.target_spread, plan) for row in rows]
    worst = min(trips, key=lambda trip: trip.net)
    if worst.net > 0:
        return None
    bad = sum(1 for trip in trips if trip.net <= 0)
    least = paying_spread(rows, grid, plan, day)
    return Losing(grid=grid, bad=bad, levels=len(trips), worst=worst, least=least)


def _one_order(trade: Trade, side: Side, price: Decimal, day: date) -> Executed:
    return Executed(
        day=day,
        account="",
        symbol="",
        side=side,
        product=trade.product,
        quantity=trade.quantity,
        value=price * trade.quantity,
    )
