"""The one place that reads the machine's clocks: IST wall time for sessions, seconds since the boot for intervals."""

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

# Linux' monotonic clock stands still while the machine sleeps; this one goes on (behaviour 10.1).
_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)
# The kernel's timers stand still with it, so a longer wait looks at the clock now and then.
_LONGEST_WAIT_SECS = 1.0


class Clock(Protocol):
    """What the engine may know of time; a virtual one drives the simulation."""

    def now(self) -> datetime:
        """Aware IST wall time; may jump."""

    def monotonic(self) -> float:
        """Seconds that never go backwards, and go on while the machine sleeps; only differences mean anything."""

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
        """Seconds since the machine was booted, asleep or awake; awake only where the system has no such clock."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    def wait_until(self, deadline: float) -> None:
        """Sleep until `deadline` (monotonic seconds) or until a signal arrives, whichever is first."""
        while (remaining := deadline - self.monotonic()) > 0 and not self.stop_requested:
            select.select([self._read_end], [], [], min(remaining, _LONGEST_WAIT_SECS))

    def sleep_until(self, deadline: float) -> None:
        """Sleep until `deadline` (monotonic seconds); a signal does not shorten it."""
        time.sleep(max(0.0, deadline - self.monotonic()))
