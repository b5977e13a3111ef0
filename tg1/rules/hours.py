"""Trading hours of NSE cash in IST, as a pure question about `now` (behaviour 12, xts.md 6.1)."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum

OPEN = time(9, 15)
LAST_STOP = time(15, 30)
SATURDAY = 5


class Phase(StrEnum):
    """Where `now` lies in the trading day. Exchange holidays are not known here: they look like weekdays."""

    BEFORE_OPEN = "before open"
    OPEN = "open"
    AFTER_STOP = "after stop"
    WEEKEND = "weekend"


def phase_of(now: datetime, stop_at: time) -> Phase:
    """The phase of an aware IST time for a bot that stops at `stop_at`."""
    if now.weekday() >= SATURDAY:
        return Phase.WEEKEND
    if now.time() < OPEN:
        return Phase.BEFORE_OPEN
    return Phase.OPEN if now.time() < stop_at else Phase.AFTER_STOP


def opening(now: datetime) -> datetime:
    """09:15 of the same day."""
    return datetime.combine(now.date(), OPEN, tzinfo=now.tzinfo)
