"""Hedges that should have filled and have not (architecture 13, behaviour 7.4). No I/O, no clock: seconds come in."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import TradeSide
from tg1.rules.brackets import is_passed

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from tg1.models import OpenOrder
    from tg1.rules.given import Moment

UNTRIGGERED_SECS = 15.0
"""A level counts when TokenB has been at or beyond its OCO price in every judged cycle for so long."""


Steps = Sequence[tuple[float, Decimal]]
"""Changes of a price, oldest first: how many seconds ago, and rupees."""


def passed_secs(level: OpenOrder, steps: Steps) -> float:
    """For how long a price has been at or beyond the level's OCO price without a break, as far as `steps` reach."""
    run = itertools.takewhile(lambda step: is_passed(level, step[1]), reversed(steps))
    return max((secs for secs, _ in run), default=0.0)


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
    _judged: dict[TradeSide, tuple[float, set[str]]] = field(default_factory=dict)
    """When a half was judged last, and the levels that were."""

    def look(
        self, levels: Iterable[OpenOrder], moment: Moment, blind: Container[TradeSide], steps: Steps = ()
    ) -> dict[TradeSide, int]:
        """Judge one cycle; return how many levels of each half count as untriggered now.

        `steps` are the last changes of TokenB's price (`Quote.steps`), for a bot that was kept waiting since its last
        look: a hedge that was passed meanwhile is overdue from that tick on, not from the first look at it.
        """
        open_levels = [level for level in levels if level.is_open]
        return {
            side: self._judge(
                [level for level in open_levels if level.trade_side is side],
                side,
                moment,
                None if side in blind else steps,
            )
            for side in TradeSide
        }

    def _judge(self, levels: list[OpenOrder], side: TradeSide, moment: Moment, steps: Steps | None) -> int:
        """`steps` is None for a half that can't be seen."""
        if moment.price_b is None or steps is None:
            self._judged.pop(side, None)
            return 0
        judged_at, known = self._judged.get(side, (moment.monotonic, set()))
        elapsed = moment.monotonic - judged_at
        self._judged[side] = (moment.monotonic, {level.uuid for level in levels})
        passed = [level for level in levels if is_passed(level, moment.price_b)]
        heard = {level.uuid: min(elapsed, passed_secs(level, steps)) for level in passed if level.uuid in known}
        self._secs[side] = _longer(self._secs.get(side, {}), passed, elapsed, {})
        self._naked_secs[side] = _longer(self._naked_secs.get(side, {}), passed, elapsed, heard)
        return sum(secs >= UNTRIGGERED_SECS for secs in self._secs[side].values())

    def overdue(self, secs: float) -> set[str]:
        """The uuids of the levels whose OCO price has been passed for so many judged seconds, whatever else filled."""
        return {uuid for half in self._naked_secs.values() for uuid, passed in half.items() if passed >= secs}

    def is_pending(self, secs: float) -> bool:
        """True while a hedge of a half that can be judged is passed, but not yet for so many seconds."""
        return any(passed < secs for side in self._judged for passed in self._naked_secs[side].values())

    def note_progress(self, levels: Iterable[OpenOrder], side: TradeSide) -> None:
        """A hedge of that half filled: those that still wait for a place have not failed, and begin anew."""
        waiting = {level.uuid for level in levels if level.trade_side is side and level.oco_order is None}
        self._secs[side] = {uuid: secs for uuid, secs in self._secs.get(side, {}).items() if uuid not in waiting}

    def begin_anew(self) -> None:
        """A new trading day."""
        self._secs.clear()
        self._naked_secs.clear()
        self._judged.clear()


def _longer(
    before: Mapping[str, float], passed: Iterable[OpenOrder], elapsed: float, begun: Mapping[str, float]
) -> dict[str, float]:
    """The seconds of each level that is passed: `elapsed` more, or what stands in `begun` for one that is new."""
    return {lv.uuid: before[lv.uuid] + elapsed if lv.uuid in before else begun.get(lv.uuid, 0.0) for lv in passed}
