"""Turns files of real prices into day tapes: one file or a folder, each day once and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tg1.errors import ConfigError
from tg1.replay.chunks import POINTS
from tg1.replay.day_rows import day_rows
from tg1.replay.files import is_price_file, symbols_in
from tg1.replay.tape import SCALE, DayTape
from tg1.replay.wanted import BarPath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tg1.replay.day_rows import DayRows
    from tg1.replay.wanted import Wanted

_MOST_BYTES = 2**31


def price_files(given: Sequence[Path], symbols: Collection[str] = ()) -> list[Path]:
    """The files of a list of files and folders, each folder's in the order of their names. Raises `ConfigError`.

    Of a folder's files, those that have none of `symbols` are left out; a file that was named is never.
    """
    found: list[Path] = []
    for path in given:
        found += _files_of(path, symbols) if path.is_dir() else [path]
    for path in found:
        _check_file(path)
    return found


def _files_of(folder: Path, symbols: Collection[str]) -> list[Path]:
    inside = sorted(each for each in folder.iterdir() if is_price_file(each))
    if not inside:
        raise ConfigError(f"--prices {folder}: there is no .csv or .parquet file and no record in that folder.")
    for path in inside:
        _check_file(path)
    of_use = [path for path in inside if not symbols or set(symbols) & set(symbols_in(path))]
    if not of_use:
        known = sorted({symbol for path in inside for symbol in symbols_in(path)})
        raise ConfigError(
            f"--prices {folder} has no prices of {' or '.join(symbols)}; it has prices of {', '.join(known)}."
        )
    return of_use


def _check_file(path: Path) -> None:
    if not path.exists():
        raise ConfigError(f"--prices {path}: there is no such file.")
    if not path.is_file():
        raise ConfigError(f"--prices {path} is not a regular file.")
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"--prices {path} is larger than 2 GB: cut it into days or months.")


def day_tapes(files: Iterable[Path], wanted: Wanted) -> Iterator[DayTape]:
    """One tape per trading day, in the order of the files.

    Raises `ConfigError` as `day_rows` does, and for a day with less than two prices of a symbol. Files must follow each
    other in time: a day of a symbol belongs to one file.
    """
    return (tape_of(rows, wanted) for rows in day_rows(files, wanted))


def tape_of(rows: DayRows, wanted: Wanted) -> DayTape:
    """One day's tape. Raises `ConfigError` with file and line for a symbol with less than two prices."""
    secs, columns = rows.secs, dict(rows.prices)
    if rows.has_bars:
        secs, columns = _spread_bars(secs, columns, wanted.path)
    else:
        columns = {symbol: cells[:, 0] for symbol, cells in columns.items()}
    events = 0
    filled = {}
    for symbol, cells in columns.items():
        ticks = int(np.count_nonzero(~np.isnan(cells)))
        if ticks < 2:  # noqa: PLR2004  # one price is no day
            raise rows.refusal(symbol, f"has {ticks} price{'' if ticks == 1 else 's'} of {symbol}; a day needs two")
        events += ticks
        filled[symbol] = _forward(np.round(cells * SCALE))
    none = np.zeros(len(secs), dtype=np.int64)
    return DayTape(
        day=rows.day, secs=secs, a=filled[wanted.symbol_a], b=filled.get(wanted.symbol_b, none), price_events=events
    )


def _spread_bars(
    secs: NDArray[np.float64], columns: dict[str, NDArray[np.float64]], path: BarPath
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Four instants a bar, spread over its length."""
    gaps = np.diff(secs)
    length = float(gaps[gaps > 0].min()) if (gaps > 0).any() else 60.0
    steps = np.arange(len(POINTS)) * (length / len(POINTS))
    return (secs[:, None] + steps).ravel(), {symbol: _path(bars, path).ravel() for symbol, bars in columns.items()}


def _path(bars: NDArray[np.float64], path: BarPath) -> NDArray[np.float64]:
    opened, high, low, close = (bars[:, each] for each in range(len(POINTS)))
    low_first = (close >= opened) if path is BarPath.LOW_FIRST else (close < opened)
    return np.stack([opened, np.where(low_first, low, high), np.where(low_first, high, low), close], axis=1)


def _forward(cells: NDArray[np.float64]) -> NDArray[np.int64]:
    """Each row's last price, 0 before the first: an outage is silence, and silence has a last price."""
    known = ~np.isnan(cells)
    last = np.maximum.accumulate(np.where(known, np.arange(len(cells)), -1))
    return np.where(last >= 0, np.nan_to_num(cells)[np.maximum(last, 0)], 0).astype(np.int64)
