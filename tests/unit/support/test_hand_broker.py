"""The broker by hand knows a price, and nothing of it fills behind the market."""

from __future__ import annotations

from decimal import Decimal

from tests.support.fakes import HandBroker, HandFeed, HandOrder
from tg1.models import OrderRequest, OrderStatus, OrderType, Side


def a_market() -> tuple[HandFeed, HandBroker]:
    """A feed and a broker at one market: TokenB trades at 120.50."""
    feed = HandFeed(SBIN="120.50")
    return feed, HandBroker(market=feed.prices, matching=True)


def sent(broker: HandBroker, side: Side, limit: str, trigger: str | None = None) -> HandOrder:
    """An order for 50 SBIN."""
    request = OrderRequest(
        client_id="HVFKBRMOAAAD01O1"[:16],
        symbol="SBIN",
        side=side,
        quantity=50,
        order_type=OrderType.LIMIT if trigger is None else OrderType.STOPLIMIT,
        limit_price=Decimal(limit),
        trigger_price=None if trigger is None else Decimal(trigger),
    )
    return broker.orders[broker.place_order("downside_oco", request)]


def test_limit_behind_the_market_rests_until_the_market_comes_back() -> None:
    """A SELL at 121.00 under a market of 120.50: that was the hedge that never filled (behaviour 6.1)."""
    _, broker = a_market()
    order = sent(broker, Side.SELL, "121.00")
    for price in ("120.50", "119.00", "120.95"):
        broker.trade("SBIN", price)
        assert order.is_working
    broker.trade("SBIN", "121.05")
    assert (order.filled, order.value) == (50, 50 * Decimal("121.05"))


def test_stop_fills_within_its_limit_and_not_beyond() -> None:
    """Triggered at 118.50, jumped over to 117.00 with a limit of 117.90: it rests as a limit (behaviour 6.1)."""
    _, broker = a_market()
    order = sent(broker, Side.SELL, "117.90", "118.50")
    broker.trade("SBIN", "117.00")
    assert (order.triggered, order.is_working) == (True, True)
    broker.trade("SBIN", "117.90")
    assert order.status is OrderStatus.FILLED


def test_stop_that_the_market_has_passed_is_rejected_and_a_marketable_limit_fills_at_once() -> None:
    """As an exchange does it (behaviour 6.1)."""
    _, broker = a_market()
    assert sent(broker, Side.SELL, "120.60", "121.20").status is OrderStatus.REJECTED
    assert sent(broker, Side.SELL, "119.90").value == 50 * Decimal("120.50")


def test_fill_by_hand_takes_the_market_along() -> None:
    """A test that fills an order says where its symbol trades from then on: feed and broker have one price."""
    feed, broker = a_market()
    broker.fill(sent(broker, Side.SELL, "121.00").order_id)
    assert feed.prices["SBIN"] == Decimal("121.00")
