"""One day of a pair as prices with their times, and as returns over a horizon. PURE.

A last price is carried forward only as long as a feed that works may be silent: across an outage there is no return.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tg1.data.silences import longest_of

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from tg1.replay.day_rows import DayRows

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One symbol's prices of a day."""

    secs: Floats
    """When each was known, in seconds after midnight IST; a bar's close is known at its end."""
    prices: Floats
    """Rupees; the first is the day's opening price."""
    high: float
    low: float

    @property
    def first(self) -> float:
        """Rupees, the day's first price."""
        return float(self.prices[0])

    @property
    def last(self) -> float:
        """Rupees, the day's last price."""
        return float(self.prices[-1])

    @property
    def farthest(self) -> float:
        """Rupees, how far the price went from its first one, up or down."""
        return max(self.high - self.first, self.first - self.low)

    def at(self, grid: Floats, carry_secs: float) -> Floats:
        """The last price known at each instant, NaN where it is older than `carry_secs` or there is none."""
        index = np.searchsorted(self.secs, grid, side="right") - 1
        known = index >= 0
        index = np.maximum(index, 0)
        return np.where(known & (grid - self.secs[index] <= carry_secs), self.prices[index], np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDay:
    """Both symbols' day."""

    day: date
    a: Track
    b: Track
    bar_secs: float
    """0 for last prices."""

    @property
    def carry_secs(self) -> float:
        """How long a last price stands for the present."""
        return longest_of(self.bar_secs, whole_file=True) + self.bar_secs

    def has(self, horizon_secs: float) -> bool:
        """The prices are fine enough for returns over so many seconds."""
        return not self.bar_secs or (horizon_secs >= self.bar_secs and horizon_secs % self.bar_secs == 0)

    def returns(self, horizon_secs: float) -> tuple[Floats, Floats]:
        """Both symbols' returns over the horizon at the same instants, as fractions; only where both are known."""
        begin = max(self.a.secs[0], self.b.secs[0])
        end = min(self.a.secs[-1], self.b.secs[-1])
        grid = np.arange(np.ceil(begin / horizon_secs), np.floor(end / horizon_secs) + 1) * horizon_secs
        a, b = (np.diff(track) / track[:-1] for track in self.sampled(grid))
        both = ~(np.isnan(a) | np.isnan(b))
        return a[both], b[both]

    def sampled(self, grid: Floats) -> tuple[Floats, Floats]:
        """Both symbols' prices at the same instants, NaN where one of them is not known."""
        return self.a.at(grid, self.carry_secs), self.b.at(grid, self.carry_secs)


def pair_day(rows: DayRows, symbol_a: str, symbol_b: str) -> PairDay:
    """A day of a file. Raises `ConfigError` with file and line for a symbol with less than two prices."""
    return PairDay(day=rows.day, a=_track(rows, symbol_a), b=_track(rows, symbol_b), bar_secs=rows.bar_secs)


def _track(rows: DayRows, symbol: str) -> Track:
    table = rows.prices[symbol]
    known = ~np.isnan(table[:, 0])
    ticks = int(known.sum())
    if ticks < 2:  # noqa: PLR2004  # one price is no day
        raise rows.refusal(symbol, f"has {ticks} price{'' if ticks == 1 else 's'} of {symbol}; a day needs two")
    secs, table = rows.secs[known], table[known]
    if rows.has_bars:
        return Track(
            secs=np.concatenate([secs[:1], secs + rows.bar_secs]),
            prices=np.concatenate([table[:1, 0], table[:, -1]]),
            high=float(table[:, 1].max()),
            low=float(table[:, 2].min()),
        )
    return Track(secs=secs, prices=table[:, 0], high=float(table.max()), low=float(table.min()))
