"""A watch that sees nothing says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.support.alerts import NOON
from tg1.watch.alerts import Alert, Kind, Noise
from tg1.watch.blind import blindness
from tg1.watch.memory import Trouble

FAULT = "the state folder /srv/tg1 can't be read: Permission denied"


def test_it_is_told_after_a_minute_and_when_it_is_over() -> None:
    """Once each; a folder may be late at a boot."""
    seen: dict[str, Trouble] = {}
    alerts: list[Alert] = []
    for secs, faults in ((0, [FAULT]), (59, [FAULT]), (60, [FAULT]), (90, [FAULT]), (100, []), (101, [])):
        seen, more = blindness(seen, faults, NOON + timedelta(seconds=secs), Noise.NORMAL)
        alerts += more
    begun = Alert(
        bot="",
        kind=Kind.WATCH,
        occurrence=f"{FAULT} {NOON.isoformat()}",
        text=f"the watch is blind here: {FAULT}",
        at=NOON + timedelta(seconds=60),
        noise=Noise.NORMAL,
    )
    over = replace(begun, text=f"the watch sees again; before: {FAULT}", at=NOON + timedelta(seconds=100), cleared=True)
    assert alerts == [begun, over]


def test_it_is_remembered_as_it_began() -> None:
    """A restart of the watch begins no new minute."""
    seen, _ = blindness({}, [FAULT], NOON, Noise.NORMAL)
    assert seen == {FAULT: Trouble(kind=Kind.WATCH, occurrence="", what="", since=NOON)}


def test_a_moment_is_not_told() -> None:
    """Neither its beginning nor its end."""
    seen, _ = blindness({}, [FAULT], NOON, Noise.NORMAL)
    assert blindness(seen, [], NOON + timedelta(seconds=30), Noise.NORMAL) == ({}, [])


def test_it_can_be_switched_off() -> None:
    """As every kind."""
    seen, _ = blindness({}, [FAULT], NOON, Noise.OFF)
    assert blindness(seen, [FAULT], NOON + timedelta(seconds=61), Noise.OFF)[1] == []
