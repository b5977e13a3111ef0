"""Reads recorded days: which there are, and what each holds. Changes nothing.

A machine that dies leaves a line without its end, and a disk that fails may: such a line is left out and counted.
Whatever else is not as it should be is refused with file and line.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import open_given
from tg1.record.codec import decode_entry
from tg1.record.paths import PACKED
from tg1.record.values import Begun, Cycle, Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from tg1.record.paths import RecordPaths
    from tg1.record.values import Entry

MOST_BYTES = 512 * 1024 * 1024
"""A day has some megabytes; a bot that cycles ten times a second, some tens."""
_LONGEST_LINE = 64 * 1024 * 1024


@dataclass
class Run:
    """One start of a bot, with what came of it."""

    begun: Begun
    cycles: list[Cycle] = field(default_factory=list)
    ended: Ended | None = None
    """None while it runs, and when it died."""


@dataclass
class Entries:
    """The entries of one file, in their order; iterate once."""

    path: Path
    torn: int = 0
    """Lines without their end, and lines whose start was lost, so far."""

    def __iter__(self) -> Iterator[Entry]:
        """Raises `ConfigError` with file and line."""
        has_begun = False
        for number, line in enumerate(_lines(self.path), start=1):
            if not line.strip():
                continue
            if not line.rstrip().endswith(b"}") or not line.endswith(b"\n"):
                self.torn += 1
                continue
            entry = self._entry(number, line)
            has_begun = has_begun or isinstance(entry, Begun)
            if has_begun:
                yield entry
            else:
                self.torn += 1
        if not has_begun:
            raise ConfigError(f"{self.path} is no record of a bot: no start stands in it.")

    def _entry(self, number: int, line: bytes) -> Entry:
        try:
            return decode_entry(line)
        except ValueError as exc:
            raise self._refused(number, str(exc)) from exc

    def _refused(self, number: int, what: str) -> ConfigError:
        return ConfigError(f"{self.path} line {number} {what}.")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open_given(path, MOST_BYTES) as raw:
            stream = gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(PACKED) else raw
            while line := stream.readline(_LONGEST_LINE):
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise ConfigError(f"{path} can't be unpacked: it is cut off or damaged.") from exc
    except OSError as exc:
        raise ConfigError(f"{path} can't be read: {exc.strerror or exc}.") from exc


def runs_of(entries: Iterable[Entry]) -> list[Run]:
    """Entries by the start that they belong to."""
    runs: list[Run] = []
    for entry in entries:
        if isinstance(entry, Begun):
            runs.append(Run(begun=entry))
        elif isinstance(entry, Cycle):
            runs[-1].cycles.append(entry)
        else:
            runs[-1].ended = entry
    return runs


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """A recorded day."""

    day: date
    runs: tuple[Run, ...]
    torn: int
    """Lines that were left out."""


def recorded_days(paths: RecordPaths) -> dict[date, list[Path]]:
    """The files of each recorded day. Raises `ConfigError` for a folder that can't be read."""
    try:
        names = [path.name for path in paths.folder.iterdir()]
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise ConfigError(f"the records in {paths.folder} can't be read: {exc.strerror or exc}.") from exc
    return {day: [paths.folder / name for name in found] for day, found in paths.days(names).items()}


def read_day(day: date, files: Iterable[Path]) -> DayRecord:
    """A day from its files. Raises `ConfigError` with file and line."""
    runs: list[Run] = []
    torn = 0
    for path in files:
        entries = Entries(path)
        runs += runs_of(entries)
        torn += entries.torn
    return DayRecord(day=day, runs=tuple(runs), torn=torn)
