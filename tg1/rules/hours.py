"""Trading hours of NSE cash in IST, as a pure question about `now` (behaviour 12, xts.md 6.1)."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum

OPEN = time(9, 15)
LAST_STOP = time(15, 30)
SATURDAY = 5


class SessionPhase(StrEnum):
    """Where `now` lies in the trading day. Exchange holidays are not known here: they look like weekdays."""

    BEFORE_OPEN = "before open"
    OPEN = "open"
    AFTER_STOP = "after stop"
    WEEKEND = "weekend"


def phase_of(now: datetime, stop_at: time) -> SessionPhase:
    """The phase of an aware IST time for a bot that stops at `stop_at`."""
    if now.weekday() >= SATURDAY:
        return SessionPhase.WEEKEND
    if now.time() < OPEN:
        return SessionPhase.BEFORE_OPEN
    return SessionPhase.OPEN if now.time() < stop_at else SessionPhase.AFTER_STOP


def opening(now: datetime) -> datetime:
    """09:15 of the same day."""
    return datetime.combine(now.date(), OPEN, tzinfo=now.tzinfo)
