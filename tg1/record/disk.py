"""Brings a record to its files from a thread of its own: no disk, full, slow or gone, ever touches trading.

A file a day. Days that are over are packed, and after a quarter of a year removed, by the same thread.
"""

from __future__ import annotations

import gzip
import logging
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from tg1.machine.files import OsFileSystem
from tg1.record.paths import PLAIN
from tg1.screen.money import counted
from tg1.screen.writer import Writer
from tg1.told.waiting import Errand, SaidOnce, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tg1.record.paths import RecordPaths
    from tg1.told.disk import Files

    Line = tuple[date, Callable[[], bytes]]

log = logging.getLogger(__name__)

MOST_LINES_WAITING = 3600
"""An hour of cycles for a disk that hangs."""
KEEP_DAYS = 92
LEVEL = 6
"""Of packing: beyond it a day takes twice the time for one percent."""


class RecordDisk:
    """The record of one bot. `write` returns at once, whatever the disk does."""

    def __init__(self, paths: RecordPaths, files: Files, writer: Writer | None = None) -> None:
        self._paths = paths
        self._files = files
        self._faults = SaidOnce()
        self._errand = Errand(writer or Writer("record"), self._work, self._faults)
        self._lines: Waiting[Line] = Waiting(MOST_LINES_WAITING)
        self._whole: set[date] = set()
        """Days whose file is known to end with a whole line."""
        self._tidied: set[date] = set()
        self._untidy = SaidOnce()
        """What keeps days that are over from being packed: no fault of today's lines."""
        self._has_gap = False

    def write(self, day: date, encode: Callable[[], bytes]) -> None:
        """Append a line to the record of a day; `encode` is called in the writer's thread."""
        self._lines.add([(day, encode)])
        self._errand.ask()

    def flush(self, within_secs: float) -> bool:
        """Wait until what was written is in its file, but no longer than that; False when it did not get there."""
        return self._errand.flush(within_secs)

    def close(self, within_secs: float) -> bool:
        """The same, and nothing is written after it."""
        return self._errand.close(within_secs)

    def take_gap(self) -> bool:
        """True once, after lines were lost: what follows needs a new start to stand on."""
        if not self._has_gap:
            # Setting it back unseen would lose what the writer's thread says in the same moment.
            return False
        self._has_gap = False
        return True

    # The writer's thread.

    def _work(self) -> None:
        lines = self._lines.take()
        while lines:
            day = lines[0][0]
            same = list(takewhile(partial(_is_of, day), lines))
            if not self._bring(day, same, lines[len(same) :]):
                return
            lines = lines[len(same) :]
        if lost := self._lines.take_lost():
            self._has_gap = True
            log.warning("%s lost while they could not be written", counted(lost, "recorded line", "was", "were"))

    def _bring(self, day: date, lines: list[Line], later: list[Line]) -> bool:
        encoded = [encode() for _, encode in lines]
        if self._faults.tried("record", lambda: self._append(day, b"".join(encoded))):
            return True
        # Encoded once is enough.
        self._lines.give_back([*((day, partial(bytes, line)) for line in encoded), *later])
        return False

    def _append(self, day: date, data: bytes) -> None:
        is_whole = day in self._whole
        if day not in self._tidied:
            OsFileSystem().make_dir(self._paths.folder)
        # What a machine that died, or a disk that failed, left without its end must not spoil this line.
        self._whole.discard(day)
        self._files.append(self._paths.plain(day), data if is_whole else b"\n" + data)
        self._whole.add(day)
        if day not in self._tidied:
            self._tidied.add(day)
            self._untidy.tried("older records", lambda: self._tidy(day))

    def _tidy(self, today: date) -> None:
        names = OsFileSystem().names(self._paths.folder)
        for day, found in self._paths.days(names).items():
            if day < today - timedelta(days=KEEP_DAYS):
                for name in found:
                    (self._paths.folder / name).unlink(missing_ok=True)
            elif day < today and any(name.endswith(PLAIN) for name in found):
                self._pack(day)

    def _pack(self, day: date) -> None:
        """A packed file may be there already, when the clock was put back: then one follows the other in it.

        It may also hold these very lines, when the process died before it could remove what it had packed.
        """
        plain, packed = self._paths.plain(day), self._paths.packed(day)
        before = packed.read_bytes() if packed.exists() else b""
        # Without a time in it, what is packed twice is the same.
        lines = gzip.compress(plain.read_bytes(), LEVEL, mtime=0)
        if not before.endswith(lines):
            self._files.put(packed, before + lines)
        plain.unlink()


def _is_of(day: date, line: Line) -> bool:
    return line[0] == day
