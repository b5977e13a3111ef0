"""Output that never stops trading (behaviour 19): what may block is done by a thread of its own.

A terminal that nobody reads, a full pipe or a hung disk blocks the thread that writes to it. The engine's thread only
queues, and is told at once when the bounded queue is full.
"""

from __future__ import annotations

import io
import logging
import os
import queue
import select
import threading
from typing import TYPE_CHECKING, TextIO

from tg1.machine.harmless import Harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Job = Callable[[], object]

log = logging.getLogger(__name__)

MOST_JOBS = 5000
"""Lines that wait for a slow reader: an hour of a lively bot, a few megabytes at most."""


class Writer:
    """One daemon thread that does jobs in their order; whoever hands them over never waits.

    `queue.SimpleQueue` is the one of the standard queues that a signal handler may put into: its `put` takes no lock of
    Python's. The standard `QueueListener` would wait without a bound for a writer that hangs when the process ends.
    """

    def __init__(self, name: str, most_jobs: int = MOST_JOBS) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._most_jobs = most_jobs
        self._guarded = Harmless(log, f"The writer of tg1 {name} had a job that failed; more are not said")
        self._thread = threading.Thread(target=self._work, name=f"tg1 {name}", daemon=True)
        self._thread.start()

    def offer(self, job: Job) -> bool:
        """Take a job; False when too many wait already, and then it is not taken."""
        if self._jobs.qsize() >= self._most_jobs:
            return False
        self._jobs.put(job)
        return True

    def insist(self, job: Job) -> None:
        """Take a job, however many wait: for the few that must not be lost. Safe in a signal handler."""
        self._jobs.put(job)

    def flush(self, within_secs: float) -> bool:
        """Wait until what was taken so far is done, but no longer than that; False when it is not."""
        done = threading.Event()
        self._jobs.put(done.set)
        return done.wait(within_secs)

    def end(self) -> None:
        """Take no job seriously any more that comes after those taken so far; returns at once."""
        self._jobs.put(None)

    def ended(self, within_secs: float) -> bool:
        """Wait for the thread's end after `end`, but no longer than that; False when it hangs."""
        self._thread.join(within_secs)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._guarded(job)


def unbuffered(stream: TextIO) -> TextIO:
    """The stream without a buffer, on a descriptor of its own; itself when it has no descriptor (a test's `StringIO`).

    A thread that hangs in a write holds the lock of the buffer it writes to, and Python's own flush at the end of the
    process would wait for that lock, or abort. Without a buffer there is none. What the encoding lacks is spelt out: a
    "…" on an ASCII terminal must not cost the line.
    """
    try:
        stream.flush()
        descriptor = os.dup(stream.fileno())
    except (OSError, ValueError):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
        return stream
    return text_of(descriptor, "wb", stream.encoding)


def columns_of(stream: TextIO) -> int:
    """Columns of the terminal that the stream writes to; 0 when it is none, or does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


def text_of(descriptor: int, mode: str, encoding: str) -> TextIO:
    """A descriptor as a text stream without a buffer; closing it closes the descriptor."""
    raw = _WholeWrites(descriptor, mode)
    return io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", write_through=True)  # raw by intent


class _WholeWrites(io.FileIO):
    """A raw file whose `write` goes on until all is written: a pipe may take a part only."""

    def write(self, data: object, /) -> int:
        rest = memoryview(data)  # type: ignore[arg-type]  # any buffer, as in the base class
        size = rest.nbytes
        while rest:
            written = super().write(rest)
            if written is None:  # somebody who shares the terminal set it to non-blocking
                select.select([], [self], [])
            rest = rest[written or 0 :]
        return size


def end_all(writers: Iterable[Writer], within_secs: float) -> list[Writer]:
    """End the writers, waiting that many seconds for each at most; return those that hang."""
    ending = list(writers)
    for writer in ending:
        writer.end()
    return [writer for writer in ending if not writer.ended(within_secs)]
