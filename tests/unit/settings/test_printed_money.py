"""What a trader sees of his money before he starts: every level's net, the spread that pays, the worst case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.support.states import GRID
from tg1.models import GridIdentity, TradeType
from tg1.rules.charges import DISCOUNT
from tg1.rules.grid import exact_rows
from tg1.rules.round_trips import losing
from tg1.settings.charges import plans_of
from tg1.settings.printed_money import money_blocks

SBIN = replace(
    GRID, token_a_symbol="SBIN", token_b_symbol="PNB", entry_price=Decimal("787.70"), steps=1, token_b_quantity=700
)


def printed(grid: GridIdentity, *said: str, price_b: str | None = None) -> str:
    """The blocks as text, what alarms between exclamation marks."""
    price = None if price_b is None else Decimal(price_b)
    return "\n\n".join(money_blocks(grid, exact_rows(grid), plans_of(said), price, lambda text: f"!{text}!"))


def test_every_level_has_gross_charges_and_net_and_losses_alarm() -> None:
    """Behaviour 15: a step of ₹0.50 on SBIN loses money, and that is what a user must see before he starts."""
    warning = losing(exact_rows(SBIN), SBIN, DISCOUNT, date(2026, 11, 24))
    assert warning is not None
    assert printed(SBIN).split("\n") == [
        "A round trip of 100 SBIN, in rupees",
        "(brokerage: 0.03 % of an order, at most 20; --charge changes it)",
        "  Level         Gross   Charges       Net",
        "!  S1            50.00     75.18    -25.18!",
        "!  B1            50.00     75.13    -25.13!",
        "Smallest --target-spread that pays: 0.76",
        f"!{warning.sentence}!",
        "",
        "Worst case, by account:",
        "  Trade: 100 SBIN bought for 78670.00",
        "  Trade: 100 SBIN sold for 78870.00",
        "  Downside OCO: 700 PNB sold; rupees unknown, since no price of PNB is given",
        "  Upside OCO: 700 PNB bought; rupees unknown, since no price of PNB is given",
        "  Margin: a fifth of it at least (SEBI, intraday); your broker may ask for more",
    ]
    assert all(len(line) <= 80 for line in printed(SBIN).splitlines() if "EVERY ROUND TRIP" not in line)


def test_grid_that_pays_alarms_nobody_and_knows_token_b_where_its_price_is_told() -> None:
    """IRFC around 50 with half a rupee to the target; SBIN at 120."""
    text = printed(GRID, price_b="120")
    assert "!" not in text
    assert "  S5            50.00" in text
    assert "Upside OCO: 250 SBIN bought, about 30000.00 at 120.00" in text


def test_delivery_shows_the_net_of_a_target_on_a_later_day() -> None:
    """Charges.md: shares that are kept overnight cost the depository's charge when a BUY level sells them."""
    lines = printed(replace(SBIN, product_type="CNC", target_spread=Decimal(5))).splitlines()
    assert lines[1].endswith("(brokerage: none; --charge changes it)")
    assert lines[2].split() == ["Level", "Gross", "Charges", "Net", "Next", "day"]
    (sell,) = [line.split() for line in lines if line.startswith("  S1")]
    (buy,) = [line.split() for line in lines if line.startswith("  B1")]
    assert Decimal(buy[3]) - Decimal(buy[4]) == Decimal("15.34")
    assert Decimal(sell[3]) - Decimal(sell[4]) == Decimal("15.34")
    assert "all of it" in lines[-1]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("brokerage=20", "brokerage: 20 an order"),
        ("brokerage=0", "brokerage: none"),
        ("brokerage=0.10%", "brokerage: 0.1 % of an order;"),
        ("upside-oco:brokerage=20", "brokerage: 0.03 % of an order, at most 20"),
    ],
)
def test_brokerage_that_is_reckoned_with_is_named(said: str, words: str) -> None:
    """A trader sees at once whose prices these are: the Trade account's."""
    assert words in printed(GRID, said)


def test_centre_that_is_not_known_yet_shows_round_trips_at_some_prices() -> None:
    """With --auto-entry the price is that of the start; the spread that pays depends on it."""
    lines = printed(replace(GRID, entry_price=Decimal(0))).splitlines()
    assert lines[2:4] == [
        "  Price         Gross   Charges       Net  Pays from",
        "  50.00         50.00      5.35     44.65       0.06",
    ]
    assert lines[8] == "!  2000.00       50.00    118.18    -68.18       1.19!"
    assert "  Trade: 500 IRFC bought" in lines


def test_spread_that_no_price_allows_is_left_out() -> None:
    """A target spread of ₹150 means nothing on a share of ₹100."""
    text = printed(replace(GRID, entry_price=Decimal(0), target_spread=Decimal(150)))
    assert "  100.00" not in text
    assert "  200.00" in text


def test_bot_without_hedges_has_one_account() -> None:
    """Architecture 5: buyts trades on the Trade account alone."""
    text = printed(replace(GRID, trade_type=TradeType.BUYTS, token_b_symbol=""))
    assert "OCO" not in text
    assert "500 IRFC sold" not in text
