"""Jumps of a price over a night: a split or a bonus that a file does not know of looks like one (behaviour 17). PURE.

A grid that is replayed across an unadjusted split earns or loses what nobody ever could. So a jump is refused until a
person has said that the prices are right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

MOST_JUMP = 0.15
"""The largest change over a night that is taken for the market's own."""

Confirmed = frozenset[tuple[str, "date"]]
"""Symbol and the day after the night: jumps that a person has looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """One night's jump of one symbol."""

    symbol: str
    before: date
    """The last day at the old price."""
    day: date
    """The first day at the new one."""
    last: float
    first: float
    """Rupees, the last price before the night and the first after it."""

    @property
    def change(self) -> float:
        """The change as a fraction of the old price."""
        return self.first / self.last - 1

    @property
    def is_suspect(self) -> bool:
        """Larger than the market makes them."""
        return abs(self.change) > MOST_JUMP

    @property
    def told(self) -> str:
        """What happened, as the first half of a sentence."""
        return (
            f"{self.symbol} jumps from {self.last:,.2f} on {self.before} to {self.first:,.2f} on {self.day} "
            f"({self.change:+.1%})"
        )

    @property
    def flag(self) -> str:
        """What a person types who has found the prices right."""
        return f"--confirm-jump {self.symbol}:{self.day}"


class Nights:
    """Remembers each symbol's last price and tells how the next day's first differs."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[date, float]] = {}

    def see(self, day: date, prices: Mapping[str, NDArray[np.float64]]) -> list[Jump]:
        """The suspect jumps of the night before `day`; `prices` are its rows, a last price or a bar each, NaN none."""
        found = []
        for symbol, table in prices.items():
            known = np.flatnonzero(~np.isnan(table[:, 0]))
            if not len(known):
                continue
            if symbol in self._last:
                before, last = self._last[symbol]
                jump = Jump(symbol=symbol, before=before, day=day, last=last, first=float(table[known[0], 0]))
                found += [jump] * jump.is_suspect
            self._last[symbol] = (day, float(table[known[-1], -1]))
        return found
