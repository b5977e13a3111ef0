"""Looks at the state folders, again and again: what is there, what is news, and how the day went.

Reads what changed and nothing else, and writes nothing into the bots' folders. One thread alone uses it.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.told.event_tail import EventTail
from tg1.told.folder import StateFolder, instant_of
from tg1.told.judge import ConcernKind, judge
from tg1.told.paths import ToldPaths
from tg1.watch.alerts import Kind
from tg1.watch.blind import blindness
from tg1.watch.day import with_events, with_net
from tg1.watch.due import Seen, alerts_due, news
from tg1.watch.seen import Look, SeenBot, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from tg1.machine.clock import Clock
    from tg1.told.events import Event
    from tg1.told.found import Found
    from tg1.told.judge import Instant, Judgement
    from tg1.told.snapshot import Snapshot
    from tg1.watch.alerts import Alert, Noise
    from tg1.watch.day import DayCurve
    from tg1.watch.memory import Memory

log = logging.getLogger(__name__)

MOST_EVENTS = 200
"""Events of a bot that are kept for the page."""
HISTORY_BYTES = 512 * 1024
"""Of a bot's events that are read at the start: about 1,500 of them, more than a day of a lively bot."""
MOST_BOTS = 500
"""Of all folders; whatever else lies there is not looked at, which is said."""
GAP_SECS = 5.0
"""No look for so long: the machine slept, or it was too busy to look."""
GRACE_SECS = 15.0
"""After that the bots may have been asleep as well, and nobody is said to hang until they had the time to cycle."""


@dataclass(slots=True)
class _Followed:
    """What is kept of one bot between two looks."""

    paths: ToldPaths
    tail: EventTail | None = None
    is_new: bool = True
    """True until its events were read once."""
    last_event: str = ""
    recent: deque[Event] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    unbooked: Sequence[Event] = ()
    """Events that the curve does not hold yet."""
    curve: DayCurve | None = None
    complaint: str = ""


class Lookout:
    """The eyes of the watch."""

    def __init__(self, folders: Sequence[Path], clock: Clock, memory: Memory, noises: Mapping[Kind, Noise]) -> None:
        self._folders = [StateFolder(folder) for folder in folders]
        self._clock = clock
        self.noises = noises
        self.memory = memory
        self._followed: dict[str, _Followed] = {}
        self._is_looking = False
        """True between the beginning and the end of a look, and so at the beginning of one after a look that failed."""
        self._looked = clock.monotonic()
        self._grace_until = float("-inf")
        self._said: set[str] = set()

    def look(self) -> tuple[Look, list[Alert]]:
        """What there is now, and what of it is to be told."""
        if self._is_looking:
            # The last look ended halfway: what it had read already is news to this one, as it is after a restart.
            self._followed = {}
        self._is_looking = True
        seen = self._look()
        self._is_looking = False
        return seen

    def fail(self, fault: str) -> list[Alert]:
        """What is to be told when there was no look, and why; the next look ends it."""
        faults = dict.fromkeys([*self.memory.blind, fault])
        blind, alerts = blindness(self.memory.blind, faults, self._clock.now(), self.noises[Kind.WATCH])
        self.memory = replace(self.memory, blind=blind)
        return alerts

    def _look(self) -> tuple[Look, list[Alert]]:
        at = instant_of(self._clock)
        if at.boot_secs - self._looked > GAP_SECS:
            self._grace_until = at.boot_secs + GRACE_SECS
        self._looked = at.boot_secs
        every, faults = self._found()
        found = every[:MOST_BOTS]
        if len(every) > MOST_BOTS:
            faults.append(f"{len(every)} bots are more than the {MOST_BOTS} that are watched: the last are left out")
        seen = [self._seen(each, name, at) for each, name in zip(found, names_of(found), strict=True)]
        look = Look(at=at.now, mono=at.boot_secs, bots=tuple(map(self._shown, seen)), faults=tuple(faults))
        return look, self._remember(seen, faults, at.now)

    def _remember(self, seen: Sequence[Seen], faults: Sequence[str], now: datetime) -> list[Alert]:
        before = self.memory
        memory, alerts = alerts_due(before, seen, now, self.noises)
        blind, more = blindness(before.blind, faults, now, self.noises[Kind.WATCH])
        # What lies in a folder that can't be read for a while is not forgotten, or it would be news again.
        bots = {**before.bots, **memory.bots} if faults else memory.bots
        self.memory = replace(memory, bots=bots, blind=blind)
        if not faults:
            self._followed = {each.key: self._followed[each.key] for each in seen}
        return [*alerts, *more]

    def _found(self) -> tuple[list[Found], list[str]]:
        found: list[Found] = []
        faults: list[str] = []
        for folder in self._folders:
            try:
                found += folder.look()
            except ConfigError as exc:
                faults.append(str(exc))
        self._say(faults)
        return found, faults

    def _say(self, faults: list[str]) -> None:
        """Each once, when it begins and when it is over."""
        for fault in faults:
            if fault not in self._said:
                log.warning("%s. The watch waits for it", fault[0].upper() + fault[1:])
        for fault in self._said - set(faults):
            log.info("Over: %s", fault)
        self._said = set(faults)

    def _seen(self, found: Found, name: str, at: Instant) -> Seen:
        key = str(found.folder / found.stem)
        followed = self._followed.get(key)
        if followed is None:
            followed = self._followed[key] = _Followed(ToldPaths(found.folder, found.stem))
        events = self._events(followed, key, name)
        followed.curve = with_events(followed.curve, followed.unbooked, at.now)
        followed.unbooked = ()
        snapshot = found.snapshot
        if snapshot is not None and snapshot.money is not None and _is_of(snapshot, at.now.date()):
            followed.curve = with_net(followed.curve, snapshot.written_at, snapshot.money.net)
        judgement = self._lenient(judge(found, at), at)
        return Seen(key=key, name=name, found=found, judgement=judgement, events=events, last_event=followed.last_event)

    def _events(self, followed: _Followed, key: str, name: str) -> Sequence[Event]:
        """Those that are news; the others are kept for the page alone."""
        try:
            followed.tail = followed.tail or EventTail(followed.paths, most_history=HISTORY_BYTES)
            events: Sequence[Event] = followed.tail.new()
        except OSError as exc:
            self._complain(followed, f'The events of "{name}" can\'t be read: {exc.strerror or exc}')
            return ()
        self._complain(followed, "")
        followed.recent.extend(events)
        followed.unbooked = events
        if events:
            followed.last_event = events[-1].id
        if followed.is_new:
            followed.is_new = False
            return news(events, self.memory.bots.get(key), self.memory.looked_at)
        return events

    def _complain(self, followed: _Followed, complaint: str) -> None:
        if complaint and complaint != followed.complaint:
            log.warning("%s", complaint)
        followed.complaint = complaint

    def _lenient(self, judgement: Judgement, at: Instant) -> Judgement:
        """No hang is told while the bots may have slept as long as this process did."""
        if at.boot_secs >= self._grace_until:
            return judgement
        concerns = tuple(concern for concern in judgement.concerns if concern.kind is not ConcernKind.HUNG)
        return replace(judgement, concerns=concerns)

    def _shown(self, seen: Seen) -> SeenBot:
        followed = self._followed[seen.key]
        return SeenBot(
            key=seen.key,
            name=seen.name,
            found=seen.found,
            judgement=seen.judgement,
            curve=followed.curve,
            events=tuple(followed.recent),
        )


def _is_of(snapshot: Snapshot, day: date) -> bool:
    """True for money that was reckoned that day: a start that waits tells what it was the evening before."""
    return (snapshot.held_at or snapshot.written_at).date() == day
