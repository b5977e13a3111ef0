"""The order calls of an app key: placements and cancels of all its bots go through one limiter (behaviour 11.3)."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tg1.errors import RateLimited
from tg1.xts.pacing import ORDER_CALLS_PER_SECOND, SlidingWindow
from tg1.xts.shared_record import SharedRecord
from tg1.xts.turns import RECORD_BYTES, decode_calls, encode_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tg1.machine.clock import Clock
    from tg1.ports import SharedFolder

log = logging.getLogger(__name__)

LOCK_POLL_SECS = 0.002
LOCK_PATIENCE_SECS = 1.0
"""How long the lock is asked for: it is held for microseconds, unless its holder was stopped with it."""
ALONE_SECS = 30.0
"""How long it is not waited for again after that."""

_T = TypeVar("_T")


class OrderCalls:
    """At most 8 in any second, whichever bots of the machine make them."""

    def __init__(self, *, folder: SharedFolder, name: str, clock: Clock) -> None:
        self._record = SharedRecord(folder, name)
        self._boot_id = folder.boot_id
        self._clock = clock
        self._window = SlidingWindow(limit=ORDER_CALLS_PER_SECOND)
        self._alone_until = 0.0

    def carry(self, ask: Callable[[], _T]) -> _T:
        """Wait until a call may go, count it, then ask; a stop does not lift the limit.

        The second in which it counts begins anew with its answer. A call that the server's limiter refused holds the
        next ones back for a second, other bots' included.
        """
        sent_at = self._wait()
        note: Callable[[float], None] = partial(self._window.note_answered, sent_at)
        try:
            return ask()
        except RateLimited:
            note = self._window.close
            raise
        finally:
            with self._shared() as now:
                note(now)

    def _wait(self) -> float:
        """Count a call as soon as one may go; return when that was."""
        while True:
            with self._shared() as now:
                due = self._window.next_send_time(now)
                if due is None:
                    self._window.note_sent(now)
                    return now
            self._clock.sleep_until(due)

    @contextmanager
    def _shared(self) -> Iterator[float]:
        """The window as all bots of the key have left it, for a change; gives the moment."""
        locked = self._lock()
        try:
            now = self._clock.monotonic()
            if locked and (sent := decode_calls(self._record.read(RECORD_BYTES), self._boot_id, now)):
                self._window.sent = sent
            yield now
            if locked:
                self._record.write(encode_calls(self._window.sent, self._boot_id))
        finally:
            if locked:
                self._record.unlock()

    def _lock(self) -> bool:
        """True with the lock; False when the file can't be used, or when somebody stands still with its lock."""
        began = self._clock.monotonic()
        while (locked := self._record.lock()) is False:
            now = self._clock.monotonic()
            if now < self._alone_until:
                break
            if now - began >= LOCK_PATIENCE_SECS:
                log.warning("The order limiter's lock is stuck, this bot counts its calls alone for %d s", ALONE_SECS)
                self._alone_until = now + ALONE_SECS
                break
            self._clock.sleep_until(now + LOCK_POLL_SECS)
        return bool(locked)
