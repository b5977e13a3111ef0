"""What a level would earn: the number that a trader must see before he starts (behaviour 15, charges.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import GRID
from tg1.models import PAISA, GridIdentity, Side, TradeType
from tg1.rules.charges import DISCOUNT, FREE, Brokerage, ChargesPlan
from tg1.rules.grid import exact_rows
from tg1.rules.round_trips import Losing, Trade, least_paying_spread, losing, paying_spread, round_trip, trade_of

SBIN = Trade(side=Side.BUY, entry_price=Decimal("787.20"), quantity=100, product="MIS", day=date(2026, 11, 24))
FLAT_MONTHLY = ChargesPlan(intraday=FREE)


def test_half_a_rupee_on_sbin_loses_money() -> None:
    """Charges.md's worked example: gross 50.00, charges 75.15, net -25.15."""
    trip = round_trip(SBIN, Decimal("0.50"), DISCOUNT)
    assert (trip.gross, f"{trip.charges.total:.2f}", f"{trip.net:.2f}") == (Decimal("50.00"), "75.15", "-25.15")


def test_sell_entry_is_bought_back_below() -> None:
    """The mirror of the worked example: sold at 787.70, bought back at 787.20, costs and earns the same."""
    sold = replace(SBIN, side=Side.SELL, entry_price=Decimal("787.70"))
    assert round_trip(sold, Decimal("0.50"), DISCOUNT) == round_trip(SBIN, Decimal("0.50"), DISCOUNT)


@pytest.mark.parametrize(
    ("plan", "expected"), [(DISCOUNT, "0.76"), (FLAT_MONTHLY, "0.28")], ids=["discount", "no-brokerage"]
)
def test_least_spread_that_pays(plan: ChargesPlan, expected: str) -> None:
    """75.15 on 100 shares need 76 paise, since the sale at the higher price is taxed a little more; 27.95 need 28."""
    assert least_paying_spread(SBIN, plan) == Decimal(expected)


def test_no_spread_pays_where_the_fee_is_larger_than_the_price() -> None:
    """One share sold at ₹5 can't earn two flat fees of ₹20."""
    tiny = replace(SBIN, side=Side.SELL, entry_price=Decimal(5), quantity=1)
    assert least_paying_spread(tiny, ChargesPlan(intraday=Brokerage(rupees=Decimal(20)))) is None
    assert least_paying_spread(replace(tiny, entry_price=Decimal("0.01")), DISCOUNT) is None


def test_delivery_that_is_kept_overnight_pays_the_depository() -> None:
    """Charges.md: the shares of a BUY leave the demat account when the target sells them on another day."""
    cnc = replace(SBIN, product="CNC")
    assert round_trip(cnc, Decimal(5), DISCOUNT).charges.dp == 0
    assert round_trip(replace(cnc, overnight=True), Decimal(5), DISCOUNT).charges.dp == 13


def test_spread_of_a_buy_is_looked_for_up_to_ten_times_its_price() -> None:
    """One share with two fees of ₹20 and GST needs ₹47.22: from ₹5 that is no more than tenfold, from ₹4.50 it is."""
    one = replace(SBIN, quantity=1)
    plan = ChargesPlan(intraday=Brokerage(rupees=Decimal(20)))
    assert least_paying_spread(replace(one, entry_price=Decimal(5)), plan) == Decimal("47.22")
    assert least_paying_spread(replace(one, entry_price=Decimal("4.50")), plan) is None


def test_sale_may_be_bought_back_at_a_paisa() -> None:
    """Sold at two paise the only spread is one paisa, and it pays."""
    two_paise = replace(SBIN, side=Side.SELL, entry_price=Decimal("0.02"))
    assert least_paying_spread(two_paise, FLAT_MONTHLY) == Decimal("0.01")


