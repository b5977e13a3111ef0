"""Executed orders are counted once, kept small, and cost the same after any restart or day (behaviour 15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import GRID, a_level, a_state, an_execution, an_order, with_order
from tg1.models import Charges, ClosingOrder, Executed, Role, Side, TradeSide
from tg1.rules.charges import Brokerage, ChargesPlan, Plans, charges
from tg1.rules.ledger import Meter, charges_so_far, day_over, executed_by, trip_charges, trip_over

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

YESTERDAY = date(2026, 2, 13)
DISCOUNT = Plans()


def account_of(role: Role, _trade_side: object) -> str:
    """Two accounts."""
    return "oco" if role is Role.OCO else "trade"


def test_order_of_a_level_becomes_one_executed_order_of_the_trading_day() -> None:
    """Charges.md: an order counts once, with all that it traded, under its level's round trip."""
    order = an_order(filled_quantity=60, filled_value=Decimal(2940))
    assert executed_by(order, a_level(7), a_state(), "trade") == an_execution(
        "level0007", quantity=60, value=Decimal(2940)
    )


def test_finished_trips_are_counted_by_kind() -> None:
    """However long the day, like orders are one line of the state; a trip that goes on keeps its own."""
    executed = [an_execution(""), an_execution("a"), an_execution("a", Side.SELL), an_execution("b")]
    over = trip_over(executed, "a")
    assert over == [an_execution("", orders=2), an_execution("b"), an_execution("", Side.SELL)]
    assert over[1] is executed[3], "what a trip does not touch is not written anew"


def test_trip_costs_its_own_orders_without_the_depositorys_charge() -> None:
    """Charges.md: the DP charge is per symbol and day, so no single trip can own it."""
    executed = [
        an_execution("a", product="CNC", day=YESTERDAY),
        an_execution("a", Side.SELL, product="CNC"),
        an_execution("b", product="CNC"),
    ]
    cost = trip_charges(executed, "a", DISCOUNT)
    whole = charges(executed[:2], DISCOUNT)
    assert (cost.dp, whole.dp, whole.gst - cost.gst) == (Decimal(0), Decimal(13), Decimal("2.34"))
    assert (cost.stt, cost.stamp, cost.exchange) == (whole.stt, whole.stamp, whole.exchange)


def test_day_that_is_over_keeps_its_price_and_the_trips_that_go_on() -> None:
    """Behaviour 9.5, 15: a carried level's entry is charged once, yet its trip still knows it."""
    state = a_state(
        charges_before=Charges(), executed=[an_execution("level0001"), an_execution("gone"), an_execution()]
    )
    before, kept = day_over(state, DISCOUNT)
    assert before == charges([an_execution(orders=3)], DISCOUNT)
    assert kept == [an_execution("level0001")]
    state.charges_before, state.executed, state.trading_day = before, kept, date(2026, 2, 17)
    dearer = Plans(default=ChargesPlan(intraday=Brokerage(rupees=Decimal(500))))
    assert charges_so_far(state, account_of, dearer) == before
    assert trip_charges(state.executed, "level0001", DISCOUNT) == charges([an_execution()], DISCOUNT)


def test_plan_that_is_put_right_during_the_day_holds_for_the_whole_day() -> None:
    """A trader who finds the wrong brokerage on the screen restarts with the right one, and today is right."""
    state = a_state(level_count=0, charges_before=Charges(), executed=[an_execution(), an_execution("", Side.SELL)])
    free = Plans(default=ChargesPlan(intraday=Brokerage()))
    assert charges_so_far(state, account_of, DISCOUNT).brokerage == Decimal("2.94")
    assert charges_so_far(state, account_of, free).brokerage == 0


def test_hedges_pay_by_their_own_accounts_plan() -> None:
    """Behaviour 15: a partly filled hedge that still works is charged where it works."""
    hedge = an_order("H", role=Role.OCO, side=Side.SELL, symbol="SBIN", filled_quantity=20, filled_value=Decimal(2400))
    level = with_order(a_level(), hedge)
    plans = Plans(by_account={"oco": ChargesPlan(intraday=Brokerage(rupees=Decimal(7)))})
    assert (
        charges_so_far(
            a_state(charges_before=Charges(), executed=[], levels={level.uuid: level}), account_of, plans
        ).brokerage
        == 7
    )


def test_meter_reads_what_charges_so_far_reckons_and_reckons_anew_only_for_new_orders() -> None:
    """The same figure in every cycle: new orders, parts of working ones, a new day, a plan per account."""
    state, meter = a_state(levels={}, charges_before=Charges(), executed=[an_execution()]), Meter(DISCOUNT)
    read = [meter.so_far(state, account_of), meter.so_far(state, account_of)]
    assert read[0] == charges_so_far(state, account_of, DISCOUNT)
    assert read[1] == read[0]
    state.executed.append(an_execution("", Side.SELL))
    assert meter.so_far(state, account_of) == charges_so_far(state, account_of, DISCOUNT) != read[0]
    working = with_order(a_level(), an_order(filled_quantity=60, filled_value=Decimal(2940)))
    state.levels[working.uuid] = working
    assert meter.so_far(state, account_of) == charges_so_far(state, account_of, DISCOUNT)
    state.levels.clear()
    state.charges_before, state.executed = day_over(state, DISCOUNT)
    state.trading_day = date(2026, 2, 17)
    assert meter.so_far(state, account_of) == state.charges_before


