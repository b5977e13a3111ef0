"""Lines with fewer points that look the same: no high, no low and no last price of a stretch is lost. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tg1.report.story import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray


def thinned(series: Series, stretches: int) -> Series:
    """The first, lowest, highest and last point of each of so many equal stretches of time; repeats are left out."""
    secs, values = series.secs, series.values
    if len(secs) > 4 * stretches:
        keep = _extremes(secs, values, stretches)
        secs, values = secs[keep], values[keep]
    kept = _changes(values)
    return Series(secs=secs[kept], values=values[kept])


def _extremes(secs: NDArray[np.float64], values: NDArray[np.float64], stretches: int) -> NDArray[np.int64]:
    span = float(secs[-1] - secs[0]) or 1.0
    stretch = np.minimum(((secs - secs[0]) / span * stretches).astype(np.int64), stretches - 1)
    begins = np.flatnonzero(np.diff(stretch, prepend=-1))
    ends = np.append(begins[1:], len(secs)) - 1
    by_value = np.lexsort((values, stretch))
    return np.unique(np.concatenate([begins, ends, by_value[begins], by_value[ends]]))


def _changes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """A step line needs a point where it changes, and its last one."""
    if not len(values):
        return np.empty(0, dtype=np.int64)
    changes = np.flatnonzero(np.diff(values, prepend=np.nan) != 0)
    return np.union1d(changes, [len(values) - 1])
