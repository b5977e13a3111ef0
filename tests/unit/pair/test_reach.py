"""A grid that holds the price on 9 days of 10, and pays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.pair.made import track
from tg1.models import Side
from tg1.pair.reach import grid_for, money_step, on_step, reach_of
from tg1.rules.charges import ChargesPlan
from tg1.rules.round_trips import Trade

AMOUNTS = st.floats(0.01, 50)


def entry(price: str = "500", quantity: int = 100) -> Trade:
    """An entry at the centre."""
    return Trade(side=Side.BUY, entry_price=Decimal(price), quantity=quantity, product="MIS", day=date(2026, 11, 2))


@given(days=st.lists(AMOUNTS, min_size=1, max_size=60), steps=st.integers(1, 20))
def test_grid_holds_nine_days_of_ten(days: list[float], steps: int) -> None:
    """Counted from each day's first price, up or down."""
    reach = reach_of([track([500, 500 + each, 500]) for each in days])
    grid = grid_for(reach, steps, entry(), ChargesPlan())
    assert grid is not None
    inside = sum(each <= float(grid.reach) + 1e-9 for each in days)
    assert inside >= 0.9 * len(days) - 1e-9
    assert 1 <= grid.steps <= steps


@given(days=st.lists(AMOUNTS, min_size=1, max_size=30), quantity=st.integers(1, 1000))
def test_every_level_is_worth_its_charges(days: list[float], quantity: int) -> None:
    """At least a third of the gross is left; steps are given up for it, not the pay."""
    reach = reach_of([track([500, 500 - each]) for each in days])
    grid = grid_for(reach, 5, entry(quantity=quantity), ChargesPlan())
    assert grid is not None
    assert grid.trip.net > grid.trip.gross / 3
    assert grid.trip.gross == grid.spread * quantity


def test_figures_of_some_days() -> None:
    """The median, the ninth of ten and the daily range."""
    reach = reach_of([track([100, 100 + each, 99]) for each in range(1, 11)])
    assert (reach.days, reach.median, reach.most, reach.range_median) == (10, 5.5, 10, 6.5)


@pytest.mark.parametrize(("price", "step"), [(50, "0.05"), (999, "0.05"), (1000, "0.10"), (6000, "0.50"), (30000, "5")])
def test_distances_lie_on_every_tick_of_the_price(price: float, step: str) -> None:
    """NSE's ticks by price (xts.md 6.3); the exact one comes from the day's dump."""
    assert money_step(price) == Decimal(step)


def test_distance_is_rounded_up() -> None:
    """Rounding down would let the day out of the grid."""
    assert [on_step(each, Decimal("0.05")) for each in (0.0, 0.05, 0.051, 0.1)] == [
        Decimal("0.05"),
        Decimal("0.05"),
        Decimal("0.10"),
        Decimal("0.10"),
    ]
