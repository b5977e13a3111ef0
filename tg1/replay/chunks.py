"""Rows of a file of prices, read and judged: CSV or Parquet, one last price a second or bars.

Two layouts are known: `ist_second` and a column per symbol (a recorded day has it, too), and `ist` with
`open_X, high_X, low_X, close_X` per symbol. A blank is no tick. Whatever is not plainly a price of that time is refused
with file and line: a replay on broken prices would be believed.
"""

from __future__ import annotations

import itertools
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from tg1.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray


POINTS = ("open", "high", "low", "close")
SECS_PER_DAY = 86_400
_SECOND, _BAR = "ist_second", "ist"
_BLOCK_BYTES = 2**24
_IST_MILLIS = 19_800_000
_LARGEST = 10_000_000.0
"""Rupees; a price above this is a slip of the pen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of a file."""

    line: int
    """Of the first row, as an editor counts."""
    stamps: NDArray[np.int64]
    """Milliseconds since 1970, IST wall clock."""
    prices: dict[str, NDArray[np.float64]]
    """By symbol: one column, or four for a bar; NaN is no tick."""

    @property
    def day(self) -> date:
        """The day of the first row."""
        first: date = self.stamps[:1].astype("datetime64[ms]").astype("datetime64[D]").item(0)
        return first

    def by_day(self) -> Iterator[Chunk]:
        """The same rows, a chunk for each day."""
        days = self.stamps // (SECS_PER_DAY * 1000)
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        for begin, end in itertools.pairwise(cuts):
            yield Chunk(
                line=self.line + begin,
                stamps=self.stamps[begin:end],
                prices={symbol: cells[begin:end] for symbol, cells in self.prices.items()},
            )


def symbols_in(path: Path) -> list[str]:
    """The symbols that a file has prices of, in the order of its columns. Raises `ConfigError`."""
    with _judged(path):
        names = _column_names(path)
    if _SECOND in names:
        return [name for name in names if name != _SECOND]
    return [name.removeprefix("close_") for name in names if name.startswith("close_")]


def chunks(path: Path, symbols: Sequence[str], *, any_order: bool = False) -> Iterator[Chunk]:
    """Read a file piece by piece. Raises `ConfigError` with file and line.

    Times that don't rise are refused, too, unless `any_order`.
    """
    with _judged(path):
        yield from _read_chunks(path, symbols, _Previous(path, any_order=any_order))


@contextmanager
def _judged(path: Path) -> Iterator[None]:
    """What the reader raises, as a sentence."""
    try:
        yield
    except pa.ArrowInvalid as exc:
        raise ConfigError(f"--prices {path}{_arrow_words(str(exc))}") from exc
    except (OSError, pa.ArrowException) as exc:
        # A broken file is an OSError of the reader's own, without the system's word.
        if word := getattr(exc, "strerror", None):
            raise ConfigError(f"--prices {path} can't be read: {word}.") from exc
        raise ConfigError(f"--prices {path}{_unreadable(str(exc))}") from exc


def _read_chunks(path: Path, symbols: Sequence[str], previous: _Previous) -> Iterator[Chunk]:
    line = 2
    reader = _parquet_batches if path.suffix.lower() == ".parquet" else _csv_batches
    for batch in reader(path, symbols):
        if batch.num_rows:
            chunk = _chunk_of(path, batch, symbols, line)
            previous.check(chunk)
            yield chunk
            line += batch.num_rows


def _column_names(path: Path) -> list[str]:
    if path.suffix.lower() == ".parquet":
        with pa.parquet.ParquetFile(path) as source:
            return list(source.schema_arrow.names)
    with path.open("rb") as stream:
        header = stream.readline(1_000_000).decode("utf-8-sig", "replace").rstrip("\r\n").split(",")
    if not header[0]:
        raise ConfigError(f"--prices {path} is empty.")
    return [name.strip().strip('"') for name in header]


def _csv_batches(path: Path, symbols: Sequence[str]) -> Iterator[pa.RecordBatch]:
    columns = _columns(path, _column_names(path), symbols)
    types = {columns[0]: pa.string(), **dict.fromkeys(columns[1:], pa.float64())}
    reader = pa.csv.open_csv(
        path,
        read_options=pa.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=types, include_columns=columns, null_values=[""], strings_can_be_null=False
        ),
    )
    yield from reader


def _parquet_batches(path: Path, symbols: Sequence[str]) -> Iterator[pa.RecordBatch]:
    columns = _columns(path, _column_names(path), symbols)
    with pa.parquet.ParquetFile(path) as source:
        for batch in source.iter_batches(columns=columns):
            yield batch.select(columns)


def _columns(path: Path, names: list[str], symbols: Sequence[str]) -> list[str]:
    """The columns to read, the time's first."""
    if _SECOND in names:
        prices = list(symbols)
        time_column = _SECOND
    elif _BAR in names:
        prices = [f"{point}_{symbol}" for symbol in symbols for point in POINTS]
        time_column = _BAR
    else:
        raise ConfigError(f"--prices {path} has neither a column {_SECOND} nor a column {_BAR}.")
    twice = [name for name in (time_column, *prices) if names.count(name) > 1]
    if twice:
        raise ConfigError(f"--prices {path} has two columns {twice[0]}.")
    missing = [name for name in prices if name not in names]
    if missing:
        known = sorted({name.rpartition("_")[2] for name in names} - {"second", _BAR})
        raise ConfigError(
            f"--prices {path} has no column {missing[0]}; it has prices of {', '.join(known) or 'nothing'}."
        )
    return [time_column, *prices]


