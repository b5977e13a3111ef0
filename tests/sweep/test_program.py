"""`tg1 sweep`: what it says, what it refuses, and that its money is the replay's."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.replay.random_days import csv_of, made_day
from tests.support.extras import run_without
from tests.sweep.small import FOUR, GRID, SIX, line, of, told, tried
from tg1.replay.lived import lived
from tg1.replay.program import main as replay
from tg1.sweep import work
from tg1.sweep.program import main
from tg1.sweep.table import edges

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_net_of_a_combination_is_the_replay_of_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Day by day and in sum, to the paisa, charges and market as they were asked for."""
    market = ["--fill", "through", "--square-off-at", "09:24", "--charge", "brokerage=20", "--latency-ms", "20"]
    argv = line(tmp_path, *FOUR, *market)
    found = told(capsys, argv)
    assert found["counts"] == {"asked": 4, "tried": 4, "refused": 0, "computed": 4, "known": 0, "failed": 0}
    for one in found["combinations"]:
        values = [each for name, value in one["values"].items() for each in (f"--{name}", value)]
        alone = ["--prices", argv[1], "--bot-name", "T", *GRID, *values, *market, "--json"]
        assert replay(alone) == 0
        days = json.loads(capsys.readouterr().out)["days"]
        assert one["net_by_day"] == [day["net"] for day in days]
        for part, own in (("first", days[:2]), ("rest", days[2:])):
            for name in ("net", "gross", "charges"):
                assert Decimal(one[part][name]) == sum(Decimal(day[name]) for day in own)
            assert one[part]["fills"] == sum(day["fills"] for day in own)
    assert sum(one["first"]["fills"] for one in found["combinations"]) > 50


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with prices and results, in which the six of a line are computed once for several tests."""
    return tmp_path_factory.mktemp("known")


def test_best_of_the_first_days_comes_first_and_is_judged_on_the_rest(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ranks of both parts; the choice knows nothing of the rest."""
    found = told(capsys, line(known, *SIX, "--train", "1"))
    first = [Decimal(one["first"]["net"]) for one in found["combinations"]]
    rest = [Decimal(one["rest"]["net"]) for one in found["combinations"]]
    assert first == sorted(first, reverse=True)
    assert [one["rank"] for one in found["combinations"]] == [1, 2, 3, 4, 5, 6]
    by_rest = sorted(found["combinations"], key=lambda one: int(one["rest_rank"]))
    assert [Decimal(one["rest"]["net"]) for one in by_rest] == sorted(rest, reverse=True)
    assert (found["first_days"], len(found["days"])) == (1, 3)


def test_table_shows_both_parts_and_says_what_luck_can_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How many were tried, who was chosen, how he did afterwards; of eighteen days, luck is told roughly."""
    assert main(line(tmp_path, *GRID, "--spread", "0.3,0.5", "--fresh", "--top", "1", days=18, rows=80)) == 0
    text = capsys.readouterr().out
    assert text.startswith("2 combinations, 2 tried, 0 refused by the bot; 2 computed now, 0 known from ")
    assert "chosen on the first 11 days (to 2026-11-12), judged on the other 7 (from 2026-11-13)" in text
    (head, row), (best, rest) = [text.splitlines()[4:6], text.splitlines()[7:9]]
    assert head.split("  ")[0] == "rank"
    assert [each for each in ("spread", "net first", "net rest", "rank rest", "worst open", "fills") if each in head]
    assert len(head) == len(row)
    assert best.startswith("first days: the best ")
    assert rest.startswith("the rest: the chosen one ")
    assert f"the chosen one: {' '.join(_typed(row))}" in text
    assert "luck: the best of 2 worthless ones would have shown +" in text
    assert "rough, with less than 20 days" in text
    assert "Not modelled" in text


def _typed(row: str) -> list[str]:
    """The flags of a row's grid, as somebody types them."""
    fixed = (
        "--token-a IRFC --token-b SBIN --spread {} --target-spread 0.5 --steps 4 --oco-spread 1 --qty-a 100 --qty-b 50"
    )
    return fixed.format(row.split()[1]).split()


