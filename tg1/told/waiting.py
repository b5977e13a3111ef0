"""What waits for a disk that may be full, slow or gone: bounded, in its order, and what is wrong is said once.

The files of a bot that are no state share these parts: whoever adds never waits, and the writer's thread brings.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tg1.screen.writer import Writer

log = logging.getLogger(__name__)

T = TypeVar("T")


class Waiting(Generic[T]):
    """Items for a file, for any thread. The newest are kept, up to a bound; what is lost beyond it is counted."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._items: deque[T] = deque()
        self._lost = 0

    def add(self, items: Iterable[T]) -> None:
        """Let these wait, too."""
        with self._lock:
            self._items.extend(items)
            self._keep_bound()

    def take(self) -> list[T]:
        """Everything that waits, oldest first; it waits no longer."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
        return items

    def give_back(self, items: list[T]) -> None:
        """Let what could not be brought wait before everything else."""
        with self._lock:
            self._items.extendleft(reversed(items))
            self._keep_bound()

    def take_lost(self) -> int:
        """How many were lost since this was asked last."""
        with self._lock:
            lost, self._lost = self._lost, 0
        return lost

    def _keep_bound(self) -> None:
        while len(self._items) > self._most:
            self._items.popleft()
            self._lost += 1


class Errand:
    """One job for a writer's thread: asked for as often as one likes, it waits there at most once."""

    def __init__(self, writer: Writer, work: Callable[[], object], faults: SaidOnce) -> None:
        """`faults` are those of the job: while there is one, it has not got where it should."""
        self._writer = writer
        self._work = work
        self._faults = faults
        self._lock = threading.Lock()
        self._is_asked = False
        self._is_closed = False

    def ask(self) -> None:
        """Have the job done soon; returns at once."""
        with self._lock:
            asked, self._is_asked = self._is_asked, True
        if not asked:
            self._writer.insist(self._do)

    def flush(self, within_secs: float) -> bool:
        """Wait until what was asked for is done, but no longer than that; False when it did not get there."""
        return (self._is_closed or self._writer.flush(within_secs)) and not self._faults

    def close(self, within_secs: float) -> bool:
        """The same, and nothing is done after it."""
        done = self.flush(within_secs)
        self._is_closed = True
        self._writer.end()
        return done

    def _do(self) -> None:
        with self._lock:
            self._is_asked = False
        self._work()


class SaidOnce:
    """Says once why something can't be written, and once that it can again. For the writer's thread."""

    def __init__(self) -> None:
        self._faults: dict[str, str] = {}

    def __bool__(self) -> bool:
        """True while something can't be written."""
        return bool(self._faults)

    def tried(self, what: str, write: Callable[[], object]) -> bool:
        """Do it, and return whether it worked."""
        try:
            write()
        except OSError as exc:
            fault = exc.strerror or str(exc)
            if self._faults.get(what) != fault:
                log.warning("The bot's %s can't be written: %s; trading goes on", what, fault)
            self._faults[what] = fault
            return False
        if self._faults.pop(what, ""):
            log.info("The bot's %s can be written again", what)
        return True
