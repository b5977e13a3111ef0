"""The files by which a bot tells: never waited for, the latest snapshot wins, no event is lost in silence."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.states import BOT
from tests.support.told import a_snapshot, an_event
from tg1.machine.files import write_all
from tg1.told.codec import decode_event, decode_snapshot, encode_snapshot
from tg1.told.disk import LightFiles, ToldDisk, last_snapshot, snapshot_place, told_place
from tg1.told.event_tail import EventTail
from tg1.told.folder import StateFolder
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path


class SlowFiles(LightFiles):
    """A disk that hangs until it is let go; `puts` counts what it was asked for."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.hangs = threading.Event()
        self.puts = 0

    def put(self, path: Path, data: bytes) -> None:
        self.puts += 1
        self.hangs.set()
        assert self.let_go.wait(30)
        super().put(path, data)


class SmallDisk:
    """Takes the half of what is written while it is full, as disks do."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_full = True
        patch.setattr("tg1.told.disk.write_all", self.write)

    def write(self, descriptor: int, data: bytes) -> None:
        write_all(descriptor, data[: len(data) // 2] if self.is_full else data)
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_hanging_disk_holds_nobody_and_gets_only_the_latest_snapshot(tmp_path: Path) -> None:
    """A hundred cycles pass while the first write hangs; then one more write is enough."""
    files, paths = SlowFiles(), ToldPaths(tmp_path, BOT)
    disk = ToldDisk(paths, paths.snapshot, files)
    disk.show(a_snapshot(cycle=0))
    assert files.hangs.wait(30)
    for cycle in range(1, 101):
        disk.show(a_snapshot(cycle=cycle))
        disk.tell([an_event(cycle)])
    assert not disk.flush(0.01)
    files.let_go.set()
    assert disk.close(30)
    told = decode_snapshot(paths.snapshot.read_bytes())
    assert told is not None
    assert (told.cycle, files.puts) == (100, 2)
    assert [event.seq for event in EventTail(paths).new()] == list(range(1, 101))


@pytest.mark.parametrize("torn", [0, 1])
def test_what_a_full_disk_took_the_half_of_is_told_whole_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: int
) -> None:
    """The half is taken back; where even that fails, it spoils no other line."""
    small, paths = SmallDisk(monkeypatch), ToldPaths(tmp_path, BOT)
    if torn:

        def fail(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr("tg1.told.disk.os.ftruncate", fail)
    disk = ToldDisk(paths, paths.snapshot, LightFiles())
    disk.tell([an_event(1)])
    assert not disk.flush(30)
    small.is_full = False
    disk.tell([an_event(2)])
    assert disk.close(30)
    tail = EventTail(paths)
    assert [event.seq for event in tail.new()] == [1, 2]
    assert tail.damaged == torn


def test_events_that_no_disk_takes_are_bounded_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are kept; how many are missing is said once they can be written."""
    monkeypatch.setattr("tg1.told.disk.MOST_EVENTS_WAITING", 10)
    small, paths = SmallDisk(monkeypatch), ToldPaths(tmp_path, BOT)
    disk = ToldDisk(paths, paths.snapshot, LightFiles())
    for seq in range(1, 31):
        disk.tell([an_event(seq)])
        disk.flush(30)
    small.is_full = False
    disk.tell([])
    assert disk.close(30)
    assert [event.seq for event in EventTail(paths).new()] == list(range(21, 31))
    assert "20 events were lost while they could not be written" in caplog.text


def test_an_event_is_told_once_where_the_file_cannot_be_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the file stays told, whatever the rename says; that the file grows is said once."""
    monkeypatch.setattr("tg1.told.disk.MOST_BYTES", 1)
    paths = ToldPaths(tmp_path, BOT)
    paths.old_events.mkdir()
    disk = ToldDisk(paths, paths.snapshot, LightFiles())
    for seq in (1, 2, 3):
        disk.tell([an_event(seq)])
        disk.flush(30)
    assert [decode_event(line).seq for line in paths.events.read_bytes().splitlines()] == [1, 2, 3]
    assert caplog.text.count("can't be written") == 1
    paths.old_events.rmdir()
    disk.tell([an_event(4)])
    assert disk.close(30)
    assert len(paths.old_events.read_bytes().splitlines()) == 4


def test_files_are_private(tmp_path: Path) -> None:
    """They hold positions."""
    paths = ToldPaths(tmp_path, BOT)
    disk = ToldDisk(paths, paths.snapshot, LightFiles())
    disk.show(a_snapshot())
    disk.tell([an_event()])
    assert disk.close(30)
    assert {path.stat().st_mode & 0o777 for path in (paths.snapshot, paths.events)} == {0o600}


def test_status_dir_is_found_by_a_link_in_the_state_folder(tmp_path: Path) -> None:
    """`tg1 status --state-dir state` needs no other flag; two state folders share one status folder."""
    memory = tmp_path / "memory"
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        paths = ToldPaths(folder, BOT)
        disk = ToldDisk(paths, snapshot_place(paths, memory), LightFiles())
        disk.show(a_snapshot(token_a=folder.name.upper()))
        assert disk.close(30)
    for folder in (tmp_path / "one", tmp_path / "two"):
        (found,) = StateFolder(folder).look()
        assert found.snapshot is not None
        assert found.snapshot.token_a == folder.name.upper()
    assert len(list(memory.iterdir())) == 2
    paths = ToldPaths(tmp_path / "one", BOT)
    disk = ToldDisk(paths, snapshot_place(paths, None), LightFiles())
    disk.show(a_snapshot())
    assert disk.close(30)
    assert not paths.snapshot.is_symlink()


def test_a_stop_writes_where_the_bot_does(tmp_path: Path) -> None:
    """Also without the bot's `--status-dir`; once that folder is gone, the state folder takes its place."""
    paths, memory = ToldPaths(tmp_path, BOT), tmp_path / "memory"
    assert told_place(paths, None) == paths.snapshot
    target = snapshot_place(paths, memory)
    assert told_place(paths, None) == target
    assert told_place(paths, memory) == target
    memory.rmdir()
    assert told_place(paths, None) == paths.snapshot


def test_what_was_told_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A snapshot that can't be read is said and keeps no bot from its start; a stranger's file is none."""
    paths = ToldPaths(tmp_path, BOT)
    assert last_snapshot(paths) is None
    paths.snapshot.write_bytes(encode_snapshot(a_snapshot()))
    assert last_snapshot(paths) == a_snapshot()
    paths.snapshot.write_text("{}")
    assert last_snapshot(paths) is None
    assert caplog.text == ""
    paths.snapshot.write_text("{")
    assert last_snapshot(paths) is None
    assert "What was told of the bot before can't be read" in caplog.text


def test_a_status_dir_that_cannot_be_had_is_said_and_the_state_folder_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A misspelt folder for snapshots is no reason not to trade."""
    (tmp_path / "file").touch()
    paths = ToldPaths(tmp_path, BOT)
    assert snapshot_place(paths, tmp_path / "file" / "below") == paths.snapshot
    assert "--status-dir" in caplog.text
