"""The rules by which orders change: the door, triggers, touches, halts and lost cancels (behaviour 17, xts.md 3, 6)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.paper_desk import IRFC, SBIN, Desk
from tg1.paper.instruments import PaperInstrument
from tg1.paper.orders import PaperOrder, PaperSide, PaperStatus
from tg1.paper.quirks import Quirks


def _now(desk: Desk, order: PaperOrder) -> PaperOrder:
    return desk.exchange.orders[order.app_order_id]


# The door


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        pytest.param("51.005", "[51.005] is not a multiple of the tick size [0.01]", id="off-tick"),
        pytest.param("0", "[0] must be above zero", id="zero"),
    ],
)
def test_trigger_must_be_a_price_on_tick(stop: str, text: str) -> None:
    """A stop-limit whose limit is right and whose trigger is not is rejected in the book (behaviour 17)."""
    desk = Desk()
    order = desk.placed("BUY", "52.00", orderType="STOPLIMIT", stopPrice=stop)
    assert order.status is PaperStatus.REJECTED
    assert text in order.reason


def test_self_trade_check_looks_at_every_resting_order() -> None:
    """An order on the same side, one that is too far and a stop that waits hide no later one that would meet it."""
    desk = Desk(quirks=Quirks(self_trade_check=True))
    desk.placed("SELL", "53.00")
    desk.placed("BUY", "48.00")
    desk.placed("BUY", "52.50", stopPrice="52.00")
    desk.placed("BUY", "49.00")
    assert desk.placed("SELL", "49.01").status is PaperStatus.FILLED
    assert desk.placed("SELL", "49.00").reason == "17071 : The order could have resulted in self trade "


def test_self_trade_check_leaves_other_accounts_alone() -> None:
    """Two accounts may trade with each other."""
    desk = Desk(quirks=Quirks(self_trade_check=True))
    desk.placed("BUY", "49.00")
    desk.account = desk.login("other-key", "other-secret")
    assert desk.placed("SELL", "49.00").status is PaperStatus.FILLED


def test_self_trade_check_comes_when_a_stop_triggers() -> None:
    """A stop that waits meets nobody; once triggered it is an incoming order like any other."""
    desk = Desk(quirks=Quirks(self_trade_check=True))
    desk.placed("SELL", "52.20")
    stop = desk.placed("BUY", "52.50", stopPrice="52.00")
    assert stop.status is PaperStatus.NEW
    desk.price("IRFC", "52.00")
    assert (_now(desk, stop).status, _now(desk, stop).reason[:5]) == (PaperStatus.CANCELLED, "17071")


def test_order_of_another_segment_never_becomes_one_of_nse() -> None:
    """BSE's instrument of that number is another one, and what BSE does not list is refused (xts.md 1.5)."""
    desk = Desk()
    refused = desk.ask("POST", "orders", body=_bse_body(IRFC))
    assert (refused["type"], desk.exchange.orders) == ("error", {})
    twin = PaperInstrument(exchange_token=IRFC, symbol="OTHER", tick=Decimal("0.05"), exchange="BSE")
    desk.exchange.add_instrument(twin)
    desk.ask("POST", "orders", body=_bse_body(IRFC))
    desk.wait()
    desk.price("IRFC", "40.00")
    (row,) = desk.book()
    assert (row["ExchangeSegment"], row["TradingSymbol"], row["OrderStatus"]) == ("BSECM", "OTHER", "New")
    desk.price("BSE:OTHER", "49.00")
    assert [row["OrderStatus"] for row in desk.book()] == ["Filled"]


def _bse_body(token: int) -> dict[str, object]:
    return {
        "exchangeSegment": "BSECM",
        "exchangeInstrumentID": token,
        "productType": "MIS",
        "orderType": "LIMIT",
        "orderSide": "BUY",
        "timeInForce": "DAY",
        "disclosedQuantity": 0,
        "orderQuantity": 1,
        "limitPrice": 49,
        "stopPrice": 0,
    }


