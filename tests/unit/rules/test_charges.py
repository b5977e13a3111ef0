"""What orders cost: the worked example to the paisa, each rate by its date, and what holds for all orders."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.models import Charges, Executed, Side
from tg1.rules.charges import (
    ALWAYS,
    FREE,
    Brokerage,
    ChargesPlan,
    Plans,
    Rate,
    Tariff,
    charges,
    note_charges,
    rate_on,
    square_off_fee,
    with_rate,
    without_dp,
)

TODAY = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 23)
DISCOUNT = Plans()
FLAT_MONTHLY = Plans(default=ChargesPlan(intraday=FREE, delivery=FREE))


def an_order(side: Side = Side.BUY, value: Decimal | str = "78720", **changes: object) -> Executed:
    """One intraday order over 100 shares."""
    order = Executed(
        day=TODAY, account="trade", symbol="SBIN", side=side, product="MIS", quantity=100, value=Decimal(value)
    )
    return replace(order, **changes)  # type: ignore[arg-type]


BOUGHT, SOLD = an_order(Side.BUY, "78720"), an_order(Side.SELL, "78770")


def paise(rupees: Decimal) -> str:
    """Rupees as a screen shows them."""
    return f"{rupees:.2f}"


def test_worked_example_comes_out_to_the_paisa() -> None:
    """Behaviour 15, charges.md: 100 shares bought at 787.20 and sold at 787.70 cost 75.15, part by part."""
    cost = charges([BOUGHT, SOLD], DISCOUNT)
    assert paise(cost.total) == "75.15"
    assert (cost.brokerage, paise(cost.stt), f"{cost.exchange:.3f}", f"{cost.sebi:.3f}") == (
        Decimal(40),
        "19.69",
        "4.835",
        "0.157",
    )
    assert (paise(cost.stamp), paise(cost.gst), cost.dp) == ("2.36", "8.10", Decimal(0))


def test_worked_example_without_brokerage() -> None:
    """Behaviour 15, charges.md: on a flat monthly plan the same trip costs 27.95."""
    cost = charges([BOUGHT, SOLD], FLAT_MONTHLY)
    assert (paise(cost.total), paise(cost.gst)) == ("27.95", "0.90")


def test_contract_note_rounds_tax_to_the_rupee_and_the_rest_to_paise() -> None:
    """Charges.md: 19.69 of tax is 20 on the note; exact and note differ by at most half a rupee a security."""
    note = note_charges([BOUGHT, SOLD], DISCOUNT)
    assert (note.stt, note.exchange, note.sebi, note.stamp, note.gst) == (
        Decimal(20),
        Decimal("4.83"),
        Decimal("0.16"),
        Decimal("2.36"),
        Decimal("8.10"),
    )
    assert note.total == Decimal("75.45")


def test_contract_note_rounds_tax_once_per_security_and_day() -> None:
    """Two sells of 19.69 tax each are 39.39 and round to 39 together, not to 20 each; another symbol is apart."""
    assert note_charges([SOLD, SOLD], DISCOUNT).stt == 39
    assert note_charges([SOLD, replace(SOLD, symbol="PNB")], DISCOUNT).stt == 40
    assert note_charges([SOLD, replace(SOLD, day=YESTERDAY)], DISCOUNT).stt == 40


@pytest.mark.parametrize(
    ("value", "expected"),
    [("10000", "3"), ("66666", "19.9998"), ("66667", "20"), ("78720", "20")],
    ids=["share", "just-below-the-cap", "cap", "above"],
)
def test_discount_brokerage_is_a_share_up_to_twenty_rupees(value: str, expected: str) -> None:
    """Charges.md: 0.03 % or ₹20 per executed order, whichever is less."""
    assert charges([an_order(value=value)], DISCOUNT).brokerage == Decimal(expected)


def test_brokerage_is_per_executed_order() -> None:
    """Charges.md: an order pays once however it filled; a target that was placed twice pays twice."""
    whole = an_order(Side.SELL, "200000")
    halves = replace(whole, quantity=50, value=Decimal(100000), orders=2)
    assert charges([whole], DISCOUNT).brokerage == 20
    assert charges([halves], DISCOUNT).brokerage == 40
    assert charges([halves], DISCOUNT).stt == charges([whole], DISCOUNT).stt


@pytest.mark.parametrize(
    ("brokerage", "expected"),
    [
        (Brokerage(rupees=Decimal(20)), "20"),
        (Brokerage(percent=Decimal("0.1")), "100"),
        (Brokerage(percent=Decimal("0.1"), rupees=Decimal(50)), "50"),
        (FREE, "0"),
    ],
    ids=["flat", "share", "lesser", "free"],
)
def test_brokerage_of_every_kind_of_plan(brokerage: Brokerage, expected: str) -> None:
    """A Findoc client may pay per order, by value, the lesser of both, or nothing."""
    plans = Plans(default=ChargesPlan(intraday=brokerage))
    assert charges([an_order(value="100000")], plans).brokerage == Decimal(expected)


def test_every_account_pays_by_its_own_plan() -> None:
    """Behaviour 15: brokerage is configurable, and three accounts may have three plans."""
    plans = Plans(by_account={"downside_oco": ChargesPlan(intraday=FREE)})
    assert charges([BOUGHT, replace(BOUGHT, account="downside_oco")], plans).brokerage == 20


def test_delivery_pays_tax_on_both_legs_and_no_brokerage() -> None:
    """Charges.md, delivery: 0.1 % of both legs, stamp 0.015 % of the buy; brokerage 0 on the discount plan."""
    cost = charges([replace(BOUGHT, product="CNC", day=YESTERDAY), replace(SOLD, product="CNC")], DISCOUNT)
    assert (cost.brokerage, cost.stt, cost.stamp) == (Decimal(0), Decimal("157.490"), Decimal("11.808"))


def test_shares_that_leave_the_demat_account_cost_once_a_day_with_gst() -> None:
    """Charges.md: the DP charge is per symbol and day, ₹13 and 18 % GST, and intraday has none."""
    cnc = replace(SOLD, product="CNC")
    once = charges([cnc, cnc], DISCOUNT)
    free = charges([cnc, cnc], Plans(default=ChargesPlan(dp_charge=Decimal(0))))
    assert (once.dp, once.gst - free.gst) == (Decimal(13), Decimal("2.34"))
    assert charges([cnc, replace(cnc, day=YESTERDAY)], DISCOUNT).dp == 26
    assert charges([cnc, replace(cnc, symbol="PNB")], DISCOUNT).dp == 26
    assert charges([cnc, replace(cnc, side=Side.BUY)], DISCOUNT).dp == 0
    assert charges([SOLD], DISCOUNT).dp == 0


def test_normal_product_is_intraday_when_closed_the_same_day_and_delivery_when_carried() -> None:
    """Charges.md: NRML in the cash segment."""
    bought, sold = replace(BOUGHT, product="NRML"), replace(SOLD, product="NRML")
    assert charges([bought, sold], DISCOUNT) == charges([BOUGHT, SOLD], DISCOUNT)
    carried = [replace(bought, day=YESTERDAY), sold]
    assert charges(carried, DISCOUNT) == charges([replace(one, product="CNC") for one in carried], DISCOUNT)


def test_normal_product_closed_in_part_is_split_by_shares() -> None:
    """Charges.md: of 100 bought and 25 sold, a quarter of the buy is intraday and all of the sale."""
    bought = replace(BOUGHT, product="NRML", value=Decimal(80000))
    sold = replace(SOLD, product="NRML", quantity=25, value=Decimal(20000))
    cost = charges([bought, sold], FLAT_MONTHLY)
    assert cost.stt == 20000 * Decimal("0.00025") + 60000 * Decimal("0.001")
    assert cost.stamp == 20000 * Decimal("0.00003") + 60000 * Decimal("0.00015")
    assert charges([bought, sold], DISCOUNT).brokerage == 5 + 6  # a quarter of 20, and 0.03 % of 20,000


def test_delivery_shares_squared_the_same_day_are_intraday_where_the_plan_says_so() -> None:
    """Some brokers net them; charges.md does not, which is the dearer reading and the default."""
    cnc = [replace(BOUGHT, product="CNC"), replace(SOLD, product="CNC")]
    netting = Plans(default=ChargesPlan(cnc_squared_is_intraday=True))
    assert charges(cnc, netting) == charges([BOUGHT, SOLD], DISCOUNT)
    assert charges(cnc, DISCOUNT).stt == Decimal("157.490")


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2024, 9, 30), "0.00325"),
        (date(2024, 10, 1), "0.00297"),
        (date(2026, 2, 28), "0.00297"),
        (date(2026, 3, 1), "0.00307"),
        (date(2030, 1, 1), "0.00307"),
    ],
)
def test_exchange_charge_follows_the_day(day: date, percent: str) -> None:
    """Charges.md: 0.00307 % from 1 March 2026, 0.00297 % from 1 October 2024, 0.00325 % before."""
    assert charges([an_order(value="100000", day=day)], DISCOUNT).exchange == 1000 * Decimal(percent)


def test_gst_is_on_brokerage_exchange_and_sebi_only() -> None:
    """Charges.md: tax and duty are outside."""
    cost = charges([BOUGHT, SOLD], DISCOUNT)
    assert cost.gst == Decimal("0.18") * (cost.brokerage + cost.exchange + cost.sebi)


def test_rate_of_the_user_holds_from_its_day_on() -> None:
    """Behaviour 15: every rate is configurable with its date; the user's word is the last."""
    table = with_rate(Tariff().exchange, Decimal("0.00004"), date(2025, 1, 1))
    assert [rate_on(table, day) for day in (date(2024, 12, 31), date(2025, 1, 1), date(2026, 6, 1))] == [
        Decimal("0.0000297"),
        Decimal("0.00004"),
        Decimal("0.00004"),
    ]


