"""The trading session of one bot: when it trades, and the wait for the open (behaviour 12)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.rules.hours import WEEKDAYS, SessionPhase, opening, phase_of
from tg1.trading.steady_clock import SteadyClock

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.rules.hours import TradingCalendar

log = logging.getLogger(__name__)


class TradingSession:
    """From 09:15 to `--stop-at` on the days of `calendar`; always open with `--ignore-market-hours`.

    It keeps its own wall clock, which takes no jump out of the session for the session's end.
    """

    def __init__(self, *, config: GridOcoConfig, clock: Clock, calendar: TradingCalendar | None) -> None:
        self._stop_at = config.effective_stop
        self._calendar = calendar or WEEKDAYS
        self.clock: Clock = clock if self._stop_at is None else SteadyClock(clock, self._is_open)

    def is_over(self, now: datetime) -> bool:
        """True when nothing is traded any more today."""
        return self._phase(now) in (SessionPhase.AFTER_STOP, SessionPhase.CLOSED)

    def why_over(self, now: datetime) -> str:
        """Why a bot that is started at `now` has nothing to do, as a sentence."""
        closed = self._calendar.why_closed(now.date())
        return closed or f"the session ended at {self._stop_at:%H:%M} IST"

    def wait_for_open(self) -> bool:
        """Wait until 09:15; False when a stop was asked for meanwhile."""
        told = False
        while not self.clock.stop_requested:
            now = self.clock.now()
            if self._phase(now) is not SessionPhase.BEFORE_OPEN:
                break
            if not told:
                log.info("The market opens at 09:15; waiting")
            told = True
            # In steps, since the wall clock may be put right while we wait.
            wait_secs = min((opening(now) - now).total_seconds(), 60.0)
            self.clock.wait_until(self.clock.monotonic() + max(wait_secs, 0.1))
        return not self.clock.stop_requested

    def _is_open(self, now: datetime) -> bool:
        return self._phase(now) is SessionPhase.OPEN

    def _phase(self, now: datetime) -> SessionPhase:
        if self._calendar.is_over():
            return SessionPhase.CLOSED
        return SessionPhase.OPEN if self._stop_at is None else phase_of(now, self._stop_at, self._calendar)
