"""The tape: what traded when, as the day's figures of each symbol and as minute candles (kite.md 1.6, 2.3).

The exchange needs the last price alone; quotes, ticker modes and the historical endpoint need what is here. Nobody
knows how many shares a last price stood for, so every one counts as `SHARES_PER_TRADE`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

SHARES_PER_TRADE = 100
_MOST_CANDLES = 60 * 375


@dataclass(slots=True, kw_only=True)
class DayFigures:
    """One symbol's day so far: rupees, and shares counted as `SHARES_PER_TRADE` a trade."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    """Yesterday's last price; the first one ever before there was a yesterday."""
    last: Decimal
    last_at: datetime
    trades: int = 1
    value: Decimal
    """Sum of the prices that traded."""

    @property
    def volume(self) -> int:
        """Shares traded today."""
        return self.trades * SHARES_PER_TRADE

    @property
    def average(self) -> Decimal:
        """Rupees per share traded today."""
        return self.value / self.trades


@dataclass(slots=True, kw_only=True)
class Candle:
    """One minute: rupees and shares; `at` is its beginning, aware IST."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int

    def take(self, high: Decimal, low: Decimal, close: Decimal, volume: int) -> None:
        """Let later trades count in this candle."""
        self.high, self.low = max(self.high, high), min(self.low, low)
        self.close = close
        self.volume += volume


class Tape:
    """Writes down every trade at its market time, which does not run back."""

    def __init__(self) -> None:
        self.days: dict[str, DayFigures] = {}
        self._candles: dict[str, deque[Candle]] = {}

    def record(self, symbol: str, price: Decimal, at: datetime) -> None:
        """Write down one trade."""
        day = self.days.get(symbol)
        if day is None or day.last_at.date() != at.date():
            close = price if day is None else day.last
            self.days[symbol] = DayFigures(
                open=price, high=price, low=price, close=close, last=price, last_at=at, value=price
            )
        else:
            day.high, day.low = max(day.high, price), min(day.low, price)
            day.last, day.last_at = price, at
            day.trades += 1
            day.value += price
        self._into_candles(symbol, price, at.replace(second=0, microsecond=0))

    def candles(self, symbol: str, since: datetime, until: datetime) -> Iterator[Candle]:
        """Yield the minute candles that began from `since` to `until`, both included."""
        return (candle for candle in self._candles.get(symbol, ()) if since <= candle.at <= until)

    def _into_candles(self, symbol: str, price: Decimal, minute: datetime) -> None:
        candles = self._candles.setdefault(symbol, deque(maxlen=_MOST_CANDLES))
        if candles and candles[-1].at == minute:
            candles[-1].take(price, price, price, SHARES_PER_TRADE)
        else:
            candles.append(Candle(at=minute, open=price, high=price, low=price, close=price, volume=SHARES_PER_TRADE))
