"""Brings alerts to their targets without ever waiting for one.

Each sending is a thread of its own. A target that does not answer within `TIMEOUT_SECS` counts as one that refused, and
nothing more is sent there while too many of its sendings still hang.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.watch.message import message_of
from tg1.watch.outbox import Batch, Outbox, accept, due, expired, joined, refused, taken
from tg1.watch.targets import TIMEOUT_SECS, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tg1.machine.clock import Clock
    from tg1.watch.alerts import Alert, QuietHours
    from tg1.watch.message import Message
    from tg1.watch.targets import Target

log = logging.getLogger(__name__)

MOST_HANGING = 3
"""Threads that one target may hold."""


@dataclass(slots=True)
class _Sending:
    """One message on its way."""

    batch: Batch
    begun: float
    """Monotonic seconds."""
    thread: threading.Thread
    answer: list[Answer] = field(default_factory=list)
    """Empty while on its way."""


@dataclass(slots=True)
class _Post:
    """One target's outbox and what is on its way there."""

    target: Target
    outbox: Outbox
    sending: _Sending | None = None
    hanging: list[threading.Thread] = field(default_factory=list)
    is_failing: bool = False


class Postman:
    """Owns the outboxes. One thread alone calls it."""

    def __init__(
        self,
        targets: Sequence[Target],
        clock: Clock,
        *,
        host: str,
        quiet_hours: QuietHours | None = None,
        start: Callable[[threading.Thread], None] = threading.Thread.start,
    ) -> None:
        """`start` begins a thread (a test runs it at once)."""
        self._clock = clock
        self._host = host
        self._quiet_hours = quiet_hours
        self._start = start
        self._posts = [_Post(target, Outbox()) for target in targets]
        self.changed = False
        """True when an outbox changed since `outboxes` was last asked."""

    def adopt(self, outboxes: Mapping[str, Outbox]) -> None:
        """Take over what an earlier process owed, by target; what came meanwhile follows it."""
        for post in self._posts:
            earlier = outboxes.get(post.target.key)
            if earlier is not None:
                self._keep(post, joined(earlier, post.outbox))

    def outboxes(self) -> dict[str, Outbox]:
        """What is to be kept over a restart, by target."""
        self.changed = False
        return {post.target.key: post.outbox for post in self._posts}

    def waiting(self) -> dict[str, int]:
        """How many alerts each target is owed, by its name."""
        return {post.target.name: len(post.outbox.waiting) for post in self._posts}

    @property
    def is_idle(self) -> bool:
        """True when nothing is on its way."""
        return all(post.sending is None for post in self._posts)

    def accept(self, alerts: Iterable[Alert]) -> None:
        """Take alerts in for every target; those that were taken in before change nothing."""
        alerts = tuple(alerts)
        for post in self._posts:
            self._keep(post, accept(post.outbox, alerts))

    def hear(self) -> None:
        """Take note of what became of what is on its way. Returns at once."""
        for post in self._posts:
            self._hear(post)
            self._keep(post, expired(post.outbox, self._clock.now()))

    def send(self) -> None:
        """Send what is due. Returns at once."""
        for post in self._posts:
            if post.sending is None and self._has_a_thread_for(post):
                self._send(post)

    def _keep(self, post: _Post, outbox: Outbox) -> None:
        if outbox is not post.outbox:
            post.outbox = outbox
            self.changed = True

    def _has_a_thread_for(self, post: _Post) -> bool:
        post.hanging = [thread for thread in post.hanging if thread.is_alive()]
        return len(post.hanging) < MOST_HANGING

    def _hear(self, post: _Post) -> None:
        sending = post.sending
        if sending is None:
            return
        if sending.answer:
            self._settle(post, sending.batch, sending.answer[0])
        elif self._clock.monotonic() - sending.begun >= TIMEOUT_SECS:
            post.hanging.append(sending.thread)
            self._settle(post, sending.batch, Answer(why_not=f"no answer within {TIMEOUT_SECS:.0f} s"))

    def _settle(self, post: _Post, batch: Batch, answer: Answer) -> None:
        post.sending = None
        now = self._clock.now()
        if answer.why_not:
            self._keep(post, refused(post.outbox, batch, now, is_final=answer.is_final))
            self._complain(post, answer.why_not)
            return
        self._keep(post, taken(post.outbox, batch, now))
        if post.is_failing:
            post.is_failing = False
            log.info("Alerts reach %s again", post.target.name)

    def _complain(self, post: _Post, why: str) -> None:
        """Once per outage: what waits is told on the page as well."""
        if not post.is_failing:
            post.is_failing = True
            log.warning("An alert did not reach %s: %s. It is tried again until it does", post.target.name, why)

    def _send(self, post: _Post) -> None:
        now = self._clock.now()
        batch = due(post.outbox, now, self._quiet_hours, post.target.room)
        if batch is None:
            return
        message = message_of(batch.alerts, batch.dropped, now, self._host)
        answer: list[Answer] = []
        thread = threading.Thread(
            target=_deliver, args=(post.target, message, answer), name=f"tg1 {post.target.name}", daemon=True
        )
        post.sending = _Sending(batch, self._clock.monotonic(), thread, answer)
        self._start(thread)


def _deliver(target: Target, message: Message, answer: list[Answer]) -> None:
    answer.append(target.deliver(message))
