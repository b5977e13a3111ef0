"""The reads of an app key: one at a time, and one bot's book serves all that wait for it (behaviour 11.3)."""

from __future__ import annotations

import json
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from tg1.errors import BrokerUnavailable, ReadRefused
from tg1.xts.shared_record import SharedRecord
from tg1.xts.turns import HUNG_SECS, RECORD_BYTES, Outcome, Turn, decode_turn, encode_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tg1.machine.clock import Clock
    from tg1.ports import SharedFolder

POLL_SECS = 0.01
"""How often a bot looks whether another one's answer is there: little against the time that an answer takes."""
PATIENCE_SECS = 10.0
"""How long a read waits for its turn, or for an answer that serves it."""
READERS = 8
"""So many may hang at once before nobody else asks; each hangs no longer than its transport lets it."""

_T = TypeVar("_T")


class Share(NamedTuple, Generic[_T]):
    """How one bot's book serves the others."""

    since: float
    """Another bot's reading will do when it began after this; monotonic seconds."""
    client: str
    """Whose book it is."""
    pack: Callable[[], bytes]
    """The rows just read, as JSON."""
    unpack: Callable[[list[Any]], _T]
    """What this bot makes of another's rows."""


class _Mine(NamedTuple):
    """The right to ask, from `due` on."""

    record: SharedRecord | None
    """None: the files can't be used."""
    before: Turn | None
    due: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What another bot's reading brought."""

    outcome: Outcome
    rows: list[Any]
    words: str


@dataclass(slots=True)
class _Brought:
    """What a reading of our own brings for the others."""

    outcome: Outcome = Outcome.NOTHING
    body: bytes = b""
    client: str = ""


