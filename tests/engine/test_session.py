"""When a bot trades, and how it waits for the open (behaviour 12)."""

from __future__ import annotations

import logging
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import EXAMPLE
from tests.support.fakes import MONDAY, HandClock
from tg1.config import GridOcoConfig
from tg1.rules.hours import TradingCalendar
from tg1.trading.session import TradingSession

if TYPE_CHECKING:
    from datetime import datetime


class OverCalendar(TradingCalendar):
    """A replay's: no day comes any more."""

    def is_over(self) -> bool:
        return True


def session(clock: HandClock, calendar: TradingCalendar | None = None, **changes: Any) -> TradingSession:
    """The session of the example bot (MIS) with some settings changed."""
    return TradingSession(config=GridOcoConfig(**{**EXAMPLE, **changes}), clock=clock, calendar=calendar)


def monday(hour: int, minute: int = 0, second: float = 0) -> datetime:
    """That time of 2026-11-23."""
    return MONDAY.replace(hour=0, minute=0) + timedelta(hours=hour, minutes=minute, seconds=second)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (monday(8), False),
        (monday(9, 15), False),
        (monday(14, 59, 59), False),
        (monday(15), True),
        (monday(9, 15) + timedelta(days=5), True),
        (monday(8) + timedelta(days=6), True),
    ],
)
def test_session_is_over_after_the_stop_and_on_days_without_trading(now: datetime, *, over: bool) -> None:
    """Behaviour 12: 15:00 for MIS; before the open it is not over, it has not begun."""
    assert session(HandClock()).is_over(now) is over


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (0, "the session ended at 15:00 IST"),
        (1, "NSE is closed on 2026-11-24 (Guru Nanak Jayanti)"),
        (5, "NSE does not trade at the weekend"),
    ],
)
def test_start_that_has_nothing_to_do_says_why(days: int, why: str) -> None:
    """Behaviour 12."""
    calendar = TradingCalendar(holidays={date(2026, 11, 24): "Guru Nanak Jayanti"})
    assert session(HandClock(), calendar).why_over(monday(16) + timedelta(days=days)) == why


@pytest.mark.parametrize("ignore", [False, True])
def test_replay_that_has_no_day_left_is_over_in_the_middle_of_one(*, ignore: bool) -> None:
    """A bot that knows no hours ends with its replay, too."""
    assert session(HandClock(), OverCalendar(), ignore_market_hours=ignore).is_over(monday(10))


def test_bot_without_market_hours_is_never_over_and_waits_for_nothing() -> None:
    """Behaviour 12: `--ignore-market-hours`, on a Sunday night; its clock is the machine's own."""
    clock = HandClock(monday(23) + timedelta(days=6))
    mine = session(clock, ignore_market_hours=True)
    assert (mine.is_over(clock.now()), mine.wait_for_open(), clock.mono) == (False, True, 1000.0)
    assert mine.clock is clock


def test_start_within_the_session_does_not_wait() -> None:
    """Behaviour 12: from 09:15:00 on."""
    clock = HandClock(monday(9, 15))
    assert session(clock).wait_for_open()
    assert clock.mono == 1000.0


def test_early_start_waits_until_the_open_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 12: 20 minutes of waiting are one line, and not a second of the session is missed."""
    clock = HandClock(monday(8, 54, 30))
    with caplog.at_level(logging.INFO):
        assert session(clock).wait_for_open()
    assert clock.now() == monday(9, 15)
    assert caplog.messages == ["The market opens at 09:15; waiting"]


def test_wait_for_the_open_looks_at_the_clock_every_minute_and_the_last_moment_is_no_spin() -> None:
    """Behaviour 12: a wall clock that is put right meanwhile must not cost the morning."""
    clock = HandClock(monday(9, 12, 29.95))
    seen: list[float] = []
    clock.on_wait = lambda: seen.append(clock.mono - 1000.0)
    session(clock).wait_for_open()
    assert [round(secs, 3) for secs in seen] == [60.0, 120.0, 150.05]
    late = HandClock(monday(9, 14, 59.99))
    session(late).wait_for_open()
    assert round(late.mono - 1000.0, 3) == 0.1


def test_clock_that_is_put_right_during_the_wait_opens_the_session() -> None:
    """Behaviour 12: it was half an hour slow."""
    clock = HandClock(monday(8, 40))

    def put_right() -> None:
        clock.wall = max(clock.wall, monday(9, 20))

    clock.on_wait = put_right
    assert session(clock).wait_for_open()
    assert clock.mono - 1000.0 == 60.0


def test_stop_during_the_wait_is_no_open() -> None:
    """Behaviour 12, 14: also when it comes in the last step, in which the market opens."""
    clock = HandClock(monday(9, 14, 30))
    clock.on_wait = lambda: setattr(clock, "stopping", True)
    assert not session(clock).wait_for_open()
    assert clock.now().time() == time(9, 15)


def test_clock_of_the_session_takes_no_jump_for_its_end() -> None:
    """Behaviour 12: one that says 17:20 at 09:20 is doubted; `--stop-at` bounds the hours that are held against it."""
    for stop_at, jump, believed in (("15:00", 8.0, 9), ("15:00", 1.0, 10), ("09:50", 1.0, 9)):
        clock = HandClock()
        mine = session(clock, stop_at=stop_at)
        mine.clock.now()
        clock.wall += timedelta(hours=jump)
        assert mine.clock.now().hour == believed