def _chunk_of(path: Path, batch: pa.RecordBatch, symbols: Sequence[str], line: int) -> Chunk:
    stamps = _stamps(path, batch.column(0), line)
    width = (batch.num_columns - 1) // len(symbols)
    prices = {}
    for number, symbol in enumerate(symbols):
        cells = [_floats(batch.column(1 + number * width + each)) for each in range(width)]
        table = np.stack(cells, axis=1)
        _check_prices(path, table, [batch.column(1 + number * width + each) for each in range(width)], symbol, line)
        prices[symbol] = table
    return Chunk(line=line, stamps=stamps, prices=prices)


def _floats(column: pa.Array) -> NDArray[np.float64]:
    cells: NDArray[np.float64] = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy(
        zero_copy_only=False
    )
    return cells


def _stamps(path: Path, column: pa.Array, line: int) -> NDArray[np.int64]:
    try:
        # Whoever writes more digits of a second means no more than milliseconds.
        parsed = pc.cast(pc.cast(column, pa.timestamp("us"), safe=False), pa.timestamp("ms"), safe=False)
    except pa.ArrowInvalid as exc:
        texts = column.to_pylist()
        at = next((row for row, text in enumerate(texts) if not _is_stamp(text)), 0)
        raise refused(path, line + at, f"{str(texts[at])[:30]!r} is no time such as 2026-11-25 09:15:00") from exc
    if parsed.null_count:
        raise refused(path, line + parsed.is_null().to_pylist().index(True), "the time is missing")
    stamps: NDArray[np.int64] = pc.cast(parsed, pa.int64()).to_numpy(zero_copy_only=False)
    # A column with a zone holds instants, counted in UTC whatever the zone's name.
    return stamps + _IST_MILLIS if getattr(column.type, "tz", None) else stamps


def _is_stamp(text: object) -> bool:
    try:
        pc.cast(pa.array([text], pa.string()), pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True


def _check_prices(path: Path, table: NDArray[np.float64], columns: list[pa.Array], symbol: str, line: int) -> None:
    blank = np.stack([column.is_null().to_numpy(zero_copy_only=False) for column in columns], axis=1)
    sane = blank | ((table > 0) & (table < _LARGEST))
    bad = np.flatnonzero(~sane.all(axis=1))
    if len(bad):
        at = int(bad[0])
        price = table[at][~sane[at]][0]
        raise refused(path, line + at, f"{price:g} is no price of {symbol}")
    if table.shape[1] == len(POINTS):
        _check_bars(path, table, blank, symbol, line)


def _check_bars(path: Path, table: NDArray[np.float64], blank: NDArray[np.bool_], symbol: str, line: int) -> None:
    torn = np.flatnonzero(blank.any(axis=1) & ~blank.all(axis=1))
    if len(torn):
        raise refused(path, line + int(torn[0]), f"the bar of {symbol} has only some of its four prices")
    opened, high, low, close = (table[:, each] for each in range(len(POINTS)))
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero((high < np.maximum(opened, close)) | (low > np.minimum(opened, close)) | (high < low))
    if len(wrong):
        raise refused(path, line + int(wrong[0]), f"the high or low of {symbol} does not span the bar")


def _arrow_words(text: str) -> str:
    """What the reader says of a torn or unreadable file, as an operator may read it."""
    if found := re.search(r"Row #(\d+)", text):
        value = re.search(r"invalid value '([^']*)'|got (\d+)", text)
        what = f"{value[1]!r} is no number" if value and value[1] is not None else "it has another number of columns"
        return f" line {found[1]}: {what}."
    return _unreadable(text)


def _unreadable(text: str) -> str:
    word = text.strip().partition("\n")[0].partition(". ")[0][:160].rstrip(".")
    reason = f" ({word})" if word and word.isprintable() else ""
    return f" can't be read: it is damaged, or no file of its kind{reason}."


class _Previous:
    """Sees to it that times rise over the whole file."""

    def __init__(self, path: Path, *, any_order: bool) -> None:
        self._path = path
        self._any_order = any_order
        self._last = -1

    def check(self, chunk: Chunk) -> None:
        """Raises `ConfigError` with the line that is out of order."""
        if self._any_order:
            return
        steps = np.diff(chunk.stamps, prepend=self._last)
        wrong = np.flatnonzero(steps <= 0)
        if len(wrong):
            at = int(wrong[0])
            what = "is doubled" if steps[at] == 0 else "is earlier than the one before"
            raise refused(self._path, chunk.line + at, f"the time {_told(int(chunk.stamps[at]))} {what}")
        self._last = int(chunk.stamps[-1])


def _told(stamp: int) -> str:
    return str(np.datetime64(stamp, "ms")).replace("T", " ").removesuffix(".000")


def refused(path: Path, line: int, what: str) -> ConfigError:
    """The refusal of one line; a Parquet file has rows instead."""
    where = f" line {line}" if path.suffix.lower() != ".parquet" else f" row {line - 1}"
    return ConfigError(f"--prices {path}{where}: {what}.")