class ReadTurns:
    """One kind of read: each goes 1.0 s after the answer of the one before, whichever bots of the machine ask.

    The lock of the first file is the right to ask; the kernel takes it back from a reader that dies. A reader that
    hangs is overtaken by way of the next file.
    """

    def __init__(self, *, folder: SharedFolder, name: str, clock: Clock) -> None:
        self._records = [SharedRecord(folder, f"{name}{number or ''}") for number in range(READERS)]
        self._boot_id = folder.boot_id
        self._clock = clock
        self._due = 0.0
        """When the next read may go, by what this bot has seen."""
        self._standing: tuple[Turn | None, float] | None = None
        """A turn that somebody's lock stands on, and since when this bot has seen it so."""
        self._dead: Turn | None = None
        """The last turn whose reader was found dead, with the time of that as its end."""

    def carry(self, ask: Callable[[], _T]) -> _T:
        """Wait for the turn, then ask. Raises what `ask` raises, and `BrokerUnavailable` without a turn in 10 s."""
        return self._carry(ask, None)

    def carry_history(self, ask: Callable[[], _T]) -> _T:
        """Do as `carry`, for a read that takes the turn of a book.

        It queues ahead of the books, but not twice in a row: neither starves the other.
        """
        return self._carry(ask, None, is_history=True)

    def carry_book(self, ask: Callable[[], _T], share: Share[_T]) -> _T:
        """Do as `carry`, or return or raise what another bot's reading brought meanwhile."""
        return self._carry(ask, share)

    def _carry(self, ask: Callable[[], _T], share: Share[_T] | None, *, is_history: bool = False) -> _T:
        give_up_at = self._clock.monotonic() + PATIENCE_SECS
        self._standing = None
        while True:
            found = self._look(share, is_history=is_history)
            if isinstance(found, _Mine):
                return self._ask(found, ask, share, is_history=is_history)
            if isinstance(found, _Kept) and share is not None:
                return _received(found, share)
            if not isinstance(found, float) or self._clock.monotonic() >= give_up_at:
                raise BrokerUnavailable(f"the read had no turn within {PATIENCE_SECS:.0f} s: others of its key hang")
            self._clock.sleep_until(found)

    def _look(self, share: Share[Any] | None, *, is_history: bool) -> _Mine | _Kept | float:
        """Return the right to ask, another bot's answer, or when to look again."""
        now = self._clock.monotonic()
        if now < self._due:
            return self._due
        for number, record in enumerate(self._records):
            locked = record.lock()
            if locked is None:
                return _Mine(record=None, before=None, due=now)
            turn = decode_turn(record.read(RECORD_BYTES), self._boot_id, now)
            if locked:
                return self._enter(number, turn, share, now, is_history=is_history)
            if kept := _kept(record, turn, share):
                return kept
            if not self._is_hung(turn, now):
                break
        return now + POLL_SECS

    def _is_hung(self, turn: Turn | None, now: float) -> bool:
        """True when whoever has the lock is not to be waited for."""
        if turn is not None and turn.is_hung(now):
            return True
        if self._standing is None or self._standing[0] != turn:
            self._standing = (turn, now)
        return now - self._standing[1] >= HUNG_SECS

    def _enter(
        self, number: int, turn: Turn | None, share: Share[Any] | None, now: float, *, is_history: bool
    ) -> _Mine | _Kept | float:
        """The lock is ours: keep it and ask, or give it back because there is an answer, or because it is too early."""
        record = self._records[number]
        if kept := _kept(record, turn, share):
            record.unlock()
            return kept
        if turn is None:
            return _Mine(record=record, before=None, due=now)
        if turn.answered_at is None:
            turn = self._ended_by_death(record, turn, now)
        self._due = turn.due
        if turn.had_hung:
            overtakers = self._overtakers_due(number, now)
            if overtakers is None:
                record.unlock()
                return now + POLL_SECS
            self._due = max(turn.due, overtakers)
        due = self._due + (POLL_SECS if is_history and turn.was_history else 0.0)
        if now >= due or (is_history and not turn.was_history):
            return _Mine(record=record, before=turn, due=due)
        record.unlock()
        return due

    def _ended_by_death(self, record: SharedRecord, turn: Turn, now: float) -> Turn:
        """A dead reader's turn, over when it was first seen: what it had asked may only then have reached the server.

        A full disk takes no word of that, so it is kept in mind as well: the turn would be over at each look anew.
        """
        if self._dead is None or self._dead._replace(answered_at=None) != turn:
            self._dead = turn._replace(answered_at=now)
            record.write(encode_turn(self._dead, self._boot_id))
        return self._dead

    def _overtakers_due(self, number: int, now: float) -> float | None:
        """When a request may follow those that have overtaken the last reader of a file; None while one is at it."""
        due = 0.0
        for record in self._records[number + 1 :]:
            is_free = record.lock()
            turn = decode_turn(record.read(RECORD_BYTES), self._boot_id, now)
            if is_free:
                record.unlock()
            elif is_free is False and not self._is_hung(turn, now):
                return None
            if turn is None:
                break
            due = max(due, turn.due)
        return due

    def _ask(self, mine: _Mine, ask: Callable[[], _T], share: Share[_T] | None, *, is_history: bool) -> _T:
        with self._turn(mine, is_history=is_history) as brought:
            try:
                answer = ask()
            except BrokerUnavailable as exc:
                brought.outcome = Outcome.REFUSED if isinstance(exc, ReadRefused) else Outcome.FAILED
                brought.body = str(exc).encode("utf-8", "replace")
                raise
            if share is not None:
                brought.outcome, brought.body, brought.client = Outcome.ROWS, share.pack(), share.client
            return answer

    @contextmanager
    def _turn(self, mine: _Mine, *, is_history: bool) -> Iterator[_Brought]:
        """Write down that a reading begins, and when it ends what it brought."""
        try:
            if self._clock.monotonic() < mine.due:
                self._clock.sleep_until(mine.due)
            turn = _begun(mine.before, self._clock.monotonic(), is_history=is_history)
            self._write(mine.record, turn)
            brought = _Brought()
            try:
                yield brought
            finally:
                ended = _ended(turn, self._clock.monotonic(), brought)
                self._due = ended.due
                self._write(mine.record, ended, b"" if is_history else brought.body)
        finally:
            if mine.record is not None:
                mine.record.unlock()

    def _write(self, record: SharedRecord | None, turn: Turn, body: bytes = b"") -> None:
        # In one write: whoever reads half of it, or dies within it, is told by the checksum.
        if record is not None:
            record.write(encode_turn(turn, self._boot_id) + body)


def _begun(before: Turn | None, now: float, *, is_history: bool) -> Turn:
    """The turn of a reading that begins; a history leaves the last book where it is."""
    if is_history and before is not None:
        return before._replace(asked_at=now, answered_at=None, was_history=True)
    return Turn(asked_at=now, was_history=is_history)


def _ended(turn: Turn, now: float, brought: _Brought) -> Turn:
    if turn.was_history:
        return turn._replace(answered_at=now)
    return turn._replace(
        answered_at=now,
        outcome=brought.outcome,
        began_at=turn.asked_at,
        client=brought.client,
        size=len(brought.body),
        checksum=zlib.crc32(brought.body),
    )


def _kept(record: SharedRecord, turn: Turn | None, share: Share[Any] | None) -> _Kept | None:
    """Return what stands behind the record, if it serves and is whole."""
    if share is None or turn is None or not turn.serves(share.since, share.client):
        return None
    body = record.read(turn.size, RECORD_BYTES)
    if len(body) != turn.size or zlib.crc32(body) != turn.checksum:
        return None
    if turn.outcome is not Outcome.ROWS:
        return _Kept(outcome=turn.outcome, rows=[], words=body.decode("utf-8", "replace"))
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _Kept(outcome=turn.outcome, rows=rows, words="") if isinstance(rows, list) else None


def _received(kept: _Kept, share: Share[_T]) -> _T:
    if kept.outcome is Outcome.ROWS:
        return share.unpack(kept.rows)
    kind = ReadRefused if kept.outcome is Outcome.REFUSED else BrokerUnavailable
    raise kind(f"{kept.words} (as another bot of the key was told)")
