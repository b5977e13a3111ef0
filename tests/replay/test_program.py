"""`python -m tg1.replay`: what it prints, what it ends with, and money to the paisa."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.replay.journal import journal_of
from tests.replay.money import last_of, wrong_money
from tests.replay.random_days import csv_of, made_day
from tests.support.extras import run_without
from tg1.replay.command import parse
from tg1.replay.program import main

if TYPE_CHECKING:
    from pathlib import Path

GRID = [
    *("--bot-name", "T", "--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--steps", "4"),
    *("--spread", "0.5", "--target-spread", "0.5", "--oco-spread", "1", "--qty-a", "100", "--qty-b", "50"),
    "--allow-off-centre",
]


def days_file(tmp_path: Path) -> Path:
    """Two days that trade a good deal."""
    return csv_of(
        [made_day(11, rows=1500, spread=1500.0), made_day(12, rows=1500, spread=1500.0, day=date(2026, 11, 24))],
        tmp_path / "prices.csv",
    )


def told(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, Any]:
    """The object of `--json`."""
    assert main([*args, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("product", ["MIS", "CNC"])
@pytest.mark.parametrize("extra", [(), ("--square-off-at", "09:40"), ("--fill", "through", "--latency-ms", "80")])
def test_net_is_what_the_journal_adds_up_to(
    product: str, extra: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behaviour 15: from the order events alone, to the paisa, over a night."""
    prices, journal = days_file(tmp_path), tmp_path / "journal.jsonl"
    args = ["--prices", str(prices), *GRID, "--product", product, "--journal", str(journal), *extra]
    result = told(capsys, *args)
    assert result["total"]["fills"] > 10
    assert wrong_money(result, journal_of(journal), product, last_of(prices)) == []


def test_object_has_the_shape_that_programs_rely_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names and kinds of every field; rupees are text with two decimals."""
    result = told(capsys, "--prices", str(days_file(tmp_path)), *GRID)
    assert list(result) == ["days", "total", "wall_secs"]
    sums = ["price_events", "cycles_run", "fills", "gross", "charges", "net", "realised", "worst_open", "open", "end"]
    assert [list(day) for day in result["days"]] == [["date", *sums]] * 2
    assert list(result["total"]) == sums
    assert [day["date"] for day in result["days"]] == ["2026-11-23", "2026-11-24"]
    for row in (*result["days"], result["total"]):
        for name in ("gross", "charges", "net", "realised", "worst_open"):
            assert f"{Decimal(row[name]):.2f}" == row[name]
        assert {type(row[name]) for name in ("price_events", "cycles_run", "fills")} == {int}
        for one in row["open"]:
            assert list(one) == ["account", "symbol", "quantity", "average", "last"]
            assert one["quantity"] != 0
    assert [day["price_events"] for day in result["days"]] == [3000, 3000]


def test_touch_is_the_upper_bound_and_through_the_lower(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A price that only touches a limit serves those who stood there before."""
    grid = ["--bot-name", "T", "--trade-type", "buyts", "--token-a", "IRFC", "--entry-price", "50", "--qty-a", "100"]
    args = [
        "--prices",
        str(days_file(tmp_path)),
        *grid,
        "--spread",
        "0.5",
        "--target-spread",
        "0.5",
        "--allow-off-centre",
    ]
    touch, through = told(capsys, *args, "--fill", "touch"), told(capsys, *args, "--fill", "through")
    assert 0 < through["total"]["fills"] <= touch["total"]["fills"]


