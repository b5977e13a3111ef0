"""Grid arithmetic: exact, symmetric, on the tick, refused where rounding breaks it (behaviour 1, architecture 4)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.states import GRID, a_level
from tg1.errors import ConfigError
from tg1.models import Side, Traded, TradeSide, TradeType
from tg1.rules import grid

PAISA = Decimal("0.01")
rupees = st.decimals("0.01", "5000", places=2)
ticks = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.10"), Decimal("0.50"), Decimal(1)])


def rows(side: TradeSide, **changes: Any) -> list[tuple[str, str]]:
    """Entry and target of each level of one side, nearest first."""
    identity = replace(GRID, **changes)
    return [
        (f"{row.entry_price:.2f}", f"{row.target_price:.2f}")
        for row in grid.exact_rows(identity)
        if row.trade_side is side
    ]


def test_example_of_the_architecture_comes_out_to_the_paisa() -> None:
    """Architecture 4, the numerical example, both halves."""
    assert rows(TradeSide.UPSIDE) == [
        ("51.00", "50.50"),
        ("52.00", "51.50"),
        ("53.00", "52.50"),
        ("54.00", "53.50"),
        ("55.00", "54.50"),
    ]
    assert rows(TradeSide.DOWNSIDE) == [
        ("49.00", "49.50"),
        ("48.00", "48.50"),
        ("47.00", "47.50"),
        ("46.00", "46.50"),
        ("45.00", "45.50"),
    ]


@pytest.mark.parametrize(
    ("trade_type", "sides"),
    [
        ("gridocots", {TradeSide.UPSIDE, TradeSide.DOWNSIDE}),
        ("buyocots", {TradeSide.DOWNSIDE}),
        ("buyts", {TradeSide.DOWNSIDE}),
        ("sellocots", {TradeSide.UPSIDE}),
        ("sellts", {TradeSide.UPSIDE}),
    ],
)
def test_trade_type_makes_its_halves(trade_type: str, sides: set[TradeSide]) -> None:
    """Architecture 5."""
    made = grid.exact_rows(replace(GRID, trade_type=TradeType(trade_type)))
    assert {row.trade_side for row in made} == sides


@given(centre=rupees, spread=rupees, target=rupees, steps=st.integers(1, 40))
def test_grid_is_symmetric_evenly_spaced_and_never_drifts(
    centre: Decimal, spread: Decimal, target: Decimal, steps: int
) -> None:
    """Architecture 4: each level is reckoned from the centre, so the fortieth is as exact as the first."""
    identity = replace(GRID, entry_price=centre, spread=spread, target_spread=target, steps=steps)
    made = grid.exact_rows(identity)
    down = [row for row in made if row.trade_side is TradeSide.DOWNSIDE]
    up = [row for row in made if row.trade_side is TradeSide.UPSIDE]
    for below, above in zip(down, up, strict=True):
        assert below.entry_price + above.entry_price == 2 * centre
        assert above.entry_price == centre + above.level * spread
        assert below.target_price - below.entry_price == above.entry_price - above.target_price == target


@given(centre=rupees, spread=rupees, target=rupees, steps=st.integers(1, 30), tick=ticks)
def test_grid_on_the_tick_is_whole_or_refused(
    centre: Decimal, spread: Decimal, target: Decimal, steps: int, tick: Decimal
) -> None:
    """Behaviour 1.2: every accepted grid is on tick, distinct, above 0, with targets in front of their entries."""
    identity = replace(GRID, entry_price=centre, spread=spread, target_spread=target, steps=steps)
    try:
        made = grid.rows_of(identity, tick)
    except ConfigError:
        return
    for row in made:
        assert row.entry_price % tick == row.target_price % tick == 0
        assert min(row.entry_price, row.target_price) > 0
        assert (row.target_price - row.entry_price) * row.trade_side.entry_direction.sign > 0
    for side in TradeSide:
        prices = [row.entry_price for row in made if row.trade_side is side]
        assert all((b - a) * side.entry_direction.sign < 0 for a, b in pairwise(prices))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"spread": Decimal("0.02"), "steps": 2}, "same price", id="collision"),
        pytest.param({"target_spread": Decimal("0.02")}, "on or behind its entry", id="target-on-entry"),
        pytest.param({"steps": 60}, "above 0", id="buy-below-zero"),
        pytest.param({"entry_price": Decimal(5)}, "above 0", id="buy-at-zero"),
        pytest.param({"target_spread": Decimal(60), "trade_type": TradeType.SELLTS}, "above 0", id="target-below-zero"),
    ],
)
def test_broken_grid_is_refused_with_its_reason(changes: dict[str, Any], words: str) -> None:
    """Behaviour 1.2."""
    with pytest.raises(ConfigError, match=words):
        grid.rows_of(replace(GRID, **changes), Decimal("0.10"))


@given(price=rupees, tick=ticks)
def test_rounding_to_the_tick_moves_by_half_a_tick_at_most_and_is_idempotent(price: Decimal, tick: Decimal) -> None:
    """Behaviour 1.2."""
    rounded = grid.to_tick(price, tick)
    assert abs(rounded - price) <= tick / 2
    assert grid.to_tick(rounded, tick) == rounded


@given(price=st.decimals("0.05", "5000", places=2), spread=rupees, tick=ticks, side=st.sampled_from(Side))
def test_hedge_lies_on_the_far_side_of_token_b_and_on_its_tick(
    price: Decimal, spread: Decimal, tick: Decimal, side: Side
) -> None:
    """Architecture 2: SELL below for a BUY entry, BUY above for a SELL entry; never below one tick."""
    hedge = grid.oco_price(side, price, spread, tick)
    assert hedge % tick == 0
    assert hedge >= tick
    if hedge > tick:
        assert abs(hedge - (price - side.sign * spread)) <= tick / 2


@given(trigger=rupees, offset=st.decimals(0, 20, places=2), tick=ticks, side=st.sampled_from(Side))
def test_limit_of_a_stop_pays_up_and_never_less_than_the_offset(
    trigger: Decimal, offset: Decimal, tick: Decimal, side: Side
) -> None:
    """Behaviour 6.1: BUY up, SELL down, on tick, at least one tick."""
    trigger = max(grid.to_tick(trigger, tick), tick)
    limit = grid.oco_limit_price(side, trigger, offset, tick)
    assert limit % tick == 0
    assert limit >= tick
    exact = trigger * (1 + side.sign * offset / 100)
    assert (limit - exact) * side.sign >= 0 or limit == tick
    assert abs(limit - exact) < tick or limit == tick


@given(filled=st.integers(1, 1000), quantity_a=st.integers(1, 1000), quantity_b=st.integers(1, 1000))
def test_hedge_is_in_proportion_to_what_filled(filled: int, quantity_a: int, quantity_b: int) -> None:
    """Behaviour 6.3: whole for a whole fill, at least one share, never more than the whole."""
    assume(filled <= quantity_a)
    level = a_level(
        token_a_quantity=quantity_a, token_b_quantity=quantity_b, entry_traded=Traded(quantity=filled, value=Decimal(1))
    )
    hedge = grid.hedge_need(level)
    assert 1 <= hedge <= quantity_b
    assert abs(hedge - Decimal(filled * quantity_b) / quantity_a) <= Decimal("0.5") or hedge == 1
    if filled == quantity_a:
        assert hedge == quantity_b


@pytest.mark.parametrize(
    ("price", "outside", "crossed"),
    [("50", False, 0), ("49", False, 0), ("48.5", False, 1), ("45", False, 4), ("44.9", True, 5), ("55.1", True, 5)],
)
def test_centring_tells_inside_crossed_and_outside(price: str, outside: bool, crossed: int) -> None:  # noqa: FBT001
    """Behaviour 1.4."""
    found = grid.centring(grid.exact_rows(GRID), Decimal(price))
    assert (bool(found.outside), found.crossed) == (outside, crossed)