@pytest.mark.parametrize(("entered", "exchange"), [(date(2026, 2, 27), "2.97"), (date(2026, 2, 28), "3.02")])
def test_target_of_the_next_day_pays_the_next_days_rates(entered: date, exchange: str) -> None:
    """Charges.md: the exchange takes 0.00297 % until February 2026 and 0.00307 % from the first of March."""
    trade = replace(SBIN, entry_price=Decimal(500), product="CNC", day=entered, overnight=True)
    free = round_trip(trade, Decimal(0), DISCOUNT)
    assert f"{free.charges.exchange:.2f}" == exchange


BREAK_EVEN = ChargesPlan(intraday=Brokerage(rupees=Decimal("551.3707265")))
"""With this fee 5,900 SBIN bought at 787.20 earn nothing at all at a spread of 0.50: 2,950.00 less 2,950.00."""


def test_round_trip_that_nets_nothing_does_not_pay() -> None:
    """Behaviour 15: a start whose round trip nets 0 or less says so."""
    trade = replace(SBIN, quantity=5900)
    assert round_trip(trade, Decimal("0.50"), BREAK_EVEN).net == 0
    assert least_paying_spread(trade, BREAK_EVEN) == Decimal("0.51")
    narrow = sbin_grid(
        trade_type=TradeType.BUYTS,
        entry_price=Decimal("787.30"),
        spread=Decimal("0.10"),
        token_a_quantity=5900,
        target_spread=Decimal("0.50"),
    )
    warning = found(narrow, BREAK_EVEN)
    assert warning is not None
    assert (warning.bad, warning.levels, warning.worst.net) == (1, 2, Decimal(0))
    assert warning.headline == "1 OF 2 LEVELS LOSE MONEY (net +0.00): --target-spread 0.51 would pay"


def test_no_spread_pays_at_every_level_when_one_side_can_never_pay() -> None:
    """A BUY at ₹4.90 may earn its fees tenfold higher; a SELL at ₹5.10 can't fall below nothing."""
    grid = sbin_grid(entry_price=Decimal(5), spread=Decimal("0.10"), steps=1, token_a_quantity=1)
    plan = ChargesPlan(intraday=Brokerage(rupees=Decimal(19)))
    both, buys = (
        paying_spread(exact_rows(each), each, plan, date(2026, 11, 24))
        for each in (grid, replace(grid, trade_type=TradeType.BUYOCOTS))
    )
    assert (both, buys) == (None, Decimal("44.86"))


@pytest.mark.parametrize("overnight", [False, True])
def test_level_trades_what_its_row_and_its_grid_say(overnight: bool) -> None:  # noqa: FBT001
    """Architecture 4: its side and price are the row's, quantity and product the grid's."""
    grid = sbin_grid(product_type="CNC")
    trade = Trade(
        side=Side.BUY,
        entry_price=Decimal(786),
        quantity=100,
        product="CNC",
        day=date(2026, 11, 24),
        overnight=overnight,
    )
    row = exact_rows(grid)[0]
    assert trade_of(row, grid, date(2026, 11, 24), overnight=overnight) == trade
    assert overnight or trade_of(row, grid, date(2026, 11, 24)) == trade


def test_large_grid_that_loses_everywhere_says_every() -> None:
    """Three hundred levels are as many as three hundred."""
    assert sentence(sbin_grid(steps=150, spread=Decimal("0.05"))).startswith("EVERY ROUND TRIP LOSES MONEY")


@given(
    st.builds(
        Trade,
        side=st.sampled_from(Side),
        entry_price=st.decimals("1", "5000", places=2),
        quantity=st.integers(1, 2000),
        product=st.sampled_from(["MIS", "CNC", "NRML"]),
        day=st.just(date(2026, 11, 24)),
        overnight=st.booleans(),
    ),
    st.sampled_from([DISCOUNT, FLAT_MONTHLY, ChargesPlan(intraday=Brokerage(percent=Decimal("0.1")))]),
)
def test_least_spread_pays_and_a_paisa_less_does_not(trade: Trade, plan: ChargesPlan) -> None:
    """For every trade: its own spread nets more than nothing, the next smaller one does not."""
    least = least_paying_spread(trade, plan)
    if least is not None:
        assert round_trip(trade, least, plan).net > 0
        assert round_trip(trade, least - Decimal("0.01"), plan).net <= 0


