"""The XTS "Interactive" REST API over a PaperExchange, without sockets (xts.md 1, 2, 4).

`XtsApp.handle` turns one request into one reply. The aiohttp server and in-process transports carry the reply out.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from tg1.paper.accounts import Account
from tg1.paper.books import Books, margin_text
from tg1.paper.envelope import Call, dead_token, failure, malformed, success
from tg1.paper.errors import (
    DeadTokenError,
    LoginRefusedError,
    NotWorkingError,
    PaperUsageError,
    UnknownOrderError,
    ValidationRefusedError,
)
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import Fault, FaultKind, FaultPlan
from tg1.paper.orders import CancelFate
from tg1.paper.rows import order_id
from tg1.paper.validation import read_cancel_all, read_order_id
from tg1.paper.wire import WireReply, WireRequest, loads_object, rate_reply, spoil, stand_in

Handler = Callable[[Call], WireReply]

PREFIX = "/interactive"
_SESSION, _ORDERS = "/interactive/user/session", "/interactive/orders"
_WRITES = ("POST", "PUT", "DELETE")
_ONE_SECOND = timedelta(seconds=1)
_NOT_FOUND = 404
_LOG_LENGTH = 20_000
_ENUMS = {
    "socketEvent": ["joined", "error", "warning", "success", "order", "trade", "logout", "position"],
    "orderSide": ["BUY", "SELL"],
    "orderSource": ["TWSAPI", "WebAPI"],
    "positionSqureOffMode": ["DayWise", "NetWise"],
    "positionSquareOffQuantityType": ["ExactQty", "Percentage"],
    "dayOrNet": ["DayWise", "NetWise"],
    "exchangeInfo": {
        "NSECM": {
            "productType": ["CNC", "MIS", "NRML"],
            "orderType": ["StopLimit", "StopMarket", "Limit", "Market"],
            "timeInForce": ["DAY", "IOC"],
        }
    },
}


class RequestLog(Protocol):
    """What hears of every request and its reply; nothing in it may be a token or a secret."""

    def request(self, request: WireRequest, reply: WireReply, account: str, now: datetime) -> None:
        """Record one exchange of request and reply."""


class XtsApp:
    """The gateway: sessions, validation, limits and faults in front of the exchange.

    `counters` counts requests by (account, method, path); `recent` keeps the last ones as (now, method, path, account).
    """

    def __init__(
        self, exchange: PaperExchange, *, faults: FaultPlan | None = None, journal: RequestLog | None = None
    ) -> None:
        self.exchange = exchange
        self.faults = faults or FaultPlan(rng=exchange.rng)
        self.counters: Counter[tuple[str, str, str]] = Counter()
        self.recent: deque[tuple[datetime, str, str, str]] = deque(maxlen=_LOG_LENGTH)
        self._journal = journal
        self._windows: dict[tuple[str, str], deque[datetime]] = {}
        books = Books(exchange)
        self._routes: dict[tuple[str, str], Handler] = {
            ("DELETE", _SESSION): self._logout,
            ("GET", f"{PREFIX}/user/profile"): self._profile,
            ("GET", f"{PREFIX}/user/balance"): self._balance,
            ("POST", _ORDERS): self._place,
            ("PUT", _ORDERS): self._modify,
            ("DELETE", _ORDERS): self._cancel,
            ("POST", f"{_ORDERS}/cancelall"): self._cancel_all,
            ("GET", _ORDERS): books.orders,
            ("GET", f"{_ORDERS}/trades"): books.trades,
            ("GET", f"{PREFIX}/portfolio/positions"): books.positions,
            ("GET", f"{PREFIX}/portfolio/holdings"): books.holdings,
            ("GET", f"{PREFIX}/status/exchange"): books.status,
        }

    def handle(self, request: WireRequest, now: datetime) -> WireReply:
        """Answer one request at `now`; never raises for what a client can send."""
        # Findoc was seen to serve a doubled slash (xts.md 1.1)
        request = replace(request, path=request.path.replace("//", "/")) if "//" in request.path else request
        self.exchange.step(now)
        account = self._account_behind(request, now)
        name = account.name if account else ""
        self.counters[name, request.method, request.path] += 1
        self.recent.append((now, request.method, request.path, name))
        reply = self._with_faults(request, account, now)
        if self.exchange.quirks.latency_secs:
            reply = replace(reply, delay_secs=reply.delay_secs + self.exchange.quirks.latency_secs)
        if self._journal is not None:
            self._journal.request(request, reply, name, now)
        return reply

    def _account_behind(self, request: WireRequest, now: datetime) -> Account | None:
        try:
            return self.exchange.accounts.of_token(request.headers.get("authorization", ""), now)
        except DeadTokenError:
            return None  # answered as a dead token where the route needs one

    def _with_faults(self, request: WireRequest, account: Account | None, now: datetime) -> WireReply:
        if self.faults.is_empty:
            return self._answer(request, (), now)
        content = "&".join(f"{name}={value}" for name, value in request.query.items()) + request.body.decode(
            "utf-8", "replace"
        )
        name = account.name if account else ""
        drawn = self.faults.draw(method=request.method, path=request.path, account=name, content=content)
        before = [fault for fault in drawn if fault.when == "before"]
        for fault in before:
            if fault.kind is FaultKind.KILL_TOKEN and account is not None:
                self.exchange.accounts.kill(account.name)
        reply = next((reply for reply in map(self._refusal, before) if reply is not None), None)
        if reply is None:
            reply = self._answer(request, tuple(drawn), now)
        for fault in drawn:
            reply = spoil(reply, fault)
        for fault in drawn:
            if fault.kind is FaultKind.KILL_TOKEN and fault.when == "after" and account is not None:
                self.exchange.accounts.kill(account.name)
        return reply

    def _refusal(self, fault: Fault) -> WireReply | None:
        if fault.kind is FaultKind.DEAD_TOKEN:
            return dead_token(fault.status or self.exchange.quirks.dead_token_status)
        return stand_in(fault)

    def _answer(self, request: WireRequest, faults: tuple[Fault, ...], now: datetime) -> WireReply:
        try:
            return self._route(request, faults, now)
        except DeadTokenError as exc:
            return dead_token(self.exchange.quirks.dead_token_status, exc.code, str(exc))
        except LoginRefusedError as exc:
            return failure("e-login-0001", str(exc))
        except ValidationRefusedError as exc:
            return malformed(exc)
        except (UnknownOrderError, NotWorkingError) as exc:
            return failure("e-orders-0001", str(exc))
        except PaperUsageError as exc:
            return failure("e-property-validation-failed", f"Bad Request: {exc}")

    def _route(self, request: WireRequest, faults: tuple[Fault, ...], now: datetime) -> WireReply:
        if (request.method, request.path) == ("POST", _SESSION):
            return self._login(request, now)
        account = self.exchange.accounts.of_token(request.headers.get("authorization", ""), now)
        if self._is_over_limit(request, account, now):
            return rate_reply(self.exchange.quirks.rate_limit_body)
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return failure("e-app-0404", f"Cannot {request.method} {request.path}", _NOT_FOUND)
        return handler(Call(request=request, account=account, faults=faults, now=now))

    def _is_over_limit(self, request: WireRequest, account: Account, now: datetime) -> bool:
        # a rolling second per account; the limiter runs after authentication (xts.md 4.4, 5)
        quirks = self.exchange.quirks
        if not quirks.rate_limit or request.path == _SESSION:
            return False
        writes = request.method in _WRITES and request.path == _ORDERS
        window = self._windows.setdefault((account.name, "writes" if writes else request.path), deque())
        while window and now - window[0] >= _ONE_SECOND:
            window.popleft()
        if len(window) >= (quirks.orders_per_sec if writes else quirks.reads_per_sec):
            return True
        window.append(now)
        return False

    # Sessions and the account

    def _login(self, request: WireRequest, now: datetime) -> WireReply:
        body = loads_object(request)
        session = self.exchange.login(str(body.get("appKey", "")), str(body.get("secretKey", "")), now)
        result = {
            "token": session.token,
            "userID": session.account,
            "isInvestorClient": True,
            "clientCodes": [session.account],
            "enums": _ENUMS,
            "exchangeSegmentArray": [{"key": "NSECM", "value": 1}],
        }
        return success("s-user-0001", "Valid User.", result)

    def _logout(self, call: Call) -> WireReply:
        self.exchange.logout(call.account.name)
        return success("s-user-0001", "successfully logout from all API.", "")

    def _profile(self, call: Call) -> WireReply:
        profile = {"ClientId": call.account.name, "ClientName": "PAPER", "EmailId": "", "MobileNo": "", "PAN": ""}
        return success("s-user-0001", "Success Profile", profile)

    def _balance(self, call: Call) -> WireReply:
        cash = margin_text(call.account)
        limits = {
            "RMSSubLimits": {"cashAvailable": cash, "netMarginAvailable": cash, "marginUtilized": "0", "MTM": "NaN"},
            "AccountID": call.account.name,
        }
        return success("s-user-0002", "OK", {"BalanceList": [{"limitHeader": "ALL|ALL|ALL", "limitObject": limits}]})

    # Orders

    def _place(self, call: Call) -> WireReply:
        quirks, account = self.exchange.quirks, call.account
        kinds = {fault.kind: fault for fault in call.faults}
        hide = kinds.get(FaultKind.HIDE)
        placed = self.exchange.place(
            account.name,
            loads_object(call.request),
            call.now,
            hide_secs=hide.secs if hide else 0.0,
            hide_reads=hide.reads if hide else 0,
        )
        if FaultKind.REJECT in kinds:
            self.exchange.doom(placed, kinds[FaultKind.REJECT].text or "OEMS:RMS : Rejected")
        result: dict[str, Any] = {"ClientID": account.name}
        if FaultKind.NO_ORDER_ID not in kinds:
            result = {"AppOrderID": order_id(placed, quirks), **result}
        if quirks.reply_has_identifier and FaultKind.NO_IDENTIFIER not in kinds:
            result["OrderUniqueIdentifier"] = self.exchange.orders[placed].client_id
        return success("s-orders-0001", "Request sent", result)

    def _modify(self, call: Call) -> WireReply:
        body = loads_object(call.request)
        number = read_order_id(body.get("appOrderID", ""))
        self.exchange.modify(call.account.name, number, body, call.now)
        result = {
            "AppOrderID": order_id(number, self.exchange.quirks),
            "OrderUniqueIdentifier": self.exchange.orders[number].client_id,
            "ClientID": call.account.name,
        }
        return success("s-orders-0001", "Request sent", result)

    def _cancel(self, call: Call) -> WireReply:
        kinds = {fault.kind for fault in call.faults}
        fate = CancelFate.LOST_TO_FILL if FaultKind.CANCEL_LOST in kinds else None
        fate = CancelFate.IGNORED if FaultKind.CANCEL_IGNORED in kinds else fate
        number = read_order_id(call.request.query.get("appOrderID", ""))
        quirks = self.exchange.quirks
        try:
            self.exchange.cancel(call.account.name, number, call.now, fate)
        except (UnknownOrderError, NotWorkingError):
            if quirks.cancel_of_final == "error":
                raise
        row = {"AppOrderID": order_id(number, quirks), "ClientID": call.account.name}
        shapes: dict[str, Any] = {"list": [row], "dict": row, "empty": "", "null": None}
        return success("s-user-0001", "Request sent", shapes[quirks.cancel_result])

    def _cancel_all(self, call: Call) -> WireReply:
        segment, instrument_id = read_cancel_all(loads_object(call.request, unwrap=True))
        self.exchange.cancel_all(call.account.name, call.now, segment, instrument_id)
        return success("s-cancelall-0001", "Cancel All Order Request Send Successfully", "")
