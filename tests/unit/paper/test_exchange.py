"""The matching core: how orders rest, fill, are rejected, cancelled and expire (behaviour 17, xts.md 3)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.paper_desk import SBIN, START, Desk, place_body
from tg1.paper.errors import (
    DeadTokenError,
    LoginRefusedError,
    NotWorkingError,
    PaperUsageError,
    UnknownOrderError,
    ValidationRefusedError,
)
from tg1.paper.orders import CancelFate, OrderEvent, PaperSide, PaperStatus, Position
from tg1.paper.quirks import Quirks


def test_limit_rests_until_the_last_price_reaches_it() -> None:
    """A LIMIT fills whole when the last price reaches it (behaviour 17)."""
    desk = Desk()
    order = desk.placed("BUY", "49.00")
    desk.price("IRFC", "49.01")
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.NEW
    desk.price("IRFC", "49.00")
    filled = desk.exchange.orders[order.app_order_id]
    assert (filled.status, filled.cumulative, filled.average_price) == (PaperStatus.FILLED, 100, Decimal("49.00"))


@pytest.mark.parametrize(
    ("side", "limit", "last", "paid"),
    [
        pytest.param("BUY", "49.00", "48.70", "48.70", id="buy-gap-below"),
        pytest.param("SELL", "51.00", "51.40", "51.40", id="sell-gap-above"),
    ],
)
def test_fill_is_at_the_better_of_limit_and_last_price(side: str, limit: str, last: str, paid: str) -> None:
    """A price that jumps over the limit fills at that price (behaviour 17)."""
    desk = Desk()
    order = desk.placed(side, limit)
    desk.price("IRFC", last)
    assert desk.exchange.orders[order.app_order_id].average_price == Decimal(paid)


def test_marketable_limit_fills_at_the_last_price_on_arrival() -> None:
    """A limit that is already reached fills when the exchange acknowledges it, at the last price."""
    order = Desk().placed("BUY", "51.00")
    assert (order.status, order.average_price) == (PaperStatus.FILLED, Decimal("50.00"))


def test_order_is_pending_until_acknowledged_and_matches_nothing_before() -> None:
    """The answer to a placement means sent; New and the exchange's number come later (xts.md 2.3, 3)."""
    desk = Desk(quirks=Quirks(ack_delay_secs=0.5))
    app_order_id = desk.place("BUY", "49.00")
    desk.price("IRFC", "48.00")
    pending = desk.exchange.orders[app_order_id]
    assert (pending.status, pending.exchange_order_id, pending.cumulative) == (PaperStatus.PENDING_NEW, "", 0)
    desk.price("IRFC", "50.00")
    desk.wait(0.5)
    order = desk.exchange.orders[app_order_id]
    assert (order.status, len(order.exchange_order_id)) == (PaperStatus.NEW, 16)


def test_stop_limit_triggers_and_then_fills_as_a_limit() -> None:
    """A BUY stop waits below its trigger, fills once triggered (behaviour 6.1, 17)."""
    desk = Desk()
    stop = {"stopPrice": "122.50", "exchangeInstrumentID": SBIN}
    order = desk.placed("BUY", "123.10", **stop)
    desk.price("SBIN", "122.45")
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.NEW
    desk.price("SBIN", "122.60")
    filled = desk.exchange.orders[order.app_order_id]
    assert (filled.status, filled.triggered, filled.average_price) == (PaperStatus.FILLED, True, Decimal("122.60"))


