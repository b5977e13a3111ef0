"""One account's authenticated connection: each call in its turn, with a live session, its answer read.

It never repeats a request except for one after an authentication error or a rate limit, either of which proves that the
first created nothing (behaviour 3.3, 11.3).
"""

from __future__ import annotations

import logging
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    Forbidden,
    NoAnswer,
    NotSent,
    RateLimited,
    ReadRefused,
    SessionRefused,
)
from tg1.xts.answer import Kind, read_answer
from tg1.xts.login import login_of, login_request
from tg1.xts.sessions import BACKING_OFF, LOCK_PATIENCE_SECS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tg1.machine.clock import Clock
    from tg1.machine.redact import Redactor
    from tg1.xts.answer import Answer
    from tg1.xts.http import HttpRequest, Transport
    from tg1.xts.login import Caller, XtsCredentials, XtsLogin
    from tg1.xts.sessions import SessionStore

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Connection:
    """One account's transport and its share of the key's session."""

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
        self.scrub = redactor.scrub
        self._credentials = credentials
        self._transport = transport
        self._store = store
        self._path = store.path_of(credentials, root)
        self.shared, self.file_stem = store.shared, self._path.stem
        self.clock = clock
        self._on_secret = on_secret
        self._redactor = redactor
        for secret in (credentials.key, credentials.secret):
            self._hide(secret)
        # A token's claims spell the app key in capitals (xts.md 2.1), and servers echo them.
        self._hide(credentials.key.upper())
        self.lock_patience_secs = LOCK_PATIENCE_SECS
        """How long another bot's login is waited for."""
        self.proved_at = -math.inf
        """When the server last showed that our session lives; monotonic seconds."""
        self.sessions_used = 0
        """Rises with each session that this account goes over to."""
        self._caller: Caller | None = None
        self._blameless_token = ""
        """The token of a session that was new when a 403 came all the same."""

    def open(self, prove: Callable[[], object], *, wait: bool) -> None:
        """Use the shared session, when the read `prove` works with it, or log in.

        With `wait`, a login that is backing off is waited for, once and for at most a minute. Raises `SessionRefused`,
        `RateLimited` or `BrokerUnavailable`.
        """
        try:
            self._open(prove)
        except SessionRefused as exc:
            if not wait or exc.code != BACKING_OFF:
                raise
            log.warning("%s", exc)
            wait_secs = self._store.login_wait_secs(self._path, self.clock.now())
            self.clock.wait_until(self.clock.monotonic() + wait_secs)
            self._open(prove)

    def _open(self, prove: Callable[[], object]) -> None:
        if self._caller is None and (saved := self._store.saved(self._path)):
            with self._named():
                self._use(saved)
        if self._caller is None:
            self.renew()
            return
        try:
            prove()
        except RateLimited:
            # The limiter runs after authentication, so this proves the token, too (xts.md 4.4).
            log.debug("%s: the shared session is alive", self.account)
        except ReadRefused as exc:
            # Servers have many words for a dead session (behaviour 11.1).
            log.info("%s; taking the saved session for dead", exc)
            self.renew()

    @property
    def client_id(self) -> str | None:
        """The `clientID` that calls carry; None without one, and before the first login."""
        return self._caller.client_id if self._caller else None

    def adopt_newer(self) -> None:
        """Go over to another bot's session, where the file holds one that is not ours."""
        saved = self._store.saved(self._path)
        if saved is not None and (self._caller is None or saved.token != self._caller.token):
            with self._named():
                self._use(saved)

    def renew(self) -> None:
        """Replace the session that this account uses, by another bot's newer one or by a login; raises as `open`."""
        with self._named():
            self._renew(self._caller.token if self._caller else None)

    def call(
        self,
        build: Callable[[Caller], HttpRequest],
        read: Callable[[Answer], _T],
        turn: Callable[[Callable[[], _T]], _T],
        *,
        lost: type[BrokerError],
    ) -> _T:
        """Do one call in its turn; `lost` is what a missing answer means.

        Once more when the session had died, and once more when the limiter said no: neither has created anything
        (behaviour 3.3, 11.3). Raises what `read` raises, `BrokerUnavailable` when nothing left, and what a login
        raises; every error says which account it is about.
        """

        def ask(caller: Caller) -> _T:
            return turn(lambda: read(self._exchange(build(caller), lost)))

        with self._named():
            return self._with_live_session(ask)

    def _with_live_session(self, ask: Callable[[Caller], _T]) -> _T:
        """Ask, and once more with a new session when the first was refused.

        A 403 that a new session does not mend is about this machine or the account, not about the session: it is
        a refusal like any other, since logging in for ever would help nobody (failures.md 58a).
        """
        caller = self._caller or self._renew(None)
        try:
            return self._within_limits(ask, caller)
        except SessionRefused as exc:
            if isinstance(exc, Forbidden) and caller.token == self._blameless_token:
                raise BrokerRefused(str(exc), code=exc.code) from exc
            caller = self._renew(caller.token)
            log.info("%s: %s; the session was renewed", self.account, exc)
        try:
            return self._within_limits(ask, caller)
        except Forbidden as exc:
            self._blameless_token = caller.token
            raise BrokerRefused(str(exc), code=exc.code) from exc

    def _within_limits(self, ask: Callable[[Caller], _T], caller: Caller) -> _T:
        try:
            return ask(caller)
        except RateLimited as exc:
            log.info("%s: %s; once more when the limit allows it", self.account, exc)
        return ask(caller)

    def _exchange(self, request: HttpRequest, lost: type[BrokerError]) -> Answer:
        try:
            response = self._transport.send(request)
        except NotSent as exc:
            raise BrokerUnavailable(str(exc)) from exc
        except NoAnswer as exc:
            raise lost(str(exc)) from exc
        answer = read_answer(response, self.scrub)
        # The limiter runs after authentication, so its answer proves the session, too (xts.md 4.4).
        if answer.kind is Kind.SUCCESS or answer.is_rate_limit:
            self.proved_at = self.clock.monotonic()
        return answer

    def _renew(self, dead_token: str | None) -> Caller:
        login = self._store.renew(
            self._path,
            dead_token=dead_token,
            log_in=self._log_in,
            clock=self.clock,
            patience_secs=self.lock_patience_secs,
        )
        return self._use(login)

    def _log_in(self) -> XtsLogin:
        """Log in, killing the key's older session. Called under the store's lock."""
        try:
            response = self._transport.send(login_request(self._credentials))
        except (NotSent, NoAnswer) as exc:
            raise BrokerUnavailable(f"the login failed: {exc}") from exc
        login = login_of(read_answer(response, self.scrub))
        self._hide(login.token)
        self.proved_at = self.clock.monotonic()
        log.info("%s: logged in", self.account)
        return login

    def _use(self, login: XtsLogin) -> Caller:
        self._hide(login.token)
        self.sessions_used += self._caller is None or login.token != self._caller.token
        flag = f"--{self.account.replace('_', '-')}-client"
        self._caller = login.caller(self._credentials.client, flag)
        return self._caller

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
