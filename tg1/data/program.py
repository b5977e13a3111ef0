"""`tg1 data`: fetch real prices, and check them."""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from tg1.data.check import check
from tg1.data.command import FetchCommand, parse
from tg1.data.fetching import Fetched, Patient, fetch, planned
from tg1.data.months import Months
from tg1.data.summary import as_json, as_text, report_as_json, report_as_text
from tg1.data.wire import kite_of
from tg1.errors import ConfigError, ExitCode
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.replay.prices import price_files
from tg1.screen.command import complain, run_command
from tg1.screen.output import progress, show
from tg1.settings.nse_holidays import known_holidays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tg1.data.command import CheckCommand
    from tg1.machine.clock import Clock


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    kept = "what was fetched is on disk, and the same command goes on"
    kept = f"interrupted; {'nothing was written' if 'check' in words[:1] else kept}"
    return run_command("data", lambda: _answer(words, SystemClock()), interrupted=kept)


def _answer(words: Sequence[str], clock: Clock) -> int:
    command = parse(words, os.environ, clock.now().date())
    return _fetch(command, clock) if isinstance(command, FetchCommand) else _check(command)


def _fetch(command: FetchCommand, clock: Clock) -> int:
    results = fetched(command, clock)
    if command.as_json:
        show(json.dumps(as_json(results, command.wanted, command.into, command.source)))
    else:
        show(as_text(results, command.wanted, command.into, command.source))
    return int(ExitCode.OK)


def fetched(command: FetchCommand, clock: Clock) -> list[Fetched]:
    """Bring to disk what is missing. Raises `ConfigError`, `FeedError`, `SaveFailed`; what came before stays."""
    months = Months(command.into, command.source, OsFileSystem())
    plan = planned(months, command.symbols, command.wanted)
    requests = sum(map(len, plan.values()))
    if not requests:
        return [Fetched(symbol=symbol) for symbol in command.symbols]
    with kite_of(command, clock) as kite:
        for warning in kite.warnings:
            complain("data", warning)
        tokens = kite.tokens(command.symbols)
        months.prepare()
        with progress("fetching", requests) as step:
            return fetch(plan, tokens, months, Patient(kite.ask, clock, partial(complain, "data")), step)


def _check(command: CheckCommand) -> int:
    try:
        files = price_files(command.paths, command.symbols)
        with progress("checking", len(files)) as step:
            report = check(files, command.symbols, command.confirmed, _is_closed, step)
    except ConfigError as exc:
        # The files stand in the line without a flag.
        raise ConfigError(str(exc).removeprefix("--prices ")) from exc
    show(json.dumps(report_as_json(report)) if command.as_json else report_as_text(report))
    return int(ExitCode.FAILED if report.findings else ExitCode.OK)


def _is_closed(day: date) -> bool:
    """No trading day, or one of a year of which nobody knows."""
    holidays = _holidays(day.year)
    return holidays is None or day in holidays


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date] | None:
    return known_holidays(year)
