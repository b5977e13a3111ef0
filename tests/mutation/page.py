"""The page of the scores, docs/mutation-scores.md: what was planted, what was caught, what lives and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from tests.mutation.faults import Excuses, Score

HEAD = """# Planted faults, and what the tests make of them

Made by `make mutate MODULE="tg1/rules tg1/trading" ARGS="--page docs/mutation-scores.md"`. mutmut plants faults in
functions, cosmic-ray in constants, defaults and properties, one at a time. A module's own tests are asked first, then
the engine's. What nobody could see stands in `tests/mutation/equivalent.toml`, each with its reason. Calls of the log
are left alone, and so are words that reach the log by another way. Of what remains, at least 95 % must be caught.
A run writes the rows of its modules; the others stay for as long as their source is the one that was tried.

| module | caught | planted | lives | changes nothing | words of the log | source |
|---|---|---|---|---|---|---|
"""
ROW = re.compile(r"\| `(?P<module>[^`]+)` \|.*\| (?P<source>[0-9a-f]{8}) \|")
LIVES = "## What lives"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What the page says of one module."""

    row: str
    living: tuple[str, ...]


def written(scores: Sequence[Score], excuses: Excuses, before: str = "") -> str:
    """The page, whole. Of the page `before`, what it says of modules that are as they were then, and not tried now."""
    tried = {one.module: _Entry(row=_row(one), living=_living(one)) for one in scores}
    entries = dict(sorted((_kept(before) | tried).items()))
    rows = [each.row for each in entries.values()]
    living = [line for each in entries.values() for line in each.living]
    lives = [LIVES, "", *living, ""] if living else []
    return HEAD + "\n".join([*rows, "", *_unmeasured(entries), *lives, *_reasons(entries, excuses)]) + "\n"


def _kept(before: str) -> dict[str, _Entry]:
    found = [row for line in before.splitlines() if (row := ROW.fullmatch(line)) is not None]
    lives = before.partition(LIVES)[2].partition("\n## ")[0].splitlines()
    return {
        row["module"]: _Entry(
            row=row[0], living=tuple(line for line in lives if line.startswith(_named(row["module"])))
        )
        for row in found
        if row["source"] == source_of(row["module"])
    }


def source_of(module: str) -> str:
    """What tells a module's source from an edited one; empty when it is gone."""
    path = REPO / module
    return sha256(path.read_bytes()).hexdigest()[:8] if path.exists() else ""


def _unmeasured(measured: Container[str]) -> Iterator[str]:
    every = [path for wing in ("rules", "trading") for path in sorted((REPO / "tg1" / wing).glob("*.py"))]
    missing = [str(path.relative_to(REPO)) for path in every if path.stem != "__init__"]
    missing = [f"`{name}`" for name in missing if name not in measured]
    if missing:
        yield from ("## Not measured", "", f"This page has no whole run with these tests of {', '.join(missing)}.", "")


def _row(one: Score) -> str:
    counts = (one.total - one.untried, len(one.living), one.equivalent, one.wording)
    return f"| `{one.module}` | {one.percent:.1f} % | {' | '.join(map(str, counts))} | {source_of(one.module)} |"


def _living(one: Score) -> tuple[str, ...]:
    named = _named(one.module)
    return tuple(f"{named}{each.where or 'the module'}: `{each.was}` → `{each.becomes}`" for each in one.living)


def _named(module: str) -> str:
    return f"- `{module}`, "


def _reasons(judged: Container[str], excuses: Excuses) -> Iterator[str]:
    same = [one for one in excuses.equivalents if one.module in judged]
    worded = [one for one in excuses.wordings if one.module in judged]
    yield from ("## What changes nothing", "")
    yield from (f"- everywhere: `{e.pattern}` → `{e.becomes}`: {e.reason}" for e in excuses.alike)
    yield from (f"- `{e.module}`, {e.where or 'the module'}: `{e.was}` → `{e.becomes}`: {e.reason}" for e in same)
    yield from ("", "## Whose words go to the log alone", "")
    yield from (f"- `{e.module}`, {e.where}: {e.reason}" for e in worded)
