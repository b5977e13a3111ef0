"""Follows the operator's pause of entries: taken over once, kept in the state, its resting entries withdrawn."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.models import Side
from tg1.rules.pausing import entries_to_withdraw

if TYPE_CHECKING:
    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)


def follow_wishes(parts: Parts, moment: Moment) -> None:
    """Take over what the operator wished last, and withdraw entries of paused sides. The caller saves."""
    state = parts.state
    wish = parts.wishes.latest() if parts.wishes is not None else None
    if wish is not None and wish.id != state.pause_seen:
        state.pause_seen = wish.id
        state.paused_sides = [side for side in Side if side in wish.paused]
        log.warning("By the operator's wish: %s", pause_text(state.paused_sides))
    if not state.paused_sides:
        return
    for level in entries_to_withdraw(state.levels.values(), state.paused_sides):
        if level.order is not None:
            parts.desk.cancel(level, level.order, "the operator paused this side", moment)


def pause_text(paused: list[Side]) -> str:
    """What may be opened, as a sentence."""
    if not paused:
        return "entries are placed again on both sides"
    if len(paused) == len(Side):
        return "no new entries; open levels keep their targets and hedges"
    return f"no new {paused[0]} entries; open levels keep their targets and hedges"
