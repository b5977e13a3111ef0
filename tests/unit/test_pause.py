"""`tg1 pause` and `tg1 resume`: the wish is written, the bot's answer awaited, and silence is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fakes import HandClock
from tests.support.states import BOT, NOW, a_state
from tests.support.told import ORDER, a_snapshot, held_lock, write_snapshot
from tg1 import pause, resume
from tg1.models import Role, Side, Wish
from tg1.store.codec import encode
from tg1.told.paths import ToldPaths
from tg1.told.request import RequestFile
from tg1.told.snapshot import Phase
from tg1.told.wishing import main_of

if TYPE_CHECKING:
    from pathlib import Path

BOTH = frozenset(Side)


class Desk:
    """The commands on a folder, with a clock by hand and a bot that answers when it is told to."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.clock = HandClock(NOW)
        self.paths = ToldPaths(folder, BOT)
        self._capsys = capsys

    @property
    def wish(self) -> Wish | None:
        return RequestFile(self.paths.request).latest()

    def answers(self) -> None:
        """The bot's next cycle takes the wish over."""
        wish = self.wish
        if wish is not None:
            entry = replace(ORDER, role=Role.ENTRY, side=Side.BUY)
            told = a_snapshot(pause_seen=wish.id, paused=tuple(sorted(wish.paused)), orders=(ORDER, entry))
            write_snapshot(self.folder, told)

    def __call__(self, word: str, *words: str) -> tuple[int, str, str]:
        code = main_of(word, [BOT, *words, "--state-dir", str(self.folder)], self.clock)
        out, err = self._capsys.readouterr()
        return code, out, err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A folder with one bot in it, whose process is this one while its lock is held."""
    write_snapshot(tmp_path, a_snapshot())
    state = a_state()
    state.levels.clear()
    ToldPaths(tmp_path, BOT).state.write_bytes(encode(state, NOW))
    return Desk(tmp_path, capsys)


def test_a_running_bot_is_asked_and_its_answer_told(desk: Desk) -> None:
    """With what becomes of the entries that rest."""
    desk.clock.on_wait = desk.answers
    with held_lock(desk.folder):
        code, out, err = desk("pause")
        assert (code, err) == (0, "")
        assert out == (
            f"{BOT}: no new entries; open levels keep their targets and hedges; 1 resting entry is being cancelled\n"
        )
        assert desk("resume")[:2] == (0, f"{BOT}: entries of both sides may be placed\n")


def test_wishes_add_up(desk: Desk) -> None:
    """Pausing buys and then sells pauses both; resuming sells leaves the buys paused."""
    desk.clock.on_wait = desk.answers
    with held_lock(desk.folder):
        for word, flag, paused in (
            ("pause", "--buy", {Side.BUY}),
            ("pause", "--sell", BOTH),
            ("resume", "--sell", {Side.BUY}),
            ("resume", "--buy", set()),
        ):
            assert desk(word, flag)[0] == 0
            wish = desk.wish
            assert wish is not None
            assert wish.paused == paused


def test_a_pause_that_only_the_state_knows_is_not_forgotten(desk: Desk) -> None:
    """Somebody removed the request's file: resuming the sells must not resume the buys."""
    state = a_state(paused_sides=[Side.BUY, Side.SELL])
    state.levels.clear()
    desk.paths.state.write_bytes(encode(state, NOW))
    desk("resume", "--sell")
    wish = desk.wish
    assert wish is not None
    assert wish.paused == {Side.BUY}


def test_a_bot_that_is_not_running_gets_it_at_its_next_start(desk: Desk) -> None:
    """Kept, and said so."""
    code, out, _ = desk("pause", "--sell")
    assert code == 0
    assert out.startswith(f"{BOT} is not running; kept for its next start: no new SELL entries")
    assert desk.wish is not None


def test_a_bot_that_does_not_answer_is_said_with_exit_1(desk: Desk) -> None:
    """Nobody believes in a pause that is none."""
    with held_lock(desk.folder):
        code, out, err = desk("pause")
    assert (code, out) == (1, "")
    assert "has not answered within 8 s" in err or "hangs and does not answer" in err
    assert "tg1 status" in err


def test_an_earlier_version_that_runs_is_said(desk: Desk) -> None:
    """It knows no pause."""
    desk.paths.snapshot.unlink()
    with held_lock(desk.folder):
        code, _, err = desk("pause")
    assert code == 1
    assert "an earlier TG1 runs that knows no pause" in err


def test_a_bot_that_waits_for_the_open_follows_from_its_first_cycle(desk: Desk) -> None:
    """Before 09:15 there is no cycle that could answer."""
    write_snapshot(desk.folder, a_snapshot(phase=Phase.WAITING))
    with held_lock(desk.folder):
        code, out, _ = desk("pause", "--buy")
    assert code == 0
    assert "it has no cycle yet (waiting); from its first one on: no new BUY entries" in out


def test_bad_words_are_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Both sides at once, no name, a name that nobody has; and nothing is written."""
    assert desk("pause", "--buy", "--sell")[0] == 2
    assert pause.main([]) == 2
    assert "tg1 pause: the following arguments are required: NAME" in capsys.readouterr().err
    assert resume.main(["nobody", "--state-dir", str(desk.folder)]) == 2
    assert "no bot of the name 'nobody'" in capsys.readouterr().err
    assert desk.wish is None


def test_a_folder_without_permission_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own word."""

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tg1.machine.files.OsFileSystem.write_synced", refuse)
    code, _, err = desk("pause")
    assert code == 2
    assert "can't be written to" in err
    assert "Permission denied" in err
