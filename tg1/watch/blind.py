"""The watch's own blindness: a folder that it can't read is told as well, once it lasts. PURE."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.watch.alerts import Alert, Kind, Noise, told
from tg1.watch.memory import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

PATIENCE = timedelta(seconds=60)
"""A folder may be late at a boot, or away for a moment."""


def blindness(
    before: Mapping[str, Trouble], faults: Iterable[str], now: datetime, noise: Noise
) -> tuple[dict[str, Trouble], list[Alert]]:
    """What to remember of it, and what to tell; a trouble without an occurrence was not told yet."""
    after: dict[str, Trouble] = {}
    alerts: list[Alert] = []
    for fault in faults:
        trouble = before.get(fault) or Trouble(kind=Kind.WATCH, occurrence="", what="", since=now)
        if not trouble.occurrence and now - trouble.since >= PATIENCE:
            trouble = replace(trouble, occurrence=f"{fault} {trouble.since.isoformat()}")
            alerts.append(_alert(trouble, f"the watch is blind here: {fault}", now, noise))
        after[fault] = trouble
    for fault, trouble in before.items():
        if fault not in after and trouble.occurrence:
            alerts.append(replace(_alert(trouble, f"the watch sees again; before: {fault}", now, noise), cleared=True))
    return after, [alert for alert in alerts if alert.noise is not Noise.OFF]


def _alert(trouble: Trouble, text: str, now: datetime, noise: Noise) -> Alert:
    return Alert(bot="", kind=Kind.WATCH, occurrence=trouble.occurrence, text=told(text), at=now, noise=noise)
