"""Fetched minutes on disk: a Parquet file per symbol and month, there whole or not at all.

Its columns are those that every reader of prices here knows (`ist`, `open_SBIN` …); which days it holds whole stands in
its metadata, days without a candle included.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from tg1.errors import ConfigError, SaveFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from tg1.kite.history import Minute
    from tg1.machine.files import OsFileSystem

POINTS = ("open", "high", "low", "close", "volume")
_WHOLE, _SOURCE = b"tg1.whole_days", b"tg1.source"
_NAME = re.compile(r"(?P<symbol>.+)_(?P<month>\d{4}-\d{2})\.parquet")


class Months:
    """The files of one folder, all from one source: made-up prices never stand in for real ones."""

    def __init__(self, folder: Path, source: str, fs: OsFileSystem) -> None:
        self._folder = folder
        self._source = source
        self._fs = fs
        self.damaged: list[Path] = []
        """Files that could not be read and are fetched anew."""

    def prepare(self) -> None:
        """Make the folder. Raises `ConfigError`."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(f"--into {self._folder} can't be made a folder: {exc.strerror or exc}.") from exc

    def whole_days(self, symbol: str) -> set[date]:
        """The days that need not be fetched. Raises `ConfigError` for a file of that name that is somebody else's."""
        found: set[date] = set()
        for path in sorted(self._folder.glob("*.parquet")):
            match = _NAME.fullmatch(path.name)
            if match and match["symbol"] == symbol:
                found |= self._whole_of(path)
        return found

    def keep(self, symbol: str, minutes: Iterable[Minute], whole: Collection[date]) -> int:
        """Bring fetched minutes to disk, in place of what was there of the same days; returns how many days traded.

        Raises `SaveFailed`.
        """
        rows: dict[date, list[Minute]] = defaultdict(list)
        for minute in minutes:
            rows[minute.at.date()].append(minute)
        months = {day.replace(day=1) for day in (*rows, *whole)}
        for month in sorted(months):
            self._write(
                symbol,
                month,
                {day: each for day, each in rows.items() if day.replace(day=1) == month},
                {day for day in whole if day.replace(day=1) == month},
            )
        return len(rows)

    def path(self, symbol: str, month: date) -> Path:
        """Where a month of a symbol lies."""
        return self._folder / f"{symbol}_{month:%Y-%m}.parquet"

    def _whole_of(self, path: Path) -> set[date]:
        try:
            metadata = pa.parquet.read_schema(path).metadata or {}
        except (pa.ArrowException, OSError):
            # The end of a Parquet file holds its schema, so a torn one fails here.
            self.damaged.append(path)
            return set()
        if _WHOLE not in metadata:
            raise ConfigError(f"{path} was not written by tg1 data fetch: choose another folder with --into.")
        source = metadata.get(_SOURCE, b"").decode()
        if source != self._source:
            raise ConfigError(
                f"{path} holds prices of {source}, not of {self._source}: choose another folder with --into."
            )
        return {date.fromisoformat(day) for day in json.loads(metadata[_WHOLE])}

    def _write(self, symbol: str, month: date, rows: Mapping[date, Sequence[Minute]], whole: Collection[date]) -> None:
        path = self.path(symbol, month)
        table, before = _table(symbol, rows), set[date]()
        if path.exists() and path not in self.damaged:
            before = self._whole_of(path) - rows.keys()
            table = pa.concat_tables([_without(_read(path), {*rows, *whole}), table]).sort_by("ist")
        days = sorted(day.isoformat() for day in {*before, *whole})
        table = table.replace_schema_metadata({_WHOLE: json.dumps(days), _SOURCE: self._source})
        sink = pa.BufferOutputStream()
        pa.parquet.write_table(table, sink, compression="zstd")
        self._bring(sink.getvalue().to_pybytes(), path)
        self.damaged = [each for each in self.damaged if each != path]

    def _bring(self, content: bytes, path: Path) -> None:
        beside = path.with_name(f".{path.name}.tmp")
        try:
            try:
                self._fs.write_synced(beside, content)
                self._fs.replace(beside, path)
            finally:
                self._fs.unlink(beside)
            self._fs.sync_dir(self._folder)
        except OSError as exc:
            raise SaveFailed(f"{path} can't be written: {exc.strerror or exc}.") from exc


def _table(symbol: str, rows: Mapping[date, Sequence[Minute]]) -> pa.Table:
    minutes = list({minute.at: minute for day in rows.values() for minute in day}.values())
    kinds = dict.fromkeys(POINTS, pa.float64()) | {"volume": pa.int64()}
    return pa.table(
        {"ist": pa.array([minute.at for minute in minutes], pa.timestamp("ms"))}
        | {f"{point}_{symbol}": pa.array([getattr(each, point) for each in minutes], kinds[point]) for point in POINTS}
    ).sort_by("ist")


def _read(path: Path) -> pa.Table:
    try:
        return pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as exc:
        raise ConfigError(f"{path} is damaged: delete it, and fetch its days again.") from exc


def _without(table: pa.Table, days: Collection[date]) -> pa.Table:
    gone = pa.array(sorted(days), pa.date32())
    return table.filter(pc.invert(pc.is_in(pc.cast(table.column("ist"), pa.date32()), value_set=gone)))
