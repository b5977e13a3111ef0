"""One trading account: what can be asked of it, each in the turn that its app key allows (behaviour 11.3)."""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    RateLimited,
    ReadRefused,
    SessionRefused,
)
from tg1.xts import calls
from tg1.xts.book_reader import BookReader
from tg1.xts.order_calls import OrderCalls
from tg1.xts.patience import LEAST_SECS, READ_SECS, SLOW_READ_SECS, Patience
from tg1.xts.read_turns import ReadTurns, Share
from tg1.xts.sessions import BACKING_OFF
from tg1.xts.suspicion import Suspicion, for_the_session, left_open, may_be_the_sessions

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import Balance, BrokerOrder, BrokerPosition, BrokerTrade, OrderRequest
    from tg1.xts.answer import Answer
    from tg1.xts.connection import Connection
    from tg1.xts.http import HttpRequest
    from tg1.xts.login import Caller

log = logging.getLogger(__name__)

REFUSED_BOOKS = 5
"""Refused in words that name no session: one login is tried (behaviour 11.1)."""
LATELY_SECS = 1.0
"""An answer that is younger is not asked for again: the next book may not be sent before (behaviour 11.3)."""
HURRIED_PATIENCE_SECS = 5.0
"""For another bot's login, in an emergency stop (behaviour 11.1)."""

_T = TypeVar("_T")


