"""What a report draws, as Vega-Lite specifications: one drawing for the page and for the picture.

The library is Altair with vl-convert. Of those that can be kept in one file it is the smallest on the page (0.9 MB of
script; Bokeh has 1.3 MB, Plotly 4.8 MB), and it makes the PNG from the same specification, without a browser and
without a second library. Measured with altair 6.3, vl-convert 1.9, bokeh 3.9, plotly 6.

Whoever wants another picture (a heat map of a sweep, the scatter of a pair) makes an `altair` chart, gives it
`styled(chart, LIGHT)`, and brings it to disk with `tg1.report.picture.png_of` or into a page with
`tg1.report.library.script`. Rows are plain dictionaries under a name (`alt.NamedData`), never a data frame.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt

WIDTH = 900
"""Pixels of the plots in a picture; a page sets its own."""
_AXIS_PX = 56
_HOURS = "seconds(datum.value) ? utcFormat(datum.value, '%H:%M:%S') : utcFormat(datum.value, '%H:%M')"
_TIPS = {
    "what": "Order",
    "placed": "Placed",
    "price": "Price",
    "filled": "Filled",
    "ended": "Ended",
    "cost": "Charges",
    "number": "Number",
}
_HIT_PX = 11
_CROWD = 250
"""Fills of one symbol from which their arrows are drawn small."""
_UNSEEN = 0.001
"""Opacity of what is only there to be hovered over; what has none is not found by the pointer."""
_SNUG = alt.Scale(zero=False, nice=False, padding=7)
"""Of prices: as near as the band allows."""
ROLES = ("entry", "target", "hedge", "square-off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of a page's charts."""

    paper: str
    ink: str
    muted: str
    faint: str
    price: str
    roles: tuple[str, str, str, str]
    """Of entries, targets, hedges, and the broker's square-off."""
    money: tuple[str, str, str]
    """Of net, gross and charges."""
    loss: str
    holders: tuple[str, str, str]


LIGHT = Palette(
    paper="#ffffff",
    ink="#1a1f26",
    muted="#68707c",
    faint="#e6e8ec",
    price="#3f4752",
    roles=("#1666d0", "#0f8a4a", "#c8500a", "#7a3fd0"),
    money=("#1a1f26", "#0f8a4a", "#c8500a"),
    loss="#c22f2f",
    holders=("#1666d0", "#c8500a", "#7a3fd0"),
)
DARK = Palette(
    paper="#14171c",
    ink="#e8eaee",
    muted="#9aa2ae",
    faint="#2a2f37",
    price="#c4cad3",
    roles=("#6aa8ff", "#45c487", "#ff9a55", "#b592ff"),
    money=("#e8eaee", "#45c487", "#ff9a55"),
    loss="#ff7b7b",
    holders=("#6aa8ff", "#ff9a55", "#b592ff"),
)


def day_chart(symbol_a: str, symbol_b: str, palette: Palette, *, legend: bool = False) -> dict[str, Any]:
    """The specification of a day, its rows left out: they are `drawn.day_rows`, as `datasets`.

    The page names each band's width itself; with `legend` the picture explains its own colours.
    """
    spec: dict[str, Any] = json.loads(_day_text(symbol_a, symbol_b, palette, legend))
    return spec


@cache
def _day_text(symbol_a: str, symbol_b: str, palette: Palette, legend: bool) -> str:  # noqa: FBT001  # as in `day_chart`
    window = alt.selection_interval(encodings=["x"], name="hours")
    draw = _Day(palette, window, legend=legend)
    bands: list[Any] = [draw.strip(), draw.price("a", f"{symbol_a}: entries and targets", 300, draw.levels())]
    if symbol_b:
        bands.append(draw.price("b", f"{symbol_b}: hedges", 230, draw.hedge_prices()))
    bands += [draw.money(), draw.gain(), draw.held()]
    chart = alt.vconcat(*bands, spacing=12).resolve_scale(color="independent", shape="independent")
    return json.dumps(styled(chart, palette))


def days_chart(palette: Palette) -> dict[str, Any]:
    """The specification of a run of several days, its rows (`days`: day, v, sum, label) left out."""
    base = alt.Chart(alt.NamedData("days")).encode(
        x=alt.X("day:O", title=None, axis=alt.Axis(labelAngle=-45, labelOverlap=True))
    )
    tips = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("label:N", title="Net"),
        alt.Tooltip("all:N", title="So far"),
    ]
    bars = base.mark_bar(cursor="pointer").encode(
        y=alt.Y("v:Q", title=None, axis=_rupee_axis()),
        color=alt.condition(alt.datum.v >= 0, alt.value(palette.roles[1]), alt.value(palette.loss)),
        tooltip=tips,
    )
    line = base.mark_line(
        color=palette.ink, strokeWidth=1.5, point=alt.OverlayMarkDef(color=palette.ink, size=18)
    ).encode(y=alt.Y("sum:Q"), tooltip=tips)
    title = _title("Net of each day, and so far (line)")
    return styled((bars + line).properties(width=WIDTH, height=200, title=title), palette)


