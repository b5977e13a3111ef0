"""`tg1 pair` as it is typed: figures, words, flags that the bot takes, and refusals."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.extras import run_without
from tests.support.places import DATA
from tg1.cli import Action, parse_command
from tg1.pair.advice import answer
from tg1.pair.command import parse
from tg1.pair.picture import picture
from tg1.pair.program import days_of, main

if TYPE_CHECKING:
    from pathlib import Path


def file_of(folder: Path, beta: float, *, noise: float = 0.3, days: int = 25, seed: int = 3) -> Path:
    """Days of minutes on which A's returns are `beta` times B's."""
    rng = np.random.default_rng(seed)
    head = "ist," + ",".join(
        f"{point}_{symbol}" for symbol in ("PFC", "REC") for point in ("open", "high", "low", "close")
    )
    lines = [head]
    for number in range(days):
        b = rng.normal(0, 1e-3, 375)
        a = beta * b + rng.normal(0, noise * 1e-3, 375)
        prices = [np.round(centre * np.cumprod(1 + moves), 2) for centre, moves in ((400, a), (500, b))]
        day = f"2026-{10 + number // 28:02}-{1 + number % 28:02}"
        before = [400.0, 500.0]
        for minute in range(375):
            at = 9 * 60 + 15 + minute
            cells = []
            for symbol, closes in enumerate(prices):
                start, end = before[symbol], float(closes[minute])
                cells += [start, max(start, end), min(start, end), end]
                before[symbol] = end
            lines.append(f"{day} {at // 60:02}:{at % 60:02}:00," + ",".join(f"{cell:.2f}" for cell in cells))
    path = folder / "pair.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The object of `--json`."""
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(scope="module")
def hedge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair with a beta of 0.8."""
    return file_of(tmp_path_factory.mktemp("hedge"), 0.8)


def test_flags_are_taken_by_the_bot_as_they_stand(hedge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line is pasted behind a name, and the shares of B follow from beta and prices."""
    assert main(["PFC", "REC", "--prices", str(hedge), "--qty-a", "200"]) == 0
    out = capsys.readouterr().out
    flags = out.splitlines()[-1]
    command = parse_command(["--bot-name", "T", *flags.split(), "--dry-run"], {})
    assert command.action is Action.DRY_RUN
    config = command.config
    assert (config.token_a_symbol, config.token_b_symbol, config.token_a_quantity) == ("PFC", "REC", 200)
    found = told(capsys, "PFC", "REC", "--prices", str(hedge), "--qty-a", "200")
    assert found["flags"] == flags
    assert (found["verdict"], found["qty_b"]) == ("a hedge", config.token_b_quantity)
    assert found["horizons"][2]["beta"]["median"] == pytest.approx(0.8, abs=0.05)
    assert found["qty_b"] == round(200 * found["ratio"])
    assert "REC is a hedge for PFC" in out
    assert "The sign is right: they fall together." in out
    assert max(map(len, out.splitlines()[:-1])) <= 110


