"""How two shares go together: correlation and beta over horizons, and how sure each figure is. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import atanh, sqrt, tanh
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tg1.pair.series import PairDay
    from tg1.replay.jumps import Confirmed

    Floats = NDArray[np.float64]

HORIZONS = {1.0: "1 second", 60.0: "1 minute", 300.0: "5 minutes"}
"""Seconds within a day, and what they are called."""
A_DAY = "a day"
_LEAST_RETURNS = 10
"""Of a day, for a figure of that day."""
ENOUGH_DAYS = 5
"""For figures over days, and for one of daily returns; fewer give the range of an estimate."""
_LONGEST_NIGHT = 5
"""Calendar days from one close to the next; further apart they are no neighbours."""
Z80, Z95 = 1.2816, 1.96
"""Standard deviations on either side that hold 80 % and 95 %."""


class Spread(NamedTuple):
    """A figure, and between which values it lies 8 times in 10."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonStats:
    """What the returns over one horizon say; the figures are None where there is a note instead."""

    label: str
    secs: float = 0.0
    """The horizon; 0 for a day."""
    days: int = 0
    returns: int = 0
    correlation: Spread | None = None
    beta: Spread | None = None
    """Of A on B: how many per cent A moves with one per cent of B."""
    note: str = ""


def correlation_and_beta(a: Floats, b: Floats) -> tuple[float, float] | None:
    """Pearson's correlation, and the slope of `a` on `b`; None where one of them does not move."""
    if len(a) < 2:  # noqa: PLR2004  # a line needs two points
        return None
    da, db = a - a.mean(), b - b.mean()
    aa, bb, ab = float(da @ da), float(db @ db), float(da @ db)
    if not aa or not bb:
        return None
    return float(np.clip(ab / sqrt(aa * bb), -1, 1)), ab / bb


def horizons_of(days: Sequence[PairDay]) -> list[float]:
    """The horizons within a day, in seconds; where bars are longer than all of them, the bars' own length as well."""
    longest = max(day.bar_secs for day in days)
    return [*HORIZONS, *([longest] if longest > max(HORIZONS) else [])]


def over_days(days: Sequence[PairDay], horizon_secs: float) -> HorizonStats:
    """The figures of each day, as their median and the values that hold 8 days in 10."""
    label = HORIZONS.get(horizon_secs) or f"{horizon_secs / 60:g} minutes"
    fine = [day for day in days if day.has(horizon_secs)]
    if not fine:
        return HorizonStats(label=label, note=f"not known: the prices are {resolution(days)}")
    found, returns = [], 0
    for day in fine:
        a, b = day.returns(horizon_secs)
        figures = correlation_and_beta(a, b) if len(a) >= _LEAST_RETURNS else None
        if figures is not None:
            found.append(figures)
            returns += len(a)
    if not found:
        return HorizonStats(label=label, note=f"no day has {_LEAST_RETURNS} returns in which both move")
    table = np.array(found)
    correlation, beta = _spread(table[:, 0]), _spread(table[:, 1])
    if len(found) < ENOUGH_DAYS:
        correlation, beta = _estimated(correlation.median, beta.median, returns)
    return HorizonStats(
        label=label, secs=horizon_secs, days=len(found), returns=returns, correlation=correlation, beta=beta
    )


def _spread(values: Floats) -> Spread:
    low, median, high = np.quantile(values, [0.1, 0.5, 0.9])
    return Spread(float(median), float(low), float(high))


def over_nights(days: Sequence[PairDay], symbols: tuple[str, str], confirmed: Confirmed) -> HorizonStats:
    """Returns from close to close. There is one a day, so the range is that of the estimate, not over days.

    Nights with a confirmed jump are left out: nobody knows how much of it was a split.
    """
    pairs = []
    for before, day in pairwise(days):
        is_split = any((symbol, day.day) in confirmed for symbol in symbols)
        if (day.day - before.day).days <= _LONGEST_NIGHT and not is_split:
            pairs.append((day.a.last / before.a.last - 1, day.b.last / before.b.last - 1))
    figures = correlation_and_beta(*np.array(pairs).T) if len(pairs) >= ENOUGH_DAYS else None
    if figures is None:
        return HorizonStats(
            label=A_DAY, note=f"not known: {len(pairs)} daily returns, where {ENOUGH_DAYS} are the least"
        )
    correlation, beta = _estimated(*figures, len(pairs))
    return HorizonStats(label=A_DAY, days=len(pairs), returns=len(pairs), correlation=correlation, beta=beta)


def _estimated(correlation: float, beta: float, count: int) -> tuple[Spread, Spread]:
    """Two figures of so many returns, with the ranges that their number leaves open."""
    return _by_fisher(correlation, count), _by_error(correlation, beta, count)


def _by_fisher(correlation: float, count: int) -> Spread:
    bounded = max(-0.999999, min(0.999999, correlation))
    away = Z80 / sqrt(count - 3)
    return Spread(correlation, tanh(atanh(bounded) - away), tanh(atanh(bounded) + away))


def _by_error(correlation: float, beta: float, count: int) -> Spread:
    """The slope and its standard error, which follows from the correlation."""
    error = abs(beta) * sqrt(max(1 / correlation**2 - 1, 0.0) / (count - 2)) if correlation else float("inf")
    return Spread(beta, beta - Z80 * error, beta + Z80 * error)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Between which shares the true one lies, 95 times in 100 (Wilson's interval); from 0 to 1 without a count."""
    if not count:
        return 0.0, 1.0
    share, z2 = hits / count, Z95 * Z95
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    away = Z95 / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return max(0.0, middle - away), min(1.0, middle + away)


def resolution(days: Sequence[PairDay]) -> str:
    """How fine the prices are, in words that follow "are"."""
    coarsest = max(day.bar_secs for day in days)
    if not coarsest:
        return "last prices"
    if coarsest % 60:
        return f"bars of {coarsest:g} seconds"
    return "bars of a minute" if coarsest == 60 else f"bars of {coarsest / 60:g} minutes"  # noqa: PLR2004  # seconds
