"""`tg1 replay`: what a grid would have done on real prices, before a rupee is risked."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, Tg1Error
from tg1.machine.clock import SystemClock
from tg1.paper.journal import Journal
from tg1.replay.command import parse
from tg1.replay.lived import lived
from tg1.replay.made import made_days
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.result import as_json
from tg1.replay.summary import summary
from tg1.screen.output import progress, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tg1.replay.command import ReplayCommand
    from tg1.replay.result import DayResult
    from tg1.replay.tape import DayTape

INTERRUPTED = 130
"""The shell's own code for a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one replay; 0 when the replay itself worked, however the bot in it ended."""
    logging.getLogger("tg1").addHandler(logging.NullHandler())
    logging.getLogger("tg1").propagate = False
    try:
        command = parse(sys.argv[1:] if argv is None else argv)
        clock = SystemClock()
        begun = clock.monotonic()
        days = _watched(replayed(command))
        wall_secs = clock.monotonic() - begun
        if command.as_json:
            show(json.dumps(as_json(days, wall_secs)))
        else:
            show(summary(command.config, days, wall_secs))
    except Tg1Error as exc:
        print(f"tg1 replay: {exc}", file=sys.stderr)  # noqa: T201  # the sentence is for the operator's terminal
        return int(exc.exit_code)
    except KeyboardInterrupt:
        print("tg1 replay: interrupted; nothing was written", file=sys.stderr)  # noqa: T201  # as above
        return INTERRUPTED
    return int(ExitCode.OK)


def _watched(days: Iterable[DayResult]) -> list[DayResult]:
    """All days, counted on the terminal as they go by: nobody knows how many there are before the last is read."""
    done = []
    with progress("living days", None) as step:
        for day in days:
            done.append(day)
            step(f"lived {day.day}")
    return done


def replayed(command: ReplayCommand) -> Iterator[DayResult]:
    """Live and reckon one day after another. Raises `ConfigError` for prices or a journal that can't be used."""
    tapes = _tapes(command)
    written = io.StringIO()
    journal = None if command.journal is None else Journal(written).event
    yield from lived(command.config, command.rig, tapes, journal)
    if command.journal is not None:
        _write_whole(command.journal, written.getvalue())


def _tapes(command: ReplayCommand) -> Iterator[DayTape]:
    if command.made is not None:
        return made_days(command.config, command.made)
    return day_tapes(price_files(command.prices, command.wanted.symbols), command.wanted)


def _write_whole(path: Path, text: str) -> None:
    """A file is there whole or not at all, however the replay ends."""
    beside = path.with_name(f"{path.name}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as exc:
        raise ConfigError(f"--journal {path} can't be written: {exc.strerror or exc}.") from exc