def test_every_suggestion_stands_with_its_figure(hedge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which moves, how many, how sure; how far on how many days; what a round trip nets."""
    assert main(["PFC", "REC", "--prices", str(hedge), "--oco-spread", "2", "4.5"]) == 0
    out = capsys.readouterr().out
    assert "1 second     not known: the prices are bars of a minute" in out
    for part in (
        "times ",
        "needs --qty-b",
        "moves came with a loss in PFC",
        "on 9 days of 10",
        "a round trip of 100 nets",
    ):
        assert part in out
    found = told(capsys, "PFC", "REC", "--prices", str(hedge), "--oco-spread", "2", "4.5")
    assert [each["oco_spread"] for each in found["moves"]] == ["2.00", "4.50"]
    assert found["oco_spread"] in ("2.00", "4.50")
    assert all(each["sure"][0] <= each["share"] <= each["sure"][1] for each in found["moves"])


def test_wrong_sign_is_said_plainly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A BUY entry is hedged by selling B (architecture 2): when B rises as A falls, both lose."""
    path = file_of(tmp_path, -0.8)
    assert main(["PFC", "REC", "--prices", str(path)]) == 0
    out = capsys.readouterr().out
    assert "REC is the opposite of a hedge for PFC" in out
    assert "The sign is wrong: when PFC falls, REC rises." in out
    assert out.splitlines()[-1] == "No flags are suggested."
    found = told(capsys, "PFC", "REC", "--prices", str(path))
    assert (found["qty_b"], found["flags"]) == (0, "")


def test_strangers_are_no_hedge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And no number of shares makes them one."""
    found = told(capsys, "PFC", "REC", "--prices", str(file_of(tmp_path, 0.0, noise=1.0)))
    assert (found["verdict"], found["qty_b"], found["flags"]) == ("no hedge", 0, "")


def test_range_of_days_is_chosen(hedge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--from` and `--to`, both included."""
    found = told(capsys, "PFC", "REC", "--prices", str(hedge), "--from", "2026-10-05", "--to", "2026-10-09")
    assert (found["days"], found["from"], found["to"]) == (5, "2026-10-05", "2026-10-09")


BAD = {
    "itself": (["PFC", "PFC"], "PFC is no hedge for itself"),
    "unknown": (["PFC", "RECL"], "has no column open_RECL; it has prices of PFC, REC"),
    "empty range": (["PFC", "REC", "--from", "2027-01-01"], "no day of PFC and REC lies in the range"),
    "backwards": (["PFC", "REC", "--from", "2026-10-05", "--to", "2026-10-04"], "is later than"),
    "no shares": (["PFC", "REC", "--qty-a", "0"], "--qty-a 0 is not between 1 and"),
    "half a step": (["PFC", "REC", "--steps", "1.5"], "--steps 1.5 is not a whole number"),
    "no spread": (["PFC", "REC", "--oco-spread", "0"], "--oco-spread 0 must be above 0"),
    "unknown charge": (["PFC", "REC", "--charge", "luck=1"], "luck"),
    "no picture": (["PFC", "REC", "--png", "pair.csv"], "--png pair.csv: give the file a name that ends in .png"),
    "no flag": (["PFC", "REC", "--color"], "--color"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_question_that_makes_no_sense_is_refused(name: str, hedge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, exit 2, no half report."""
    words, sentence = BAD[name]
    assert main([*words, "--prices", str(hedge)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert err.startswith("tg1 pair: ")
    assert sentence in err


def test_split_is_refused_until_it_is_confirmed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the same flag as everywhere, and the night is then left out of the daily returns."""
    path = tmp_path / "split.csv"
    rows = [
        f"2026-11-{day:02} 09:{15 + minute}:00,{price + minute % 3},{50 + minute % 2}"
        for day, price in ((2, 800), (3, 400))
        for minute in range(40)
    ]
    path.write_text("\n".join(["ist_second,PFC,REC", *rows]) + "\n", encoding="utf-8")
    assert main(["PFC", "REC", "--prices", str(path)]) == 2
    err = capsys.readouterr().err
    assert "PFC jumps from 800.00 on 2026-11-02 to 400.00 on 2026-11-03" in err
    flag = err.split("right: ")[1].split()
    assert main(["PFC", "REC", "--prices", str(path), *flag]) == 0


def test_missing_extra_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who installed the bare bot is told what to type."""
    importers = ("pair.program", "pair.advice", "pair.passages")
    assert run_without(monkeypatch, "pair", "numpy", importers) == 2
    assert capsys.readouterr().err == "tg1 pair: numpy is missing; install it with: pip install 'tg1[insight]'\n"


REAL: dict[str, tuple[str, str, str, tuple[float, float]]] = {
    "pair_5min_2023-24_PFC_RECLTD.csv": ("PFC", "RECLTD", "5 minutes", (0.7, 0.85)),
    "ltp_1s_2025-06-18.csv": ("SBIN", "ICICIBANK", "1 second", (-0.05, 0.15)),
    "pair_1min_2016-08_SBIN_BANKBARODA.csv": ("SBIN", "BANKBARODA", "1 minute", (0.3, 0.5)),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_pairs_are_what_they_are_known_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """PFC and RECLTD go together over minutes; a bank's second goes its own way (docs/data.md)."""
    if not (DATA / name).exists():
        pytest.skip("the real prices carry no licence for redistribution and are not here")
    a, b, over, (low, high) = REAL[name]
    found = told(capsys, a, b, "--prices", str(DATA / name))
    (stats,) = [each for each in found["horizons"] if each["over"] == over]
    assert low < stats["correlation"]["median"] < high
    assert found["qty_b"] > 0


def test_spread_that_fires_on_the_unusual_day_is_taken(hedge: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The smallest that B moves by at most once a day; where all are tighter, the widest."""
    found = told(capsys, "PFC", "REC", "--prices", str(hedge), "--oco-spread", "1", "9", "12", "15")
    seldom = [each for each in found["moves"] if each["moves"] <= found["days"]]
    assert found["oco_spread"] == seldom[0]["oco_spread"] != "1.00"
    assert told(capsys, "PFC", "REC", "--prices", str(hedge), "--oco-spread", "1", "2")["oco_spread"] == "2.00"


def test_picture_shows_the_figures(hedge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Written whole; its rows are the report's own figures."""
    png = tmp_path / "pair.png"
    assert main(["PFC", "REC", "--prices", str(hedge), "--png", str(png)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("--token-a PFC")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.iterdir()) == [png]
    command = parse(["PFC", "REC", "--prices", str(hedge)])
    found = answer(days_of(command), command.question)
    spec = picture(found)
    rows = spec.pop("datasets")
    drawn = set(re.findall(r"'data': {'name': '([^']+)'}", str(spec)))
    assert drawn == rows.keys() == {"dots", "line", "days", "moves", "even", "reach", "edge"}
    assert found.grid is not None
    assert (rows["even"], rows["edge"]) == ([{"v": 0.5}], [{"v": float(found.grid.reach)}])
    assert len(rows["days"]) == len(rows["reach"]) == 25
    assert [row["count"] for row in rows["moves"]] == [f"{one.with_loss:,} of {one.moves:,}" for one in found.moves]
    slope = (rows["line"][1]["a"] - rows["line"][0]["a"]) / (rows["line"][1]["b"] - rows["line"][0]["b"])
    assert found.judged is not None
    assert found.judged.beta is not None
    assert slope == pytest.approx(found.judged.beta.median)