def sbin_grid(**changes: object) -> GridIdentity:
    """Two levels a side of 100 SBIN around 787, half a rupee to the target."""
    grid = replace(GRID, token_a_symbol="SBIN", token_b_symbol="PNB", entry_price=Decimal(787), steps=2)
    return replace(grid, **changes)  # type: ignore[arg-type]


def found(grid: GridIdentity, plan: ChargesPlan = DISCOUNT) -> Losing | None:
    """What a start with this grid finds."""
    return losing(exact_rows(grid), grid, plan, date(2026, 11, 24))


def sentence(grid: GridIdentity, plan: ChargesPlan = DISCOUNT) -> str:
    """What a start with this losing grid says."""
    warning = found(grid, plan)
    assert warning is not None
    assert len(warning.headline) <= 80
    return warning.sentence


def test_start_whose_round_trips_lose_money_says_so_with_the_spread_that_pays() -> None:
    """Behaviour 15: what a user must see before he starts, with the way out."""
    assert sentence(sbin_grid()) == (
        "EVERY ROUND TRIP LOSES MONEY: 100 SBIN at a target spread of 0.50 bring 50.00 and cost up to 75.19 in "
        "charges, net -25.19; the smallest --target-spread that pays at every level is 0.76"
    )


def test_start_whose_round_trips_pay_says_nothing() -> None:
    """A paisa more than the smallest spread that pays is enough for every level."""
    assert found(sbin_grid(target_spread=Decimal("0.76"))) is None
    assert found(sbin_grid(), FLAT_MONTHLY) is None


def test_screen_shows_the_loss_in_one_line() -> None:
    """The ladder has 80 columns."""
    warning = found(sbin_grid())
    assert warning is not None
    assert warning.headline == "EVERY ROUND TRIP LOSES MONEY (net -25.19): --target-spread 0.76 would pay"


def test_some_levels_may_lose_and_others_pay() -> None:
    """Charges grow with the price, so the upper levels lose first."""
    text = sentence(sbin_grid(spread=Decimal(300), target_spread=Decimal("0.70")))
    assert text.startswith("2 OF 4 LEVELS LOSE MONEY")


def test_quantity_that_can_never_pay_is_named() -> None:
    """One share at ₹5 against two fees of ₹20."""
    tiny = sbin_grid(entry_price=Decimal(5), spread=Decimal(1), token_a_quantity=1, trade_type=TradeType.SELLOCOTS)
    plan = ChargesPlan(intraday=Brokerage(rupees=Decimal(20)))
    assert sentence(tiny, plan).endswith("no --target-spread pays at this quantity and brokerage")


@given(
    st.sampled_from(["MIS", "CNC", "NRML"]),
    st.decimals("20", "3000", places=2),
    st.integers(1, 500),
    st.sampled_from([DISCOUNT, FLAT_MONTHLY]),
)
def test_spread_that_pays_everywhere_pays_at_every_level(
    product: str, centre: Decimal, quantity: int, plan: ChargesPlan
) -> None:
    """The highest level of each side decides: with its spread no level loses, with a paisa less one does."""
    grid = sbin_grid(entry_price=centre, product_type=product, token_a_quantity=quantity)
    rows, day = exact_rows(grid), date(2026, 11, 24)
    spread = paying_spread(rows, grid, plan, day)
    if spread is not None:
        nets = [
            [round_trip(trade_of(row, grid, day), each, plan).net for row in rows] for each in (spread, spread - PAISA)
        ]
        assert min(nets[0]) > 0
        assert min(nets[1]) <= 0