def test_triggered_stop_beyond_its_limit_rests_as_a_limit() -> None:
    """A gap past the limit triggers the stop; it fills when the market comes back (behaviour 17)."""
    desk = Desk()
    order = desk.placed("SELL", "118.00", stopPrice="118.50", exchangeInstrumentID=SBIN)
    desk.price("SBIN", "117.00")
    resting = desk.exchange.orders[order.app_order_id]
    assert (resting.status, resting.triggered) == (PaperStatus.NEW, True)
    desk.price("SBIN", "118.05")
    assert desk.exchange.orders[order.app_order_id].average_price == Decimal("118.05")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"side": "BUY", "price": "49.005"}, "tick size", id="off-tick"),
        pytest.param({"side": "BUY", "price": "51.00", "stopPrice": "49.50"}, "crossed", id="buy-stop-crossed"),
        pytest.param({"side": "SELL", "price": "50.00", "stopPrice": "50.50"}, "crossed", id="sell-stop-crossed"),
        pytest.param({"side": "BUY", "price": "51.00", "stopPrice": "52.00"}, "wrong side", id="buy-stop-inverted"),
        pytest.param({"side": "SELL", "price": "49.00", "stopPrice": "48.00"}, "wrong side", id="sell-stop-inverted"),
        pytest.param({"side": "SELL", "price": "51.00", "productType": "CNC"}, "Required Holding", id="cnc-no-shares"),
        pytest.param(
            {"side": "SELL", "price": "51.00", "productType": "NRML"}, "Required Holding", id="nrml-no-shares"
        ),
        pytest.param({"orderType": "MARKET", "price": "0"}, "market protection", id="market"),
        pytest.param({"orderType": "STOPMARKET", "stopPrice": "51.00"}, "market protection", id="stop-market"),
        pytest.param({"price": "0"}, "above zero", id="no-price"),
    ],
)
def test_bad_order_is_accepted_and_rejected_later_in_the_book(change: dict[str, str], text: str) -> None:
    """RMS and exchange rejects come in the book, not in the answer (xts.md 2.3, behaviour 17)."""
    desk = Desk()
    order = desk.placed(**change)
    assert order.status is PaperStatus.REJECTED
    assert text in order.reason
    assert (order.exchange_order_id, order.leaves, order.average_price) == ("", 100, None)


def test_margin_short_is_rejected_in_findocs_words() -> None:
    """The margin text has the form captured on Findoc (xts.md 3)."""
    desk = Desk()
    desk.exchange.set_margin(desk.account, Decimal(0))
    order = desk.placed("BUY", "48.75", 10, productType="CNC")
    assert order.reason == (
        "OEMS:RMS : Margin Exceeds :  - Set Limit:[0] Total Required Margin:[487.5] Available Margin[0] "
        f"Margin Shortfall[487.5] for entity [Client]-[{desk.account}] across [ALL|ALL|ALL]"
    )


def test_margin_counts_working_orders_and_positions() -> None:
    """What rests and what is held both use the limit; closing a position needs none."""
    desk = Desk()
    desk.exchange.set_margin(desk.account, Decimal(10_000))
    assert desk.placed("BUY", "50.00", 100, productType="CNC").status is PaperStatus.FILLED
    assert desk.placed("BUY", "49.00", 100, productType="CNC").status is PaperStatus.NEW
    assert desk.placed("BUY", "49.00", 100, productType="CNC").status is PaperStatus.REJECTED
    assert desk.placed("SELL", "51.00", 100, productType="CNC").status is PaperStatus.NEW


def test_mis_sells_short_and_cnc_sells_what_it_holds() -> None:
    """MIS needs no shares; CNC may sell holdings and what was bought today, once (xts.md 7.4)."""
    desk = Desk()
    assert desk.placed("SELL", "51.00").status is PaperStatus.NEW
    desk.exchange.set_holdings(desk.account, "IRFC", 60)
    assert desk.placed("BUY", "50.00", 40, productType="CNC").status is PaperStatus.FILLED
    assert desk.placed("SELL", "51.00", 100, productType="CNC").status is PaperStatus.NEW
    assert desk.placed("SELL", "51.00", 1, productType="CNC").status is PaperStatus.REJECTED


def test_partial_fills_stop_at_the_most_per_tick() -> None:
    """`max_fill_per_tick` fills an order in parts, price by price."""
    desk = Desk(quirks=Quirks(max_fill_per_tick=40))
    order = desk.placed("BUY", "49.00")
    seen = []
    for price in ("49.00", "48.90", "49.50", "48.80"):
        desk.price("IRFC", price)
        current = desk.exchange.orders[order.app_order_id]
        seen.append((current.status.value, current.cumulative))
    assert seen == [("PartiallyFilled", 40), ("PartiallyFilled", 80), ("PartiallyFilled", 80), ("Filled", 100)]
    assert len(desk.exchange.orders[order.app_order_id].executions) == 3


def test_cancel_is_pending_first_and_keeps_what_was_filled() -> None:
    """A cancel goes PendingCancel then Cancelled, leaves and fills kept (xts.md 2.4, 2.6)."""
    desk = Desk()
    order = desk.placed()
    desk.exchange.fill(order.app_order_id, 30, Decimal("49.00"), desk.now)
    desk.cancel(order.app_order_id)
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.PENDING_CANCEL
    desk.wait()
    cancelled = desk.exchange.orders[order.app_order_id]
    assert (cancelled.status, cancelled.cumulative, cancelled.leaves) == (PaperStatus.CANCELLED, 30, 70)


