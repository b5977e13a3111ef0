"""Replays CSV files of real prices: one last price a second, or pair bars (the formats that TG1's data has)."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST
from tg1.paper.prices import PriceEvent

_BAR_TIME, _SECOND_TIME = "ist", "ist_second"
_POINTS = 4
_FIELDS = ("open", "high", "low", "close")


class CsvReplay:
    """The prices of two symbols from one CSV; `at_secs` follows the file's clock, nights left out.

    A blank cell is no tick, and a stretch without rows stays silent: nothing is forward-filled. Within a bar the
    path is not known: it runs open, low, high, close when the bar closed no lower than it opened, else open, high,
    low, close, spread over the bar's length.
    """

    def __init__(self, path: Path, symbols: Sequence[str]) -> None:
        self._symbols = tuple(symbols)
        name = f"--paper-prices {path}"
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                self._events = self._read(name, csv.DictReader(stream, restval=""))
        except OSError as exc:
            raise PaperUsageError(f"{name} can't be read: {exc.strerror or exc}") from exc
        except (UnicodeDecodeError, csv.Error) as exc:
            raise PaperUsageError(f"{name} is no CSV text") from exc
        self._first: dict[str, Decimal] = {}
        for event in self._events:
            self._first.setdefault(event.symbol, event.price)
        for symbol in self._symbols:
            if symbol not in self._first:
                raise PaperUsageError(f"{name} has no price of {symbol}")

    @property
    def first(self) -> Mapping[str, Decimal]:
        """The first price that the file has of each symbol, in rupees."""
        return self._first

    def events(self) -> Iterator[PriceEvent]:
        """Yield the file's prices once."""
        return iter(self._events)

    def _read(self, name: str, reader: "csv.DictReader[str]") -> list[PriceEvent]:
        columns = reader.fieldnames or ()
        bars = _BAR_TIME in columns
        if not bars and _SECOND_TIME not in columns:
            raise PaperUsageError(f"{name} has neither an ist_second column nor an ist column")
        for symbol in self._symbols:
            wanted = [f"{field}_{symbol}" for field in _FIELDS] if bars else [symbol]
            if not set(wanted) <= set(columns):
                raise PaperUsageError(f"{name} has no prices of {symbol}")
        rows = list(reader)
        times = _times(name, [row[_BAR_TIME if bars else _SECOND_TIME] for row in rows])
        elapsed = _elapsed_secs(times)
        bar_secs = _bar_secs(times) if bars else 0.0
        events = []
        for row, moment, start in zip(rows, times, elapsed, strict=True):
            for step, symbol, text in self._ticks(row, bars=bars):
                at_secs = start + step * bar_secs / _POINTS
                price = _price(name, text)
                events.append(PriceEvent(at_secs=at_secs, market_time=moment, symbol=symbol, price=price))
        return events

    def _ticks(self, row: Mapping[str, str], *, bars: bool) -> Iterator[tuple[int, str, str]]:
        if not bars:
            yield from ((0, symbol, row[symbol]) for symbol in self._symbols if row[symbol])
            return
        paths = {symbol: _path(row, symbol) for symbol in self._symbols}
        for step in range(_POINTS):
            yield from ((step, symbol, path[step]) for symbol, path in paths.items() if path[step])


def _path(row: Mapping[str, str], symbol: str) -> tuple[str, str, str, str]:
    opened, high, low, close = (row[f"{field}_{symbol}"] for field in _FIELDS)
    try:
        rising = float(close) >= float(opened)
    except ValueError:
        rising = True  # a blank or unreadable cell is dealt with where it is used
    return (opened, low, high, close) if rising else (opened, high, low, close)


def _price(name: str, text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation as exc:
        raise PaperUsageError(f"{name} holds a price that is no number: {text[:20]!r}") from exc
    if not price.is_finite() or price <= 0:
        raise PaperUsageError(f"{name} holds a price that is not above zero: {text[:20]!r}")
    return price


def _times(name: str, texts: Sequence[str]) -> list[datetime]:
    return [_time(name, text) for text in texts]


def _time(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=IST)
    except ValueError as exc:
        raise PaperUsageError(f"{name} holds a time that is none: {text[:20]!r}") from exc


def _bar_secs(times: Sequence[datetime]) -> float:
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return min((gap for gap in gaps if gap > 0), default=60.0)


def _elapsed_secs(times: Sequence[datetime]) -> list[float]:
    # a night is replaced by the usual distance of two rows
    elapsed = [0.0] if times else []
    usual = _bar_secs(times)
    for earlier, later in pairwise(times):
        gap = (later - earlier).total_seconds() if earlier.date() == later.date() else usual
        elapsed.append(elapsed[-1] + max(gap, 0.0))
    return elapsed
