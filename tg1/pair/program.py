"""`tg1 pair` tells whether one share is a hedge for another."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode
from tg1.pair.advice import answer
from tg1.pair.command import parse
from tg1.pair.series import pair_day
from tg1.pair.summary import as_json, as_text
from tg1.replay.day_rows import day_rows
from tg1.replay.output_files import write_whole
from tg1.replay.prices import price_files
from tg1.screen.command import run_command
from tg1.screen.output import progress, show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tg1.pair.advice import Answer
    from tg1.pair.command import PairCommand
    from tg1.pair.series import PairDay


def main(argv: Sequence[str] | None = None) -> int:
    """Tell what is known of a pair; 0 whatever the verdict."""
    words = sys.argv[1:] if argv is None else argv
    return run_command("pair", lambda: _answer(parse(words)), interrupted="interrupted; nothing was written")


def _answer(command: PairCommand) -> int:
    found = answer(days_of(command), command.question)
    if command.png is not None:
        _draw(found, command.png)
    show(json.dumps(as_json(found)) if command.as_json else as_text(found))
    return int(ExitCode.OK)


def _draw(found: Answer, png: Path) -> None:
    """Half a second of imports that a question without a picture does not pay. Raises `ConfigError`."""
    try:
        from tg1.pair.picture import picture  # noqa: PLC0415  # as the docstring says
        from tg1.report.picture import png_of  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        raise ConfigError(f"--png needs {exc.name}; install it with: pip install 'tg1[insight]'") from exc
    write_whole(png, png_of(picture(found)), "--png")


def days_of(command: PairCommand) -> list[PairDay]:
    """The days of both symbols. Raises `ConfigError` with file and line."""
    wanted = command.wanted
    files = price_files(command.prices, wanted.symbols)
    with progress("reading", None) as step:
        days = []
        for rows in day_rows(files, wanted):
            days.append(pair_day(rows, wanted.symbol_a, wanted.symbol_b))
            step(f"reading {rows.day}")
    return days