def test_order_still_fills_while_its_cancel_is_pending() -> None:
    """PendingCancel is working: a fill can win the race (behaviour 4.2, 4.6)."""
    desk = Desk(quirks=Quirks(cancel_delay_secs=0.5))
    order = desk.placed()
    desk.cancel(order.app_order_id)
    desk.price("IRFC", "49.00")
    desk.wait()
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.FILLED


@pytest.mark.parametrize(
    ("fate", "status", "filled"),
    [
        pytest.param(CancelFate.LOST_TO_FILL, PaperStatus.FILLED, 100, id="lost"),
        pytest.param(CancelFate.IGNORED, PaperStatus.PENDING_CANCEL, 0, id="ignored"),
        pytest.param(CancelFate.PROCESSED, PaperStatus.CANCELLED, 0, id="processed"),
    ],
)
def test_cancel_meets_its_fate(fate: CancelFate, status: PaperStatus, filled: int) -> None:
    """After "Request sent" a cancel may be processed, lost to a fill, or never processed."""
    desk = Desk()
    order = desk.placed()
    desk.exchange.cancel(desk.account, order.app_order_id, desk.now, fate)
    desk.wait()
    after = desk.exchange.orders[order.app_order_id]
    assert (after.status, after.cumulative) == (status, filled)


def test_cancel_before_the_acknowledgement_still_cancels() -> None:
    """A cancel may overtake the exchange's answer to the placement."""
    desk = Desk(quirks=Quirks(ack_delay_secs=0.2, cancel_delay_secs=0.3))
    app_order_id = desk.place()
    desk.cancel(app_order_id)
    desk.wait()
    assert [each.status.value for each in desk.exchange.history[app_order_id]] == [
        *("PendingNew", "PendingCancel", "PendingCancel", "Cancelled")
    ]


def test_final_and_unknown_orders_refuse_cancels_and_do_not_move() -> None:
    """A cancel of what is final or unknown raises and changes nothing (xts.md 4.7)."""
    desk = Desk()
    order = desk.placed("BUY", "51.00")
    with pytest.raises(NotWorkingError):
        desk.exchange.cancel(desk.account, order.app_order_id, desk.now)
    with pytest.raises(UnknownOrderError):
        desk.exchange.cancel(desk.account, 1, desk.now)
    assert desk.exchange.orders[order.app_order_id] is order


def test_account_cannot_touch_another_accounts_order() -> None:
    """An order is known only to the account that placed it."""
    desk = Desk()
    order = desk.placed()
    other = desk.login("other-key", "other-secret")
    with pytest.raises(UnknownOrderError):
        desk.exchange.cancel(other, order.app_order_id, desk.now)
    assert desk.book() == []


def test_modify_replaces_the_terms_and_stays_live() -> None:
    """A modification goes PendingReplace, then Replaced with the new terms, which then match (xts.md 3)."""
    desk = Desk()
    order = desk.placed()
    body = {
        "appOrderID": order.app_order_id,
        "modifiedProductType": "MIS",
        "modifiedOrderType": "LIMIT",
        "modifiedOrderQuantity": 50,
        "modifiedDisclosedQuantity": 0,
        "modifiedLimitPrice": 49.5,
        "modifiedStopPrice": 0,
        "modifiedTimeInForce": "DAY",
        "orderUniqueIdentifier": "T1L1E1",
    }
    assert desk.ask("PUT", "orders", body=body)["type"] == "success"
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.PENDING_REPLACE
    desk.wait()
    replaced = desk.exchange.orders[order.app_order_id]
    assert (replaced.status, replaced.quantity) == (PaperStatus.REPLACED, 50)
    desk.price("IRFC", "49.50")
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.FILLED


def test_modify_to_an_impossible_price_leaves_the_order_live_with_a_reason() -> None:
    """A modify reject keeps the old terms (xts.md 3)."""
    desk = Desk()
    order = desk.placed()
    body = {"modifiedProductType": "MIS", "modifiedOrderType": "LIMIT", "modifiedOrderQuantity": 100}
    body |= {"modifiedDisclosedQuantity": 0, "modifiedLimitPrice": "49.505", "modifiedStopPrice": 0}
    body |= {"modifiedTimeInForce": "DAY"}
    desk.exchange.modify(desk.account, order.app_order_id, body, desk.now)
    desk.wait()
    after = desk.exchange.orders[order.app_order_id]
    assert (after.is_working, after.terms) == (True, order.terms)
    assert "tick size" in after.reason


