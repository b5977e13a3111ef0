"""Files that processes share: one holder at a time, freed by any death, and nobody else's business."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from tg1.machine.shared_files import OsSharedFolder

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path


def test_one_handle_holds_the_lock(tmp_path: Path) -> None:
    """Every handle is somebody of its own, within one process, too."""
    first, second = OsSharedFolder(tmp_path).file("a"), OsSharedFolder(tmp_path).file("a")
    assert first.try_lock()
    assert first.try_lock(), "its holder has it"
    assert not second.try_lock()
    first.unlock()
    assert second.try_lock()


def test_locks_of_two_names_are_two(tmp_path: Path) -> None:
    """Keys do not wait for each other."""
    folder = OsSharedFolder(tmp_path)
    assert folder.file("a").try_lock()
    assert folder.file("b").try_lock()


def _hold(folder: Path, say: Connection) -> None:
    file = OsSharedFolder(folder).file("a")
    assert file.try_lock()
    file.write(b"mine")
    say.send("held")
    signal.pause()


def test_killed_process_gives_its_lock_back(tmp_path: Path) -> None:
    """`kill -9`: the kernel frees the lock, what was written stays (behaviour 11.3)."""
    context = multiprocessing.get_context("spawn")
    hear, say = context.Pipe()
    holder = context.Process(target=_hold, args=(tmp_path, say))
    holder.start()
    assert hear.poll(60)
    file = OsSharedFolder(tmp_path).file("a")
    assert not file.try_lock()
    assert file.read(9) == b"mine"
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(60)
    assert file.try_lock()


def test_write_goes_over_what_stood_there(tmp_path: Path) -> None:
    """The rest of the file stays, and a read ends where the file does."""
    file = OsSharedFolder(tmp_path).file("a")
    assert file.read(5) == b""
    file.write(b"0123456789")
    file.write(b"xy", offset=3)
    assert file.read(100) == b"012xy56789"
    assert file.read(3, offset=8) == b"89"


def test_lock_is_taken_on_the_file_that_bears_the_name_now(tmp_path: Path) -> None:
    """An operator removed the files of a running bot: it goes over to the new one, as the others do."""
    old, new = OsSharedFolder(tmp_path).file("a"), OsSharedFolder(tmp_path).file("a")
    assert old.try_lock()
    old.unlock()
    (tmp_path / "a").unlink()
    assert new.try_lock()
    new.write(b"new")
    assert not old.try_lock()
    assert old.read(3) == b"new"


def test_files_are_private(tmp_path: Path) -> None:
    """0600 in a folder of 0700: they hold an account's orders (behaviour 11.3)."""
    folder = tmp_path / "sessions"
    OsSharedFolder(folder).file("a").write(b"x")
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    """Nobody makes a bot overwrite another file."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "a").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        OsSharedFolder(tmp_path).file("a").write(b"x")
    assert victim.read_bytes() == b"precious"


def test_all_folders_of_a_machine_name_the_same_boot(tmp_path: Path) -> None:
    """Monotonic instants compare between its processes, and only until the next boot."""
    assert OsSharedFolder(tmp_path).boot_id == OsSharedFolder(tmp_path / "other").boot_id != ""
