"""One trading day's prices as arrays, and the question that makes a replay fast. PURE.

Prices are whole ten-thousandths of a rupee (no NSE tick is finer), times are seconds after midnight IST.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datetime import date, datetime

    from numpy.typing import NDArray

SCALE = 10_000
"""Units in a rupee."""
_FIRST_LOOK = 256
"""Rows that a search looks at first; it doubles from there, so a near find is cheap and a far one is linear."""
_LONGEST_LOOK = 65_536
NO_BOUNDS = (-1, 2**62)
"""An interval that no price leaves, not even the 0 before a symbol's first."""

Bounds = tuple[int, int]
"""(low, high): a price that is strictly between them moves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTape:
    """What the two symbols traded at on one day."""

    day: date
    secs: NDArray[np.float64]
    """When a row's prices were seen, in seconds after midnight IST; rising."""
    a: NDArray[np.int64]
    """TokenA's last price at each row, forward-filled; 0 before its first."""
    b: NDArray[np.int64]
    """TokenB's; all 0 for a bot without a hedge."""
    price_events: int
    """Prices that the source had, both symbols together."""

    def __len__(self) -> int:
        """Rows."""
        return len(self.secs)

    def index_after(self, secs: float) -> int:
        """The first row later than `secs`."""
        return int(np.searchsorted(self.secs, secs, side="right"))

    def index_from(self, secs: float) -> int:
        """The first row that knows of what happened at `secs`."""
        return int(np.searchsorted(self.secs, secs, side="left"))

    def first_outside(self, begin: int, end: int, bounds_a: Bounds, bounds_b: Bounds) -> int:
        """The first row in [begin, end) with a price that is not strictly inside its bounds; `end` if there is none."""
        width = _FIRST_LOOK
        while begin < end:
            stop = min(begin + width, end)
            a, b = self.a[begin:stop], self.b[begin:stop]
            hit = (a <= bounds_a[0]) | (a >= bounds_a[1]) | (b <= bounds_b[0]) | (b >= bounds_b[1])
            found = int(hit.argmax())
            if hit[found]:
                return begin + found
            begin = stop
            width = min(2 * width, _LONGEST_LOOK)
        return end


def secs_of(at: datetime) -> float:
    """Seconds after midnight, as a tape counts them."""
    return (at.hour * 60 + at.minute) * 60 + at.second + at.microsecond / 1e6


@lru_cache(maxsize=65_536)
def rupees(units: int) -> Decimal:
    """A price of the tape as the engine's exact rupees, with two decimals or more."""
    whole = Decimal(units) / SCALE
    cents = whole.quantize(Decimal("0.01"))
    return cents if cents == whole else whole


def units(price: Decimal) -> int:
    """Rupees as units of the tape; `ValueError` for a price finer than those."""
    exact = price * SCALE
    if exact != exact.to_integral_value():
        raise ValueError(f"{price} is finer than a ten-thousandth of a rupee")
    return int(exact)
