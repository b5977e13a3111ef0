"""What the doctor found: a traffic light, a sentence, and what to do. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tg1.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence


class Light(StrEnum):
    """How bad it is."""

    GREEN = "green"
    YELLOW = "yellow"
    """Worth a look; a bot may be started."""
    RED = "red"
    """A bot would refuse to start, or trade badly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor."""

    check: str
    """What was looked at, in a word or two, e.g. "disk" or "book upside_oco"."""
    light: Light
    told: str
    """What was found, a sentence without its full stop."""
    remedy: str = ""
    """What to do, a sentence; every red one has it."""
    unreachable: bool = False
    """A server did not answer, or refused the login: no fault of this machine's settings."""

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {"check": self.check, "light": str(self.light), "told": self.told, "remedy": self.remedy}


def green(check: str, told: str) -> Finding:
    """All is well."""
    return Finding(check=check, light=Light.GREEN, told=told)


def yellow(check: str, told: str, remedy: str = "") -> Finding:
    """Worth a look."""
    return Finding(check=check, light=Light.YELLOW, told=told, remedy=remedy)


def red(check: str, told: str, remedy: str, *, unreachable: bool = False) -> Finding:
    """Something to mend first."""
    return Finding(check=check, light=Light.RED, told=told, remedy=remedy, unreachable=unreachable)


def exit_of(findings: Sequence[Finding]) -> ExitCode:
    """0 without a red one; 4 when servers out of reach are all that is red; else 1 (behaviour 14)."""
    bad = [each for each in findings if each.light is Light.RED]
    if not bad:
        return ExitCode.OK
    return ExitCode.UNREACHABLE if all(each.unreachable for each in bad) else ExitCode.FAILED


_WORDS = {Light.GREEN: "ok", Light.YELLOW: "look", Light.RED: "BAD"}
_COLOURS = {Light.GREEN: "32", Light.YELLOW: "33", Light.RED: "1;31"}


def lines_of(finding: Finding, *, colours: bool) -> str:
    """One line, and a second one with what to do."""
    word = f"{_WORDS[finding.light]:5}"
    if colours:
        word = f"\x1b[{_COLOURS[finding.light]}m{word}\x1b[0m"
    line = f"{word} {finding.check:22} {finding.told}."
    return f"{line}\n      -> {finding.remedy}" if finding.remedy else line


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    counts = {light: sum(each.light is light for each in findings) for light in Light}
    if not counts[Light.RED]:
        return f"Nothing is red; {counts[Light.YELLOW]} of {len(findings)} are worth a look."
    return f"{counts[Light.RED]} of {len(findings)} are red: mend those before a bot is started."
