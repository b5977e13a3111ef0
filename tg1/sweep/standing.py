"""How each combination stands on the first days and on the rest. PURE. Money in paise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from tg1.sweep.combinations import Combination
    from tg1.sweep.work import DayRow

_LIVED = (ExitCode.OK, ExitCode.TERMINATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some days of one combination."""

    days: int
    gross: int
    charges: int
    fills: int
    stood_still: int
    """Days on which the bot did not start, because it had ended itself before."""
    worst_open: int
    """The deepest of the days; 0 or negative."""

    @property
    def net(self) -> int:
        """Gross less charges."""
        return self.gross - self.charges


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One combination that was tried."""

    combination: Combination
    first: Part
    rest: Part
    nets: tuple[int, ...]
    """Of each day."""
    open: str
    """What was held after the last day."""
    ends: tuple[tuple[str, int], ...]
    """How the days that the bot lived ended, and how many of them did, most frequent first."""
    rank: int = 0
    """By the net of the first days, from 1."""
    rest_rank: int = 0
    """By the net of the rest; 0 when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """All that came of a sweep."""

    days: tuple[date, ...]
    first: int
    """How many of them are chosen on."""
    best_first: tuple[Standing, ...]
    """By their net on the first days, best first; at equal nets in the order of the combinations."""
    refused: tuple[str, ...]
    """What the bot said to the others, before or at its start."""

    @property
    def rest(self) -> int:
        """How many days are judged on."""
        return len(self.days) - self.first

    @property
    def is_judged(self) -> bool:
        """True when there are days to judge on."""
        return self.rest > 0


def tried(
    lived: Iterable[tuple[Combination, Sequence[DayRow]]], days: Sequence[date], first: int, refused: Sequence[str]
) -> Tried:
    """Rank what was lived; a bot that refused to start on every day was not tried."""
    found: list[Standing] = []
    said = list(refused)
    for combination, rows in lived:
        if all(row.exit_code == ExitCode.USAGE for row in rows):
            said.append(rows[0].end)
        else:
            found.append(_standing(combination, rows, first))
    return Tried(days=tuple(days), first=first, best_first=_ranked(found, len(days) - first), refused=tuple(said))


def _standing(combination: Combination, rows: Sequence[DayRow], first: int) -> Standing:
    ends = Counter(row.end.partition(":")[0] for row in rows if row.exit_code in _LIVED)
    return Standing(
        combination=combination,
        first=_part(rows[:first]),
        rest=_part(rows[first:]),
        nets=tuple(row.net for row in rows),
        open=rows[-1].open,
        ends=tuple(ends.most_common()),
    )


def _part(rows: Sequence[DayRow]) -> Part:
    return Part(
        days=len(rows),
        gross=sum(row.gross for row in rows),
        charges=sum(row.charges for row in rows),
        fills=sum(row.fills for row in rows),
        stood_still=sum(row.exit_code not in _LIVED for row in rows),
        worst_open=min((row.worst_open for row in rows), default=0),
    )


def _ranked(found: list[Standing], rest: int) -> tuple[Standing, ...]:
    from_first = sorted(found, key=lambda one: (-one.first.net, one.combination.number))
    numbers = [one.combination.number for one in sorted(found, key=lambda one: (-one.rest.net, one.combination.number))]
    rest_rank = {number: rank for rank, number in enumerate(numbers, 1)} if rest else {}
    return tuple(
        replace(one, rank=rank, rest_rank=rest_rank.get(one.combination.number, 0))
        for rank, one in enumerate(from_first, 1)
    )
