"""What is said of an order, of money and of a day."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.report.stories import HEDGE, OPEN, a_day, an_order
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
    assert tiles[5][1:] == ("Trade +100 IRFC at 48.95, last 49.45", "Stopped: session end")


def test_what_is_not_modelled_is_said() -> None:
    """The queue, one's own weight, the other side's depth, and margin that is never refused."""
    text = " ".join(words.NOT_MODELLED)
    assert all(word in text for word in ("queue", "weight", "depth", "margin"))