def test_order_that_rested_is_filled_at_its_limit_when_the_price_went_through(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between two prices of a file the market passes all between: a leap is no better price for who waited there."""
    path = tmp_path / "leap.csv"
    rows = ["09:15:00,50", "09:15:10,50", "09:15:20,48.7", "09:15:30,50.9", "09:15:40,50"]
    path.write_text("\n".join(["ist_second,IRFC", *(f"2026-11-23 {row}" for row in rows)]) + "\n", encoding="utf-8")
    journal = tmp_path / "j.jsonl"
    grid = ["--bot-name", "T", "--trade-type", "buyts", "--token-a", "IRFC", "--entry-price", "50", "--qty-a", "100"]
    grid += ["--steps", "1", "--spread", "1", "--target-spread", "1", "--prices", str(path), "--journal", str(journal)]
    paid = {}
    for fill in ("touch", "through"):
        told(capsys, *grid, "--fill", fill)
        events = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        paid[fill] = [(row["side"], row["traded_price"]) for row in events if row["traded_quantity"]]
        journal.unlink()
    assert paid == {"touch": [("BUY", "48.70"), ("SELL", "50.90")], "through": [("BUY", "49.00"), ("SELL", "50.00")]}


def test_replay_of_a_bot_that_ends_itself_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """How the bot ended is told by `end`; the replay itself worked."""
    rows = [
        f"2026-11-23 09:{15 + at // 60:02}:{at % 60:02},{50 + at * 0.01:.2f},{120 + at * 0.05:.2f}" for at in range(900)
    ]
    path = tmp_path / "rise.csv"
    path.write_text("\n".join(["ist_second,IRFC,SBIN", *rows]) + "\n", encoding="utf-8")
    result = told(capsys, "--prices", str(path), *GRID, "--trade-type", "sellocots")
    assert "Terminated" in result["days"][0]["end"]


def test_fresh_morning_is_a_day_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Behaviour 9.3: with --fresh in the line, each of a replay's mornings begins with a new grid."""
    args = ["--prices", str(days_file(tmp_path)), *GRID, "--fresh"]
    both = told(capsys, *args)["days"]
    alone = [
        told(capsys, *args, "--to", "2026-11-23")["days"][0],
        told(capsys, *args, "--from", "2026-11-24")["days"][0],
    ]
    assert both == alone
    assert Decimal(alone[0]["realised"]) * Decimal(alone[1]["realised"]) != 0


def test_flags_of_a_pair_need_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bot needs a name, a replay does not; the name changes nothing of what it comes to."""
    args = ["--prices", str(days_file(tmp_path)), *GRID, "--fresh"]
    assert GRID[:2] == ["--bot-name", "T"]
    assert told(capsys, *args)["total"] == told(capsys, *args[:2], *args[4:])["total"]
    settings = tmp_path / "bot.toml"
    settings.write_text('bot-name = "Mine"\n', encoding="utf-8")
    assert parse([*args[:2], *args[4:], "--config", str(settings)]).config.bot_name == "Mine"


def test_summary_tells_net_first_and_what_is_not_modelled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """About ten lines for the terminal, and one on what a step of the grid nets (behaviour 15)."""
    assert main(["--prices", str(days_file(tmp_path)), *GRID, "--no-report"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert 8 <= len(lines) <= 11
    assert lines[0].startswith("NET ")
    (step,) = [line for line in lines if line.startswith("one round trip of 100 IRFC brings 50.00 and costs 5.")]
    assert "in charges: net +44." in step
    assert "Not modelled" in lines[-1]


def test_charges_that_were_said_are_charged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--charge` of the bot counts here as well."""
    args = ["--prices", str(days_file(tmp_path)), *GRID]
    usual, dear = told(capsys, *args)["total"], told(capsys, *args, "--charge", "brokerage=20")["total"]
    assert usual["gross"] == dear["gross"]
    assert Decimal(dear["charges"]) > Decimal(usual["charges"])


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--from", "yesterday"], "is not a day in the form YYYY-MM-DD"),
        (["--from", "2026-11-24", "--to", "2026-11-23"], "--from 2026-11-24 is later than --to 2026-11-23"),
        (["--latency-ms", "-1"], "is not between 0 and 60000 milliseconds"),
        (["--fill", "maybe"], "invalid choice"),
        (["--square-off-at", "25:00"], "--square-off-at"),
        (["--ignore-market-hours"], "--ignore-market-hours has no use in a replay"),
        (["--journal", "/no/such/folder/j"], "is no place for a file"),
        (["--steps", "0"], "--steps"),
        (["--stepz", "3"], "--stepz"),
    ],
)
def test_flag_that_makes_no_sense_is_refused(
    args: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence and exit 2 (behaviour 14, 18)."""
    assert main(["--prices", str(tmp_path), *GRID, *args]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert sentence in err


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own line


def test_bare_bot_needs_nothing_of_a_replay() -> None:
    """Its dependencies and its start don't grow: neither numpy nor pyarrow is loaded."""
    code = "import sys, tg1.run; sys.exit(bool({'numpy', 'pyarrow', 'tg1.replay'} & set(sys.modules)))"
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_missing_extra_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Who installed the bare bot is told what to type."""
    importers = ("replay.program", "replay.prices", "replay.chunks")
    assert run_without(monkeypatch, "replay", "pyarrow", importers) == 2
    assert capsys.readouterr().err == "tg1 replay: pyarrow is missing; install it with: pip install 'tg1[insight]'\n"


@pytest.mark.parametrize("whole_folder", [False, True])
def test_journal_never_replaces_a_file_of_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, whole_folder: bool
) -> None:
    """A slip of the keyboard is refused before the work, and the prices stay (behaviour 14)."""
    prices = days_file(tmp_path)
    before = prices.read_bytes()
    given = str(tmp_path if whole_folder else prices)
    assert main(["--prices", given, *GRID, "--no-report", "--journal", str(prices)]) == 2
    assert f"--journal {prices} is a file of the prices" in capsys.readouterr().err
    assert prices.read_bytes() == before
