"""The one place that reads the machine's clocks: IST wall time for sessions, monotonic time for intervals."""

from __future__ import annotations

import os
import select
import signal
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from types import FrameType

IST = timezone(timedelta(hours=5, minutes=30), "IST")
"""India has had one zone without daylight saving since 1945, so a fixed offset needs no zone files."""


class Clock(Protocol):
    """What the engine may know of time; a virtual one drives the simulation."""

    def now(self) -> datetime:
        """Aware IST wall time; may jump."""

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean anything."""

    def wait_until(self, deadline: float) -> None:
        """Return when `monotonic()` reaches `deadline`, or at once when a stop was asked for."""

    def sleep_until(self, deadline: float) -> None:
        """Return when `monotonic()` reaches `deadline`, whatever is asked meanwhile: for limits that must hold."""

    @property
    def stop_requested(self) -> bool:
        """True from the first SIGINT or SIGTERM on."""


class SystemClock:
    """Real time; a signal wakes a wait at once through a pipe (no polling, safe inside a handler)."""

    def __init__(self) -> None:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self.stop_signal: signal.Signals | None = None

    def install_signal_handlers(self) -> None:
        """Let SIGINT and SIGTERM ask for a clean stop; a second one behaves as the first."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop_signal = signal.Signals(number)
        os.write(self._write_end, b"!")

    @property
    def stop_requested(self) -> bool:
        """True from the first SIGINT or SIGTERM on."""
        return self.stop_signal is not None

    def now(self) -> datetime:
        """IST wall time."""
        return datetime.now(IST)

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def wait_until(self, deadline: float) -> None:
        """Sleep until `deadline` (monotonic seconds) or until a signal arrives, whichever is first."""
        remaining = deadline - time.monotonic()
        if remaining > 0 and not self.stop_requested:
            select.select([self._read_end], [], [], remaining)

    def sleep_until(self, deadline: float) -> None:
        """Sleep until `deadline` (monotonic seconds); a signal does not shorten it."""
        time.sleep(max(0.0, deadline - time.monotonic()))
