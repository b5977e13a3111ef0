"""What one round trip of a grid level would earn, before anything is risked (behaviour 15, charges.md). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import PAISA, Charges, Executed, Side
from tg1.rules.charges import Plans, charges

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from tg1.rules.charges import ChargesPlan


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
