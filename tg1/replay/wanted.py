"""Which prices a replay asks for, and in which order a bar's four happened. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from tg1.replay.jumps import Confirmed


class BarPath(StrEnum):
    """In which order a bar's prices happened; a bar does not say (docs/data.md)."""

    LOW_FIRST = "low-first"
    """Open, low, high, close when the bar closed no lower than it opened, else open, high, low, close."""
    HIGH_FIRST = "high-first"
    """The mirror of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which prices a replay asks for."""

    symbol_a: str
    symbol_b: str = ""
    """Empty without a hedge."""
    first_day: date | None = None
    last_day: date | None = None
    path: BarPath = BarPath.LOW_FIRST
    confirmed: Confirmed = frozenset()
    """Jumps over a night that a person has found right."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """TokenA, and TokenB where there is one."""
        return (self.symbol_a, self.symbol_b) if self.symbol_b else (self.symbol_a,)

    def covers(self, day: date) -> bool:
        """True for a day inside the range."""
        return (self.first_day is None or day >= self.first_day) and (self.last_day is None or day <= self.last_day)
