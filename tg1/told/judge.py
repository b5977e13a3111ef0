"""How a bot is, judged from outside by what its folder holds: one word, and what needs a person. PURE.

A bot that hangs can't say so; so nothing here believes a snapshot that is older than it may be, or whose process is
gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tg1.models import StatusKind
from tg1.told.left import death_text, left_text, orders_left, stop_text, termination_text
from tg1.told.snapshot import BLIND_SECS, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tg1.told.found import Found
    from tg1.told.snapshot import Snapshot, ToldEnd

HUNG_SECS = 10.0
"""No cycle for longer: the bot hangs. A slower poll is given three of its intervals."""
SLOW_SECS = 120.0
"""The same at a start and at an end, whose single steps wait for brokers: logins, dumps, confirmations."""
LEAD_SECS = 30.0
"""A process that holds the lock for less than this may not have written its first snapshot."""
TOKEN_REFUSED = "token refused"  # noqa: S105 - the feed's phase of that name, no token
"""`FeedPhase.REFUSED` of `tg1.kite.feed_values`."""


class Life(StrEnum):
    """A bot in one word."""

    ACTIVE = "active"
    WAITING = "waiting"
    """For the open, for a login, for prices: no cycle has begun."""
    PAUSED = "paused"
    """Its cycles go on; the operator lets it open nothing new."""
    HUNG = "hung"
    """Its process lives and does nothing."""
    STOPPING = "stopping"
    """An emergency stop is at work on it."""
    DEAD = "dead"
    """Its process is gone without having said how it ended, or ended by a crash or a refusal."""
    STOPPED = "stopped"
    TERMINATED = "terminated"
    COMPLETED = "completed"


class ConcernKind(StrEnum):
    """What a person is needed for."""

    DEAD = "dead"
    HUNG = "hung"
    TERMINATED = "terminated"
    FAILED = "failed"
    """It ended and something was left: orders that work, a start that was refused."""
    ATTENTION = "attention"
    STALE_PRICE = "stale_price"
    TOKEN = "token"  # noqa: S105 - a kind of concern
    BLIND = "blind"
    SAVE = "save"
    UNREADABLE = "unreadable"
    """A file of the bot can't be read: nobody knows how it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing that a person has to see to."""

    kind: ConcernKind
    key: str
    """What it is about, e.g. an account or an attention's key: the same concern has the same kind and key."""
    text: str
    """A sentence without the bot's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """The moment at which a folder is looked at."""

    now: datetime
    """Aware."""
    boot_secs: float
    """Seconds since the boot, asleep or awake (`Clock.monotonic`)."""
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One bot, judged at one moment."""

    life: Life
    concerns: tuple[Concern, ...]
    age_secs: float | None
    """Since its last word: the snapshot's age, or the state file's; None without either."""

    @property
    def needs_person(self) -> bool:
        """True when `tg1 status` ends with exit code 1 for this bot."""
        return bool(self.concerns)


def age_of(snapshot: Snapshot, at: Instant) -> float:
    """Seconds since a snapshot was written; a jump of the wall clock does not change it within one boot."""
    if snapshot.process.boot_id == at.boot_id:
        return max(0.0, at.boot_secs - snapshot.written_boot_secs)
    return max(0.0, (at.now - snapshot.written_at).total_seconds())


def hung_after_secs(snapshot: Snapshot) -> float:
    """How old the snapshot of a healthy bot may become."""
    if snapshot.phase is Phase.TRADING:
        return max(HUNG_SECS, 3 * snapshot.poll_interval_secs)
    return max(SLOW_SECS, 3 * snapshot.poll_interval_secs)


def judge(found: Found, at: Instant) -> Judgement:
    """Judge one bot of a folder."""
    if found.is_alive:
        life, concerns = _alive(found, at)
    else:
        life, concerns = _gone(found, len(orders_left(found, at.now.date())))
    unreadable = [Concern(kind=ConcernKind.UNREADABLE, key=fault, text=fault) for fault in found.faults]
    return Judgement(
        life=life,
        concerns=(*concerns, *unreadable, *_attention(found)),
        age_secs=_age(found, at),
    )


def _age(found: Found, at: Instant) -> float | None:
    if found.snapshot is not None:
        return age_of(found.snapshot, at)
    return None if found.saved is None else max(0.0, (at.now - found.saved.at).total_seconds())


def _attention(found: Found) -> Iterator[Concern]:
    for entry in found.attention:
        if not entry.is_over:
            yield Concern(kind=ConcernKind.ATTENTION, key=entry.key, text=entry.text)


# -- a process lives ---------------------------------------------------------------------------------------------------


def _alive(found: Found, at: Instant) -> tuple[Life, list[Concern]]:
    snapshot = found.snapshot
    if snapshot is None or not found.is_by_holder:
        return _untold(found, at)
    age = age_of(snapshot, at)
    if snapshot.stop and snapshot.waits_for:
        # A person reads what is asked as long as he likes.
        return Life.STOPPING, []
    if age > hung_after_secs(snapshot):
        since = f"no cycle for {age:.0f} s" if snapshot.phase is Phase.TRADING else f"no sign of life for {age:.0f} s"
        return Life.HUNG, [_hang(since, snapshot.process.pid) if found.has_room else _no_room(age)]
    if snapshot.phase in (Phase.STARTING, Phase.WAITING):
        return Life.WAITING, list(_token(snapshot))
    if snapshot.stop:
        # It takes prices and books as it can get them, and ends with what it could not do.
        return Life.STOPPING, list(_save(snapshot))
    life = Life.PAUSED if snapshot.is_paused else Life.ACTIVE
    return life, [*_token(snapshot), *_stale(snapshot), *_blind(snapshot), *_save(snapshot)]


