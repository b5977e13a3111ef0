"""Kite's REST and ticker protocols over the same exchange, without sockets (kite.md 1 and 2)."""

import json
import struct
from collections.abc import Mapping
from urllib.parse import parse_qsl

from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultKind, FaultPlan
from tg1.paper.instruments import instruments_csv
from tg1.paper.wire import TOO_MANY, WireReply, WireRequest, json_reply, spoil, stand_in

HEARTBEAT = b"\x00"
MALFORMED = struct.pack(">HHII", 2, 8, 519_425, 5_000)
"""A message that ends before its second packet: the client raises struct.error (kite.md 1.6)."""
_PAISE = 100
_FORBIDDEN, _NOT_FOUND, _BAD_GATEWAY = 403, 404, 502
_SHORTEST_GAP_SECS = 0.05


class KiteApp:
    """GET /instruments, /instruments/NSE and /quote/ltp, with Kite's own error bodies (kite.md 2)."""

    def __init__(self, exchange: PaperExchange, *, dump: str = "", faults: FaultPlan | None = None) -> None:
        self._exchange = exchange
        self._dump = dump
        self._faults = faults or FaultPlan(rng=exchange.rng)

    def handle(self, request: WireRequest) -> WireReply:
        """Answer one request."""
        drawn = self._faults.draw(method=request.method, path=request.path, account="", content=request.raw_query)
        before = [fault for fault in drawn if fault.when == "before"]
        if any(fault.kind is FaultKind.DEAD_TOKEN for fault in before):
            return _token_refusal()
        reply = next((reply for reply in map(stand_in, before) if reply is not None), None) or self._answer(request)
        for fault in drawn:
            reply = spoil(reply, fault)
        return reply

    def _answer(self, request: WireRequest) -> WireReply:
        refusal = self._standing_refusal(request)
        if refusal is not None:
            return refusal
        if request.path in ("/instruments", "/instruments/NSE"):
            text = self._dump or instruments_csv(self._exchange.instruments.values())
            return WireReply(headers={"Content-Type": "text/csv"}, body=text.encode())
        if request.path == "/quote/ltp":
            return json_reply({"status": "success", "data": self._quotes(request)})
        return _kite_error(_NOT_FOUND, "GeneralException", "Route not found")

    def _standing_refusal(self, request: WireRequest) -> WireReply | None:
        mode = self._exchange.quirks.kite_rest
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        if mode == "403" or scheme != "token" or not all(pair.partition(":")):
            return _token_refusal()
        if mode == "429":
            return _kite_error(TOO_MANY, "NetworkException", "Too many requests")
        if mode == "502":
            html = {"Content-Type": "text/html"}
            return WireReply(status=_BAD_GATEWAY, headers=html, body=b"<html><body>502 Bad Gateway</body></html>")
        return None

    def _quotes(self, request: WireRequest) -> Mapping[str, object]:
        quotes = {}
        for name, key in parse_qsl(request.raw_query):
            exchange, _, symbol = key.partition(":")
            instrument, price = self._exchange.instruments.get(symbol), self._exchange.prices.get(symbol)
            # what is unknown is simply absent (kite.md 2.3)
            if name == "i" and exchange == "NSE" and instrument is not None and price is not None:
                quotes[key] = {"instrument_token": instrument.instrument_token, "last_price": price}
        return quotes


def _token_refusal() -> WireReply:
    return _kite_error(_FORBIDDEN, "TokenException", "Incorrect `api_key` or `access_token`.")


def _kite_error(status: int, kind: str, message: str) -> WireReply:
    return json_reply({"status": "error", "message": message, "data": None, "error_type": kind}, status)


def ltp_message(prices: Mapping[int, int]) -> bytes:
    """Return one binary message of LTP packets; `prices` gives paise by instrument token (kite.md 1.6)."""
    packets = [struct.pack(">HII", 8, token, paise) for token, paise in prices.items()]
    return struct.pack(">H", len(packets)) + b"".join(packets)


class TickerSession:
    """One websocket client: what it subscribed to and what it was last sent.

    Only changed prices go out, at most one a second and instrument (more often when prices run faster than real
    time), the last known price at once after a subscription, and a one-byte heartbeat when nothing else was sent.
    Packets are always in LTP form, whatever mode was asked for.
    """

    def __init__(self, exchange: PaperExchange, *, speed: float = 1.0) -> None:
        self._exchange = exchange
        self._gap_secs = max(_SHORTEST_GAP_SECS, min(1.0, 1.0 / max(speed, 1.0)))
        self._symbols = {each.instrument_token: each.symbol for each in exchange.instruments.values()}
        self._sent: dict[int, tuple[int, float]] = {}
        self._last_frame_secs: float | None = None
        self.modes: dict[int, str] = {}

    def on_text(self, text: str) -> None:
        """Take a subscribe, mode or unsubscribe message; the server answers none of them (kite.md 1.7)."""
        try:
            message = json.loads(text)
            action, values = message["a"], message["v"]
            if action == "mode":
                mode, values = values
                self.modes.update((token, mode) for token in values if token in self.modes)
            elif action == "unsubscribe":
                for token in values:
                    self.modes.pop(token, None)
                    self._sent.pop(token, None)
            elif action == "subscribe":
                self._subscribe(values)
        except (ValueError, TypeError, KeyError):
            return  # a message that makes no sense changes nothing, and nothing is answered to any

    def frame(self, now_secs: float) -> bytes | None:
        """Return what to send at `now_secs` of a monotonic clock, or None."""
        quirks = self._exchange.quirks
        if self._last_frame_secs is None:
            self._last_frame_secs = now_secs
        if quirks.ticker_feed == "silent":
            return None
        due = self._due(now_secs) if quirks.ticker_feed == "normal" else {}
        if due:
            self._last_frame_secs = now_secs
            self._sent.update((token, (paise, now_secs)) for token, paise in due.items())
            return ltp_message(due)
        if now_secs - self._last_frame_secs >= quirks.heartbeat_secs:
            self._last_frame_secs = now_secs
            return HEARTBEAT
        return None

    def _subscribe(self, tokens: list[int]) -> None:
        for token in tokens:
            self.modes[token] = "quote"
            if self._exchange.quirks.ticker_cached_tick:
                self._sent.pop(token, None)
            elif token not in self._sent:
                self._sent[token] = (self._paise(token) or 0, float("-inf"))

    def _due(self, now_secs: float) -> dict[int, int]:
        due = {}
        for token in self.modes:
            paise = self._paise(token)
            last_paise, at_secs = self._sent.get(token, (None, float("-inf")))
            if paise is not None and paise != last_paise and now_secs - at_secs >= self._gap_secs:
                due[token] = paise
        return due

    def _paise(self, token: int) -> int | None:
        price = self._exchange.prices.get(self._symbols.get(token, ""))
        return None if price is None else int(price * _PAISE)
