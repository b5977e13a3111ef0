"""Kite's REST over the same exchange, without sockets (kite.md 2)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from tg1.paper.candles import Past
from tg1.paper.errors import KiteForbiddenError, KiteInputError, KiteRefusedError
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultKind, FaultPlan
from tg1.paper.instruments import PaperInstrument, dump_of
from tg1.paper.kite_sessions import KiteSessions
from tg1.paper.orders import IST
from tg1.paper.packets import Place, depth
from tg1.paper.prices import on_tick
from tg1.paper.rolling import RollingSeconds
from tg1.paper.tape import DayFigures, Tape
from tg1.paper.wire import TOO_MANY, WireReply, WireRequest, json_reply, spoil, stand_in

_FORBIDDEN, _NOT_FOUND, _BAD_GATEWAY = 403, 404, 502
_QUOTES = ("/quote", "/quote/ohlc", "/quote/ltp")
_HISTORICAL = "/instruments/historical/"
_SESSION = "/session/token"
_DOORS = (_SESSION, "/connect/login")
"""What is served without a token."""
_PER_SEC = {"quote": 1, "historical": 3, "other": 10}
"""Requests a second and api key (kite.md 2.6)."""
_BAND = 0.2
"""The widest band of a share, about the day's first price (xts.md 6.4)."""
_USER = {
    "user_id": "PAPER1",
    "user_type": "individual",
    "email": "",
    "user_name": "Paper",
    "user_shortname": "Paper",
    "broker": "ZERODHA",
    "exchanges": ["NSE", "BSE"],
    "products": ["CNC", "MIS", "NRML"],
    "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
    "avatar_url": None,
    "meta": {"demat_consent": "physical"},
}


