"""Real days, judged from outside: every order explainable, every rupee reckoned anew, with nothing of the engine.

The prices carry no licence for redistribution: where they are missing, these tests skip and say so. `make test` lives a
few days of each file, `make simulate` all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from tests.replay.explained import Grid, unexplained
from tests.replay.file_prices import market_of
from tests.replay.journal import Row, journal_of
from tests.replay.money import last_of, wrong_money
from tests.replay.random_days import csv_of, made_day
from tests.support.places import DATA
from tg1.replay.program import main

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of real prices, and a grid that trades on it."""

    name: str
    first: str
    """With `until`, the days that `make test` lives."""
    until: str
    grid: Grid


def _grid(a: str, b: str, spread: str, oco: str, ticks: tuple[str, str] = ("0.05", "0.05")) -> Grid:
    step, (tick_a, tick_b) = Decimal(spread), map(Decimal, ticks)
    grid = Grid(a=a, b=b, spread=step, target=step, oco=Decimal(oco), steps=5, qty_a=100, qty_b=60)
    return replace(grid, tick_a=tick_a, tick_b=tick_b)


FILES = (
    File(
        name="ltp_1s_2025-06-18.csv",
        first="2025-06-18",
        until="2025-06-18",
        grid=_grid("SBIN", "ICICIBANK", "0.5", "1", ("0.05", "0.10")),
    ),
    File(
        name="pair_1min_2016-08_SBIN_BANKBARODA.csv",
        first="2016-08-17",
        until="2016-08-18",
        grid=_grid("SBIN", "BANKBARODA", "0.75", "1"),
    ),
    File(
        name="pair_1min_2016-08_PFC_RECLTD.csv",
        first="2016-09-08",
        until="2016-09-09",
        grid=_grid("PFC", "RECLTD", "0.5", "1.5"),
    ),
    File(
        name="pair_1min_2017-09_SBIN_PNB.csv",
        first="2017-10-04",
        until="2017-10-05",
        grid=_grid("SBIN", "PNB", "0.5", "0.75", ("0.05", "0.01")),
    ),
    File(
        name="pair_5min_2023-24_PFC_RECLTD.csv",
        first="2024-06-03",
        until="2024-06-05",
        grid=_grid("PFC", "RECLTD", "1.5", "3"),
    ),
)
CASES = [
    (file, path, fill)
    for file in FILES
    for path in ("low-first", "high-first")
    for fill in ("touch", "through")
    # Within a second there is no path.
    if path == "low-first" or not file.name.startswith("ltp")
]
YEAR = ("2023-09-30", "2023-12-31", "2024-03-31")
"""Cuts of the file that holds a year: a whole one takes as long as all others together."""
WHOLE = [
    (file, path, fill, begin, end)
    for file, path, fill in CASES
    for begin, end in (zip(("", *YEAR), (*YEAR, "9999"), strict=True) if "5min" in file.name else [("", "9999")])
]


def word(value: File | str) -> str:
    """A parameter in a test's name."""
    return value.name.removesuffix(".csv") if isinstance(value, File) else value


def replayed(folder: Path, prices: Path, grid: Grid, *args: str) -> list[Row]:
    """The journal of a replay; its object of `--json` goes to stdout."""
    journal = folder / "journal.jsonl"
    line = ["--prices", str(prices), "--bot-name", "T", "--token-a", grid.a, "--token-b", grid.b, "--auto-entry"]
    line += ["--spread", str(grid.spread), "--target-spread", str(grid.target), "--oco-spread", str(grid.oco)]
    line += ["--qty-a", str(grid.qty_a), "--qty-b", str(grid.qty_b), "--steps", str(grid.steps)]
    fill = "through" if grid.through else "touch"
    assert main([*line, *args, "--fill", fill, "--journal", str(journal), "--json"]) == 0
    return journal_of(journal)


