"""The watch's own loop: look, remember, tell, show; once a second, until a signal comes."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tg1.errors import Tg1Error
from tg1.screen.money import counted
from tg1.watch.alerts import Alert, Kind
from tg1.watch.spool_codec import Kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tg1.machine.clock import Clock
    from tg1.watch.lookout import Lookout
    from tg1.watch.postman import Postman
    from tg1.watch.seen import Look
    from tg1.watch.spool import Spool

log = logging.getLogger(__name__)

EVERY_SECS = 1.0
SAVE_EVERY_SECS = 30.0
"""How often what was read, and when, is written down while there is nothing to tell."""
LAST_WORDS_SECS = 3.0
"""How long the end waits for messages that are on their way."""
_POLL_SECS = 0.05
_UNLOGGED = (Kind.FILL, Kind.WATCH)
"""The bot's own log has its fills; what the watch has to say of itself is logged where it happens."""


class Rounds:
    """One watch at work."""

    def __init__(
        self,
        lookout: Lookout,
        postman: Postman,
        spool: Spool | None,
        clock: Clock,
        *,
        notify: Callable[[list[str]], object] = lambda _lines: None,
    ) -> None:
        """`notify` tells the service manager (sd_notify), which ends a watch that hangs."""
        self._lookout = lookout
        self._postman = postman
        self._spool = spool
        self._clock = clock
        self._notify = notify
        self._show: Callable[[Look], None] | None = None
        self._is_holding = False
        self._before: datetime | None = None
        self._has_begun = False
        self._bugs: set[str] = set()
        self._save_at = float("-inf")

    def adopt(self) -> None:
        """Take over what the last watch saw and owed, as soon as there is a place for it.

        Raises `AlreadyRunning` when another watch has it, `ConfigError` when it can't be read.
        """
        if self._spool is None or self._is_holding or not self._spool.has_place:
            return
        self._is_holding = self._spool.hold()
        if not self._is_holding:
            return
        kept = self._spool.load()
        self._postman.adopt(kept.outboxes)
        seen = self._lookout.memory
        looked_at = self._before = kept.memory.looked_at
        bots = {**kept.memory.bots, **seen.bots}
        # What was told keeps the name under which it was told.
        blind = {**seen.blind, **kept.memory.blind}
        self._lookout.memory = replace(seen, bots=bots, blind=blind, looked_at=looked_at or seen.looked_at)

    def walk(self, show: Callable[[Look], None] | None = None) -> None:
        """Look until a stop is asked for; then let what is on its way arrive, within a bounded time.

        `show` takes each look, for the page; it returns at once.
        """
        self._show = show
        due = self._clock.monotonic()
        while not self._clock.stop_requested:
            self._round()
            # A look that took long, or a machine that slept, is followed by one look and not by those that were missed.
            due = max(due + EVERY_SECS, self._clock.monotonic())
            self._clock.wait_until(due)
        self._end()

    def _round(self) -> None:
        """One round that a bug of ours does not end: whoever is away would never hear of it.

        No ping is sent then and the page gets no look, so that /healthz and systemd notice; a bug that lasts is told.
        """
        bug = self._bug_in(self.once)
        if bug:
            self._bug_in(partial(self._tell_of, bug))
        else:
            self._bugs.clear()

    def _bug_in(self, step: Callable[[], None]) -> str:
        """Take a step, and return the kind of bug that ended it; empty without one. Each kind is logged once an outage.

        Its own words may hold anything, and are for the log alone.
        """
        try:
            step()
        except Tg1Error:
            raise
        except Exception as exc:
            bug = type(exc).__name__
            if bug not in self._bugs:
                log.exception("A round of the watch failed; the next one follows")
            self._bugs.add(bug)
            return bug
        return ""

    def _tell_of(self, bug: str) -> None:
        """What is owed leaves all the same, and with it the news that nobody looks."""
        self._postman.hear()
        self._postman.accept(
            self._lookout.fail(f"its rounds end in a {bug}, which is a bug of ours; its log shows where")
        )
        self._hand_over()

    def once(self) -> None:
        """One look, and what follows from it."""
        self.adopt()
        self._postman.hear()
        look, alerts = self._lookout.look()
        if not self._has_begun:
            alerts = [self._began(look), *alerts]
        # At once: the lookout takes them for told.
        self._postman.accept(alerts)
        self._has_begun = True
        for alert in alerts:
            if alert.kind not in _UNLOGGED:
                log.log(logging.INFO if alert.cleared else logging.WARNING, "%s: %s", alert.bot, alert.text)
        self._hand_over()
        look = replace(look, owed=sum(self._postman.waiting().values()))
        if self._show is not None:
            self._show(look)
        # Only a whole round earns a ping.
        self._notify(["READY=1", "WATCHDOG=1", f"STATUS={standing(look)}"])

    def _hand_over(self) -> None:
        # What is to be told is on disk before it leaves, so that no death of this process loses it.
        self._save()
        self._postman.send()

    def _began(self, look: Look) -> Alert:
        return Alert(
            bot="",
            kind=Kind.WATCH,
            occurrence=look.at.isoformat(),
            text=beginning(look, self._before),
            at=look.at,
            noise=self._lookout.noises[Kind.WATCH],
        )

    def _save(self) -> None:
        now = self._clock.monotonic()
        if self._spool is None or not self._is_holding or not (self._postman.changed or now >= self._save_at):
            return
        # Until it is done it is to be done: with the next round, when this one can't.
        self._save_at = float("-inf")
        if self._spool.save(Kept(memory=self._lookout.memory, outboxes=self._postman.outboxes())):
            self._save_at = now + SAVE_EVERY_SECS

    def _end(self) -> None:
        self._notify(["STOPPING=1"])
        until = self._clock.monotonic() + LAST_WORDS_SECS
        self._postman.hear()
        while not self._postman.is_idle and self._clock.monotonic() < until:
            self._clock.sleep_until(self._clock.monotonic() + _POLL_SECS)
            self._postman.hear()
        self._save_at = float("-inf")
        self._save()


def standing(look: Look) -> str:
    """How it stands, in one line."""
    needing = sum(1 for bot in look.bots if bot.judgement.needs_person)
    count = counted(len(look.bots), "bot")
    parts = [f"{count}, {needing} in need of a person", *look.faults]
    return "; ".join([*parts, f"{counted(look.owed, 'alert', 'waits', 'wait')} to be sent"] if look.owed else parts)


def beginning(look: Look, before: datetime | None) -> str:
    """What the watch says when it begins: that it works, what it sees, and since when nobody looked."""
    lives = Counter(bot.judgement.life for bot in look.bots)
    seen = ", ".join(f"{count} {life}" for life, count in lives.items()) or "no bot yet"
    gap = "" if before is None else f" Nobody looked since {before:%d %b %H:%M:%S}: what happened meanwhile follows."
    return f"The watch has begun: {seen}.{gap}"
