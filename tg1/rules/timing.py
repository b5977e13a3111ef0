"""Waits of a level's own life, by the wall clock, because they have to survive a restart. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def has_waited(since: datetime | None, now: datetime, secs: float) -> bool:
    """True when `secs` have passed since then; also when nobody knows since when, or the clock ran back.

    A wall clock that was put back an hour must not hold anything for an hour.
    """
    return since is None or not timedelta() <= now - since < timedelta(seconds=secs)


def is_recent(since: datetime | None, now: datetime, secs: float) -> bool:
    """True when it surely was within the last `secs`."""
    return since is not None and timedelta() <= now - since <= timedelta(seconds=secs)
