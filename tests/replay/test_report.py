"""The report of a replay: its figures are the result's, and its files are there whole or not at all."""

from __future__ import annotations

import sys
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tg1.report
from tests.replay.random_days import SETTINGS, made_day
from tests.replay.test_program import GRID, days_file
from tg1.config import GridOcoConfig
from tg1.replay import reporting
from tg1.replay.days import Rig
from tg1.replay.lived import lived
from tg1.replay.notebook import Notebook
from tg1.replay.program import main
from tg1.replay.result import to_paisa

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.replay.result import DayResult
    from tg1.replay.tape import DayTape
    from tg1.report.story import DayStory, RunStory

CENT = Decimal("0.01")


def told(rig: Rig | None = None, days: int = 1, **changes: Any) -> tuple[list[DayResult], list[DayStory]]:
    """Lively days, reckoned and told."""
    config = GridOcoConfig(**(SETTINGS | changes))
    tapes = [_day(number) for number in range(days)]
    notebook = Notebook(config)
    results = list(lived(config, rig or Rig(), tapes, None, notebook))
    return results, notebook.days


def _day(number: int) -> DayTape:
    return made_day(11 + number, rows=1500, spread=1500.0, day=date(2026, 11, 23 + 2 * number))


@pytest.mark.parametrize("product", ["MIS", "CNC", "NRML"])
@pytest.mark.parametrize("square_off_at", [None, time(9, 22)])
def test_lines_and_levels_end_where_the_result_stands(product: str, square_off_at: time | None) -> None:
    """The day's net, gross and charges are its lines' last points, and all levels' together (behaviour 15)."""
    results, stories = told(Rig(square_off_at=square_off_at), days=2, product_type=product)
    for result, day in zip(results, stories, strict=True):
        assert (day.net, day.gross) == (result.net, to_paisa(result.gross))
        assert result.curve.value[-1] == pytest.approx(float(result.gross))
        assert sum(level.gross for level in day.levels) == pytest.approx(result.gross)
        assert abs(sum((level.charges for level in day.levels), Decimal(0)) - result.charges.total) < CENT
        for name, figure in (("net", day.net), ("gross", day.gross), ("charges", day.charges)):
            assert day.money[name].values[-1] == pytest.approx(float(figure), abs=0.011)
        assert day.open_gain.values.min() == pytest.approx(float(day.worst_open), abs=0.01)
        held = {name: line.values[-1] for name, line in day.positions.items() if line.values[-1]}
        assert held == {f"{one.account} {one.symbol}": one.quantity for one in result.open}


def test_every_order_is_told_with_its_end_and_its_reason() -> None:
    """What filled has its fills; what was cancelled says why, in the bot's own words."""
    (result,), (day,) = told()
    assert sum(len(order.fills) for order in day.orders) == result.fills > 10
    assert {order.end for order in day.orders} == {"filled", "cancelled"}
    reasons = {order.why for order in day.orders if order.end == "cancelled"}
    assert {"the other leg filled", "the bot ended and cancelled all"} <= reasons
    assert "" not in reasons
    assert all(not order.why for order in day.orders if order.end == "filled")
    assert {order.role for order in day.orders} == {"entry", "target", "hedge"}
    assert all(order.placed <= order.ended for order in day.orders)
    hedge = next(order for order in day.orders if order.role == "hedge")
    assert hedge.trigger is not None
    assert hedge.account in ("upside_oco", "downside_oco")


def test_broker_s_square_off_is_an_order_of_its_own() -> None:
    """With his fee, and what it closed is closed at the levels (charges.md)."""
    (result,), (day,) = told(Rig(square_off_at=time(9, 22)))
    closed = [order for order in day.orders if order.role == "square-off"]
    assert closed
    assert all(order.limit is None and order.level == "" and order.charges > 59 for order in closed)
    assert result.open == ()


def test_hedge_prices_move_as_the_levels_do() -> None:
    """A level has one from its entry's fill until its target or its hedge fills, and its orders stand at it."""
    _, (day,) = told()
    for one in day.hedges:
        entries = [order for order in day.orders if order.level == one.level and order.role == "entry"]
        filled = [fill.secs for order in entries for fill in order.fills]
        assert any(abs(one.since - at) <= 1.5 for at in filled)
        assert one.since < one.until
        # The session ends at 09:25; prices go on, and no hedge does.
        assert one.until <= 33_901
    at = {(one.level, one.price) for one in day.hedges}
    assert all((order.level, order.trigger) in at for order in day.orders if order.role == "hedge" and order.trigger)


def test_margin_counts_what_is_held_and_what_is_asked_for() -> None:
    """At full value. Without a fill it is every entry that rests, 49.50 + 49.00 + 48.50 + 48.00 for 100 shares each."""
    _, (day,) = told(trade_type="buyts", token_b_symbol="", oco_spread=0, token_b_quantity=0, entry_price="40.00")
    assert day.fills == 0
    # 39.50, 39.00, 38.50 and 38.00
    assert day.margin.total == Decimal("15500.00")
    assert day.margin.most == (("trade", Decimal("15500.00")),)
    _, (busy,) = told()
    assert dict(busy.margin.then).keys() == {"trade", "upside_oco", "downside_oco"}
    assert sum(amount for _, amount in busy.margin.then) == pytest.approx(busy.margin.total, abs=CENT * 3)
    assert all(dict(busy.margin.most)[account] >= amount for account, amount in busy.margin.then)


