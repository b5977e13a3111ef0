"""What is asked of each trading account: session, client, book, latency, positions, margin. It orders nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.doctor import judge
from tg1.doctor.evidence import Exchanged
from tg1.doctor.finding import Finding, green, red, yellow
from tg1.errors import BrokerError, ClientNotNamed, LoginNeeded, NoAnswer, NotSent, RateLimited, SessionRefused
from tg1.screen.money import counted
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from tg1.findoc_client import FindocMultiClient
    from tg1.machine.clock import Clock
    from tg1.xts.http import HttpRequest, HttpResponse, Transport
    from tg1.xts.login import XtsLogin

KILLS = "a login would end every other session of this app key, that of a web page included"


class CautiousStore(SessionStore):
    """The shared sessions, without a login until somebody has said that it may kill the key's session elsewhere."""

    may_log_in = False

    def renew(
        self,
        path: Path,
        *,
        dead_token: str | None,
        log_in: Callable[[], XtsLogin],
        clock: Clock,
        patience_secs: float = 30.0,
    ) -> XtsLogin:
        """As every bot does it, but raises `LoginNeeded` where a login has not been allowed."""

        def asked() -> XtsLogin:
            if self.may_log_in:
                return log_in()
            what = "no session is saved" if dead_token is None else "the saved session is dead"
            raise LoginNeeded(f"{what}; {KILLS}")

        return super().renew(path, dead_token=dead_token, log_in=asked, clock=clock, patience_secs=patience_secs)


class Recorder:
    """A transport that remembers what was asked and answered, and how long it took."""

    def __init__(self, account: str, inner: Transport, clock: Clock, record: list[Exchanged]) -> None:
        self._account = account
        self._inner = inner
        self._clock = clock
        self._record = record

    def send(self, request: HttpRequest) -> HttpResponse:
        """See `Transport.send`."""
        begun = self._clock.monotonic()
        status, text = None, ""
        try:
            response = self._inner.send(request)
            status, text = response.status, response.text
        except (NotSent, NoAnswer) as exc:
            text = str(exc)
            raise
        finally:
            exchanged = Exchanged(
                account=self._account,
                method=request.method,
                path=request.path,
                params=tuple(request.params),
                status=status,
                text=text,
                secs=self._clock.monotonic() - begun,
            )
            self._record.append(exchanged)
        return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What the bot knows by itself, to compare with."""

    symbols: Mapping[int, str] = field(default_factory=dict)
    """By the exchange's number of the instrument; empty while today's instruments are not known."""
    held: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Shares by account and instrument, signed."""
    needed: Mapping[str, Decimal] = field(default_factory=dict)
    """Rupees of margin at the worst moment, by account."""
    sold: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    """Shares and symbols that a delivery grid sells out of an account."""


class AccountChecks:
    """The questions to one account, in their order; a session that is missing ends them."""

    def __init__(self, client: FindocMultiClient, record: list[Exchanged], ours: Ours) -> None:
        self._client = client
        self._record = record
        self._ours = ours

    def of(self, account: str) -> Iterator[Finding]:
        """Raises `LoginNeeded` before anything is told, when the account has no living session."""
        try:
            book = self._client.order_book(account)
        except ClientNotNamed as exc:
            yield red(f"client {account}", _plain(exc), "Name the client with the flag that the sentence names.")
            return
        except SessionRefused as exc:
            remedy = "Check key and secret, and that Findoc has registered this machine's address for the key."
            yield red(f"session {account}", _plain(exc), remedy, unreachable=True)
            return
        except BrokerError as exc:
            remedy = "Look whether the broker's server is up, then run this again."
            yield red(f"book {account}", _plain(exc), remedy, unreachable=True)
            return
        yield green(f"session {account}", "the app key has a living session")
        working = sum(not order.status.is_final for order in book)
        yield green(f"book {account}", f"{counted(len(book), 'order')} today, {working} of them working")
        yield judge.latency(account, self._record[-1].secs)
        yield self._limits(account)
        yield from self._positions(account)
        yield from self._margin(account)
        if account in self._ours.sold:
            yield judge.holdings(account, self._ours.sold[account])
        if book:
            self._history(account, book[-1].order_id)

    def _limits(self, account: str) -> Finding:
        """A second reading, in the turn that the key allows (behaviour 11.3)."""
        check = f"limits {account}"
        try:
            self._client.order_book(account)
        except RateLimited:
            told = "the broker refused a book although none was read for a second"
            return yellow(check, told, "Something else reads with this app key: give the bot a key of its own.")
        except BrokerError as exc:
            return red(check, _plain(exc), "Run this again; a bot reads the book every second.", unreachable=True)
        return green(check, "a book a second is served")

    def _positions(self, account: str) -> Iterator[Finding]:
        try:
            rows = self._client.positions(account)
        except BrokerError as exc:
            yield yellow(f"positions {account}", _plain(exc), "The emergency stop's --square-off needs them.")
            return
        ours = {number: count for (owner, number), count in self._ours.held.items() if owner == account}
        yield judge.strangers(account, rows, ours, self._ours.symbols)

    def _margin(self, account: str) -> Iterator[Finding]:
        if account not in self._ours.needed:
            return
        try:
            balance = self._client.balance(account)
        except BrokerError as exc:
            yield yellow(
                f"margin {account}", _plain(exc), "Look at the broker's page whether the worst case is covered."
            )
            return
        yield judge.margin(account, balance, self._ours.needed[account])

    def _history(self, account: str, order_id: str) -> None:
        """One order's own states, for the evidence; whatever comes is in the record."""
        try:
            self._client.order_history(account, order_id)
        except BrokerError:
            return


def _plain(error: Exception) -> str:
    return str(error).rstrip(".")
