"""The watch's own file as JSON, both ways: what it remembers, and what it owes to each target. PURE."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tg1.watch.alerts import Alert, Kind, Noise
from tg1.watch.memory import BotMemory, Memory, Trouble
from tg1.watch.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1
MARK = "tg1_watch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a watch finds of the one before it."""

    memory: Memory = field(default_factory=Memory)
    outboxes: Mapping[str, Outbox] = field(default_factory=dict)
    """By target key; those of targets that are not configured any more are not carried on."""


def encode(kept: Kept) -> bytes:
    """The bytes of the file."""
    document = {
        MARK: VERSION,
        "looked_at": _time_out(kept.memory.looked_at),
        "blind": _troubles_out(kept.memory.blind),
        "bots": {name: _bot_out(bot) for name, bot in kept.memory.bots.items()},
        "outboxes": {key: _outbox_out(outbox) for key, outbox in kept.outboxes.items()},
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(data: bytes) -> Kept:
    """What a file holds. Raises `ValueError` for one that is damaged, foreign or of another version."""
    try:
        document = json.loads(data)
        if document[MARK] != VERSION:
            raise ValueError(f"it has version {document[MARK]!r}, and this watch reads {VERSION}")
        return Kept(
            memory=Memory(
                bots={name: _bot_in(bot) for name, bot in document["bots"].items()},
                blind=_troubles_in(document["blind"]),
                looked_at=_time_in(document["looked_at"]),
            ),
            outboxes={key: _outbox_in(outbox) for key, outbox in document["outboxes"].items()},
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ValueError(f"it lacks what it must hold ({type(exc).__name__})") from exc


def _time_out(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time_in(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError("it holds a time without its offset")
    return at


def _bot_out(bot: BotMemory) -> dict[str, Any]:
    return {
        "run": bot.run,
        "troubles": _troubles_out(bot.troubles),
        "attention": list(bot.attention),
        "ended": bot.ended,
        "event": bot.event,
    }


def _bot_in(value: Any) -> BotMemory:
    return BotMemory(
        run=str(value["run"]),
        troubles=_troubles_in(value["troubles"]),
        attention=tuple(map(str, value["attention"])),
        ended=str(value["ended"]),
        event=str(value["event"]),
    )


def _troubles_out(troubles: Mapping[str, Trouble]) -> dict[str, list[str]]:
    return {
        key: [trouble.kind, trouble.occurrence, trouble.what, trouble.since.isoformat()]
        for key, trouble in troubles.items()
    }


def _troubles_in(value: Any) -> dict[str, Trouble]:
    return {
        key: Trouble(kind=Kind(kind), occurrence=str(occurrence), what=str(what), since=_moment(since))
        for key, (kind, occurrence, what, since) in value.items()
    }


def _outbox_out(outbox: Outbox) -> dict[str, Any]:
    return {
        "waiting": [_alert_out(alert) for alert in outbox.waiting],
        "done": list(outbox.done),
        "dropped": outbox.dropped,
        "left_at": {kind: at.isoformat() for kind, at in outbox.left_at.items()},
    }


def _outbox_in(value: Any) -> Outbox:
    """Failures are not carried over: a start tries at once."""
    return Outbox(
        waiting=tuple(_alert_in(alert) for alert in value["waiting"]),
        done=tuple(map(str, value["done"])),
        dropped=int(value["dropped"]),
        left_at={Kind(kind): _moment(at) for kind, at in value["left_at"].items()},
    )


def _alert_out(alert: Alert) -> dict[str, Any]:
    return {
        "bot": alert.bot,
        "kind": alert.kind,
        "occurrence": alert.occurrence,
        "text": alert.text,
        "at": alert.at.isoformat(),
        "noise": alert.noise,
        "cleared": alert.cleared,
    }


def _alert_in(value: Any) -> Alert:
    return Alert(
        bot=str(value["bot"]),
        kind=Kind(value["kind"]),
        occurrence=str(value["occurrence"]),
        text=str(value["text"]),
        at=_moment(value["at"]),
        noise=Noise(value["noise"]),
        cleared=bool(value["cleared"]),
    )
