"""The heat map as a Vega-Lite specification, for the page and for the picture alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from tg1.report.charts import LIGHT, styled
from tg1.settings.flags import flag_of
from tg1.sweep.table import rupees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.sweep.heat import Axes, Cell

_CELL_PX = 46
_MOST_LABELLED = 16
"""Values of a flag up to which a cell's figure has room in it."""
_SMALLEST_PX = 14
_HEADER_PX = 150
"""Of a part's name, above its squares."""
_FIRST, _REST = "first days: chosen on", "the rest: judged on"
_EVEN = "#f4f4f4"
_STRONG = 0.6
"""A colour beyond this part of the way to its end bears light figures."""


def heat_spec(axes: Axes, cells: Sequence[Cell]) -> dict[str, Any]:
    """The whole specification with its rows: a column for each part of the days, a row for each pair."""
    parts = [_FIRST, _REST] if any(not cell.is_first for cell in cells) else [_FIRST]
    most = max(abs(cell.mean) for cell in cells)
    chart = _layers(axes, _colour(most / 100)).facet(
        column=alt.Column("part:N", sort=parts, title=None, header=_header()),
        row=alt.Row("pair:N", title=None, header=_header()),
    )
    spec = styled(chart.properties(title="Net of charges a day, in rupees"), LIGHT)
    spec["datasets"] = {"cells": [_row(cell, most) for cell in cells]}
    return spec


def _header() -> alt.Header:
    return alt.Header(labelFontSize=12, labelColor=LIGHT.ink, labelFontWeight=600)


def _colour(most: float) -> alt.Color:
    """A loss is red, a gain of its size as blue: told apart by those who don't see red and green. `most` is rupees."""
    most = max(most, 0.01)
    scale = alt.Scale(
        domain=[-most, 0, most], range=[LIGHT.loss, _EVEN, LIGHT.roles[0]], type="linear", interpolate="rgb"
    )
    return alt.Color("v:Q", scale=scale, title="net a day", legend=alt.Legend(format=",.0f", gradientLength=220))


def _layers(axes: Axes, colour: alt.Color) -> Any:
    widest = max(len(axes.x_values), len(axes.y_values))
    size = _CELL_PX if widest <= _MOST_LABELLED else max(_SMALLEST_PX, _CELL_PX * _MOST_LABELLED // widest)
    base = alt.Chart().encode(
        x=alt.X("x:O", sort=list(axes.x_values), title=flag_of(axes.x), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("y:O", sort=list(axes.y_values)[::-1], title=flag_of(axes.y)),
    )
    layers: list[Any] = [
        base.mark_rect(stroke=LIGHT.paper).encode(
            color=colour,
            tooltip=[alt.Tooltip(f"{name}:N", title=title) for name, title in _tips(axes).items()],
        ),
        base.transform_filter("datum.chosen").mark_rect(fillOpacity=0, stroke=LIGHT.ink, strokeWidth=2.5),
    ]
    if widest <= _MOST_LABELLED:
        ink = alt.condition("datum.strong", alt.value(LIGHT.paper), alt.value(LIGHT.ink))
        layers.append(base.mark_text(fontSize=10).encode(text=alt.Text("v:Q", format=",.0f"), color=ink))
    return alt.layer(*layers, data=alt.NamedData("cells")).properties(
        width=alt.Step(max(size, _HEADER_PX // len(axes.x_values))), height=alt.Step(size)
    )


def _tips(axes: Axes) -> dict[str, str]:
    named = {"pair": "pair", "x": flag_of(axes.x), "y": flag_of(axes.y)}
    return {**named, "mean": "net a day, mean", "best": "best", "worst": "worst", "count": "grids"}


def _row(cell: Cell, most: float) -> dict[str, Any]:
    return {
        "part": _FIRST if cell.is_first else _REST,
        "pair": cell.pair,
        "x": cell.x,
        "y": cell.y,
        "v": round(cell.mean / 100, 2),
        "mean": rupees(cell.mean),
        "best": rupees(cell.best),
        "worst": rupees(cell.worst),
        "count": cell.count,
        "chosen": cell.is_chosen,
        "strong": abs(cell.mean) > _STRONG * most,
    }
