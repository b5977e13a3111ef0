"""What a square-off may close, and at which price (behaviour 13)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.states import a_level, a_state
from tg1.models import BrokerPosition, Instrument, OrderSide, Role, Side, Traded, TradeSide
from tg1.rules.squaring import at_broker, closable, held, marketable_limit

SBIN = Instrument(
    symbol="SBIN", exchange="NSE", exchange_token=3045, instrument_token=779521, tick_size=Decimal("0.05"), lot_size=1
)


@example(1, 1)
@example(-1, -1)
@example(1, 5)
@example(0, 5)
@example(5, 0)
@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_never_more_is_closed_than_ours_and_than_the_account_holds(ours: int, net: int) -> None:
    """Behaviour 13: it closes what this bot holds, and nothing else."""
    shares = closable(ours, net)
    assert abs(shares) <= min(abs(ours), abs(net))
    assert shares == 0 or (shares > 0) == (ours > 0) == (net > 0)
    assert ours * net <= 0 or abs(shares) == min(abs(ours), abs(net))


@pytest.mark.parametrize(
    ("side", "last", "expected"),
    [
        (Side.BUY, "99.95", "101.95"),
        (Side.SELL, "99.95", "97.95"),
        (Side.BUY, "100.00", "101.00"),
        (Side.SELL, "500.00", "495.00"),
        (Side.BUY, "500.05", "502.60"),
        (Side.SELL, "787.20", "783.25"),
        (Side.SELL, "0.05", "0.05"),
    ],
)
def test_limit_is_beyond_the_last_price_by_the_slab(side: Side, last: str, expected: str) -> None:
    """Behaviour 13: 2 % below ₹100, 1 % to ₹500, 0.5 % above; on tick, in the paying direction, never 0."""
    assert marketable_limit(side, Decimal(last), Decimal("0.05")) == Decimal(expected)


def a_row(quantity: int | None, *, token: int = 3045, product: str = "MIS", segment: str = "NSECM") -> BrokerPosition:
    """One row of an account's positions."""
    return BrokerPosition(symbol="SBIN", segment=segment, instrument_id=token, product_type=product, quantity=quantity)


def test_position_is_of_the_instrument_the_product_and_the_segment() -> None:
    """Xts.md 2.9: rows are per instrument and product; BSE's share of the name is another one."""
    rows = [a_row(50), a_row(7, product="CNC"), a_row(9, token=1), a_row(11, segment="BSECM")]
    assert at_broker(rows, SBIN, "MIS") == 50
    assert at_broker([], SBIN, "MIS") == 0
    assert at_broker([a_row(50), a_row(0), a_row(-20, segment="")], SBIN, "MIS") == 30


def test_position_that_can_not_be_read_is_not_taken_for_none() -> None:
    """Xts.md 2.9: a quantity that is no number says nothing, least of all 0."""
    assert at_broker([a_row(50), a_row(None)], SBIN, "MIS") is None


def test_flat_places_are_not_held() -> None:
    """Behaviour 13: there is nothing to close where both sides of the grid have filled alike."""
    filled = Traded(quantity=100, value=Decimal(5000))
    down = a_level(
        order_side=OrderSide.TARGET, entry_traded=filled, oco_traded=Traded(quantity=50, value=Decimal(5900))
    )
    up = a_level(uuid="up", trade_side=TradeSide.UPSIDE, order_side=OrderSide.TARGET, entry_traded=filled)
    places = held(
        a_state(levels={"down": down, "up": up}), lambda role, side: f"{side}_oco" if role is Role.OCO else "trade"
    )
    assert places == {("downside_oco", "SBIN"): -50}
