"""Several bots on one virtual clock in one process: each runs until it waits, then the one that is due next goes on.

Threads carry them, but never two at a time, so that a run is the same each time.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tg1.machine.clock import IST

if TYPE_CHECKING:
    from collections.abc import Callable

MONDAY = datetime(2026, 11, 23, 9, 20, tzinfo=IST)
START = 1000.0


class Stage:
    """The common time of all actors; `run` plays them."""

    def __init__(self, start: float = START, before_turn: Callable[[float], None] = lambda _at: None) -> None:
        """`before_turn` hears of each instant at which an actor goes on, before it does."""
        self.now = start
        self._before_turn = before_turn
        self._due: list[tuple[float, int, threading.Semaphore]] = []
        self._turns = itertools.count()
        self._parked = threading.Semaphore(0)
        self._failures: list[BaseException] = []
        self._ends_at = float("inf")

    def run(self, *actors: Callable[[], None], secs: float) -> None:
        """Play the actors for so many virtual seconds, or until all have ended; raises what one of them raised."""
        self._ends_at = self.now + secs
        for actor in actors:
            go = threading.Semaphore(0)
            threading.Thread(target=self._play, args=(actor, go), daemon=True).start()
            heapq.heappush(self._due, (self.now, next(self._turns), go))
        while self._due and not self._failures:
            at, _, go = heapq.heappop(self._due)
            self._before_turn(at)
            self.now = max(self.now, at)
            go.release()
            self._parked.acquire()
        if self._failures:
            self._send_home()
            raise self._failures[0]

    def _send_home(self) -> None:
        """The others can't go on: each is unwound, so that no thread stays."""
        self._ends_at = self.now
        while self._due:
            heapq.heappop(self._due)[2].release()
            self._parked.acquire()

    def _play(self, actor: Callable[[], None], go: threading.Semaphore) -> None:
        go.acquire()
        try:
            if not self._failures:
                actor()
        except _Curtain:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again in the thread that looks on
            self._failures.append(exc)
        finally:
            self._parked.release()

    def wait(self, deadline: float) -> None:
        """The running actor waits; whoever is due before goes first."""
        if deadline <= self.now and not self._failures:
            return
        if deadline >= self._ends_at or self._failures:
            raise _Curtain
        go = threading.Semaphore(0)
        heapq.heappush(self._due, (deadline, next(self._turns), go))
        self._parked.release()
        go.acquire()
        if self._failures:
            raise _Curtain

    def clock(self) -> StageClock:
        """The clock of one actor, or of all."""
        return StageClock(self)


class _Curtain(BaseException):
    """The run is over: unwinds an actor, past every `except Exception`."""


class StageClock:
    """`Clock` by the stage's time."""

    stop_requested = False

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=self._stage.now - START)

    def monotonic(self) -> float:
        return self._stage.now

    def wait_until(self, deadline: float) -> None:
        self._stage.wait(deadline)

    def sleep_until(self, deadline: float) -> None:
        self._stage.wait(deadline)
