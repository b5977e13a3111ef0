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
from tg1.models import OpenOrder, Side, Traded, TradeSide, TradeType
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
    ("changes", "sentence"),
    [
        pytest.param(
            {"spread": Decimal("0.02"), "steps": 2},
            "--spread puts downside levels 1 and 2 at the same price 50.00 on the tick of 0.1; use a larger --spread.",
            id="collision",
        ),
        pytest.param(
            {"target_spread": Decimal("0.02")},
            "The target of the downside level 1 at 49.00 is on or behind its entry at 49.00 on the tick of 0.1; "
            "use a larger --target-spread.",
            id="target-on-entry",
        ),
        pytest.param(
            {"steps": 60},
            "The downside level 50 lies at 0.00 with its target at 0.50 on the tick of 0.1; prices must stay above 0: "
            "use fewer --steps or a smaller --spread or --target-spread.",
            id="buy-at-zero",
        ),
        pytest.param(
            {"target_spread": Decimal(60), "trade_type": TradeType.SELLTS},
            "The upside level 1 lies at 51.00 with its target at -9.00 on the tick of 0.1; prices must stay above 0: "
            "use fewer --steps or a smaller --spread or --target-spread.",
            id="target-below-zero",
        ),
    ],
)
def test_broken_grid_is_refused_with_its_reason(changes: dict[str, Any], sentence: str) -> None:
    """Behaviour 1.2."""
    with pytest.raises(ConfigError) as refused:
        grid.rows_of(replace(GRID, **changes), Decimal("0.10"))
    assert str(refused.value) == sentence


def test_what_arithmetic_alone_shows_is_refused_without_a_tick() -> None:
    """Behaviour 1.2: before any login."""
    sentence = "The downside level 50 lies at 0.00 with its target at 0.50; prices must stay above 0: use fewer"
    with pytest.raises(ConfigError, match=f"^{sentence}"):
        grid.check_rows(grid.exact_rows(replace(GRID, steps=50)))
    grid.check_rows(grid.exact_rows(replace(GRID, steps=49)))


def test_grid_lies_around_the_centre_nearest_on_the_tick() -> None:
    """Behaviour 1.2: 50.05 is 50.10 on a tick of 0.10, and the levels are counted from there."""
    identity = replace(GRID, entry_price=Decimal("50.05"), spread=Decimal("1.05"), steps=2)
    made = grid.rows_of(identity, Decimal("0.10"))
    assert [(row.trade_side, row.level, str(row.entry_price), str(row.target_price)) for row in made] == [
        ("downside", 1, "49.10", "49.60"),
        ("downside", 2, "48.00", "48.50"),
        ("upside", 1, "51.20", "50.70"),
        ("upside", 2, "52.20", "51.70"),
    ]


def test_fresh_levels_are_the_rows_and_the_bots() -> None:
    """Architecture 4, 15: every level knows its bot, its row and its quantities, and waits for its entry."""
    identity = replace(GRID, steps=1)
    names = iter(["below", "above"])
    made = grid.create_levels(identity, grid.exact_rows(identity), "My Grid", lambda: next(names))
    common: dict[str, Any] = {"bot_name": "My Grid", "level": 1, "token_a_quantity": 100, "token_b_quantity": 50}
    assert made == {
        "below": OpenOrder(
            uuid="below",
            trade_side=TradeSide.DOWNSIDE,
            entry_price=Decimal(49),
            target_price=Decimal("49.50"),
            **common,
        ),
        "above": OpenOrder(
            uuid="above", trade_side=TradeSide.UPSIDE, entry_price=Decimal(51), target_price=Decimal("50.50"), **common
        ),
    }
    assert list(made) == ["below", "above"]


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
    ("bought", "sold", "hedged_by", "need", "rest"),
    [(100, 0, 0, 50, 50), (100, 40, 0, 30, 30), (100, 40, 20, 30, 10), (100, 100, 0, 0, 0), (100, 80, 30, 10, -20)],
    ids=["whole", "target sold a part", "hedge filled a part", "sold whole", "hedged too much"],
)
def test_new_hedge_is_for_what_is_open_less_what_its_hedge_filled(
    bought: int, sold: int, hedged_by: int, need: int, rest: int
) -> None:
    """Behaviour 6.3: 50 TokenB for 100 TokenA; nothing for nothing."""
    level = a_level(
        entry_traded=Traded(quantity=bought), target_traded=Traded(quantity=sold), oco_traded=Traded(quantity=hedged_by)
    )
    assert (grid.hedge_need(level), grid.hedge_rest(level)) == (need, rest)


def test_price_outside_the_grid_is_said_with_both_numbers() -> None:
    """Behaviour 1.4: beyond the outermost level of an active side the bot refuses, with both numbers."""
    rows = grid.exact_rows(GRID)
    assert grid.centring(rows, Decimal("44.90")).outside == (
        "TokenA trades at 44.90, beyond the outermost downside level at 45.00; "
        "choose another --entry-price, or give --allow-off-centre to start all the same."
    )
    assert grid.centring(rows, Decimal(50)).outside == ""


@pytest.mark.parametrize(
    ("price", "outside", "crossed"),
    [("50", False, 0), ("49", False, 0), ("48.5", False, 1), ("45", False, 4), ("44.9", True, 5), ("55.1", True, 5)],
)
def test_centring_tells_inside_crossed_and_outside(price: str, outside: bool, crossed: int) -> None:  # noqa: FBT001
    """Behaviour 1.4."""
    found = grid.centring(grid.exact_rows(GRID), Decimal(price))
    assert (bool(found.outside), found.crossed) == (outside, crossed)
