"""The rows that a day is drawn from."""

from __future__ import annotations

from tests.unit.report.stories import a_day
from tg1.report.drawn import day_rows, in_columns, stretches

ROWS = day_rows(a_day(), "IRFC", 1200)


def test_every_order_is_there_with_its_words() -> None:
    """Where and how long it stood, and what is shown when somebody points at it."""
    (entry,), (hedge,) = ROWS["orders_a"], ROWS["orders_b"]
    assert (entry["t"], entry["u"], entry["p"], entry["role"]) == (33_301_000, 33_400_000, 49.0, "entry")
    assert (hedge["t"], hedge["u"], hedge["p"], hedge["role"]) == (33_401_000, 33_460_000, 118.5, "hedge")
    assert hedge["ended"] == "cancelled 09:17:40: not next to TokenB's price any more"
    for row in (entry, hedge):
        assert all(row[field] for field in ("what", "placed", "price", "filled", "ended", "cost", "number"))


def test_fill_stands_at_its_own_price() -> None:
    """Better than the limit, here; an order that never filled has none."""
    (fill,) = ROWS["fills_a"]
    assert (fill["t"], fill["p"], fill["side"], fill["role"]) == (33_400_000, 48.95, "BUY", "entry")
    assert ROWS["fills_b"] == []


def test_lines_levels_and_hedge_prices_are_there() -> None:
    """Both prices, the money, what is open, what is held, the grid, and the brackets."""
    assert [point["v"] for point in ROWS["a"]] == [50.0, 49.0, 49.45]
    assert [point["v"] for point in ROWS["b"]] == [120.5, 120.0, 119.0]
    assert {point["k"] for point in ROWS["money"]} == {"net", "gross", "charges"}
    assert {point["k"] for point in ROWS["held"]} == {"IRFC Trade"}
    assert ROWS["levels"] == [{"p": 49.0, "side": "BUY", "name": "B1"}]
    (bracket,) = ROWS["hedges"]
    assert (bracket["t"], bracket["u"], bracket["p"]) == (33_400_000, 33_480_000, 118.5)
    assert ROWS["worst"] == [{"t": 33_360_000, "v": -75.0, "label": "worst -₹75.00"}]
    assert [row["t"] for row in ROWS["frame"]] == [33_300_000, 55_800_000]


def test_bot_without_a_hedge_has_no_second_price() -> None:
    """And a day that never lost has no worst moment."""
    rows = day_rows(a_day(price_b=None, worst_open=a_day().gross * 0), "IRFC", 1200)
    assert "b" not in rows
    assert rows["worst"] == []


def test_day_on_which_nothing_was_held_has_a_line_at_zero() -> None:
    """From the open to the close."""
    rows = day_rows(a_day(positions={}), "IRFC", 1200)["held"]
    assert [(row["t"], row["v"], row["k"]) for row in rows] == [
        (33_300_000, 0.0, "nothing"),
        (55_800_000, 0.0, "nothing"),
    ]


def test_columns_hold_the_same_as_rows() -> None:
    """A name once, a value for each row; nothing at all is nothing."""
    assert in_columns([{"t": 1, "v": 2}, {"t": 3, "v": 4}]) == {"t": [1, 3], "v": [2, 4]}
    assert in_columns([]) == {}


def test_more_days_are_drawn_more_coarsely() -> None:
    """A page of a year stays a page."""
    assert [stretches(days) for days in (1, 5, 6, 31, 32, 100, 101)] == [1200, 1200, 300, 300, 120, 120, 60]
