"""How far a share goes in a day, and the grid that would have held it on 9 days of 10. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

import numpy as np

from tg1.rules.round_trips import least_paying_spread, round_trip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.pair.series import Track
    from tg1.rules.charges import ChargesPlan
    from tg1.rules.round_trips import RoundTrip, Trade

INSIDE = 0.9
"""Part of the days on which the price is to stay inside the grid."""
KEPT = 2
"""A spread is at least so many times the smallest that pays: half of the gross is left."""
_TICKS = ((1_000, "0.05"), (5_000, "0.10"), (10_000, "0.50"), (20_000, "1.00"))
"""Steps of money that every tick of that price divides (xts.md 6.3)."""
_COARSEST = Decimal(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a share went from its first price of the day, up or down; rupees."""

    days: int
    median: float
    most: float
    """On 9 days of 10 it went no farther."""
    range_median: float
    """The median of the days' highest price less the lowest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridAdvice:
    """A grid about the day's first price."""

    steps: int
    spread: Decimal
    """Rupees; the target spread as well."""
    trip: RoundTrip
    """What one round trip earns."""
    quantity: int

    @property
    def reach(self) -> Decimal:
        """Rupees from the centre to the outermost level."""
        return self.steps * self.spread


def reach_of(tracks: Sequence[Track]) -> Reach:
    """Over some days of one share."""
    farthest = np.array([track.farthest for track in tracks])
    return Reach(
        days=len(tracks),
        median=float(np.median(farthest)),
        most=float(np.quantile(farthest, INSIDE, method="higher")),
        range_median=float(np.median([track.high - track.low for track in tracks])),
    )


def grid_for(reach: Reach, most_steps: int, trade: Trade, plan: ChargesPlan) -> GridAdvice | None:
    """At most so many levels a side that reach far enough, each worth its charges; None when no round trip can pay.

    `trade` is an entry at about the centre.
    """
    step = money_step(float(trade.entry_price))
    least = least_paying_spread(trade, plan)
    if least is None:
        return None
    smallest = on_step(float(least * KEPT), step)
    steps = max(1, min(most_steps, int(Decimal(reach.most) / smallest)))
    spread = max(smallest, on_step(reach.most / steps, step))
    return GridAdvice(steps=steps, spread=spread, trip=round_trip(trade, spread, plan), quantity=trade.quantity)


def money_step(price: float) -> Decimal:
    """The step of money in which distances are given for a share of that price."""
    return next((Decimal(step) for limit, step in _TICKS if price < limit), _COARSEST)


def on_step(rupees: float, step: Decimal) -> Decimal:
    """The next multiple of the step that is not below, one step at least."""
    steps = (Decimal(rupees) / step - Decimal("1e-9")).to_integral_value(ROUND_CEILING)
    return max(steps, Decimal(1)) * step
