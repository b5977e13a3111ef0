"""Leaves out the cycles of a replayed day in which nothing can happen."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from tg1.grid_engine import GridOcoEngine
from tg1.replay.broker import BOOK_EVERY_SECS
from tg1.replay.market import MICRO, micros_of
from tg1.replay.quiet import bounds_of_b, is_settled
from tg1.replay.tape import NO_BOUNDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tg1.errors import ExitCode
    from tg1.models import BotState
    from tg1.replay.broker import ReplayBroker
    from tg1.replay.market import Market
    from tg1.replay.tape import Bounds

    Look = Callable[[BotState, datetime], None]


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
    def cancel_reasons(self) -> Mapping[str, str]:
        """Why orders were to be cancelled, by the broker's number."""
        return self._parts.desk.cancel_reasons

    @property
    def is_settled(self) -> bool:
        """True when nothing waits for time to pass: no level, no account, no stranger, no save."""
        parts = self._parts
        if parts.save_failed or parts.strangers.accounts or parts.keeper.blank or self._state.closing:
            return False
        if any(parts.keeper.blame.troubles.is_troubled(account) for account in self.client.accounts):
            return False
        return is_settled(self._state, has_oco=self.config.has_oco)


class NotedEngine(WatchedEngine):
    """The engine of a replay that is reported on: after each cycle `look` sees what has changed."""

    look: Look | None = None

    def _poll_cycle(self) -> ExitCode | None:
        code = super()._poll_cycle()
        if self.look is not None:
            self.look(self._state, self.clock.now())
        return code


class Skipper:
    """Leaves out whole cycles in which nothing can happen (behaviour 4.5 says what a cycle does).

    Cycles follow each other in a rhythm: the poll interval, or what the pace of the books makes of it. Only multiples
    of that rhythm are left out, and only up to the cycle before the next event: what is walked is the same walk.

    A cycle that sent nothing has decided on all that it saw. The next one, with the same books and prices that no
    decision minds, decides the same, whatever the last one wrote down.
    """

    def __init__(self, engine: WatchedEngine, market: Market, broker: ReplayBroker) -> None:
        self._engine = engine
        self._market = market
        self._broker = broker
        self._actions = 0
        self._waited: tuple[int, tuple[int, ...]] = (0, ())
        self._interval = round(engine.config.poll_interval * MICRO)
        stop = engine.config.effective_stop
        self._stop = micros_of(time(23, 59, 59)) if stop is None else micros_of(stop)

    def __call__(self, deadline: int) -> int:
        """Microseconds to leave out, at the beginning of a wait until `deadline`."""
        now = self._market.micros
        before, self._waited = self._waited, (now, (deadline - now, *self._broker.offsets()))
        if not self._is_quiet() or not (rhythm := self._rhythm(*before)):
            return 0
        whole = max(0, (self._next_event() - now - 1) // rhythm) * rhythm
        self._waited = (now + whole, self._waited[1])
        return whole

    def _rhythm(self, before: int, offsets: tuple[int, ...]) -> int:
        """Microseconds from cycle to cycle from here on; 0 while they are not yet the same from one to the next."""
        now, (until, *_) = self._waited
        if until == self._interval and until >= BOOK_EVERY_SECS * MICRO:
            # Nothing took time, and by the next cycle nothing that was asked holds a request back.
            return until
        # Where everything stands as it stood a cycle ago, the next cycle is the last one again.
        return now - before if self._waited[1] == offsets else 0

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
        """The last cycle sent nothing, and nothing is under way."""
        before, self._actions = self._actions, self._broker.actions
        if not self._engine.is_trading or self._actions != before:
            return False
        return not self._broker.has_news and self._engine.is_settled