def test_day_before_a_tables_first_row_takes_that_row() -> None:
    """A table of the user's own may begin late."""
    assert rate_on((Rate(TODAY, Decimal("0.5"), "given"),), YESTERDAY) == Decimal("0.5")


def test_tables_are_in_order_and_marked() -> None:
    """Every rate of the tariff carries its date and its mark (charges.md)."""
    tariff = Tariff()
    for table in (getattr(tariff, one.name) for one in fields(tariff)):
        days = [rate.since for rate in table]
        assert days == sorted(days)
        assert days[0] == ALWAYS
        assert {rate.mark for rate in table} <= {"H", "M", "L"}


values = st.decimals("0", "5000000", places=2)
some_orders = st.lists(
    st.builds(
        Executed,
        day=st.sampled_from([TODAY, YESTERDAY, date(2024, 1, 2)]),
        account=st.sampled_from(["trade", "upside_oco"]),
        symbol=st.sampled_from(["IRFC", "SBIN"]),
        side=st.sampled_from(Side),
        product=st.just("MIS"),
        quantity=st.integers(1, 5000),
        value=values,
        orders=st.integers(1, 3),
    ),
    max_size=6,
)
products = st.sampled_from(["MIS", "CNC", "NRML"])


def statutory(cost: Charges) -> tuple[Decimal, ...]:
    """What the state, the exchange and SEBI take, but for the GST on brokerage."""
    return cost.stt, cost.exchange, cost.sebi, cost.stamp


