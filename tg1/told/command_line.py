"""What the operator's small commands share: their flags, their sentences, their exit codes (behaviour 14)."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console

from tg1.errors import ConfigError, ExitCode, OutputLost, Tg1Error
from tg1.settings.fields import GridOcoFields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

CTRL_C = 130
_NARROWEST = 20


class CommandParser(argparse.ArgumentParser):
    """A parser whose refusals are sentences of ours."""

    def error(self, message: str) -> NoReturn:
        """Raise `ConfigError` instead of printing the usage."""
        raise ConfigError(f"{message.removeprefix('argument ')}; see {self.prog} --help.")


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


def run_command(word: str, act: Callable[[], ExitCode]) -> int:
    """Carry a command out; every refusal is one sentence on stderr, and a reader that has had enough is none."""
    try:
        code = act()
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(code)
    except Tg1Error as exc:
        print(f"tg1 {word}: {exc}", file=sys.stderr)  # noqa: T201  # the sentence is for the operator's terminal
        return int(exc.exit_code)
    except BrokenPipeError:
        # What is left in the buffer would fail once more, and loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        return CTRL_C


def put_out(text: str) -> None:
    """Print what was asked for. Raises `BrokenPipeError`, and `OutputLost` for a stdout that takes nothing."""
    try:
        print(text, flush=True)  # noqa: T201  # stdout is where the answer belongs
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise OutputLost(f"the answer can't be printed: {exc.strerror or exc}") from exc


def drawn(what: RenderableType, width: int) -> str:
    """Something of rich's as text for stdout, with colours where that is a terminal."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=sys.stdout.isatty(), highlight=False)
    console.print(what)
    return out.getvalue().rstrip("\n")


def columns(otherwise: int) -> int:
    """Columns of the terminal; `otherwise` where there is none that says."""
    return max(_NARROWEST, shutil.get_terminal_size((otherwise, 24)).columns)


def words_of(argv: Sequence[str] | None) -> Sequence[str]:
    """The words behind the command."""
    return sys.argv[1:] if argv is None else argv
