"""One look over everything, as a value that the page, the metrics and the alerts share. PURE."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tg1.told.events import Event
    from tg1.told.found import Found
    from tg1.told.judge import Judgement
    from tg1.watch.day import DayCurve


LONGEST_NAME = 80
"""Characters of a bot's name as it is shown."""
UNPRINTABLE = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBot:
    """One bot as it was found."""

    key: str
    """The place of its files."""
    name: str
    """What tells it from the others: its name, with "(paper)" and its folder where that is needed."""
    found: Found
    judgement: Judgement
    curve: DayCurve | None
    events: Sequence[Event]
    """The last of them, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Every bot at one moment."""

    at: datetime
    """Aware, IST."""
    mono: float
    """Monotonic seconds: how long ago it was."""
    bots: tuple[SeenBot, ...] = ()
    faults: tuple[str, ...] = ()
    """Folders that are not there yet or can't be read, a sentence each."""
    owed: int = 0
    """Alerts that wait for a target."""


def names_of(found: Sequence[Found]) -> list[str]:
    """A name for each that no other has; the folder is in it where bots of one name are in several.

    They are bounded and hold nothing that a message or a page could not carry: a file's name may be anything.
    """
    plain = [f"{_fit(each.name)} (paper)" if each.is_paper else _fit(each.name) for each in found]
    counts = Counter(plain)
    return [
        name if counts[name] == 1 else f"{name} in {_printable(f'{each.folder}/{each.stem}')}"
        for name, each in zip(plain, found, strict=True)
    ]


def _fit(name: str) -> str:
    name = _printable(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else UNPRINTABLE for char in text)