@given(some_orders, products)
def test_no_part_is_ever_negative(executed: list[Executed], product: str) -> None:
    """Charges cost."""
    cost = charges([replace(one, product=product) for one in executed], DISCOUNT)
    assert all(getattr(cost, one.name) >= 0 for one in fields(cost))
    assert cost.total == sum(getattr(cost, one.name) for one in fields(cost))


@given(some_orders, some_orders)
def test_statutory_parts_and_brokerage_add_up_over_orders(first: list[Executed], second: list[Executed]) -> None:
    """Intraday orders cost together what they cost apart: nothing is charged between them."""
    together = charges([*first, *second], DISCOUNT)
    apart = charges(first, DISCOUNT) + charges(second, DISCOUNT)
    assert statutory(together) == statutory(apart)
    assert (together.brokerage, together.gst) == (apart.brokerage, apart.gst)


@given(values, values, st.sampled_from(Side), products)
def test_more_turnover_never_costs_less(one: Decimal, other: Decimal, side: Side, product: str) -> None:
    """Monotone below the cap and above it."""
    small, large = sorted((one, other))
    costs = [charges([an_order(side, product=product, value=value)], DISCOUNT).total for value in (small, large)]
    assert costs[0] <= costs[1]


@given(values, st.sampled_from(Side))
def test_below_the_cap_cost_is_proportional_to_turnover(value: Decimal, side: Side) -> None:
    """Twice the turnover costs twice as much while 0.03 % is less than ₹20."""
    value /= 200
    once = charges([an_order(side, value=value)], DISCOUNT).total
    assert charges([an_order(side, value=2 * value)], DISCOUNT).total == 2 * once


