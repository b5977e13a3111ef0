"""Kite's ticker protocol without sockets (kite.md 1.5 to 1.7)."""

import json
import struct
from datetime import datetime
from decimal import Decimal

from kiteconnect import KiteTicker

from tests.support.paper_desk import Desk
from tg1.paper.packets import HEARTBEAT, ltp, message
from tg1.paper.quirks import Quirks
from tg1.paper.tape import Tape
from tg1.paper.ticker import TickerSession

IRFC, SBIN = 519_425, 779_521


def ltp_message(rupees: dict[int, str]) -> bytes:
    """A message of LTP packets."""
    return message(ltp(token, Decimal(last)) for token, last in rupees.items())


def _subscribed(desk: Desk, *tokens: int, speed: float = 1.0) -> TickerSession:
    session = TickerSession(desk.exchange, desk.tape, speed=speed)
    session.on_text(json.dumps({"a": "subscribe", "v": tokens}))
    session.on_text(json.dumps({"a": "mode", "v": ["ltp", tokens]}))
    return session


def test_ltp_message_is_the_documented_bytes() -> None:
    """The example of kite.md 1.6, byte for byte."""
    want = "00 02 00 08 00 06 3a 01 00 02 66 83 00 08 00 00 16 01 00 01 a3 ab"
    assert ltp_message({408065: "1573.15", 5633: "1074.35"}) == bytes.fromhex(want.replace(" ", ""))


def test_subscription_is_answered_with_the_last_price() -> None:
    """A cached tick comes at every subscribe, repeated ones included (kite.md 0.3)."""
    desk = Desk()
    session = _subscribed(desk, IRFC, SBIN)
    assert session.modes == {IRFC: "ltp", SBIN: "ltp"}
    assert session.frame(0.0) == ltp_message({IRFC: "50.00", SBIN: "120.50"})
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    (again,) = _ticks(session, 0.1)
    assert (again["instrument_token"], again["last_price"], again["mode"]) == (IRFC, 50.0, "quote")


def test_only_changed_prices_are_sent_at_most_one_a_second() -> None:
    """A quiet instrument is silent and a busy one merged (kite.md 0.3, 2.6)."""
    desk = Desk()
    session = _subscribed(desk, IRFC)
    session.frame(0.0)
    desk.price("IRFC", "50.05")
    assert session.frame(0.5) is None
    desk.price("IRFC", "50.10")
    assert session.frame(1.0) == ltp_message({IRFC: "50.10"})
    desk.price("IRFC", "50.10")
    desk.price("SBIN", "121.00")
    assert session.frame(2.0) == HEARTBEAT


def test_faster_prices_are_sent_more_often() -> None:
    """At a higher speed a second of the market is shorter, and so is the least distance of ticks."""
    desk = Desk()
    session = _subscribed(desk, IRFC, speed=10)
    session.frame(0.0)
    desk.price("IRFC", "50.05")
    assert (session.frame(0.05), session.frame(0.1)) == (None, ltp_message({IRFC: "50.05"}))


def test_heartbeats_fill_the_silence() -> None:
    """One byte when nothing else was sent for a second (kite.md 2.6)."""
    session = TickerSession(Desk().exchange, Tape())
    assert [session.frame(at) for at in (0.0, 0.9, 1.0, 1.5, 2.0)] == [None, None, HEARTBEAT, None, HEARTBEAT]


def test_feed_can_stall_with_and_without_heartbeats() -> None:
    """Both stalls of kite.md 1.9: nothing at all, or heartbeats only."""
    desk = Desk(quirks=Quirks(ticker_feed="silent"))
    session = _subscribed(desk, IRFC)
    assert [session.frame(at) for at in (0.0, 5.0)] == [None, None]
    desk.quirk(ticker_feed="heartbeats")
    assert session.frame(6.0) == HEARTBEAT
    desk.quirk(ticker_feed="normal")
    assert session.frame(6.1) == ltp_message({IRFC: "50.00"})


def test_cached_tick_can_be_switched_off() -> None:
    """Without it the first tick is the first change."""
    desk = Desk(quirks=Quirks(ticker_cached_tick=False))
    session = _subscribed(desk, IRFC)
    assert session.frame(0.0) is None
    desk.price("IRFC", "50.01")
    assert session.frame(0.1) == ltp_message({IRFC: "50.01"})


