"""The trading accounts on Findoc's XTS (architecture 3, 10): up to three roles, one session per distinct app key.

It carries orders and reads books. It decides nothing about what to order, and it never repeats a request except for one
after an authentication error, which proves that the first created nothing (behaviour 3.3).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    ConfigError,
    Forbidden,
    InvariantBroken,
    RateLimited,
    SessionRefused,
)
from tg1.machine.redact import Redactor
from tg1.models import Role, TradeSide
from tg1.rules.grid import to_tick
from tg1.xts import calls
from tg1.xts.answer import read_answer
from tg1.xts.pacing import BOOK_READS_PER_SECOND, ORDER_CALLS_PER_SECOND, SlidingWindow
from tg1.xts.sessions import BACKING_OFF
from tg1.xts.transport import NoAnswer, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from tg1.machine.clock import Clock
    from tg1.models import BrokerOrder, Instrument, OrderRequest
    from tg1.xts.answer import Answer
    from tg1.xts.sessions import SessionStore, XtsCredentials, XtsLogin
    from tg1.xts.transport import HttpRequest, Transport

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class InstrumentSource(Protocol):
    """The day's instruments; `InstrumentCache` is the real one."""

    def load(self) -> None:
        """Have the day's dump at hand. Raises `FeedError`."""

    def find(self, symbol: str) -> Instrument:
        """The tradable instrument of `symbol`; raises `UnknownSymbol`."""


