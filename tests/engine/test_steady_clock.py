"""The clock that the session goes by: what it believes, what it says of it, and what it leaves to the one below.

Behaviour 12.
"""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta

import pytest

from tests.support.fakes import MONDAY, HandClock
from tg1.trading.steady_clock import SteadyClock


def in_session(now: datetime) -> bool:
    """An intraday bot's hours."""
    return time(9, 15) <= now.time() < time(15, 0)


@pytest.fixture
def below() -> HandClock:
    """The machine's clock, at 09:20."""
    return HandClock()


@pytest.fixture
def steady(below: HandClock) -> SteadyClock:
    """A clock on top of it that was asked once."""
    clock = SteadyClock(below, in_session)
    assert clock.now() == MONDAY
    return clock


def seconds_pass(below: HandClock, steady: SteadyClock, secs: int) -> None:
    """The bot looks at its clock once a second."""
    for _ in range(secs):
        below.advance(1.0)
        steady.now()


def test_time_goes_on_while_a_jump_is_doubted(below: HandClock, steady: SteadyClock) -> None:
    """Behaviour 12: orders are stamped with the seconds that passed, until the jump has held for 60 s."""
    below.wall += timedelta(hours=8)
    seconds_pass(below, steady, 59)
    assert steady.now() == MONDAY + timedelta(seconds=59)
    seconds_pass(below, steady, 2)
    assert steady.now() == MONDAY + timedelta(hours=8, seconds=61)


def test_jump_is_told_once_and_so_is_its_end(
    below: HandClock, steady: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 12: a minute of doubt is two lines, not sixty; an hour of peace is none."""
    with caplog.at_level(logging.INFO):
        seconds_pass(below, steady, 30)
        assert caplog.messages == []
        below.wall += timedelta(hours=8)
        seconds_pass(below, steady, 90)
    jumped, believed = caplog.messages
    assert jumped.startswith(
        "The machine's clock jumped from 2026-11-23 09:20:31 to 2026-11-23 17:20:31: it is believed"
    )
    assert believed == "The machine's clock says 2026-11-23 17:21:31 and is believed again"


def test_second_jump_is_told_with_where_it_went(
    below: HandClock, steady: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 12: whoever sets the clock by hand sees each of his tries."""
    with caplog.at_level(logging.INFO):
        for hours in (8, 2):
            below.wall += timedelta(hours=hours)
            seconds_pass(below, steady, 10)
    assert [line.partition(": ")[0].rpartition(" to ")[2] for line in caplog.messages] == [
        "2026-11-23 17:20:01",
        "2026-11-23 19:20:11",
    ]


def test_waiting_and_stopping_are_left_to_the_clock_below(below: HandClock, steady: SteadyClock) -> None:
    """A stop ends what is waited for, and never the pause between two cancels that a signal must not shorten."""
    steady.wait_until(1005.0)
    assert (steady.monotonic(), below.mono, steady.stop_requested) == (1005.0, 1005.0, False)
    below.stopping = True
    steady.wait_until(1010.0)
    assert (steady.monotonic(), steady.stop_requested) == (1005.0, True)
    steady.sleep_until(1010.0)
    assert steady.monotonic() == 1010.0


def test_first_look_is_believed_whatever_it_says(below: HandClock) -> None:
    """Behaviour 12: there is nothing to hold it against."""
    below.wall += timedelta(hours=11)
    assert SteadyClock(below, in_session).now() == MONDAY + timedelta(hours=11)
