"""What to do next, as pure questions: entries, targets, brackets, termination (behaviour 2, 6.3, 7, 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import MOMENT
from tests.support.states import FILLED, GRID, NOW, a_level, a_state, an_order, hedged
from tg1.models import Backoff, LegOrder, OpenOrder, OrderSide, Role, Side, TradeSide, TradeType
from tg1.rules import decide
from tg1.rules.rejections import is_entry_due

LATER = Backoff(rejections=3, retry_at=NOW + timedelta(seconds=4))
PAUSED = Backoff(rejections=5, retry_at=NOW, paused=True)
NONE = dict.fromkeys(TradeSide, 0)


def an_oco(**changes: object) -> LegOrder:
    """A working hedge."""
    return an_order("TAGXXGENUD01O000", role=Role.OCO, side=Side.SELL, symbol="SBIN", quantity=50, **changes)


entry_levels = st.builds(
    a_level,
    st.integers(1, 40),
    trade_side=st.sampled_from(TradeSide),
    entry_price=st.decimals(1, 3, places=1),
    order=st.none() | st.just(an_order()),
    closed=st.sampled_from([False, False, False, True]),
    oco_filled=st.sampled_from([False, False, False, True]),
    order_side=st.sampled_from([OrderSide.ENTRY, OrderSide.ENTRY, OrderSide.TARGET]),
    backoff=st.sampled_from([Backoff(), LATER, PAUSED]),
)


@given(st.lists(entry_levels, max_size=14), st.integers(0, 4))
def test_entries_due_are_the_nearest_that_may_go_one_a_side(levels: list[OpenOrder], limit: int) -> None:
    """Behaviour 2.2, 2.3 against an oracle that sorts everything."""
    due = decide.entries_due(levels, NOW, limit)
    for side in TradeSide:
        mine = [lv for lv in levels if lv.trade_side is side and lv.order_side is OrderSide.ENTRY]
        mine = [lv for lv in mine if not lv.closed and not lv.oco_filled]
        free = [lv for lv in mine if lv.order is None and is_entry_due(lv.backoff, NOW)]
        working = sum(lv.order is not None for lv in mine)
        chosen = [lv for lv in due if lv.trade_side is side]
        if not free or (limit and working >= limit):
            assert chosen == []
        else:
            best = (max if side is TradeSide.DOWNSIDE else min)(lv.entry_price for lv in free)
            assert [lv.entry_price for lv in chosen] == [best]
            assert chosen[0] in free


@pytest.mark.parametrize("order", [1, -1], ids=["nearest-first", "farthest-first"])
@pytest.mark.parametrize(
    ("placed", "limit", "due"),
    [
        pytest.param(0, 0, ["49.95", "50.05"], id="nothing-placed"),
        pytest.param(2, 0, ["49.85", "50.15"], id="no-limit"),
        pytest.param(0, 1, ["49.95", "50.05"], id="one-at-a-time"),
        pytest.param(1, 1, [], id="one-is-placed"),
        pytest.param(1, 2, ["49.90", "50.10"], id="one-of-two-is-placed"),
        pytest.param(2, 2, [], id="two-are-placed"),
        pytest.param(2, 3, ["49.85", "50.15"], id="two-of-three-are-placed"),
    ],
)
def test_next_entry_of_each_side_is_the_nearest_within_the_limit(
    order: int, placed: int, limit: int, due: list[str]
) -> None:
    """Behaviour 2.2, 2.3: on a grid of 0.05 steps around 50, of which the nearest have orders."""
    levels = [
        a_level(
            number,
            uuid=f"{side}{number}",
            trade_side=side,
            entry_price=50 - side.entry_direction.sign * number * Decimal("0.05"),
            order=an_order() if number <= placed else None,
        )
        for number in (1, 2, 3, 4)
        for side in TradeSide
    ]
    assert [str(lv.entry_price) for lv in decide.entries_due(levels[::order], NOW, limit)] == due


def test_every_target_that_is_ready_is_due_but_one_backing_off() -> None:
    """Behaviour 2.1, 8: only a rejection holds a target back."""
    ready, late = hedged(1, "118"), hedged(2, "118", backoff=LATER)
    placed = hedged(3, "118", order=an_order(role=Role.TARGET))
    gone = hedged(4, "118", oco_filled=True)
    assert decide.targets_due([ready, late, placed, gone, a_level(5)], NOW) == [ready]


@pytest.mark.parametrize(
    ("up", "down", "same", "expected"),
    [
        pytest.param(4, 0, False, False, id="apart-below"),
        pytest.param(5, 0, False, True, id="apart-up"),
        pytest.param(0, 5, False, True, id="apart-down"),
        pytest.param(4, 4, False, False, id="apart-balanced"),
        pytest.param(5, 4, False, True, id="apart-balance-does-not-help"),
        pytest.param(5, 4, True, False, id="same-balanced"),
        pytest.param(9, 4, True, True, id="same-up"),
        pytest.param(1, 6, True, True, id="same-down"),
        pytest.param(1, 5, True, False, id="same-below"),
    ],
)
def test_imbalance_of_hedges_terminates(up: int, down: int, same: bool, expected: bool) -> None:  # noqa: FBT001
    """Architecture 13, condition 1, in both account modes, with five steps."""
    state = a_state(upside_oco_net_count=up, downside_oco_net_count=down)
    reason = decide.termination_reason(state, same_oco_account=same, oco_stop_count=3, untriggered=NONE)
    assert bool(reason) is expected
    if expected:
        assert reason == (
            f"OCO imbalance — upside_oco={up} downside_oco={down} steps=5: {up} hedges of SELL entries and {down} of "
            "BUY entries have filled, the market runs one way"
        )


@pytest.mark.parametrize(
    ("untriggered", "expected"),
    [
        pytest.param({TradeSide.UPSIDE: 2, TradeSide.DOWNSIDE: 2}, "", id="two-and-two"),
        pytest.param({TradeSide.UPSIDE: 3, TradeSide.DOWNSIDE: 0}, "buy=3 sell=0", id="three-buys"),
        pytest.param({TradeSide.UPSIDE: 1, TradeSide.DOWNSIDE: 3}, "buy=1 sell=3", id="three-sells"),
        pytest.param({TradeSide.UPSIDE: 1, TradeSide.DOWNSIDE: 4}, "buy=1 sell=4", id="four-sells"),
    ],
)
def test_untriggered_hedges_terminate(untriggered: dict[TradeSide, int], expected: str) -> None:
    """Architecture 13, condition 2: three of one direction, not of both together."""
    state = a_state(downside_oco_net_count=0)
    reason = decide.termination_reason(state, same_oco_account=False, oco_stop_count=3, untriggered=untriggered)
    assert reason.partition(": ")[0] == (f"untriggered OCO buildup — {expected} oco_stop_count=3" if expected else "")


def test_bot_without_hedges_never_terminates_by_itself() -> None:
    """Architecture 5, 13: both conditions speak of OCO orders."""
    state = a_state(grid=replace(GRID, trade_type=TradeType.BUYTS), downside_oco_net_count=99)
    many = dict.fromkeys(TradeSide, 9)
    assert not decide.termination_reason(state, same_oco_account=False, oco_stop_count=1, untriggered=many)


@pytest.mark.parametrize(
    ("up", "down", "reached"), [(499, 499, False), (500, 0, True), (0, 500, True), (-500, 0, True)]
)
def test_max_quantity_is_reached_by_either_side_alone(up: int, down: int, reached: bool) -> None:  # noqa: FBT001
    """Architecture 12: |net| >= quantity x steps, 500 here."""
    assert decide.max_quantity_reached(a_state(upside_net_quantity=up, downside_net_quantity=down)) is reached


def partly_filled(side: TradeSide = TradeSide.DOWNSIDE) -> OpenOrder:
    """An entry of 100 at 49.00 (51.00 upside) with its target half a rupee away, 60 filled ten seconds ago."""
    level = a_level(order=an_order(filled_quantity=60, last_fill_at=NOW - timedelta(seconds=10)))
    if side is TradeSide.DOWNSIDE:
        return level
    return replace(level, trade_side=side, entry_price=Decimal(51), target_price=Decimal("50.50"))


@pytest.mark.parametrize(
    ("side", "price_a", "cut"),
    [
        pytest.param(TradeSide.DOWNSIDE, "49.24", False, id="bought-not-yet-half-way"),
        pytest.param(TradeSide.DOWNSIDE, "49.25", True, id="bought-half-way"),
        pytest.param(TradeSide.DOWNSIDE, "48.00", False, id="bought-the-other-way"),
        pytest.param(TradeSide.UPSIDE, "50.76", False, id="sold-not-yet-half-way"),
        pytest.param(TradeSide.UPSIDE, "50.75", True, id="sold-half-way"),
        pytest.param(TradeSide.UPSIDE, "52.00", False, id="sold-the-other-way"),
        pytest.param(TradeSide.DOWNSIDE, None, False, id="no-price"),
    ],
)
def test_rest_of_an_entry_is_given_up_when_the_market_leaves(side: TradeSide, price_a: str | None, cut: bool) -> None:  # noqa: FBT001
    """Behaviour 5.2: half the target spread in the level's favour, 0.25 of 0.50."""
    level = partly_filled(side)
    moment = replace(MOMENT, price_a=None if price_a is None else Decimal(price_a))
    assert decide.entries_to_cut([level], moment) == ([level] if cut else [])


