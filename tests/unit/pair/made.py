"""Made days of a pair: walks whose link is known."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tg1.pair.series import PairDay, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

OPEN = 33_300.0
FIRST = date(2026, 11, 2)


def track(prices: Sequence[float] | np.ndarray[Any, Any], secs: Sequence[float] | None = None) -> Track:
    """One price a second from the open on, unless other seconds are given."""
    array = np.asarray(prices, dtype=np.float64)
    return Track(
        secs=OPEN + (np.arange(len(array), dtype=np.float64) if secs is None else np.asarray(secs, dtype=np.float64)),
        prices=array,
        high=float(array.max()),
        low=float(array.min()),
    )


def pair(
    a: Sequence[float] | np.ndarray[Any, Any],
    b: Sequence[float] | np.ndarray[Any, Any],
    secs: Sequence[float] | None = None,
    day: date = FIRST,
) -> PairDay:
    """A day of last prices."""
    return PairDay(day=day, a=track(a, secs), b=track(b, secs), bar_secs=0.0)


def linked(seed: int, beta: float, noise: float, *, days: int = 6, rows: int = 3000) -> list[PairDay]:
    """Days on which A's returns are `beta` times B's, and noise of that share of their size."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(days):
        b = rng.normal(0, 1e-4, rows)
        a = beta * b + rng.normal(0, noise * 1e-4, rows)
        found.append(
            pair(100 * np.cumprod(1 + a), 200 * np.cumprod(1 + b), day=FIRST + timedelta(days=number + number // 5 * 2))
        )
    return found
