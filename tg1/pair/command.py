"""What `tg1 pair` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.pair.advice import Question
from tg1.replay.output_files import check_place
from tg1.replay.price_flags import add_price_flags, check_range, confirmed_of
from tg1.replay.wanted import Wanted
from tg1.screen.command import CommandParser
from tg1.settings.charges import plans_of
from tg1.settings.values import to_decimal, to_int

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from decimal import Decimal

MOST_STEPS = 1295
"""Levels of a side that a bot can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCommand:
    """One `tg1 pair`."""

    wanted: Wanted
    prices: tuple[Path, ...]
    question: Question
    as_json: bool
    png: Path | None = None


def build_parser() -> argparse.ArgumentParser:
    """The flags; those of the bot mean what they mean there."""
    parser = CommandParser(
        prog="tg1 pair",
        description="Is share B a hedge for share A? Correlation and beta, how many shares of B, which OCO spread, and "
        "a grid that holds A on 9 days of 10, each with the figure behind it.",
        epilog="Example: tg1 pair PFC RECLTD --prices prices --qty-a 100",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("symbol_a", metavar="A", help="the share that the grid trades (TokenA)")
    add("symbol_b", metavar="B", help="the share that is to hedge it (TokenB)")
    add_price_flags(parser)
    add("--qty-a", metavar="SHARES", default="100", help="shares of A per level (default: 100)")
    add("--steps", metavar="N", default="5", help="levels per side at most (default: 5)")
    add("--oco-spread", metavar="RUPEES", nargs="+", default=[], help="distances to look at (default: by B's range)")
    add("--product", choices=["MIS", "CNC", "NRML"], default="MIS", help="whose charges count (default: MIS)")
    add("--charge", metavar="ITEM=VALUE", action="append", default=[], help="what your broker charges, as the bot's")
    add("--png", metavar="FILE", type=Path, help="draw the figures into a picture")
    add("--json", dest="as_json", action="store_true", help="print one JSON object instead of the text")
    return parser


def parse(argv: Sequence[str]) -> PairCommand:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given = build_parser().parse_args(argv)
    check_range(given.first_day, given.last_day)
    if given.symbol_a == given.symbol_b:
        raise ConfigError(f"{given.symbol_a} is no hedge for itself: give two symbols.")
    if given.png is not None:
        check_place("--png", given.png, ".png")
    return PairCommand(
        wanted=Wanted(
            symbol_a=given.symbol_a,
            symbol_b=given.symbol_b,
            first_day=given.first_day,
            last_day=given.last_day,
            confirmed=confirmed_of(given),
        ),
        prices=tuple(given.prices),
        question=_question(given),
        as_json=given.as_json,
        png=given.png,
    )


def _question(given: argparse.Namespace) -> Question:
    return Question(
        symbol_a=given.symbol_a,
        symbol_b=given.symbol_b,
        quantity_a=_between("--qty-a", given.qty_a, 10_000_000),
        steps=_between("--steps", given.steps, MOST_STEPS),
        product=given.product,
        plan=plans_of(given.charge).of("trade"),
        oco_spreads=tuple(_spread(text) for text in given.oco_spread),
        confirmed=confirmed_of(given),
    )


def _between(flag: str, text: str, most: int) -> int:
    number = to_int(flag, text)
    if not 1 <= number <= most:
        raise ConfigError(f"{flag} {number} is not between 1 and {most}.")
    return number


def _spread(text: str) -> Decimal:
    spread = to_decimal("--oco-spread", text)
    if spread <= 0:
        raise ConfigError(f"--oco-spread {spread} must be above 0.")
    return spread
