"""What `tg1 replay` was asked for: the bot's own flags, and those of the replay.

Keys, roots and folders of the bot may stand in the line, so that it can be the one that starts the bot; nothing of them
is used.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.cli import parse_command
from tg1.errors import ConfigError
from tg1.replay.against import Against
from tg1.replay.days import Rig
from tg1.replay.made import FIRST_DAY, Made
from tg1.replay.output_files import check_place
from tg1.replay.price_flags import add_price_flags, check_range, confirmed_of, to_day
from tg1.replay.wanted import BarPath, Wanted
from tg1.screen.command import CommandParser
from tg1.settings.fields import GridOcoFields
from tg1.settings.values import to_optional_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.config import GridOcoConfig

LONGEST_LATENCY_MS = 60_000
MOST_MADE_DAYS = 250
_STATE_DIR = next(one.default for one in fields(GridOcoFields) if one.name == "state_dir")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCommand:
    """One replay."""

    config: GridOcoConfig
    wanted: Wanted
    prices: tuple[Path, ...]
    made: Made | None
    """Made days instead of files."""
    rig: Rig
    as_json: bool
    journal: Path | None
    report: Path | None
    """Where the page goes; None: to its usual place."""
    png: Path | None
    """Where the picture goes; None: beside the page."""
    no_report: bool


def build_parser() -> argparse.ArgumentParser:
    """The flags of a replay; what it does not know goes to the bot's own parser."""
    parser = CommandParser(
        prog="python -m tg1.replay",
        description="Replay real prices against the bot as it ships, in virtual time: what would this grid have done? "
        "All flags of the bot are understood, too (python -m tg1.run --help).",
        epilog="Example: python -m tg1.replay --prices prices/ --token-a SBIN --token-b PNB "
        "--auto-entry --steps 5 --spread 2 --target-spread 2 --oco-spread 3 --qty-a 100 --qty-b 400",
        allow_abbrev=False,
    )
    add_market_flags(parser, needs_files=False)
    add = parser.add_argument
    add(
        "--made-days", metavar="N", type=_count, help="N days of made prices instead of files: to see how a grid trades"
    )
    add("--seed", metavar="N", type=int, help="of the made prices (default: 1)")
    add("--against", metavar="BOT", help="a day that this bot has recorded, lived again and compared order by order")
    add("--day", metavar="YYYY-MM-DD", type=to_day, help="with --against: which day (default: the last)")
    add("--json", dest="as_json", action="store_true", help="print one JSON object instead of the summary")
    add("--report", metavar="FILE", type=Path, help="the page (default: reports/NAME_TIME.html; with --json: none)")
    add("--png", metavar="FILE", type=Path, help="the picture (default: beside the page)")
    add("--no-report", action="store_true", help="the summary alone")
    add("--journal", metavar="FILE", type=Path, help="record of every order event, as the paper exchange writes it")
    add("--every-cycle", dest="fast_forward", action="store_false", help="skip nothing (slow; the result is the same)")
    return parser


def add_market_flags(parser: argparse.ArgumentParser, *, needs_files: bool = True, fill: str = "touch") -> None:
    """The flags that say which prices are lived, and how their market behaves; `fill` is what nobody has to say."""
    add_price_flags(parser, needs_files=needs_files)
    add = parser.add_argument
    add("--path", choices=[*BarPath], type=BarPath, default=BarPath.LOW_FIRST, help="order of prices inside a bar")
    add("--latency-ms", metavar="N", type=_latency, default=0.0, help="one way to the broker (default: 0)")
    add(
        "--fill",
        choices=["touch", "through"],
        default=fill,
        help=f"when a resting limit order fills: at its price, or when the price goes a tick beyond (default: {fill})",
    )
    add("--square-off-at", metavar="HH:MM", help="IST, when the broker closes what is open (default: never)")


def parse_any(argv: Sequence[str]) -> ReplayCommand | Against:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given, others = build_parser().parse_known_args(argv)
    return parse(argv) if given.against is None else _against(given, others)


def parse(argv: Sequence[str]) -> ReplayCommand:
    """Understand a command line without --against. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given, others = build_parser().parse_known_args(argv)
    if given.day is not None:
        raise ConfigError("--day has no use without --against; --from and --to choose days of --prices.")
    config = parse_command([*named(others), "--dry-run"], {}).config
    if config.ignore_market_hours:
        raise ConfigError("--ignore-market-hours has no use in a replay: its days end when the session does.")
    if given.journal is not None:
        # Before an hour's work, not after it.
        check_place("--journal", given.journal)
    if given.no_report and (given.report or given.png):
        raise ConfigError("--no-report contradicts --report and --png.")
    return ReplayCommand(
        # With --fresh, every morning begins as the line says: with a new grid.
        config=config,
        wanted=wanted_of(given, config.token_a_symbol, config.token_b_symbol if config.has_oco else ""),
        prices=tuple(given.prices),
        made=_made_of(given),
        rig=replace(rig_of(given), fast_forward=given.fast_forward),
        as_json=given.as_json,
        journal=given.journal,
        report=given.report,
        png=given.png,
        no_report=given.no_report,
    )


def named(others: Sequence[str], name: str = "Replay") -> list[str]:
    """The bot's flags with a name, unless they, or the file of settings that they name, have one already.

    A bot needs a name, a replay does not: so the flags of `tg1 pair` can be pasted as they are.
    """
    known = ("--bot-name", "--config")
    has_name = any(each in known or each.startswith(tuple(f"{flag}=" for flag in known)) for each in others)
    return [*others] if has_name else [*others, "--bot-name", name]


def _against(given: argparse.Namespace, others: Sequence[str]) -> Against:
    """Prices, settings and market are the record's, so nothing else is taken."""
    usual = vars(build_parser().parse_args([]))
    asked = {name for name, value in vars(given).items() if value != usual[name]} - {"against", "day", "as_json"}
    if asked:
        name = {"first_day": "from", "last_day": "to", "fast_forward": "every-cycle"}.get(min(asked), min(asked))
        raise ConfigError(f"--{name.replace('_', '-')} has no use with --against: its day is lived as it was recorded.")
    parser = CommandParser(prog="tg1 replay --against BOT", allow_abbrev=False)
    parser.add_argument("--state-dir", metavar="DIR", type=Path, default=_STATE_DIR)
    rest = parser.parse_args(others)
    return Against(bot=given.against, state_dir=rest.state_dir, day=given.day, as_json=given.as_json)


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


def _made_of(given: argparse.Namespace) -> Made | None:
    if bool(given.prices) == bool(given.made_days):
        raise ConfigError("give either --prices FILE|FOLDER or --made-days N: the prices to be lived.")
    if not given.made_days and given.seed is not None:
        raise ConfigError("--seed has no use with --prices, which brings its own.")
    if not given.made_days:
        return None
    if given.last_day is not None:
        raise ConfigError("--to has no use with --made-days, which says how many.")
    return Made(
        days=given.made_days, seed=1 if given.seed is None else given.seed, first_day=given.first_day or FIRST_DAY
    )


def _count(text: str) -> int:
    """Made days."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_MADE_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {MOST_MADE_DAYS}")
    return int(text)


def _latency(text: str) -> float:
    """Seconds from milliseconds."""
    try:
        millis = float(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds") from exc
    if not 0 <= millis <= LONGEST_LATENCY_MS:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {LONGEST_LATENCY_MS} milliseconds")
    return millis / 1000
