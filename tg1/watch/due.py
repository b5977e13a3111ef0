"""Which alerts are due: what was seen before, what is seen now, and the time decide it. PURE.

A trouble is told when it begins and when it is over, an attention once, an end once. What was told is remembered, and
the memory outlives the process, so nothing is news twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.screen.money import age_text
from tg1.told.events import EventKind
from tg1.told.judge import ConcernKind, Life
from tg1.told.snapshot import Phase
from tg1.watch.alerts import Alert, Kind, Noise, told
from tg1.watch.memory import BotMemory, Memory, Trouble
from tg1.watch.summary import end_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tg1.models import Attention
    from tg1.told.events import Event
    from tg1.told.found import Found
    from tg1.told.judge import Concern, Judgement
    from tg1.told.snapshot import ToldEnd

OLD_NEWS = timedelta(hours=24)
"""A bot that is met for the first time and has been silent for longer is not news; the page shows how it is."""

KINDS: Mapping[ConcernKind, Kind] = {
    ConcernKind.DEAD: Kind.DIED,
    ConcernKind.HUNG: Kind.HUNG,
    ConcernKind.TERMINATED: Kind.TERMINATED,
    ConcernKind.FAILED: Kind.FAILED,
    ConcernKind.STALE_PRICE: Kind.FEED_STALE,
    ConcernKind.TOKEN: Kind.TOKEN_EXPIRED,
    ConcernKind.BLIND: Kind.BOOK_UNREAD,
    ConcernKind.SAVE: Kind.SAVE_FAILING,
    ConcernKind.UNREADABLE: Kind.UNREADABLE,
}
"""How the judgement's words are called here. Attention is no trouble: most of it ends when a person has seen it."""
_ENDINGS = (Kind.DIED, Kind.HUNG, Kind.TERMINATED, Kind.FAILED)
"""Over only when the bot trades again."""
_CYCLING = (Life.ACTIVE, Life.PAUSED)
_LAST_WORDS = frozenset(
    {
        EventKind.SESSION_END,
        EventKind.TERMINATED,
        EventKind.COMPLETED,
        EventKind.STOPPED,
        EventKind.REFUSED,
    }
)
_GOOD_NEWS = {
    Kind.DIED: "it trades again",
    Kind.HUNG: "it cycles again",
    Kind.TERMINATED: "it was started anew and trades",
    Kind.FAILED: "it trades again",
    Kind.FEED_STALE: "the price of {what} is back",
    Kind.BOOK_UNREAD: "the order book of account {what} is read again",
    Kind.SAVE_FAILING: "the state can be saved again",
    Kind.TOKEN_EXPIRED: "the Kite access token is good again",
    Kind.UNREADABLE: "its files can be read again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One bot at one look."""

    key: str
    """The place of its files, which is the same however many bots there are."""
    name: str
    """What people call it."""
    found: Found
    judgement: Judgement
    events: Sequence[Event]
    """Those since the last look, oldest first (`news`)."""
    last_event: str
    """Id of the last event that was read, whenever; empty before the first."""

    @property
    def run(self) -> str:
        """The life that its snapshot is of; empty without a snapshot."""
        return self.found.snapshot.run if self.found.snapshot is not None else ""


def alerts_due(
    memory: Memory, bots: Iterable[Seen], now: datetime, noises: Mapping[Kind, Noise]
) -> tuple[Memory, list[Alert]]:
    """What to remember from now on, and what to tell. `now` is aware, IST; bots that are not seen are forgotten."""
    remembered: dict[str, BotMemory] = {}
    alerts: list[Alert] = []
    for seen in bots:
        before = memory.bots.get(seen.key)
        look = _Look(seen, before or BotMemory(), now, noises)
        remembered[seen.key] = look.memory()
        if before is not None or not _is_old(seen.judgement):
            alerts += look.alerts()
    return replace(memory, bots=remembered, looked_at=now), [alert for alert in alerts if alert.noise is not Noise.OFF]


def news(events: Sequence[Event], before: BotMemory | None, looked_at: datetime | None) -> Sequence[Event]:
    """Those of all kept events that came after what an earlier watch had read.

    A watch that has never looked here takes nothing that happened before for news. Where the last event read is not
    kept any more, the time of the last look decides.
    """
    if looked_at is None:
        return ()
    ids = [event.id for event in events]
    if before is not None and before.event in ids:
        return events[ids.index(before.event) + 1 :]
    return [event for event in events if event.at > looked_at]


def _is_old(judgement: Judgement) -> bool:
    return judgement.age_secs is None or judgement.age_secs > OLD_NEWS.total_seconds()


@dataclass(frozen=True, slots=True)
class _Look:
    """One bot before and now."""

    seen: Seen
    before: BotMemory
    now: datetime
    noises: Mapping[Kind, Noise]

    def memory(self) -> BotMemory:
        return BotMemory(
            run=self.seen.run or self.before.run,
            troubles=self._troubles(),
            attention=self._marked(),
            ended=self.seen.run if self._last_word is not None else self.before.ended,
            event=self.seen.last_event or self.before.event,
        )

    def _marked(self) -> tuple[str, ...]:
        """A bot that only begins has not read its state yet, and forgets nothing by that."""
        kept = self.before.attention if self.seen.judgement.life is Life.WAITING else ()
        return tuple(dict.fromkeys([*kept, *(mark for entry in self.seen.found.attention for mark in _marks(entry))]))

    def alerts(self) -> Iterator[Alert]:
        yield from self._fills()
        yield from self._missed_death()
        yield from self._begun()
        yield from self._attention()
        yield from self._end()
        yield from self._over()

    # -- troubles: told when they begin and when they are over -------------------------------------------------------

    def _concerns(self) -> dict[str, Concern]:
        concerns = (concern for concern in self.seen.judgement.concerns if concern.kind in KINDS)
        return {f"{KINDS[concern.kind]} {concern.key}".strip(): concern for concern in concerns}

    def _troubles(self) -> dict[str, Trouble]:
        """What holds now: the old ones with their first time, the new ones, and those that can't be judged."""
        held = {key: trouble for key, trouble in self.before.troubles.items() if self._is_held(trouble)}
        return held | {key: self._trouble(key, concern) for key, concern in self._concerns().items()}

    def _trouble(self, key: str, concern: Concern) -> Trouble:
        known = self.before.troubles.get(key)
        if known is not None:
            return known
        what = concern.key if concern.kind in (ConcernKind.STALE_PRICE, ConcernKind.BLIND) else ""
        occurrence = f"{self.seen.run} {key} {self.now.isoformat()}"
        return Trouble(kind=KINDS[concern.kind], occurrence=occurrence, what=what, since=self.now)

    def _is_held(self, trouble: Trouble) -> bool:
        """True for what nobody can know to be over: a bot that hangs tells nothing, one that starts trades not yet."""
        life = self.seen.judgement.life
        if life is Life.HUNG:
            return trouble.kind is not Kind.HUNG
        return life in (Life.WAITING, Life.STOPPING) and trouble.kind in _ENDINGS

    def _begun(self) -> Iterator[Alert]:
        for key, concern in self._concerns().items():
            if key not in self.before.troubles:
                trouble = self._trouble(key, concern)
                yield self._alert(trouble.kind, trouble.occurrence, self._with_money(trouble.kind, concern.text))

    def _over(self) -> Iterator[Alert]:
        still = self._troubles()
        for key, trouble in self.before.troubles.items():
            if key not in still and self._is_good_news(trouble):
                yield self._good_news(trouble)

    def _is_good_news(self, trouble: Trouble) -> bool:
        """A bot that is gone has no stale prices either, which is no good news."""
        life = self.seen.judgement.life
        return (
            life in _CYCLING
            or (life is Life.WAITING and trouble.kind is Kind.TOKEN_EXPIRED)
            or (trouble.kind is Kind.UNREADABLE)
        )

    def _good_news(self, trouble: Trouble) -> Alert:
        lasted_secs = max(0.0, (self.now - trouble.since).total_seconds())
        news_text = _GOOD_NEWS[trouble.kind].format(what=trouble.what)
        text = f"{news_text}, {age_text(lasted_secs)} after the alert"
        alert = self._alert(trouble.kind, trouble.occurrence, text)
        return replace(alert, cleared=True)

    def _missed_death(self) -> Iterator[Alert]:
        """The process was another one at the last look, and nobody saw it end: it was started again in between."""
        old = self.before.run
        if not old or not self.seen.run or old in (self.seen.run, self.before.ended):
            return
        if self.seen.found.snapshot is not None and self.seen.found.snapshot.stop:
            # An emergency stop ended it, and nobody has started it again.
            return
        if any(event.run == old and event.kind in _LAST_WORDS for event in self.seen.events):
            return
        if any(trouble.kind in _ENDINGS for trouble in self.before.troubles.values()):
            return
        crash = [event.text for event in self.seen.events if event.run == old and event.kind is EventKind.CRASHED]
        why = f"it died ({crash[-1]})" if crash else "its process died without a word"
        yield self._alert(Kind.DIED, f"{old} missed", f"{why} and was started again")

    # -- what is told once -------------------------------------------------------------------------------------------

    def _attention(self) -> Iterator[Alert]:
        """Each once, and once more that it is over, for those that end by themselves."""
        for entry in self.seen.found.attention:
            raised, *over = _marks(entry)
            if raised not in self.before.attention:
                yield self._alert(Kind.ATTENTION, raised, entry.text)
            elif over and over[0] not in self.before.attention:
                yield replace(self._alert(Kind.ATTENTION, raised, entry.text), cleared=True)

    @property
    def _last_word(self) -> ToldEnd | None:
        """How the run ended by its own account; None while it has not."""
        snapshot = self.seen.found.snapshot
        return snapshot.end if snapshot is not None and snapshot.phase is Phase.ENDED else None

    def _end(self) -> Iterator[Alert]:
        """An end in good order; the others are troubles."""
        end = self._last_word
        if end is None or self.seen.run == self.before.ended:
            return
        if any(concern.kind in KINDS and KINDS[concern.kind] in _ENDINGS for concern in self.seen.judgement.concerns):
            return
        yield self._alert(Kind.SESSION_END, self.seen.run, self._with_money(Kind.SESSION_END, end.why))

    def _fills(self) -> Iterator[Alert]:
        for event in self.seen.events:
            if event.kind is EventKind.FILL:
                yield self._alert(Kind.FILL, event.id, event.text, event.at)

    # -- words -------------------------------------------------------------------------------------------------------

    def _alert(self, kind: Kind, occurrence: str, text: str, at: datetime | None = None) -> Alert:
        return Alert(
            bot=self.seen.name,
            kind=kind,
            occurrence=occurrence,
            text=told(text),
            at=at or self.now,
            noise=self.noises[kind],
        )

    def _with_money(self, kind: Kind, text: str) -> str:
        """An end says what was earned and what is held."""
        snapshot = self.seen.found.snapshot
        if snapshot is None or kind not in (Kind.TERMINATED, Kind.FAILED, Kind.SESSION_END, Kind.DIED):
            return text
        return end_text(text, snapshot)


def _marks(entry: Attention) -> list[str]:
    """What is remembered of an attention: that it was raised and, where that is so, that it is over."""
    raised = f"{entry.key} {entry.at}"
    return [raised, f"{raised} over"] if entry.is_over else [raised]
