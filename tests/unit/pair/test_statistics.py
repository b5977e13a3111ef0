"""Correlation, beta and intervals, against series whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from statistics import correlation as textbook

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pair.made import FIRST, linked, pair
from tg1.pair.statistics import Spread, correlation_and_beta, horizons_of, over_days, over_nights, resolution, wilson

SYMBOLS = ("A", "B")


@given(beta=st.floats(-3, 3), noise=st.floats(0.05, 2), seed=st.integers(0, 2**32 - 1))
def test_beta_of_a_made_series_is_found(beta: float, noise: float, seed: int) -> None:
    """A = beta·B + noise that is no part of B: beta to the digit, and the correlation that follows from both."""
    rng = np.random.default_rng(seed)
    b, other = rng.normal(0, 1, 200), rng.normal(0, noise, 200)
    db = b - b.mean()
    other -= other.mean() + (other @ db) / (db @ db) * db
    a = beta * b + other
    found = correlation_and_beta(a, b)
    assert found is not None
    assert found[1] == pytest.approx(beta, abs=1e-9)
    assert found[0] == pytest.approx(textbook(a.tolist(), b.tolist()), abs=1e-9)
    assert found[0] == pytest.approx(beta * b.std() / np.hypot(beta * b.std(), other.std()), abs=1e-9)


@given(scale=st.floats(0.01, 100), shift=st.floats(-1, 1), seed=st.integers(0, 1000))
def test_correlation_knows_no_units(scale: float, shift: float, seed: int) -> None:
    """Beta follows the scale of A."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(0, 1, 50), rng.normal(0, 1, 50)
    plain, scaled = correlation_and_beta(y, x), correlation_and_beta(scale * y + shift, x)
    assert plain is not None
    assert scaled is not None
    assert scaled[0] == pytest.approx(plain[0], abs=1e-9)
    assert scaled[1] == pytest.approx(scale * plain[1], rel=1e-6, abs=1e-9)


def test_share_that_does_not_move_has_no_figures() -> None:
    """Neither zero nor an error."""
    assert correlation_and_beta(np.zeros(5), np.arange(5.0)) is None
    assert correlation_and_beta(np.arange(5.0), np.zeros(5)) is None
    still = over_days([pair([1.0] * 100, [2.0] * 100)], 1.0)
    assert (still.correlation, still.note) == (None, "no day has 10 returns in which both move")


def test_figures_over_days_are_their_median_and_range() -> None:
    """A link of 1.5 shows on every horizon that the days are long enough for."""
    days = linked(1, 1.5, 0.5)
    for secs in (1.0, 60.0):
        stats = over_days(days, secs)
        assert stats.days == 6
        assert stats.beta is not None
        assert stats.beta.low <= stats.beta.median <= stats.beta.high
        assert stats.beta.median == pytest.approx(1.5, abs=0.15)
        assert stats.correlation is not None
        assert stats.correlation.median == pytest.approx(1.5 / np.hypot(1.5, 0.5), abs=0.05)


def test_few_days_give_the_range_of_the_estimate() -> None:
    """One day has no spread over days; its number of returns says how sure it is."""
    one = over_days(linked(2, 1.0, 1.0, days=1), 60.0)
    assert one.correlation is not None
    assert one.correlation.low < one.correlation.median < one.correlation.high
    assert one.returns == 49


def test_nights_are_returns_from_close_to_close() -> None:
    """Neighbouring days alone, and none over a jump that may be a split."""
    days = [
        pair([100.0, 100.0 + number], [50.0, 50.0 + number], day=FIRST + timedelta(days=number)) for number in range(8)
    ]
    stats = over_nights(days, SYMBOLS, frozenset())
    assert (stats.days, stats.label) == (7, "a day")
    assert stats.correlation is not None
    assert stats.correlation.median == pytest.approx(1, abs=0.01)
    assert over_nights(days, SYMBOLS, frozenset({("B", FIRST + timedelta(days=3))})).days == 6
    far = [pair([1.0, 2.0], [1.0, 2.0], day=FIRST + timedelta(days=10 * number)) for number in range(8)]
    assert over_nights(far, SYMBOLS, frozenset()).note == "not known: 0 daily returns, where 5 are the least"


def test_interval_of_a_share_is_wilsons() -> None:
    """The textbook's 8 of 10: 49 % to 94 %."""
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(count=st.integers(1, 500), data=st.data())
def test_interval_holds_the_share_and_narrows(count: int, data: st.DataObject) -> None:
    """More of the same is surer."""
    hits = data.draw(st.integers(0, count))
    low, high = wilson(hits, count)
    assert 0 <= low <= hits / count + 1e-12
    assert hits / count - 1e-12 <= high <= 1
    narrow = wilson(4 * hits, 4 * count)
    assert narrow[1] - narrow[0] < high - low


def test_long_bars_are_a_horizon_of_their_own() -> None:
    """Bars of a quarter of an hour tell of a quarter of an hour, not of less."""
    rng = np.random.default_rng(5)
    walk = 100 * np.cumprod(1 + rng.normal(0, 1e-3, 26))
    day = replace(pair(walk, 2 * walk, [900.0 * each for each in range(26)]), bar_secs=900.0)
    assert horizons_of([day]) == [1.0, 60.0, 300.0, 900.0]
    stats = over_days([day], 900.0)
    assert (stats.label, stats.secs, stats.returns) == ("15 minutes", 900.0, 25)
    assert stats.beta is not None
    assert stats.beta.median == pytest.approx(1)
    assert over_days([day], 300.0).note == "not known: the prices are bars of 15 minutes"


def test_resolution_is_told_in_words() -> None:
    """What the report says of horizons that are too fine."""
    assert resolution(linked(1, 1, 1, days=1)) == "last prices"
    assert Spread(1, 2, 3)._asdict() == {"median": 1, "low": 2, "high": 3}
