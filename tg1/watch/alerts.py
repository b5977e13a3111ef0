"""What the watch has to say: kinds of alerts, how loud each may be, and one alert as a value. PURE."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, time

LONGEST_TEXT = 600
"""Characters of one sentence; a broker's words may be longer than any message takes."""


class Kind(StrEnum):
    """What an alert is about; the values are what `--alert KIND=NOISE` takes."""

    DIED = "died"
    """The process is gone and nobody ended the bot."""
    HUNG = "hung"
    """It lives and does not cycle."""
    TERMINATED = "terminated"
    """It ended by its own rules, or was squared off by the operator: the text says which."""
    FAILED = "failed"
    """It ended and left something: orders that work, a start that was refused."""
    ATTENTION = "attention"
    """A sentence that needs a person, once each."""
    FEED_STALE = "feed-stale"
    """A price is older than 30 s."""
    BOOK_UNREAD = "book-unread"
    """An account's order book has not been read for 30 s."""
    SAVE_FAILING = "save-failing"
    """The state can't be saved, so nothing is placed."""
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - a kind of alert
    """Zerodha's access token of the day is dead."""
    UNREADABLE = "unreadable"
    """A file of the bot can't be read, so nobody knows how it is."""
    SESSION_END = "session-end"
    """The bot stopped, or completed, with its summary."""
    FILL = "fill"
    """An order filled, whole or in part."""
    WATCH = "watch"
    """The watch itself: it began, it can't look, it had to leave something out."""


class Noise(StrEnum):
    """How loud a kind may be."""

    URGENT = "urgent"
    """At once and at any hour; what comes within 10 s of the last of its kind is one message."""
    NORMAL = "normal"
    """At once outside quiet hours; what comes within a minute of the last of its kind is one message."""
    QUIET = "quiet"
    """Gathered into one message every quarter of an hour, outside quiet hours."""
    OFF = "off"
    """Not told at all."""


DEFAULT_NOISE: Mapping[Kind, Noise] = {
    Kind.DIED: Noise.URGENT,
    Kind.HUNG: Noise.URGENT,
    Kind.TERMINATED: Noise.URGENT,
    Kind.FAILED: Noise.URGENT,
    Kind.ATTENTION: Noise.URGENT,
    Kind.FEED_STALE: Noise.NORMAL,
    Kind.BOOK_UNREAD: Noise.URGENT,
    Kind.SAVE_FAILING: Noise.URGENT,
    Kind.TOKEN_EXPIRED: Noise.URGENT,
    Kind.UNREADABLE: Noise.NORMAL,
    Kind.SESSION_END: Noise.NORMAL,
    Kind.FILL: Noise.OFF,
    Kind.WATCH: Noise.NORMAL,
}
"""What needs a person now is urgent; a fill is what a grid does all day."""

LOUDEST_FIRST = (Noise.URGENT, Noise.NORMAL, Noise.QUIET)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A part of the day, IST, in which only urgent alerts pass; over midnight when it begins later than it ends."""

    begins: time
    ends: time

    def hold(self, moment: datetime) -> bool:
        """True while they last; `moment` is an IST time."""
        clock = moment.time()
        if self.begins <= self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to be told, once."""

    bot: str
    """The bot's name, with its folder where two folders are watched; empty for the watch itself."""
    kind: Kind
    occurrence: str
    """Which one of its kind, in words that are the same after a restart of the watch."""
    text: str
    """A sentence for a person, at most 600 characters."""
    at: datetime
    """Aware IST time of what happened."""
    noise: Noise
    cleared: bool = False
    """True for the good news that what an earlier alert told is over."""

    @property
    def identity(self) -> str:
        """What no two alerts share: bot, kind, occurrence (and whether it began or is over), in 20 characters."""
        words = "\x1f".join((self.bot, self.kind, self.occurrence, "over" if self.cleared else ""))
        return hashlib.sha256(words.encode(errors="surrogatepass")).hexdigest()[:20]


def told(text: str) -> str:
    """A sentence as it may be sent: without control characters, bounded."""
    plain = "".join(char if char.isprintable() else " " for char in text).strip()
    return plain if len(plain) <= LONGEST_TEXT else plain[: LONGEST_TEXT - 1] + "…"
