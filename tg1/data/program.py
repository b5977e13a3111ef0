"""`tg1 data`: fetch real prices, and check them."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from tg1.data import summary
from tg1.data.command import FetchCommand, parse
from tg1.data.fetching import Fetched, Patient, fetch, planned
from tg1.data.months import Months
from tg1.data.wire import kite_of
from tg1.errors import ExitCode, Tg1Error
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.screen.output import progress, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.machine.clock import Clock

INTERRUPTED = 130
"""The shell's own code for a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    try:
        clock = SystemClock()
        command = parse(sys.argv[1:] if argv is None else argv, os.environ, clock.now().date())
        if isinstance(command, FetchCommand):
            return _fetch(command, clock)
    except Tg1Error as exc:
        _say(str(exc))
        return int(exc.exit_code)
    except KeyboardInterrupt:
        _say("interrupted; what was fetched is on disk, and the same command goes on")
        return INTERRUPTED
    return int(ExitCode.OK)


def _fetch(command: FetchCommand, clock: Clock) -> int:
    results = fetched(command, clock)
    if command.as_json:
        show(json.dumps(summary.as_json(results, command.wanted, command.into, command.source)))
    else:
        show(summary.as_text(results, command.wanted, command.into, command.source))
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
            _say(warning)
        tokens = kite.tokens(command.symbols)
        months.prepare()
        with progress("fetching", requests) as step:
            return fetch(plan, tokens, months, Patient(kite.ask, clock, _say), step)


def _say(sentence: str) -> None:
    print(f"tg1 data: {sentence}", file=sys.stderr)  # noqa: T201  # the sentence is for the operator's terminal
