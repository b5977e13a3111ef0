"""The level machine: one table of the moves that a level can make (architecture 6), and the waist that enforces it.

A level's state is derived from its fields (`OpenOrder.state`), so two things must agree: what the fields say and what
the table allows. Every change of a level goes through `move`, which names the event, or through `stay`; both raise
`IllegalMove` and change nothing when the fields end up elsewhere.

Why the table looks as it does:

- An order's place is filled by its intent, before anything leaves this machine, and emptied only by the order's last
  word, a readable refusal, or proof that it never arrived: ENTRY_SENT and ENTRY_GONE, TARGET_SENT and TARGET_GONE.
- The hedge's own order moves nothing until it has filled whole: a level may hold one, or none, in any open state.
- TARGET_FILLED is left only when the hedge's order has its last word: its cancel may lose to a fill, and that fill must
  find its level (behaviour 4.6, 6.5).
- OCO_FILLED is for good although its target may still have to end: that end moves nothing, whatever it brings.
- A round trip ends in RESET, or in RETIRED: without re-entry, or when both sides filled (behaviour 1.5, 6.5).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tg1.errors import IllegalMove
from tg1.models import LegOrder, LevelState, OpenOrder, Role

if TYPE_CHECKING:
    from collections.abc import Mapping


class LevelEvent(StrEnum):
    """What moves a level."""

    ENTRY_SENT = "entry sent"
    """Its intent was written, or an order of it was found in the book."""
    ENTRY_GONE = "entry gone, nothing filled"
    ENTRY_FILLED = "entry filled, whole or as far as it will"
    TARGET_SENT = "target sent"
    TARGET_GONE = "target gone, shares still open"
    TARGET_FILLED = "target filled whole"
    OCO_FILLED = "hedge filled whole"
    RESET = "round trip over"
    RETIRED = "round trip over for good"


MOVES: Mapping[LevelState, Mapping[LevelEvent, LevelState]] = {
    LevelState.FRESH: {LevelEvent.ENTRY_SENT: LevelState.ENTRY_PLACED},
    LevelState.ENTRY_PLACED: {
        LevelEvent.ENTRY_GONE: LevelState.FRESH,
        LevelEvent.ENTRY_FILLED: LevelState.TARGET_READY,
    },
    LevelState.TARGET_READY: {
        LevelEvent.TARGET_SENT: LevelState.TARGET_PLACED,
        LevelEvent.OCO_FILLED: LevelState.OCO_FILLED,
    },
    LevelState.TARGET_PLACED: {
        LevelEvent.TARGET_GONE: LevelState.TARGET_READY,
        LevelEvent.TARGET_FILLED: LevelState.TARGET_FILLED,
        LevelEvent.OCO_FILLED: LevelState.OCO_FILLED,
    },
    LevelState.TARGET_FILLED: {
        LevelEvent.RESET: LevelState.FRESH,
        LevelEvent.RETIRED: LevelState.CLOSED,
        LevelEvent.OCO_FILLED: LevelState.OCO_FILLED,
    },
    LevelState.OCO_FILLED: {},
    LevelState.CLOSED: {},
}


def move(level: OpenOrder, event: LevelEvent, **fields: Any) -> OpenOrder:
    """`level` with `fields`, moved by `event`; `IllegalMove` when the table or the fields say otherwise."""
    after = replace(level, **fields)
    if MOVES[level.state].get(event) is not after.state:
        raise IllegalMove(f"{_name(level)} can't go from {level.state} to {after.state} by {event!r}")
    return after


def stay(level: OpenOrder, **fields: Any) -> OpenOrder:
    """`level` with `fields` that must not move it; `IllegalMove` when they would."""
    after = replace(level, **fields)
    if after.state is not level.state:
        raise IllegalMove(f"{_name(level)} would go from {level.state} to {after.state} by itself")
    return after


def _name(level: OpenOrder) -> str:
    return f"{level.trade_side} level {level.level} ({level.uuid})"


def placed(level: OpenOrder, order: LegOrder) -> OpenOrder:
    """The level with an order in an empty place: an intent, or one that was found in the book."""
    if order.role is Role.OCO:
        return stay(level, oco_order=order)
    return move(level, LevelEvent.ENTRY_SENT if order.role is Role.ENTRY else LevelEvent.TARGET_SENT, order=order)


def updated(level: OpenOrder, order: LegOrder) -> OpenOrder:
    """The level with more known of an order that it holds already."""
    return stay(level, oco_order=order) if order.role is Role.OCO else stay(level, order=order)


def freed(level: OpenOrder, role: Role) -> OpenOrder:
    """The level without its order of that role, which ended without adding anything."""
    if role is Role.OCO:
        return stay(level, oco_order=None)
    if level.state is LevelState.ENTRY_PLACED:
        return move(level, LevelEvent.ENTRY_GONE, order=None)
    if level.state is LevelState.TARGET_PLACED:
        return move(level, LevelEvent.TARGET_GONE, order=None)
    return stay(level, order=None)
