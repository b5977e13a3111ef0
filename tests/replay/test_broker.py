"""What the replayed bot's broker says is what the client would have read from the wire."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.random_days import OPEN_SECS, configs, lived, made_day
from tests.replay.test_market import market_of
from tg1.errors import BrokerRefused
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.paper.accounts import Account
from tg1.paper.exchange import PaperExchange
from tg1.paper.orders import PaperOrder, PaperSide
from tg1.paper.quirks import Quirks
from tg1.paper.rows import order_row
from tg1.paper.wire import dumps
from tg1.replay.broker import ReplayBroker, row_of
from tg1.replay.clock import VirtualClock
from tg1.replay.days import Rig
from tg1.replay.market import MICRO
from tg1.xts.rows import from_xts

ACCOUNT = Account(name="trade", client_code="C1", login_id="U1")


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), changes=configs)
def test_row_is_what_the_client_reads_from_the_wire(seed: int, changes: dict[str, Any]) -> None:
    """Field by field, for every state that any order of a day was in."""
    seen: list[PaperOrder] = []
    lived([made_day(seed, rows=300, spread=1500.0)], Rig(), seen, **changes)
    for order in seen:
        wire = json.loads(dumps(order_row(order, ACCOUNT, Quirks())), parse_float=str)
        assert row_of(order) == from_xts(wire)


def broker_at_noon() -> ReplayBroker:
    """One account for all roles, with prices and nothing working."""
    market, _ = market_of(made_day(5), PaperExchange, [])
    market.advance((OPEN_SECS + 60) * MICRO)
    return ReplayBroker(
        market=market,
        clock=VirtualClock(market),
        accounts=("trade", "trade", "trade"),
        instruments={symbol: _instrument(symbol, market.exchange) for symbol in ("IRFC", "SBIN")},
        product_type="MIS",
    )


def _instrument(symbol: str, exchange: PaperExchange) -> Any:
    return exchange.instruments[symbol]


def request(**changes: Any) -> OrderRequest:
    """A purchase far from the market."""
    said: dict[str, Any] = {
        "symbol": "IRFC",
        "side": Side.BUY,
        "quantity": 10,
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal("40.00"),
        "client_id": "a1",
    }
    return OrderRequest(**{**said, **changes})


def test_book_shows_every_end_once_however_many_come_together() -> None:
    """An order that ended unseen would be missed by the bot for ever."""
    broker = broker_at_noon()
    exchange, market = broker._market.exchange, broker._market
    numbers = [
        exchange.foreign_order(
            "trade", symbol="IRFC", side=PaperSide.BUY, quantity=1, price=Decimal(40), now=market.now()
        )
        for _ in range(200)
    ]
    broker.order_book("trade")
    for number in numbers:
        exchange.broker_cancel(number, market.now())
    ended = {row.order_id for row in broker.order_book("trade") if row.status.is_final}
    assert ended == {str(number) for number in numbers}
    broker.order_book("trade")
    assert len(broker.order_book("trade")) == 16


def test_order_goes_its_way() -> None:
    """Placed, seen at work by book and history, traded, in the positions and the trade book (xts.md 2.6 to 2.9)."""
    broker = broker_at_noon()
    order_id = broker.place_order("trade", request(limit_price=Decimal("60.00")))
    row = broker.order_history("trade", order_id)
    assert row is not None
    assert row.client_id == "a1"
    assert broker.order_history("trade", "1") is None
    (row,) = broker.order_book("trade")
    assert row.status is OrderStatus.FILLED
    (position,), (trade,) = broker.positions("trade"), broker.trades("trade")
    assert (position.symbol, position.quantity, position.product_type) == ("IRFC", 10, "MIS")
    assert (trade.order_id, trade.quantity, trade.price) == (order_id, 10, row.average_price)
    with pytest.raises(BrokerRefused):
        broker.cancel_order("trade", order_id, "a1")


def test_cancel_is_sent_and_the_book_has_the_last_word() -> None:
    """Behaviour 4.6."""
    broker = broker_at_noon()
    order_id = broker.place_order("trade", request())
    broker.order_book("trade")
    broker.cancel_order("trade", order_id, "a1")
    (row,) = broker.order_book("trade")
    assert row.status is OrderStatus.CANCELLED


def test_calls_and_reads_keep_the_limits_of_a_key() -> None:
    """Behaviour 11.3: eight order calls and one book a second, in virtual time."""
    broker = broker_at_noon()
    begun = broker._market.micros
    for number in range(17):
        broker.place_order("trade", request(client_id=f"a{number}"))
    assert broker._market.micros - begun == 2 * MICRO
    for _ in range(3):
        broker.order_book("trade")
    assert broker._market.micros - begun == 4 * MICRO
