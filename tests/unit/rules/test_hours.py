"""Trading hours of NSE in IST (behaviour 12)."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.machine.clock import IST
from tg1.rules.hours import (
    LAST_SPECIAL_STOP,
    LAST_STOP,
    WEEKDAYS,
    SessionPhase,
    TradingCalendar,
    opening,
    phase_of,
)

FRIDAY = datetime(2026, 11, 27, tzinfo=IST)


@pytest.mark.parametrize(
    ("clock_time", "phase"),
    [
        ("00:00:00", SessionPhase.BEFORE_OPEN),
        ("09:14:59", SessionPhase.BEFORE_OPEN),
        ("09:15:00", SessionPhase.OPEN),
        ("14:59:59", SessionPhase.OPEN),
        ("15:00:00", SessionPhase.AFTER_STOP),
        ("23:59:59", SessionPhase.AFTER_STOP),
    ],
)
def test_day_has_its_phases(clock_time: str, phase: SessionPhase) -> None:
    """Behaviour 12: both borders belong to what they begin."""
    now = datetime.combine(FRIDAY, time.fromisoformat(clock_time), IST)
    assert phase_of(now, time(15, 0)) is phase


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(IST)))  # noqa: DTZ001  # bounds have to be naive
def test_weekend_is_closed_and_weekdays_never_are_weekend(now: datetime) -> None:
    """Behaviour 12."""
    assert (phase_of(now, time(15, 15)) is SessionPhase.CLOSED) == (now.strftime("%a") in ("Sat", "Sun"))


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(IST)))  # noqa: DTZ001  # bounds have to be naive
def test_before_the_open_the_opening_lies_ahead_on_the_same_day(now: datetime) -> None:
    """What is waited for does come."""
    if phase_of(now, time(15, 0)) is SessionPhase.BEFORE_OPEN:
        assert opening(now) > now
        assert phase_of(opening(now), time(15, 0)) is SessionPhase.OPEN
    assert opening(now).date() == now.date()


HOLIDAY, SATURDAY = date(2026, 11, 27), date(2026, 11, 28)


def at_noon(day: date, calendar: TradingCalendar) -> SessionPhase:
    """Where noon of that day lies."""
    return phase_of(datetime.combine(day, time(12, 0), IST), time(15, 0), calendar)


def test_holiday_is_treated_as_a_weekend_is() -> None:
    """Behaviour 12."""
    calendar = TradingCalendar(holidays={HOLIDAY: "Diwali"})
    assert at_noon(HOLIDAY, calendar) is SessionPhase.CLOSED
    assert at_noon(HOLIDAY, WEEKDAYS) is SessionPhase.OPEN
    assert calendar.why_closed(HOLIDAY) == "NSE is closed on 2026-11-27 (Diwali)"
    assert calendar.why_closed(SATURDAY) == "NSE does not trade at the weekend"


def test_special_session_makes_a_trading_day_of_any_day() -> None:
    """Behaviour 12: a Saturday session, Muhurat."""
    calendar = TradingCalendar(holidays={HOLIDAY: "Diwali"}, trading_days=frozenset({HOLIDAY, SATURDAY}))
    assert at_noon(HOLIDAY, calendar) is at_noon(SATURDAY, calendar) is SessionPhase.OPEN
    assert calendar.why_closed(HOLIDAY) == ""


def test_latest_stops_are_the_close_and_the_end_of_a_special_day() -> None:
    """Behaviour 12: NSE's day ends at 15:30; Muhurat's hour is in the evening."""
    assert time(15, 30) == LAST_STOP
    assert time(23, 59) == LAST_SPECIAL_STOP


@pytest.mark.parametrize(
    ("name", "why"), [("Diwali", "NSE is closed on 2026-11-27 (Diwali)"), ("", "NSE is closed on 2026-11-27")]
)
def test_holiday_is_said_by_its_name_when_it_has_one(name: str, why: str) -> None:
    """Behaviour 12: `--holiday` gives none."""
    assert TradingCalendar(holidays={HOLIDAY: name}).why_closed(HOLIDAY) == why


def test_real_calendar_never_ends() -> None:
    """Only a replay's does (behaviour 17)."""
    assert not WEEKDAYS.is_over()