def test_halt_rejects_everything_new_until_it_ends() -> None:
    """Market-wide rejections for so many seconds; what rests can still be cancelled (behaviour 8.3)."""
    desk = Desk()
    resting = desk.placed()
    desk.exchange.halt("Exchange : Market is halted", desk.now + timedelta(seconds=30))
    rejected = [desk.placed(), desk.placed("SELL", "120.60", 5, exchangeInstrumentID=SBIN)]
    assert {(each.status, each.reason) for each in rejected} == {(PaperStatus.REJECTED, "Exchange : Market is halted")}
    desk.cancel(resting.app_order_id)
    desk.wait(28)
    assert _now(desk, resting).status is PaperStatus.CANCELLED
    assert desk.placed().status is PaperStatus.NEW


# Market orders where they fill


def test_stop_market_waits_for_its_trigger_and_fills_at_the_last_price() -> None:
    """A STOPMARKET has a trigger and no limit; it rests as New and fills whole once triggered (xts.md 3)."""
    desk = Desk(quirks=Quirks(market_orders="fill"))
    order = desk.placed("BUY", "0", orderType="STOPMARKET", stopPrice="51.00")
    desk.price("IRFC", "50.99")
    (row,) = desk.book()
    assert (row["OrderStatus"], row["OrderType"], row["OrderPrice"], row["OrderStopPrice"]) == (
        *("New", "StopMarket", 0),
        51,
    )
    desk.price("IRFC", "51.30")
    assert (_now(desk, order).status, _now(desk, order).average_price) == (PaperStatus.FILLED, Decimal("51.30"))


@pytest.mark.parametrize(
    ("stop", "text"),
    [
        pytest.param("50.00", "crossed", id="crossed"),
        pytest.param("51.005", "tick size", id="off-tick"),
        pytest.param("0", "above zero", id="zero"),
    ],
)
def test_bad_stop_market_is_rejected_even_where_market_orders_fill(stop: str, text: str) -> None:
    """Its trigger is judged as a stop-limit's is."""
    order = Desk(quirks=Quirks(market_orders="fill")).placed("BUY", "0", orderType="STOPMARKET", stopPrice=stop)
    assert (order.status, text in order.reason) == (PaperStatus.REJECTED, True)


def test_market_order_counts_at_the_last_price_for_the_margin() -> None:
    """An order without a limit is no way around the margin check."""
    desk = Desk(quirks=Quirks(market_orders="fill"))
    desk.exchange.set_margin(desk.account, Decimal(4_999))
    assert "Margin Exceeds" in desk.placed("BUY", "0", 100, orderType="MARKET", productType="CNC").reason
    desk.exchange.set_margin(desk.account, Decimal(5_000))
    assert desk.placed("BUY", "0", 100, orderType="MARKET", productType="CNC").status is PaperStatus.FILLED


# Touches


def test_resting_limit_fills_in_parts_at_the_touch_and_whole_beyond_it() -> None:
    """At its limit an order stands behind others; a price beyond it has served them all."""
    desk = Desk(quirks=Quirks(touch_fill_pct=60))
    order = desk.placed("BUY", "49.00")
    filled = []
    for price in ("49.00", "49.01", "49.00", "48.99"):
        desk.price("IRFC", price)
        filled.append(_now(desk, order).cumulative)
    assert filled == [60, 60, 84, 100]
    assert [f"{each.price:.2f}" for each in _now(desk, order).executions] == ["49.00", "49.00", "48.99"]


def test_touch_can_fill_nothing() -> None:
    """At 0 % only a price beyond the limit fills."""
    desk = Desk(quirks=Quirks(touch_fill_pct=0))
    order = desk.placed("SELL", "51.00")
    desk.price("IRFC", "51.00")
    assert _now(desk, order).status is PaperStatus.NEW
    desk.price("IRFC", "51.01")
    assert _now(desk, order).average_price == Decimal("51.01")


# Cancels that lose


