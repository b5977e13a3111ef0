"""Whether the wall clock is to be believed when it leaves the session by a jump (behaviour 12).

A session that ends cancels every order, and a new day archives the state: neither must follow from a clock that was put
wrong for a moment. Time that really passed, in a suspend as well, is no jump: the elapsed clock goes on meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

JUMP = timedelta(minutes=2)
"""What clocks are put right by without harm."""
HELD_SECS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WallReading:
    """The wall clock as it is believed at one moment of the elapsed clock."""

    wall: datetime
    """Aware IST time that the bot goes by."""
    elapsed: float
    """Seconds of a clock that never jumps, at the same moment."""
    doubted: datetime | None = None
    """What the clock said when it jumped; None while it is believed."""
    doubted_since: float = 0.0
    """Elapsed seconds at that moment."""

    def expected(self, elapsed: float) -> datetime:
        """The believed time at a later moment."""
        return self.wall + timedelta(seconds=elapsed - self.elapsed)


def read_wall(
    before: WallReading, wall: datetime, elapsed: float, in_session: Callable[[datetime], bool]
) -> WallReading:
    """Return what is believed now that the clock says `wall`.

    A jump to more than two minutes past the end of the session, or to another day, is believed after it has held for
    60 s; until then time goes on as the elapsed clock says. `in_session` tells whether a time is one of trading.
    """
    expected = before.expected(elapsed)
    believed = WallReading(wall=wall, elapsed=elapsed)
    is_past_the_end = wall > expected and not in_session(wall - JUMP)
    leaves = in_session(expected) and (is_past_the_end or wall.date() != expected.date())
    if abs(wall - expected) <= JUMP or not leaves:
        return believed
    if before.doubted is None or abs(wall - _continued(before.doubted, elapsed - before.doubted_since)) > JUMP:
        return WallReading(wall=expected, elapsed=elapsed, doubted=wall, doubted_since=elapsed)
    if elapsed - before.doubted_since >= HELD_SECS:
        return believed
    return replace(before, wall=expected, elapsed=elapsed)


def _continued(moment: datetime, secs: float) -> datetime:
    return moment + timedelta(seconds=secs)
