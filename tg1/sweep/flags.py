"""The flags of `tg1 sweep`: those of the bot that take several values, those of the market, and its own."""

from __future__ import annotations

import argparse
from pathlib import Path

from tg1.errors import ConfigError
from tg1.replay.command import add_market_flags
from tg1.screen.command import CommandParser
from tg1.settings.flag_table import ALIASES
from tg1.settings.flags import flag_of

RUPEES = ("spread", "target_spread", "oco_spread", "entry_price", "oco_limit_offset")
WHOLE = ("steps", "token_a_quantity", "token_b_quantity", "max_open_entries", "oco_stop_count")
WORDS = ("trade_type", "product_type", "oco_order_type")
SWEPT = (*RUPEES[:2], WHOLE[0], RUPEES[2], *WHOLE[1:3], *RUPEES[3:], *WHOLE[3:], *WORDS)
"""The bot's fields that may have several values, in the order in which combinations and columns follow."""
DEFAULT_RESULTS = Path("sweep.sqlite")
_EXAMPLE = (
    "Example: tg1 sweep --prices prices/ --token-a SBIN --token-b PNB --auto-entry --steps 5,8 --spread 0.5:3:0.5 "
    "--target-spread 0.5:3:0.5 --oco-spread 2,4 --qty-a 100 --qty-b 400"
)


def build_parser() -> argparse.ArgumentParser:
    """The flags of a sweep; what it does not know goes to the bot's own parser."""
    parser = CommandParser(
        prog="tg1 sweep",
        description="Replay a grid in many settings over the same days, choose on the first of them and judge on the "
        "rest. Where the bot's flag takes one value, most flags of its grid take several: 0.5,1,2 or "
        "BEGIN:END:STEP. All other flags of the bot are understood, too (tg1 run --help).",
        epilog=_EXAMPLE,
        allow_abbrev=False,
    )
    _add_swept(parser.add_argument_group("several values"))
    # A choice at the touch takes the grid whose fills the prices of a file flatter most.
    add_market_flags(parser, fill="through")
    _add_own(parser.add_argument_group("sweep"))
    return parser


def _add_swept(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--pairs", metavar="A/B,…", help="pairs of TokenA and TokenB, or TokenA alone without a hedge")
    group.add_argument("--token-a", dest="token_a_symbol", metavar="SYMBOL", help="the one TokenA, without --pairs")
    group.add_argument("--token-b", dest="token_b_symbol", metavar="SYMBOL", help="the one TokenB, without --pairs")
    for field in SWEPT:
        metavar = "WORD,…" if field in WORDS else "VALUES"
        group.add_argument(flag_of(field), *ALIASES.get(field, ()), dest=field, metavar=metavar, help=argparse.SUPPRESS)
    listed = ", ".join(flag_of(field) for field in SWEPT)
    group.description = f"take several values: {listed}"


def _add_own(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--train",
        metavar="PART|DAYS|DATE",
        help="the first days, on which is chosen: a part of them, a number, or the last of them (default: 0.6)",
    )
    add(
        "--results",
        metavar="FILE",
        type=Path,
        default=DEFAULT_RESULTS,
        help=f"what is computed is kept there, and never computed twice (default: {DEFAULT_RESULTS})",
    )
    add("--jobs", metavar="N", type=_jobs, help="processes (default: one for each core)")
    add("--dask", metavar="ADDRESS", help="compute on a Dask cluster, for example tcp://10.0.0.5:8786")
    add("--top", metavar="N", type=_count, default=10, help="rows of the table (default: 10)")
    add("--heat-map", metavar="X,Y", help="draw the net over two of these flags, for example spread,target-spread")
    add("--report", metavar="FILE", type=Path, help="the heat map's page (default: reports/sweep_….html)")
    add("--png", metavar="FILE", type=Path, help="and its picture (default: beside the page)")
    told = group.add_mutually_exclusive_group()
    told.add_argument("--json", dest="as_json", action="store_true", help="print one JSON object instead of the table")
    told.add_argument("--csv", dest="as_csv", action="store_true", help="print a row for each combination instead")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number above 0")
    return int(text)


def _jobs(text: str) -> int:
    most = 1024
    count = _count(text)
    if count > most:
        raise argparse.ArgumentTypeError(f"{count} is more than {most} processes")
    return count


def pairs_of(given: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """(TokenA, TokenB) of each pair, upper case; TokenB is empty where none was named. Raises `ConfigError`."""
    if given.pairs is None:
        return (((given.token_a_symbol or "").strip().upper(), (given.token_b_symbol or "").strip().upper()),)
    if given.token_a_symbol or given.token_b_symbol:
        raise ConfigError("--pairs contradicts --token-a and --token-b: name the symbols in one place.")
    found = [_pair(part.strip()) for part in given.pairs.split(",")]
    return tuple(dict.fromkeys(found))


def _pair(text: str) -> tuple[str, str]:
    symbol_a, slash, symbol_b = text.upper().partition("/")
    if not symbol_a.strip() or (slash and not symbol_b.strip()) or "/" in symbol_b:
        raise ConfigError(f"--pairs {text[:60]!r} is no pair such as SBIN/PNB.")
    return symbol_a.strip(), symbol_b.strip()
