"""What can be wrong with days of prices, found from their rows. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from tg1.data.silences import longest_of, silences
from tg1.report.words import clock
from tg1.rules.hours import SATURDAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from tg1.data.silences import Silence

OPEN_SECS = 9 * 3600 + 15 * 60
CLOSE_SECS = 15 * 3600 + 30 * 60
AUCTION_FROM = date(2026, 8, 3)
"""Since then stocks with F&O trade continuously to 15:15 (xts.md 6.1)."""
AUCTION_CLOSE_SECS = CLOSE_SECS - 15 * 60
EARLIEST_SECS, LATEST_SECS = 9 * 3600, 15 * 3600 + 36 * 60
"""Pre-open from 09:00, the auction's matching to 15:35 (xts.md 6.1)."""
LATE_SECS = 120.0
"""A day that begins or ends by so much inside its session is short."""
ENOUGH = 0.9
"""Part of a session's bars that a share which trades has at least."""
_FEW_DAYS = 3


class Kind(StrEnum):
    """What was found."""

    DOUBLED = "doubled"
    UNSORTED = "unsorted"
    OUTAGE = "outage"
    GAP = "gap"
    SHORT = "short day"
    LONG = "long day"
    THIN = "thin day"
    MISSING = "missing days"
    JUMP = "jump"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a replay would stumble over, or be wrong by."""

    kind: Kind
    day: date
    symbol: str
    """Empty: all of the file."""
    text: str
    file: str
    line: int | None = None

    @property
    def place(self) -> str:
        """The file, and the line where there is one; a Parquet file has rows instead."""
        if self.line is None:
            return self.file
        return f"{self.file} row {self.line - 1}" if self.file.endswith(".parquet") else f"{self.file} line {self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of one file, sorted and each stamp once."""

    file: str
    day: date
    secs: NDArray[np.float64]
    """After midnight IST."""
    bar_secs: float
    """0 for last prices."""
    prices: Mapping[str, NDArray[np.float64]]
    """By symbol: a last price, or open, high, low and close; NaN is none."""

    def found(self, kind: Kind, text: str, symbol: str = "") -> Finding:
        """A finding of this day."""
        return Finding(kind=kind, day=self.day, symbol=symbol, text=text, file=self.file)


def of_day(day: Day) -> Iterator[Finding]:
    """What is wrong within a day."""
    yield from _edges(day)
    outages = silences(day.secs[_any_price(day)], day.bar_secs, longest_of(day.bar_secs, whole_file=True))
    for silence in outages:
        yield day.found(Kind.OUTAGE, f"no price at all from {silence} ({_minutes(silence.secs)})")
    if len(day.prices) > 1:
        yield from _gaps(day, outages)
    for symbol, table in day.prices.items():
        yield from _thin(day, symbol, int((~np.isnan(table[:, 0])).sum()))


def _any_price(day: Day) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.asarray(
        (~np.isnan(np.stack([table[:, 0] for table in day.prices.values()]))).any(axis=0), dtype=np.bool_
    )
    return known


def _gaps(day: Day, everybody: list[Silence]) -> Iterator[Finding]:
    """Silences of one symbol that are not the whole file's."""
    for symbol, table in day.prices.items():
        own = silences(day.secs[~np.isnan(table[:, 0])], day.bar_secs, longest_of(day.bar_secs, whole_file=False))
        alone = [each for each in own if not any(each.begin <= one.end and one.begin <= each.end for one in everybody)]
        if alone:
            worst = max(alone, key=lambda each: each.secs)
            others = f", and {len(alone) - 1} more" if len(alone) > 1 else ""
            yield day.found(
                Kind.GAP, f"no price from {worst} ({_minutes(worst.secs)}) while others had some{others}", symbol
            )


def _edges(day: Day) -> Iterator[Finding]:
    begins, ends = float(day.secs[0]), float(day.secs[-1]) + day.bar_secs
    close = _close_of(day)
    if begins > OPEN_SECS + LATE_SECS:
        yield day.found(Kind.SHORT, f"begins at {clock(begins)}, the session at {clock(OPEN_SECS)}")
    if ends < close - LATE_SECS:
        yield day.found(Kind.SHORT, f"ends at {clock(ends)}, the session at {clock(close)}")
    if begins < EARLIEST_SECS:
        yield day.found(Kind.LONG, f"begins at {clock(begins)}, when the exchange is closed")
    if ends > LATEST_SECS:
        yield day.found(Kind.LONG, f"ends at {clock(ends)}, when the exchange is closed")


def _close_of(day: Day) -> float:
    """When its session ended, in seconds after midnight."""
    return AUCTION_CLOSE_SECS if day.day >= AUCTION_FROM else CLOSE_SECS


def _thin(day: Day, symbol: str, bars: int) -> Iterator[Finding]:
    if not day.bar_secs:
        if bars < 2:  # noqa: PLR2004  # one price is no day
            yield day.found(Kind.THIN, f"has {bars} price{'' if bars == 1 else 's'}; a replay needs two", symbol)
        return
    close = _close_of(day)
    expected = (close - OPEN_SECS) / day.bar_secs
    if bars < ENOUGH * expected:
        yield day.found(Kind.THIN, f"has {bars} of {expected:.0f} bars", symbol)


def between_days(before: date, day: date, is_closed: Callable[[date], bool]) -> tuple[date, ...]:
    """The trading days that are missing between two that are there; `is_closed` knows the holidays."""
    span = (before + timedelta(days=number) for number in range(1, (day - before).days))
    return tuple(each for each in span if each.weekday() < SATURDAY and not is_closed(each))


def missing_text(missing: tuple[date, ...]) -> str:
    """Which days are missing, in words."""
    if len(missing) <= _FEW_DAYS:
        return f"no prices on {', '.join(map(str, missing))}"
    return f"no prices from {missing[0]} to {missing[-1]} ({len(missing)} trading days)"


def _minutes(secs: float) -> str:
    return f"{secs / 60:.1f} minutes"
