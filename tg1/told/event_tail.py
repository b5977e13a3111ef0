"""Reads the events of a bot as they come, across the moment at which the file is begun anew. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.errors import SnapshotDamaged
from tg1.told.codec import decode_event

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.told.events import Event
    from tg1.told.paths import ToldPaths

MOST_BYTES = 8 * 1024 * 1024
"""Of one look: a reader that was away for long takes the rest with its next looks."""


_HEAD_BYTES = 80
"""The beginning of a file tells it from every other: its first event's run and number stand there, and no file system
gives them away again as it does with its own numbers."""


class EventTail:
    """What a bot's event files hold beyond what was read before. Not thread-safe."""

    def __init__(self, paths: ToldPaths, *, from_end: bool = False, most_history: int | None = None) -> None:
        """`from_end`: only what comes from now on; otherwise everything that is kept.

        `most_history`: of what is kept only so many bytes, the newest. Raises `OSError` with either of them.
        """
        self._paths = paths
        self._head = b""
        """Of the file that is being read; empty before the first."""
        self._offset = 0
        self._old_head = b""
        """Of the old file that was read to its end."""
        self.damaged = 0
        """Lines that could not be read so far; they were left out."""
        if from_end:
            self._head, _ = _read(paths.events, 0)
            self._old_head, _ = _read(paths.old_events, 0)
            self._offset = paths.events.stat().st_size if self._head else 0
        elif most_history is not None:
            self._skip_all_but(most_history)

    def _skip_all_but(self, most_bytes: int) -> None:
        size, old_size = _size(self._paths.events), _size(self._paths.old_events)
        if size > most_bytes:
            self._head, _ = _read(self._paths.events, size)
            self._old_head, _ = _read(self._paths.old_events, old_size)
            self._offset = _next_line(self._paths.events, size - most_bytes)
        elif old_size > most_bytes - size:
            self._offset = _next_line(self._paths.old_events, old_size - (most_bytes - size))

    def new(self) -> list[Event]:
        """Events that were not returned yet, oldest first. Raises `OSError`."""
        head, data = _read(self._paths.events, self._offset)
        if head == self._head:
            return self._taken(data)
        # The file was begun anew, or is read for the first time: what stood there before stands in the old one.
        events = self._rest_of_old()
        self._offset = 0
        self._head, data = _read(self._paths.events, 0)
        return events + self._taken(data)

    def _rest_of_old(self) -> list[Event]:
        head, data = _read(self._paths.old_events, self._offset)
        if self._head not in (b"", head) or head == self._old_head:
            return []
        self._old_head = head
        return self._taken(data)

    def _taken(self, data: bytes) -> list[Event]:
        """The events of the whole lines; one without its end is still being written."""
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [event for line in whole.splitlines() if line and (event := self._event(line))]

    def _event(self, line: bytes) -> Event | None:
        try:
            return decode_event(line)
        except SnapshotDamaged:
            self.damaged += 1
            return None


def _read(path: Path, offset: int) -> tuple[bytes, bytes]:
    """The head of a file, and what it holds from the offset on; nothing for one that has no whole head yet."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(offset)
            return (head, file.read(MOST_BYTES)) if len(head) == _HEAD_BYTES else (b"", b"")
    except FileNotFoundError:
        return b"", b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _next_line(path: Path, offset: int) -> int:
    """Where the first whole line after an offset begins."""
    with path.open("rb") as file:
        file.seek(offset)
        file.readline()
        return file.tell()