class _XTSSession:
    """One account: its transport, its shared session and its two limiters."""

    def __init__(
        self,
        *,
        account: str,
        credentials: XtsCredentials,
        root: str,
        transport: Transport,
        store: SessionStore,
        clock: Clock,
        redactor: Redactor,
        on_secret: Callable[[str], None],
    ) -> None:
        self.account = account
        self._credentials = credentials
        self._transport = transport
        self._store = store
        self._path = store.path_of(credentials, root)
        self._clock = clock
        self._on_secret = on_secret
        self._redactor = redactor
        for secret in (credentials.key, credentials.secret):
            self._hide(secret)
        # A token's claims spell the app key in capitals (xts.md 2.1), and servers echo them.
        self._hide(credentials.key.upper())
        self._login: XtsLogin | None = None
        self._blameless_token = ""
        """The token of a session that was new when a 403 came all the same."""
        self._order_pace = SlidingWindow(limit=ORDER_CALLS_PER_SECOND)
        self._book_pace = SlidingWindow(limit=BOOK_READS_PER_SECOND)
        self._book_reader = calls.BookReader(account, self._redactor.scrub)

    def open(self, *, wait: bool) -> None:
        """Use the shared session, proving it with the book, or log in.

        With `wait`, a login that is backing off is waited for, once and for at most a minute. Raises `SessionRefused`,
        `RateLimited` or `BrokerUnavailable`.
        """
        try:
            self._open()
        except SessionRefused as exc:
            if not wait or exc.code != BACKING_OFF:
                raise
            _log.warning("%s", exc)
            wait_secs = self._store.login_wait_secs(self._path, self._clock.now())
            self._clock.wait_until(self._clock.monotonic() + wait_secs)
            self._open()

    def _open(self) -> None:
        if self._login is None and (saved := self._store.saved(self._path)):
            self._use(saved)
        if self._login is None:
            with self._named():
                self._renew(None)
            return
        try:
            self.order_book()
        except RateLimited:
            # The limiter runs after authentication, so this proves the token, too (xts.md 4.4).
            _log.debug("%s: the shared session is alive", self.account)

    def place(self, order: OrderRequest, *, instrument_id: int, product_type: str) -> str:
        """Send one order; return its AppOrderID. Raises as `Broker.place_order`."""

        def build(login: XtsLogin) -> HttpRequest:
            return calls.place_request(login, order, instrument_id=instrument_id, product_type=product_type)

        with self._named():
            return self._call(build, calls.placed_order_id, self._order_pace, lost=BrokerUnknown)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel. Raises as `Broker.cancel_order`."""
        with self._named():
            self._call(
                lambda login: calls.cancel_request(login, order_id),
                calls.check_cancel,
                self._order_pace,
                lost=BrokerUnknown,
            )

    def order_book(self) -> tuple[BrokerOrder, ...]:
        """Read the whole book, waiting first until it is due. Raises as `Broker.order_book`."""
        with self._named():
            return self._call(calls.book_request, self._book_reader.read, self._book_pace, lost=BrokerUnavailable)

    def _call(
        self,
        build: Callable[[XtsLogin], HttpRequest],
        read: Callable[[Answer], _T],
        pace: SlidingWindow,
        *,
        lost: type[BrokerError],
    ) -> _T:
        """Do one call, and once more when the session had died; `lost` is what a missing answer means.

        A 403 that a new session does not mend is about this machine or the account, not about the session: it is
        a refusal like any other, since logging in for ever would help nobody (failures.md 58a).
        """
        login = self._login or self._renew(None)
        try:
            return read(self._exchange(build(login), pace, lost))
        except SessionRefused as exc:
            if isinstance(exc, Forbidden) and login.token == self._blameless_token:
                raise BrokerRefused(str(exc), code=exc.code) from exc
            _log.info("%s: %s; renewing the session", self.account, exc)
        login = self._renew(login.token)
        try:
            return read(self._exchange(build(login), pace, lost))
        except Forbidden as exc:
            self._blameless_token = login.token
            raise BrokerRefused(str(exc), code=exc.code) from exc

    def _exchange(self, request: HttpRequest, pace: SlidingWindow, lost: type[BrokerError]) -> Answer:
        self._wait_for(pace)
        try:
            response = self._transport.send(request)
        except NotSent as exc:
            raise BrokerUnavailable(str(exc)) from exc
        except NoAnswer as exc:
            raise lost(str(exc)) from exc
        return read_answer(response, self._redactor.scrub)

    def _wait_for(self, pace: SlidingWindow) -> None:
        # A stop must not lift the limit: the cancels of a shutdown are the largest burst of all.
        while (due := pace.next_send_time(self._clock.monotonic())) is not None:
            self._clock.sleep_until(due)
        pace.note_sent(self._clock.monotonic())

    def _renew(self, dead_token: str | None) -> XtsLogin:
        login = self._store.renew(self._path, dead_token=dead_token, log_in=self._log_in, now=self._clock.now)
        self._use(login)
        return login

    def _log_in(self) -> XtsLogin:
        """Log in, killing the key's older session. Called under the store's lock."""
        try:
            response = self._transport.send(calls.login_request(self._credentials))
        except (NotSent, NoAnswer) as exc:
            raise BrokerUnavailable(f"the login failed: {exc}") from exc
        login = calls.login_of(read_answer(response, self._redactor.scrub))
        self._hide(login.token)
        _log.info("%s: logged in", self.account)
        return login

    def _use(self, login: XtsLogin) -> None:
        self._hide(login.token)
        self._login = login

    def _hide(self, secret: str) -> None:
        self._redactor.add(secret)
        self._on_secret(secret)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Let every error say which account it is about."""
        try:
            yield
        except BrokerError as exc:
            exc.args = (f"{self.account} account: {exc}",)
            raise


