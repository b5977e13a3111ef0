"""`tg1 orders`: what works at the brokers, and what filled today."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.states import BOT, NOW, a_level, a_state, an_order, with_order
from tests.support.told import ORDER, a_snapshot, an_event, held_lock, write_snapshot
from tg1 import orders
from tg1.machine.clock import SystemClock
from tg1.models import Role
from tg1.store.codec import encode
from tg1.told.codec import encode_event
from tg1.told.events import EventKind
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on the test's folder on the day of `NOW`."""
    monkeypatch.setattr(SystemClock, "now", lambda _self: NOW)

    def call(*words: str) -> tuple[int, str, str]:
        code = orders.main([*words, "--state-dir", str(tmp_path)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_running_bots_orders_and_todays_fills(tmp_path: Path, run: Any) -> None:
    """Price, account, order id; yesterday's fills and other events are left out."""
    hedge = replace(
        ORDER,
        level="B1",
        role=Role.OCO,
        account="downside_oco",
        symbol="SBIN",
        order_id="",
        trigger_price=ORDER.limit_price,
    )
    write_snapshot(tmp_path, a_snapshot(orders=(ORDER, hedge)))
    yesterday = an_event(1, at=NOW - timedelta(days=1), text="yesterday's fill")
    told = [yesterday, an_event(2), an_event(3, kind=EventKind.PLACED, text="placed")]
    ToldPaths(tmp_path, BOT).events.write_bytes(b"".join(map(encode_event, told)))
    with held_lock(tmp_path):
        code, out, _ = run(BOT)
    assert code == 0
    assert out.splitlines() == [
        f"{BOT}: 2 orders work",
        "  Trade: B1 target SELL 100 IRFC at 49.50 (order 1100000007, since 10:30:00)",
        "  Downside OCO: B1 hedge SELL 100 SBIN at 49.50 (limit 49.50) (in doubt, T1ab0001t1, since 10:30:00)",
        "  1 fill today",
        "  10:30:00 target filled: sold 100 IRFC at 49.50",
    ]


def test_a_bot_that_is_gone_left_these_orders(tmp_path: Path, run: Any) -> None:
    """By its state: they may still work, and nobody minds them."""
    level = with_order(a_level(), an_order(role=Role.ENTRY))
    state = a_state()
    state.levels = {level.uuid: level}
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(state, NOW))
    code, out, _ = run()
    assert code == 0
    assert "1 order works, as it left them (it is not running)" in out
    code, out, _ = run("--json")
    (bot,) = json.loads(out)["bots"]
    assert (bot["running"], len(bot["orders"]), bot["fills"]) == (False, 1, [])
    assert bot["orders"][0]["limit_price"].count(".") == 1


def test_what_a_gone_bot_left_yesterday_works_no_more(tmp_path: Path, run: Any) -> None:
    """An order lives for a day (behaviour 9.5): nobody looks for it at the broker's in vain."""
    level = with_order(a_level(), an_order(role=Role.ENTRY))
    state = a_state(trading_day=NOW.date() - timedelta(days=1))
    state.levels = {level.uuid: level}
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(state, NOW - timedelta(days=1)))
    assert "0 orders work" in run()[1]


def test_events_that_cannot_be_read_are_said(tmp_path: Path, run: Any) -> None:
    """To say "no fill today" would be a lie; exit 1, and the rest is told."""
    write_snapshot(tmp_path, a_snapshot())
    ToldPaths(tmp_path, BOT).events.write_bytes(encode_event(an_event(2)) + b'{"run": "r1", "se\n')
    with held_lock(tmp_path):
        code, out, err = run()
    assert (code, "1 fill today" in out) == (1, True)
    assert err == f"tg1 orders: {BOT}: 1 line of its events can't be read: they are left out\n"


def test_a_bot_of_which_nothing_can_be_read_is_not_said_to_have_no_order(tmp_path: Path, run: Any) -> None:
    """A torn snapshot and no state: nobody knows, so it is said, with exit 1."""
    ToldPaths(tmp_path, "x").snapshot.write_text("{")
    code, out, err = run()
    assert (code, out) == (1, "")
    assert err == "tg1 orders: x: its snapshot can't be read: it is no whole JSON (1 bytes)\n"


def test_one_damaged_state_hides_no_other_bot(tmp_path: Path, run: Any) -> None:
    """It is said with its file and exit 1."""
    write_snapshot(tmp_path, a_snapshot())
    ToldPaths(tmp_path, "x").state.write_text("{")
    with held_lock(tmp_path):
        code, out, err = run()
    assert code == 1
    assert out.startswith(f"{BOT}: 1 order works")
    assert err.startswith(f"tg1 orders: x: the state file {tmp_path / 'x_state.json'} can't be read: it is")


def test_no_folder_and_no_bot_are_refused(tmp_path: Path, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with a sentence; an empty folder is said."""
    assert run() == (0, f"No bot has run in {tmp_path} yet.\n", "")
    code, _, err = run("nobody")
    assert (code, err.startswith("tg1 orders: no bot of the name")) == (2, True)
    assert orders.main(["--state-dir", str(tmp_path / "nowhere")]) == 2
    assert "there is no state folder" in capsys.readouterr().err
