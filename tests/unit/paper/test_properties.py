"""What holds for the matching core whatever is asked of it (behaviour 17)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paper_desk import Desk
from tg1.paper.errors import PaperError
from tg1.paper.orders import OrderEvent, PaperOrder, PaperOrderType, PaperSide, PaperStatus, Position
from tg1.paper.quirks import Quirks

_prices = st.integers(min_value=4_700, max_value=5_300).map(lambda paise: f"{Decimal(paise) / 100:.2f}")


@dataclass(frozen=True)
class Deed:
    """One thing that a client or the market does."""

    name: str
    side: str
    price: str
    stop: str
    quantity: int
    target: int


_deeds = st.builds(
    Deed,
    name=st.sampled_from(["place", "place", "stop", "cancel", "tick", "tick", "tick", "wait", "foreign", "square_off"]),
    side=st.sampled_from(["BUY", "SELL"]),
    price=_prices,
    stop=_prices,
    quantity=st.integers(min_value=1, max_value=300),
    target=st.integers(min_value=0, max_value=9),
)
_quirks = st.builds(
    Quirks,
    max_fill_per_tick=st.sampled_from([0, 7, 100]),
    partial_fill_probability=st.sampled_from([0.0, 0.5]),
    cancel_lost_to_fill=st.booleans(),
    self_trade_check=st.booleans(),
    ack_delay_secs=st.sampled_from([0.0, 0.05, 3.0]),
)


def _perform(desk: Desk, deed: Deed) -> None:
    exchange, now = desk.exchange, desk.now
    if deed.name == "place":
        desk.place(deed.side, deed.price, deed.quantity)
    elif deed.name == "stop":
        desk.place(deed.side, deed.price, deed.quantity, stopPrice=deed.stop)
    elif deed.name == "cancel" and exchange.orders:
        desk.cancel(list(exchange.orders)[deed.target % len(exchange.orders)])
    elif deed.name == "tick":
        desk.price("IRFC", deed.price)
    elif deed.name == "foreign":
        side, price = PaperSide(deed.side), Decimal(deed.price)
        exchange.foreign_order(desk.account, symbol="IRFC", side=side, quantity=deed.quantity, price=price, now=now)
    elif deed.name == "square_off":
        exchange.square_off(desk.account, now)
    desk.wait(deed.target / 10)


def _run(deeds: list[Deed], quirks: Quirks) -> tuple[Desk, list[OrderEvent]]:
    events: list[OrderEvent] = []
    desk = Desk(quirks=quirks, listener=events.append)
    for deed in deeds:
        _perform(desk, deed)
    return desk, events


def _is_no_worse_than_limit(order: PaperOrder, price: Decimal) -> bool:
    if order.terms.order_type is PaperOrderType.MARKET:
        return True
    return price <= order.terms.limit_price if order.side is PaperSide.BUY else price >= order.terms.limit_price


@settings(max_examples=60)
@given(deeds=st.lists(_deeds, max_size=40), quirks=_quirks)
def test_invariants_hold_after_any_deeds(deeds: list[Deed], quirks: Quirks) -> None:
    """No fill is worse than its limit, none exceeds its quantity, and positions equal the executions."""
    desk, _ = _run(deeds, quirks)
    positions: dict[tuple[str, str, str], Position] = {}
    for order in desk.exchange.orders.values():
        assert order.cumulative == sum(each.quantity for each in order.executions) <= order.quantity
        assert (order.status is PaperStatus.FILLED) == (order.cumulative == order.quantity)
        assert all(_is_no_worse_than_limit(order, each.price) for each in order.executions)
        key = (order.account, order.symbol, order.terms.product)
        for each in order.executions:
            positions[key] = positions.get(key, Position()).with_trade(order.side, each.quantity, each.price)
    assert desk.exchange.ledger.total == positions


@settings(max_examples=40)
@given(deeds=st.lists(_deeds, max_size=40), quirks=_quirks)
def test_final_orders_never_move_again(deeds: list[Deed], quirks: Quirks) -> None:
    """Once Filled, Cancelled or Rejected, an order has no further event (xts.md 3)."""
    _, events = _run(deeds, quirks)
    ended: set[int] = set()
    for event in events:
        assert event.order.app_order_id not in ended
        if not event.order.is_working:
            ended.add(event.order.app_order_id)


@settings(max_examples=25)
@given(deeds=st.lists(_deeds, max_size=30), quirks=_quirks)
def test_same_deeds_give_the_same_history(deeds: list[Deed], quirks: Quirks) -> None:
    """The core is deterministic: no clock, no chance but the seeded one."""
    assert _run(deeds, quirks)[1] == _run(deeds, quirks)[1]


@settings(max_examples=25)
@given(deeds=st.lists(_deeds, max_size=30), quirks=_quirks)
def test_book_on_the_wire_always_shows_the_orders_as_they_are(deeds: list[Deed], quirks: Quirks) -> None:
    """Rows kept rendered never lag behind their orders."""
    desk = Desk(quirks=quirks)
    for deed in deeds:
        _perform(desk, deed)
        rows = {row["AppOrderID"]: (row["OrderStatus"], row["CumulativeQuantity"]) for row in desk.book()}
        assert rows == {key: (each.status, each.cumulative) for key, each in desk.exchange.orders.items()}


_junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_fields = st.sampled_from(
    [
        *("exchangeInstrumentID", "orderSide", "orderType", "productType", "orderQuantity", "limitPrice"),
        *("stopPrice", "disclosedQuantity", "timeInForce", "orderUniqueIdentifier", "apiOrderSource"),
        "exchangeSegment",
    ]
)


@settings(max_examples=150)
@given(changes=st.dictionaries(_fields, _junk, max_size=4))
def test_gateway_answers_any_body_with_an_envelope(changes: dict[str, Any]) -> None:
    """Whatever a client sends, the answer is an envelope and never an exception."""
    desk = Desk()
    answer = desk.ask("POST", "orders", body={**_BODY, **changes})
    assert answer["type"] in ("success", "error")
    assert (answer["type"] == "success") == bool(desk.exchange.orders)


_BODY = {
    "exchangeSegment": "NSECM",
    "exchangeInstrumentID": 2029,
    "productType": "MIS",
    "orderType": "LIMIT",
    "orderSide": "BUY",
    "timeInForce": "DAY",
    "disclosedQuantity": 0,
    "orderQuantity": 1,
    "limitPrice": 49,
    "stopPrice": 0,
}


def test_errors_of_the_exchange_share_one_root() -> None:
    """A driver can catch everything that the exchange refuses."""
    with pytest.raises(PaperError):
        Desk().exchange.broker_cancel(1, Desk().now)
