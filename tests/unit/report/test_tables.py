"""A line per day, per level and per account."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.unit.report.stories import LEVEL, a_day, a_run
from tg1.report.tables import (
    DAY_HEAD,
    LEVEL_HEAD,
    day_line,
    level_line,
    margin_lines,
    run_levels,
    run_tiles,
    total_line,
)

BAD = a_day(
    day=date(2026, 11, 25),
    gross=Decimal(-100),
    levels=(replace(LEVEL, gross=Decimal(-100), trips=0, hedges=1),),
)


def test_day_has_a_cell_under_each_head() -> None:
    """Net comes first (behaviour 15)."""
    cells = dict(zip(DAY_HEAD, day_line(a_day()), strict=True))
    assert list(cells)[:4] == ["Day", "Net", "Gross", "Charges"]
    assert (cells["Day"], cells["Net"], cells["Round trips"], cells["Hedges"]) == ("2026-11-23", "+₹44.76", "1", "0")
    assert (cells["Worst open"], cells["Most bound"]) == ("-₹75.00", "₹10,820.00")


def test_last_line_is_the_sum_of_the_days() -> None:
    """Losses and peaks are the worst of them, not their sum."""
    cells = dict(zip(DAY_HEAD, total_line(a_run(a_day(), BAD)), strict=True))
    assert (cells["Net"], cells["Gross"], cells["Charges"]) == ("-₹60.48", "-₹50.00", "₹10.48")
    assert (cells["Round trips"], cells["Hedges"], cells["Fills"]) == ("1", "1", "2")
    assert (cells["Worst open"], cells["Most bound"]) == ("-₹75.00", "₹10,820.00")


def test_level_tells_what_it_earned_and_what_it_holds() -> None:
    """Its own trades alone, net of their charges."""
    cells = dict(zip(LEVEL_HEAD, level_line(LEVEL), strict=True))
    assert (cells["Level"], cells["Net"], cells["Entry"], cells["Target"]) == ("B1", "+₹44.76", "49.00", "49.50")
    assert cells["Holds at the end"] == "+100 IRFC"
    other = level_line(replace(LEVEL, name="", entry=None, target=None, held=""))
    assert (other[0], other[4], other[5], other[8]) == ("not a level's", "-", "-", "-")


def test_levels_of_all_days_add_up() -> None:
    """One line a level, however many days it lived."""
    (level,) = run_levels(a_run(a_day(), BAD))
    assert (level.name, level.net, level.trips, level.hedges) == ("B1", Decimal("-60.48"), 1, 1)


def test_account_tells_what_it_needs_at_its_own_worst() -> None:
    """What has to lie there, beside the moment at which all of them needed most."""
    assert margin_lines(a_day().margin) == [
        ["Trade", "₹4,895.00", "₹4,900.00"],
        ["Downside OCO", "₹5,925.00", "₹5,925.00"],
        ["together, at 09:17:00", "₹10,820.00", "-"],
    ]


def test_run_tells_its_best_and_its_worst_day() -> None:
    """And how many days gained anything at all."""
    tiles = {name: value for name, value, _ in run_tiles(a_run(a_day(), BAD))}
    assert tiles["Days with a gain"] == "1 of 2"
    assert (tiles["Best day"], tiles["Worst day"]) == ("+₹44.76", "-₹105.24")