def test_choice_is_made_through_unless_somebody_asks_for_the_touch(
    known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the touch the best is the grid whose fills the file flatters most: whoever asks for it is told."""
    assert main(line(known, *SIX)) == 0
    assert "--fill through, --path low-first\n" in capsys.readouterr().out
    assert main(line(known, *GRID, "--spread", "0.5", "--fill", "touch")) == 0
    assert "--fill touch, which flatters (judge the choice by --fill through), --path" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("spreads", "best", "said"),
    [
        ("0.3:0.5:0.1", "0.3", ["its --spread is the smallest that was tried: beyond it nothing is known"]),
        ("0.3:0.5:0.1", "0.4", []),
        ("0.3:0.5:0.1", "0.5", ["its --spread is the largest that was tried: beyond it nothing is known"]),
        ("0.3,0.5", "0.5", []),
    ],
)
def test_choice_at_the_edge_of_what_was_tried_is_said(spreads: str, best: str, said: list[str]) -> None:
    """Beyond the last of three values nobody has looked; of two values each is the last, and a word is neither."""
    found = of([*GRID, "--spread", spreads, "--product", "CNC,MIS,NRML"])
    every = tried(found).best_first
    chosen = next(one for one in every if best in one.combination.values)
    assert edges(found, replace(tried(found), best_first=(chosen, *every))) == said


def test_sweep_in_which_all_lose_says_so(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The best of losing grids is no grid to trade."""
    dear = line(known, *GRID, "--spread", "0.3:0.5:0.1", "--charge", "brokerage=500", "--square-off-at", "09:24")
    assert Decimal(told(capsys, dear)["combinations"][0]["first"]["net"]) < 0
    assert main(dear) == 0
    text = capsys.readouterr().out
    assert "not one of them earned its charges on the first days" in text
    assert "its --spread is the largest that was tried: beyond it nothing is known" in text
    assert "--path low-first, --square-off-at 09:24\n" in text
    assert "; amounts in rupees, net of charges\n" in text


def test_three_days_are_too_few_to_speak_of_luck(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and not reckoned."""
    assert main(line(known, *SIX)) == 0
    assert (
        "luck: 6 were tried on 2 days; what the best of so many worthless ones shows can't be told from less than 10"
        in (capsys.readouterr().out)
    )
    assert told(capsys, line(known, *SIX))["luck"] is None


def test_one_day_can_be_swept_but_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has no second part, and says why."""
    assert main(line(tmp_path, *SIX, days=1)) == 0
    text = capsys.readouterr().out
    assert "there is one day only: what is chosen on it can't be judged on others" in text
    assert "net rest" not in text


def test_csv_has_a_row_for_each_combination(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of their ranks, with the flags as columns."""
    assert main(line(known, *SIX, "--csv")) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert {(row["spread"], row["product"]) for row in rows} == {
        (spread, product) for spread in ("0.3", "0.4", "0.5") for product in ("MIS", "CNC")
    }
    for row in rows:
        assert Decimal(row["first_net"]) == Decimal(row["first_gross"]) - Decimal(row["first_charges"])


def test_combination_that_only_its_start_refuses_was_not_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An OCO spread beyond TokenB's price is known when there is a price (behaviour 19)."""
    found = told(capsys, line(tmp_path, *SIX, "--oco-spread", "1,500"))
    assert [found["counts"][name] for name in ("asked", "tried", "refused")] == [12, 6, 6]
    (reason,) = found["refused"]
    assert reason["count"] == 6
    assert "reaches the price of SBIN" in reason["example"]


def test_bot_that_ended_itself_stands_still_unless_each_morning_is_fresh(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Architecture 13: a terminated grid does not start again by itself; --fresh starts a new one every day."""
    argv = line(tmp_path, *GRID, "--spread", "0.5", "--oco-spread", "0.5", "--oco-stop-count", "1")
    (once,) = told(capsys, argv)["combinations"]
    assert once["first"]["stood_still"] + once["rest"]["stood_still"] > 0
    assert main(argv) == 0
    assert "1 of 1 stood still on some days, ended by their own rules before" in capsys.readouterr().out
    (fresh,) = told(capsys, [*argv, "--fresh"])["combinations"]
    assert fresh["first"]["stood_still"] + fresh["rest"]["stood_still"] == 0
    assert fresh["rest"]["fills"] > 0


def test_pairs_are_compared_on_the_days_that_all_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each pair takes the files that have it; what only one has is left out, and said."""
    tapes = [made_day(seed, rows=200, spread=1500.0, day=own) for seed, own in enumerate(_days(4))]
    folder = tmp_path / "prices"
    folder.mkdir()
    for name, some in (("SBIN", tapes[:3]), ("PNB", tapes[1:])):
        text = csv_of(some, folder / f"{name}.csv").read_text(encoding="utf-8")
        (folder / f"{name}.csv").write_text(text.replace("SBIN", name, 1), encoding="utf-8")
    grid = [*GRID[4:], "--spread", "0.5", "--pairs", "IRFC/SBIN,irfc/pnb"]
    argv = ["--prices", str(folder), "--results", str(tmp_path / "r.sqlite"), "--jobs", "1", *grid]
    found = told(capsys, argv)
    assert found["days"] == [day.isoformat() for day in _days(4)[1:3]]
    assert sorted(one["pair"] for one in found["combinations"]) == ["IRFC/PNB", "IRFC/SBIN"]
    assert main(argv) == 0
    assert "2 days left out, of which not every pair has prices" in capsys.readouterr().out


def _days(count: int) -> list[date]:
    return [date(2026, 11, 2 + number) for number in range(count)]


def test_fault_of_the_engine_is_told_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One grid that breaks TG1 does not end the sweep; the others are shown, and exit 1 says that some are missing."""

    def breaks_on_four(config: object, *others: object) -> Iterator[object]:
        if str(getattr(config, "spread", "")) == "0.4":
            raise ZeroDivisionError("by hand")
        return lived(config, *others)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(work, "lived", breaks_on_four)
    assert main(line(tmp_path, *SIX)) == 1
    out, err = capsys.readouterr()
    assert out.startswith("6 combinations, 4 tried")
    assert "2 combinations are missing because TG1 itself failed on them; the first: " in err
    assert "ZeroDivisionError: by hand" in err
    monkeypatch.undo()
    assert told(capsys, line(tmp_path, *SIX))["counts"]["computed"] == 2


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--spread", "0.5:3"], "is no range: write it as BEGIN:END:STEP"),
        (["--steps", "0"], "--steps 0 is not between 1 and 1295"),
        (["--train", "3"], "--train leaves 3 of 3 days"),
        (["--train", "2026-11-01"], "the first part has no day to choose on"),
        (["--train", "much"], "--train 'much' is neither"),
        (["--jobs", "0"], "is not a whole number above 0"),
        (["--jobs", "9999"], "9999 is more than 1024 processes"),
        (["--top", "-1"], "--top"),
        (["--dask", "tcp://127.0.0.1:1"], "--jobs has no use with --dask"),
        (["--csv", "--json"], "not allowed with argument"),
        (["--from", "2027-01-01"], "no day of IRFC and SBIN lies in the range that was asked for"),
        (["--token-b", "PNB"], "no column PNB; it has prices of IRFC, SBIN"),
        (["--results", "/no/such/folder/r"], "is no place for a file"),
        (["--results", "/tmp"], "is no place for a file"),  # noqa: S108  # a folder that is there
    ],
)
def test_line_that_makes_no_sense_is_refused(
    args: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and exit 2 (behaviour 14, 18)."""
    assert main(line(tmp_path, *GRID, *args)) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert err.startswith("tg1 sweep: ")
    assert sentence in err


def test_missing_symbol_of_a_pair_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what there is."""
    assert main(line(tmp_path, *GRID[4:], "--pairs", "IRFC/SBIN,IRFC/PNB")) == 2
    assert "--pairs IRFC/PNB: no file of --prices has prices of PNB; they have those of IRFC, SBIN" in (
        capsys.readouterr().err
    )


def test_missing_extra_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who installed the bare bot is told what to type."""
    assert run_without(monkeypatch, "sweep", "joblib", ("sweep.program", "sweep.run", "sweep.workers")) == 2
    assert capsys.readouterr().err == "tg1 sweep: joblib is missing; install it with: pip install 'tg1[insight]'\n"
