"""What became of one level: its next value, and what that adds to the bot's state. Pure values."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import ZERO

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.models import LegOrder, OpenOrder, OrderHistoryRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One log line."""

    text: str
    severity: int = logging.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An order that somebody else ended while its leg still needs one."""

    order: LegOrder
    reason: str
    """The broker's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A level's next value, and what its move adds to counters, P&L, history and log."""

    level: OpenOrder
    quantity: int = 0
    """Signed shares for the net quantity of the level's own side (behaviour 7.1)."""
    oco_count: int = 0
    pnl: Decimal = ZERO
    """Rupees."""
    entered: bool = False
    """An entry was completed: the next `opened_seq` is used up."""
    target_filled: bool = False
    record: OrderHistoryRecord | None = None
    """Complete but for its `seq`, which the bookkeeper gives."""
    notes: tuple[Note, ...] = ()
    attention: tuple[tuple[str, str], ...] = ()
    """(key, text) pairs for the operator."""
    rejection: Rejection | None = None
    """Not counted yet: whether it is the level's or the account's fault shows only beside the others (behaviour 8)."""
    settled: LegOrder | None = None
    """An order that left without being filled whole."""
    executed: LegOrder | None = None
    """An order that left after it had traded: its broker charges for it."""

    def then(self, later: Change) -> Change:
        """Both changes as one, `later` being made from this one's level."""
        return Change(
            level=later.level,
            quantity=self.quantity + later.quantity,
            oco_count=self.oco_count + later.oco_count,
            pnl=self.pnl + later.pnl,
            entered=self.entered or later.entered,
            target_filled=self.target_filled or later.target_filled,
            record=self.record or later.record,
            notes=self.notes + later.notes,
            attention=self.attention + later.attention,
            rejection=self.rejection or later.rejection,
            settled=self.settled or later.settled,
            executed=self.executed or later.executed,
        )
