"""Brings what is missing of some symbols' minutes to disk: paced, patient, and ready to be cut off at any instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.data.plan import whole_days, windows
from tg1.errors import FeedError, KiteRefused, KiteTokenExpired
from tg1.kite.history import MOST_DAYS, REQUESTS_PER_SECOND
from tg1.xts.pacing import SlidingWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from tg1.data.months import Months
    from tg1.kite.history import Minute
    from tg1.machine.clock import Clock

    Ask = Callable[[int, date, date], list[Minute]]
    """Instrument token, first day and last day of one request."""

WAITS_SECS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Between the tries of one request that a limit, a sick server or the network spoiled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What was asked for."""

    first: date
    last: date
    again: bool = False
    """Fetch what is there as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was done for one symbol."""

    symbol: str
    requests: int = 0
    days: int = 0
    """Trading days that came."""
    minutes: int = 0
    damaged: tuple[str, ...] = ()
    """Names of files that could not be read and were fetched anew."""


class Patient:
    """Asks at most three times a second, and again after waiting when the answer was no answer."""

    def __init__(self, ask: Ask, clock: Clock, told: Callable[[str], None]) -> None:
        self._ask = ask
        self._clock = clock
        self._told = told
        self._window = SlidingWindow(limit=REQUESTS_PER_SECOND)

    def __call__(self, token: int, first: date, last: date) -> list[Minute]:
        """The minutes of some days. Raises `KiteTokenExpired`, `KiteRefused`, and `FeedError` after the last try."""
        waits = iter(WAITS_SECS)
        while True:
            try:
                return self._paced(token, first, last)
            except (KiteRefused, KiteTokenExpired):
                raise
            except FeedError as exc:
                if (wait_secs := next(waits, None)) is None:
                    tries = len(WAITS_SECS) + 1
                    raise FeedError(f"{exc}; given up after {tries} tries. The same command goes on") from exc
                self._told(f"{exc}; asking again in {wait_secs:.0f} s")
                self._clock.wait_until(self._clock.monotonic() + wait_secs)

    def now(self) -> datetime:
        """IST wall time."""
        return self._clock.now()

    def _paced(self, token: int, first: date, last: date) -> list[Minute]:
        while (due := self._window.next_send_time(self._clock.monotonic())) is not None:
            self._clock.wait_until(due)
        sent_at = self._clock.monotonic()
        self._window.note_sent(sent_at)
        try:
            return self._ask(token, first, last)
        finally:
            self._window.note_answered(sent_at, self._clock.monotonic())


def planned(months: Months, symbols: Sequence[str], wanted: Range) -> dict[str, list[tuple[date, date]]]:
    """The requests of each symbol. Raises `ConfigError` for a file that is somebody else's, whatever is asked for."""
    whole = {symbol: months.whole_days(symbol) for symbol in symbols}
    return {
        symbol: windows(wanted.first, wanted.last, () if wanted.again else days, MOST_DAYS)
        for symbol, days in whole.items()
    }


def fetch(
    plan: Mapping[str, Sequence[tuple[date, date]]],
    tokens: Mapping[str, int],
    months: Months,
    ask: Patient,
    done: Callable[[str], None],
) -> list[Fetched]:
    """Carry the plan out; `done` hears of each finished request. What was fetched before a failure is on disk."""
    return [
        _fetched(symbol, requests, tokens[symbol], months=months, ask=ask, done=done)
        for symbol, requests in plan.items()
    ]


def _fetched(
    symbol: str,
    requests: Sequence[tuple[date, date]],
    token: int,
    *,
    months: Months,
    ask: Patient,
    done: Callable[[str], None],
) -> Fetched:
    damaged = sorted(path.name for path in months.damaged if path.name.startswith(f"{symbol}_"))
    days = count = 0
    for first, last in requests:
        minutes = ask(token, first, last)
        traded = {minute.at.date() for minute in minutes}
        days += months.keep(symbol, minutes, whole_days(first, last, traded, ask.now()))
        count += len(minutes)
        done(symbol)
    return Fetched(symbol=symbol, requests=len(requests), days=days, minutes=count, damaged=tuple(damaged))
