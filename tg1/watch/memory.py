"""What the watch has seen and told of each bot: all that decides whether something is news. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tg1.watch.alerts import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that was told and has not ended yet."""

    kind: Kind
    occurrence: str
    what: str
    """Of which symbol or account; empty when it is the whole bot's."""
    since: datetime
    """Aware IST time at which the watch saw it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotMemory:
    """One bot, as it was at the last look."""

    run: str = ""
    """The life of the bot that was seen last."""
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    """What holds, by a key of the bot's own, e.g. "feed-stale SBIN"."""
    attention: tuple[str, ...] = ()
    """Occurrences of the attention that stands and was told."""
    ended: str = ""
    """The run whose end was told."""
    event: str = ""
    """Id of the last event that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All bots. A bot whose files are gone is forgotten."""

    bots: Mapping[str, BotMemory] = field(default_factory=dict)
    """By the place of the bot's files."""
    blind: Mapping[str, Trouble] = field(default_factory=dict)
    """Why the watch itself sees nothing somewhere, by the sentence that says it."""
    looked_at: datetime | None = None
    """The last look that was written down."""
