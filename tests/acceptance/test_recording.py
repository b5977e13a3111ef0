"""The proof: what a real process on the paper exchange did at speed 1 is what the replay of its record does.

The same orders in the same cycles: account, client id, side, type, quantity, limit, trigger; the same cancels, and the
same fills at the same prices in the same books. Nothing is left out, and no time is compared but the number of the
cycle. What the record needs beyond prices is said in `tg1/replay/script.py`: prices are heard up to a second after an
order met them, so where a book shows a fill, or a resting order, it says which price the order met.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.acceptance.test_paper_mode import PaperBot
from tests.support.driver import until
from tg1.models import OrderRequest, Role
from tg1.record.paths import FOLDER, RecordPaths
from tg1.record.reading import read_day, recorded_days
from tg1.replay.program import main
from tg1.replay.relive import relived
from tg1.rules.client_ids import parse_client_id

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tg1.record.reading import DayRecord
    from tg1.record.values import Cycle

MONEY = ("fills", "gross", "charges", "net", "ends")
MANY = 10
"""Orders."""
LIVELY = {
    "entry_price": None,
    "auto_entry": True,
    "steps": 4,
    "spread": "0.04",
    "target_spread": "0.03",
    "oco_spread": "0.10",
    "paper_price_b": 18,
}
"""A grid that made prices cross within seconds: a step is a few of their ticks. A slow start finds them elsewhere, and
so the grid begins where they are."""


def did(cycle: Cycle) -> tuple[list[Any], list[Any], list[Any]]:
    """All that a cycle sent, asked for, and saw to have filled or ended."""
    return (
        [(one.account, _terms(one.request)) for one in cycle.sent],
        [(one.account, one.client_id) for one in cycle.asked],
        sorted(
            (row.account, row.client_id, str(row.status), row.filled, row.average)
            for row in cycle.rows
            if row.filled or row.status.is_final
        ),
    )


def _terms(request: OrderRequest) -> tuple[object, ...]:
    return (
        *(request.client_id, request.symbol, request.side, request.order_type),
        *(request.quantity, request.limit_price, request.trigger_price),
    )


def record_of(bot: PaperBot) -> DayRecord:
    """The day that a paper bot recorded; a run over midnight has two, and the last one counts."""
    folder = bot.state_dir / "paper" / FOLDER
    (*_, (day, files)) = recorded_days(RecordPaths(folder, bot.name)).items()
    return read_day(day, files)


def roles(cycles: list[Cycle], *, filled: bool = False) -> set[Role]:
    """Roles of the orders that were sent, or that filled."""
    ids = [row.client_id for cycle in cycles for row in cycle.rows if row.filled]
    sent = [one.request.client_id for cycle in cycles for one in cycle.sent]
    return {parsed.role for each in (ids if filled else sent) if (parsed := parse_client_id(each))}


def is_lively(bot: PaperBot) -> bool:
    """Entries, targets and hedges were sent, a target filled, and its hedge's cancel was told."""
    if not any(bot.state_dir.glob(f"paper/{FOLDER}/*")):
        return False
    cycles = record_of(bot).runs[-1].cycles
    sent = sum(len(cycle.sent) for cycle in cycles)
    all_roles = {Role.ENTRY, Role.TARGET, Role.OCO}
    is_whole = roles(cycles) == all_roles and Role.TARGET in roles(cycles, filled=True)
    return sent >= MANY and is_whole and any(cycle.events for cycle in cycles)


def stop_between_cycles(bot: PaperBot) -> None:
    """A bot that is stopped in the middle of a cycle sends no more of it: it is stopped right after one."""
    (*_, path) = sorted((bot.state_dir / "paper" / FOLDER).iterdir())
    before = path.stat().st_size
    until(lambda: path.stat().st_size > before, "another cycle", bot, look_every=0.01)
    assert bot.stop() == 0


def prove(bot: PaperBot) -> list[Cycle]:
    """The replay of the run does what the run did, cycle by cycle; returns the live cycles.

    The last one may have been cut short by the signal: what it did is then the beginning of what the replay does.
    """
    record = record_of(bot)
    (run,) = record.runs
    again = relived(run, record.day).cycles
    assert [did(cycle) for cycle in again[:-1]] == [did(cycle) for cycle in run.cycles[:-1]]
    assert [cycle.at for cycle in again] == [cycle.at for cycle in run.cycles]
    (sent, asked, rows), (sent_again, asked_again, rows_again) = did(run.cycles[-1]), did(again[-1])
    assert (sent, asked, rows) == (sent_again[: len(sent)], asked_again[: len(asked)], rows_again)
    return run.cycles


def test_a_real_process_gives_the_same_orders_as_the_replay_of_its_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries, targets, hedges, cancels and fills, at the pace of a real day; and `--against` says so."""
    bot = PaperBot(tmp_path / "bot", paper_seed=2, **LIVELY)
    try:
        bot.start()
        until(lambda: is_lively(bot), "a lively day", bot)
        stop_between_cycles(bot)
    finally:
        if bot.is_running:
            bot.kill()
    cycles = prove(bot)
    # What the proof stands on was heard and told, not only looked at.
    assert any(cycle.ticks for cycle in cycles)
    assert any(cycle.events for cycle in cycles)
    assert main(["--against", bot.name, "--state-dir", str(bot.state_dir), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {one["reason"] for one in told["differences"]} <= {"the bot was being stopped"}
    assert told["equal"] == told["live"]["orders"] == sum(len(cycle.sent) for cycle in cycles)
    assert {key: told["live"][key] for key in MONEY} == {key: told["replay"][key] for key in MONEY}
    # The bot's own books, which know nothing of the record, come to the same.
    assert bot.says(f"charges -{told['live']['charges']}") or bot.says(f"Charges {told['live']['charges']}")
    monkeypatch.chdir(bot.folder)
    assert main(["--against", bot.name]) == 0
    assert "orders: " in (said := capsys.readouterr().out)
    assert "0 different, 0 only live" in said
    assert main(["--against", bot.name, "--day", "2020-01-01"]) == 2
    assert "there is no record of 'Paper' on 2020-01-01; recorded are" in capsys.readouterr().err
