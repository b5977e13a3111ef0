"""Alerts as one message for a phone: what fits into it, its title and its lines. PURE."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tg1.watch.alerts import LOUDEST_FIRST, Alert, Kind, Noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

ROOM = 3000
"""Characters of the alerts in one message at most: Telegram takes about 4,000; where less goes in, it is less."""
FEW_FILLS = 3
"""So many fills of a bot are told one by one; more are one line."""


class Tone(StrEnum):
    """How a service may mark a message: colour, symbol."""

    BAD = "failure"
    ODD = "warning"
    PLAIN = "info"
    GOOD = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one target is sent."""

    title: str
    body: str
    tone: Tone


_HEADLINES = {
    Kind.DIED: "has died",
    Kind.HUNG: "hangs",
    Kind.TERMINATED: "has terminated",
    Kind.FAILED: "ended and left something",
    Kind.ATTENTION: "needs you",
    Kind.FEED_STALE: "has no fresh prices",
    Kind.BOOK_UNREAD: "is blind: an order book is not read",
    Kind.SAVE_FAILING: "can't save and places nothing",
    Kind.TOKEN_EXPIRED: "needs today's Kite login",
    Kind.UNREADABLE: "can't be read",
    Kind.SESSION_END: "has stopped",
    Kind.FILL: "filled an order",
    Kind.WATCH: "TG1 watch",
}
_GOOD_NEWS = {
    Kind.DIED: "trades again",
    Kind.HUNG: "cycles again",
    Kind.TERMINATED: "runs again",
    Kind.ATTENTION: "has settled something itself",
    Kind.FAILED: "runs again",
    Kind.UNREADABLE: "can be read again",
    Kind.FEED_STALE: "has fresh prices again",
    Kind.BOOK_UNREAD: "reads its order book again",
    Kind.SAVE_FAILING: "saves again",
    Kind.TOKEN_EXPIRED: "has a good Kite token again",
    Kind.WATCH: "TG1 watch",
}
_TONES = {Noise.URGENT: Tone.BAD, Noise.NORMAL: Tone.ODD, Noise.QUIET: Tone.PLAIN}
_PLAIN_KINDS = (Kind.FILL, Kind.SESSION_END, Kind.WATCH)
"""No trouble, however loud somebody wants them."""


def fitting(alerts: Sequence[Alert], room: int = ROOM) -> tuple[Alert, ...]:
    """The alerts that one message holds: the loudest first, each whole, at least one; in their own order.

    `room`: characters.
    """
    chosen: list[int] = []
    ranked = sorted(enumerate(alerts), key=lambda each: (LOUDEST_FIRST.index(each[1].noise), each[0]))
    folded = _folded(alerts)
    for index, alert in ranked:
        # Fills that are told as a number need no room of their own.
        room -= 0 if (alert.bot, alert.kind) in folded else len(alert.text) + len(alert.bot) + 24
        if room < 0 and chosen:
            break
        chosen.append(index)
    return tuple(alerts[index] for index in sorted(chosen))


def _folded(alerts: Iterable[Alert]) -> dict[tuple[str, Kind], list[Alert]]:
    """The fills that are told as a number, by bot."""
    counts = Counter(alert.bot for alert in alerts if alert.kind is Kind.FILL)
    return {
        (bot, Kind.FILL): [alert for alert in alerts if alert.bot == bot and alert.kind is Kind.FILL]
        for bot, count in counts.items()
        if count > FEW_FILLS
    }


def message_of(alerts: Sequence[Alert], dropped: int, now: datetime, host: str) -> Message:
    """One message; at least one alert. `host` is the machine's name, so that two machines can be told apart."""
    lines = _lines(alerts, now)
    if dropped:
        were = "alert was" if dropped == 1 else "alerts were"
        lines.append(f"{dropped} earlier {were} left out: too many waited, or for too long.")
    lines.append(f"(TG1 watch on {host})")
    return Message(title=_title(alerts), body="\n".join(lines), tone=_tone(alerts))


def _lines(alerts: Sequence[Alert], now: datetime) -> list[str]:
    folded = _folded(alerts)
    lines = []
    for alert in alerts:
        group = folded.get((alert.bot, alert.kind))
        if group is None:
            lines.append(_line(alert, now))
        elif alert is group[-1]:
            since = f"{len(group)} fills since {_clock(group[0].at, now)}, the last: {alert.text}"
            lines.append(f"{_clock(alert.at, now)} {alert.bot}: {since}")
    return lines


def _line(alert: Alert, now: datetime) -> str:
    head = f"{_clock(alert.at, now)} {alert.bot}".strip()
    return f"{head}: {alert.text}"


def _clock(at: datetime, now: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%d %b %H:%M:%S}"


def _title(alerts: Sequence[Alert]) -> str:
    """What the phone shows first: the loudest, then how much more."""
    first = min(alerts, key=_weight)
    alike = [
        alert for alert in alerts if (alert.bot, alert.kind, alert.cleared) == (first.bot, first.kind, first.cleared)
    ]
    head = _headline(first)
    if first.kind is Kind.FILL and len(alike) > 1:
        return f"{first.bot}: {len(alike)} fills" + _more(len(alerts) - len(alike))
    return head + _more(len(alerts) - 1)


def _weight(alert: Alert) -> tuple[int, bool, bool, bool]:
    return (LOUDEST_FIRST.index(alert.noise), alert.kind is Kind.WATCH, alert.kind is Kind.FILL, alert.cleared)


def _headline(alert: Alert) -> str:
    words = (_GOOD_NEWS if alert.cleared else _HEADLINES)[alert.kind]
    return f"{alert.bot} {words}" if alert.bot else words


def _more(count: int) -> str:
    return f" (+{count} more)" if count else ""


def _tone(alerts: Sequence[Alert]) -> Tone:
    if all(alert.cleared for alert in alerts):
        return Tone.GOOD
    trouble = [alert for alert in alerts if not alert.cleared and alert.kind not in _PLAIN_KINDS]
    if not trouble:
        return Tone.PLAIN
    return _TONES[min((alert.noise for alert in trouble), key=LOUDEST_FIRST.index)]
