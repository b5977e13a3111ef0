"""What waits to be sent to one target, and when it may leave. PURE.

An alert enters once, whatever is handed in twice, and leaves in exactly one of three ways: it was sent, it was dropped
because too many waited, or it grew too old. The last two are counted, and the next message says the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.watch.alerts import LOUDEST_FIRST, Noise
from tg1.watch.message import ROOM, fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tg1.watch.alerts import Alert, Kind, QuietHours

MOST_WAITING = 500
"""Alerts that one target may owe: a day without a network on a machine with many bots."""
MOST_REMEMBERED = 2000
"""Identities of alerts that are done with; more than any restart hands in again."""
LONGEST_WAIT = timedelta(hours=24)
"""What is a day old is news to nobody; the page shows what holds still."""
FIRST_RETRY_SECS = 2.0
LONGEST_RETRY_SECS = 60.0
"""Long enough to leave a sick service alone, short enough that an alert is not late when it is back."""
WINDOWS: Mapping[Noise, timedelta] = {
    Noise.URGENT: timedelta(seconds=10),
    Noise.NORMAL: timedelta(seconds=60),
    Noise.QUIET: timedelta(seconds=900),
}
"""An alert waits for so long after the last of its kind: a burst is one message, and what waits leaves with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """One target's alerts. Times are aware; a wall clock that was set back makes nothing wait longer than its bound."""

    waiting: tuple[Alert, ...] = ()
    """Oldest first."""
    done: tuple[str, ...] = ()
    """Identities of what left, latest last."""
    dropped: int = 0
    """How many left unsent since the last message that was taken."""
    failures: int = 0
    """Attempts in a row that the target did not take."""
    tried_at: datetime | None = None
    """The last of these failures; None without one."""
    alone: tuple[str, ...] = ()
    """Identities of what the target refused for what it says: each is tried by itself, when nothing else is due."""
    left_at: Mapping[Kind, datetime] = field(default_factory=dict)
    """When the last alert of a kind was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What leaves in one message."""

    alerts: tuple[Alert, ...]
    dropped: int
    """How many alerts before these left unsent."""


def accept(outbox: Outbox, alerts: Iterable[Alert]) -> Outbox:
    """Take alerts in; those that are switched off, that wait already or that are done with change nothing."""
    wanted = [alert for alert in alerts if alert.noise is not Noise.OFF]
    if not wanted:
        return outbox
    known = {*outbox.done, *(alert.identity for alert in outbox.waiting)}
    fresh = []
    for alert in wanted:
        if alert.identity not in known:
            known.add(alert.identity)
            fresh.append(alert)
    if not fresh:
        return outbox
    return _bounded(replace(outbox, waiting=(*outbox.waiting, *fresh)))


def _bounded(outbox: Outbox) -> Outbox:
    """Without the least important of what is too much: the quietest first, of these the oldest."""
    excess = len(outbox.waiting) - MOST_WAITING
    if excess <= 0:
        return outbox
    ranked = sorted(enumerate(outbox.waiting), key=lambda each: (-LOUDEST_FIRST.index(each[1].noise), each[0]))
    return _without(outbox, {alert.identity for _, alert in ranked[:excess]}, dropped=excess)


def _without(outbox: Outbox, identities: set[str], *, dropped: int) -> Outbox:
    left = tuple(alert.identity for alert in outbox.waiting if alert.identity in identities)
    return replace(
        outbox,
        waiting=tuple(alert for alert in outbox.waiting if alert.identity not in identities),
        done=(*outbox.done, *left)[-MOST_REMEMBERED:],
        alone=tuple(each for each in outbox.alone if each not in identities),
        dropped=outbox.dropped + dropped,
    )


def expired(outbox: Outbox, now: datetime) -> Outbox:
    """Without what has waited for a day; counted as dropped."""
    old = {alert.identity for alert in outbox.waiting if now - alert.at > LONGEST_WAIT}
    return _without(outbox, old, dropped=len(old)) if old else outbox


def due(outbox: Outbox, now: datetime, quiet_hours: QuietHours | None, room: int = ROOM) -> Batch | None:
    """What may leave at `now` (IST) as one message with `room` for so many characters; None when nothing may."""
    if not _may_try(outbox, now):
        return None
    awake = {alert.identity: alert for alert in outbox.waiting if _may_pass(alert.noise, now, quiet_hours)}
    others = [alert for identity, alert in awake.items() if identity not in outbox.alone]
    noises = {alert.noise for alert in others if _is_due(outbox, alert, now)}
    # Whatever waits at the same noise goes along: one message instead of two.
    alerts = fitting([alert for alert in others if alert.noise in noises], room)
    if not alerts:
        alerts = tuple(awake[identity] for identity in outbox.alone if identity in awake)[:1]
    return Batch(alerts=alerts, dropped=outbox.dropped) if alerts else None


def _may_try(outbox: Outbox, now: datetime) -> bool:
    if outbox.tried_at is None:
        return True
    wait_secs = min(LONGEST_RETRY_SECS, FIRST_RETRY_SECS * 2.0 ** min(outbox.failures - 1, 10))
    return not timedelta(0) <= now - outbox.tried_at < timedelta(seconds=wait_secs)


def _may_pass(noise: Noise, now: datetime, quiet_hours: QuietHours | None) -> bool:
    return noise is Noise.URGENT or quiet_hours is None or not quiet_hours.hold(now)


def _is_due(outbox: Outbox, alert: Alert, now: datetime) -> bool:
    left_at = outbox.left_at.get(alert.kind)
    return left_at is None or not timedelta(0) <= now - left_at < WINDOWS[alert.noise]


def taken(outbox: Outbox, batch: Batch, now: datetime) -> Outbox:
    """After the target took a batch."""
    outbox = _without(outbox, {alert.identity for alert in batch.alerts}, dropped=-batch.dropped)
    left_at = {**outbox.left_at, **{alert.kind: now for alert in batch.alerts}}
    return replace(outbox, failures=0, tried_at=None, left_at=left_at)


def refused(outbox: Outbox, batch: Batch, now: datetime, *, is_final: bool = False) -> Outbox:
    """After the target did not take a batch, or did not answer.

    `is_final`: it was refused for what it says. Which of its alerts did it shows when each is tried alone, the one that
    was refused last after the others; so none of them holds up any other.
    """
    outbox = replace(outbox, failures=outbox.failures + 1, tried_at=now)
    if not is_final:
        return outbox
    unwanted = {alert.identity: None for alert in batch.alerts}
    waiting = {alert.identity for alert in outbox.waiting}
    alone = (*(each for each in outbox.alone if each not in unwanted), *(each for each in unwanted if each in waiting))
    return replace(outbox, alone=alone)


def joined(earlier: Outbox, later: Outbox) -> Outbox:
    """What an earlier process owed, followed by what this one took in before it knew of that."""
    done = (*earlier.done, *later.done)[-MOST_REMEMBERED:]
    both = accept(replace(earlier, done=done), later.waiting)
    return replace(both, dropped=both.dropped + later.dropped, left_at={**earlier.left_at, **later.left_at})