def styled(chart: alt.TopLevelMixin, palette: Palette) -> dict[str, Any]:
    """The chart's specification in the report's colours."""
    text = {"labelColor": palette.muted, "titleColor": palette.muted, "labelFontSize": 11}
    lines = {"gridColor": palette.faint, "domainColor": palette.faint, "tickColor": palette.faint}
    spec: dict[str, Any] = chart.to_dict()
    spec["config"] = {
        **spec.get("config", {}),
        "background": palette.paper,
        "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
        "view": {"stroke": None},
        "axis": {**text, **lines},
        "legend": {**text, "orient": "top", "title": None, "offset": 4},
        "title": {"color": palette.ink, "anchor": "start", "fontSize": 13, "fontWeight": 600, "offset": 6},
    }
    return spec


def at_night(spec: dict[str, Any]) -> dict[str, Any]:
    """The same specification in the colours of the night: to make it anew takes a third of a second."""
    text = json.dumps(spec)
    for day, night in zip(_colours(LIGHT), _colours(DARK), strict=True):
        text = text.replace(f'"{day}"', f'"{night}"')
    night_spec: dict[str, Any] = json.loads(text)
    return night_spec


def _colours(palette: Palette) -> list[str]:
    flat = [palette.paper, palette.ink, palette.muted, palette.faint, palette.price, palette.loss]
    return [*flat, *palette.roles, *palette.money, *palette.holders]


def _title(text: str) -> alt.TitleParams:
    return alt.TitleParams(text)


def _rupee_axis() -> alt.Axis:
    return alt.Axis(format=",.0f", minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=5)


