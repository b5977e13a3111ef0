"""Which days NSE trades on, as far as the package knows and as the user says (behaviour 12)."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tg1.config import GridOcoConfig
from tg1.settings.nse_holidays import calendar_of

if TYPE_CHECKING:
    from tg1.rules.hours import TradingCalendar

# The exchange's circular CMTR71775 for 2026; what falls on a weekend is left out.
CIRCULAR_2026 = (
    *("2026-01-26", "2026-03-03", "2026-03-26", "2026-03-31", "2026-04-03", "2026-04-14", "2026-05-01", "2026-05-28"),
    *("2026-06-26", "2026-09-14", "2026-10-02", "2026-10-20", "2026-11-10", "2026-11-24", "2026-12-25"),
)


def calendar(today: str, **changes: object) -> tuple[TradingCalendar, tuple[str, ...]]:
    """The calendar of a bot with these settings."""
    config = GridOcoConfig(bot_name="b", token_a_symbol="IRFC", **changes)  # type: ignore[arg-type]
    return calendar_of(config, date.fromisoformat(today))


def closed_weekdays(known: TradingCalendar, year: int) -> list[str]:
    """Every weekday of the year without trading."""
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
    return [str(day) for day in days if day.weekday() < 5 and known.why_closed(day)]


def test_year_that_the_exchange_has_announced_is_known_to_the_day() -> None:
    """Behaviour 12: the installed package holds NSE's list of 2026, and nothing has to be warned of."""
    known, warnings = calendar("2026-11-25")
    assert closed_weekdays(known, 2026) == list(CIRCULAR_2026)
    assert warnings == ()
    assert known.why_closed(date(2026, 11, 24)) == "NSE is closed on 2026-11-24 (Guru Nanak Jayanti)"


@pytest.mark.parametrize("year", [2027, 2028, 2033, 2050, 2101, 2000])
def test_year_that_the_package_does_not_know_is_warned_of(year: int) -> None:
    """Behaviour 12; in 2028 every feast that goes by the moon falls on a weekend, and the year is no better known."""
    _, warnings = calendar(f"{year}-01-04")
    assert len(warnings) == 1
    assert f"holidays of {year}" in warnings[0]
    assert "--holiday" in warnings[0]


def test_guessed_holiday_is_a_warning_and_a_trading_day() -> None:
    """Behaviour 12: a day without hedges costs more than a day of rejections."""
    known, warnings = calendar("2027-03-10")
    assert known.why_closed(date(2027, 3, 10)) == ""
    assert warnings[1] == "NSE may be closed today (Eid al-Fitr): if it is, give --holiday 2027-03-10."
    assert known.why_closed(date(2027, 10, 29)) == "", "Diwali goes by the moon as well"
    assert known.why_closed(date(2027, 1, 26)) == "NSE is closed on 2027-01-26 (Republic Day)"


@pytest.mark.parametrize("flag", ["holidays", "trading_days"])
def test_user_who_has_said_what_a_guessed_day_is_is_not_asked_again(flag: str) -> None:
    """Behaviour 12: --holiday and --trading-day settle it."""
    known, warnings = calendar("2027-03-10", **{flag: ["2027-03-10"]})
    assert len(warnings) == 1
    assert bool(known.why_closed(date(2027, 3, 10))) == (flag == "holidays")


def test_ad_hoc_holiday_comes_from_its_flag() -> None:
    """Behaviour 12: 15 January 2026 is in no package."""
    day = date(2026, 1, 15)
    assert calendar("2026-01-15")[0].why_closed(day) == ""
    assert calendar("2026-01-15", holidays=["2026-01-15"])[0].why_closed(day)


@pytest.mark.parametrize("day", ["2026-11-08", "2026-11-10", "2026-11-28"], ids=["muhurat", "holiday", "saturday"])
def test_trading_day_overrides_the_weekend_and_the_package(day: str) -> None:
    """Behaviour 12."""
    assert calendar(day)[0].why_closed(date.fromisoformat(day))
    assert calendar(day, trading_days=[day])[0].why_closed(date.fromisoformat(day)) == ""


def test_importing_the_calendar_costs_no_holidays() -> None:
    """Whoever asks for no calendar does not pay 70 ms for it."""
    code = "import sys, tg1.settings.nse_holidays, tg1.run\nassert 'holidays' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own interpreter
