"""Planted faults and what became of them, the listed ones that change nothing, and the score of a module.

What a fault is called is what it changes (`was`, `becomes`) and in which function, not a tool's number: the list of
equivalent faults outlives every edit elsewhere in the module.
"""

from __future__ import annotations

import re
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
class Wording:
    """A function whose literal words go to the log alone: faults that change nothing but them are not judged."""

    module: str
    where: str
    reason: str
    saying: str = ""
    """Which lines of the function: those that hold this. Empty: all."""

    def excuses(self, module: str, fault: Fault) -> bool:
        """Whether the fault changes nothing but these words."""
        is_here = (module, fault.where) == (self.module, self.where) and self.saying in fault.was
        return is_here and changes_words_alone(fault.was, fault.becomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """A kind of change that no test can see in any module, as a pattern and what it is replaced by, once."""

    pattern: str
    becomes: str
    reason: str

    def excuses(self, fault: Fault) -> bool:
        """Whether the fault is one such change."""
        places = re.finditer(self.pattern, fault.was)
        changed = (fault.was[: at.start()] + at.expand(self.becomes) + fault.was[at.end() :] for at in places)
        return fault.becomes in changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Excuses:
    """What `equivalent.toml` holds."""

    alike: tuple[Alike, ...] = ()
    equivalents: tuple[Equivalent, ...] = ()
    wordings: tuple[Wording, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A module's faults, counted."""

    module: str
    total: int
    seen: int
    """Caught or hung."""
    equivalent: int
    wording: int
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
        excused = f"{self.equivalent:>4} equivalent {self.wording:>4} of the log's words"
        return f"{self.module:<34} {self.percent:>6.1f} % {tried} {excused}"


def score(module: str, faults: Iterable[Fault], excuses: Excuses) -> Score:
    """Count; `module` is a path such as "tg1/rules/decide.py"."""
    every = list(faults)
    mine = [one for one in excuses.equivalents if one.module == module]
    harmless = {one.change for one in mine}
    lived = [fault for fault in every if fault.fate is Fate.LIVED]
    lived_changes = {fault.change for fault in lived}
    worded = [fault for fault in lived if any(one.excuses(module, fault) for one in excuses.wordings)]
    same = [fault for fault in lived if fault.change in harmless or any(one.excuses(fault) for one in excuses.alike)]
    return Score(
        module=module,
        total=len(every),
        seen=sum(fault.fate in (Fate.CAUGHT, Fate.HUNG) for fault in every),
        equivalent=len(same),
        wording=len(worded),
        untried=sum(fault.fate is Fate.UNTRIED for fault in every),
        living=tuple(fault for fault in lived if fault not in same and fault not in worded),
        stale=tuple(one for one in mine if one.change not in lived_changes),
    )


def read_excuses(path: Path) -> Excuses:
    """The list in a TOML file of `[[alike]]`, `[[equivalent]]` and `[[wording]]` tables."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return Excuses(
        alike=tuple(Alike(**table) for table in tables.get("alike", [])),
        equivalents=tuple(Equivalent(**table) for table in tables.get("equivalent", [])),
        wordings=tuple(Wording(**table) for table in tables.get("wording", [])),
    )


def changes_words_alone(was: str, becomes: str) -> bool:
    """Whether the two are the same but for what stands between quotation marks, or for words that became None."""
    blank = _without_words(was)
    return blank in (_without_words(becomes), _without_words(becomes.replace("None", '""')))


def _without_words(code: str) -> str:
    return re.sub(r"""[bfruBFRU]*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", '""', code)


def change_of(diff: str) -> tuple[str, str]:
    """The lines that a unified diff takes away and adds, each side on one line."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    return _side(lines, "-"), _side(lines, "+")


def _side(lines: list[str], sign: str) -> str:
    return " ".join(line[1:].strip() for line in lines if line.startswith(sign))
