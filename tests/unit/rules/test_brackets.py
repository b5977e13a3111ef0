"""Which hedges work in the market, in which order, and for how much (architecture 11, behaviour 6.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.level_life import RULES
from tests.support.states import NOW, an_order, hedged
from tg1.models import Backoff, LegOrder, OcoOrderType, OpenOrder, Role, Side, Traded, TradeSide
from tg1.rules.brackets import OcoPlan, is_oversized, plan_ocos

LATER = Backoff(rejections=3, retry_at=NOW + timedelta(seconds=4))


def an_oco(**changes: object) -> LegOrder:
    """A working hedge."""
    values: dict[str, object] = {"role": Role.OCO, "side": Side.SELL, "symbol": "SBIN", "quantity": 50, **changes}
    return an_order("TAGXXGENUD01O000", **values)


def working(number: int, price: str, **changes: object) -> OpenOrder:
    """A level whose hedge is in the market."""
    return hedged(number, price, oco_order=an_oco(**changes))


def planned(levels: list[OpenOrder], price_b: str, kind: OcoOrderType = OcoOrderType.STOP_LIMIT) -> tuple[str, str]:
    """The OCO prices of what is placed and of what is cancelled, in order."""
    plan = plan_ocos(levels, replace(RULES, oco_order_type=kind), Decimal(price_b), NOW)
    return _prices(plan.place), _prices(level for level, _ in plan.cancel)


def _prices(levels: object) -> str:
    return " ".join(str(level.oco_trade_price) for level in levels)  # type: ignore[attr-defined]


def test_bracket_is_the_architectures_when_nothing_was_missed() -> None:
    """Architecture 11, steps 2 and 3: lowest above, highest below (its drawing, with 125 for 123, differs)."""
    levels = [
        replace(hedged(number, price), trade_side=TradeSide.UPSIDE)
        for number, price in enumerate(("125", "123", "119", "116", "113"), start=1)
    ]
    assert planned(levels, "120.50") == ("119 123", "")


@pytest.mark.parametrize(
    ("levels", "price_b", "placed", "cancelled"),
    [
        pytest.param([hedged(1, "118"), hedged(2, "116")], "120", "118", "", id="one-waits-at-a-time"),
        pytest.param([hedged(1, "118"), hedged(2, "116")], "118", "118 116", "", id="reached-counts-as-passed"),
        pytest.param([hedged(3, "118"), hedged(1, "118"), hedged(2, "118")], "118", "118 118", "", id="equal-prices"),
        pytest.param(
            [hedged(1, "118.0"), hedged(2, "118.2"), hedged(3, "118.4"), hedged(4, "116")],
            "117.9",
            "118.0 118.2",
            "",
            id="passed-and-payable-before-waiting",
        ),
        pytest.param(
            [hedged(1, "122"), hedged(2, "124"), hedged(3, "116")], "118", "122 116", "", id="waiting-before-behind"
        ),
        pytest.param(
            [hedged(1, "122"), hedged(2, "124"), hedged(3, "126")], "118", "122 124", "", id="behind-when-nothing-else"
        ),
        pytest.param(
            [working(1, "122"), working(2, "124"), hedged(3, "116")], "118", "", "124", id="waiting-displaces-behind"
        ),
        pytest.param(
            [working(1, "122"), working(2, "124"), hedged(3, "118.1")], "118", "", "124", id="nearest-displaces-behind"
        ),
        pytest.param([working(1, "116"), working(2, "114")], "118", "", "114", id="only-the-nearest-waits"),
        pytest.param(
            [working(1, "116"), hedged(2, "118.1"), hedged(3, "118.2")], "118", "118.1", "", id="waiting-is-not-evicted"
        ),
        pytest.param(
            [working(1, "122"), working(2, "124", filled_quantity=5), hedged(3, "116")],
            "118",
            "",
            "",
            id="partly-filled",
        ),
        pytest.param(
            [working(1, "122"), working(2, "124", order_id=None), hedged(3, "116")], "118", "", "", id="in-doubt"
        ),
        pytest.param(
            [hedged(1, "118", oco_backoff=LATER), hedged(2, "118.1")], "118", "118.1", "", id="backing-off-holds-nobody"
        ),
        pytest.param([hedged(1, None), hedged(2, "118", oco_filled=True)], "118", "", "", id="nothing-to-hedge"),
        pytest.param(
            [hedged(1, "118", oco_traded=Traded(quantity=50, value=Decimal(5900)))], "118", "", "", id="needs-no-more"
        ),
    ],
)
def test_places_go_to_the_passed_the_waiting_and_the_stuck(
    levels: list[OpenOrder], price_b: str, placed: str, cancelled: str
) -> None:
    """Behaviour 6.3: nearest first, a passed one as soon as a place is free, a stuck one gives way."""
    assert planned(levels, price_b) == (placed, cancelled)


@pytest.mark.parametrize(
    ("price_b", "placed"),
    [
        pytest.param("118.05", "118.00", id="a-tick-ahead-of-the-nearest"),
        pytest.param("118.00", "118.00 116.00", id="at-the-nearest"),
        pytest.param("117.95", "118.00 116.00", id="a-tick-beyond"),
    ],
)
def test_hedge_is_passed_from_its_own_price_on(price_b: str, placed: str) -> None:
    """Behaviour 6.3: one that waits keeps the next one waiting, one that is passed does not."""
    assert planned([hedged(1, "118.00"), hedged(2, "116.00")], price_b) == (placed, "")


@pytest.mark.parametrize(
    ("price_b", "placed"),
    [
        pytest.param("117.90", "118.00 118.50", id="limit-at-the-market"),
        pytest.param("117.85", "118.00 117.50", id="limit-a-tick-behind"),
    ],
)
def test_hedge_is_payable_up_to_its_limit(price_b: str, placed: str) -> None:
    """Behaviour 6.1, 6.3: SELL 118.50 has its limit at 117.90; beyond it, it gives way to the one that waits."""
    assert planned([hedged(1, "118.00"), hedged(2, "118.50"), hedged(3, "117.50")], price_b) == (placed, "")


def test_hedge_of_one_share_is_a_hedge() -> None:
    """Behaviour 6.3: max(1, …), and what is left may be a single share."""
    almost = Traded(quantity=49, value=Decimal(5800))
    assert planned([hedged(1, "118", oco_traded=almost)], "118") == ("118", "")


def test_hedges_behind_the_market_do_not_take_each_others_places() -> None:
    """Behaviour 6.3: TokenB is far below all three, so none fills before another; changing places would only flap."""
    assert planned([working(1, "118"), working(2, "120"), hedged(3, "119")], "110") == ("", "")


def test_plain_limits_turn_over_beside_one_that_is_stuck() -> None:
    """Behaviour 6.2, 6.3: a limit hedge ahead of the market fills at once; one behind it must not block the rest."""
    levels = [working(1, "122"), hedged(2, "124"), hedged(3, "116"), hedged(4, "114")]
    assert planned(levels, "118", OcoOrderType.LIMIT) == ("116", "")


hedged_levels = st.builds(
    hedged,
    st.integers(1, 99),
    st.none() | st.decimals(100, 112, places=1).map(str),
    oco_order=st.none()
    | st.builds(
        an_oco,
        filled_quantity=st.sampled_from([0, 0, 5]),
        cancel_sent=st.booleans(),
        order_id=st.sampled_from(["1", None]),
    ),
    oco_backoff=st.sampled_from([Backoff(), Backoff(), LATER]),
    oco_filled=st.sampled_from([False, False, False, True]),
    trade_side=st.sampled_from(TradeSide),
)
prices = st.decimals(100, 112, places=1)
kinds = st.sampled_from(OcoOrderType)
grids = st.lists(hedged_levels, max_size=9, unique_by=(lambda lv: lv.opened_seq, lambda lv: lv.uuid)).map(
    lambda levels: [lv for lv in levels if lv.trade_side is levels[0].trade_side]
)


def plan_of(levels: list[OpenOrder], price: Decimal, kind: OcoOrderType) -> OcoPlan:
    """The plan under the rules of the example."""
    return plan_ocos(levels, replace(RULES, oco_order_type=kind), price, NOW)


@given(grids, prices, kinds)
def test_plan_keeps_two_places_and_moves_nothing_that_filled_or_is_in_doubt(
    levels: list[OpenOrder], price: Decimal, kind: OcoOrderType
) -> None:
    """Behaviour 6.3: orders being cancelled and in doubt take places; a partly filled one is never stale."""
    plan = plan_of(levels, price, kind)
    taken = [lv for lv in levels if lv.oco_order is not None]
    assert len(plan.place) <= max(0, 2 - len(taken))
    assert all(lv.oco_order is None and lv.is_open and lv.oco_trade_price is not None for lv in plan.place)
    for level, _ in plan.cancel:
        assert level.is_open
        assert level.oco_order is not None
        assert level.oco_order.filled_quantity == 0
        assert level.oco_order.order_id is not None


def test_third_order_in_the_market_leaves_no_place_for_a_fourth() -> None:
    """Behaviour 6.3: three hedges work (one was taken back from a book) and two more are passed: nothing is placed."""
    levels = [working(number, price) for number, price in enumerate(("119", "118.5", "118"), start=1)]
    levels += [hedged(number, price) for number, price in enumerate(("119.5", "120"), start=4)]
    placed, _ = planned(levels, "118.2")
    assert placed == ""


@given(grids, prices, kinds)
def test_a_free_place_never_stays_empty_while_a_passed_hedge_needs_it(
    levels: list[OpenOrder], price: Decimal, kind: OcoOrderType
) -> None:
    """Behaviour 6.3: every hedge whose price TokenB has passed gets its order as soon as a place is free."""
    plan = plan_of(levels, price, kind)
    taken = [lv for lv in levels if lv.oco_order is not None]
    passed = [
        lv
        for lv in levels
        if lv.oco_trade_price is not None
        and lv.is_open
        and lv.oco_order is None
        and lv.oco_backoff != LATER
        and (lv.oco_trade_price - price) * lv.oco_trade_direction.sign <= 0
    ]
    assert len(plan.place) >= min(len(passed), max(0, 2 - len(taken)))
    if passed and plan.place:
        nearest = min(passed, key=lambda lv: abs((lv.oco_trade_price or price) - price))
        distance = abs((nearest.oco_trade_price or price) - price)
        known = [lv for lv in taken if lv.oco_trade_price is not None and lv.is_open]
        nearer = [lv for lv in known if abs((lv.oco_trade_price or price) - price) <= distance]
        assert nearer or plan.place[0].oco_trade_price == nearest.oco_trade_price


@given(grids, prices, kinds)
@example([working(1, "105.0"), working(2, "107.0"), hedged(3, "101.0")], Decimal("103.0"), OcoOrderType.STOP_LIMIT)
def test_plan_settles_when_its_wishes_are_granted(levels: list[OpenOrder], price: Decimal, kind: OcoOrderType) -> None:
    """Behaviour 6.3: with the price standing still the set does not flap."""
    calm = [replace(lv, oco_backoff=Backoff()) for lv in levels]
    for _ in range(8):
        plan = plan_of(calm, price, kind)
        if not plan.cancel and not plan.place:
            return
        cancelled = {lv.uuid for lv, _ in plan.cancel}
        placed = {lv.uuid for lv in plan.place}
        assert not cancelled & placed
        calm = [
            replace(lv, oco_order=None)
            if lv.uuid in cancelled
            else replace(lv, oco_order=an_oco())
            if lv.uuid in placed
            else lv
            for lv in calm
        ]
    pytest.fail("the set of hedges flaps")


@given(grids, prices, kinds)
def test_plan_does_not_depend_on_the_order_of_the_levels(
    levels: list[OpenOrder], price: Decimal, kind: OcoOrderType
) -> None:
    """Behaviour 6.3: of equal prices the older level wins, wherever it stands in the grid."""
    there, back = plan_of(levels, price, kind), plan_of(list(reversed(levels)), price, kind)
    assert there.place == back.place
    assert {lv.uuid for lv, _ in there.cancel} == {lv.uuid for lv, _ in back.cancel}


def a_target(**changes: object) -> LegOrder:
    """The level's target, 100 shares."""
    return an_order("TAGXXGENUD01T000", role=Role.TARGET, side=Side.SELL, **changes)


