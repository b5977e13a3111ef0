"""A watch that sees nothing says so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.alerts import NOON
from tg1.watch.alerts import Noise
from tg1.watch.blind import blindness

if TYPE_CHECKING:
    from tg1.watch.memory import Trouble

FAULT = "the state folder /srv/tg1 can't be read: Permission denied"


def test_it_is_told_after_a_minute_and_when_it_is_over() -> None:
    """Once each; a folder may be late at a boot."""
    seen: dict[str, Trouble] = {}
    told = []
    for secs, faults in ((0, [FAULT]), (59, [FAULT]), (60, [FAULT]), (90, [FAULT]), (100, []), (101, [])):
        seen, alerts = blindness(seen, faults, NOON + timedelta(seconds=secs), Noise.NORMAL)
        told += [(secs, alert.cleared) for alert in alerts]
    assert told == [(60, False), (100, True)]


def test_a_moment_is_not_told() -> None:
    """Neither its beginning nor its end."""
    seen, _ = blindness({}, [FAULT], NOON, Noise.NORMAL)
    assert blindness(seen, [], NOON + timedelta(seconds=30), Noise.NORMAL) == ({}, [])


def test_it_can_be_switched_off() -> None:
    """As every kind."""
    seen, _ = blindness({}, [FAULT], NOON, Noise.OFF)
    assert blindness(seen, [FAULT], NOON + timedelta(seconds=61), Noise.OFF)[1] == []
