"""Orders that are refused again and again: when the next try is due, and when a person is told (behaviour 8). Pure."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import NO_BACKOFF, Backoff, Role
from tg1.rules.change import Change, Note
from tg1.rules.transitions import freed, stay

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.models import LegOrder, OpenOrder

PAUSE_AFTER = 5
LONGEST_BACKOFF_SECS = 60


def is_due(backoff: Backoff, now: datetime) -> bool:
    """True when a leg may be placed. A wall clock that jumped back can't hold a leg longer than the back-off itself."""
    if backoff.paused:
        return False
    if backoff.retry_at is None or now >= backoff.retry_at:
        return True
    return backoff.retry_at - now > timedelta(seconds=LONGEST_BACKOFF_SECS)


def next_backoff(before: Backoff, reason: str, now: datetime) -> Backoff:
    """One more rejection in a row: retry at the next cycle, then after 2, 4, 8 … 60 s; pause at the fifth."""
    count = before.rejections + 1
    wait = 0 if count == 1 else min(2 ** (count - 1), LONGEST_BACKOFF_SECS)
    return Backoff(rejections=count, retry_at=now + timedelta(seconds=wait), paused=count >= PAUSE_AFTER, reason=reason)


def refused(level: OpenOrder, order: LegOrder, reason: str, now: datetime) -> Change:
    """Free the leg of an order that the server refused outright, and back off."""
    return rejected(freed(level, order.role), order, reason, now)


def rejected(level: OpenOrder, order: LegOrder, reason: str, now: datetime) -> Change:
    """Count a rejection against the order's leg; the order itself stays where it is."""
    before = level.oco_backoff if order.role is Role.OCO else level.backoff
    after = next_backoff(NO_BACKOFF if _rested(order, before, now) else before, reason, now)
    held = _with_backoff(level, order.role, after)
    text = f"[{level.trade_side}] {order.role.upper()} {order.side} @ {order.limit_price:.2f} rejected: {reason}"
    note = Note(text=text, severity=logging.WARNING)
    if not after.paused:
        return Change(level=held, notes=(note,))
    wanted = (
        f"{level.trade_side} level {level.level}: {PAUSE_AFTER} {order.role} orders in a row were rejected, "
        f"the level is paused: {reason}"
    )
    paused = Note(text=f"[{level.trade_side}] LEVEL PAUSED: {wanted}", severity=logging.ERROR)
    return Change(level=held, notes=(note, paused), attention=((f"paused {level.uuid} {order.role}", wanted),))


def forgiven(level: OpenOrder, role: Role) -> OpenOrder:
    """The level after a success of that leg: a fill clears its count."""
    before = level.oco_backoff if role is Role.OCO else level.backoff
    return level if before is NO_BACKOFF else _with_backoff(level, role, NO_BACKOFF)


def _with_backoff(level: OpenOrder, role: Role, backoff: Backoff) -> OpenOrder:
    return stay(level, oco_backoff=backoff) if role is Role.OCO else stay(level, backoff=backoff)


def _rested(order: LegOrder, before: Backoff, now: datetime) -> bool:
    """True when the order was at work for so long that it was a success, which ends a row of rejections.

    To be seen at work for a second is none: a broker that squares the account off cancels a moment later, every time.
    """
    since = before.retry_at
    return order.acknowledged and since is not None and now - since > timedelta(seconds=LONGEST_BACKOFF_SECS)
