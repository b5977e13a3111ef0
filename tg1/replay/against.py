"""`tg1 replay --against BOT`: a recorded day lived again, and where the bot's own day differs from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode
from tg1.machine.files import file_stem
from tg1.record.paths import FOLDER, RecordPaths
from tg1.record.reading import read_day, recorded_days
from tg1.record.settings import config_of
from tg1.replay.compare import difference, paired
from tg1.replay.order_lives import order_lives
from tg1.replay.reasons import Trouble, causes
from tg1.replay.relive import relived
from tg1.replay.verdict import Verdict, side_of
from tg1.replay.verdict_words import as_json, told
from tg1.screen.output import progress, show
from tg1.told.folder import StateFolder
from tg1.told.paths import PAPER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from decimal import Decimal
    from pathlib import Path

    from tg1.record.reading import DayRecord, Run
    from tg1.replay.compare import Difference
    from tg1.replay.order_lives import OrderLife

SHOWN_DAYS = 10
"""Days that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What `--against` was asked for."""

    bot: str
    state_dir: Path
    day: date | None
    """None: the last one that is recorded."""
    as_json: bool


def compare_day(asked: Against) -> ExitCode:
    """Print the comparison; 0 whether there are differences or not. Raises `ConfigError` without such a record."""
    day, files = _files_of(asked)
    with progress("reading the record", None):
        record = read_day(day, files)
    with progress("living the day again", None):
        verdict = verdict_of(record, asked.bot)
    show(json.dumps(as_json(verdict)) if asked.as_json else told(verdict))
    return ExitCode.OK


def _files_of(asked: Against) -> tuple[date, list[Path]]:
    """The files of the day, of the bot that trades for real or of the paper one."""
    stem = file_stem(asked.bot)
    found = {
        folder: recorded_days(RecordPaths(folder / FOLDER, stem))
        for folder in (asked.state_dir, asked.state_dir / PAPER)
    }
    every = sorted({day for days in found.values() for day in days})
    if not every:
        StateFolder(asked.state_dir).one(asked.bot)
        raise ConfigError(
            f"no day of {asked.bot!r} is recorded in {asked.state_dir / FOLDER}: it is written while the bot runs, "
            "unless --no-record is given."
        )
    day = asked.day or every[-1]
    holding = [folder for folder, days in found.items() if day in days]
    if not holding:
        shown = ", ".join(map(str, every[-SHOWN_DAYS:]))
        raise ConfigError(f"there is no record of {asked.bot!r} on {day}; recorded are {shown}.")
    if len(holding) > 1:
        raise ConfigError(
            f"{asked.bot!r} was recorded on {day} for real and on paper: give --state-dir {holding[1]} for the paper "
            f"day, or move {holding[1] / FOLDER} away."
        )
    return day, found[holding[0]][day]


def verdict_of(record: DayRecord, bot: str) -> Verdict:
    """Live every run of a day again, each from where it stood, and compare. Raises `ConfigError`."""
    runs = [run for run in record.runs if run.cycles]
    if not runs:
        raise ConfigError(f"the record of {bot!r} on {record.day} has no cycle: the bot was started and never traded.")
    config = config_of(runs[0].begun.settings, runs[0].begun.accounts)
    live: list[OrderLife] = []
    again: list[OrderLife] = []
    ends: list[str] = []
    found: list[tuple[Difference, str]] = []
    equal = 0
    for number, run in enumerate(runs):
        after = runs[number + 1] if number + 1 < len(runs) else None
        done = _run(run, after, record.day)
        live += done.live
        again += done.again
        ends.append(done.end)
        found += done.differences
        equal += done.equal
    last = _last_prices(runs)
    return Verdict(
        bot=bot,
        day=record.day,
        runs=len(runs),
        cycles=sum(len(run.cycles) for run in runs),
        torn=record.torn,
        equal=equal,
        live=side_of(config, live, last, [run.ended.why if run.ended else "it died, or still runs" for run in runs]),
        again=side_of(config, again, last, ends),
        differences=tuple(found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One run beside its replay."""

    live: Sequence[OrderLife]
    again: Sequence[OrderLife]
    end: str
    differences: Sequence[tuple[Difference, str]]
    equal: int
    """Orders, those that worked already not among them."""


def _run(run: Run, after: Run | None, day: date) -> _Done:
    lived = relived(run, day)
    live = order_lives(run.begun, run.cycles, after)
    again = order_lives(run.begun, lived.cycles)
    pairs = paired(live, again)
    found = sorted(filter(None, map(difference, pairs)), key=lambda one: one.at)
    is_early = len(lived.cycles) < len(run.cycles)
    ended = (lived.cycles[-1].at, lived.end) if is_early else None
    poll_secs = config_of(run.begun.settings, run.begun.accounts).poll_interval
    reasons = causes(run, poll_secs, ended, down=_down(run, after))
    return _Done(
        live=live,
        again=again,
        end=lived.end,
        differences=[(one, reasons.why(one)) for one in found],
        equal=sum(difference(pair) is None and not any(life.carried for life in pair if life) for pair in pairs),
    )


def _down(run: Run, after: Run | None) -> list[Trouble]:
    """The time between two runs, in which nobody looked."""
    if after is None:
        return []
    since, until = run.cycles[-1].at, after.cycles[0].at
    text = f"the bot was not running from {since:%H:%M:%S} to {until:%H:%M:%S}"
    return [Trouble(since=since, until=until, text=text)]


def _last_prices(runs: Sequence[Run]) -> Mapping[str, Decimal]:
    last: dict[str, Decimal] = {}
    for run in runs:
        symbols = list(run.begun.tick_sizes)
        for cycle in run.cycles:
            seen = zip(symbols, (cycle.price_a, cycle.price_b), strict=False)
            last.update({symbol: price for symbol, price in seen if price is not None})
            last.update({tick.symbol: tick.price for tick in cycle.ticks})
    return last
