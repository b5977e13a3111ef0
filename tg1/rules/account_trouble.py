"""Rejections that are the account's, not the levels': a halt, RMS down, a clock that is wrong (behaviour 8.3). Pure.

Three or more levels that are rejected with the same reason within ten seconds are no fault of theirs. Such rejections
count once for the account, whose entries back off as a whole; what the levels were charged with meanwhile is taken
back. Targets and hedges go on trying, but not all of them every second. What another account hears in the very words of
an account in trouble is the market's, and counts the same way.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import Backoff, Role
from tg1.rules.change import Change, Note
from tg1.rules.rejections import LONGEST_BACKOFF_SECS, has_rested, is_due
from tg1.rules.timing import is_recent

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.models import LegOrder, OpenOrder
    from tg1.rules.change import Rejection

LEVELS = 3
WITHIN_SECS = 10.0
PROTECTION_RETRY_SECS = 10
"""Targets and hedges of a troubled account try again after so long at most: a halt ends without a word."""
PROBES = 3
"""Targets of a troubled account that are tried in one cycle; the others follow in the next ones."""

PREFIX = "account "
"""Begins the key of every attention about an account's rejections."""

_NUMBERS = re.compile(r"\d[\d.,]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """One rejection of the last seconds, and what its leg's back-off was before it."""

    uuid: str
    role: Role
    words: str
    at: datetime
    before: Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An account whose orders are rejected whatever they say."""

    words: str
    since: datetime
    counted_at: datetime
    """When a try was counted last: all orders of one try count once."""
    last_at: datetime
    """When an order was rejected last."""
    backoff: Backoff
    """Of its entries as a whole: 2, 4, 8, 16, 32, 60 s; it never pauses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a rejection means when it is the account's."""

    retry_at: datetime
    """When the leg that was rejected may try again."""
    is_new: bool
    """True for the one that showed it."""
    levels: int
    taken_back: tuple[Charged, ...] = ()
    """What the levels were charged with before it showed, the oldest of each leg."""

    def change(self, level: OpenOrder, account: str, reason: str) -> Change:
        """The level, and what a person is told once."""
        if not self.is_new:
            return Change(level=level)
        text = (
            f"account {account}: orders of {self.levels} levels were rejected within {WITHIN_SECS:.0f} s with the same "
            f"reason; its entries back off as a whole, targets and hedges try on: {reason}"
        )
        note = Note(text=f"ACCOUNT TROUBLE: {text}", severity=logging.WARNING)
        return Change(level=level, notes=(note,), attention=((attention_key(account, same_words(reason)), text),))


@dataclass(slots=True)
class AccountTroubles:
    """The recent rejections of all accounts."""

    _recent: dict[str, list[Charged]] = field(default_factory=dict)
    _troubles: dict[str, Trouble] = field(default_factory=dict)

    def note(self, account: str, uuid: str, rejection: Rejection, before: Backoff, now: datetime) -> Verdict | None:
        """Note a rejection of a level's leg; None when it is the level's own."""
        words = same_words(rejection.reason)
        recent = [one for one in self._recent.get(account, []) if is_recent(one.at, now, WITHIN_SECS)]
        charged = Charged(uuid=uuid, role=rejection.order.role, words=words, at=now, before=before)
        self._recent[account] = [*recent, charged]
        alike = [one for one in recent if one.words == words]
        levels = len({uuid, *(one.uuid for one in alike)})
        known = self._troubles.get(account)
        if known is not None and known.words == words:
            return self._again(account, known, rejection, levels, now)
        elsewhere = any(trouble.words == words for trouble in self._troubles.values())
        if levels < LEVELS and not elsewhere:
            return None
        backoff = Backoff(rejections=1, retry_at=now)
        since = min([now, *(one.at for one in alike)])
        self._troubles[account] = Trouble(words=words, since=since, counted_at=now, last_at=now, backoff=backoff)
        return Verdict(retry_at=now, is_new=not elsewhere, levels=levels, taken_back=_oldest(alike))

    def _again(self, account: str, known: Trouble, rejection: Rejection, levels: int, now: datetime) -> Verdict:
        placed_at = rejection.order.placed_at
        known = replace(known, last_at=now)
        if now > known.counted_at and placed_at is not None and placed_at >= known.counted_at:
            count = known.backoff.rejections + 1
            retry_at = now + timedelta(seconds=min(2 ** (count - 1), LONGEST_BACKOFF_SECS))
            backoff = Backoff(rejections=count, retry_at=retry_at)
            known = replace(known, counted_at=now, backoff=backoff)
        self._troubles[account] = known
        entries_at = known.backoff.retry_at or now
        soon = now + timedelta(seconds=PROTECTION_RETRY_SECS)
        protects = rejection.order.role is not Role.ENTRY
        return Verdict(retry_at=min(entries_at, soon) if protects else entries_at, is_new=False, levels=levels)

    def is_troubled(self, account: str) -> bool:
        """True while the account's orders are rejected whatever they say."""
        return account in self._troubles

    def may_enter(self, account: str, now: datetime) -> bool:
        """True when entries of the account are not backing off as a whole."""
        known = self._troubles.get(account)
        return known is None or is_due(known.backoff, now)

    def saw_working(self, account: str, order: LegOrder, now: datetime) -> str:
        """An order is at work: one placed since the last rejection lets the others go, a success ends the trouble.

        Returns the key of the attention that is over; empty when nothing has ended.
        """
        known = self._troubles.get(account)
        if known is None or not order.acknowledged or order.placed_at is None or order.placed_at < known.since:
            return ""
        if order.filled_quantity or has_rested(order, now):
            self.forget(account)
            return attention_key(account, known.words)
        if order.placed_at > known.last_at and known.backoff.retry_at is not None:
            self._troubles[account] = replace(known, backoff=replace(known.backoff, retry_at=None))
        return ""

    def forget(self, account: str) -> None:
        """The account's trouble is over."""
        self._troubles.pop(account, None)
        self._recent.pop(account, None)


def _oldest(charges: list[Charged]) -> tuple[Charged, ...]:
    found: dict[tuple[str, Role], Charged] = {}
    for one in charges:
        found.setdefault((one.uuid, one.role), one)
    return tuple(found.values())


def attention_key(account: str, words: str) -> str:
    """What a person is told of an account's trouble is kept under this key."""
    return f"{PREFIX}{account} {words}"


def same_words(reason: str) -> str:
    """A broker's reason without its numbers: a margin or an order id differs from order to order."""
    return _NUMBERS.sub("#", reason).strip().casefold()
