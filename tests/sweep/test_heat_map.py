"""The heat map: which squares it has, and that the page of it is drawn in a real browser."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.chromium import CHROMIUM, MISSING, browser
from tests.sweep.small import GRID, line, of, tried
from tg1.sweep.heat import axes_of, cells
from tg1.sweep.heat_chart import heat_spec
from tg1.sweep.program import main
from tg1.sweep.standing import Tried

if TYPE_CHECKING:
    from pathlib import Path

WIDE = [*GRID[4:], "--spread", "0.3,0.5", "--target-spread", "0.2,0.4", "--steps", "3,4", "--pairs", "IRFC/SBIN"]


def test_square_is_the_mean_of_all_grids_with_its_two_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day, on either part of the days; the chosen grid's square is marked."""
    monkeypatch.setattr(Tried, "is_judged", True)
    found = of(WIDE)
    axes = axes_of("spread,--target-spread", found)
    assert (axes.x_values, axes.y_values) == (("0.3", "0.5"), ("0.2", "0.4"))
    told = {(cell.is_first, cell.x, cell.y): cell for cell in cells(axes, found, tried(found))}
    assert len(told) == 8
    assert {key: (cell.mean, cell.worst, cell.best, cell.count) for key, cell in told.items() if key[1] == "0.3"} == {
        (True, "0.3", "0.2"): (1500, 1000, 2000, 2),
        (True, "0.3", "0.4"): (3500, 3000, 4000, 2),
        (False, "0.3", "0.2"): (-1500, -2000, -1000, 2),
        (False, "0.3", "0.4"): (-3500, -4000, -3000, 2),
    }
    assert [key for key, cell in told.items() if cell.is_chosen] == [(True, "0.5", "0.4"), (False, "0.5", "0.4")]


def test_picture_has_a_row_of_data_for_each_square() -> None:
    """In rupees, with the words that stand in it; without a rest, the first days alone."""
    found = of(WIDE)
    axes = axes_of("steps,spread", found)
    spec: dict[str, Any] = heat_spec(axes, cells(axes, found, tried(found)))
    rows = spec["datasets"]["cells"]
    assert len(rows) == 4
    assert {row["part"] for row in rows} == {"first days: chosen on"}
    assert sorted(row["v"] for row in rows) == [20.0, 30.0, 60.0, 70.0]
    assert [row["mean"] for row in rows if row["chosen"]] == ["+70.00"]


def test_loss_is_as_strong_a_colour_as_a_gain_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The colours reach as far below nothing as above it: -70 is as red as 70 is blue, and both bear light figures."""
    monkeypatch.setattr(Tried, "is_judged", True)
    found = of(WIDE)
    axes = axes_of("steps,spread", found)
    spec: dict[str, Any] = heat_spec(axes, cells(axes, found, tried(found)))
    assert spec["spec"]["layer"][0]["encoding"]["color"]["scale"]["domain"] == [-70.0, 0.0, 70.0]
    strong = {row["v"]: row["strong"] for row in spec["datasets"]["cells"]}
    assert {value for value, is_strong in strong.items() if is_strong} == {60.0, 70.0, -60.0, -70.0}


@pytest.mark.parametrize(
    ("sign", "domain"), [(1, [-70.0, 0.0, 70.0]), (-1, [-70.0, 0.0, 70.0]), (0, [-0.01, 0.0, 0.01])]
)
def test_nothing_earned_has_no_colour(sign: int, domain: list[float]) -> None:
    """The pale middle is 0 rupees, also where all grids lose, or all earn: a loss never looks like nothing."""
    found = of(WIDE)
    axes = axes_of("steps,spread", found)
    squares = [replace(each, mean=sign * each.mean) for each in cells(axes, found, tried(found))]
    spec = heat_spec(axes, squares)
    assert spec["spec"]["layer"][0]["encoding"]["color"]["scale"]["domain"] == domain


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--heat-map", "spread"], "is not two different flags with several values"),
        (["--heat-map", "spread,spread"], "is not two different flags"),
        (["--heat-map", "spread,qty-a"], "flags with several values here: spread, target-spread, steps."),
        (["--heat-map", "spread,target-spread,steps"], "is not two different flags"),
        (["--report", "x.html"], "--report has no use without --heat-map"),
        (["--png", "x.png"], "--png has no use without --heat-map"),
        (["--heat-map", "spread,steps", "--report", "/no/such/folder/x.html"], "is no place for a file"),
        (["--heat-map", "spread,steps", "--png", "/tmp"], "is no place for a file"),  # noqa: S108  # a folder
        (["--heat-map", "spread,steps", "--report", "prices.csv"], "prices.csv: give the file a name that ends in"),
        (["--heat-map", "spread,steps", "--png", "prices.csv"], "prices.csv: give the file a name that ends in .png"),
    ],
)
def test_picture_that_can_not_be_drawn_is_refused(
    args: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is computed, in one sentence with exit 2."""
    assert main(line(tmp_path, *WIDE, *args)) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert sentence in err


def test_page_is_drawn_in_a_browser_with_the_words_of_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file that fetches nothing and complains of nothing; a name with a tag in it stays text."""
    monkeypatch.chdir(tmp_path)
    argv = line(
        tmp_path, *WIDE, "--steps", "3", "--heat-map", "spread,target-spread", "--bot-name", "</script><b>x", days=2
    )
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert err.startswith("heat map: reports/sweep_")
    (page,), (png,) = (tmp_path / "reports").glob("*.html"), (tmp_path / "reports").glob("*.png")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert page.stat().st_size < 3_000_000
    if CHROMIUM is None:
        pytest.skip(MISSING)

    async def looked() -> tuple[str, int, list[str]]:
        async with browser(tmp_path / "profile") as tab:
            await tab.open(page.as_uri())
            await tab.until("document.body.dataset.drawn === 'yes'")
            text = await tab.value("document.querySelector('pre').textContent")
            squares = await tab.value("document.querySelectorAll('#chart svg path[aria-label*=\"net a day\"]').length")
            return text, squares, tab.complaints

    text, squares, complaints = asyncio.run(looked())
    assert text.strip() == out.strip()
    assert squares == 8
    assert complaints == []


def test_missing_library_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the prices are read."""
    monkeypatch.setitem(sys.modules, "tg1.sweep.heat_chart", None)
    assert main(line(tmp_path, *WIDE, "--heat-map", "spread,steps")) == 2
    assert "install it with: pip install 'tg1[insight]'" in capsys.readouterr().err
