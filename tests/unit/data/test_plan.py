"""Which days are asked for, and which need never be asked for again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tg1.data.plan import days_between, whole_days, windows
from tg1.machine.clock import IST

MONDAY = date(2026, 11, 16)
DAYS = st.integers(0, 300).map(lambda number: date(2026, 1, 1) + timedelta(days=number))


@given(first=DAYS, length=st.integers(0, 200), whole=st.sets(DAYS), most=st.integers(1, 60))
def test_requests_bring_every_missing_day_once_and_no_other(
    first: date, length: int, whole: set[date], most: int
) -> None:
    """In order, none longer than Kite allows (kite.md 2.7)."""
    last = first + timedelta(days=length)
    found = windows(first, last, whole, most)
    asked = [day for begin, end in found for day in days_between(begin, end)]
    assert asked == [day for day in days_between(first, last) if day not in whole]
    assert all((end - begin).days < most for begin, end in found)


def test_full_range_takes_few_requests() -> None:
    """A year of minutes is seven requests of 60 days."""
    assert len(windows(date(2025, 1, 1), date(2025, 12, 31), set(), 60)) == 7


def test_day_is_whole_when_it_is_over_and_has_candles() -> None:
    """Today counts from 16:00 on; before, its minutes are kept and asked for again."""
    expected: dict[int, set[date]] = {15: set(), 16: {MONDAY}}
    for hour, whole in expected.items():
        now = datetime(2026, 11, 16, hour, 0, tzinfo=IST)
        assert whole_days(MONDAY, MONDAY, {MONDAY}, now) == whole


def test_weekday_without_candles_may_be_late() -> None:
    """A holiday is whole once a later day has traded; a weekend is whole by itself."""
    days = [MONDAY + timedelta(days=number) for number in range(7)]
    later = datetime(2026, 12, 1, 9, 0, tzinfo=IST)
    assert whole_days(days[0], days[6], {days[0], days[3]}, later) == {*days[:4], *days[5:]}
    assert whole_days(days[0], days[4], set(), later) == set()
