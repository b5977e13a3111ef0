"""The rows that a day's picture is drawn from, by the names that `charts` knows. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.report import words
from tg1.report.thinned import thinned
from tg1.screen.money import account_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tg1.report.story import DayStory, OrderStory, Series

Rows = list[dict[str, Any]]
OPEN_SECS, CLOSE_SECS = 33_300.0, 55_800.0
"""09:15 and 15:30, which every picture of a day spans at least."""
_FEW, _SOME, _MANY = 5, 31, 100


def stretches(days: int) -> int:
    """How finely a day's lines are drawn in a page of so many days."""
    return next((fine for most, fine in ((_FEW, 1200), (_SOME, 300), (_MANY, 120)) if days <= most), 60)


def day_rows(day: DayStory, symbol_a: str, fine: int) -> dict[str, Rows]:
    """Everything of one day; `fine` stretches to a line."""
    prices = {"a": day.price_a} | ({} if day.price_b is None else {"b": day.price_b})
    orders = {
        "a": [order for order in day.orders if order.symbol == symbol_a],
        "b": [order for order in day.orders if order.symbol != symbol_a],
    }
    return {
        "frame": _frame(day),
        "strip": _line(day.price_a, min(fine, 150)),
        **{name: _line(series, fine) for name, series in prices.items()},
        **{f"orders_{name}": [_order(order) for order in some] for name, some in orders.items()},
        **{f"fills_{name}": [row for order in some for row in _fills(order)] for name, some in orders.items()},
        "levels": _levels(day),
        "hedges": _hedges(day),
        "money": _named(day.money, fine),
        "gain": _line(day.open_gain, fine),
        "worst": _worst(day),
        "held": _named({_holder(name): series for name, series in day.positions.items()}, fine) or _nothing_held(day),
    }


def _millis(secs: float) -> int:
    return round(secs * 1000)


def _line(series: Series, fine: int) -> Rows:
    thin = thinned(series, fine)
    return [
        {"t": _millis(secs), "v": round(value, 4)}
        for secs, value in zip(thin.secs.tolist(), thin.values.tolist(), strict=True)
    ]


def _named(lines: Mapping[str, Series], fine: int) -> Rows:
    return [{**point, "k": name} for name, series in lines.items() for point in _line(series, fine)]


def _holder(name: str) -> str:
    account, _, symbol = name.partition(" ")
    return f"{symbol} {account_name(account).removesuffix(' OCO')}"


def _nothing_held(day: DayStory) -> Rows:
    """A line all the same: a legend of no colours has no size."""
    return [{**row, "v": 0.0, "k": "nothing"} for row in _frame(day)]


def _frame(day: DayStory) -> Rows:
    secs = day.price_a.secs
    first, last = min(OPEN_SECS, float(secs[0])), max(CLOSE_SECS, float(secs[-1]))
    return [{"t": _millis(first)}, {"t": _millis(last)}]


def _tips(order: OrderStory) -> dict[str, str]:
    return {
        "what": words.title(order),
        "placed": words.clock(order.placed),
        "price": words.prices(order),
        "filled": words.filled(order),
        "ended": words.ended(order),
        "cost": words.charges(order),
        "number": order.number,
    }


def _order(order: OrderStory) -> dict[str, Any]:
    return {
        "t": _millis(order.placed),
        "u": _millis(order.ended),
        "p": float(order.price),
        "role": order.role,
        "end": order.end,
        **_tips(order),
    }


def _fills(order: OrderStory) -> Iterable[dict[str, Any]]:
    for fill in order.fills:
        yield {
            "t": _millis(fill.secs),
            "p": float(fill.price),
            "role": order.role,
            "side": order.side,
            **_tips(order),
        }


def _levels(day: DayStory) -> Rows:
    return [
        {"p": float(level.entry), "side": "BUY" if level.name.startswith("B") else "SELL", "name": level.name}
        for level in day.levels
        if level.entry is not None
    ]


def _hedges(day: DayStory) -> Rows:
    return [
        {
            "t": _millis(one.since),
            "u": _millis(one.until),
            "p": float(one.price),
            "what": f"{one.level} hedge: {one.side} at {one.price:,.2f}",
            "placed": words.clock(one.since),
            "ended": words.clock(one.until),
        }
        for one in day.hedges
    ]


def _worst(day: DayStory) -> Rows:
    if not day.worst_open:
        return []
    return [
        {"t": _millis(day.worst_open_at), "v": float(day.worst_open), "label": f"worst {words.gain(day.worst_open)}"}
    ]


def in_columns(rows: Rows) -> dict[str, list[Any]]:
    """The same rows with each field's name once: a page is a third as large."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
