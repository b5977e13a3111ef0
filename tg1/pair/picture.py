"""The figures of a pair as one picture: a Vega-Lite specification with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from tg1.pair.advice import HALF
from tg1.pair.statistics import correlation_and_beta
from tg1.report.charts import LIGHT, styled

if TYPE_CHECKING:
    from tg1.pair.advice import Answer

_MOST_DOTS = 4_000
"""Of the scatter; more of them hide each other."""
_WIDTH, _HEIGHT = 420, 260
_PERCENT = 100.0
_UNIT = [0, 1]


def picture(found: Answer) -> dict[str, Any]:
    """The specification: how A follows B, how that held day by day, what B's moves came with, how far A goes."""
    dots = _dots(found)
    rows = {
        "dots": dots,
        "line": _line(found, dots),
        "days": _days(found),
        "moves": _moves(found),
        "even": [{"v": HALF}],
        "reach": [{"day": str(day.day), "v": day.a.farthest} for day in found.days],
        "edge": [{"v": float(found.grid.reach) if found.grid else found.reach_a.most}],
    }
    asked = found.question
    upper = alt.hconcat(_scatter(found), _by_day(found), spacing=40)
    lower = alt.hconcat(_losses(found), _reach(found), spacing=40)
    spec = styled(alt.vconcat(upper, lower, spacing=30), LIGHT)
    spec["datasets"] = rows
    spec["title"] = {
        "text": f"{asked.symbol_a} hedged on {asked.symbol_b}: {found.verdict}",
        "subtitle": f"{found.days[0].day} to {found.days[-1].day}, {found.resolution}",
        "fontSize": 16,
        "offset": 14,
    }
    return spec


def _panel(chart: Any, title: str) -> Any:
    return chart.properties(width=_WIDTH, height=_HEIGHT, title=title)


def _scatter(found: Answer) -> Any:
    asked = found.question
    label = found.judged.label if found.judged else "no horizon"
    x = alt.X("b:Q", title=f"{asked.symbol_b}, % over {label}")
    dots = alt.Chart(alt.NamedData("dots")).mark_circle(size=9, opacity=0.35, color=LIGHT.price)
    line = alt.Chart(alt.NamedData("line")).mark_line(color=LIGHT.roles[2], strokeWidth=2)
    layers = dots.encode(x=x, y=alt.Y("a:Q", title=f"{asked.symbol_a}, %")) + line.encode(x="b:Q", y="a:Q")
    return _panel(layers, f"Returns over {label}; the line is beta")


def _by_day(found: Answer) -> Any:
    label = found.judged.label if found.judged else "no horizon"
    bars = alt.Chart(alt.NamedData("days")).mark_circle(size=22, color=LIGHT.roles[0])
    chart = bars.encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b %y", labelOverlap=True)),
        y=alt.Y("v:Q", title="correlation", scale=alt.Scale(domain=[-1, 1])),
    )
    return _panel(chart, f"Correlation of each day, returns over {label}")


def _losses(found: Answer) -> Any:
    asked = found.question
    base = alt.Chart(alt.NamedData("moves")).encode(
        x=alt.X("spread:O", sort=None, title=f"OCO spread in {asked.symbol_b}, rupees", axis=alt.Axis(labelAngle=0))
    )
    scale = alt.Scale(domain=_UNIT)
    axis = alt.Axis(format=".0%")
    chart = (
        base.mark_rule(strokeWidth=7, color=LIGHT.roles[0], opacity=0.35).encode(
            y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q"
        )
        + base.mark_point(filled=True, size=70, color=LIGHT.roles[2]).encode(
            y=alt.Y("v:Q", scale=scale, title="with a loss, and the 95 % interval", axis=axis)
        )
        + base.mark_text(dx=8, dy=-10, align="left", color=LIGHT.muted).encode(
            y=alt.Y("v:Q", scale=scale), text="count:N"
        )
        + alt.Chart(alt.NamedData("even")).mark_rule(strokeDash=[4, 4], color=LIGHT.muted).encode(y="v:Q")
    )
    return _panel(chart, f"Moves of {asked.symbol_b} by the OCO spread that came with a loss in {asked.symbol_a}")


def _reach(found: Answer) -> Any:
    bars = alt.Chart(alt.NamedData("reach")).mark_bar(color=LIGHT.roles[0])
    bars = bars.encode(
        x=alt.X("v:Q", bin=alt.Bin(maxbins=30), title="rupees from the day's first price"),
        y=alt.Y("count():Q", title="days", axis=alt.Axis(tickMinStep=1, format="d")),
    )
    rule = alt.Chart(alt.NamedData("edge")).mark_rule(color=LIGHT.loss, strokeWidth=2).encode(x="v:Q")
    return _panel(bars + rule, f"How far {found.question.symbol_a} went in a day; the line is the grid's edge")


def _horizon_secs(found: Answer) -> float:
    return found.judged.secs if found.judged else 0.0


def _dots(found: Answer) -> list[dict[str, float]]:
    secs = _horizon_secs(found)
    if not secs:
        return []
    pairs = [day.returns(secs) for day in found.days if day.has(secs)]
    a, b = (np.concatenate(each) * _PERCENT for each in zip(*pairs, strict=True))
    every = max(1, len(a) // _MOST_DOTS)
    return [
        {"a": round(float(one), 4), "b": round(float(other), 4)}
        for one, other in zip(a[::every], b[::every], strict=True)
    ]


def _line(found: Answer, dots: list[dict[str, float]]) -> list[dict[str, float]]:
    if not dots or found.judged is None or found.judged.beta is None:
        return []
    ends = (min(dot["b"] for dot in dots), max(dot["b"] for dot in dots))
    return [{"b": end, "a": end * found.judged.beta.median} for end in ends]


def _days(found: Answer) -> list[dict[str, Any]]:
    secs = _horizon_secs(found)
    rows = []
    for day in found.days:
        figures = correlation_and_beta(*day.returns(secs)) if secs and day.has(secs) else None
        if figures is not None:
            rows.append({"day": str(day.day), "v": round(figures[0], 4)})
    return rows


def _moves(found: Answer) -> list[dict[str, Any]]:
    return [
        {
            "spread": f"{each.oco_spread:.2f}",
            "v": each.share,
            "low": each.sure[0],
            "high": each.sure[1],
            "count": f"{each.with_loss:,} of {each.moves:,}",
        }
        for each in found.moves
        if each.moves
    ]
