"""What the charts ask for is what the rows bring."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.report.stories import a_day
from tg1.report.charts import DARK, LIGHT, at_night, day_chart, days_chart
from tg1.report.drawn import day_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.report.charts import Palette

VIEW_NUMBER = re.compile(r"view_[0-9a-f]+_\d+")
"""Altair gives each view a name by its content."""


def found(spec: Any, name: str) -> list[Any]:
    """Every value under this name, however deep."""
    if isinstance(spec, list):
        return [value for each in spec for value in found(each, name)]
    if not isinstance(spec, dict):
        return []
    own = [spec[name]] if name in spec else []
    return own + [value for each in spec.values() for value in found(each, name)]


@pytest.mark.parametrize("symbol_b", ["SBIN", ""])
def test_chart_draws_what_the_rows_bring(symbol_b: str) -> None:
    """Each data set by its name, each field one that its rows have."""
    day = a_day() if symbol_b else a_day(price_b=None)
    rows = day_rows(day, "IRFC", 1200)
    spec = day_chart("IRFC", symbol_b, LIGHT)
    assert {data["name"] for data in found(spec, "data")} <= rows.keys()
    fields = {field for some in rows.values() for row in some for field in row}
    assert {field for field in found(spec, "field") if isinstance(field, str)} <= fields
    assert len(spec["vconcat"]) == (6 if symbol_b else 5)


def test_orders_are_shown_when_pointed_at() -> None:
    """What, where, when placed, filled, price, why it ended, charges."""
    tips = [tip["title"] for tips in found(day_chart("IRFC", "SBIN", LIGHT), "tooltip") for tip in tips]
    assert {"Order", "Placed", "Price", "Filled", "Ended", "Charges", "Number"} <= set(tips)


@pytest.mark.parametrize("make", [lambda palette: day_chart("IRFC", "SBIN", palette), days_chart])
def test_night_has_colours_of_its_own(make: Callable[[Palette], dict[str, Any]]) -> None:
    """A page is read at night, too: each colour of the day has its own, wherever it stands."""
    assert VIEW_NUMBER.sub("view_0", json.dumps(at_night(make(LIGHT)))) == VIEW_NUMBER.sub(
        "view_0", json.dumps(make(DARK))
    )
    assert make(LIGHT)["config"]["background"] != make(DARK)["config"]["background"]


def test_days_have_a_bar_each() -> None:
    """And a line of their sum."""
    spec = days_chart(LIGHT)
    marks = {mark["type"] for mark in found(spec, "mark")}
    assert marks == {"bar", "line"}
