"""Leaves out the cycles of a replayed day in which nothing can happen."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from tg1.grid_engine import GridOcoEngine
from tg1.replay.market import MICRO, micros_of
from tg1.replay.quiet import bounds_of_b, is_settled
from tg1.replay.tape import NO_BOUNDS

if TYPE_CHECKING:
    from tg1.models import BotState
    from tg1.replay.broker import ReplayBroker
    from tg1.replay.market import Market
    from tg1.replay.memory_files import MemoryFiles
    from tg1.replay.tape import Bounds


class WatchedEngine(GridOcoEngine):
    """The engine as it ships, with what a replay has to know of it."""

    @property
    def cycles(self) -> int:
        """How many cycles were begun."""
        return self._cycle

    @property
    def is_trading(self) -> bool:
        """True from the first cycle on."""
        return self._has_state

    @property
    def state(self) -> BotState:
        """The bot's one state; `InvariantBroken` before the start has loaded or made it."""
        return self._state

    @property
    def is_settled(self) -> bool:
        """True when nothing waits for time to pass: no level, no account, no stranger, no save."""
        parts = self._parts
        if parts.save_failed or parts.strangers.accounts or parts.keeper.blank or self._state.closing:
            return False
        if any(parts.keeper.blame.troubles.is_troubled(account) for account in self.client.accounts):
            return False
        return is_settled(self._state, has_oco=self.config.has_oco)


class Skipper:
    """Leaves out whole cycles in which nothing can happen (behaviour 4.5 says what a cycle does).

    Cycles follow each other in a rhythm: the poll interval, or what the pace of the books makes of it. Only multiples
    of that rhythm are left out, and only up to the cycle before the next event: what is walked is the same walk.
    """

    def __init__(self, engine: WatchedEngine, market: Market, broker: ReplayBroker, files: MemoryFiles) -> None:
        self._engine = engine
        self._market = market
        self._broker = broker
        self._files = files
        self._before = (-1, -1)
        self._waited: tuple[int, tuple[int, ...]] = (0, ())
        stop = engine.config.effective_stop
        self._stop = micros_of(time(23, 59, 59)) if stop is None else micros_of(stop)

    def __call__(self, deadline: int) -> int:
        """Microseconds to leave out, at the beginning of a wait until `deadline`."""
        now = self._market.micros
        before, offsets = self._waited
        self._waited = (now, (deadline - now, *self._broker.offsets()))
        # Where everything stands as it stood a cycle ago, the next cycle is the last one again.
        if self._waited[1] != offsets or now == before or not self._is_quiet():
            return 0
        rhythm = now - before
        whole = max(0, (self._next_event() - now - 1) // rhythm) * rhythm
        self._waited = (now + whole, self._waited[1])
        return whole

    def _next_event(self) -> int:
        market, tape = self._market, self._market.tape
        mine = self._bounds_of_hedges()
        if mine is None:
            return market.micros
        bounds_a, bounds_b = market.bounds()
        both = (max(bounds_b[0], mine[0]), min(bounds_b[1], mine[1]))
        row = tape.first_outside(market.row, len(tape), bounds_a, both)
        events = [self._stop, market.next_timer(), round(float(tape.secs[row]) * MICRO) if row < len(tape) else None]
        return min(event for event in events if event is not None)

    def _bounds_of_hedges(self) -> Bounds | None:
        if not self._engine.config.has_oco:
            return NO_BOUNDS
        market = self._market
        return bounds_of_b(self._engine.state, int(market.tape.b[market.row - 1]) if market.row else 0)

    def _is_quiet(self) -> bool:
        """The last cycle changed nothing, and nothing is under way."""
        engine = self._engine
        if not engine.is_trading:
            return False
        now = (self._files.writes, self._broker.actions)
        before, self._before = self._before, now
        return now == before and not self._broker.has_news and engine.is_settled
