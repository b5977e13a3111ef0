"""`python -m tests.mutation.run MODULE…`: plants faults in a module, one at a time, and asks its tests about each.

A module is a file or a folder of them. What was tried is kept in `.mutation/` and not tried again while the module
stays as it is, so a run may be interrupted or bounded and goes on where it was. `--again` tries once more what has
lived, with today's tests. `--wide` asks the cycle's tests about what the module's own let live.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation import functions, rest
from tests.mutation.faults import Equivalent, Fate, Score, read_equivalents, score
from tests.mutation.workspace import Workspace
from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = REPO / ".mutation"
EQUIVALENTS = Path(__file__).with_name("equivalent.toml")
GOAL_PERCENT = 95.0


def main() -> int:
    """Plant, try and print; 1 when a module stays below the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.run", description=__doc__)
    parser.add_argument(
        "modules", nargs="+", metavar="MODULE", help="tg1/rules/decide.py, or a folder such as tg1/rules"
    )
    parser.add_argument("--workers", type=int, default=2, help="tests at the same time (default: 2)")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes and keep what was found")
    parser.add_argument("--again", action="store_true", help="try once more what has lived")
    parser.add_argument("--wide", action="store_true", help="ask further tests about what lives")
    given = parser.parse_args()
    deadline = None if given.minutes is None else time.monotonic() + 60 * given.minutes
    listed = read_equivalents(EQUIVALENTS)
    scores = []
    for module in _modules(given.modules):
        scores.append(_try(module, given, deadline, listed))
        _tell(scores[-1])
    print(*scores, sep="\n")
    return 1 if any(each.percent < GOAL_PERCENT for each in scores) else 0


def _modules(given: list[str]) -> Iterator[str]:
    for name in given:
        path = (REPO / name).resolve()
        every = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (str(each.relative_to(REPO)) for each in every if each.stem != "__init__")


def _try(module: str, given: argparse.Namespace, deadline: float | None, listed: list[Equivalent]) -> Score:
    own = Workspace(HOME, module)
    own.refresh()
    print(f"{module}: {' '.join(own.tests)}", flush=True)
    lived = [name for name, fate in functions.fates_in(own).items() if fate is Fate.LIVED]
    if given.again or not functions.fates_in(own) or Fate.UNTRIED in functions.fates_in(own).values():
        functions.plant(own, lived if given.again else (), workers=given.workers, secs=_left(deadline))
    rest.plant(own, secs=_left(deadline), again=given.again)
    fates = functions.fates_in(own)
    if given.wide:
        fates |= _widely(module, [name for name, fate in fates.items() if fate is Fate.LIVED], given.workers, deadline)
    return score(module, [*functions.found(own, fates), *rest.found(own)], listed)


def _widely(module: str, lived: list[str], workers: int, deadline: float | None) -> dict[str, Fate]:
    """What becomes of those that lived when further tests are asked; those that were not reached stay alive."""
    wide = Workspace(HOME, module, is_wide=True)
    if not lived or not wide.tests:
        return {}
    wide.refresh()
    print(f"{module}: {len(lived)} lived; {' '.join(wide.tests)}", flush=True)
    functions.plant(wide, lived, workers=workers, secs=_left(deadline))
    fates = functions.fates_in(wide)
    return {name: fates[name] for name in lived if fates.get(name, Fate.UNTRIED) is not Fate.UNTRIED}


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _tell(result: Score) -> None:
    for fault in result.living:
        print(f"  lived in {fault.where or 'the module'}\n    - {fault.was}\n    + {fault.becomes}")
    for one in result.stale:
        print(f"no longer true in equivalent.toml: {one.where}: {one.was!r} -> {one.becomes!r}")
    print(result, flush=True)


if __name__ == "__main__":
    sys.exit(main())
