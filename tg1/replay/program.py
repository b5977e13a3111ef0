"""`tg1 replay`: what a grid would have done on real prices, before a rupee is risked."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode
from tg1.machine.clock import SystemClock
from tg1.paper.journal import Journal
from tg1.replay.against import Against, compare_day
from tg1.replay.command import parse_any
from tg1.replay.lived import lived
from tg1.replay.made import made_days
from tg1.replay.notebook import Notebook
from tg1.replay.output_files import write_whole
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.reporting import check_places, drawers, places_of, story_of, write_report
from tg1.replay.result import as_json
from tg1.replay.summary import summary
from tg1.replay.unheard import unheard
from tg1.screen.command import complain, run_command
from tg1.screen.output import progress, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tg1.machine.clock import Clock
    from tg1.replay.command import ReplayCommand
    from tg1.replay.reporting import Places
    from tg1.replay.result import DayResult
    from tg1.replay.tape import DayTape
    from tg1.report.story import RunStory


def main(argv: Sequence[str] | None = None) -> int:
    """Run one replay; 0 when the replay itself worked, however the bot in it ended."""
    words = sys.argv[1:] if argv is None else argv
    with unheard():
        return run_command(
            "replay", lambda: _run(parse_any(words), SystemClock()), interrupted="interrupted; nothing was written"
        )


def _run(command: ReplayCommand | Against, clock: Clock) -> int:
    """Live the days, tell what came of them, and write the report that was wanted."""
    if isinstance(command, Against):
        return int(compare_day(command))
    places = _places(command, clock.now())
    begun = clock.monotonic()
    notebook = Notebook(command.config) if places else None
    days = _watched(replayed(command, notebook))
    wall_secs = clock.monotonic() - begun
    if command.as_json:
        show(json.dumps(as_json(days, wall_secs)))
    else:
        show(summary(command.config, days, wall_secs))
    if places is not None and notebook is not None:
        _report(story_of(command, days, notebook.days, clock.now()), places, command)
    return int(ExitCode.OK)


def _places(command: ReplayCommand, now: datetime) -> Places | None:
    """Where a report goes, if one is wanted and can be drawn; a page that nobody asked for is no reason to fail."""
    places = places_of(command, now)
    if places is None:
        return None
    check_places(places)
    try:
        drawers()
    except ConfigError as exc:
        if places.named:
            raise
        complain("replay", f"no report: {exc}")
        return None
    return places


def _report(run: RunStory, places: Places, command: ReplayCommand) -> None:
    try:
        with progress("drawing the report", None):
            written = write_report(run, places, command.config.product_type)
    except ConfigError as exc:
        if places.named:
            raise
        complain("replay", f"no report: {exc}")
        return
    if not command.as_json:
        show("report: " + " and ".join(str(path) for path in written))


def _watched(days: Iterable[DayResult]) -> list[DayResult]:
    """All days, counted on the terminal as they go by: nobody knows how many there are before the last is read."""
    done = []
    with progress("living days", None) as step:
        for day in days:
            done.append(day)
            step(f"lived {day.day}")
    return done


def replayed(command: ReplayCommand, notebook: Notebook | None = None) -> Iterator[DayResult]:
    """Live and reckon one day after another. Raises `ConfigError` for prices or a journal that can't be used."""
    tapes = _tapes(command)
    written = io.StringIO()
    journal = None if command.journal is None else Journal(written).event
    yield from lived(command.config, command.rig, tapes, journal, notebook)
    if command.journal is not None:
        write_whole(command.journal, written.getvalue().encode(), "--journal")


def _tapes(command: ReplayCommand) -> Iterator[DayTape]:
    if command.made is not None:
        return made_days(command.config, command.made)
    files = price_files(command.prices, command.wanted.symbols)
    if command.journal is not None and command.journal.resolve() in [path.resolve() for path in files]:
        # A slip of the keyboard must not write over what was lived.
        raise ConfigError(f"--journal {command.journal} is a file of the prices: give another name.")
    return day_tapes(files, command.wanted)
