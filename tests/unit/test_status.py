"""`tg1 status`: a table, one bot in full, JSON, and an exit code that says whether a bot needs you."""

from __future__ import annotations

import io
import json
import os
import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.states import BOT, NOW, a_level, a_state, an_order, with_order
from tests.support.told import ACCOUNT, FEED, HERE, LEVEL, a_snapshot, held_lock, write_snapshot
from tg1 import status
from tg1.machine.clock import SystemClock
from tg1.machine.process import boot_id
from tg1.models import Attention, Side, Status, StatusKind
from tg1.store.codec import encode
from tg1.told.paths import ToldPaths
from tg1.told.snapshot import Phase, Snapshot, ToldEnd, ToldProcess, ToldSaves

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Attention(key="k", text="sell 50 SBIN by hand", at="2026-02-16T10:00:00+05:30")
Run = "Callable[..., tuple[int, str, str]]"


def _now(**changes: Any) -> Snapshot:
    """A snapshot that was written this very moment."""
    clock = SystemClock()
    process = ToldProcess(pid=HERE.pid, birth=HERE.birth, boot_id=boot_id())
    return a_snapshot(written_at=clock.now(), written_boot_secs=clock.monotonic(), process=process, **changes)


def _write_state(folder: Path, state_status: Status, name: str = BOT, **more: Any) -> None:
    state = a_state(bot_status=state_status, bot_name=name, attention=[], **{"levels": {}, **more})
    ToldPaths(folder, name).state.write_bytes(encode(state, NOW))


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on the test's folder: exit code, stdout, stderr."""

    def call(*words: str, columns: int = 100) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        code = status.main([*words, "--state-dir", str(tmp_path)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_healthy_bot_is_one_row_and_exit_0(tmp_path: Path, run: Any) -> None:
    """Name, state, net, what is held, cycle and age."""
    write_snapshot(tmp_path, _now())
    with held_lock(tmp_path):
        code, out, err = run()
    assert (code, err) == (0, "")
    head, row = out.splitlines()
    assert head.split() == ["bot", "state", "net", "held", "cycle", "age"]
    for cell in (BOT, "active", "-12.50", "Trade +100 IRFC", "61"):
        assert cell in row


def test_json_has_what_a_script_needs(tmp_path: Path, run: Any) -> None:
    """The keys of the contract; rupees as text; the whole snapshot for who wants more."""
    write_snapshot(tmp_path, _now(attention=(ENTRY,), paused=(Side.BUY,)))
    with held_lock(tmp_path):
        code, out, _ = run("--json")
    (bot,) = json.loads(out)["bots"]
    assert code == 1
    assert (bot["name"], bot["state"], bot["pid"], bot["cycle"], bot["net"]) == (
        BOT,
        "active",
        os.getpid(),
        61,
        "-12.50",
    )
    assert bot["attention"] == [ENTRY.text]
    assert 0 <= bot["age_secs"] < 60
    assert (bot["needs_person"], bot["paused"], bot["paper"]) == (True, ["BUY"], False)
    assert bot["snapshot"]["levels"][0]["entry_price"] == "49.00"


def test_attention_is_seen_whole_at_any_width(tmp_path: Path, run: Any) -> None:
    """Behaviour 19: wrapped, never cut, on a terminal of 40 columns as well."""
    text = "the hedge of S3 was rejected five times by the broker, and 100 shares of IRFC are open without it"
    write_snapshot(tmp_path, _now(attention=(Attention(key="k", text=text, at=ENTRY.at),)))
    with held_lock(tmp_path):
        for columns in (40, 100):
            code, out, _ = run(columns=columns)
            assert code == 1
            assert max(map(len, out.splitlines())) <= columns
            assert text in " ".join(out.split())


@pytest.mark.parametrize(
    ("left", "word"),
    [
        (Status(kind=StatusKind.ACTIVE), "dead"),
        (Status(kind=StatusKind.TERMINATED, reason="OCO imbalance"), "terminated"),
    ],
)
def test_dead_and_terminated_bots_end_with_exit_1(tmp_path: Path, run: Any, left: Status, word: str) -> None:
    """A process that is gone can't tell; its files can."""
    write_snapshot(tmp_path, _now())
    _write_state(tmp_path, left)
    code, out, _ = run()
    assert code == 1
    assert word in out
    assert f"! {BOT}:" in out


def test_a_hanging_bot_ends_with_exit_1(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process holds the lock; its last cycle is long ago, or could not be told."""
    snapshot = _now()
    write_snapshot(tmp_path, a_snapshot(process=snapshot.process, written_boot_secs=snapshot.written_boot_secs - 60))
    with held_lock(tmp_path):
        code, out, _ = run()
    assert code == 1
    assert "hung" in out
    assert "no cycle for 60 s" in out
    usage = shutil.disk_usage(tmp_path)._replace(free=4096)
    monkeypatch.setattr("tg1.told.folder.shutil.disk_usage", lambda _path: usage)
    with held_lock(tmp_path):
        _, out, _ = run()
    assert "because its disk is full: make room" in " ".join(out.split())


def test_a_bot_of_an_earlier_version_is_shown_from_its_state(tmp_path: Path, run: Any) -> None:
    """It is stopped, and all is well; what nobody knows is not written as 0."""
    _write_state(tmp_path, Status(kind=StatusKind.STOPPED, reason="session end"))
    code, out, _ = run()
    assert code == 0
    assert "stopped" in out
    code, out, _ = run("--json")
    assert json.loads(out)["bots"][0]["net"] is None


def test_one_bot_in_full(tmp_path: Path, run: Any) -> None:
    """Money and its parts, prices, accounts, saves, feed, and a row for each level."""
    stale = FEED.__class__(**{**{n: getattr(FEED, n) for n in FEED.__slots__}, "fault": "no heartbeat"})
    write_snapshot(tmp_path, _now(feed=stale, saves=ToldSaves(count=7, p50_ms=4.2, p99_ms=9.8, fault="")))
    with held_lock(tmp_path):
        code, out, _ = run(BOT, columns=120)
        _, narrow, _ = run(BOT, columns=40)
    assert code == 0
    for words in (
        "realised +50.00, IRFC open -50.00, SBIN open 0.00, charges -12.50",
        "held: Trade +100 IRFC",
        "SBIN 120.50",
        "Trade: 3 of 3 orders seen; 60 books read, 1 refused",
        "half within 4 ms",
        "feed: connected, 1 connection, 0 rebuilt; no heartbeat",
        "118.50 works",
    ):
        assert words in out
    assert max(map(len, narrow.splitlines())) <= 40
    assert LEVEL.name in narrow


def test_paper_bots_are_marked(tmp_path: Path, run: Any) -> None:
    """`make run` in one terminal, `tg1 status` in another, in the same folder."""
    (tmp_path / "paper").mkdir()
    write_snapshot(tmp_path / "paper", _now(is_paper=True))
    with held_lock(tmp_path / "paper"):
        code, out, _ = run()
    assert code == 0
    assert f"{BOT} (paper)" in out


def test_an_empty_folder_is_said_and_a_missing_one_refused(tmp_path: Path, run: Any) -> None:
    """A misspelt folder must never look like one without bots."""
    assert run()[:2] == (0, f"No bot has run in {tmp_path} yet.\n")
    code = status.main(["--state-dir", str(tmp_path / "nowhere")])
    assert code == 2


def test_refusals_are_one_sentence(run: Any) -> None:
    """An unknown flag, an unknown bot."""
    code, out, err = run("nobody")
    assert (code, out) == (2, "")
    assert err.startswith("tg1 status: no bot of the name 'nobody'")
    code, _, err = run("--nonsense")
    assert (code, err) == (2, "tg1 status: unrecognized arguments: --nonsense; see tg1 status --help.\n")


def test_a_damaged_snapshot_is_said_beside_the_others(tmp_path: Path, run: Any) -> None:
    """One bad file hides nobody."""
    write_snapshot(tmp_path, _now())
    (tmp_path / "broken_status.json").write_text("{")
    with held_lock(tmp_path):
        code, out, _ = run()
    assert code == 1
    assert "! broken: its snapshot can't be read: it is no whole JSON (1 bytes)" in " ".join(out.split())
    assert BOT in out


def test_watch_draws_again_until_ctrl_c_and_ends_with_the_last_look(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 0 or 1 as the last look was: Ctrl-C is how one leaves."""
    write_snapshot(tmp_path, _now())
    waits = iter(range(3))

    def wait(_: SystemClock, __: float) -> None:
        number = next(waits)
        if number == 1:
            write_snapshot(tmp_path, _now(attention=(ENTRY,)))
        if number == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "wait_until", wait)
    with held_lock(tmp_path):
        code, out, _ = run("--watch", "--json")
    looks = [json.loads(line)["bots"][0]["attention"] for line in out.splitlines()]
    assert looks == [[], [], [ENTRY.text]]
    assert code == 1


def test_a_reader_that_has_had_enough_is_no_failure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`tg1 status | head`."""
    write_snapshot(tmp_path, _now())

    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

        def fileno(self) -> int:
            return spare

    spare = os.open(os.devnull, os.O_WRONLY)
    with held_lock(tmp_path), redirect_stdout(Closed()):
        assert status.main(["--state-dir", str(tmp_path)]) == 0
    os.close(spare)
    assert capfd.readouterr().err == ""


def test_a_bot_that_was_stopped_says_what_it_left(tmp_path: Path, run: Any) -> None:
    """Its entries fill on without target and hedge: exit 1 until somebody minds them or removes them."""
    stopped = Status(kind=StatusKind.STOPPED, reason="by signal")
    ended = {"phase": Phase.ENDED, "status": stopped, "end": ToldEnd(exit_code=0, why="Stopped: by signal")}
    write_snapshot(tmp_path, _now(**ended))
    level = with_order(a_level(), an_order())
    _write_state(tmp_path, stopped, levels={level.uuid: level}, trading_day=SystemClock().now().date())
    left = (
        "1 order of it may still work at the broker, and nobody minds it: start it again, or remove it with tg1 run "
        "--cancel-all and the flags of its start (tg1 orders has the list)"
    )
    for words in ((), (BOT,)):
        code, out, _ = run(*words)
        assert (code, left in " ".join(out.split())) == (1, True)
    _write_state(tmp_path, stopped)
    assert run()[0] == 0


def test_an_ended_bot_with_something_left_needs_a_person(tmp_path: Path, run: Any) -> None:
    """The session ended with exit 1: the snapshot's last words say so."""
    left = Status(kind=StatusKind.STOPPED, reason="session end")
    end = ToldEnd(exit_code=1, why="Stopped: session end; what is left on the exchange is in its log")
    write_snapshot(tmp_path, _now(phase=Phase.ENDED, status=left, end=end))
    _write_state(tmp_path, left)
    code, out, _ = run()
    assert code == 1
    assert "what is left on the exchange is in its log" in " ".join(out.split())


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"is_blank": True, "good_age_secs": 42.0}, "held: nothing, as Trade was last seen at "),
        ({"fault": "no connection", "good_age_secs": 42.0}, "held: nothing, as Trade was last seen at "),
        ({"fault": "no connection", "good_age_secs": 1.0}, "held: nothing\n"),
        ({"is_blank": True, "orders_expected": 0, "good_age_secs": None}, "held: nothing\n"),
        ({"is_blank": True, "good_age_secs": None}, "held: nothing, as Trade was last seen\n"),
    ],
)
def test_what_is_held_is_as_of_the_last_time_that_the_account_was_seen(
    tmp_path: Path, run: Any, account: dict[str, Any], said: str
) -> None:
    """Behaviour 4.4: a blank book and one that is not read tell nothing; beside "0 of 3 orders seen" nobody knows."""
    write_snapshot(tmp_path, _now(positions=(), accounts=(replace(ACCOUNT, **account),)))
    with held_lock(tmp_path):
        _, out, _ = run(BOT)
    assert said in out
