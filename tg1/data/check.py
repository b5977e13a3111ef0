"""Reads files of prices without believing them, and collects what is wrong."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tg1.data.findings import Day, Finding, Kind, between_days, missing_text, of_day
from tg1.errors import ConfigError
from tg1.replay.chunks import POINTS, SECS_PER_DAY
from tg1.replay.files import chunks, symbols_in
from tg1.replay.jumps import Nights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tg1.replay.jumps import Confirmed

_MILLIS_PER_DAY = SECS_PER_DAY * 1000


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the files have of one symbol."""

    days: int = 0
    prices: int = 0
    first: date = date.max
    last: date = date.min


@dataclass(slots=True, kw_only=True)
class Report:
    """What was read and what was found."""

    files: int
    symbols: dict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    findings: list[Finding] = field(default_factory=list)


def check(
    paths: Sequence[Path],
    symbols: Sequence[str],
    confirmed: Confirmed,
    is_closed: Callable[[date], bool],
    done: Callable[[str], None],
) -> Report:
    """Judge files. Raises `ConfigError` with file and line for what is no price file or no price."""
    report = Report(files=len(paths))
    nights = Nights()
    for path in paths:
        for day in _days_of(path, symbols, report):
            _count(day, report, is_closed)
            report.findings += of_day(day)
            report.findings += [
                day.found(Kind.JUMP, f"{jump.told}: a split? If not: {jump.flag}", jump.symbol)
                for jump in nights.see(day.day, day.prices)
                if (jump.symbol, jump.day) not in confirmed
            ]
        done(path.name)
    if not report.symbols:
        raise ConfigError(f"{', '.join(map(str, paths))}: there is not one price in it.")
    return report


def _count(day: Day, report: Report, is_closed: Callable[[date], bool]) -> None:
    for symbol, table in day.prices.items():
        prices = int((~np.isnan(table[:, 0])).sum())
        if not prices:
            continue
        seen = report.symbols[symbol]
        if day.day <= seen.last:
            text = "the day is there already; a replay reads the files in order, each day of a symbol once"
            report.findings.append(day.found(Kind.DOUBLED, text, symbol))
        missing = between_days(seen.last, day.day, is_closed) if seen.days else ()
        if missing:
            report.findings.append(day.found(Kind.MISSING, missing_text(missing), symbol))
        seen.days += 1
        seen.prices += prices
        seen.first, seen.last = min(seen.first, day.day), max(seen.last, day.day)


def _days_of(path: Path, symbols: Sequence[str], report: Report) -> Iterator[Day]:
    known = symbols_in(path)
    wanted = [symbol for symbol in known if not symbols or symbol in symbols]
    # A file that has none of them is read all the same: its refusal tells what it has.
    held = list(chunks(path, wanted or [*symbols, *known][:1] or ["prices"], any_order=True))
    if not held:
        return
    line, stamps = held[0].line, np.concatenate([chunk.stamps for chunk in held])
    prices = {symbol: np.concatenate([chunk.prices[symbol] for chunk in held]) for symbol in wanted}
    held.clear()  # a large file is held once, not twice
    report.findings += _order(path, line, stamps)
    if not (np.diff(stamps) > 0).all():
        stamps, first = np.unique(stamps, return_index=True)
        prices = {symbol: table[first] for symbol, table in prices.items()}
    bar_secs = _bar_secs(stamps, prices)
    cuts = np.flatnonzero(np.diff(stamps // _MILLIS_PER_DAY)) + 1
    for begin, end in pairwise([0, *cuts.tolist(), len(stamps)]):
        yield Day(
            file=path.name,
            day=_date(int(stamps[begin])),
            secs=(stamps[begin:end] % _MILLIS_PER_DAY) / 1000.0,
            bar_secs=bar_secs,
            prices={symbol: table[begin:end] for symbol, table in prices.items()},
        )


def _bar_secs(stamps: NDArray[np.int64], prices: dict[str, NDArray[np.float64]]) -> float:
    """The usual distance of two rows, for bars; 0 for last prices."""
    if not any(table.shape[1] == len(POINTS) for table in prices.values()):
        return 0.0
    return float(np.median(np.diff(stamps))) / 1000 if len(stamps) > 1 else 60.0


def _order(path: Path, line: int, stamps: NDArray[np.int64]) -> list[Finding]:
    """Stamps that are there twice or come too late."""
    found = []
    steps = np.diff(stamps)
    for kind, wrong, what in (
        (Kind.DOUBLED, np.flatnonzero(steps == 0), "is there twice"),
        (Kind.UNSORTED, np.flatnonzero(steps < 0), "is earlier than the one before"),
    ):
        if len(wrong):
            at = int(wrong[0]) + 1
            told = str(np.datetime64(int(stamps[at]), "ms")).replace("T", " ").removesuffix(".000")
            others = f", and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""
            found.append(
                Finding(
                    kind=kind,
                    day=_date(int(stamps[at])),
                    symbol="",
                    text=f"{told} {what}{others}",
                    file=path.name,
                    line=line + at,
                )
            )
    return found


def _date(millis: int) -> date:
    day: date = np.datetime64(millis, "ms").astype("datetime64[D]").item()
    return day