@pytest.mark.parametrize(("secs", "cut"), [(29, False), (30, True), (-3600, True)])
def test_rest_of_an_entry_is_given_up_half_a_minute_after_its_last_fill(secs: int, cut: bool) -> None:  # noqa: FBT001
    """Behaviour 5.2; a wall clock that was put back does not hold it for an hour."""
    entry = an_order(filled_quantity=60, last_fill_at=NOW - timedelta(seconds=secs))
    level = a_level(order=entry)
    assert decide.entries_to_cut([level], replace(MOMENT, price_a=Decimal(49))) == ([level] if cut else [])


def test_whole_orders_and_targets_are_not_cut() -> None:
    """Behaviour 5.2: an entry that has not filled waits for its price, and a target's part is booked already."""
    entry = a_level(order=an_order())
    target = hedged(1, "118", order=an_order(role=Role.TARGET, filled_quantity=60))
    assert decide.entries_to_cut([entry, target], replace(MOMENT, price_a=Decimal(60))) == []


def test_superfluous_is_what_the_other_legs_fill_made_pointless() -> None:
    """Architecture 9, 10: the hedge after the target's fill, the target after the hedge's."""
    hedge_left = hedged(1, "118", target_traded=FILLED, oco_order=an_oco())
    target_left = hedged(2, "118", oco_filled=True, order=an_order(role=Role.TARGET))
    both_work = hedged(3, "118", order=an_order(role=Role.TARGET), oco_order=an_oco())
    assert decide.superfluous_orders([hedge_left, target_left, both_work, a_level(4)]) == [hedge_left, target_left]


def test_all_closed_waits_for_the_last_order() -> None:
    """Behaviour 1.5."""
    closed = a_level(1, closed=True)
    ending = hedged(2, "118", oco_filled=True, order=an_order(role=Role.TARGET))
    assert decide.all_closed([closed, replace(ending, order=None)])
    assert not decide.all_closed([closed, ending])
    assert not decide.all_closed([closed, a_level(3)])
