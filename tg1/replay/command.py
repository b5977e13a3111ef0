"""What `tg1 replay` was asked for: the bot's own flags, and those of the replay.

Keys, roots and folders of the bot may stand in the line, so that it can be the one that starts the bot; nothing of them
is used.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tg1.cli import parse_command
from tg1.errors import ConfigError
from tg1.replay.days import Rig
from tg1.replay.price_flags import add_price_flags, check_range, confirmed_of
from tg1.replay.wanted import BarPath, Wanted
from tg1.settings.values import to_optional_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.config import GridOcoConfig

LONGEST_LATENCY_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCommand:
    """One replay."""

    config: GridOcoConfig
    wanted: Wanted
    prices: tuple[Path, ...]
    rig: Rig
    as_json: bool
    journal: Path | None


class ReplayParser(argparse.ArgumentParser):
    """An argparse whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Raise `ConfigError`, without the usage."""
        raise ConfigError(f"{message.removeprefix('argument ')}; see {self.prog} --help.")


def build_parser() -> argparse.ArgumentParser:
    """The flags of a replay; what it does not know goes to the bot's own parser."""
    parser = ReplayParser(
        prog="python -m tg1.replay",
        description="Replay real prices against the bot as it ships, in virtual time: what would this grid have done? "
        "All flags of the bot are understood, too (python -m tg1.run --help).",
        epilog="Example: python -m tg1.replay --prices prices/ --bot-name Try --token-a SBIN --token-b PNB "
        "--auto-entry --steps 5 --spread 2 --target-spread 2 --oco-spread 3 --qty-a 100 --qty-b 400",
        allow_abbrev=False,
    )
    add_market_flags(parser)
    add = parser.add_argument
    add("--json", dest="as_json", action="store_true", help="print one JSON object instead of the summary")
    add("--journal", metavar="FILE", type=Path, help="record of every order event, as the paper exchange writes it")
    add("--every-cycle", dest="fast_forward", action="store_false", help="skip nothing (slow; the result is the same)")
    return parser


def add_market_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that say which prices are lived, and how their market behaves."""
    add_price_flags(parser)
    add = parser.add_argument
    add("--path", choices=[*BarPath], type=BarPath, default=BarPath.LOW_FIRST, help="order of prices inside a bar")
    add("--latency-ms", metavar="N", type=_latency, default=0.0, help="one way to the broker (default: 0)")
    add(
        "--fill",
        choices=["touch", "through"],
        default="touch",
        help="when a resting limit order fills (default: touch)",
    )
    add("--square-off-at", metavar="HH:MM", help="IST, when the broker closes what is open (default: never)")


def parse(argv: Sequence[str]) -> ReplayCommand:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given, others = build_parser().parse_known_args(argv)
    config = parse_command([*others, "--dry-run"], {}).config
    if config.ignore_market_hours:
        raise ConfigError("--ignore-market-hours has no use in a replay: its days end when the session does.")
    _check_journal(given.journal)
    return ReplayCommand(
        # With --fresh, every morning begins as the line says: with a new grid.
        config=config,
        wanted=wanted_of(given, config.token_a_symbol, config.token_b_symbol if config.has_oco else ""),
        prices=tuple(given.prices),
        rig=replace(rig_of(given), fast_forward=given.fast_forward),
        as_json=given.as_json,
        journal=given.journal,
    )


def wanted_of(given: argparse.Namespace, symbol_a: str, symbol_b: str) -> Wanted:
    """Which prices the flags of `add_market_flags` ask for; `ConfigError` for days that lie the wrong way round."""
    check_range(given.first_day, given.last_day)
    return Wanted(
        symbol_a=symbol_a,
        symbol_b=symbol_b,
        first_day=given.first_day,
        last_day=given.last_day,
        path=given.path,
        confirmed=confirmed_of(given),
    )


def rig_of(given: argparse.Namespace) -> Rig:
    """The market that the flags of `add_market_flags` ask for."""
    return Rig(
        latency_secs=given.latency_ms,
        through=given.fill == "through",
        square_off_at=to_optional_time("--square-off-at", given.square_off_at),
    )


def _check_journal(path: Path | None) -> None:
    """Before an hour's work, not after it."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise ConfigError(f"--journal {path} is no place for a file: give a name in a folder that exists.")


def _latency(text: str) -> float:
    """Seconds from milliseconds."""
    try:
        millis = float(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds") from exc
    if not 0 <= millis <= LONGEST_LATENCY_MS:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {LONGEST_LATENCY_MS} milliseconds")
    return millis / 1000
