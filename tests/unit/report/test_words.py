"""What is said of an order, of money and of a day."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.report.stories import HEDGE, LEVEL, OPEN, a_day, an_order
from tg1.report import words
from tg1.report.story import Fill


def test_order_that_filled_says_what_where_when_and_what_it_cost() -> None:
    """Every order on hover: level, role, side, shares, account, price, hours, charges."""
    order = an_order()
    assert words.title(order) == "B1 entry: BUY 100 IRFC, Trade"
    assert words.prices(order) == "limit 49.00"
    assert words.filled(order) == "bought 100 at 48.95, 09:16:40"
    assert words.ended(order) == "filled 09:16:40"
    assert words.charges(order) == "₹2.62"


def test_order_that_was_cancelled_says_why() -> None:
    """A hedge says its trigger and its limit, and whose doing its end was."""
    assert words.title(HEDGE) == "B1 hedge: SELL 50 SBIN, Downside OCO"
    assert words.prices(HEDGE) == "trigger 118.50, limit 117.90"
    assert words.filled(HEDGE) == "-"
    assert words.ended(HEDGE) == "cancelled 09:17:40: not next to TokenB's price any more"
    assert words.charges(HEDGE) == "-"


def test_order_that_filled_in_pieces_says_their_average() -> None:
    """Brokerage is per order, and so is its line."""
    pieces = (Fill(secs=OPEN + 5, quantity=40, price=Decimal("48.95")),)
    order = an_order(fills=(*pieces, Fill(secs=OPEN + 9, quantity=60, price=Decimal("49.00"))))
    assert words.filled(order) == "bought 100 at 48.98 in 2 pieces, 09:15:09"


def test_square_off_of_the_broker_has_no_limit() -> None:
    """It is drawn where it filled."""
    order = an_order(level="", role="square-off", limit=None)
    assert words.title(order) == "square-off: BUY 100 IRFC, Trade"
    assert words.prices(order) == "at the market"
    assert order.price == Decimal("48.95")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1234.5", "+₹1,234.50"), ("-0.004", "₹0.00"), ("-41.54", "-₹41.54"), ("0", "₹0.00")],
)
def test_gain_has_its_sign_and_its_currency(amount: str, shown: str) -> None:
    """What rounds to nothing has no sign."""
    assert words.gain(Decimal(amount)) == shown


def test_day_tells_its_net_first() -> None:
    """Behaviour 15: net, then its parts, then the worst that happened."""
    tiles = words.tiles(a_day())
    assert [name for name, _, _ in tiles] == [
        *("Net", "Realised", "Hedges filled", "Worst open loss", "Most money bound", "Held at the end")
    ]
    assert tiles[0] == ("Net", "+₹44.76", "gross +₹50.00 - charges ₹5.24")
    assert tiles[1][2] == "by 1 round trip, before charges"
    assert tiles[3] == ("Worst open loss", "-₹75.00", "at 09:16:00")
    assert tiles[4][1:] == ("₹10,820.00", "at 09:17:00: Trade ₹4,895.00, Downside OCO ₹5,925.00")
    assert tiles[5][1:] == ("+100 IRFC", "Stopped: session end")


def test_day_is_told_in_sentences() -> None:
    """How realised, what is open, and charges make the net (behaviour 15)."""
    told = words.account(a_day(), "IRFC", "SBIN")
    assert told == [
        "1 round trip earned +₹50.00.",
        "Charges took ₹5.24, which leaves +₹44.76.",
        (
            "At the end it held +100 IRFC in the Trade account, bought at 48.95, last 49.45. "
            "To close that costs charges, too."
        ),
    ]


def test_day_with_hedges_says_what_they_left_behind() -> None:
    """Realised alone would hide it."""
    closed = an_order(level="", role="square-off", limit=None)
    levels = (replace(LEVEL, hedges=2, trips=3),)
    day = a_day(levels=levels, realised=Decimal(150), held=(), orders=(closed, closed))
    assert words.account(day, "IRFC", "SBIN") == [
        "3 round trips earned +₹150.00.",
        "2 hedges filled. Each closed its level and left a position in IRFC and one in SBIN behind.",
        "These, and all else that no target closed, came to -₹100.00.",
        "Charges took ₹5.24, which leaves +₹44.76.",
        "The broker himself closed 2 positions, with a fee for each.",
    ]


def test_end_is_short_in_tables_and_whole_in_the_account() -> None:
    """A termination brings its reasons along."""
    end = "Terminated: OCO imbalance — upside_oco=0 downside_oco=5 steps=5: the market runs one way"
    assert words.short_end(end) == "Terminated: OCO imbalance"
    assert words.account(a_day(end=end), "IRFC", "SBIN")[-1] == f"How it ended: {end}."
    assert words.tiles(a_day(end=end))[5][2] == "Terminated: OCO imbalance"


def test_bot_without_a_hedge_has_no_figure_for_hedges() -> None:
    """It has none to fill."""
    assert "Hedges filled" not in [name for name, _, _ in words.tiles(a_day(price_b=None))]


def test_what_is_not_modelled_is_said() -> None:
    """The queue, one's own weight, the other side's depth, and margin that is never refused."""
    text = " ".join(words.NOT_MODELLED)
    assert all(word in text for word in ("queue", "weight", "depth", "margin"))
