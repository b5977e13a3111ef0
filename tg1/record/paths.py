"""Where a bot's recorded days are. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "records"
"""In the state folder."""
PLAIN, PACKED = ".jsonl", ".jsonl.gz"
"""A day that may still grow, and one that is over."""


@dataclass(frozen=True, slots=True)
class RecordPaths:
    """The recorded days of one bot, by the stem of its names (`tg1.machine.files.file_stem`)."""

    folder: Path
    """The folder of all records."""
    stem: str

    def plain(self, day: date) -> Path:
        """The file of a day that may still grow."""
        return self.folder / f"{self.stem}_{day:%Y-%m-%d}{PLAIN}"

    def packed(self, day: date) -> Path:
        """The file of a day that is over."""
        return self.folder / f"{self.stem}_{day:%Y-%m-%d}{PACKED}"

    def days(self, names: Iterable[str]) -> dict[date, list[str]]:
        """The names among `names` that are days of this bot, by day; a packed file comes before its plain one."""
        found: dict[date, list[str]] = {}
        for name in sorted(names, reverse=True):
            day = self._day_of(name)
            if day is not None:
                found.setdefault(day, []).append(name)
        return dict(sorted(found.items()))

    def _day_of(self, name: str) -> date | None:
        for ending in (PACKED, PLAIN):
            if name.startswith(f"{self.stem}_") and name.endswith(ending):
                text = name[len(self.stem) + 1 : -len(ending)]
                try:
                    return date.fromisoformat(text) if len(text) == len("2026-11-25") else None
                except ValueError:
                    return None
        return None


def is_record(name: str) -> bool:
    """True for a file name that a record may have."""
    return name.lower().endswith((PLAIN, PACKED))
