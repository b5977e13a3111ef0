"""A trader reads his net first, signed shares per account, and the truth about prices (behaviour 15)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.states import NOW
from tg1.models import Charges, LastPrice, Position, Quote, Statement, Traded
from tg1.screen.money import (
    age_text,
    charges_text,
    counted,
    net_text,
    parts_text,
    position_text,
    signed,
    squared_off_text,
    summary,
)


def traded(quantity: int, price: str) -> Traded:
    """Shares at one price."""
    return Traded(quantity=quantity, value=quantity * Decimal(price))


def quote(symbol: str, price: str, *, fresh: bool = True, age_secs: float = 0.4) -> Quote:
    """The last price of a symbol."""
    return Quote(symbol=symbol, price=Decimal(price), age_secs=age_secs, fresh=fresh)


LONG = Position(account="trade", symbol="IRFC", long=traded(200, "48.50"))
HEDGE = Position(account="downside_oco", symbol="SBIN", short=traded(50, "118.50"))
FLAT = Position(account="trade", symbol="IRFC", long=traded(100, "49"), short=traded(100, "51"))
COST = Charges(brokerage=Decimal(40), stt=Decimal("19.6925"), gst=Decimal("8.0986"))


def money(*positions: Position, **changes: Any) -> Statement:
    """A statement with both prices fresh."""
    values: dict[str, Any] = {
        "realised": Decimal("123.40"),
        "charges": COST,
        "positions": positions,
        "quotes": {one.symbol: one for one in (quote("IRFC", "47.90"), quote("SBIN", "120.00"))},
    }
    return Statement(**values | changes)


@pytest.mark.parametrize(("number", "text"), [(0, "0 orders"), (1, "1 order"), (2, "2 orders"), (1400, "1,400 orders")])
def test_one_is_told_apart_from_many(number: int, text: str) -> None:
    """A sentence for a person who reads it in the dark says "1 order"."""
    assert counted(number, "order") == text
    assert counted(number, "order", "works", "work") == f"{text} {'works' if number == 1 else 'work'}"


def test_net_comes_first_and_its_parts_after_it() -> None:
    """Behaviour 15: 123.40 realised, 195 lost on what is open, 67.79 charges."""
    assert net_text(money(LONG, HEDGE)) == "net -139.39"
    assert parts_text(money(LONG, HEDGE)) == "realised +123.40, open -195.00, charges -67.79"
    assert charges_text(COST) == "brokerage 40.00, tax 19.69, GST 8.10"


def test_net_without_a_price_is_unknown_and_not_zero() -> None:
    """Behaviour 15: the symbol whose price is missing is named."""
    blind = money(LONG, HEDGE, quotes={})
    assert net_text(blind) == "net unknown: no price of IRFC and SBIN yet"
    assert parts_text(blind) == "realised +123.40, open unknown, charges -67.79"
    assert position_text(HEDGE, blind) == "Downside OCO -50 SBIN at 118.50, no price yet"


def test_net_at_an_old_price_says_how_old_it_is() -> None:
    """Behaviour 10.2, 15: the last known price with its age."""
    quotes = {"IRFC": quote("IRFC", "47.90", fresh=False, age_secs=75), "SBIN": quote("SBIN", "120.00")}
    assert net_text(money(LONG, HEDGE, quotes=quotes)) == "net -139.39 at old prices: IRFC 47.90 of 75 s ago"
    assert net_text(money(HEDGE, quotes=quotes)) == "net -19.39"


@pytest.mark.parametrize(
    ("position", "text"),
    [
        pytest.param(LONG, "Trade +200 IRFC at 48.50, -120.00", id="long"),
        pytest.param(HEDGE, "Downside OCO -50 SBIN at 118.50, -75.00", id="short"),
        pytest.param(FLAT, "Trade 0 IRFC (100 bought, 100 sold), +200.00", id="flat"),
        pytest.param(
            Position(account="trade", symbol="IRFC", long=traded(200, "48.50"), short=traded(100, "51")),
            "Trade +100 IRFC (200 bought, 100 sold, even at 46.00), +190.00",
            id="both",
        ),
    ],
)
def test_position_is_signed_and_names_its_account(position: Position, text: str) -> None:
    """Behaviour 15: 100 short and 100 long are not "200 shares open"."""
    assert position_text(position, money(position)) == text


def test_end_says_net_parts_charges_and_what_is_held() -> None:
    """What every end and every resume says, in rupees at the last prices."""
    quotes = {"IRFC": quote("IRFC", "47.90", fresh=False, age_secs=7300), "SBIN": quote("SBIN", "120.00")}
    assert summary(money(LONG, HEDGE, FLAT, quotes=quotes)) == [
        "Net +60.61 at old prices: IRFC 47.90 of 2.0 h ago (realised +123.40, open +5.00, charges -67.79)",
        "Charges 67.79: brokerage 40.00, tax 19.69, GST 8.10",
        "Held, Trade account: +200 IRFC at 48.50, 9,580.00 at 47.90 of 2.0 h ago, -120.00",
        "Held, Downside OCO account: -50 SBIN at 118.50, 6,000.00 at 120.00, -75.00",
        "Held, Trade account: 0 IRFC (100 bought, 100 sold), which locks +200.00 in",
    ]
    assert summary(money(HEDGE, quotes={}))[-1] == (
        "Held, Downside OCO account: -50 SBIN at 118.50, worth unknown: no price of SBIN yet"
    )


def test_end_of_a_bot_that_traded_nothing() -> None:
    """No charges, nothing held: two lines."""
    idle = money(realised=Decimal(0), charges=Charges())
    assert summary(idle) == ["Net 0.00 (realised 0.00, open 0.00, charges 0.00)", "Nothing is held"]


@pytest.mark.parametrize(
    ("amount", "text"), [("43400", "+43,400.00"), ("-0.004", "0.00"), ("0", "0.00"), ("-1234567.891", "-1,234,567.89")]
)
def test_amount_has_a_sign_and_two_decimals(amount: str, text: str) -> None:
    """Nothing has no sign."""
    assert signed(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("age_secs", "text"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2.0 h")]
)
def test_age_is_told_in_the_unit_that_tells_it(age_secs: float, text: str) -> None:
    """Seconds up to two minutes, minutes up to two hours, then hours."""
    assert age_text(age_secs) == text


def test_square_off_overnight_is_told_with_what_is_assumed_of_it() -> None:
    """Behaviour 9.5, 15: an estimate is called one, and what can't be estimated is said to be missing."""
    last = LastPrice(symbol="IRFC", price=Decimal("47.90"), at=NOW)
    assert squared_off_text(LONG, last, Decimal(-120)) == (
        "The broker squared off Trade +200 IRFC at 48.50: about -120.00, at our last price 47.90 of 10:30; "
        "see the contract note"
    )
    assert squared_off_text(LONG, None, Decimal(0)) == (
        "The broker squared off Trade +200 IRFC at 48.50: at which price nobody told, so that the net lacks it; "
        "see the contract note"
    )
    assert squared_off_text(FLAT, last, Decimal(200)) == (
        "Trade 0 IRFC (100 bought, 100 sold) ended the day flat: +200.00"
    )
    assert parts_text(money(squared_off=Decimal(-120))) == (
        "realised +123.40, squared off by the broker about -120.00, open 0.00, charges -67.79"
    )
