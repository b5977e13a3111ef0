"""Kite's ticker protocol over an exchange and its tape, without sockets (kite.md 1.5 to 1.7)."""

import json
from decimal import Decimal
from typing import NamedTuple

from tg1.paper.exchange import PaperExchange
from tg1.paper.packets import HEARTBEAT, ltp, message, packet
from tg1.paper.tape import Tape

_SHORTEST_GAP_SECS = 0.05
_LTP = "ltp"
_NEVER = float("-inf")


class _Seen(NamedTuple):
    price: Decimal
    trades: int


class TickerSession:
    """One websocket client: what it subscribed to, in which mode, and what it was last sent.

    A plain subscription is in quote mode (kite.md 1.5). LTP packets go out when the price changed, quote and full ones
    with every trade, at most one a second and instrument (more often when prices run faster than real time); the last
    known figures at once after a subscription, and a one-byte heartbeat when nothing else was sent.
    """

    def __init__(self, exchange: PaperExchange, tape: Tape, *, speed: float = 1.0) -> None:
        self._exchange = exchange
        self._tape = tape
        self._gap_secs = max(_SHORTEST_GAP_SECS, min(1.0, 1.0 / max(speed, 1.0)))
        self._listed = {each.instrument_token: each for each in exchange.instruments.values()}
        self._sent: dict[int, tuple[_Seen | None, float]] = {}
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
            self._sent.update((token, (seen, now_secs)) for token, seen in due.items())
            return message(self._packet(token) for token in due)
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
                self._sent[token] = (self._see(token), _NEVER)

    def _due(self, now_secs: float) -> dict[int, _Seen]:
        due = {}
        for token, mode in self.modes.items():
            seen = self._see(token)
            last, at_secs = self._sent.get(token, (None, _NEVER))
            if seen is None or now_secs - at_secs < self._gap_secs:
                continue
            if last is None or (seen.price != last.price if mode == _LTP else seen != last):
                due[token] = seen
        return due

    def _see(self, token: int) -> _Seen | None:
        instrument = self._listed.get(token)
        price = None if instrument is None else self._exchange.prices.get(instrument.key)
        if instrument is None or price is None:
            return None
        day = self._tape.days.get(instrument.key)
        return _Seen(price, 0 if day is None else day.trades)

    def _packet(self, token: int) -> bytes:
        instrument = self._listed[token]
        day = self._tape.days.get(instrument.key)
        if day is None or self.modes[token] == _LTP:
            return ltp(token, self._exchange.prices[instrument.key])
        return packet(self.modes[token], token, day, instrument.tick)
