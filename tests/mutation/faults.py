"""Planted faults and what became of them, the listed ones that change nothing, and the score of a module.

What a fault is called is what it changes (`was`, `becomes`) and in which function, not a tool's number: the list of
equivalent faults outlives every edit elsewhere in the module.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Fate(StrEnum):
    """What the tests made of a fault."""

    CAUGHT = "caught"
    HUNG = "hung"
    """The tests did not come to an end, which is a way to be seen."""
    LIVED = "lived"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One change of one module."""

    where: str
    """The function, or "Class.method"; empty outside of functions."""
    was: str
    becomes: str
    fate: Fate

    @property
    def change(self) -> tuple[str, str, str]:
        """What names it."""
        return self.where, self.was, self.becomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A change that no test can see, and why."""

    module: str
    where: str
    was: str
    becomes: str
    reason: str

    @property
    def change(self) -> tuple[str, str, str]:
        """What names it."""
        return self.where, self.was, self.becomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A module's faults, counted."""

    module: str
    total: int
    seen: int
    """Caught or hung."""
    equivalent: int
    untried: int
    living: tuple[Fault, ...]
    stale: tuple[Equivalent, ...]
    """Listed as equivalent, but caught or no longer planted."""

    @property
    def percent(self) -> float:
        """How many of those that were tried and change something were seen."""
        judged = self.seen + len(self.living)
        return 100.0 * self.seen / judged if judged else 100.0

    def __str__(self) -> str:
        tried = f"{self.total:>5} planted {self.untried:>5} untried {self.seen:>5} caught {len(self.living):>4} lived"
        return f"{self.module:<34} {self.percent:>6.1f} % {tried} {self.equivalent:>4} equivalent"


def score(module: str, faults: Iterable[Fault], listed: Iterable[Equivalent]) -> Score:
    """Count; `module` is a path such as "tg1/rules/decide.py"."""
    every = list(faults)
    mine = [one for one in listed if one.module == module]
    harmless = {one.change for one in mine}
    lived = [fault for fault in every if fault.fate is Fate.LIVED]
    lived_changes = {fault.change for fault in lived}
    return Score(
        module=module,
        total=len(every),
        seen=sum(fault.fate in (Fate.CAUGHT, Fate.HUNG) for fault in every),
        equivalent=sum(fault.change in harmless for fault in lived),
        untried=sum(fault.fate is Fate.UNTRIED for fault in every),
        living=tuple(fault for fault in lived if fault.change not in harmless),
        stale=tuple(one for one in mine if one.change not in lived_changes),
    )


def read_equivalents(path: Path) -> list[Equivalent]:
    """The list in a TOML file of `[[equivalent]]` tables."""
    return [Equivalent(**table) for table in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])]


def change_of(diff: str) -> tuple[str, str]:
    """The lines that a unified diff takes away and adds, each side on one line."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    return _side(lines, "-"), _side(lines, "+")


def _side(lines: list[str], sign: str) -> str:
    return " ".join(line[1:].strip() for line in lines if line.startswith(sign))
