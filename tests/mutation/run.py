"""`python -m tests.mutation.run MODULE…`: plants faults in a module, one at a time, and asks its tests about each.

A module is a file or a folder of them. What was tried is kept in `.mutation/` and not tried again while the module
stays as it is, so a run may be interrupted or bounded and goes on where it was. `--again` tries once more what has
lived, with today's tests. What the module's own tests let live is asked of the cycle's tests, too, unless `--own` is
given. `--page FILE` writes the scores down, beside those of other modules that stand there and are still true.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mutation import functions, page, rest
from tests.mutation.faults import Excuses, Fate, Score, read_excuses, score
from tests.mutation.workspace import Workspace
from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    parser.add_argument("--own", action="store_true", help="ask the module's own tests alone")
    parser.add_argument("--page", type=Path, help="write the scores into this file")
    given = parser.parse_args()
    deadline = None if given.minutes is None else time.monotonic() + 60 * given.minutes
    excuses = read_excuses(EQUIVALENTS)
    scores = []
    for module in _modules(given.modules):
        scores.append(_try(module, given, deadline, excuses))
        _tell(scores[-1])
    print(*scores, sep="\n")
    if given.page is not None:
        before = given.page.read_text(encoding="utf-8") if given.page.exists() else ""
        given.page.write_text(page.written(scores, excuses, before), encoding="utf-8")
    return 1 if any(each.percent < GOAL_PERCENT for each in scores) else 0


def _modules(given: list[str]) -> Iterator[str]:
    for name in given:
        path = (REPO / name).resolve()
        every = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (str(each.relative_to(REPO)) for each in every if each.stem != "__init__")


def _try(module: str, given: argparse.Namespace, deadline: float | None, excuses: Excuses) -> Score:
    own, wide = Workspace(HOME, module), Workspace(HOME, module, is_wide=True)
    own.refresh()
    print(f"{module}: {' '.join(own.tests)}", flush=True)
    before = functions.fates_in(own)
    has_functions = bool(functions.lines_looked_into((own.tree / module).read_text(encoding="utf-8")))
    if has_functions and (given.again or not before or Fate.UNTRIED in before.values()):
        functions.plant(own, _lived(before) if given.again else (), workers=given.workers, secs=_left(deadline))
    rest.plant(own, () if given.own else wide.tests, secs=_left(deadline), again=given.again)
    constants, plain = rest.found(own), functions.found(own, functions.fates_in(own))
    if not given.own:
        asked = score(module, plain.values(), excuses).living
        lived = [name for name, fault in plain.items() if fault in asked]
        seen = _widely(wide, lived, given, deadline)
        plain |= {name: replace(plain[name], fate=fate) for name, fate in seen.items()}
    return score(module, [*plain.values(), *constants], excuses)


def _widely(wide: Workspace, lived: list[str], given: argparse.Namespace, deadline: float | None) -> dict[str, Fate]:
    """Those of them that further tests see. What is excused is not asked, for it would take every one of them."""
    if not lived or not wide.tests:
        return {}
    wide.refresh()
    before = functions.fates_in(wide)
    asked = [name for name in lived if given.again or before.get(name, Fate.UNTRIED) is Fate.UNTRIED]
    if asked:
        print(f"{wide.module}: {len(asked)} lived; {' '.join(wide.tests)}", flush=True)
        functions.plant(wide, asked, workers=given.workers, secs=_left(deadline))
    fates = functions.fates_in(wide)
    return {name: fates[name] for name in lived if fates.get(name) in (Fate.CAUGHT, Fate.HUNG)}


def _lived(fates: Mapping[str, Fate]) -> list[str]:
    return [name for name, fate in fates.items() if fate is Fate.LIVED]


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
