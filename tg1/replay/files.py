"""Files of prices, whatever they are: CSV, Parquet, or a bot's recorded day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.record.paths import is_record
from tg1.replay import chunks as tables
from tg1.replay.record_chunks import record_chunks, record_symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tg1.replay.chunks import Chunk

SUFFIXES = (".csv", ".parquet")


def is_price_file(path: Path) -> bool:
    """True for a file name that prices may have."""
    return path.suffix.lower() in SUFFIXES or is_record(path.name)


def symbols_in(path: Path) -> list[str]:
    """The symbols that a file has prices of. Raises `ConfigError`."""
    return record_symbols(path) if is_record(path.name) else tables.symbols_in(path)


def chunks(path: Path, symbols: Sequence[str], *, any_order: bool = False) -> Iterator[Chunk]:
    """Read a file piece by piece. Raises `ConfigError` with file and line.

    Times that don't rise are refused, too, unless `any_order`; a record's always rise.
    """
    if is_record(path.name):
        return record_chunks(path, symbols)
    return tables.chunks(path, symbols, any_order=any_order)
