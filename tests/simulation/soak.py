"""Simulated trading days, as many as wanted: `python -m tests.simulation.soak --days 5000` or `--minutes 60`."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TYPE_CHECKING

from tests.simulation import effectiveness, lived
from tests.simulation.days import Run, Tally, bots_of, silence_logs
from tests.simulation.invariants import Violation
from tests.simulation.replay import report

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS_PER_SEED = 5
DAYS_OF_MANY = 1
"""Days of a seed with ten bots: a day of ten is ten days of work."""
DAYS_OF_ALL_KINDS = 250
"""So many days, from the first seed on, must have had every kind in them, ten bots included."""
PROGRESS_DAYS = 100
"""A line on stderr each time so many more days are over."""


def days_of(seed: int) -> int:
    """How many days a seed is run for."""
    return DAYS_OF_MANY if bots_of(seed) > 2 else DAYS_PER_SEED


def one_seed(seed: int) -> tuple[int, Tally, str]:
    """The days of a seed: its tally, and the report of a violation or nothing."""
    silence_logs()
    run = Run(seed)
    try:
        return seed, run.days(days_of(seed)), ""
    except Violation as exc:
        told = str(exc)
    except Exception as exc:  # noqa: BLE001 - a crash of the bot is a violation like any other
        told = f"{type(exc).__name__}: {exc}"
        return seed, run.tally, f"seed {seed}: {told}"
    return seed, run.tally, report(seed, days_of(seed))


def soak(first_seed: int, jobs: int, goes_on: Callable[[Tally], bool]) -> tuple[Tally, list[str]]:
    """Run seeds upwards from `first_seed`, `jobs` at a time, for as long as `goes_on` says."""
    total = Tally()
    reports: list[str] = []
    seeds = itertools.count(first_seed)
    with ProcessPoolExecutor(jobs) as pool:
        running: set[Future[tuple[int, Tally, str]]] = set()
        planned = Tally()
        while running or goes_on(planned):
            while goes_on(planned) and len(running) < 2 * jobs:
                seed = next(seeds)
                running.add(pool.submit(one_seed, seed))
                planned.days += days_of(seed)
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                _, tally, told = each.result()
                before = total.days
                total.add(tally)
                if before // PROGRESS_DAYS != total.days // PROGRESS_DAYS:
                    print(_progress(total, reports), file=sys.stderr, flush=True)
                if told:
                    reports.append(told)
                    print(told, flush=True)
    return total, reports


def _progress(total: Tally, reports: list[str]) -> str:
    told = effectiveness.share(total.hedges)
    hedged = "no hedge passed yet" if told is None else f"{told:.2f} % of passed hedges met"
    return f"{total.days} days, {total.cycles} cycles, {len(reports)} violations, {hedged}"


def table(total: Tally, reports: list[str]) -> str:
    """What a soak came to."""
    counts = [
        ("simulated trading days", total.days),
        ("days of a bot", total.bot_days),
        ("cycles", total.cycles),
        ("starts of the bot", total.starts),
        ("looks at all invariants", total.checks),
        ("faults injected", total.injected.total()),
        *((f"  {kind}", number) for kind, number in sorted(total.injected.items())),
        *((f"ended: {end}", number) for end, number in sorted(total.ends.items())),
        *((f"lived: {kind}", total.lived[kind]) for kind in lived.KINDS),
        ("violations", len(reports)),
    ]
    return "\n".join(
        [
            *(f"{name:60} {number:>12,}" for name, number in counts),
            *(f"{name:60} {told:>12}" for name, told in effectiveness.rows(total.hedges)),
        ]
    )


def main() -> int:
    """Exit 0 without a violation, with hedges that hedge and with every kind of day lived, otherwise 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0, help="start no new seed after so long")
    parser.add_argument("--days", type=int, default=0, help="run at least so many days")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if not given.minutes and not given.days:
        parser.error("say --minutes or --days")
    ends_at = time.monotonic() + 60 * given.minutes if given.minutes else float("inf")

    def goes_on(planned: Tally) -> bool:
        return time.monotonic() < ends_at and (not given.days or planned.days < given.days)

    total, reports = soak(given.first_seed, given.jobs, goes_on)
    print(table(total, reports))
    never = lived.missing(total.lived) if total.days >= DAYS_OF_ALL_KINDS else []
    if never:
        print(f"never lived: {', '.join(never)}")
    share = effectiveness.share(total.hedges)
    is_met = share is None or share >= effectiveness.GOAL_PCT
    return 0 if is_met and not reports and not never else 1


if __name__ == "__main__":
    sys.exit(main())