class XtsAccount:
    """One account over its authenticated connection."""

    def __init__(self, connection: Connection, patience: Patience | None = None) -> None:
        """`patience` is shared by the accounts of a bot; None: this one is alone."""
        self.account = connection.account
        self._connection = connection
        self._patience = patience or Patience()
        self._asked_at = math.inf
        """When the last request for a book left; monotonic seconds."""
        folder, stem, clock = connection.shared, connection.file_stem, connection.clock
        self._orders = OrderCalls(folder=folder, name=f"{stem}.calls", clock=clock)
        self._books, self._positions, self._trades, self._balances = (
            ReadTurns(folder=folder, name=f"{stem}.{what}", clock=clock)
            for what in ("book", "positions", "trades", "balance")
        )
        self._book_reader = BookReader(connection.account, connection.scrub)
        self._refused_books = 0
        """Books in a row that were refused in words which name no session."""
        self._book_refused_at = -math.inf
        """When the last of them was; monotonic seconds."""
        self._suspicion = Suspicion()

    def open(self, *, wait: bool) -> None:
        """Use the shared session, proving it with the book, or log in; see `Connection.open`."""
        self._connection.open(self.order_book, wait=wait)

    def hurry(self) -> None:
        """Wait no longer for another bot's login than an emergency stop may (behaviour 11.1)."""
        self._connection.lock_patience_secs = HURRIED_PATIENCE_SECS

    def place(self, order: OrderRequest, *, instrument_id: int, product_type: str) -> str:
        """Send one order; return its AppOrderID. Raises as `Broker.place_order`."""

        def build(caller: Caller) -> HttpRequest:
            return calls.place_request(caller, order, instrument_id=instrument_id, product_type=product_type)

        return self._order_call(build, calls.placed_order_id)

    def cancel(self, order_id: str) -> None:
        """Ask for a cancel. Raises as `Broker.cancel_order`.

        It is waited for as long as a reading: one without an answer is asked for again, and the book tells the rest.
        """

        def build(caller: Caller) -> HttpRequest:
            return replace(calls.cancel_request(caller, order_id), within_secs=READ_SECS)

        self._order_call(build, calls.check_cancel)

    def _order_call(self, build: Callable[[Caller], HttpRequest], read: Callable[[Answer], _T]) -> _T:
        """Make an order call; once more when what refused it was a dead session, in words that name none."""
        try:
            return self._carry(build, read)
        except BrokerRefused as exc:
            if not may_be_the_sessions(exc):
                raise
            self._replace_dead_session(exc)
        try:
            return self._carry(build, read)
        except BrokerRefused as exc:
            if not may_be_the_sessions(exc) or self._suspicion.accuse(str(exc)):
                raise
            raise left_open(exc) from exc

    def _carry(self, build: Callable[[Caller], HttpRequest], read: Callable[[Answer], _T]) -> _T:
        answer = self._connection.call(build, read, self._orders.carry, lost=BrokerUnknown)
        self._suspicion.seen_alive()
        return answer

    def _replace_dead_session(self, refusal: BrokerRefused) -> None:
        """Return when the session that refused the order is replaced.

        Raises the refusal itself when the session lives or nothing is known of it, and `SessionRefused`, which no level
        is charged with, when it is dead and no login may be tried yet, and while the next book has to tell.
        """
        connection, now = self._connection, self._connection.clock.monotonic()
        before = connection.sessions_used
        connection.adopt_newer()
        if connection.sessions_used > before:
            self._suspicion.begin_anew()
            return
        was_own = self._suspicion.accuse(str(refusal))
        if now - self._book_refused_at < LATELY_SECS:
            self._renew_for(refusal)
        elif now - connection.proved_at >= LATELY_SECS:
            self._ask_the_book(refusal)
        elif was_own:
            raise refusal
        else:
            raise left_open(refusal) from refusal

    def _ask_the_book(self, refusal: BrokerRefused) -> None:
        """Return when the session proved dead and was replaced; raises as `_replace_dead_session`."""
        before = self._connection.sessions_used
        try:
            self._in_time(lambda secs: self._book(self._connection.clock.monotonic(), secs))
        except ReadRefused:
            self._renew_for(refusal)
        except SessionRefused as exc:
            raise for_the_session(refusal, exc) from exc
        except RateLimited:
            self._suspicion.seen_alive()
        except BrokerError as exc:
            log.debug("%s: nothing is known of the session: %s", self.account, exc)
        else:
            if self._connection.sessions_used == before:
                self._suspicion.seen_alive()
        if self._connection.sessions_used == before:
            raise refusal

    def _renew_for(self, refusal: BrokerRefused) -> None:
        """Replace a session that has refused an order and the book; `SessionRefused` when that can't be done now."""
        try:
            self._renew_after(refusal, "and so was its order book")
        except BrokerError as exc:
            raise for_the_session(refusal, exc) from exc

    def order_book(self, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """Read the whole book, or take another bot's reading. Raises as `Broker.order_book`.

        With `since` a bot asks that has other accounts to serve: it waits no longer than `Patience` allows, and a
        `BrokerUnavailable` comes at once while a slow account is left alone.
        """
        if since is None:
            return self._book_or_renew(self._connection.clock.monotonic(), SLOW_READ_SECS)
        return self._in_time(lambda secs: self._book_or_renew(since, secs))

    def _in_time(self, read: Callable[[float], tuple[BrokerOrder, ...]]) -> tuple[BrokerOrder, ...]:
        """Read within what `Patience` allows now, and let it know how long that took."""
        clock = self._connection.clock
        began, self._asked_at = clock.monotonic(), math.inf
        secs = self._patience.secs(self.account, began)
        if not secs:
            raise BrokerUnavailable(f"{self.account} account: it kept the bot waiting and is left alone for a while")
        try:
            orders = read(secs)
        except ReadRefused:
            raise
        except BrokerUnavailable:
            now = clock.monotonic()
            self._patience.note_failure(self.account, now - began, now)
            raise
        now = clock.monotonic()
        self._patience.note_answer(self.account, max(0.0, now - self._asked_at), now)
        return orders

    def _book_or_renew(self, since: float, secs: float) -> tuple[BrokerOrder, ...]:
        """Five refusals in a row, or one after a refused order, are taken for a dead session (behaviour 11.1)."""
        clock = self._connection.clock
        try:
            orders = self._book(since, secs)
        except ReadRefused as exc:
            self._refused_books += 1
            self._book_refused_at = clock.monotonic()
            if self._refused_books < REFUSED_BOOKS and not self._suspicion.is_held:
                raise
            times = self._refused_books
            why = f"{times} times in a row" if times >= REFUSED_BOOKS else "and so was an order"
            try:
                self._renew_after(exc, why)
            except SessionRefused as wait:
                if wait.code != BACKING_OFF:
                    raise
                words = str(wait).removeprefix(f"{self.account} account: ")
                raise ReadRefused(f"{exc}; {words}") from wait
            # What was read before the session was renewed tells the same refusal.
            orders = self._book(clock.monotonic(), secs)
        except RateLimited:
            self._refused_books = 0
            raise
        self._refused_books = 0
        self._suspicion.seen_alive()
        return orders

    def _book(self, since: float, secs: float) -> tuple[BrokerOrder, ...]:
        reader, clock = self._book_reader, self._connection.clock
        began = clock.monotonic()

        def build(caller: Caller) -> HttpRequest:
            self._asked_at = clock.monotonic()
            left = max(LEAST_SECS, secs - (self._asked_at - began))
            return replace(calls.book_request(caller), within_secs=left)

        def turn(ask: Callable[[], tuple[BrokerOrder, ...]]) -> tuple[BrokerOrder, ...]:
            share = Share(
                since=since, client=_client_mark(self._connection.client_id), pack=reader.pack, unpack=reader.unpack
            )
            return self._books.carry_book(ask, share)

        return self._connection.call(build, reader.read, turn, lost=BrokerUnavailable)

    def _renew_after(self, refusal: BrokerError, why: str) -> None:
        """Renew the session, and say so; raises as `Connection.renew`."""
        self._connection.renew()
        log.warning("%s (%s): its session was taken for dead and replaced", refusal, why)
        self._refused_books, self._book_refused_at = 0, -math.inf
        self._suspicion.begin_anew()

    def order_history(self, order_id: str) -> BrokerOrder | None:
        """Read one order's states. Raises as `Broker.order_history`."""

        def build(caller: Caller) -> HttpRequest:
            return replace(calls.history_request(caller, order_id), within_secs=READ_SECS)

        def read(answer: Answer) -> BrokerOrder | None:
            order = calls.order_now(answer, order_id)
            # The reason goes into the state file, where no redactor watches.
            return replace(order, reason=self._connection.scrub(order.reason)) if order else None

        return self._connection.call(build, read, self._books.carry_history, lost=BrokerUnavailable)

    def positions(self) -> tuple[BrokerPosition, ...]:
        """Read the net positions. Raises as `Broker.positions`."""
        return self._read(calls.positions_request, calls.net_positions, self._positions)

    def trades(self) -> tuple[BrokerTrade, ...]:
        """Read the day's executions. Raises as `Broker.trades`."""
        return self._read(calls.trades_request, calls.day_trades, self._trades)

    def balance(self) -> Balance:
        """Read what the account may spend. Raises `BrokerError`."""
        return self._read(calls.balance_request, calls.account_balance, self._balances)

    def _read(self, build: Callable[[Caller], HttpRequest], read: Callable[[Answer], _T], turns: ReadTurns) -> _T:
        return self._connection.call(build, read, turns.carry, lost=BrokerUnavailable)


def _client_mark(client_id: str | None) -> str:
    """A few characters that tell the clients of a key apart, whatever their codes are."""
    return hashlib.sha256(client_id.encode()).hexdigest()[:12] if client_id else ""