class FindocMultiClient:
    """The accounts of one bot; fulfils `Broker`. Roles with the same app key share one session (architecture 3)."""

    def __init__(
        self,
        *,
        trade: XtsCredentials,
        upside_oco: XtsCredentials | None = None,
        downside_oco: XtsCredentials | None = None,
        root: str,
        product_type: str,
        instruments: InstrumentSource,
        transport_factory: Callable[[str], Transport],
        store: SessionStore,
        clock: Clock,
        on_secret: Callable[[str], None] = lambda _secret: None,
    ) -> None:
        self._product_type = product_type
        self._instruments = instruments
        self._clock = clock
        self._sessions: dict[str, _XTSSession] = {}
        known: dict[str, tuple[XtsCredentials, _XTSSession]] = {}
        # One for all: a broker's words go into the state file, whichever account's secret they quote (behaviour 16).
        redactor = Redactor()

        def session_of(account: str, credentials: XtsCredentials) -> _XTSSession:
            if credentials.key in known:
                first, session = known[credentials.key]
                if first.secret != credentials.secret:
                    raise ConfigError(f"{session.account} and {account} have the same app key but different secrets")
                return session
            session = _XTSSession(
                account=account,
                credentials=credentials,
                root=root,
                transport=transport_factory(account),
                store=store,
                clock=clock,
                redactor=redactor,
                on_secret=on_secret,
            )
            known[credentials.key] = (credentials, session)
            self._sessions[account] = session
            return session

        self.trade_session = session_of("trade", trade)
        self.upside_oco_session = session_of("upside_oco", upside_oco) if upside_oco else None
        self.downside_oco_session = session_of("downside_oco", downside_oco) if downside_oco else None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The distinct accounts, each named by the first role that uses its key."""
        return tuple(self._sessions)

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account that carries orders of this role and side (architecture 10)."""
        return self._get_oco_session(trade_side).account if role is Role.OCO else self.trade_session.account

    def _get_oco_session(self, trade_side: TradeSide) -> _XTSSession:
        """The session of the half's hedges; a bot without hedges has none and never asks."""
        session = self.upside_oco_session if trade_side is TradeSide.UPSIDE else self.downside_oco_session
        if session is None:
            raise InvariantBroken(f"there is no OCO account for the {trade_side}, but an OCO order was asked for")
        return session

    def connect(self) -> None:
        """Log every account in and load the day's instruments.

        Raises `SessionRefused`, `RateLimited` or `BrokerUnavailable` naming the account, and `FeedError`; a stop that
        is asked for meanwhile is a `BrokerUnavailable`, too.
        """
        for account, session in self._sessions.items():
            if self._clock.stop_requested:
                raise BrokerUnavailable(f"a stop was asked for before account {account} was logged in")
            session.open(wait=True)
        self._instruments.load()

    def connect_all(self) -> dict[str, BrokerError]:
        """Log in where it is possible, for `--cancel-all` (behaviour 13); return the failures by account.

        Loads no instruments and waits for no back-off. A later call on a failed account tries its login again.
        """
        failures: dict[str, BrokerError] = {}
        for account, session in self._sessions.items():
            try:
                session.open(wait=False)
            except BrokerError as exc:
                failures[account] = exc
        return failures

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of `symbol`; `UnknownSymbol` when the dump has none."""
        return self._instruments.find(symbol)

    def round_to_tick(self, price: Decimal, symbol: str) -> Decimal:
        """The multiple of the symbol's tick nearest to `price`, in rupees; half a tick goes up."""
        return to_tick(price, self.instrument(symbol).tick_size)

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order, once; return its AppOrderID.

        Raises `BrokerRefused` (nothing was created), `BrokerUnavailable` (nothing left) or `BrokerUnknown`.
        """
        instrument_id = self.instrument(request.symbol).exchange_token
        return self._session(account).place(request, instrument_id=instrument_id, product_type=self._product_type)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:  # noqa: ARG002  # part of `Broker`
        """Ask for a cancel; returning means "sent" (behaviour 4.6).

        `client_id` stays at home: the server takes a cancel without it, and whether it compares one is unknown
        (xts.md 9.2). Raises `BrokerError`; an order that is final already is a `BrokerRefused` (xts.md 4.7).
        """
        self._session(account).cancel(order_id)

    def order_book(self, account: str) -> tuple[BrokerOrder, ...]:
        """All orders of the account's day, not more than once a second; raises `BrokerError`."""
        return self._session(account).order_book()

    def _session(self, account: str) -> _XTSSession:
        try:
            return self._sessions[account]
        except KeyError as exc:
            raise InvariantBroken(f"there is no account {account!r}, only {', '.join(self._sessions)}") from exc
