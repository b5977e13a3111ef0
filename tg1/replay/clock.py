"""Virtual time for the engine: waiting lets the market move, and skips the cycles in which nothing could happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.replay.market import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tg1.replay.market import Market


class VirtualClock:
    """`Clock` on a market. `skip` says before each wait how many microseconds hold nothing; None: walk through all."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.skip: Callable[[int], int] | None = None

    @property
    def stop_requested(self) -> bool:
        """Nobody stops a replay by a signal to its bot."""
        return False

    def now(self) -> datetime:
        """IST wall time of the market."""
        return self._market.now()

    def monotonic(self) -> float:
        """Seconds that go on over nights."""
        return self._market.monotonic()

    def wait_until(self, deadline: float) -> None:
        """Leave out what holds nothing, then let the market move until then."""
        if self.skip is not None:
            self._market.skip(self.skip(self._market.at(deadline)))
        self._market.advance(self._market.at(deadline))

    def sleep_until(self, deadline: float) -> None:
        """Let the market move until then."""
        self._market.advance(self._market.at(deadline))

    def pass_secs(self, secs: float) -> None:
        """Let so much time pass: the latency of a request."""
        if secs:
            self._market.advance(self._market.at(self.monotonic()) + round(secs * MICRO))