def test_square_off_is_charged_once_on_its_own_day() -> None:
    """Behaviour 13, 15: closing orders belong to no level; the meter reads them, a night counts them no second time."""
    order = an_order("X", role=Role.CLOSE, side=Side.SELL, filled_quantity=100, filled_value=Decimal(4900))
    closing = ClosingOrder(account="trade", order=order, day=date(2026, 2, 16), is_over=True)
    state = a_state(levels={}, charges_before=Charges(), executed=[], closing=[closing])
    cost = charges([an_execution("", Side.SELL)], DISCOUNT)
    assert charges_so_far(state, account_of, DISCOUNT) == Meter(DISCOUNT).so_far(state, account_of) == cost
    state.charges_before, state.executed = day_over(state, DISCOUNT)
    state.trading_day = date(2026, 2, 17)
    assert charges_so_far(state, account_of, DISCOUNT) == Meter(DISCOUNT).so_far(state, account_of) == cost


some = st.lists(
    st.builds(
        an_execution,
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(Side),
        quantity=st.sampled_from([50, 100]),
        value=st.sampled_from([Decimal(4900), Decimal("4900.00"), Decimal(250_000)]),
        orders=st.integers(1, 3),
    ),
    max_size=12,
)


@given(some, st.sampled_from(["a", "b", "c"]))
def test_counting_by_kind_changes_no_charge(executed: list[Executed], trip: str) -> None:
    """The day costs what it cost before a trip was folded."""
    folded = trip_over(executed, trip)
    assert charges(folded, DISCOUNT) == charges(executed, DISCOUNT)
    assert sum(one.orders for one in folded) == sum(one.orders for one in executed)
    assert all(one.trip != trip for one in folded)


@given(some, some)
def test_a_restart_between_two_orders_changes_no_charge(first: list[Executed], second: list[Executed]) -> None:
    """Behaviour 15: charges are made from what the state holds, so it does not matter when they are asked for."""
    state = a_state(level_count=0, charges_before=Charges(), executed=[*first, *second])
    assert charges_so_far(state, account_of, DISCOUNT) == Charges() + charges([*first, *second], DISCOUNT)


def sided(role: Role, trade_side: TradeSide) -> str:
    """Three accounts (architecture 3)."""
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def test_part_of_a_working_hedge_pays_by_its_own_accounts_plan() -> None:
    """Behaviour 15: the account is that of the level's own side."""
    hedge = an_order(role=Role.OCO, side=Side.SELL, symbol="SBIN", filled_quantity=20, filled_value=Decimal(2360))
    state = a_state(levels={"one": a_level(oco_order=hedge)}, executed=[], charges_before=Charges())
    plans = Plans(by_account={"downside_oco": ChargesPlan(intraday=Brokerage(rupees=Decimal(7)))})
    assert charges_so_far(state, sided, plans).brokerage == 7


def test_square_off_pays_by_its_accounts_plan_and_nets_with_nothing_else() -> None:
    """Charges.md: the DP charge is per account and symbol; a close in the hedge's account is settled there."""
    close = an_order(
        "X", role=Role.CLOSE, side=Side.SELL, symbol="SBIN", filled_quantity=50, filled_value=Decimal(5900)
    )
    state = a_state(
        levels={},
        charges_before=Charges(),
        executed=[an_execution("", account="oco", product="CNC", quantity=50)],
        closing=[ClosingOrder(account="oco", order=close, day=date(2026, 2, 16))],
        grid=replace(GRID, product_type="CNC"),
    )
    plans = Plans(by_account={"oco": ChargesPlan(dp_charge=Decimal(20))})
    assert charges_so_far(state, account_of, plans).dp == 20, "IRFC bought does not undo SBIN sold"
    state.executed.append(an_execution("", account="oco", product="CNC", quantity=50, symbol="SBIN"))
    assert charges_so_far(state, account_of, plans).dp == 0, "SBIN bought does"


def test_trips_of_unlike_counts_are_counted_together() -> None:
    """However long the day, like orders are one line."""
    assert trip_over([an_execution("", orders=2), an_execution("a")], "a") == [an_execution("", orders=3)]


def test_meter_reckons_a_day_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quiet cycle is cheap: nothing is reckoned again for the same orders of the same day."""
    reckoned: list[int] = []

    def counting(executed: Iterable[Executed], plans: Plans) -> Charges:
        orders = list(executed)
        reckoned.append(len(orders))
        return charges(orders, plans)

    monkeypatch.setattr("tg1.rules.ledger.charges", counting)
    state, meter = a_state(levels={}, executed=[an_execution()]), Meter(DISCOUNT)
    for _ in range(3):
        meter.so_far(state, account_of)
    assert reckoned == [1]
    state.trading_day = YESTERDAY
    meter.so_far(state, account_of)
    assert reckoned == [1, 0]
    state.executed[0] = an_execution()
    meter.so_far(state, account_of)
    assert reckoned == [1, 0, 0]
