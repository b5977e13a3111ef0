"""What a CSV file of prices shows the market, read from its text with nothing of TG1."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Shown(NamedTuple):
    """One symbol's prices of a day, as the market shows them."""

    secs: list[float]
    prices: list[Decimal]

    def at(self, secs: float) -> Decimal:
        """The last price then."""
        return self.prices[bisect_right(self.secs, secs) - 1]

    def within(self, after: float, until: float, *, both: bool = False) -> list[tuple[float, Decimal]]:
        """Prices later than `after` and before `until`; with `both`, those at the ends, too."""
        first = bisect_left(self.secs, after) if both else bisect_right(self.secs, after)
        last = bisect_right(self.secs, until) if both else bisect_left(self.secs, until)
        return list(zip(self.secs[first:last], self.prices[first:last], strict=True))


Market = dict[str, dict[str, Shown]]
"""By day and symbol."""


def market_of(
    path: Path, symbols: tuple[str, str], first: str = "", until: str = "9999", *, high_first: bool = False
) -> Market:
    """The prices of two symbols of a CSV file: one a second, or four for each bar, spread over its length."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    columns = {name: at for at, name in enumerate(head.split(","))}
    has_bars = "ist" in columns
    rows: dict[str, list[tuple[float, list[str]]]] = defaultdict(list)
    for line in lines:
        if not first <= line[:10] <= until:
            continue
        cells = line.split(",")
        hour, minute, second = cells[0][11:].split(":")
        rows[cells[0][:10]].append((int(hour) * 3600 + int(minute) * 60 + float(second), cells))
    market: Market = {}
    for day, found in rows.items():
        length = min(after[0] - before[0] for before, after in pairwise(found))
        market[day] = {symbol: Shown([], []) for symbol in symbols}
        for symbol, tape in market[day].items():
            for secs, cells in found:
                for number, price in enumerate(_seen(cells, columns, symbol, has_bars=has_bars, high_first=high_first)):
                    tape.secs.append(secs + number * length / 4)
                    tape.prices.append(price)
    return market


def _seen(
    cells: list[str], columns: dict[str, int], symbol: str, *, has_bars: bool, high_first: bool
) -> tuple[Decimal, ...]:
    if not has_bars:
        cell = cells[columns[symbol]]
        return (Decimal(cell),) if cell else ()
    first, high, low, last = (Decimal(cells[columns[f"{one}_{symbol}"]]) for one in ("open", "high", "low", "close"))
    return (first, low, high, last) if (last >= first) != high_first else (first, high, low, last)