def test_notebook_changes_nothing_of_the_days() -> None:
    """What is reported on is lived as it is without a report."""
    config = GridOcoConfig(**SETTINGS)
    with_report, _ = told()
    (without,) = lived(config, Rig(), [_day(0)])
    assert with_report[0].trades == without.trades
    assert with_report[0].cycles_run == without.cycles_run
    assert np.array_equal(with_report[0].curve.value, without.curve.value)


def test_page_and_picture_are_written_where_they_were_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The terminal says where, and nothing else is left behind."""
    page = tmp_path / "out" / "day.html"
    page.parent.mkdir()
    assert main(["--prices", str(days_file(tmp_path)), *GRID, "--report", str(page)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {page} and {page.with_suffix('.png')}"
    assert sorted(each.name for each in page.parent.iterdir()) == ["day.html", "day.png"]
    text = page.read_text(encoding="utf-8")
    assert len(text) < 3_000_000
    assert "2026-11-23 to 2026-11-24, 2 trading days" in text


def test_page_comes_without_asking_and_its_place_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In `reports`, by the bot's name and the time, so that a second run leaves the first one's page alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reporting, "drawers", stand_ins)
    assert main(["--prices", str(days_file(tmp_path)), *GRID]) == 0
    (page, picture) = sorted((tmp_path / "reports").iterdir())
    assert page.name.startswith("T_20")
    assert (page.suffix, picture.suffix, page.stem) == (".html", ".png", picture.stem)
    assert str(page.relative_to(tmp_path)) in capsys.readouterr().out


@pytest.mark.parametrize("args", [["--json"], ["--no-report"]])
def test_no_page_for_programs_and_for_who_wants_none(
    args: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `--json` only what was named is written."""
    monkeypatch.chdir(tmp_path)
    assert main(["--prices", str(days_file(tmp_path)), *GRID, *args]) == 0
    assert [each.name for each in tmp_path.iterdir()] == ["prices.csv"]


def stand_ins() -> tuple[Any, Any, Any]:
    """What draws, in no time."""

    class Drawer:
        script = staticmethod(lambda: "library")
        run_page = staticmethod(lambda *_: "page")
        run_png = staticmethod(lambda *_: b"png")

    return Drawer, Drawer, Drawer


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--report", "/no/such/folder/x.html"], "--report /no/such/folder/x.html is no place for a file"),
        (["--png", "/no/such/folder/x.png"], "--png /no/such/folder/x.png is no place for a file"),
        (["--report", "prices.csv"], "--report prices.csv: give the file a name that ends in .html"),
        (["--png", "day.html"], "--png day.html: give the file a name that ends in .png"),
        (["--no-report", "--report", "x.html"], "--no-report contradicts --report and --png"),
    ],
)
def test_place_that_is_none_is_refused_before_the_work(
    args: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and exit 2 (behaviour 14)."""
    assert main(["--prices", str(days_file(tmp_path)), *GRID, *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


def test_disk_that_says_no_leaves_no_half_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary was told; the page that was named is an error, the one that nobody asked for is a remark."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reporting, "drawers", stand_ins)
    monkeypatch.setattr("tg1.replay.output_files.OsFileSystem.replace", full)
    prices = str(days_file(tmp_path))
    assert main(["--prices", prices, *GRID, "--report", "day.html"]) == 2
    assert "--report day.html can't be written: No space left on device." in capsys.readouterr().err
    assert main(["--prices", prices, *GRID]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("NET ")
    assert "no report: " in err
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["prices.csv"]


def test_interrupted_run_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the page is written: no page, no half of one."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reporting, "drawers", stand_ins)
    monkeypatch.setattr("tg1.replay.output_files.OsFileSystem.replace", interrupted)
    assert main(["--prices", str(days_file(tmp_path)), *GRID, "--report", "day.html"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["prices.csv"]


def test_missing_plotting_library_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked for the page is refused at once; who did not gets his summary."""
    monkeypatch.chdir(tmp_path)
    for name in ("library", "page", "picture", "charts"):
        monkeypatch.delitem(sys.modules, f"tg1.report.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for name in ("library", "page", "picture"):
        monkeypatch.delattr(tg1.report, name, raising=False)
    prices = str(days_file(tmp_path))
    assert main(["--prices", prices, *GRID, "--report", "day.html"]) == 2
    assert "vl_convert is missing, which draws the report: pip install 'tg1[insight]'" in capsys.readouterr().err
    assert main(["--prices", prices, *GRID]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("NET ")
    assert "no report: vl_convert is missing" in err


def test_what_was_asked_for_is_listed_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line may be the one that starts the bot, keys and all (behaviour 16)."""
    seen: list[RunStory] = []

    def note(run: RunStory, *_: object) -> list[Path]:
        seen.append(run)
        return []

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tg1.replay.program.write_report", note)
    assert main(["--prices", str(days_file(tmp_path)), *GRID, "--trade-key", "KEYKEY", "--trade-secret", "HUSH"]) == 0
    asked = dict(seen[0].settings)
    assert (asked["spread"], asked["OCO spread"], asked["prices"]) == ("0.50", "1.00", "prices.csv")
    assert not {"KEYKEY", "HUSH"} & set(asked.values())
    assert str(tmp_path) not in " ".join(asked.values())