def test_unsubscribed_token_is_silent_and_nonsense_is_ignored() -> None:
    """Nothing is answered to any text message (kite.md 1.7)."""
    desk = Desk()
    session = _subscribed(desk, IRFC)
    for text in (
        "",
        "{",
        "[]",
        "3",
        '{"a":"mode"}',
        '{"a":"mode","v":[1]}',
        '{"a":"subscribe","v":7}',
        '{"a":[],"v":1}',
    ):
        session.on_text(text)
    session.on_text(json.dumps({"a": "unsubscribe", "v": [IRFC]}))
    assert (session.modes, session.frame(0.0)) == ({}, None)


# Modes


def _ticks(session: TickerSession, at_secs: float = 0.0) -> list[dict[str, object]]:
    """What the real client makes of a frame."""
    frame = session.frame(at_secs)
    assert frame is not None
    ticks: list[dict[str, object]] = KiteTicker("key", "token")._parse_binary(frame)
    return ticks


def _traded(desk: Desk) -> None:
    for price in ("49.50", "51.00", "50.50"):
        desk.price("IRFC", price)


def test_plain_subscription_is_in_quote_mode() -> None:
    """44 bytes: what was traded today and how, without a time (kite.md 1.5, 1.6)."""
    desk = Desk()
    _traded(desk)
    session = TickerSession(desk.exchange, desk.tape)
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    (tick,) = _ticks(session)
    assert (tick["mode"], tick["instrument_token"], tick["last_price"]) == ("quote", IRFC, 50.5)
    assert tick["ohlc"] == {"open": 50.0, "high": 51.0, "low": 49.5, "close": 50.0}
    assert (tick["last_traded_quantity"], tick["average_traded_price"], tick["volume_traded"]) == (100, 50.25, 400)
    assert (tick["total_buy_quantity"], tick["total_sell_quantity"]) == (3_750, 3_750)
    assert tick["change"] == 1.0
    assert "exchange_timestamp" not in tick


def test_full_mode_has_times_and_depth() -> None:
    """184 bytes: the quote, when it traded, and five places on either side (kite.md 1.6)."""
    desk = Desk()
    _traded(desk)
    session = TickerSession(desk.exchange, desk.tape)
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    session.on_text(json.dumps({"a": "mode", "v": ["full", [IRFC]]}))
    (tick,) = _ticks(session)
    assert (tick["mode"], tick["last_price"]) == ("full", 50.5)
    assert tick["exchange_timestamp"] == tick["last_trade_time"] == datetime.fromtimestamp(desk.now.timestamp())  # noqa: DTZ006 - as the client does
    book = tick["depth"]
    assert isinstance(book, dict)
    assert book["buy"][0] == {"quantity": 250, "price": 50.49, "orders": 1}
    assert book["sell"][4] == {"quantity": 1_250, "price": 50.55, "orders": 5}


def test_packets_of_all_modes_share_a_message() -> None:
    """Each instrument comes in its own mode, lengths 184, 44 and 8 (kite.md 1.6)."""
    desk = Desk()
    session = TickerSession(desk.exchange, desk.tape)
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC, SBIN]}))
    session.on_text(json.dumps({"a": "mode", "v": ["full", [IRFC]]}))
    frame = session.frame(0.0)
    assert frame is not None
    assert struct.unpack(">HH", frame[:4]) == (2, 184)
    assert (struct.unpack(">H", frame[188:190]), len(frame)) == ((44,), 2 + 186 + 46)
    assert [tick["mode"] for tick in KiteTicker("key", "token")._parse_binary(frame)] == ["full", "quote"]


def test_quote_mode_tells_of_every_trade_and_ltp_mode_of_other_prices_only() -> None:
    """More than half of real ticks repeat the price; LTP mode is silent then (kite.md 0.3)."""
    desk = Desk()
    quote = TickerSession(desk.exchange, desk.tape)
    quote.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    last = _subscribed(desk, IRFC)
    assert quote.frame(0.0) is not None
    assert last.frame(0.0) is not None
    desk.price("IRFC", "50.00")
    assert _ticks(quote, 1.0)[0]["volume_traded"] == 200
    assert last.frame(1.0) == HEARTBEAT


def test_cheap_share_has_no_bids_below_nothing() -> None:
    """Places that can't be are empty."""
    desk = Desk()
    desk.price("IRFC", "0.02")
    session = TickerSession(desk.exchange, desk.tape)
    session.on_text(json.dumps({"a": "subscribe", "v": [IRFC]}))
    session.on_text(json.dumps({"a": "mode", "v": ["full", [IRFC]]}))
    book = _ticks(session)[0]["depth"]
    assert isinstance(book, dict)
    assert [place["price"] for place in book["buy"]] == [0.01, 0.0, 0.0, 0.0, 0.0]
