"""Replays one seed, makes a failing one small, and prints its trail: `python -m tests.simulation.replay SEED`."""

from __future__ import annotations

import argparse
import sys

from tests.simulation.chaos import ALL_KINDS
from tests.simulation.days import Run, silence_logs
from tests.simulation.invariants import Violation

SHOWN = 60


def failure_of(seed: int, days: int, enabled: frozenset[str] = frozenset(ALL_KINDS)) -> tuple[Violation | None, Run]:
    """Run a seed with some kinds of mishap switched off; what it violated, if anything."""
    run = Run(seed, enabled=enabled)
    try:
        run.days(days)
    except Violation as exc:
        return exc, run
    return None, run


def smallest(seed: int, days: int) -> tuple[Violation, Run, frozenset[str]]:
    """The same violation with as few kinds of mishap as possible; raises `ValueError` when the seed holds."""
    found, run = failure_of(seed, days)
    if found is None:
        raise ValueError(f"seed {seed} holds for {days} days")
    kinds = frozenset(kind for kind, number in run.tally.injected.items() if number)
    for kind in sorted(kinds):
        fewer = kinds - {kind}
        again, shorter = failure_of(seed, days, fewer)
        if again is not None and again.invariant == found.invariant:
            found, run, kinds = again, shorter, fewer
    return found, run, kinds


def report(seed: int, days: int) -> str:
    """Seed, command, violation, the kinds of mishap that it needs, and the end of its trail."""
    found, run, kinds = smallest(seed, days)
    trail = list(run.street.trail)[-SHOWN:]
    return "\n".join(
        [
            f"seed {seed}: {found}",
            f"replay it with: python -m tests.simulation.replay {seed} --days {days}",
            f"it needs no more than: {', '.join(sorted(kinds)) or 'nothing at all'}",
            *trail,
        ]
    )


def main() -> int:
    """Exit 0 when the seed holds, 1 with the report when it does not."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.replay", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--days", type=int, default=5)
    given = parser.parse_args()
    silence_logs()
    found, run = failure_of(given.seed, given.days)
    if found is None:
        print(f"seed {given.seed} holds: {run.tally}")
        return 0
    print(report(given.seed, given.days))
    return 1


if __name__ == "__main__":
    sys.exit(main())