def judge(
    file: File, path: str, fill: str, first: str, until: str, *, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Live the days, and look for an order without a reason or a paisa without a source."""
    prices = DATA / file.name
    if not prices.exists():
        pytest.skip("the real prices carry no licence for redistribution and are not here")
    grid = replace(file.grid, through=fill == "through")
    market = market_of(prices, (grid.a, grid.b), first, until, high_first=path == "high-first")
    days = ["--from", min(market), "--to", max(market), "--path", path, "--fresh", "--square-off-at", "15:17"]
    rows = replayed(folder, prices, grid, *days)
    result = json.loads(capsys.readouterr().out)
    assert result["total"]["fills"] >= 10 * len(market) ** 0.5
    assert unexplained(rows, market, grid) == []
    assert wrong_money(result, rows, "MIS", last_of(prices, first, until)) == []


@pytest.mark.parametrize(("file", "path", "fill"), CASES, ids=word)
def test_real_days_are_explained_and_add_up_to_the_paisa(
    file: File, path: str, fill: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behaviour 15, and 2, 3, 5, 6, 12 of every order; either path, touch and through."""
    judge(file, path, fill, file.first, file.until, folder=tmp_path, capsys=capsys)


@pytest.mark.simulation
@pytest.mark.parametrize(("file", "path", "fill", "begin", "end"), WHOLE, ids=word)
def test_whole_files_are_explained_and_add_up_to_the_paisa(
    file: File, path: str, fill: str, begin: str, end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All days of every file."""
    judge(file, path, fill, begin, end, folder=tmp_path, capsys=capsys)


@pytest.mark.parametrize("file", FILES[1:3], ids=lambda file: file.grid.a)
def test_real_nights_add_up_to_the_paisa(file: File, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Delivery, carried at the day's last price (behaviour 9.5, 15)."""
    if not (DATA / file.name).exists():
        pytest.skip("the real prices carry no licence for redistribution and are not here")
    days = ["--from", file.first, "--to", file.until, "--product", "CNC"]
    rows = replayed(tmp_path, DATA / file.name, file.grid, *days)
    result = json.loads(capsys.readouterr().out)
    assert result["total"]["open"]
    assert wrong_money(result, rows, "CNC", last_of(DATA / file.name, file.first, file.until)) == []


# -- the judge itself: it must be able to complain ---------------------------------------------------------------------

MADE = _grid("IRFC", "SBIN", "0.5", "0.75", ("0.01", "0.05"))
Plant = Callable[[list[Row]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """Two made days, replayed once for all plants."""

    prices: Path
    result: dict[str, Any]
    rows: list[Row]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """The replay; each test takes a copy of what it changes."""
    folder = tmp_path_factory.mktemp("made")
    tapes = [made_day(seed, rows=900, spread=1500.0, day=date(2026, 11, 22 + seed)) for seed in (1, 2)]
    prices = csv_of(tapes, folder / "prices.csv")
    with redirect_stdout(StringIO()) as out:
        rows = replayed(folder, prices, MADE, "--fresh")
    return Lived(prices=prices, result=json.loads(out.getvalue()), rows=rows)


def first(rows: list[Row], role: str, *, traded: bool = True) -> Row:
    """The first event of that role."""
    return next(row for row in rows if row["client_id"][11:12] == role and bool(row["traded_quantity"]) == traded)


def of_order(rows: list[Row], row: Row) -> list[Row]:
    """All events of its order."""
    return [each for each in rows if (each["at"][:10], each["app_order_id"]) == (row["at"][:10], row["app_order_id"])]


def moved(rows: list[Row], row: Row, name: str, by: str) -> None:
    """Another price in all events of the row's order."""
    for each in of_order(rows, row):
        each[name] = str(Decimal(each[name]) + Decimal(by))


def taken_out(rows: list[Row], row: Row) -> None:
    """As if the order had never been."""
    for each in of_order(rows, row):
        rows.remove(each)


def taken_out_of_role(rows: list[Row], role: str) -> None:
    """As if the bot never sent any of that role."""
    rows[:] = [row for row in rows if row["client_id"][11:12] != role]


def renamed(rows: list[Row], row: Row, client_id: str) -> None:
    """Another client order id."""
    for each in of_order(rows, row):
        each["client_id"] = client_id


def delayed(row: Row) -> None:
    """The same event five minutes later."""
    row["at"] = (datetime.fromisoformat(row["at"]) + timedelta(minutes=5)).isoformat()


PLANTED: dict[str, tuple[Plant, str]] = {
    "a fill a tick better than the market": (
        lambda rows: first(rows, "E").update(traded_price=str(Decimal(first(rows, "E")["traded_price"]) - MADE.tick_a)),
        "filled at",
    ),
    "a fill that no price reached": (
        lambda rows: moved(rows, first(rows, "T"), "limit_price", "9" if first(rows, "T")["side"] == "SELL" else "-9"),
        "was not reached",
    ),
    "an order that the market passed": (lambda rows: delayed(first(rows, "E")), "rested although"),
    "a target elsewhere": (lambda rows: moved(rows, first(rows, "T"), "limit_price", "0.02"), "belongs to"),
    "no target": (lambda rows: taken_out_of_role(rows, "T"), "has no target at once"),
    "a level beside the grid": (
        lambda rows: moved(rows, first(rows, "E", traded=False), "limit_price", "0.03"),
        "centres",
    ),
    "a hedge elsewhere": (
        lambda rows: moved(rows, first(rows, "O", traded=False), "stop_price", "0.30"),
        "belongs to one",
    ),
    "no hedges": (lambda rows: taken_out_of_role(rows, "O"), "nothing hedges"),
    "a hedge too large": (lambda rows: first(rows, "O", traded=False).update(quantity=61), "should be a"),
    "an entry on the wrong account": (
        lambda rows: first(rows, "E", traded=False).update(account="upside_oco"),
        "should be a",
    ),
    "an id used twice": (
        lambda rows: renamed(rows, first(rows, "T"), first(rows, "E")["client_id"]),
        "was used twice",
    ),
    "an entry before its target filled": (lambda rows: taken_out(rows, first(rows, "T")), "enters again without"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_judge_sees_what_is_planted(name: str, lived: Lived) -> None:
    """A judge that never complains proves nothing."""
    plant, sentence = PLANTED[name]
    rows, market = deepcopy(lived.rows), market_of(lived.prices, (MADE.a, MADE.b))
    assert unexplained(rows, market, MADE) == []
    plant(rows)
    assert any(sentence in each for each in unexplained(rows, market, MADE))


def test_reckoning_sees_a_paisa(lived: Lived) -> None:
    """In the gross, in the charges, and in the sum."""
    last = last_of(lived.prices)
    assert wrong_money(lived.result, lived.rows, "MIS", last) == []
    for name in ("gross", "charges"):
        other = deepcopy(lived.result)
        other["days"][0][name] = str(Decimal(other["days"][0][name]) + Decimal("0.02"))
        assert wrong_money(other, lived.rows, "MIS", last)
