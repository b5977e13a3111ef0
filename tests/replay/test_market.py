"""The market of a replay moves as if every single price had been told to the exchange."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.random_days import OPEN_SECS, made_day
from tg1.paper.exchange import PaperExchange
from tg1.paper.instruments import instrument_for
from tg1.paper.orders import IST, PaperSide
from tg1.paper.quirks import Quirks
from tg1.replay.exchange import ThroughExchange
from tg1.replay.market import MICRO, Market
from tg1.replay.tape import rupees

if TYPE_CHECKING:
    from tg1.paper.orders import OrderEvent
    from tg1.replay.tape import DayTape

Placed = tuple[tuple[str, Decimal], PaperSide, Decimal]
"""(symbol, price), side and distance of an order."""
orders = st.lists(
    st.tuples(
        st.sampled_from((("IRFC", Decimal(50)), ("SBIN", Decimal("120.50")))),
        st.sampled_from(PaperSide),
        st.integers(-30, 30).map(lambda ticks: ticks * Decimal("0.05")),
    ),
    max_size=8,
)


def market_of(tape: DayTape, kind: type[PaperExchange], placed: list[Placed]) -> tuple[Market, list[str]]:
    """A market on the tape with resting orders, and the list that its events go to."""
    heard: list[str] = []

    def note(event: OrderEvent) -> None:
        heard.append(f"{event.at} {event.order.app_order_id} {event.order.status} {event.execution}")

    exchange = kind(
        (instrument_for("IRFC", Decimal(50)), instrument_for("SBIN", Decimal("120.50"))),
        quirks=Quirks(ack_delay_secs=0.0, cancel_delay_secs=0.0),
        rng=Random(0),
        listener=note,
    )
    exchange.accounts.declare("trade", "trade", "replay")
    for symbol in ("IRFC", "SBIN"):
        exchange.set_holdings("trade", symbol, 10**6)
    market = Market(exchange, "IRFC", "SBIN")
    market.begin(tape, time(9, 14), 0)
    for (symbol, centre), side, offset in placed:
        exchange.foreign_order("trade", symbol=symbol, side=side, quantity=10, price=centre + offset, now=market.now())
    exchange.step(market.now())
    return market, heard


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), placed=orders, kind=st.sampled_from((PaperExchange, ThroughExchange)))
def test_advance_in_bulk_is_advance_row_by_row(seed: int, placed: list[Placed], kind: type[PaperExchange]) -> None:
    """What was left out in between moved nothing."""
    tape = made_day(seed, rows=200, spread=1500.0)
    bulk, quick = market_of(tape, kind, placed)
    single, whole = market_of(tape, kind, placed)
    end = (OPEN_SECS + 2000) * MICRO
    bulk.advance(end)
    midnight = datetime.combine(tape.day, time(0), IST)
    for row, secs in enumerate(tape.secs):
        for symbol, cell in (("IRFC", tape.a[row]), ("SBIN", tape.b[row])):
            single.exchange.on_price(symbol, rupees(int(cell)), midnight + timedelta(seconds=float(secs)))
    assert quick == whole
    assert bulk.exchange.prices == single.exchange.prices
    assert bulk.micros == end


def test_yesterdays_close_is_no_price_of_today() -> None:
    """Behaviour 1.4: a bot that centres itself waits for the day's own first trade."""
    market, _ = market_of(made_day(1), PaperExchange, [])
    market.advance((OPEN_SECS + 3000) * MICRO)
    assert set(market.exchange.prices) == {"IRFC", "SBIN"}
    market.begin(made_day(2), time(9, 14), 1)
    assert not market.exchange.prices
