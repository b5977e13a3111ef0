"""The XTS "Interactive" REST API over a PaperExchange, without sockets (xts.md 1, 2, 4).

`XtsApp.handle` turns one request into one reply. The aiohttp server and in-process transports carry the reply out.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from tg1.paper.accounts import Account, Login
from tg1.paper.books import Books
from tg1.paper.envelope import Call, failure, malformed
from tg1.paper.errors import (
    ClientRefusedError,
    DeadTokenError,
    LoginRefusedError,
    PaperError,
    PaperUsageError,
    ValidationRefusedError,
)
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import Fault, FaultKind, FaultPlan
from tg1.paper.order_calls import OrderCalls
from tg1.paper.rolling import RollingSeconds
from tg1.paper.user_calls import UserCalls
from tg1.paper.wire import WireReply, WireRequest, loads_object, rate_reply, spoil, stand_in

Handler = Callable[[Call], WireReply]

PREFIX = "/interactive"
_SESSION, _ORDERS = "/interactive/user/session", "/interactive/orders"
_WRITES = ("POST", "PUT", "DELETE")
_BODIES = ("POST", "PUT")
_NOT_FOUND = 404
_LOG_LENGTH = 20_000
_NOT_MAPPED = {f"{PREFIX}/portfolio/positions": "e-portfolio-00005", f"{_ORDERS}/trades": "e-trade-00002"}
"""Codes that servers gave with "Supplied client not mapped under dealer"; of other routes none is known."""


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
        self._limits = RollingSeconds()
        self._users = UserCalls(exchange)
        self._routes = _routes(self._users, OrderCalls(exchange), Books(exchange))

    def handle(self, request: WireRequest, now: datetime) -> WireReply:
        """Answer one request at `now`; never raises for what a client can send."""
        # Findoc was seen to serve a doubled slash (xts.md 1.1), and such servers' routes know no case: /Orders
        path = request.path.replace("//", "/").lower()
        request = request if path == request.path else replace(request, path=path)
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
            return self._account(self._login(request, now), request)
        except PaperError:
            return None  # answered for what it is where the route needs an account

    def _login(self, request: WireRequest, now: datetime) -> Login:
        return self.exchange.accounts.of_token(request.headers.get("authorization", ""), now)

    def _account(self, login: Login, request: WireRequest) -> Account:
        if request.path == _SESSION:
            return login.accounts[0]
        if request.method in _BODIES:
            body = loads_object(request, unwrap=True) if b"clientID" in request.body else {}
            return login.account_of(str(body.get("clientID") or ""), "body")
        return login.account_of(request.query.get("clientID"))

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
            return self._dead_token(fault.text, fault.code, fault.status)
        return stand_in(fault)

    def _dead_token(self, text: str = "", code: str = "", status: int = 0) -> WireReply:
        quirks = self.exchange.quirks
        return failure(
            code or quirks.dead_session_code, text or quirks.dead_session_text, status or quirks.dead_session_status
        )

    def _answer(self, request: WireRequest, faults: tuple[Fault, ...], now: datetime) -> WireReply:
        try:
            return self._route(request, faults, now)
        except DeadTokenError as exc:
            return self._dead_token() if request.headers.get("authorization") else self._dead_token(str(exc), exc.code)
        except ValidationRefusedError as exc:
            return malformed(exc, with_errors=self.exchange.quirks.bad_request_errors)
        except PaperUsageError as exc:
            return failure("e-property-validation-failed", f"Bad Request: {exc}")
        except PaperError as exc:
            return failure(_code_of(exc, request.path), str(exc))

    def _route(self, request: WireRequest, faults: tuple[Fault, ...], now: datetime) -> WireReply:
        if (request.method, request.path) == ("POST", _SESSION):
            return self._users.login(request, now)
        login = self._login(request, now)
        if self._is_over_limit(request, login, now):
            return rate_reply(self.exchange.quirks.rate_limit_body)
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return failure("e-app-0404", f"Cannot {request.method} {request.path}", _NOT_FOUND)
        account = self._account(login, request)
        return handler(Call(request=request, account=account, faults=faults, now=now))

    def _is_over_limit(self, request: WireRequest, login: Login, now: datetime) -> bool:
        # per app key, whatever session it has; the limiter runs after authentication (xts.md 4.4, 5)
        quirks = self.exchange.quirks
        if not quirks.rate_limit or request.path == _SESSION:
            return False
        writes = request.method in _WRITES and request.path == _ORDERS
        most = quirks.orders_per_sec if writes else quirks.reads_per_sec
        return not self._limits.admits((login.user_id, "writes" if writes else request.path), most, now)


def _code_of(exc: PaperError, path: str) -> str:
    if isinstance(exc, LoginRefusedError):
        return "e-login-0001"
    return _NOT_MAPPED.get(path, "e-orders-00002") if isinstance(exc, ClientRefusedError) else "e-orders-0001"


def _routes(users: UserCalls, orders: OrderCalls, books: Books) -> dict[tuple[str, str], Handler]:
    portfolio = f"{PREFIX}/portfolio"
    return {
        ("DELETE", _SESSION): users.logout,
        ("GET", f"{PREFIX}/user/profile"): users.profile,
        ("GET", f"{PREFIX}/user/balance"): users.balance,
        ("GET", f"{PREFIX}/user/enums"): users.enums,
        ("POST", _ORDERS): orders.place,
        ("PUT", _ORDERS): orders.modify,
        ("DELETE", _ORDERS): orders.cancel,
        ("POST", f"{_ORDERS}/cancelall"): orders.cancel_all,
        ("GET", _ORDERS): books.orders,
        ("GET", f"{_ORDERS}/trades"): books.trades,
        ("GET", f"{_ORDERS}/dealerorderbook"): books.dealer_orders,
        ("GET", f"{_ORDERS}/dealertradebook"): books.trades,
        ("GET", f"{portfolio}/positions"): books.positions,
        ("GET", f"{portfolio}/dealerpositions"): books.positions,
        ("GET", f"{portfolio}/holdings"): books.holdings,
        ("GET", f"{PREFIX}/status/exchange"): books.status,
    }
