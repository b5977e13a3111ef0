"""`tg1 history`: days net of charges, for the trader and for his tax sheet.

What a sheet says is held to the exchange in `tests/engine/test_history_money.py`.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.states import BOT, NOW, a_record, a_state, an_execution, an_order
from tg1 import history
from tg1.models import (
    Charges,
    ClosingOrder,
    DaySheet,
    DayStart,
    HeldShares,
    LastPrice,
    Position,
    Role,
    Traded,
)
from tg1.store.codec import encode, encode_record, encode_sheet
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
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on the test's folder."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: str) -> tuple[int, str, str]:
        code = history.main([*words, "--state-dir", str(tmp_path)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def _write(folder: Path, *records: OrderHistoryRecord, more: bytes = b"") -> None:
    ToldPaths(folder, BOT).state.write_bytes(encode(a_state(levels={}, executed=[], order_history=[]), NOW))
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
    """As a person reads it; days of an earlier TG1, which kept trips alone, are marked."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(2, "2026-02-17"))
    *table, note = run()[1].splitlines()
    assert [line.split()[0] for line in table] == ["date", "2026-02-16", "2026-02-17", "total"]
    assert table[-1].split()[-1] == "+42.80+"
    assert note.startswith("+ from its completed trips alone, by an earlier TG1")


def test_trips_of_an_earlier_version_are_marked(tmp_path: Path, run: Any) -> None:
    """Their charges were not kept, so that their net is not known: never a 0 for what nobody knows."""
    _write(tmp_path, _trip(1, "2026-02-16", charges=None, open_pnl=None))
    _, out, _ = run()
    assert "* without the worth of what nobody knows: no price was kept, or an earlier TG1 kept no charges" in out
    assert json.loads(run("--json")[1])["days"][0]["unknown"] == 1


def test_a_line_written_twice_counts_once(tmp_path: Path, run: Any) -> None:
    """The same number of the same level is the same trip (a crash between two appends)."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(1, "2026-02-16"))
    assert json.loads(run("--json")[1])["total"]["round_trips"] == 1


def test_the_trips_of_a_fresh_grid_count_beside_those_of_the_old_one(tmp_path: Path, run: Any) -> None:
    """A fresh grid counts from 1 again in the same file (behaviour 9.4): its first trip is another one."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(1, "2026-02-16", uuid="another"))
    assert json.loads(run("--json")[1])["total"]["round_trips"] == 2


