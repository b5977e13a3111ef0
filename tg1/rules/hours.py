"""Trading days and hours of NSE cash in IST, as pure questions about `now` (behaviour 12, xts.md 6.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OPEN = time(9, 15)
LAST_STOP = time(15, 30)
LAST_SPECIAL_STOP = time(23, 59)
"""A day that is a trading day only by `--trading-day` has hours of its own; Muhurat is in the evening."""
SATURDAY = 5


class SessionPhase(StrEnum):
    """Where `now` lies in the trading day."""

    BEFORE_OPEN = "before open"
    OPEN = "open"
    AFTER_STOP = "after stop"
    CLOSED = "closed"
    """No trading day at all: a weekend or a holiday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingCalendar:
    """Which days NSE trades on. Without anything given: every weekday."""

    holidays: Mapping[date, str] = field(default_factory=dict)
    """Days without trading, with their names; a weekend needs no entry."""
    trading_days: frozenset[date] = frozenset()
    """Days with trading, whatever else is said of them (a Saturday session, Muhurat)."""

    def is_over(self) -> bool:
        """True once there is no further trading on any day: a replay has come to its end."""
        return False

    def why_closed(self, day: date) -> str:
        """Why NSE does not trade on `day`, as the second half of a sentence; empty when it does."""
        if day in self.trading_days:
            return ""
        if day in self.holidays:
            name = self.holidays[day]
            return f"NSE is closed on {day}" + (f" ({name})" if name else "")
        return "NSE does not trade at the weekend" if day.weekday() >= SATURDAY else ""


WEEKDAYS = TradingCalendar()


def phase_of(now: datetime, stop_at: time, calendar: TradingCalendar = WEEKDAYS) -> SessionPhase:
    """The phase of an aware IST time for a bot that stops at `stop_at`."""
    if calendar.why_closed(now.date()):
        return SessionPhase.CLOSED
    if now.time() < OPEN:
        return SessionPhase.BEFORE_OPEN
    return SessionPhase.OPEN if now.time() < stop_at else SessionPhase.AFTER_STOP


def opening(now: datetime) -> datetime:
    """09:15 of the same day."""
    return datetime.combine(now.date(), OPEN, tzinfo=now.tzinfo)
