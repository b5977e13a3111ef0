"""CSV files of real prices, read row by row: what is no file of prices is refused with its line (behaviour 17).

Two shapes are known: `ist_second` with one column of last prices per symbol, or `ist` with open, high, low and close
per symbol. Times are IST. A file is never held in memory, however large it is.
"""

import csv
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple, Protocol, TextIO

from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import IST

MOST_BYTES = 2**30
MOST_RUPEES = 1_000_000
"""No share in India has cost so much."""
MOST_JUMP = 2
"""From one price to the next of the same day; no band lets a share double or halve (xts.md 6.4)."""
_BAR_TIME, _SECOND_TIME = "ist", "ist_second"
_FIELDS = ("open", "high", "low", "close")
_LONGEST_LINE = 100_000
_SHOWN = 20


class Row(NamedTuple):
    """One row: its line in the file, its time, and the prices of each symbol that it has any of, in rupees.

    Bars have four prices, open, high, low and close; seconds have one.
    """

    line: int
    at: datetime
    prices: dict[str, tuple[Decimal, ...]]


class _Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


class PriceFile:
    """The rows of some symbols of one CSV."""

    def __init__(self, path: Path, symbols: Sequence[str]) -> None:
        self._path = path
        self._symbols = tuple(symbols)
        self._name = f"--paper-prices {path}"
        self.has_bars = False
        """Known once the first row was read."""

    def rows(self) -> Iterator[Row]:
        """Yield every row in its order, judged. Raises PaperUsageError, with the line where there is one."""
        try:
            with self._open() as stream:
                yield from self._judged(stream)
        except OSError as exc:
            raise PaperUsageError(f"{self._name} can't be read: {exc.strerror or exc}") from exc
        except UnicodeDecodeError as exc:
            raise PaperUsageError(f"{self._name} is no CSV text") from exc

    def refusal(self, text: str, line: int = 0) -> PaperUsageError:
        """Return the complaint about this file, or about one line of it."""
        return PaperUsageError(f"{self._name}, line {line}, {text}" if line else f"{self._name} {text}")

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        # without O_NONBLOCK, opening a FIFO would wait for somebody who writes into it
        descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with ExitStack() as stack:
            stack.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise self.refusal("is no regular file")
            if status.st_size > MOST_BYTES:
                raise self.refusal(f"has more than {MOST_BYTES >> 20} MiB")
            yield stack.enter_context(open(descriptor, newline="", encoding="utf-8-sig", closefd=False))

    def _judged(self, stream: TextIO) -> Iterator[Row]:
        reader = csv.reader(self._lines(stream), strict=True)
        try:
            yield from self._rows_of(next(reader, []), reader)
        except csv.Error as exc:
            raise self.refusal(f"is no CSV: {exc}", reader.line_num) from exc

    def _lines(self, stream: TextIO) -> Iterator[str]:
        while line := stream.readline(_LONGEST_LINE):
            if len(line) == _LONGEST_LINE:
                raise self.refusal(f"has a line of more than {_LONGEST_LINE} characters")
            yield line

    def _rows_of(self, columns: list[str], reader: _Reader) -> Iterator[Row]:
        time_at, places = self._layout(columns)
        before: datetime | None = None
        last: dict[str, Decimal] = {}
        for cells in reader:
            if not cells:
                continue  # an empty line says nothing
            line = reader.line_num
            if len(cells) != len(columns):
                raise self.refusal(f"has {len(cells)} fields where the first line has {len(columns)}", line)
            at = self._time(cells[time_at], before, line)
            if before is not None and before.date() != at.date():
                last = {}
            before = at
            prices = {symbol: found for symbol, place in places.items() if (found := self._prices(cells, place, line))}
            for symbol, found in prices.items():
                self._judge(symbol, found, last.get(symbol), line)
                last[symbol] = found[-1]
            yield Row(line, at, prices)

    def _layout(self, columns: list[str]) -> tuple[int, dict[str, list[int]]]:
        """Return where the time and each symbol's prices stand."""
        doubled = next((column for column in columns if columns.count(column) > 1), "")
        if doubled:
            raise self.refusal(f"has two columns {doubled}")
        self.has_bars = _BAR_TIME in columns
        if not self.has_bars and _SECOND_TIME not in columns:
            raise self.refusal("has neither an ist_second column nor an ist column")
        places = {}
        for symbol in self._symbols:
            wanted = [f"{field}_{symbol}" for field in _FIELDS] if self.has_bars else [symbol]
            if not set(wanted) <= set(columns):
                raise self.refusal(f"has no prices of {symbol}")
            places[symbol] = [columns.index(each) for each in wanted]
        return columns.index(_BAR_TIME if self.has_bars else _SECOND_TIME), places

    def _time(self, text: str, before: datetime | None, line: int) -> datetime:
        try:
            at = datetime.fromisoformat(text)
        except ValueError as exc:
            raise self.refusal(f"holds a time that is none: {text[:_SHOWN]!r}", line) from exc
        at = at.replace(tzinfo=IST) if at.tzinfo is None else at.astimezone(IST)
        if before is not None and at <= before:
            how = "is there twice" if at == before else f"comes after {before:%Y-%m-%d %H:%M:%S}"
            raise self.refusal(f"{at:%Y-%m-%d %H:%M:%S} {how}", line)
        return at

    def _prices(self, cells: list[str], places: list[int], line: int) -> tuple[Decimal, ...]:
        texts = [cells[place] for place in places]
        if not any(texts):
            return ()  # no tick, or a bar in which nothing traded
        return tuple(self._price(text, line) for text in texts)

    def _price(self, text: str, line: int) -> Decimal:
        try:
            price = Decimal(text)
        except InvalidOperation as exc:
            raise self.refusal(f"holds a price that is no number: {text[:_SHOWN]!r}", line) from exc
        if not price.is_finite() or not 0 < price <= MOST_RUPEES or "_" in text:
            raise self.refusal(f"holds a price that no share has: {text[:_SHOWN]!r}", line)
        return price

    def _judge(self, symbol: str, found: tuple[Decimal, ...], last: Decimal | None, line: int) -> None:
        first = found[0]
        if last is not None and not last <= first * MOST_JUMP <= last * MOST_JUMP * MOST_JUMP:
            raise self.refusal(f"lets {symbol} jump from {last} to {first} within a day", line)
        if len(found) == len(_FIELDS):
            opened, high, low, close = found
            if high < low:
                raise self.refusal(f"has a high of {symbol} below its low: {high} and {low}", line)
            if not (low <= opened <= high and low <= close <= high):
                raise self.refusal(f"has an open or close of {symbol} outside its high and low", line)