@pytest.mark.parametrize(
    ("terms", "paid"),
    [
        pytest.param({"price": "49.00"}, "49.00", id="limit-not-reached"),
        pytest.param({"price": "52.50", "stopPrice": "52.00"}, "52.50", id="stop-limit-not-triggered"),
        pytest.param({"price": "0", "orderType": "STOPMARKET", "stopPrice": "52.00"}, "52.00", id="stop-market"),
    ],
)
def test_lost_cancel_fills_where_the_market_must_have_come_to_the_order(terms: dict[str, str], paid: str) -> None:
    """A stop that waits can't have filled at the last price, which is short of its trigger (xts.md 7.12)."""
    desk = Desk(quirks=Quirks(cancel_lost_to_fill=True, market_orders="fill"))
    order = desk.placed("BUY", **terms)
    desk.cancel(order.app_order_id)
    desk.wait()
    assert (_now(desk, order).status, _now(desk, order).average_price) == (PaperStatus.FILLED, Decimal(paid))


def test_cancel_all_keeps_to_its_segment_and_instrument() -> None:
    """`exchangeSegment` is mandatory, and 0 is the whole of that segment and of no other (xts.md 1.4, 2.5)."""
    desk = Desk()
    desk.exchange.add_instrument(
        PaperInstrument(exchange_token=IRFC, symbol="OTHER", tick=Decimal("0.05"), exchange="BSE")
    )
    kept, other = desk.placed(), desk.placed("SELL", "121.00", exchangeInstrumentID=SBIN)
    there = desk.exchange.foreign_order(
        desk.account, symbol="BSE:OTHER", side=PaperSide.BUY, quantity=1, price=Decimal(49), now=desk.now
    )
    assert desk.ask("POST", "orders/cancelall", body={"exchangeInstrumentID": 0})["type"] == "error"
    assert desk.ask("POST", "orders/cancelall", body=[_cancel_all(SBIN)])["type"] == "success"
    desk.wait()
    assert [_now(desk, each).status for each in (kept, other)] == [PaperStatus.NEW, PaperStatus.CANCELLED]
    desk.ask("POST", "orders/cancelall", body=_cancel_all(0))
    desk.wait()
    assert _now(desk, kept).status is PaperStatus.CANCELLED
    assert desk.exchange.orders[there].is_working


def _cancel_all(instrument: int) -> dict[str, object]:
    return {"exchangeSegment": "NSECM", "exchangeInstrumentID": instrument}


# Time


def test_next_due_is_the_earliest_of_all_that_is_under_way() -> None:
    """What was planned last may be due first: a driver that jumps must not jump over it."""
    desk = Desk(quirks=Quirks(ack_delay_secs=0.5, cancel_delay_secs=2.0))
    order = desk.placed()
    desk.cancel(order.app_order_id)
    desk.quirk(ack_delay_secs=0.25)
    desk.place()
    assert desk.exchange.next_due() == desk.now + timedelta(seconds=0.25)
    desk.wait(0.25)
    assert desk.exchange.next_due() == desk.now + timedelta(seconds=1.75)


def test_quiet_range_tells_between_which_prices_nothing_happens() -> None:
    """Limits bound it at their price, waiting stops at their trigger; a driver may skip every price inside."""
    desk = Desk()
    desk.placed("BUY", "49.00")
    desk.placed("BUY", "48.00")
    desk.placed("SELL", "51.50")
    desk.placed("BUY", "52.50", stopPrice="51.20")
    assert desk.exchange.resting.quiet("IRFC") == (Decimal("49.00"), Decimal("51.20"))
    assert desk.exchange.resting.quiet("SBIN") == (None, None)
    desk.price("IRFC", "51.20")
    assert desk.exchange.resting.quiet("IRFC") == (Decimal("49.00"), Decimal("51.50"))


def test_yesterdays_book_is_not_served_today() -> None:
    """A book kept rendered goes with its day, although no order of it changed over night (xts.md 2.6)."""
    desk = Desk()
    desk.placed("BUY", "51.00")
    assert [row["OrderStatus"] for row in desk.book()] == ["Filled"]
    desk.now += timedelta(hours=15)
    assert desk.book() == []
