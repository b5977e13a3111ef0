"""Reading a state folder: every bot of it, whatever else lies there, and nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.states import BOT, NOW, a_state
from tests.support.told import a_snapshot, held_lock, write_snapshot
from tg1.errors import ConfigError
from tg1.store.codec import encode
from tg1.told.folder import StateFolder
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.told.found import Found


def _write_state(folder: Path, name: str = BOT) -> None:
    state = a_state()
    state.bot_name = name
    state.levels.clear()
    ToldPaths(folder, name).state.write_bytes(encode(state, NOW))


def _only(folder: Path) -> Found:
    (found,) = StateFolder(folder).look()
    return found


def test_a_running_bot_is_found_with_its_process(tmp_path: Path) -> None:
    """Lock and snapshot name the same process; the state file is not even opened."""
    write_snapshot(tmp_path, a_snapshot())
    _write_state(tmp_path)
    with held_lock(tmp_path):
        found = _only(tmp_path)
    assert (found.name, found.pid, found.is_by_holder) == (BOT, os.getpid(), True)
    assert found.saved is None
    assert StateFolder(tmp_path).saved(found) is not None


def test_a_lock_that_nobody_holds_is_no_life(tmp_path: Path) -> None:
    """The kernel has given it back, whatever the file says; the state tells the rest."""
    write_snapshot(tmp_path, a_snapshot())
    _write_state(tmp_path)
    with held_lock(tmp_path):
        pass
    found = _only(tmp_path)
    assert not found.is_alive
    assert found.saved is not None


def test_a_bot_of_an_earlier_version_is_shown_from_its_state(tmp_path: Path) -> None:
    """It writes no snapshot."""
    _write_state(tmp_path)
    found = _only(tmp_path)
    assert (found.name, found.snapshot, found.status) == (BOT, None, a_state().bot_status)


def test_paper_bots_below_are_found_too(tmp_path: Path) -> None:
    """`tg1 run --paper` keeps its state in the folder `paper` of the state folder."""
    (tmp_path / "paper").mkdir()
    write_snapshot(tmp_path / "paper", a_snapshot(is_paper=True))
    assert _only(tmp_path).is_paper


def test_foreign_files_and_old_locks_are_no_bots(tmp_path: Path) -> None:
    """Dumps, sessions, notes and other programs' JSON stay out of the table."""
    for name, text in {
        "instruments_NSE_2026-02-16.csv": "a,b",
        "package_state.json": '{"version": 3}',
        "machine_status.json": '{"load": 1}',
        "old bot.lock": "",
        "notes.txt": "hello",
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "sessions").mkdir()
    (tmp_path / "archive").mkdir()
    assert StateFolder(tmp_path).look() == ()


@pytest.mark.parametrize("name", ["x_status.json", "x_state.json"])
@pytest.mark.parametrize("text", ["", "{", "\0\0"])
def test_damage_is_one_bots_and_said(tmp_path: Path, name: str, text: str) -> None:
    """The others are read all the same."""
    (tmp_path / name).write_text(text)
    write_snapshot(tmp_path, a_snapshot())
    found = {found.stem: found for found in StateFolder(tmp_path).look()}
    assert len(found["x"].faults) == 1
    assert "can't be read: it" in found["x"].faults[0]
    assert not found[BOT].faults


def test_a_file_without_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own word for it stands in the sentence."""
    path = write_snapshot(tmp_path, a_snapshot())

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("tg1.told.folder.read_given", refuse)
    assert _only(tmp_path).faults == ("its snapshot can't be read: Permission denied",)


def test_a_pipe_under_the_name_of_a_snapshot_is_said(tmp_path: Path) -> None:
    """Nobody waits for a writer (behaviour 19)."""
    os.mkfifo(ToldPaths(tmp_path, "x").snapshot)
    assert _only(tmp_path).faults == ("its snapshot can't be read: it is a pipe, where a regular file is needed",)


def test_no_folder_is_said_with_the_flag(tmp_path: Path) -> None:
    """A misspelt `--state-dir` must not look like "no bots, all is well"."""
    with pytest.raises(ConfigError, match=r"there is no state folder .*--state-dir"):
        StateFolder(tmp_path / "nowhere").look()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be read: Not a directory"):
        StateFolder(tmp_path / "file").look()


def test_one_bot_by_name(tmp_path: Path) -> None:
    """A wrong name is answered with the right ones."""
    write_snapshot(tmp_path, a_snapshot())
    assert StateFolder(tmp_path).one(BOT).name == BOT
    with pytest.raises(ConfigError, match=f"no bot of the name 'IRFC' .*known here: {BOT}"):
        StateFolder(tmp_path).one("IRFC")


def test_a_link_to_a_snapshot_on_another_disk_is_followed(tmp_path: Path) -> None:
    """And is no snapshot any more once that disk has forgotten it, as a tmpfs does at a reboot."""
    elsewhere = tmp_path / "tmpfs"
    folder = tmp_path / "state"
    elsewhere.mkdir()
    folder.mkdir()
    target = write_snapshot(elsewhere, a_snapshot())
    link = ToldPaths(folder, BOT).snapshot
    link.symlink_to(target)
    _write_state(folder)
    assert _only(folder).snapshot == a_snapshot()
    target.unlink()
    assert _only(folder).snapshot is None


def test_what_has_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch over fifty bots looks every second; what was replaced is read anew."""
    write_snapshot(tmp_path, a_snapshot())
    folder = StateFolder(tmp_path)
    first = folder.look()
    with monkeypatch.context() as patch:
        patch.setattr("tg1.told.folder.read_given", lambda *_: pytest.fail("read again"))
        assert folder.look() == first
    other = tmp_path / "new"
    other.write_bytes(write_snapshot(tmp_path, a_snapshot(cycle=62)).read_bytes())
    other.replace(ToldPaths(tmp_path, BOT).snapshot)
    assert [found.snapshot.cycle for found in folder.look() if found.snapshot] == [62]


def test_a_bot_that_has_only_its_lock_yet_is_found(tmp_path: Path) -> None:
    """Its first snapshot is under way."""
    with held_lock(tmp_path):
        assert (_only(tmp_path).name, _only(tmp_path).is_alive) == (BOT, True)