@given(products, st.sampled_from(Side), st.booleans())
def test_nothing_traded_costs_nothing(product: str, side: Side, flat: bool) -> None:  # noqa: FBT001  # a drawn value
    """Zero turnover, zero shares: no flat fee either."""
    plans = Plans(default=ChargesPlan(intraday=Brokerage(rupees=Decimal(20)))) if flat else DISCOUNT
    assert charges([an_order(side, product=product, quantity=0, value=Decimal(0))], plans).total == 0
    assert charges([], plans).total == 0


@given(some_orders, products)
def test_note_differs_by_half_a_rupee_a_security_at_most(executed: list[Executed], product: str) -> None:
    """Charges.md: what is shown is exact, and this is how far a contract note can be from it."""
    executed = [replace(one, product=product) for one in executed]
    securities = len({(one.account, one.symbol, one.day) for one in executed})
    notes = len({(one.account, one.day) for one in executed})
    gap = abs(note_charges(executed, DISCOUNT).total - charges(executed, DISCOUNT).total)
    assert gap <= securities * Decimal("0.5") + notes * 6 * Decimal("0.005")


def test_brokers_own_square_off_costs_fifty_rupees_and_gst() -> None:
    """Charges.md: about ₹59 an order; an account with a plan of its own pays that plan's, at the day's rate of GST."""
    assert square_off_fee("trade", TODAY, DISCOUNT) == Charges(brokerage=Decimal(50), gst=Decimal(9))
    dear = ChargesPlan(square_off_fee=Decimal(100), tariff=Tariff(gst=(Rate(TODAY, Decimal("0.05"), "given"),)))
    plans = Plans(by_account={"oco": dear})
    assert square_off_fee("oco", TODAY, plans) == Charges(brokerage=Decimal(100), gst=Decimal(5))
    assert square_off_fee("trade", TODAY, plans).total == 59
    older = (Rate(ALWAYS, Decimal("0.12"), "H"), Rate(TODAY, Decimal("0.18"), "H"))
    changed = Plans(default=ChargesPlan(tariff=Tariff(gst=older)))
    assert [square_off_fee("trade", day, changed).gst for day in (YESTERDAY, TODAY)] == [6, 9]


def test_plans_without_the_depositorys_charge_are_otherwise_the_same() -> None:
    """The DP charge is the day's, not a trip's; every account keeps its own brokerage."""
    own = ChargesPlan(intraday=FREE, dp_charge=Decimal(20))
    assert without_dp(
        Plans(default=ChargesPlan(delivery=Brokerage(rupees=Decimal(1))), by_account={"oco": own})
    ) == Plans(
        default=ChargesPlan(delivery=Brokerage(rupees=Decimal(1)), dp_charge=Decimal(0)),
        by_account={"oco": ChargesPlan(intraday=FREE, dp_charge=Decimal(0))},
    )


def test_rate_of_the_users_own_replaces_what_began_on_that_day_or_later() -> None:
    """His word is the last, and the table shows that it is his."""
    table = (Rate(ALWAYS, Decimal(1), "H"), Rate(YESTERDAY, Decimal(2), "H"), Rate(TODAY, Decimal(3), "M"))
    assert with_rate(table, Decimal(4), YESTERDAY) == (table[0], Rate(YESTERDAY, Decimal(4), "given"))


def test_half_a_rupee_of_tax_and_half_a_paisa_are_rounded_up() -> None:
    """Charges.md: tax to the nearest rupee, the rest to paise, a half upwards."""
    assert note_charges([an_order(Side.SELL, "2000")], FLAT_MONTHLY).stt == 1
    assert note_charges([an_order(Side.BUY, "1500")], FLAT_MONTHLY).stamp == Decimal("0.05")


def test_part_that_was_undone_on_the_day_is_intraday_and_the_rest_delivery() -> None:
    """Charges.md, NRML: 40 of 100 bought were sold again: 0.4 x 10 + 0.6 x 30 for the purchase, 10 for the sale."""
    plans = Plans(default=ChargesPlan(intraday=Brokerage(rupees=Decimal(10)), delivery=Brokerage(rupees=Decimal(30))))
    bought, sold = an_order(product="NRML"), an_order(Side.SELL, "31488", product="NRML", quantity=40)
    assert charges([bought, sold], plans).brokerage == 32
    kept = Plans(default=ChargesPlan(delivery=Brokerage(percent=Decimal("0.1"))))
    assert charges([replace(bought, product="CNC")], kept).brokerage == Decimal("78.72"), "of the order's own value"
