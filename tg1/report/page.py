"""The page of a run: one file with its script, its data and its words."""

from __future__ import annotations

import json
from functools import cache
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from tg1.report import words
from tg1.report.charts import LIGHT, at_night, day_chart, days_chart
from tg1.report.drawn import day_rows, in_columns, stretches
from tg1.report.picture import days_rows
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

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.report.story import DayStory, RunStory

_MARGINS = {
    "MIS": "Intraday, the broker asks for a fifth of it at least (SEBI), and may ask for more.",
    "CNC": "For delivery it is asked for in full; what is sold comes out of holdings.",
    "NRML": "For delivery it is asked for in full; what is sold comes out of holdings.",
}


def run_page(run: RunStory, library: str, product: str) -> str:
    """The page as text; `library` is the script that sets `vegaEmbed`. Every text of the run is escaped."""
    worst = min(range(len(run.days)), key=lambda number: run.days[number].net)
    text: str = _template().render(
        run=run,
        head=_head(run, product),
        css=_asset("page.css"),
        js=_asset("page.js"),
        library=library,
        tiles=run_tiles(run),
        day_head=DAY_HEAD,
        day_table=[{"cells": day_line(day), "sign": _sign(day.net)} for day in run.days],
        day_total=total_line(run),
        level_head=LEVEL_HEAD,
        run_levels=[level_line(level) for level in run_levels(run)],
        not_modelled=words.NOT_MODELLED,
        run_data=in_script(_run_data(run, worst)),
        day_data=[in_script(_day_data(run, day)) for day in run.days],
    )
    return text


def in_script(value: Any) -> str:
    """JSON that can't end the script element it stands in, whatever a user's text holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _run_data(run: RunStory, first: int) -> dict[str, Any]:
    specs = {"day": day_chart(run.symbol_a, run.symbol_b, LIGHT), "days": days_chart(LIGHT)}
    return {
        "count": len(run.days),
        "first": first,
        "days": in_columns(days_rows(run)),
        "specs": {"light": specs, "dark": at_night(specs)},
    }


def _day_data(run: RunStory, day: DayStory) -> dict[str, Any]:
    rows = day_rows(day, run.symbol_a, stretches(len(run.days)))
    return {
        "date": day.day.isoformat(),
        "title": f"{day.day:%A}, {day.day.day} {day.day:%B %Y}",
        "tiles": words.tiles(day),
        "account": " ".join(words.account(day, run.symbol_a, run.symbol_b)),
        "levels": [level_line(level) for level in day.levels],
        "margin": margin_lines(day.margin),
        "attention": day.attention,
        "charts": {name: in_columns(some) for name, some in rows.items()},
    }


def _head(run: RunStory, product: str) -> dict[str, Any]:
    pair = f"{run.symbol_a} hedged on {run.symbol_b}" if run.symbol_b else f"{run.symbol_a}, without a hedge"
    first, last = run.days[0].day, run.days[-1].day
    days = f"{first}" if first == last else f"{first} to {last}, {len(run.days)} trading days"
    return {
        "title": f"{run.name}: {words.gain(run.net)} net",
        "pair": pair,
        "days": days,
        "net": words.gain(run.net),
        "sign": _sign(run.net),
        "gross": words.gain(run.gross),
        "charges": words.rupees(run.charges),
        "margin": _MARGINS[product],
        "thinned": _thinned(len(run.days)),
        "made": f"{run.made_at:%d %B %Y, %H:%M}",
        "version": metadata.version("tg1"),
        "squared": any(order.role == "square-off" for day in run.days for order in day.orders),
    }


def _thinned(days: int) -> str:
    secs = round(375 * 60 / stretches(days))
    return (
        f"Every order and every fill is drawn. Lines are thinned: of each {secs} seconds the first, the lowest, the "
        "highest and the last value are kept, so that no spike is lost. The figures come from all prices."
    )


def _sign(amount: Decimal) -> str:
    return "won" if amount > 0 else "lost" if amount < 0 else ""


def _asset(name: str) -> str:
    return resources.files("tg1.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_asset("page.html"))