def test_day_orders_expire_and_leave_the_book_at_the_change_of_day() -> None:
    """The next day's book is empty, the truth keeps the order as cancelled (xts.md 2.6, 6.2)."""
    desk = Desk()
    order = desk.placed()
    desk.wait(86_400)
    assert desk.exchange.book(desk.account, desk.now) == []
    assert desk.exchange.orders[order.app_order_id].status is PaperStatus.CANCELLED
    with pytest.raises(UnknownOrderError):
        desk.exchange.order_history(desk.account, order.app_order_id, desk.now)


def test_delivery_becomes_holdings_overnight_and_intraday_does_not() -> None:
    """CNC bought today can be sold tomorrow; MIS positions end with the day (xts.md 6.2)."""
    desk = Desk()
    desk.placed("BUY", "50.00", 10, productType="CNC")
    desk.placed("BUY", "50.00", 20)
    desk.wait(86_400)
    assert desk.exchange.ledger.holdings == {(desk.account, "IRFC"): 10}
    assert desk.exchange.ledger.today == {}
    assert desk.exchange.ledger.total[desk.account, "IRFC", "MIS"].net == 20


def test_square_off_cancels_pending_mis_and_closes_positions_as_not_ours() -> None:
    """The broker cancels first, then its market order shows in the book without our identifier (xts.md 6.2)."""
    desk = Desk()
    pending = desk.placed("BUY", "49.00")
    desk.placed("BUY", "50.00", 20)
    desk.exchange.square_off(desk.account, desk.now)
    desk.wait()
    closing = desk.exchange.orders[max(desk.exchange.orders)]
    assert desk.exchange.orders[pending.app_order_id].status is PaperStatus.CANCELLED
    assert (closing.is_foreign, closing.client_id, closing.side, closing.cumulative) == (True, "", PaperSide.SELL, 20)
    assert desk.exchange.ledger.today[desk.account, "IRFC", "MIS"].net == 0


def test_foreign_order_is_in_the_book_with_any_identifier() -> None:
    """The book holds all orders of the account, not only the bot's (xts.md 7.13)."""
    desk = Desk()
    desk.exchange.foreign_order(
        desk.account,
        symbol="IRFC",
        side=PaperSide.BUY,
        quantity=5,
        price=Decimal(49),
        now=desk.now,
        client_id="by hand",
    )
    desk.wait()
    assert [(row["OrderUniqueIdentifier"], row["GeneratedBy"]) for row in desk.book()] == [("by hand", "TWS")]


def test_broker_cancels_with_its_reason() -> None:
    """A cancel that is not ours shows a reason (behaviour 8)."""
    desk = Desk()
    order = desk.placed()
    desk.exchange.broker_cancel(order.app_order_id, desk.now)
    after = desk.exchange.orders[order.app_order_id]
    assert (after.status, after.reason) == (PaperStatus.CANCELLED, "OEMS:RMS : Cancelled by admin")


def test_reject_next_hits_one_order() -> None:
    """A risk rejection that was asked for rejects the next order and no other."""
    desk = Desk()
    desk.exchange.reject_next(desk.account, "OEMS:RMS : no")
    assert (desk.placed().reason, desk.placed().status) == ("OEMS:RMS : no", PaperStatus.NEW)


def test_forced_fill_refuses_more_than_is_left() -> None:
    """A fill by hand cannot overfill."""
    desk = Desk()
    order = desk.placed()
    with pytest.raises(PaperUsageError):
        desk.exchange.fill(order.app_order_id, 101, Decimal(49), desk.now)
    assert desk.exchange.orders[order.app_order_id] is order


def test_ioc_cancels_what_does_not_fill_at_once() -> None:
    """An IOC order never rests (xts.md 1.5)."""
    assert Desk().placed(timeInForce="IOC").status is PaperStatus.CANCELLED


def test_self_trade_cancels_the_incoming_order() -> None:
    """With the check on, an order that would meet one's own is cancelled with 17071 (xts.md 3)."""
    desk = Desk(quirks=Quirks(self_trade_check=True))
    resting = desk.placed("BUY", "49.00")
    incoming = desk.placed("SELL", "49.00")
    assert (incoming.status, incoming.reason[:5]) == (PaperStatus.CANCELLED, "17071")
    assert desk.exchange.orders[resting.app_order_id].status is PaperStatus.NEW


