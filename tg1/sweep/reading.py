"""The prices of all pairs of a sweep: each pair's files read once, and the days that all pairs have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.replay.files import symbols_in
from tg1.replay.prices import day_tapes, price_files
from tg1.sweep.packed import packed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from tg1.sweep.command import SweepCommand
    from tg1.sweep.packed import PackedDays

Symbols = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The same days of every pair."""

    days: tuple[date, ...]
    by_symbols: dict[Symbols, PackedDays]
    left_out: int
    """Days that not every pair has."""


def read(command: SweepCommand) -> Prices:
    """Read everything that the combinations need. Raises `ConfigError` with file and line."""
    wanted = dict.fromkeys(one.config.symbols for one in command.asked.accepted)
    found = {symbols: _packed(symbols, command) for symbols in wanted}
    all_days = {day for each in found.values() for day in each.days}
    days = tuple(sorted(all_days.intersection(*(each.days for each in found.values()))))
    if not days:
        raise ConfigError("--pairs: there is no day that all of them have prices of: sweep them apart.")
    return Prices(
        days=days,
        by_symbols={symbols: each.only(days) for symbols, each in found.items()},
        left_out=len(all_days) - len(days),
    )


def _packed(symbols: Symbols, command: SweepCommand) -> PackedDays:
    files = price_files(command.prices, symbols)
    some = _with_prices_of(files, symbols) if command.several_pairs else files
    wanted = replace(command.wanted, symbol_a=symbols[0], symbol_b=symbols[1] if len(symbols) > 1 else "")
    return packed(symbols, day_tapes(some, wanted))


def _with_prices_of(files: Sequence[Path], symbols: Symbols) -> list[Path]:
    """Those that have the whole pair; where none has, those that have a part of it. Raises `ConfigError`."""
    known = {path: frozenset(symbols_in(path)) for path in files}
    for symbol in symbols:
        if not any(symbol in inside for inside in known.values()):
            there = ", ".join(sorted(frozenset[str]().union(*known.values())))
            raise ConfigError(
                f"--pairs {'/'.join(symbols)}: no file of --prices has prices of {symbol}; they have those of "
                f"{there or 'nothing'}."
            )
    whole = [path for path, inside in known.items() if inside.issuperset(symbols)]
    return whole or [path for path, inside in known.items() if inside.intersection(symbols)]
