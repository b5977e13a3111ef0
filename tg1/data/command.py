"""What `tg1 data` was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tg1.data.fetching import Range
from tg1.errors import ConfigError
from tg1.machine.hosts import is_loopback
from tg1.replay.price_flags import add_confirm_flag, check_range, confirmed_of, to_day
from tg1.screen.command import CommandParser
from tg1.settings.values import shown, to_root

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence
    from datetime import date

    from tg1.replay.jumps import Confirmed

ZERODHA_VARIABLE = "TG1_ZERODHA_CONFIG"
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9&-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchCommand:
    """One `tg1 data fetch`."""

    symbols: tuple[str, ...]
    wanted: Range
    into: Path
    as_json: bool
    paper: bool = False
    paper_seed: int = 1
    zerodha_config: Path | None = None
    zerodha_user: str = "Sai"
    kite_root: str = ""
    """Empty: Zerodha's own."""
    insecure_tls: bool = False

    @property
    def source(self) -> str:
        """Whose prices these are, as their files remember it."""
        if self.paper:
            return f"the paper exchange (made up, seed {self.paper_seed})"
        host = urlsplit(self.kite_root).hostname or ""
        if not host:
            return "Zerodha"
        return "a Kite on this machine" if is_loopback(host) else f"the Kite at {host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCommand:
    """One `tg1 data check`."""

    paths: tuple[Path, ...]
    confirmed: Confirmed
    as_json: bool
    symbols: tuple[str, ...] = field(default=())
    """Empty: all that the files have."""


def build_parser() -> argparse.ArgumentParser:
    """The two subcommands with their flags."""
    parser = CommandParser(
        prog="tg1 data", description="Bring real prices to disk, and judge them before money is.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="fetch|check")
    _add_fetch(
        commands.add_parser("fetch", help="minutes from Zerodha, or made ones, into Parquet", allow_abbrev=False)
    )
    _add_check(commands.add_parser("check", help="gaps, outages, doubles, short days, splits", allow_abbrev=False))
    return parser


def _add_fetch(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Fetch minutes through Kite's historical data, one file per symbol and month. What is there whole is not "
        "fetched twice, so the same command goes on after an interruption."
    )
    parser.epilog = (
        "Without an account: tg1 data fetch SBIN PNB --from 2026-09-01 --to 2026-10-31 --paper (prices are made up)"
    )
    add = parser.add_argument
    add("symbols", metavar="SYMBOL", nargs="+", help="NSE symbols")
    add("--from", dest="first_day", metavar="YYYY-MM-DD", type=to_day, required=True, help="first day")
    add("--to", dest="last_day", metavar="YYYY-MM-DD", type=to_day, help="last day (default: today)")
    add("--into", metavar="FOLDER", type=Path, help="where the files go (default: prices, with --paper paper-prices)")
    add("--again", action="store_true", help="fetch what is there as well, e.g. after a split")
    add("--zerodha-config", metavar="FILE", type=Path, help=f"INI file as the bot's, or {ZERODHA_VARIABLE}")
    add("--zerodha-user", metavar="NAME", default="Sai", help="section [API_CREDENTIALS_<NAME>] (default: Sai)")
    add("--kite-root", metavar="URL", default="", help="another Kite, such as a running paper exchange")
    add("--insecure-tls", action="store_true", help="don't verify certificates (dangerous)")
    add("--paper", action="store_true", help="made-up prices of an exchange of one's own: no account, no network")
    add("--paper-seed", metavar="N", type=int, default=1, help="another seed, other prices (default: 1)")
    add("--json", dest="as_json", action="store_true", help="print one JSON object instead of the table")


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.description = "Find what a replay would stumble over. Exit code 0: nothing; 1: something was found."
    add = parser.add_argument
    add("paths", metavar="FILE|FOLDER", nargs="+", type=Path, help="CSV or Parquet files")
    add("--symbol", dest="symbols", metavar="SYMBOL", action="append", default=[], help="only these (repeatable)")
    add_confirm_flag(parser)
    add("--json", dest="as_json", action="store_true", help="print one JSON object instead of the table")


def parse(argv: Sequence[str], environ: Mapping[str, str], today: date) -> FetchCommand | CheckCommand:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given = build_parser().parse_args(argv)
    if given.command == "check":
        return CheckCommand(
            paths=tuple(given.paths),
            confirmed=confirmed_of(given),
            as_json=given.as_json,
            symbols=tuple(dict.fromkeys(given.symbols)),
        )
    return _fetch_command(given, environ, today)


def _fetch_command(given: argparse.Namespace, environ: Mapping[str, str], today: date) -> FetchCommand:
    last = given.last_day or today
    check_range(given.first_day, last)
    if given.first_day > today:
        raise ConfigError(f"--from {given.first_day} lies in the future.")
    for symbol in given.symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise ConfigError(f"{shown(symbol)} is no NSE symbol: they are written in capitals, such as SBIN or M&M.")
    if given.paper and given.kite_root:
        raise ConfigError("--paper brings its own Kite: leave out --kite-root.")
    config = given.zerodha_config or environ.get(ZERODHA_VARIABLE, "").strip()
    return FetchCommand(
        symbols=tuple(dict.fromkeys(given.symbols)),
        wanted=Range(first=given.first_day, last=min(last, today), again=given.again),
        into=given.into or Path("paper-prices" if given.paper else "prices"),
        as_json=given.as_json,
        paper=given.paper,
        paper_seed=given.paper_seed,
        zerodha_config=Path(config) if config else None,
        zerodha_user=given.zerodha_user,
        kite_root=to_root("--kite-root", given.kite_root, "https") if given.kite_root else "",
        insecure_tls=given.insecure_tls,
    )
