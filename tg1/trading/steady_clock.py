"""A clock whose wall time leaves the trading session only when that has held (behaviour 12)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.rules.wall_clock import WallReading, read_wall

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tg1.machine.clock import Clock

log = logging.getLogger(__name__)


class SteadyClock:
    """`clock` with a memory: what its wall time says is held against the time that passed. Fulfils `Clock`.

    For one thread. `in_session` tells whether a time is one of trading.
    """

    def __init__(self, clock: Clock, in_session: Callable[[datetime], bool]) -> None:
        self._clock = clock
        self._in_session = in_session
        self._reading: WallReading | None = None

    def now(self) -> datetime:
        """IST wall time as it is believed."""
        wall, elapsed = self._clock.now(), self._clock.monotonic()
        before = self._reading or WallReading(wall=wall, elapsed=elapsed)
        self._reading = read_wall(before, wall, elapsed, self._in_session)
        _tell(before, self._reading, wall)
        return self._reading.wall

    def monotonic(self) -> float:
        """Seconds of the clock below."""
        return self._clock.monotonic()

    def wait_until(self, deadline: float) -> None:
        """Wait as the clock below does."""
        self._clock.wait_until(deadline)

    def sleep_until(self, deadline: float) -> None:
        """Sleep as the clock below does."""
        self._clock.sleep_until(deadline)

    @property
    def stop_requested(self) -> bool:
        """True once the clock below was asked to stop."""
        return self._clock.stop_requested


def _tell(before: WallReading, after: WallReading, wall: datetime) -> None:
    if after.doubted is not None and after.doubted != before.doubted:
        log.warning(
            "The machine's clock jumped from %s to %s: it is believed when that has held for 60 s",
            f"{after.wall:%Y-%m-%d %H:%M:%S}",
            f"{wall:%Y-%m-%d %H:%M:%S}",
        )
    elif before.doubted is not None and after.doubted is None:
        log.warning("The machine's clock says %s and is believed again", f"{wall:%Y-%m-%d %H:%M:%S}")
