"""Turns files of real prices into day tapes: one file or a folder, each day once and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tg1.errors import ConfigError
from tg1.replay.chunks import POINTS, SECS_PER_DAY, chunks, refused
from tg1.replay.tape import SCALE, DayTape
from tg1.replay.wanted import BarPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tg1.replay.chunks import Chunk
    from tg1.replay.wanted import Wanted

SUFFIXES = (".csv", ".parquet")
_MOST_BYTES = 2**31


def price_files(given: Sequence[Path]) -> list[Path]:
    """The files of a list of files and folders, each folder's in the order of their names. Raises `ConfigError`."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
            if not inside:
                raise ConfigError(f"--prices {path}: there is no .csv or .parquet file in that folder.")
            found += inside
        else:
            found.append(path)
    for path in found:
        _check_file(path)
    return found


def _check_file(path: Path) -> None:
    if not path.exists():
        raise ConfigError(f"--prices {path}: there is no such file.")
    if not path.is_file():
        raise ConfigError(f"--prices {path} is not a regular file.")
    if path.stat().st_size > _MOST_BYTES:
        raise ConfigError(f"--prices {path} is larger than 2 GB: cut it into days or months.")


def day_tapes(files: Iterable[Path], wanted: Wanted) -> Iterator[DayTape]:
    """One tape per trading day, in the order of the files. Raises `ConfigError` with file and line.

    Files must follow each other in time: a day belongs to one file.
    """
    last: DayTape | None = None
    for path in files:
        for tape in _tapes_of(path, wanted):
            if last is not None and tape.day <= last.day:
                raise ConfigError(
                    f"--prices {path}: {tape.day} comes after {last.day}; give the files in order, each day once."
                )
            last = tape
            yield tape
    if last is None:
        raise ConfigError(f"--prices: no day of {' and '.join(wanted.symbols)} lies in the range that was asked for.")


def _tapes_of(path: Path, wanted: Wanted) -> Iterator[DayTape]:
    held: list[Chunk] = []
    for chunk in chunks(path, wanted):
        for one in chunk.by_day():
            if held and held[0].day != one.day:
                yield from _finish(path, held, wanted)
                held = []
            held.append(one)
    if held:
        yield from _finish(path, held, wanted)


def _finish(path: Path, chunks: list[Chunk], wanted: Wanted) -> Iterator[DayTape]:
    if wanted.covers(chunks[0].day):
        yield _tape_of(path, chunks, wanted)


def _tape_of(path: Path, chunks: list[Chunk], wanted: Wanted) -> DayTape:
    day = chunks[0].day
    stamps = np.concatenate([chunk.stamps for chunk in chunks])
    secs = (stamps % (SECS_PER_DAY * 1000)) / 1000.0
    columns = {symbol: np.concatenate([chunk.prices[symbol] for chunk in chunks]) for symbol in wanted.symbols}
    if columns[wanted.symbol_a].shape[1] == len(POINTS):
        secs, columns = _spread_bars(secs, columns, wanted.path)
    else:
        columns = {symbol: cells[:, 0] for symbol, cells in columns.items()}
    events = 0
    filled = {}
    for symbol, cells in columns.items():
        ticks = int(np.count_nonzero(~np.isnan(cells)))
        if ticks < 2:  # noqa: PLR2004  # one price is no day
            raise refused(
                path, chunks[0].line, f"{day} has {ticks} price{'' if ticks == 1 else 's'} of {symbol}; a day needs two"
            )
        events += ticks
        filled[symbol] = _forward(np.round(cells * SCALE))
    none = np.zeros(len(secs), dtype=np.int64)
    return DayTape(
        day=day, secs=secs, a=filled[wanted.symbol_a], b=filled.get(wanted.symbol_b, none), price_events=events
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