def test_price_band_rejects_what_is_too_far() -> None:
    """With a band set, an order outside it is rejected (xts.md 6.4)."""
    desk = Desk(quirks=Quirks(price_band_pct=10))
    assert desk.placed("BUY", "44.99").status is PaperStatus.REJECTED
    assert desk.placed("BUY", "45.00").status is PaperStatus.NEW


def test_market_order_fills_at_the_last_price_when_the_quirk_says_so() -> None:
    """What Findoc does with MARKET is unknown, so it can be switched (xts.md 6)."""
    desk = Desk(quirks=Quirks(market_orders="fill"))
    order = desk.placed(orderType="MARKET", price="0")
    assert (order.status, order.average_price) == (PaperStatus.FILLED, Decimal("50.00"))


def test_closing_session_cancels_waiting_stops_only() -> None:
    """At 15:15 the exchange cancels untriggered stops; plain limits stay (xts.md 6.1)."""
    desk = Desk()
    stop = desk.placed("BUY", "52.50", stopPrice="52.00")
    limit = desk.placed()
    desk.exchange.cancel_stops(desk.now)
    assert desk.exchange.orders[stop.app_order_id].status is PaperStatus.CANCELLED
    assert desk.exchange.orders[limit.app_order_id].is_working


def test_new_login_kills_the_older_token() -> None:
    """An app key has one live session (xts.md 4.3)."""
    exchange = Desk().exchange
    old = exchange.login("key", "secret", START)
    new = exchange.login("key", "secret", START)
    assert exchange.accounts.of_token(new.token, START).user_id == new.account == old.account
    with pytest.raises(DeadTokenError):
        exchange.accounts.of_token(old.token, START)


def test_login_is_refused_with_another_secret() -> None:
    """The first login fixes the secret; a declared account has its own."""
    exchange = Desk().exchange
    exchange.accounts.declare("TRADE", "trade-key", "right")
    assert exchange.login("trade-key", "right", START).account == "TRADE"
    with pytest.raises(LoginRefusedError):
        exchange.login("trade-key", "wrong", START)


def test_session_ends_with_its_lifetime_or_logout() -> None:
    """A token dies after `session_lifetime_secs` and at logout."""
    desk = Desk(quirks=Quirks(session_lifetime_secs=900))
    assert desk.ask("GET", "orders")["type"] == "success"
    desk.wait(900)
    assert desk.ask("GET", "orders")["code"] == "e-session-0007"
    desk.login()
    desk.ask("DELETE", "user/session")
    assert desk.ask("GET", "orders")["code"] == "e-session-0007"


def test_every_change_is_told_with_what_was_before() -> None:
    """The listener hears of creation, acknowledgement and fill in order."""
    events: list[OrderEvent] = []
    desk = Desk(listener=events.append)
    desk.placed("BUY", "51.00")
    seen = [(event.previous, event.order.status, event.execution is not None) for event in events]
    assert seen == [
        (None, PaperStatus.PENDING_NEW, False),
        (PaperStatus.PENDING_NEW, PaperStatus.NEW, False),
        (PaperStatus.NEW, PaperStatus.FILLED, True),
    ]


def test_price_returns_its_events() -> None:
    """`on_price` returns what it changed, so that a simulation needs no listener."""
    desk = Desk()
    order = desk.placed()
    events = desk.exchange.on_price("IRFC", Decimal("49.00"), desk.now)
    assert [(event.order.app_order_id, event.order.status) for event in events] == [
        (order.app_order_id, PaperStatus.FILLED)
    ]


def test_next_due_tells_when_time_alone_changes_something() -> None:
    """A driver with a virtual clock can jump to the next transition."""
    desk = Desk(quirks=Quirks(ack_delay_secs=0.25))
    assert desk.exchange.next_due() is None
    desk.place()
    assert desk.exchange.next_due() == desk.now + timedelta(seconds=0.25)


def test_position_adds_up_both_sides() -> None:
    """A position is what was bought less what was sold, with both values kept."""
    position = Position().with_trade(PaperSide.BUY, 10, Decimal(49)).with_trade(PaperSide.SELL, 4, Decimal(50))
    assert (position.net, position.buy_value, position.sell_value) == (6, Decimal(490), Decimal(200))


def test_core_refuses_a_malformed_request() -> None:
    """The core validates as the wire does, so that it can be driven without one."""
    desk = Desk()
    with pytest.raises(ValidationRefusedError):
        desk.exchange.place(desk.account, place_body(orderSide="buy"), desk.now)
    assert desk.exchange.orders == {}
