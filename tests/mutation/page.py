"""The page of the scores, docs/mutation-scores.md: what was planted, what was caught, what lives and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.mutation.faults import Excuses, Fault, Score

HEAD = """# Planted faults, and what the tests make of them

Made by `make mutate MODULE="tg1/rules tg1/trading" ARGS="--page docs/mutation-scores.md"`. mutmut plants faults in
functions, cosmic-ray in constants, defaults and properties, one at a time. A module's own tests are asked first, then
the engine's. What nobody could see stands in `tests/mutation/equivalent.toml`, each with its reason. Calls of the log
are left alone, and so are words that reach the log by another way. Of what remains, at least 95 % must be caught.

| module | caught | planted | lives | changes nothing | words of the log |
|---|---|---|---|---|---|
"""


def written(scores: Sequence[Score], excuses: Excuses) -> str:
    """The page, whole."""
    rows = [_row(each) for each in scores]
    return HEAD + "\n".join([*rows, "", *_unmeasured(scores), *_living(scores), *_reasons(scores, excuses)]) + "\n"


def _unmeasured(scores: Sequence[Score]) -> Iterator[str]:
    every = [path for wing in ("rules", "trading") for path in sorted((REPO / "tg1" / wing).glob("*.py"))]
    measured = {one.module for one in scores}
    missing = [str(path.relative_to(REPO)) for path in every if path.stem != "__init__"]
    missing = [f"`{name}`" for name in missing if name not in measured]
    if missing:
        yield from ("## Not measured", "", f"This page has no whole run with these tests of {', '.join(missing)}.", "")


def _row(one: Score) -> str:
    counts = (one.total - one.untried, len(one.living), one.equivalent, one.wording)
    return f"| `{one.module}` | {one.percent:.1f} % | {' | '.join(map(str, counts))} |"


def _living(scores: Sequence[Score]) -> Iterator[str]:
    living = [(one.module, fault) for one in scores for fault in one.living]
    if living:
        yield from ("## What lives", "", *(_change(module, fault) for module, fault in living), "")


def _change(module: str, fault: Fault) -> str:
    return f"- `{module}`, {fault.where or 'the module'}: `{fault.was}` → `{fault.becomes}`"


def _reasons(scores: Sequence[Score], excuses: Excuses) -> Iterator[str]:
    judged = {one.module for one in scores}
    same = [one for one in excuses.equivalents if one.module in judged]
    worded = [one for one in excuses.wordings if one.module in judged]
    yield from ("## What changes nothing", "")
    yield from (f"- everywhere: `{e.pattern}` → `{e.becomes}`: {e.reason}" for e in excuses.alike)
    yield from (f"- `{e.module}`, {e.where or 'the module'}: `{e.was}` → `{e.becomes}`: {e.reason}" for e in same)
    yield from ("", "## Whose words go to the log alone", "")
    yield from (f"- `{e.module}`, {e.where}: {e.reason}" for e in worded)
