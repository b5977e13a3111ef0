"""NSE's holidays of a year from the package `holidays`, with the user's own days on top (behaviour 12).

The package computes every year until 2100, but it knows only what the exchange has announced; the feasts that go by the
moon are guesses until then. A guess keeps nobody from trading, for a day without hedges costs more than a day of
rejections: it is a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.rules.hours import SATURDAY, TradingCalendar

if TYPE_CHECKING:
    from datetime import date

    from tg1.settings.fields import GridOcoFields

_ESTIMATED = " (estimated)"
_SURE = frozenset(
    {
        "Republic Day",
        "Good Friday",
        "Dr. B. R. Ambedkar Jayanti",
        "Maharashtra Day",
        "Independence Day",
        "Gandhi Jayanti",
        "Christmas Day",
    }
)
"""Holidays whose dates can be reckoned for any year."""


def calendar_of(config: GridOcoFields, today: date) -> tuple[TradingCalendar, tuple[str, ...]]:
    """Return the calendar of today's year, and what the operator has to be warned of.

    The user's own days count for more than the package's.
    """
    named, is_known = _read_package(today.year)
    guesses = {} if is_known else {day: name for day, name in named.items() if name not in _SURE}
    certain = {day: name for day, name in named.items() if day not in guesses}
    calendar = TradingCalendar(
        holidays=dict.fromkeys(config.holidays, "--holiday") | certain,
        trading_days=frozenset(config.trading_days),
    )
    guess = "" if calendar.why_closed(today) or today in config.trading_days else guesses.get(today, "")
    return calendar, () if is_known else _warnings(today, guess)


def known_holidays(year: int) -> frozenset[date] | None:
    """A year's holidays on weekdays, guesses included; None for a year that the package does not reckon."""
    named, _ = _read_package(year)
    return frozenset(named) or None


def _warnings(today: date, guess: str) -> tuple[str, ...]:
    unknown = (
        f"The package holidays does not know NSE's holidays of {today.year} for certain: update it "
        "(pip install -U holidays), or give the days of the exchange's circular with --holiday YYYY-MM-DD."
    )
    return (unknown, f"NSE may be closed today ({guess}): if it is, give --holiday {today}.") if guess else (unknown,)


def _read_package(year: int) -> tuple[dict[date, str], bool]:
    """Return a year's holidays on weekdays, and whether the exchange has announced them."""
    # 70 ms, which neither --dry-run nor a start that ignores the market's hours has to pay.
    from holidays.financial.national_stock_exchange_of_india import NationalStockExchangeOfIndia  # noqa: PLC0415

    calendar = NationalStockExchangeOfIndia
    if not calendar.start_year <= year <= calendar.end_year:
        return {}, False
    # With those at weekends, too: some feast that goes by the moon falls into every year.
    every_day = calendar(years=year, observed=False, language="en_US")
    is_known = not any(name.endswith(_ESTIMATED) for name in every_day.values())
    on_weekdays = calendar(years=year, language="en_US").items()
    return {day: name.removesuffix(_ESTIMATED) for day, name in on_weekdays if day.weekday() < SATURDAY}, is_known