def test_paper_is_never_added_to_real_money(tmp_path: Path, run: Any) -> None:
    """A bot that was rehearsed under its own name leaves no trip of the rehearsal on the tax sheet."""
    (tmp_path / "paper").mkdir()
    _write(tmp_path, _trip(1, "2026-02-16"))
    _write(tmp_path / "paper", _trip(1, "2026-02-16", uuid="played"), _trip(2, "2026-02-16"))
    told = json.loads(run("--json")[1])
    assert [(day["paper"], day["round_trips"]) for day in told["days"]] == [(False, 1), (True, 2)]
    assert (told["total"]["round_trips"], told["paper_total"]["round_trips"]) == (1, 2)
    assert [row["paper"] for row in csv.DictReader(io.StringIO(run("--csv")[1]))] == ["False", "True"]
    table = run()[1].splitlines()
    assert [("(paper)" in line, line.split()[-1]) for line in table[1:-1]] == [
        (False, "+21.40+"),
        (True, "+42.80+"),
        (False, "+21.40+"),
        (True, "+42.80+"),
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
    assert run() == (0, "No order has filled yet.\n", "")
    assert run("--csv", "--json")[0] == 2
    assert run("nobody")[0] == 2


# -- days with a sheet -------------------------------------------------------------------------------------------------


def _sheet(day: str, **changes: Any) -> DaySheet:
    """100 earned by targets, 550 lost by a square-off, nothing held."""
    values: dict[str, Any] = {
        "bot_name": BOT,
        "day": date.fromisoformat(day),
        "generation": "AAA",
        "product": "MIS",
        "bought": Decimal(14900),
        "sold": Decimal(14450),
        "realised": Decimal(100),
        "squared_off": Decimal(-550),
        "charges": COST,
        **changes,
    }
    return DaySheet(**values)


def _keep(folder: Path, *sheets: DaySheet, more: bytes = b"") -> None:
    lines = "".join(f"{encode_sheet(sheet)}\n" for sheet in sheets).encode()
    ToldPaths(folder, BOT).days.write_bytes(lines + more)


LEFT = HeldShares(
    position=Position(account="trade", symbol="IRFC", long=Traded(quantity=200, value=Decimal(9680))),
    last=LastPrice(symbol="IRFC", price=Decimal("47.90"), at=NOW),
    closing=Charges(brokerage=Decimal(50), gst=Decimal(9)),
)
"""200 IRFC at 48.40, 100 lost so far; the broker's own square-off would cost 59."""


def test_day_with_a_sheet_is_told_by_it_and_its_trips_are_counted(tmp_path: Path, run: Any) -> None:
    """Behaviour 13: what the operator squared off is in it; money that a trip tells too is not counted twice."""
    _write(tmp_path, _trip(1, "2026-02-16"), _trip(2, "2026-02-16"), _trip(3, "2026-02-17"))
    _keep(tmp_path, _sheet("2026-02-16"))
    first, second = json.loads(run("--json")[1])["days"]
    assert (first["realised"], first["squared_off"], first["charges"]) == ("100.00", "-550.00", "28.60")
    assert (first["net"], first["round_trips"], first["trips_only"]) == ("-478.60", 2, False)
    assert (second["net"], second["trips_only"]) == ("21.40", True)


def test_two_grids_of_one_day_are_one_line_and_a_sheet_written_twice_is_one(tmp_path: Path, run: Any) -> None:
    """Behaviour 9.4: a fresh grid has a sheet of its own; of two of one grid's day the later one holds."""
    _write(tmp_path)
    again = _sheet("2026-02-16", generation="AAB", squared_off=Decimal(0))
    _keep(tmp_path, _sheet("2026-02-16", realised=Decimal(7)), _sheet("2026-02-16"), again)
    (day,) = json.loads(run("--json")[1])["days"]
    assert (day["realised"], day["squared_off"], day["net"]) == ("200.00", "-550.00", "-407.20")


def test_mis_shares_that_a_day_left_are_the_brokers_at_a_price_that_is_said(tmp_path: Path, run: Any) -> None:
    """Behaviour 9.5: valued at the last price, with what the broker takes for it, and marked as an estimate."""
    _write(tmp_path)
    _keep(tmp_path, _sheet("2026-02-16", squared_off=Decimal(0), held=(LEFT,)))
    (day,) = json.loads(run("--json")[1])["days"]
    assert (day["by_broker"], day["left_open"], day["charges"], day["net"]) == ("-100.00", "0.00", "87.60", "-87.60")
    (held,) = day["held"]
    assert (held["account"], held["symbol"], held["quantity"], held["average"]) == ("trade", "IRFC", 200, "48.40")
    assert (held["price"], held["won"], held["closed_by_broker"]) == ("47.90", "-100.00", True)
    table = run()[1].splitlines()
    assert table[1].split()[-1] == "-87.60~"
    assert table[-2:] == [
        "~ about: the broker squared off what was left to him; the price is the last that the bot saw",
        f"2026-02-16 {BOT}, left to the broker: Trade +200 IRFC at 48.40, at 47.90 of 10:30 worth -100.00",
    ]


def test_shares_that_are_still_open_are_named_and_counted_from_the_evening_before(tmp_path: Path, run: Any) -> None:
    """Behaviour 15: a CNC day has what its shares won on that day, and no day has it twice."""
    _write(tmp_path)
    held = (replace(LEFT, closing=Charges()),)
    monday = _sheet("2026-02-16", product="CNC", squared_off=Decimal(0), held=held)
    _keep(tmp_path, monday, replace(monday, day=date(2026, 2, 17), open_before=Decimal(-100)))
    told = json.loads(run("--json")[1])
    assert [day["left_open"] for day in told["days"]] == ["-100.00", "0.00"]
    assert told["total"]["left_open"] == "-100.00"
    assert "still open: Trade +200 IRFC at 48.40, at 47.90 of 10:30 worth -100.00" in run()[1].splitlines()[-1]
    (*_, row) = csv.DictReader(io.StringIO(run("--csv")[1]))
    assert row["held"] == "Trade +200 IRFC at 48.40, at 47.90 of 10:30 worth -100.00"


def test_held_shares_without_a_price_are_never_worth_nothing(tmp_path: Path, run: Any) -> None:
    """Behaviour 15: unknown is said, and the net marked."""
    _write(tmp_path)
    _keep(tmp_path, _sheet("2026-02-16", product="CNC", held=(replace(LEFT, last=None),)))
    table = run()[1].splitlines()
    assert table[1].split()[-1].endswith("*")
    assert table[-1].endswith("Trade +200 IRFC at 48.40, worth unknown: no price was kept")
    assert json.loads(run("--json")[1])["days"][0]["held"][0]["won"] is None


def test_day_of_the_living_state_is_in_it(tmp_path: Path, run: Any) -> None:
    """Nobody waits for the evening: what the state file holds is a day of its own."""
    state = a_state(levels={}, executed=[an_execution()], order_history=[], day_start=DayStart(realised=Decimal(40)))
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(state, NOW))
    (day,) = json.loads(run("--json")[1])["days"]
    assert (day["date"], day["bought"], day["realised"], day["trips_only"]) == ("2026-02-16", "4900.00", "6.67", False)


def test_charges_are_those_that_the_bot_was_given(tmp_path: Path, run: Any) -> None:
    """Behaviour 15: the reader knows what `--charges` said."""
    state = a_state(levels={}, executed=[an_execution()], order_history=[], charges_given=["intraday=0.3%"])
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(state, NOW))
    (day,) = json.loads(run("--json")[1])["days"]
    assert day["brokerage"] == "14.70"


def test_square_off_that_nobody_has_finished_is_said(tmp_path: Path, run: Any) -> None:
    """Behaviour 13: what its orders filled since the last look is nobody's knowledge, so the sums may lack it."""
    closing = ClosingOrder(account="trade", order=an_order("X", role=Role.CLOSE), day=NOW.date())
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(a_state(closing=[closing]), NOW))
    code, _, err = run()
    assert code == 1
    assert "was interrupted: what 1 of its orders have filled since is not in these sums" in err


def test_day_that_cannot_be_read_is_said(tmp_path: Path, run: Any) -> None:
    """A sheet with damage is left out, and so is a state that is refused: both with exit 1."""
    _write(tmp_path)
    _keep(tmp_path, _sheet("2026-02-16"), more=b"{}\n")
    path = ToldPaths(tmp_path, BOT).state
    path.write_bytes(path.read_bytes()[:-40])
    code, out, err = run("--json")
    assert code == 1
    assert "_days.jsonl, line 2: " in err
    assert "what its day came to is left out" in err
    assert json.loads(out)["total"]["net"] == "-478.60"
