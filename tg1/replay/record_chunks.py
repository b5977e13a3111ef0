"""Prices out of a bot's recorded day, in the form in which files of prices are read.

Every price that the bot heard is in it, at the instant at which it came; where none is told, what the cycles saw.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from tg1.errors import ConfigError
from tg1.record.reading import Entries
from tg1.record.values import Begun, Cycle
from tg1.replay.chunks import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

Price = tuple[datetime, str, "Decimal"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # stamps count on the wall clock of IST


def record_symbols(path: Path) -> list[str]:
    """The symbols that a record has prices of, TokenA's first. Raises `ConfigError`."""
    for entry in islice(Entries(path), 1):
        if isinstance(entry, Begun):
            return list(entry.tick_sizes)
    return []


def record_chunks(path: Path, symbols: Sequence[str]) -> Iterator[Chunk]:
    """A record's prices as one chunk. Raises `ConfigError` with file and line."""
    known = record_symbols(path)
    missing = [symbol for symbol in symbols if symbol not in known]
    if missing:
        raise ConfigError(f"--prices {path} has no prices of {missing[0]}; it has prices of {', '.join(known)}.")
    stamps: list[int] = []
    cells: list[dict[str, float]] = []
    for at, symbol, price in prices_of(path):
        stamp = (at.replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1)
        if not stamps or stamp > stamps[-1]:
            stamps.append(stamp)
            cells.append({})
        # Of several prices in a millisecond, and of what a clock that was put back tells twice, the last counts.
        cells[-1][symbol] = float(price)
    if stamps:
        yield Chunk(
            line=1,
            stamps=np.array(stamps, dtype=np.int64),
            prices={symbol: np.array([[row.get(symbol, np.nan)] for row in cells]) for symbol in symbols},
        )


def prices_of(path: Path) -> Iterator[Price]:
    """Every price of a record in the order in which it came. Raises `ConfigError` with file and line."""
    last: dict[str, Decimal] = {}
    symbols: list[str] = []
    for entry in Entries(path):
        if isinstance(entry, Begun):
            symbols = list(entry.tick_sizes)
        elif isinstance(entry, Cycle):
            for tick in entry.ticks:
                last[tick.symbol] = tick.price
                yield entry.at - timedelta(microseconds=tick.before_us), tick.symbol, tick.price
            for symbol, price in zip(symbols, (entry.price_a, entry.price_b), strict=False):
                if price is not None and last.get(symbol) != price:
                    last[symbol] = price
                    yield entry.at, symbol, price
