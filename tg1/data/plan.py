"""Which days are still to be fetched, in which requests, and which are whole afterwards. PURE."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from tg1.rules.hours import SATURDAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

READY = time(16, 0)
"""IST, when a day's last minute is surely there: half an hour after the close."""
_DAY = timedelta(days=1)


def days_between(first: date, last: date) -> Iterator[date]:
    """Calendar days, both included."""
    while first <= last:
        yield first
        first += _DAY


def windows(first: date, last: date, whole: Collection[date], most_days: int) -> list[tuple[date, date]]:
    """The first and last days of the requests that bring what is missing, none longer than `most_days`."""
    found: list[tuple[date, date]] = []
    for day in days_between(first, last):
        if day in whole:
            continue
        if found and day - found[-1][1] == _DAY and (day - found[-1][0]).days < most_days:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def whole_days(first: date, last: date, traded: Collection[date], now: datetime) -> set[date]:
    """The days of an answer that need not be asked for again.

    A day is whole when it is over and Kite had candles of it or of a later one. A weekend is whole when it is over; a
    weekday without candles and nothing after it may be late.
    """
    newest = max(traded, default=date.min)
    over = [day for day in days_between(first, last) if now >= datetime.combine(day, READY, now.tzinfo)]
    return {day for day in over if day <= newest or day.weekday() >= SATURDAY}
