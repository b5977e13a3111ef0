"""`tg1 history`: days net of charges, for the trader and for his tax sheet."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.states import BOT, NOW, a_record, a_state
from tg1 import history
from tg1.models import Charges
from tg1.store.codec import encode, encode_record
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.models import OrderHistoryRecord

COST = Charges(brokerage=Decimal(20), stt=Decimal(5), gst=Decimal("3.60"))


def _trip(seq: int, day: str, **changes: Any) -> OrderHistoryRecord:
    """Bought 100 at 49.00, sold at 49.50: 50 before charges of 28.60."""
    values: dict[str, Any] = {
        "seq": seq,
        "bot_name": BOT,
        "outcome": "target",
        "entry_quantity": 100,
        "entry_average": Decimal("49.00"),
        "target_quantity": 100,
        "target_average": Decimal("49.50"),
        "oco_quantity": 0,
        "oco_average": Decimal(0),
        "realised_pnl": Decimal(50),
        "open_pnl": Decimal(0),
        "charges": COST,
        "completed_at": f"{day}T11:00:00+05:30",
        **changes,
    }
    return replace(a_record(), **values)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on the test's folder."""

    def call(*words: str) -> tuple[int, str, str]:
        code = history.main([*words, "--state-dir", str(tmp_path)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def _write(folder: Path, *records: OrderHistoryRecord, more: bytes = b"") -> None:
    state = a_state()
    state.levels.clear()
    ToldPaths(folder, BOT).state.write_bytes(encode(state, NOW))
    lines = "".join(f"{encode_record(record)}\n" for record in records).encode()
    ToldPaths(folder, BOT).trades.write_bytes(lines + more)


def test_days_are_summed_net_of_charges(tmp_path: Path, run: Any) -> None:
    """Two trips and a hedged one on two days; net = realised + left open - charges."""
    hedged = _trip(
        3,
        "2026-02-17",
        outcome="oco",
        target_quantity=0,
        oco_quantity=50,
        oco_average=Decimal("118.50"),
        realised_pnl=Decimal(0),
        open_pnl=Decimal(-80),
    )
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(2, "2026-02-16"), hedged)
    code, out, _ = run("--json")
    told = json.loads(out)
    assert code == 0
    first, second = told["days"]
    assert (first["date"], first["round_trips"], first["hedged"]) == ("2026-02-16", 2, 0)
    assert (first["bought"], first["sold"], first["realised"]) == ("9800.00", "9900.00", "100.00")
    assert (first["charges"], first["brokerage"], first["stt"], first["net"]) == ("57.20", "40.00", "10.00", "42.80")
    assert (second["hedged"], second["sold"], second["left_open"], second["net"]) == (1, "5925.00", "-80.00", "-108.60")
    assert told["total"]["net"] == "-65.80"


def test_csv_is_for_a_spreadsheet(tmp_path: Path, run: Any) -> None:
    """A header and a line a day, every charge in a column of its own."""
    _write(tmp_path, _trip(1, "2026-02-16"))
    code, out, _ = run("--csv")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["date"], row["bot"], row["gst"], row["net"]) == ("2026-02-16", BOT, "3.60", "21.40")


def test_the_table_ends_with_the_sum(tmp_path: Path, run: Any) -> None:
    """As a person reads it."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(2, "2026-02-17"))
    _, out, _ = run()
    assert [line.split()[0] for line in out.splitlines()] == ["date", "2026-02-16", "2026-02-17", "total"]
    assert "+42.80" in out.splitlines()[-1]


def test_trips_of_an_earlier_version_are_marked(tmp_path: Path, run: Any) -> None:
    """Their charges were not kept, so that their net is not known: never a 0 for what nobody knows."""
    _write(tmp_path, _trip(1, "2026-02-16", charges=None, open_pnl=None))
    _, out, _ = run()
    assert "without the charges of 1 trip," in out
    assert json.loads(run("--json")[1])["days"][0]["unknown"] == 1


def test_a_line_written_twice_counts_once(tmp_path: Path, run: Any) -> None:
    """The same number of the same level is the same trip (a crash between two appends)."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(1, "2026-02-16"))
    assert json.loads(run("--json")[1])["total"]["round_trips"] == 1


def test_the_trips_of_a_fresh_grid_count_beside_those_of_the_old_one(tmp_path: Path, run: Any) -> None:
    """A fresh grid counts from 1 again in the same file (behaviour 9.4): its first trip is another one."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(1, "2026-02-16", uuid="another"))
    assert json.loads(run("--json")[1])["total"]["round_trips"] == 2


def test_paper_is_never_added_to_real_money(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that was rehearsed under its own name leaves no trip of the rehearsal on the tax sheet."""
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "paper").mkdir()
    _write(tmp_path, _trip(1, "2026-02-16"))
    _write(tmp_path / "paper", _trip(1, "2026-02-16", uuid="played"), _trip(2, "2026-02-16"))
    told = json.loads(run("--json")[1])
    assert [(day["paper"], day["round_trips"]) for day in told["days"]] == [(False, 1), (True, 2)]
    assert (told["total"]["round_trips"], told["paper_total"]["round_trips"]) == (1, 2)
    assert [row["paper"] for row in csv.DictReader(io.StringIO(run("--csv")[1]))] == ["False", "True"]
    table = run()[1].splitlines()
    assert [("(paper)" in line, line.split()[-1]) for line in table[1:]] == [
        (False, "+21.40"),
        (True, "+42.80"),
        (False, "+21.40"),
        (True, "+42.80"),
    ]


def test_a_damaged_line_is_said_with_its_number_and_exit_1(tmp_path: Path, run: Any) -> None:
    """A tax sheet that silently lacks a trade would be worse than none."""
    _write(tmp_path, _trip(1, "2026-02-16"), more=b'{"seq": 2\n')
    code, out, err = run("--json")
    assert code == 1
    assert "_trades.jsonl, line 2: it is no whole JSON object" in err
    assert json.loads(out)["total"]["round_trips"] == 1


def test_nothing_yet_and_refusals(run: Any) -> None:
    """No trades is said; both forms at once and an unknown bot are refused."""
    assert run() == (0, "No trip has been completed yet.\n", "")
    assert run("--csv", "--json")[0] == 2
    assert run("nobody")[0] == 2
