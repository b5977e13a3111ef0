"""The results file: SQLite, one writer, a transaction for each result, so that nothing is computed twice.

There is no write-ahead log: the file stays one file that can be copied, and whatever dies in the middle of a write is
rolled back by whoever opens it next.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from contextlib import closing, contextmanager
from datetime import date
from typing import TYPE_CHECKING, Self

from tg1.errors import AlreadyRunning, ConfigError, Tg1Error
from tg1.sweep.work import DayRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tg1.sweep.work import Done

SCHEMA = 1
APPLICATION = 0x54473153
"""SQLite's own mark of whose file it is: TG1S."""
PATIENCE_SECS = 30.0
"""How long somebody else may read the file before a write gives up."""
_TABLES = """
CREATE TABLE run (
    key TEXT PRIMARY KEY, pair TEXT NOT NULL, settings TEXT NOT NULL, market TEXT NOT NULL, prices TEXT NOT NULL,
    edition TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE day (
    run TEXT NOT NULL REFERENCES run (key), number INTEGER NOT NULL, day TEXT NOT NULL, price_events INTEGER NOT NULL,
    cycles_run INTEGER NOT NULL, fills INTEGER NOT NULL, gross_paise INTEGER NOT NULL, charges_paise INTEGER NOT NULL,
    net_paise INTEGER NOT NULL, realised_paise INTEGER NOT NULL, worst_open_paise INTEGER NOT NULL,
    open TEXT NOT NULL, end TEXT NOT NULL, exit_code INTEGER NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;
"""
_AT_ONCE = 500


class ResultsLost(Tg1Error):
    """A result could not be written; what was written before is kept."""


class Results:
    """What earlier sweeps have computed, and where this one adds to it. Leave it by `with`."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises `ConfigError`, and `AlreadyRunning` while another sweep writes to it."""
        self.path = path
        self._is_new = not path.exists()
        self._lock = _locked(path)
        try:
            self._base = self._opened()
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_new and not self.known():
            # A line that was refused leaves nothing behind.
            self.path.unlink(missing_ok=True)
        self._base.close()
        # Only now: closing any handle of the file lets go of SQLite's own locks as well.
        os.close(self._lock)

    def known(self) -> set[str]:
        """The keys of all results."""
        with self._said():
            return {key for (key,) in self._base.execute("SELECT key FROM run")}

    def keep(self, done: Done, told: Mapping[str, str | Mapping[str, str]]) -> None:
        """Write one result; `told` are the other columns of `run`, in their order. Raises `ResultsLost`."""
        texts = [value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in told.values()]
        with self._said(), self._base:
            self._base.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)", (done.key, *texts))
            self._base.executemany(
                "INSERT INTO day VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_cells(done.key, number, row) for number, row in enumerate(done.days)],
            )

    def days(self, keys: Sequence[str]) -> Iterator[tuple[str, tuple[DayRow, ...]]]:
        """Each key with its days, as far as they are known."""
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            found: dict[str, list[DayRow]] = {}
            with self._said():
                rows: Iterable[tuple[object, ...]] = self._base.execute(
                    f"SELECT * FROM day WHERE run IN (?{', ?' * (len(some) - 1)}) ORDER BY run, number",  # noqa: S608
                    some,
                )
                for row in rows:
                    found.setdefault(str(row[0]), []).append(_day_row(row))
            yield from ((key, tuple(found[key])) for key in some if key in found)

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=PATIENCE_SECS)
        try:
            self._check(base)
        except sqlite3.Error as exc:
            base.close()
            raise ConfigError(f"--results {self.path} can't be used: {exc}.") from exc
        except ConfigError:
            base.close()
            raise
        return base

    def _check(self, base: sqlite3.Connection) -> None:
        (application,) = base.execute("PRAGMA application_id").fetchone()
        (schema,) = base.execute("PRAGMA user_version").fetchone()
        (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if (application, schema, tables) == (0, 0, 0):
            with closing(base.cursor()) as cursor:
                cursor.executescript(
                    f"BEGIN; {_TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; COMMIT;"
                )
        elif application != APPLICATION:
            raise ConfigError(f"--results {self.path} is a database of another program: give another name.")
        elif schema != SCHEMA:
            raise ConfigError(
                f"--results {self.path} was written by another edition of TG1 (schema {schema}, this one writes "
                f"{SCHEMA}): give another name."
            )

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise ResultsLost(
                f"--results {self.path} can't be written or read: {exc}; every result before is kept, and the same "
                "line goes on from there."
            ) from exc


def _locked(path: Path) -> int:
    """A handle that holds the right to write; the kernel takes it back however the process ends."""
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"--results {path} is no place for a file: give a name in a folder that exists.")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise ConfigError(f"--results {path} can't be written: {exc.strerror or exc}.") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(handle)
        raise AlreadyRunning(f"another sweep is writing to {path}: wait for it, or give another --results.") from exc
    if not (path.exists() and os.path.samestat(os.fstat(handle), path.stat())):
        # It was taken away between the two: what is written there would be nowhere.
        os.close(handle)
        return _locked(path)
    return handle


def _cells(key: str, number: int, row: DayRow) -> tuple[object, ...]:
    return (
        *(key, number, row.day.isoformat(), row.price_events, row.cycles_run, row.fills),
        *(row.gross, row.charges, row.net, row.realised, row.worst_open, row.open, row.end, row.exit_code),
    )


def _day_row(cells: Sequence[object]) -> DayRow:
    day, events, cycles, fills, gross, charges, _, realised, worst, held, end, code = cells[2:]
    return DayRow(
        day=date.fromisoformat(str(day)),
        price_events=_int(events),
        cycles_run=_int(cycles),
        fills=_int(fills),
        gross=_int(gross),
        charges=_int(charges),
        realised=_int(realised),
        worst_open=_int(worst),
        open=str(held),
        end=str(end),
        exit_code=_int(code),
    )


def _int(cell: object) -> int:
    return int(str(cell))
