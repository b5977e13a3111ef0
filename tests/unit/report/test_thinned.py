"""A line with fewer points that looks the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tg1.report.story import Series
from tg1.report.thinned import thinned


@given(
    values=st.lists(st.integers(-50, 50), min_size=1, max_size=400),
    gaps=st.integers(0, 2**32 - 1),
    stretches=st.integers(1, 20),
)
def test_no_high_no_low_and_no_end_is_lost(values: list[int], gaps: int, stretches: int) -> None:
    """Whatever the day, and however few points are left of it; points keep their own time and order."""
    secs = np.cumsum(np.random.default_rng(gaps).exponential(5.0, len(values))) + 33_300
    line = Series(secs=secs, values=np.array(values, dtype=np.float64))
    thin = thinned(line, stretches)
    assert len(thin.secs) <= min(len(values), 4 * stretches + 1)
    assert (thin.values.min(), thin.values.max()) == (min(values), max(values))
    assert (thin.secs[0], thin.values[0]) == (secs[0], values[0])
    assert (thin.secs[-1], thin.values[-1]) == (secs[-1], values[-1])
    assert (np.diff(thin.secs) > 0).all()
    of_old = dict(zip(secs.tolist(), values, strict=True))
    assert all(of_old[at] == value for at, value in zip(thin.secs.tolist(), thin.values.tolist(), strict=True))


def test_spike_of_one_second_stays() -> None:
    """A price that was there for a second is what filled the order: it must be seen."""
    values = np.full(22_500, 50.0)
    values[9_001] = 47.0
    thin = thinned(Series(secs=33_300 + np.arange(22_500.0), values=values), 100)
    assert 47.0 in thin.values
    assert thin.secs[thin.values == 47.0].tolist() == [42_301.0]


def test_price_that_stands_still_is_two_points() -> None:
    """Each value holds until the next one."""
    thin = thinned(Series(secs=np.arange(9.0), values=np.array([1, 1, 1, 2, 2, 2, 2, 2, 2.0])), 100)
    assert thin.secs.tolist() == [0.0, 3.0, 8.0]


def test_line_without_points_is_none() -> None:
    """A symbol that never traded."""
    assert not len(thinned(Series(secs=np.empty(0), values=np.empty(0)), 10).secs)
