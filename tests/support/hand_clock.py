"""A clock whose waits are over at once: the instant that was waited for has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tg1.machine.clock import IST

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, kw_only=True)
class HandClock:
    """Time that passes by waiting alone."""

    start: datetime = datetime(2026, 11, 20, 18, 0, tzinfo=IST)
    secs: float = 0.0
    waits: list[float] = field(default_factory=list)
    """How long each wait was."""
    on_wait: Callable[[], None] = lambda: None
    stop_requested: bool = False

    def now(self) -> datetime:
        """IST wall time."""
        return self.start + timedelta(seconds=self.secs)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.secs

    def wait_until(self, deadline: float) -> None:
        """Be there."""
        self.waits.append(deadline - self.secs)
        self.secs = max(self.secs, deadline)
        self.on_wait()

    sleep_until = wait_until
