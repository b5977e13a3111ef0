"""Replays CSV files of real prices: one last price a second, or pair bars (docs/data.md)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tg1.paper.price_file import PriceFile, Row
from tg1.paper.prices import PriceEvent

_POINTS = 4
_USUAL_BAR_SECS = 60.0


class CsvReplay:
    """The prices of one or two symbols from one CSV; `at_secs` follows the file's clock, nights left out.

    The whole file is judged before its first price is played, in a stream; playing it is a second one. A blank cell is
    no tick, and a stretch without rows stays silent: nothing is forward-filled. Within a bar the path is not known: it
    runs open, low, high, close when the bar closed no lower than it opened, else open, high, low, close, spread over
    the bar's length.
    """

    def __init__(self, path: Path, symbols: Sequence[str]) -> None:
        self._file = PriceFile(path, symbols)
        self._first: dict[str, Decimal] = {}
        self._shortest_gap_secs = 0.0
        self._traded_secs = 0.0
        self._nights = 0
        self.begins_at: datetime | None = self._survey()
        """Market time of the first row, IST."""
        for symbol in symbols:
            if symbol not in self._first:
                raise self._file.refusal(f"has no price of {symbol}")

    @property
    def first(self) -> Mapping[str, Decimal]:
        """The first price that the file has of each symbol, in rupees."""
        return self._first

    @property
    def length_secs(self) -> float:
        """Market seconds from the first row to the last price; a night counts as the usual distance of two rows."""
        tail_secs = self._bar_secs * (_POINTS - 1) / _POINTS if self._file.has_bars else 0.0
        return self._traded_secs + self._nights * self._bar_secs + tail_secs

    def events(self) -> Iterator[PriceEvent]:
        """Yield the file's prices once. Raises PaperUsageError when the file is no longer what it was."""
        step_secs = self._bar_secs / _POINTS
        for row, elapsed_secs in self._timed():
            if not self._file.has_bars:
                for symbol, (price,) in row.prices.items():
                    yield PriceEvent(at_secs=elapsed_secs, symbol=symbol, price=price, market_time=row.at)
                continue
            paths = {symbol: _path(prices) for symbol, prices in row.prices.items()}
            for step in range(_POINTS):
                at_secs, at = elapsed_secs + step * step_secs, row.at + timedelta(seconds=step * step_secs)
                for symbol, path in paths.items():
                    yield PriceEvent(at_secs=at_secs, symbol=symbol, price=path[step], market_time=at)

    @property
    def _bar_secs(self) -> float:
        return self._shortest_gap_secs or _USUAL_BAR_SECS

    def _survey(self) -> datetime:
        """Read the whole file once; returns the time of its first row."""
        first: Row | None = None
        previous: Row | None = None
        for row in self._file.rows():
            first = first or row
            for symbol, prices in row.prices.items():
                self._first.setdefault(symbol, prices[0])
            if previous is not None:
                gap_secs = (row.at - previous.at).total_seconds()
                self._shortest_gap_secs = min(self._shortest_gap_secs or gap_secs, gap_secs)
                is_night = row.at.date() != previous.at.date()
                self._nights += is_night
                self._traded_secs += 0.0 if is_night else gap_secs
            previous = row
        if first is None:
            raise self._file.refusal("has no row of prices")
        return first.at

    def _timed(self) -> Iterator[tuple[Row, float]]:
        elapsed_secs, previous = 0.0, None
        for row in self._file.rows():
            if previous is not None:
                same_day = previous.date() == row.at.date()
                elapsed_secs += (row.at - previous).total_seconds() if same_day else self._bar_secs
            previous = row.at
            yield row, elapsed_secs


def _path(prices: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    opened, high, low, close = prices
    return (opened, low, high, close) if close >= opened else (opened, high, low, close)
