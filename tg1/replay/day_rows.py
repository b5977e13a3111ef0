"""The days of files of prices, one after another, as the files have them: nothing is filled where nothing traded.

A file may hold both symbols of a pair, or one: then its days are joined with those of the other's files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tg1.errors import ConfigError
from tg1.replay.chunks import POINTS, SECS_PER_DAY, refused
from tg1.replay.files import chunks, symbols_in
from tg1.replay.jumps import Nights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from tg1.replay.chunks import Chunk
    from tg1.replay.jumps import Jump
    from tg1.replay.wanted import Wanted

_USUAL_BAR_SECS = 60.0
_OPEN_SECS, _CLOSE_SECS = 9.25 * 3600, 15.5 * 3600
"""09:15 and 15:30 (xts.md 6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRows:
    """One day's rows of some symbols."""

    day: date
    stamps: NDArray[np.int64]
    """Milliseconds since 1970, IST wall clock; rising."""
    prices: Mapping[str, NDArray[np.float64]]
    """By symbol: one column, or open, high, low and close of a bar; NaN is no tick."""
    places: Mapping[str, tuple[Path, int]]
    """By symbol: the file, and the line of the day's first row."""

    @property
    def secs(self) -> NDArray[np.float64]:
        """Seconds after midnight IST."""
        return (self.stamps % (SECS_PER_DAY * 1000)) / 1000.0

    @property
    def has_bars(self) -> bool:
        """True when a row is a bar."""
        return any(table.shape[1] == len(POINTS) for table in self.prices.values())

    @property
    def bar_secs(self) -> float:
        """Length of a bar: the shortest distance of two rows; 0 for last prices."""
        if not self.has_bars:
            return 0.0
        return float(np.diff(self.secs).min()) if len(self.stamps) > 1 else _USUAL_BAR_SECS

    def refusal(self, symbol: str, what: str) -> ConfigError:
        """The refusal of this day for what it has of a symbol."""
        return refused(*self.places[symbol], f"{self.day} {what}")


def day_rows(files: Iterable[Path], wanted: Wanted) -> Iterator[DayRows]:
    """The wanted days in the order of the files, each once.

    Raises `ConfigError` with file and line for what can't be read or believed, for files that don't follow each other
    in time, for a day that only one of two symbols has, for a jump over a night that nobody has confirmed, and for days
    none of which has a price in the session.
    """
    nights = Nights()
    paths, count, is_in_session = list(files), 0, False
    for rows in _streamed(paths, wanted):
        count += 1
        is_in_session = is_in_session or bool(((rows.secs >= _OPEN_SECS) & (rows.secs < _CLOSE_SECS)).any())
        _refuse_unconfirmed(nights.see(rows.day, rows.prices), wanted)
        yield rows
    if not is_in_session:
        raise _nothing_in(paths, wanted, count)


def _nothing_in(paths: Sequence[Path], wanted: Wanted, days: int) -> ConfigError:
    where, symbols = f"--prices {', '.join(map(str, paths))}", " and ".join(wanted.symbols)
    if days:
        return ConfigError(
            f"{where}: no price of {symbols} lies between 09:15 and 15:30; times must be those of India."
        )
    if wanted.first_day is None and wanted.last_day is None:
        return ConfigError(f"{where}: there is no day of {symbols} in it.")
    asked = f"from {wanted.first_day or 'the beginning'} to {wanted.last_day or 'the end'}"
    return ConfigError(f"{where}: no day of {symbols} lies in the range that was asked for, {asked}.")


def _refuse_unconfirmed(jumps: Sequence[Jump], wanted: Wanted) -> None:
    for jump in jumps:
        if (jump.symbol, jump.day) not in wanted.confirmed:
            raise ConfigError(
                f"--prices: {jump.told}. A split or a bonus does that: fetch the days before it anew (tg1 data fetch "
                f"--again), which adjusts them. If the prices are right: {jump.flag}"
            )


def _streamed(files: list[Path], wanted: Wanted) -> Iterator[DayRows]:
    held = {path: [symbol for symbol in wanted.symbols if symbol in symbols_in(path)] for path in files}
    nowhere = [symbol for symbol in wanted.symbols if not any(symbol in found for found in held.values())]
    if nowhere or all(len(found) in (0, len(wanted.symbols)) for found in held.values()):
        # A file without a wanted symbol is refused where it is read, in words that tell what it has.
        yield from _one_stream(files, wanted)
        return
    first, second = (
        _one_stream([path for path in files if symbol in held[path]], replace(wanted, symbol_a=symbol, symbol_b=""))
        for symbol in wanted.symbols
    )
    yield from _joined(first, second)


def _one_stream(files: Iterable[Path], wanted: Wanted) -> Iterator[DayRows]:
    last: date | None = None
    for path in files:
        for rows in _days_of(path, wanted):
            if last is not None and rows.day <= last:
                raise ConfigError(
                    f"--prices {path}: {rows.day} comes after {last}; give the files in order, each day once."
                )
            last = rows.day
            if wanted.covers(rows.day):
                yield rows


def _days_of(path: Path, wanted: Wanted) -> Iterator[DayRows]:
    held: list[Chunk] = []
    for chunk in chunks(path, wanted.symbols):
        for one in chunk.by_day():
            if held and held[0].day != one.day:
                yield _day(path, held, wanted)
                held = []
            held.append(one)
    if held:
        yield _day(path, held, wanted)


def _day(path: Path, held: list[Chunk], wanted: Wanted) -> DayRows:
    return DayRows(
        day=held[0].day,
        stamps=np.concatenate([chunk.stamps for chunk in held]),
        prices={symbol: np.concatenate([chunk.prices[symbol] for chunk in held]) for symbol in wanted.symbols},
        places=dict.fromkeys(wanted.symbols, (path, held[0].line)),
    )


def _joined(first: Iterator[DayRows], second: Iterator[DayRows]) -> Iterator[DayRows]:
    one, other = next(first, None), next(second, None)
    while one is not None or other is not None:
        if one is None or other is None or one.day != other.day:
            raise _alone(one, other)
        yield _join(one, other)
        one, other = next(first, None), next(second, None)


def _alone(one: DayRows | None, other: DayRows | None) -> ConfigError:
    rows = min((each for each in (one, other) if each is not None), key=lambda each: each.day)
    (symbol, (path, _)), *_ = rows.places.items()
    return ConfigError(
        f"--prices {path} has prices of {symbol} on {rows.day}, but none of the files has the other symbol's: fetch "
        "them (tg1 data fetch), or choose days that both have with --from and --to."
    )


def _join(one: DayRows, other: DayRows) -> DayRows:
    if one.has_bars != other.has_bars:
        (path, _), *_ = other.places.values()
        raise ConfigError(f"--prices {path}: bars of one symbol and last prices of the other don't go together.")
    stamps = np.union1d(one.stamps, other.stamps)
    return DayRows(
        day=one.day,
        stamps=stamps,
        prices={
            symbol: _spread(stamps, rows.stamps, table)
            for rows in (one, other)
            for symbol, table in rows.prices.items()
        },
        places={**one.places, **other.places},
    )


def _spread(stamps: NDArray[np.int64], own: NDArray[np.int64], table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same rows at their places among more stamps, NaN elsewhere."""
    spread = np.full((len(stamps), table.shape[1]), np.nan)
    spread[np.searchsorted(stamps, own)] = table
    return spread
