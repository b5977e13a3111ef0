"""The operator's pause: which sides may open nothing new, and which resting entries it withdraws. Pure.

A pause is about entries alone: what is open keeps its target and its hedge. A trader who pauses buys wants no more of
them, so an entry that rests already is withdrawn as well; what it filled in part goes on to target and hedge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tg1.models import OpenOrder, Side


def may_open(level: OpenOrder, paused: Iterable[Side]) -> bool:
    """False while the operator has paused the side of the level's entry."""
    return level.entry_direction not in paused


def entries_to_withdraw(levels: Iterable[OpenOrder], paused: Iterable[Side]) -> list[OpenOrder]:
    """Levels whose entry works, or may work, although its side is paused."""
    return [
        level
        for level in levels
        if level.order is not None and level.order.role is Role.ENTRY and not may_open(level, paused)
    ]