class _Day:
    """The bands of one day, which share its hours."""

    def __init__(self, palette: Palette, window: Any, *, legend: bool) -> None:
        self._palette = palette
        self._window = window
        self._legend = alt.Legend() if legend else None

    def strip(self) -> Any:
        """The whole day in a low band: what is marked there is what the others show."""
        line = self._chart("strip").mark_line(interpolate="step-after", strokeWidth=1, color=self._palette.muted)
        hours = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
        side = alt.Axis(labels=False, ticks=False, grid=False, domain=False, minExtent=_AXIS_PX, maxExtent=_AXIS_PX)
        prices = alt.Y("v:Q", title=None, scale=alt.Scale(zero=False), axis=side)
        return (
            line.encode(x=alt.X("t:T", title=None, scale=alt.Scale(type="utc"), axis=hours), y=prices)
            .add_params(self._window)
            .properties(width=WIDTH, height=34, view=alt.ViewBackground(stroke=self._palette.faint))
        )

    def price(self, name: str, title: str, height: int, below: Any) -> Any:
        """A symbol's price with its orders: where they stood, from when to when, and what filled."""
        y = alt.Y("p:Q", title=None, scale=_SNUG, axis=self._price_axis())
        orders = self._chart(f"orders_{name}").encode(x=self._x(), x2="u:T", y=y)
        role = alt.Color("role:N", scale=self._roles(), legend=self._legend)
        tips = [alt.Tooltip(f"{field}:N", title=shown) for field, shown in _TIPS.items()]
        line = self._chart(name).mark_line(
            interpolate="step-after", strokeWidth=1.2, color=self._palette.price, clip=True
        )
        fills = self._chart(f"fills_{name}").encode(x=self._x(), y=y, color=role, tooltip=tips)
        layers = [
            self._frame(),
            below,
            orders.mark_rule(strokeWidth=1.6, opacity=0.75, clip=True).encode(color=role),
            line.encode(x=self._x(), y=alt.Y("v:Q", title=None, scale=_SNUG)),
            orders.mark_rule(strokeWidth=_HIT_PX, opacity=_UNSEEN, clip=True).encode(tooltip=tips),
            fills.mark_point(filled=True, size=_size(name), opacity=1, clip=True, stroke=self._palette.paper).encode(
                shape=self._sides()
            ),
        ]
        return alt.layer(*layers).properties(width=WIDTH, height=height, title=_title(title))

    def levels(self) -> Any:
        """The grid's entry prices, all day."""
        base = self._chart("levels").encode(y=alt.Y("p:Q", title=None, scale=_SNUG))
        lines = base.mark_rule(strokeDash=[1, 4], color=self._palette.muted, opacity=0.8)
        names = base.mark_text(align="left", dx=4, clip=False, fontSize=10, color=self._palette.muted)
        return lines + names.encode(x=alt.value("width"), text="name:N")

    def hedge_prices(self) -> Any:
        """Where each open level's hedge stood, at work or waiting for its turn."""
        y = alt.Y("p:Q", title=None, scale=_SNUG, axis=self._price_axis())
        base = self._chart("hedges").encode(x=self._x(), x2="u:T", y=y)
        tips = [alt.Tooltip("what:N", title="Hedge price"), alt.Tooltip("placed:N", title="From")]
        tips.append(alt.Tooltip("ended:N", title="Until"))
        seen = base.mark_rule(strokeDash=[3, 3], strokeWidth=1, color=self._palette.roles[2], opacity=0.7, clip=True)
        hit = base.mark_rule(strokeWidth=_HIT_PX, opacity=_UNSEEN, clip=True)
        return seen + hit.encode(tooltip=tips)

    def money(self) -> Any:
        """Net, gross and charges over the day."""
        colours = alt.Scale(domain=["net", "gross", "charges"], range=list(self._palette.money))
        return self._lines("money", colours, "Net, gross and charges, in rupees", 170)

    def held(self) -> Any:
        """Signed shares of each account."""
        colours = alt.Scale(range=list(self._palette.holders))
        return self._lines("held", colours, "Shares held (below the line: sold short)", 130)

    def gain(self) -> Any:
        """What is open against what it cost."""
        y = alt.Y("v:Q", title=None, axis=_rupee_axis())
        area = self._chart("gain").mark_area(
            interpolate="step-after", color=self._palette.muted, opacity=0.35, line=False, clip=True
        )
        worst = self._chart("worst").encode(x=self._x(), y=y)
        tips = [_hour("t:T"), alt.Tooltip("v:Q", title="Open", format="+,.2f")]
        points = self._chart("gain").mark_point(opacity=_UNSEEN, size=120, clip=True)
        layers = [
            self._frame(),
            area.encode(x=self._x(), y=y),
            points.encode(x=self._x(), y=y, tooltip=tips),
            worst.mark_point(filled=True, size=60, color=self._palette.loss, clip=True, opacity=1),
            worst.mark_text(dy=-12, fontSize=11, color=self._palette.loss, clip=True).encode(text="label:N"),
        ]
        return alt.layer(*layers).properties(
            width=WIDTH, height=120, title=_title("Gain or loss of what is open, in rupees")
        )

    def _lines(self, name: str, colours: alt.Scale, title: str, height: int) -> Any:
        colour = alt.Color(
            "k:N", scale=colours, legend=alt.Legend(symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3)
        )
        base = self._chart(name).encode(x=self._x(), y=alt.Y("v:Q", title=None, axis=_rupee_axis()), color=colour)
        tips = [_hour("t:T"), alt.Tooltip("k:N", title="Of"), alt.Tooltip("v:Q", title="Is", format="+,.2f")]
        zero = alt.Chart(alt.NamedData("frame")).mark_rule(color=self._palette.muted, strokeDash=[1, 3])
        layers = [
            self._frame(),
            zero.encode(y=alt.datum(0)),
            base.mark_line(interpolate="step-after", strokeWidth=1.7, clip=True),
            base.mark_point(opacity=_UNSEEN, size=120, clip=True).encode(tooltip=tips),
        ]
        return alt.layer(*layers).properties(width=WIDTH, height=height, title=_title(title))

    def _chart(self, name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name))

    def _frame(self) -> Any:
        """Nothing to be seen: it makes every band as wide as the day."""
        return self._chart("frame").mark_rule(opacity=0).encode(x=self._x())

    def _x(self) -> alt.X:
        hours = alt.Axis(labelExpr=_HOURS, tickCount=8, labelOverlap=True, labelFlush=False)
        return alt.X("t:T", title=None, scale=alt.Scale(type="utc", domain=self._window), axis=hours)

    def _price_axis(self) -> alt.Axis:
        return alt.Axis(format=",.2f", minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=6)

    def _sides(self) -> alt.Shape:
        arrows = alt.Scale(domain=["BUY", "SELL"], range=["triangle-up", "triangle-down"])
        return alt.Shape("side:N", scale=arrows, legend=self._legend)

    def _roles(self) -> alt.Scale:
        return alt.Scale(domain=list(ROLES), range=list(self._palette.roles))


def _size(name: str) -> Any:
    """Of an arrow in square pixels: on a day of a thousand fills they would hide the price."""
    return alt.ExprRef(f"length(data('fills_{name}')) > {_CROWD} ? 36 : 110")


def _hour(field: str) -> alt.Tooltip:
    return alt.Tooltip(field, title="At", timeUnit="utchoursminutesseconds", format="%H:%M:%S")
