"""What to do next, as pure questions: entries, targets, brackets, termination (behaviour 2, 6.3, 7, 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import GRID, NOW, a_level, a_state, an_order
from tg1.models import Backoff, LegOrder, OpenOrder, OrderSide, Role, Side, Traded, TradeSide, TradeType
from tg1.rules import decide
from tg1.rules.rejections import is_due

FILLED = Traded(quantity=100, value=Decimal(4900))
LATER = Backoff(rejections=3, retry_at=NOW + timedelta(seconds=4))
PAUSED = Backoff(rejections=5, retry_at=NOW, paused=True)


def hedged(number: int, price: str | None, **changes: object) -> OpenOrder:
    """A level whose entry filled, with its hedge price; older numbers are older hedges."""
    return a_level(
        number,
        order_side=OrderSide.TARGET,
        entry_traded=FILLED,
        oco_trade_price=None if price is None else Decimal(price),
        opened_seq=number,
        **changes,
    )


def an_oco(**changes: object) -> LegOrder:
    """A working hedge."""
    return an_order("TAGXXGENUD01O000", role=Role.OCO, side=Side.SELL, symbol="SBIN", quantity=50, **changes)


entry_levels = st.builds(
    a_level,
    st.integers(1, 40),
    trade_side=st.sampled_from(TradeSide),
    entry_price=st.integers(1, 30).map(Decimal),
    order=st.none() | st.just(an_order()),
    closed=st.booleans(),
    oco_filled=st.booleans(),
    order_side=st.sampled_from(OrderSide),
    backoff=st.sampled_from([Backoff(), LATER, PAUSED]),
)


@given(st.lists(entry_levels, max_size=14), st.integers(0, 4))
def test_entries_due_are_the_nearest_that_may_go_one_a_side(levels: list[OpenOrder], limit: int) -> None:
    """Behaviour 2.2, 2.3 against an oracle that sorts everything."""
    due = decide.entries_due(levels, NOW, limit)
    for side in TradeSide:
        mine = [lv for lv in levels if lv.trade_side is side and lv.order_side is OrderSide.ENTRY]
        mine = [lv for lv in mine if not lv.closed and not lv.oco_filled]
        free = [lv for lv in mine if lv.order is None and is_due(lv.backoff, NOW)]
        working = sum(lv.order is not None for lv in mine)
        chosen = [lv for lv in due if lv.trade_side is side]
        if not free or (limit and working >= limit):
            assert chosen == []
        else:
            best = (max if side is TradeSide.DOWNSIDE else min)(lv.entry_price for lv in free)
            assert [lv.entry_price for lv in chosen] == [best]
            assert chosen[0] in free


def test_every_target_that_is_ready_is_due_but_one_backing_off() -> None:
    """Behaviour 2.1, 8: only a rejection holds a target back."""
    ready, late = hedged(1, "118"), hedged(2, "118", backoff=LATER)
    placed = hedged(3, "118", order=an_order(role=Role.TARGET))
    gone = hedged(4, "118", oco_filled=True)
    assert decide.targets_due([ready, late, placed, gone, a_level(5)], NOW) == [ready]


def test_bracket_follows_the_architectures_algorithm() -> None:
    """Architecture 11, steps 2 and 3: lowest above, highest below (its drawing, with 125 for 123, differs)."""
    levels = [
        replace(hedged(number, price), trade_side=TradeSide.UPSIDE)
        for number, price in enumerate(("125", "123", "119", "116", "113"), start=1)
    ]
    found = {level.oco_trade_price for level in decide.bracket(levels, Decimal("120.50"))}
    assert found == {Decimal(123), Decimal(119)}


hedged_levels = st.builds(
    hedged,
    st.integers(1, 99),
    st.none() | st.integers(100, 112).map(str),
    oco_order=st.none()
    | st.builds(
        an_oco,
        filled_quantity=st.sampled_from([0, 0, 5]),
        cancel_sent=st.booleans(),
        order_id=st.sampled_from(["1", None]),
    ),
    oco_backoff=st.sampled_from([Backoff(), Backoff(), LATER, PAUSED]),
    oco_filled=st.sampled_from([False, False, False, True]),
)
prices = st.integers(100, 112).map(Decimal)


@given(st.lists(hedged_levels, max_size=9, unique_by=lambda lv: lv.opened_seq), prices)
def test_bracket_is_the_nearest_on_either_side(levels: list[OpenOrder], price: Decimal) -> None:
    """Architecture 11, behaviour 6.3, against brute force: highest at or below, lowest above, the older of equals."""
    fit = [lv for lv in levels if lv.oco_trade_price is not None and lv.is_open and not lv.oco_backoff.paused]
    below = [lv for lv in fit if lv.oco_trade_price is not None and lv.oco_trade_price <= price]
    above = [lv for lv in fit if lv.oco_trade_price is not None and lv.oco_trade_price > price]
    expected = [
        min(side, key=lambda lv: (abs((lv.oco_trade_price or price) - price), lv.opened_seq))
        for side in (below, above)
        if side
    ]
    found = decide.bracket(levels, price)
    assert sorted(lv.opened_seq for lv in found) == sorted(lv.opened_seq for lv in expected)
    assert decide.bracket(list(reversed(levels)), price) == found


@given(st.lists(hedged_levels, max_size=9, unique_by=lambda lv: lv.opened_seq), prices)
def test_plan_keeps_two_places_and_never_cancels_what_it_wants_or_what_filled(
    levels: list[OpenOrder], price: Decimal
) -> None:
    """Behaviour 6.3: orders being cancelled and in doubt take places; a partly filled one is never stale."""
    plan = decide.plan_ocos(levels, price, NOW)
    wanted = decide.bracket(levels, price)
    working = [lv for lv in levels if lv.oco_order is not None]
    assert len(plan.place) <= max(0, 2 - len(working))
    assert all(lv in wanted and lv.oco_order is None for lv in plan.place)
    for level in plan.cancel:
        assert level not in wanted
        assert level.oco_order is not None
        assert level.oco_order.filled_quantity == 0
        assert level.oco_order.order_id is not None


@given(st.lists(hedged_levels, max_size=9, unique_by=lambda lv: lv.opened_seq), prices)
def test_plan_settles_when_its_wishes_are_granted(levels: list[OpenOrder], price: Decimal) -> None:
    """Behaviour 6.3: with the price standing still the set does not flap."""
    calm = [replace(lv, oco_backoff=Backoff()) for lv in levels]
    for _ in range(6):
        plan = decide.plan_ocos(calm, price, NOW)
        if not plan.cancel and not plan.place:
            return
        cancelled = {lv.opened_seq for lv in plan.cancel}
        placed = {lv.opened_seq for lv in plan.place}
        assert not cancelled & placed
        calm = [
            replace(lv, oco_order=None)
            if lv.opened_seq in cancelled
            else replace(lv, oco_order=an_oco())
            if lv.opened_seq in placed
            else lv
            for lv in calm
        ]
    pytest.fail("the set of hedges flaps")


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
    reason = decide.termination_reason(state, same_oco_account=same, oco_stop_count=3, token_b_price=None)
    assert bool(reason) is expected
    if expected:
        assert reason == (
            f"OCO imbalance — upside_oco={up} downside_oco={down} steps=5: {up} hedges of SELL entries and {down} of "
            "BUY entries have filled, the market runs one way"
        )


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        pytest.param(TradeSide.DOWNSIDE, "118.00", True, id="sells-at-market"),
        pytest.param(TradeSide.DOWNSIDE, "117.95", True, id="sells-above-market"),
        pytest.param(TradeSide.DOWNSIDE, "118.05", False, id="sells-below-market"),
        pytest.param(TradeSide.UPSIDE, "118.00", True, id="buys-at-market"),
        pytest.param(TradeSide.UPSIDE, "118.05", True, id="buys-below-market"),
        pytest.param(TradeSide.UPSIDE, "117.95", False, id="buys-above-market"),
        pytest.param(TradeSide.DOWNSIDE, None, False, id="stale"),
    ],
)
def test_untriggered_hedges_terminate(side: TradeSide, price: str | None, expected: bool) -> None:  # noqa: FBT001
    """Architecture 13, condition 2; behaviour 7.3: never judged on a stale TokenB price."""
    levels = [replace(hedged(number, "118"), trade_side=side) for number in (1, 2, 3)]
    state = a_state(levels={level.uuid: level for level in levels}, downside_oco_net_count=0)
    token_b = None if price is None else Decimal(price)
    reason = decide.termination_reason(state, same_oco_account=False, oco_stop_count=3, token_b_price=token_b)
    assert bool(reason) is expected
    assert not decide.termination_reason(state, same_oco_account=False, oco_stop_count=4, token_b_price=token_b)


def test_bot_without_hedges_never_terminates_by_itself() -> None:
    """Architecture 5, 13: both conditions speak of OCO orders."""
    state = a_state(grid=replace(GRID, trade_type=TradeType.BUYTS), downside_oco_net_count=99)
    assert not decide.termination_reason(state, same_oco_account=False, oco_stop_count=1, token_b_price=Decimal(1))


@pytest.mark.parametrize(
    ("up", "down", "reached"), [(499, 499, False), (500, 0, True), (0, 500, True), (-500, 0, True)]
)
def test_max_quantity_is_reached_by_either_side_alone(up: int, down: int, reached: bool) -> None:  # noqa: FBT001
    """Architecture 12: |net| >= quantity x steps, 500 here."""
    assert decide.max_quantity_reached(a_state(upside_net_quantity=up, downside_net_quantity=down)) is reached


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
