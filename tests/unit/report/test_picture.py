"""The picture beside the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.unit.report.stories import a_day, a_run, line
from tg1.report.picture import days_rows, run_png, run_spec


def test_picture_is_a_png_of_the_day() -> None:
    """Drawn without a browser; IHDR tells its width and height."""
    png = run_png(a_run())
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert width > 1300
    assert height > 1300


def test_day_without_a_trade_has_a_picture() -> None:
    """A bot that had ended before the day began, or never filled."""
    none = Decimal(0)
    day = a_day(
        orders=(), hedges=(), levels=(), positions={}, open_gain=line(0, 0), worst_open=none, gross=none, charges=none
    )
    day = replace(day, money={name: line(0, 0) for name in day.money})
    assert run_png(a_run(day))[:8] == b"\x89PNG\r\n\x1a\n"


def test_picture_of_several_days_shows_each_net_and_the_worst_day() -> None:
    """Net stands in its head (behaviour 15)."""
    bad = a_day(day=date(2026, 11, 25), gross=Decimal(-100))
    run = a_run(a_day(), bad, is_made=True)
    spec = run_spec(run)
    assert spec["title"]["text"] == "IRFC-SBIN Grid: IRFC hedged on SBIN, 2026-11-23 to 2026-11-25 (made prices)"
    assert spec["title"]["subtitle"] == [
        "net -₹60.48 = gross -₹50.00 - charges ₹10.48",
        "below: the worst day, 2026-11-25, net -₹105.24",
    ]
    assert [row["sum"] for row in days_rows(run)] == [44.76, -60.48]
    assert spec["datasets"]["days"] == days_rows(run)
    assert spec["vconcat"][0]["data"] == {"name": "days"}
