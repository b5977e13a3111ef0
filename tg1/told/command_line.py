"""What the operator's small commands share: their flags and their tables."""

from __future__ import annotations

import argparse
import io
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tg1.screen.command import CommandParser
from tg1.screen.output import is_terminal
from tg1.settings.fields import GridOcoFields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

_NARROWEST = 20


def parser_of(word: str, about: str, *, needs_name: bool = False) -> CommandParser:
    """A parser of `tg1 WORD [NAME] [--state-dir DIR]`."""
    parser = CommandParser(
        prog=f"tg1 {word}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "name", metavar="NAME", nargs=None if needs_name else "?", help="the bot's name, as it was given"
    )
    default = next(one.default for one in fields(GridOcoFields) if one.name == "state_dir")
    parser.add_argument(
        "--state-dir", metavar="DIR", type=Path, default=default, help=f"folder of the bots ({default})"
    )
    return parser


def drawn(what: RenderableType, width: int) -> str:
    """Something of rich's as text for stdout, with colours where that is a terminal."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=is_terminal(sys.stdout), highlight=False)
    console.print(what)
    return out.getvalue().rstrip("\n")


def columns(otherwise: int) -> int:
    """Columns of the terminal; `otherwise` where there is none that says."""
    return max(_NARROWEST, shutil.get_terminal_size((otherwise, 24)).columns)


def words_of(argv: Sequence[str] | None) -> Sequence[str]:
    """The words behind the command."""
    return sys.argv[1:] if argv is None else argv