SOLD = Traded(quantity=90, value=Decimal(4455))
A_MINUTE_AGO, JUST_NOW = NOW - timedelta(seconds=60), NOW - timedelta(seconds=59)


@pytest.mark.parametrize(
    ("order", "placed_at", "oversized"),
    [
        pytest.param(a_target(filled_quantity=90, first_fill_at=JUST_NOW), A_MINUTE_AGO, False, id="target-works"),
        pytest.param(a_target(filled_quantity=90, first_fill_at=A_MINUTE_AGO), A_MINUTE_AGO, True, id="for-a-minute"),
        pytest.param(a_target(filled_quantity=90, first_fill_at=A_MINUTE_AGO), JUST_NOW, False, id="hedge-is-new"),
        pytest.param(None, JUST_NOW, True, id="target-ended"),
        pytest.param(a_target(quantity=10), JUST_NOW, True, id="next-target-placed"),
    ],
)
def test_hedge_for_more_than_is_open_is_replaced(
    order: LegOrder | None,
    placed_at: object,
    oversized: bool,  # noqa: FBT001
) -> None:
    """Behaviour 6.3: left alone while the target works, replaced when it ended partly filled or for 60 s has been."""
    level = replace(working(1, "118", placed_at=placed_at), target_traded=SOLD, order=order)
    assert is_oversized(level, NOW) is oversized
    plan = plan_ocos([level], RULES, Decimal(120), NOW)
    assert [lv.uuid for lv, _ in plan.cancel] == ([level.uuid] if oversized else [])


def test_hedge_that_fits_is_left_alone() -> None:
    """Behaviour 6.3: what the hedge still works for is what the level still needs, after fills on both sides, too."""
    whole = working(1, "118", placed_at=A_MINUTE_AGO)
    part = replace(
        working(2, "118", filled_quantity=20, placed_at=A_MINUTE_AGO), oco_traded=Traded(quantity=20, value=Decimal(1))
    )
    assert not is_oversized(whole, NOW)
    assert not is_oversized(part, NOW)


def test_hedge_in_doubt_and_level_without_a_hedge_are_not_too_large() -> None:
    """Behaviour 6.3: nobody knows whether the order exists, so there is nothing to replace yet."""
    sure, doubtful = (replace(working(1, "118", order_id=name), target_traded=SOLD) for name in ("1", None))
    assert is_oversized(sure, NOW)
    assert not is_oversized(doubtful, NOW)
    assert not is_oversized(replace(sure, oco_order=None), NOW)
    assert not is_oversized(replace(sure, oco_filled=True), NOW)