def _hang(since: str, pid: int) -> Concern:
    text = (
        f"it hangs: {since} in process {pid}; its orders work on, and nobody minds them; a broker that answers "
        "no order looks the same for a while; when it lasts, kill it and start it again, or use --cancel-all, which "
        "kills it, too"
    )
    return Concern(kind=ConcernKind.HUNG, key="", text=text)


def _no_room(age: float) -> Concern:
    text = (
        f"it could tell nothing for {age:.0f} s, because its disk is full: make room; a bot that can't save its state "
        "goes on reading its books and places no order"
    )
    return Concern(kind=ConcernKind.SAVE, key="", text=text)


def _untold(found: Found, at: Instant) -> tuple[Life, list[Concern]]:
    """A process that writes no snapshot: it has only begun, or an earlier TG1 runs."""
    since = found.holder.since if found.holder else None
    if found.saved is None or (since is not None and (at.now - since).total_seconds() < LEAD_SECS):
        return Life.WAITING, []
    return Life.ACTIVE, []


def _token(snapshot: Snapshot) -> Iterator[Concern]:
    if snapshot.feed is not None and snapshot.feed.phase == TOKEN_REFUSED:
        yield Concern(kind=ConcernKind.TOKEN, key="", text=snapshot.feed.fault or "Kite refused the access token")


def _stale(snapshot: Snapshot) -> Iterator[Concern]:
    for price in snapshot.prices:
        if price.stale and (price.age_secs is None or price.age_secs > BLIND_SECS):
            age = "never came" if price.age_secs is None else f"is {price.age_secs:.0f} s old"
            why = f": {snapshot.feed.fault}" if snapshot.feed and snapshot.feed.fault else ""
            text = f"the price of {price.symbol} {age}{why}"
            yield Concern(kind=ConcernKind.STALE_PRICE, key=price.symbol, text=text)


def _blind(snapshot: Snapshot) -> Iterator[Concern]:
    for account in snapshot.accounts:
        age = account.good_age_secs
        if account.orders_expected and age is not None and age > BLIND_SECS:
            what = "shows an empty book" if account.is_blank else account.fault or "could not be read"
            text = f"account {account.name} has not been seen for {age:.0f} s: {what}"
            yield Concern(kind=ConcernKind.BLIND, key=account.name, text=text)


def _save(snapshot: Snapshot) -> Iterator[Concern]:
    if snapshot.saves.fault:
        text = f"no orders are placed until the state can be saved: {snapshot.saves.fault}"
        yield Concern(kind=ConcernKind.SAVE, key="", text=text)


# -- no process lives --------------------------------------------------------------------------------------------------

_ENDS = {
    StatusKind.STOPPED: Life.STOPPED,
    StatusKind.TERMINATED: Life.TERMINATED,
    StatusKind.COMPLETED: Life.COMPLETED,
}


def _gone(found: Found, left: int) -> tuple[Life, list[Concern]]:
    """The state file says how a bot ended; only what it can't know is taken from the last snapshot.

    A stop leaves its orders (behaviour 12), and a death does: so many of them may still work.
    """
    life, kind, why = _end(found, left)
    refusal = _refusal(found)
    if kind is None and left:
        # Its entries fill on without target and hedge, however well it ended.
        kind = ConcernKind.FAILED
    concerns = [] if refusal is None else [refusal]
    if kind is None:
        return life, concerns
    if left:
        why = f"{why}; {left_text(left, resumes=life is not Life.TERMINATED and not stop_text(found))}"
    return life, [Concern(kind=kind, key="", text=why), *concerns]


def _refusal(found: Found) -> Concern | None:
    """A start that was refused, beside what was wrong before it."""
    snapshot = found.snapshot
    if snapshot is None or snapshot.end is None or not (found.is_last_word and _hides_an_end(snapshot)):
        return None
    text = f"a start at {snapshot.written_at:%H:%M:%S} was refused: {snapshot.end.why}"
    return Concern(kind=ConcernKind.FAILED, key="start", text=text) if snapshot.end.exit_code else None


def _hides_an_end(snapshot: Snapshot) -> bool:
    return bool(snapshot.earlier) and snapshot.cycle == 0 and not snapshot.stop


def _end(found: Found, left: int) -> tuple[Life, ConcernKind | None, str]:
    """One word, what a person is needed for when it was no good end, and why."""
    status = found.status
    life = _ENDS.get(status.kind, Life.DEAD) if status is not None else Life.DEAD
    stopped = stop_text(found)
    if life is Life.TERMINATED:
        return life, ConcernKind.TERMINATED, "; ".join(filter(None, (termination_text(found, status), stopped)))
    if stopped:
        return life, ConcernKind.FAILED, stopped
    if found.snapshot is not None and found.snapshot.end is not None and found.is_last_word:
        return _told_end(found.snapshot, found.snapshot.end, life, str(status))
    if life is Life.DEAD:
        return life, ConcernKind.DEAD, death_text(status, left, is_known=not found.faults)
    return life, None, str(status)


def _told_end(snapshot: Snapshot, end: ToldEnd, life: Life, status: str) -> tuple[Life, ConcernKind | None, str]:
    """By its own last word."""
    if _hides_an_end(snapshot):
        return life, ConcernKind.DEAD if life is Life.DEAD else ConcernKind.FAILED, snapshot.earlier
    if end.is_crash and end.exit_code:
        return Life.DEAD, ConcernKind.DEAD, end.why
    if end.exit_code:
        return life, ConcernKind.FAILED, end.why
    # Without a state that says more, it ended in good order before it had one.
    return (Life.STOPPED, None, end.why) if life is Life.DEAD else (life, None, status)
