"""The flags that name prices, the same for every command that reads some: files, days, and jumps found right."""

from __future__ import annotations

import argparse
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError

if TYPE_CHECKING:
    from tg1.replay.jumps import Confirmed

_SYMBOL = re.compile(r"[A-Z0-9&_-]+")


def add_price_flags(parser: argparse.ArgumentParser, *, needs_files: bool = True) -> None:
    """Add --prices, --from, --to and --confirm-jump to a command."""
    add = parser.add_argument
    add(
        "--prices",
        metavar="FILE|FOLDER",
        nargs="+",
        type=Path,
        required=needs_files,
        default=[],
        help="CSV or Parquet files, in order",
    )
    add("--from", dest="first_day", metavar="YYYY-MM-DD", type=to_day, help="first day")
    add("--to", dest="last_day", metavar="YYYY-MM-DD", type=to_day, help="last day")
    add_confirm_flag(parser)


def add_confirm_flag(parser: argparse.ArgumentParser) -> None:
    """Add --confirm-jump to a command."""
    parser.add_argument(
        "--confirm-jump",
        dest="confirmed",
        metavar="SYMBOL:YYYY-MM-DD",
        type=to_jump,
        action="append",
        default=[],
        help="the jump of more than 15 %% into that day is right, it is no split; may be given several times",
    )


def check_range(first_day: date | None, last_day: date | None) -> None:
    """Raise `ConfigError` for days that run backwards."""
    if first_day and last_day and first_day > last_day:
        raise ConfigError(f"--from {first_day} is later than --to {last_day}.")


def confirmed_of(given: argparse.Namespace) -> Confirmed:
    """The jumps that were confirmed."""
    return frozenset(given.confirmed)


def to_day(text: str) -> date:
    """A day in the form YYYY-MM-DD. Raises argparse's own error."""
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day in the form YYYY-MM-DD") from exc


def to_jump(text: str) -> tuple[str, date]:
    """Symbol and day of a jump. Raises argparse's own error."""
    symbol, _, day = text.partition(":")
    if not _SYMBOL.fullmatch(symbol):
        raise argparse.ArgumentTypeError(f"{text!r} is not in the form SYMBOL:YYYY-MM-DD")
    return symbol, to_day(day)
