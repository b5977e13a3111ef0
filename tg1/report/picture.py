"""A chart as a PNG, drawn without a browser."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import vl_convert

from tg1.report.charts import LIGHT, day_chart, days_chart
from tg1.report.drawn import day_rows, stretches
from tg1.report.words import gain, rupees

if TYPE_CHECKING:
    from tg1.report.story import DayStory, RunStory

_SCALE = 1.5


def png_of(spec: dict[str, Any]) -> bytes:
    """Any Vega-Lite specification with its rows as a PNG; nothing is fetched for it."""
    return bytes(vl_convert.vegalite_to_png(spec, scale=_SCALE, allowed_base_urls=[]))


def run_png(run: RunStory) -> bytes:
    """A run's picture: its day, or the net of its days and the worst of them."""
    return png_of(run_spec(run))


def run_spec(run: RunStory) -> dict[str, Any]:
    """What `run_png` draws."""
    worst = min(run.days, key=lambda day: day.net)
    spec = day_chart(run.symbol_a, run.symbol_b, LIGHT, legend=True)
    rows = day_rows(worst, run.symbol_a, stretches(1))
    if len(run.days) > 1:
        over = days_chart(LIGHT)
        spec["vconcat"].insert(0, {key: over[key] for key in ("data", "layer", "width", "height", "title")})
        rows["days"] = days_rows(run)
    spec["datasets"] = rows
    spec["title"] = {"text": _head(run), "subtitle": _sub(run, worst), "fontSize": 16, "offset": 14}
    return spec


def days_rows(run: RunStory) -> list[dict[str, Any]]:
    """A row for each day's net, and the sum up to it."""
    rows, total = [], Decimal(0)
    for day in run.days:
        total += day.net
        rows.append(
            {
                "day": day.day.isoformat(),
                "v": float(day.net),
                "sum": float(total),
                "label": gain(day.net),
                "all": gain(total),
            }
        )
    return rows


def _head(run: RunStory) -> str:
    pair = f"{run.symbol_a} hedged on {run.symbol_b}" if run.symbol_b else run.symbol_a
    days = f"{run.days[0].day}" + (f" to {run.days[-1].day}" if len(run.days) > 1 else "")
    return f"{run.name}: {pair}, {days}" + (" (made prices)" if run.is_made else "")


def _sub(run: RunStory, worst: DayStory) -> list[str]:
    lines = [f"net {gain(run.net)} = gross {gain(run.gross)} - charges {rupees(run.charges)}"]
    if len(run.days) > 1:
        lines.append(f"below: the worst day, {worst.day}, net {gain(worst.net)}")
    return lines
