"""What the best of many worthless grids shows by luck: held against grids whose worth is known."""

from __future__ import annotations

import numpy as np
import pytest

from tg1.sweep.luck import luck


def nets_of(seed: int, count: int, days: int, *, common: int = 0) -> list[list[int]]:
    """Worthless combinations in paise: of `common` > 0, each is a mixture of so many."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0.0, 10_000.0, (common or count, days))
    mixed = rng.normal(0.0, 1.0, (count, common)) @ found if common else found
    return [[round(net) for net in row] for row in mixed.tolist()]


def test_best_of_worthless_ones_passes_as_luck_nineteen_times_of_twenty() -> None:
    """Over 60 sweeps of 40 worthless combinations on 30 days, with what they have in common."""
    beyond = 0
    for seed in range(60):
        nets = nets_of(seed, 40, 30, common=4)
        found = luck(nets)
        assert found is not None
        beyond += max(map(sum, nets)) > found.high
    assert 1 <= beyond <= 7


def test_worth_beyond_luck_is_seen() -> None:
    """One combination with an edge of one standard deviation a day, among 100 without."""
    nets = nets_of(1, 101, 40)
    nets[7] = [net + 10_000 for net in nets[7]]
    found = luck(nets)
    assert found is not None
    assert sum(nets[7]) > found.high > found.typical > 0
    assert found.share < 0.01


def test_copies_of_one_grid_have_the_luck_of_one() -> None:
    """A hundred grids that move as one are one; a hundred that have nothing in common are many."""
    one = nets_of(3, 1, 40)
    alone, copies, many = luck(one), luck(one * 100), luck(nets_of(3, 100, 40))
    assert alone is not None
    assert copies is not None
    assert many is not None
    assert (copies.typical, copies.high) == (alone.typical, alone.high)
    assert copies.independent == pytest.approx(1.0)
    assert many.typical > copies.high
    assert 20 < many.independent < 40


def test_grid_that_loses_the_same_every_day_has_no_luck() -> None:
    """Its own mean is taken out: a steady loser shows nothing by chance."""
    found = luck([[-50_000] * 20, [-40_000] * 20])
    assert found is not None
    assert (found.typical, found.high) == (0, 0)
    assert found.share == 1.0


def test_few_days_are_said_to_be_few() -> None:
    """Below ten nothing can be told, below twenty roughly."""
    assert luck(nets_of(5, 30, 9)) is None
    assert luck([]) is None
    ten, twenty = luck(nets_of(5, 30, 10)), luck(nets_of(5, 30, 20))
    assert ten is not None
    assert ten.is_rough
    assert twenty is not None
    assert not twenty.is_rough


def test_same_nets_have_the_same_luck() -> None:
    """The coin is seeded: a sweep that is shown again says the same."""
    nets = nets_of(9, 50, 25)
    assert luck(nets) == luck(nets)
