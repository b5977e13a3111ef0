"""Orders that are rejected again and again: when the next try is due, and when a person is told (behaviour 8). Pure.

A leg is what places orders for a level: its entry and its target share one count, its hedge has its own.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import NO_BACKOFF, Backoff, Role
from tg1.rules.change import Change, Note, Rejection
from tg1.rules.timing import has_waited
from tg1.rules.transitions import freed, stay

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.models import LegOrder, OpenOrder

TOLD_AT = 5
"""Rejections in a row at which an entry pauses, and at which a person is told of a target or hedge."""
LONGEST_BACKOFF_SECS = 60
PASSED_BACKOFF_SECS = 10
"""The longest wait of a hedge whose price TokenB has passed: its position is naked until then."""
RESTED_SECS = 60.0
"""An order that was seen working for so long since its placement was a success, whoever ends it later."""


def is_due(backoff: Backoff, now: datetime) -> bool:
    """True when the leg may try again. A clock that jumped back can't hold it longer than the back-off itself."""
    if backoff.retry_at is None or now >= backoff.retry_at:
        return True
    return backoff.retry_at - now > timedelta(seconds=LONGEST_BACKOFF_SECS)


def is_entry_due(backoff: Backoff, now: datetime) -> bool:
    """True when an entry may be placed: entries pause, targets and hedges never do, for they protect what is open."""
    return not backoff.paused and is_due(backoff, now)


def next_backoff(
    before: Backoff, role: Role, reason: str, now: datetime, longest_secs: int = LONGEST_BACKOFF_SECS
) -> Backoff:
    """One more rejection in a row: retry at the next cycle, then after 2, 4, 8 s; from the fifth on every 60 s.

    An entry pauses at the fifth. `longest_secs` bounds the wait of what must not wait so long.
    """
    count = before.rejections + 1
    paused = role is Role.ENTRY and count >= TOLD_AT
    retry_at = now + timedelta(seconds=min(delay_secs(count), longest_secs))
    return Backoff(rejections=count, retry_at=retry_at, paused=paused, reason=reason)


def delay_secs(rejections: int) -> int:
    """Seconds before the next try after so many rejections in a row."""
    if rejections >= TOLD_AT:
        return LONGEST_BACKOFF_SECS
    return 0 if rejections <= 1 else 2 ** (rejections - 1)


def refused(level: OpenOrder, order: LegOrder, reason: str) -> Change:
    """Free the leg of an order that the server refused outright."""
    return rejected(freed(level, order.role), order, reason)


def rejected(level: OpenOrder, order: LegOrder, reason: str) -> Change:
    """Say it; it is counted when the change is applied, if the level still needs an order of that role."""
    text = f"[{level.trade_side}] {order.role.upper()} {order.side} @ {order.limit_price:.2f} rejected: {reason}"
    rejection = Rejection(order=order, reason=reason)
    return Change(level=level, rejection=rejection, notes=(Note(text=text, severity=logging.WARNING),))


def counted(level: OpenOrder, rejection: Rejection, now: datetime, longest_secs: int = LONGEST_BACKOFF_SECS) -> Change:
    """The level's own rejection: its leg backs off, and at the fifth in a row a person is told."""
    role, reason = rejection.order.role, rejection.reason
    after = next_backoff(backoff_of(level, role), role, reason, now, longest_secs)
    change = Change(level=with_backoff(level, role, after))
    if after.rejections < TOLD_AT:
        return change
    then = "the level is paused" if after.paused else f"one try every {longest_secs} s from now on"
    text = f"{level.trade_side} level {level.level}: {TOLD_AT} {role} orders in a row were rejected, {then}: {reason}"
    notes = (Note(text=f"[{level.trade_side}] LEVEL PAUSED: {text}", severity=logging.ERROR),) if after.paused else ()
    return replace(
        change, notes=notes, attention=((f"{'paused' if after.paused else 'rejected'} {level.uuid} {role}", text),)
    )


def over(before: OpenOrder, after: OpenOrder) -> list[str]:
    """Keys of the attention that a change of the level ends: its leg was accepted, or is needed no more."""
    if not before.is_open:
        return []
    is_gone = after.uuid != before.uuid or not after.is_open
    return [
        f"rejected {before.uuid} {role}"
        for role in (Role.TARGET, Role.OCO)
        if backoff_of(before, role).rejections >= TOLD_AT and (is_gone or not backoff_of(after, role).rejections)
    ]


def backoff_of(level: OpenOrder, role: Role) -> Backoff:
    """The back-off of the leg that places orders of that role."""
    return level.oco_backoff if role is Role.OCO else level.backoff


def with_backoff(level: OpenOrder, role: Role, backoff: Backoff) -> OpenOrder:
    """The level with another back-off of that leg."""
    return stay(level, oco_backoff=backoff) if role is Role.OCO else stay(level, backoff=backoff)


def forgiven(level: OpenOrder, role: Role) -> OpenOrder:
    """The level after a success of that leg."""
    return level if not backoff_of(level, role).rejections else with_backoff(level, role, NO_BACKOFF)


def has_rested(order: LegOrder, now: datetime) -> bool:
    """True for a working order of a minute's age: a success.

    To be seen at work for a second is none: a broker that squares the account off cancels a moment later, every time.
    """
    return order.acknowledged and has_waited(order.placed_at, now, RESTED_SECS)
