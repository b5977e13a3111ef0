"""Hedges that should have filled and have not (architecture 13, behaviour 7.4). No I/O, no clock: seconds come in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.models import TradeSide
from tg1.rules.brackets import is_passed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from tg1.models import OpenOrder
    from tg1.rules.given import Moment

UNTRIGGERED_SECS = 15.0
"""A level counts when TokenB has been at or beyond its OCO price in every judged cycle for so long."""


@dataclass(slots=True)
class UntriggeredWatch:
    """For how long TokenB has been at or beyond each level's OCO price.

    A cycle is judged for a half of the grid when TokenB's price is fresh and the half's OCO account can be seen. Time
    between two judged cycles counts; while one can't be judged, the watch stands still. It lives with the process: a
    start, a resume and a new day begin anew.
    """

    _secs: dict[TradeSide, dict[str, float]] = field(default_factory=dict)
    _naked_secs: dict[TradeSide, dict[str, float]] = field(default_factory=dict)
    """The same, whatever else filled meanwhile: a person is told of every level that stays naked."""
    _judged_at: dict[TradeSide, float] = field(default_factory=dict)

    def look(self, levels: Iterable[OpenOrder], moment: Moment, blind: Container[TradeSide]) -> dict[TradeSide, int]:
        """Judge one cycle; return how many levels of each half count as untriggered now."""
        open_levels = [level for level in levels if level.is_open]
        return {
            side: self._judge([lv for lv in open_levels if lv.trade_side is side], side, moment, seen=side not in blind)
            for side in TradeSide
        }

    def _judge(self, levels: list[OpenOrder], side: TradeSide, moment: Moment, *, seen: bool) -> int:
        if moment.price_b is None or not seen:
            self._judged_at.pop(side, None)
            return 0
        passed_secs = moment.monotonic - self._judged_at.get(side, moment.monotonic)
        passed = [level.uuid for level in levels if is_passed(level, moment.price_b)]
        self._judged_at[side] = moment.monotonic
        for secs in (self._secs, self._naked_secs):
            before = secs.get(side, {})
            secs[side] = {uuid: before[uuid] + passed_secs if uuid in before else 0.0 for uuid in passed}
        return sum(secs >= UNTRIGGERED_SECS for secs in self._secs[side].values())

    def overdue(self, secs: float) -> set[str]:
        """The uuids of the levels whose OCO price has been passed for so many judged seconds, whatever else filled."""
        return {uuid for half in self._naked_secs.values() for uuid, passed in half.items() if passed >= secs}

    def note_progress(self, levels: Iterable[OpenOrder], side: TradeSide) -> None:
        """A hedge of that half filled: those that still wait for a place have not failed, and begin anew."""
        waiting = {level.uuid for level in levels if level.trade_side is side and level.oco_order is None}
        self._secs[side] = {uuid: secs for uuid, secs in self._secs.get(side, {}).items() if uuid not in waiting}

    def begin_anew(self) -> None:
        """A new trading day."""
        self._secs.clear()
        self._naked_secs.clear()