class KiteApp:
    """Instruments, quotes, candles, the profile and the daily login, with Kite's own error bodies."""

    def __init__(
        self,
        exchange: PaperExchange,
        tape: Tape,
        past: Past,
        *,
        sessions: KiteSessions | None = None,
        dump: str = "",
        faults: FaultPlan | None = None,
    ) -> None:
        self._exchange = exchange
        self._tape = tape
        self._past = past
        self.sessions = sessions or KiteSessions(exchange.rng)
        self._dump = dump
        self._faults = faults or FaultPlan(rng=exchange.rng)
        self._limits = RollingSeconds()
        self._listed = {each.instrument_token: each for each in exchange.instruments.values()}

    def handle(self, request: WireRequest, now: datetime) -> WireReply:
        """Answer one request at `now`."""
        drawn = self._faults.draw(method=request.method, path=request.path, account="", content=request.raw_query)
        before = [fault for fault in drawn if fault.when == "before"]
        if any(fault.kind is FaultKind.DEAD_TOKEN for fault in before):
            return _token_refusal()
        reply = next((reply for reply in map(stand_in, before) if reply is not None), None)
        reply = reply or self._answer(request, now)
        for fault in drawn:
            reply = spoil(reply, fault)
        return reply

    def admits(self, api_key: str, access_token: str, now: datetime) -> bool:
        """The token opens a websocket; it is asked for at the handshake alone (kite.md 2.5)."""
        try:
            self.sessions.check(api_key, access_token, now)
        except KiteRefusedError:
            return False
        return True

    def _answer(self, request: WireRequest, now: datetime) -> WireReply:
        refusal = self._standing_refusal()
        if refusal is not None:
            return refusal
        try:
            if request.path in _DOORS:
                return (self._session if request.path == _SESSION else self._login_page)(request, now)
            api_key = self._checked_key(request, now)
            if not self._is_within_limit(request, api_key, now):
                return _kite_error(TOO_MANY, "NetworkException", "Too many requests")
            return self._route(request)
        except KiteRefusedError as exc:
            return _token_refusal(str(exc))
        except (KiteForbiddenError, KiteInputError) as exc:
            return _kite_error(exc.status, exc.kind, str(exc))

    def _standing_refusal(self) -> WireReply | None:
        mode = self._exchange.quirks.kite_rest
        if mode == "403":
            return _token_refusal()
        if mode == "429":
            return _kite_error(TOO_MANY, "NetworkException", "Too many requests")
        if mode == "502":
            html = {"Content-Type": "text/html"}
            return WireReply(status=_BAD_GATEWAY, headers=html, body=b"<html><body>502 Bad Gateway</body></html>")
        return None

    def _checked_key(self, request: WireRequest, now: datetime) -> str:
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        api_key, _, access_token = pair.partition(":")
        self.sessions.check(api_key if scheme == "token" else "", access_token, now)
        return api_key

    def _is_within_limit(self, request: WireRequest, api_key: str, now: datetime) -> bool:
        if not self._exchange.quirks.rate_limit:
            return True
        kind = "quote" if request.path in _QUOTES else "other"
        kind = "historical" if request.path.startswith(_HISTORICAL) else kind
        return self._limits.admits((api_key, kind), _PER_SEC[kind], now)

    def _route(self, request: WireRequest) -> WireReply:
        if request.method == "GET":
            if request.path == "/user/profile":
                return _success(_USER)
            if request.path in _QUOTES:
                return _success(self._quotes(request))
            if request.path.startswith(_HISTORICAL):
                return _success({"candles": self._candles(request)})
            if request.path.startswith("/instruments"):
                return self._instruments(request.path.removeprefix("/instruments").strip("/"))
        return _kite_error(_NOT_FOUND, "GeneralException", "Route not found")

    # The login

    def _login_page(self, request: WireRequest, now: datetime) -> WireReply:
        """Where the real page leads to once a person has logged in: the address with its request token."""
        token = self.sessions.allow_login(dict(request.query).get("api_key", ""), now=now)
        address = f"http://127.0.0.1/?action=login&status=success&request_token={token}"
        return WireReply(status=200, headers={"Content-Type": "text/plain"}, body=f"{address}\n".encode())

    def _session(self, request: WireRequest, now: datetime) -> WireReply:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) or dict(request.query)
        api_key = form.get("api_key", "")
        if request.method == "DELETE":
            self.sessions.end(api_key, form.get("access_token", ""), now)
            return _success(data=True)
        token = self.sessions.exchange(api_key, form.get("request_token", ""), form.get("checksum", ""), now)
        login = {
            "api_key": api_key,
            "access_token": token,
            "public_token": token[:8],
            "refresh_token": "",
            "enctoken": "",
            "login_time": now.strftime("%Y-%m-%d %H:%M:%S"),
        }
        return _success(_USER | login)

    # Market data

    def _instruments(self, exchange: str) -> WireReply:
        text = self._dump or dump_of(
            self._exchange.instruments.values(), exchange, with_others=self._exchange.quirks.dump_has_other_exchanges
        )
        return WireReply(headers={"Content-Type": "text/csv"}, body=text.encode())

    def _quotes(self, request: WireRequest) -> Mapping[str, object]:
        make = {"/quote": self._quote, "/quote/ohlc": self._ohlc}.get(request.path, self._ltp)
        quotes = {}
        for name, key in parse_qsl(request.raw_query):
            instrument = self._instrument(key)
            # what is unknown is simply absent (kite.md 2.3)
            if name == "i" and instrument is not None and instrument.key in self._exchange.prices:
                quotes[key] = make(instrument)
        return quotes

    def _instrument(self, key: str) -> PaperInstrument | None:
        exchange, _, symbol = key.partition(":")
        return self._exchange.instruments.get(symbol if exchange == "NSE" else key)

    def _ltp(self, instrument: PaperInstrument) -> dict[str, Any]:
        last = self._exchange.prices[instrument.key]
        return {"instrument_token": instrument.instrument_token, "last_price": last}

    def _ohlc(self, instrument: PaperInstrument) -> dict[str, Any]:
        day = self._day(instrument)
        ohlc = {"open": day.open, "high": day.high, "low": day.low, "close": day.close}
        return {**self._ltp(instrument), "ohlc": ohlc}

    def _quote(self, instrument: PaperInstrument) -> dict[str, Any]:
        day = self._day(instrument)
        bids, offers = depth(day.last, instrument.tick)
        at = day.last_at.strftime("%Y-%m-%d %H:%M:%S")
        return {
            **self._ohlc(instrument),
            "timestamp": at,
            "last_trade_time": at,
            "last_quantity": day.volume // day.trades,
            "buy_quantity": sum(place.quantity for place in bids),
            "sell_quantity": sum(place.quantity for place in offers),
            "volume": day.volume,
            "average_price": day.average.quantize(Decimal("0.01")),
            **dict.fromkeys(("oi", "oi_day_high", "oi_day_low", "net_change"), 0),
            "lower_circuit_limit": on_tick(float(day.open) * (1 - _BAND), instrument.tick),
            "upper_circuit_limit": on_tick(float(day.open) * (1 + _BAND), instrument.tick),
            "depth": {"buy": list(map(_place, bids)), "sell": list(map(_place, offers))},
        }

    def _day(self, instrument: PaperInstrument) -> DayFigures:
        day = self._tape.days.get(instrument.key)
        if day is not None:
            return day
        last = self._exchange.prices[instrument.key]
        return DayFigures(
            open=last, high=last, low=last, close=last, last=last, value=last, last_at=datetime.min.replace(tzinfo=IST)
        )

    def _candles(self, request: WireRequest) -> list[list[object]]:
        if self._exchange.quirks.kite_historical == "no-permission":
            raise KiteForbiddenError("Insufficient permission for that call.")
        token, _, interval = request.path.removeprefix(_HISTORICAL).partition("/")
        instrument = self._listed.get(int(token)) if token.isdecimal() else None
        if instrument is None:
            raise KiteInputError("invalid token")
        since, until = _moment(request.query.get("from", "")), _moment(request.query.get("to", ""))
        candles = self._past.candles(instrument, interval, since, until)
        open_interest = [0] if request.query.get("oi") == "1" else []
        return [
            [
                each.at.strftime("%Y-%m-%dT%H:%M:%S+0530"),
                *(each.open, each.high, each.low, each.close, each.volume),
                *open_interest,
            ]
            for each in candles
        ]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=IST)
    except ValueError as exc:
        raise KiteInputError("invalid from or to date") from exc


def _place(place: Place) -> dict[str, object]:
    return {"price": place.price, "quantity": place.quantity, "orders": place.orders}


def _success(data: object) -> WireReply:
    return json_reply({"status": "success", "data": data})


def _token_refusal(message: str = "Incorrect `api_key` or `access_token`.") -> WireReply:
    return _kite_error(_FORBIDDEN, "TokenException", message)


def _kite_error(status: int, kind: str, message: str) -> WireReply:
    return json_reply({"status": "error", "message": message, "data": None, "error_type": kind}, status)
