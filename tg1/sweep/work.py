"""The unit of work: one combination over the whole run of days, in whatever process it is carried out.

A bot's day begins with what the day before left (behaviour 9.3, 12), so days can't be taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import Tg1Error
from tg1.replay.lived import lived
from tg1.replay.result import to_paisa
from tg1.replay.unheard import unheard
from tg1.sweep.keys import edition

if TYPE_CHECKING:
    from datetime import date

    from tg1.config import GridOcoConfig
    from tg1.replay.days import Rig
    from tg1.replay.result import DayResult
    from tg1.sweep.packed import PackedDays


class OtherEdition(Tg1Error):
    """A worker runs another TG1 than the one that asks: another machine's, or one that changed in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One replay to be done."""

    key: str
    config: GridOcoConfig
    rig: Rig
    edition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """What is kept of a day; money in paise."""

    day: date
    price_events: int
    cycles_run: int
    fills: int
    gross: int
    charges: int
    realised: int
    worst_open: int
    open: str
    """What was held at the day's end, as `+100 SBIN in trade`, comma-separated."""
    end: str
    exit_code: int

    @property
    def net(self) -> int:
        """Gross less charges."""
        return self.gross - self.charges


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one unit of work."""

    key: str
    days: tuple[DayRow, ...]
    fault: str = ""
    """Why TG1 itself failed; such a result is not kept."""


def carried_out(prices: PackedDays, work: Work) -> Done:
    """Replay one combination. Raises `OtherEdition`."""
    if edition() != work.edition:
        raise OtherEdition(
            "a worker runs another edition of TG1 than the sweep: install the same one everywhere, and change nothing "
            "while a sweep runs; every result before is kept."
        )
    try:
        with unheard():
            return Done(key=work.key, days=tuple(map(_row, lived(work.config, work.rig, prices.tapes()))))
    except Exception as exc:  # noqa: BLE001  # one grid that breaks the engine must not end a night's sweep: it is told
        return Done(key=work.key, days=(), fault=f"{type(exc).__name__}: {exc}"[:300])


def _row(day: DayResult) -> DayRow:
    return DayRow(
        day=day.day,
        price_events=day.price_events,
        cycles_run=day.cycles_run,
        fills=day.fills,
        gross=int(to_paisa(day.gross) * 100),
        charges=int(to_paisa(day.charges.total) * 100),
        realised=int(to_paisa(day.realised) * 100),
        worst_open=int(to_paisa(day.worst_open) * 100),
        open=day.held,
        end=day.end,
        exit_code=day.exit_code,
    )
