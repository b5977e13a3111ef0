"""The simulated disk itself: what it keeps, loses and refuses."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random

import pytest

from tests.support.simdisk import STEPS, Died, SimDisk

FOLDER = Path("/state")
FILE = FOLDER / "a"
OTHER = FOLDER / "b"
SEEDS = range(60)


def a_disk() -> SimDisk:
    """An empty disk with one folder."""
    disk = SimDisk()
    disk.make_dir(FOLDER)
    return disk


def die_at(disk: SimDisk, step: str) -> None:
    """Let the process die at its next step of that kind."""

    def hook(op: str, _path: Path) -> None:
        if op == step:
            raise Died

    disk.before_op = hook


def outcomes(arrange: object, *, path: Path = FILE) -> set[bytes | None]:
    """What a file may hold after a power cut, over many seeds."""
    found: set[bytes | None] = set()
    for seed in SEEDS:
        disk = a_disk()
        arrange(disk)  # type: ignore[operator]
        disk.crash(Random(seed))
        found.add(disk.restart().files().get(path))
    return found


def test_disk_gives_back_what_was_written_and_appended_and_lists_it() -> None:
    """The plain operations do what a disk does."""
    disk = a_disk()
    disk.write_synced(FILE, b"one")
    disk.append_synced(FILE, b" two")
    disk.write_synced(OTHER, b"longer")
    disk.write_synced(OTHER, b"x")
    assert disk.read(FILE) == b"one two"
    assert disk.read(OTHER) == b"x"
    assert disk.names(FOLDER) == ["a", "b"]
    assert disk.exists(FILE)
    assert not disk.exists(FOLDER / "c")
    assert disk.names(Path("/elsewhere")) == []


def test_disk_refuses_what_a_real_one_refuses() -> None:
    """Missing files, missing folders, taken link names and folders read as files raise the same errors as the OS."""
    disk = a_disk()
    disk.write_synced(FILE, b"x")
    with pytest.raises(FileNotFoundError):
        disk.read(OTHER)
    with pytest.raises(FileNotFoundError):
        disk.write_synced(Path("/nowhere/a"), b"x")
    with pytest.raises(FileNotFoundError):
        disk.replace(OTHER, FILE)
    with pytest.raises(FileExistsError):
        disk.link(FILE, FILE)
    with pytest.raises(IsADirectoryError):
        disk.read(FOLDER)
    with pytest.raises(FileNotFoundError):
        disk.sync_dir(Path("/nowhere"))
    disk.unlink(OTHER)


def test_a_link_keeps_the_content_when_the_first_name_is_replaced() -> None:
    """Two names share one content; a rename over one leaves the other alone."""
    disk = a_disk()
    disk.write_synced(FILE, b"old")
    disk.link(FILE, OTHER)
    disk.write_synced(FOLDER / "new", b"new")
    disk.replace(FOLDER / "new", FILE)
    assert disk.files() == {FILE: b"new", OTHER: b"old"}


def test_renaming_one_name_of_a_file_over_another_leaves_both() -> None:
    """POSIX rename(2) does nothing when both names belong to one file."""
    disk = a_disk()
    disk.write_synced(FILE, b"x")
    disk.link(FILE, OTHER)
    disk.replace(FILE, OTHER)
    assert disk.names(FOLDER) == ["a", "b"]


def test_a_crash_keeps_what_file_and_folder_syncs_brought_to_the_platter() -> None:
    """Synced content under a synced name survives every power cut."""

    def arrange(disk: SimDisk) -> None:
        disk.write_synced(FILE, b"whole")
        disk.sync_dir(FOLDER)

    assert outcomes(arrange) == {b"whole"}


def test_a_crash_may_lose_a_name_whose_folder_was_not_synced() -> None:
    """A synced file without a synced folder is there or not, never torn."""
    assert outcomes(lambda disk: disk.write_synced(FILE, b"whole")) == {b"whole", None}


def test_a_crash_tears_what_was_not_synced_and_may_keep_the_old() -> None:
    """A truncation on its way leaves the old content, or any part of the new, NULs included."""

    def arrange(disk: SimDisk) -> None:
        disk.write_synced(FILE, b"old")
        disk.sync_dir(FOLDER)
        die_at(disk, "fsync")
        with pytest.raises(Died):
            disk.write_synced(FILE, b"newer")

    found = outcomes(arrange)
    assert {b"old", b"newer", b"", bytes(5)} <= found
    assert any(content and content not in (b"old", b"newer", bytes(5)) for content in found)


def test_a_crash_never_touches_the_synced_part_of_an_appended_file() -> None:
    """Only the last, un-synced append may be torn."""

    def arrange(disk: SimDisk) -> None:
        disk.write_synced(FILE, b"line\n")
        disk.sync_dir(FOLDER)
        die_at(disk, "fsync")
        with pytest.raises(Died):
            disk.append_synced(FILE, b"next\n")

    found = outcomes(arrange)
    assert all(content is not None and content.startswith(b"line\n") for content in found)
    assert {b"line\n", b"line\nnext\n"} <= found


def test_a_crash_does_or_undoes_an_unsynced_rename_whole() -> None:
    """After a power cut the target is the old file or the new one; the new one is never lost under both names."""

    def arrange(disk: SimDisk) -> None:
        disk.write_synced(FILE, b"old")
        disk.write_synced(OTHER, b"new")
        disk.sync_dir(FOLDER)
        disk.replace(OTHER, FILE)

    assert outcomes(arrange) == {b"old", b"new"}
    assert outcomes(arrange, path=OTHER) == {None, b"new"}


def test_a_crash_may_bring_an_unlinked_file_back() -> None:
    """An unlink that was not synced may not have happened."""

    def arrange(disk: SimDisk) -> None:
        disk.put(FILE, b"x")
        disk.unlink(FILE)

    assert outcomes(arrange) == {b"x", None}


def test_a_crash_with_the_same_seed_leaves_the_same_disk() -> None:
    """A failing seed can be replayed."""

    def arrange(disk: SimDisk) -> None:
        disk.write_synced(FILE, b"x" * 50)
        disk.link(FILE, OTHER)

    images = []
    for _ in range(2):
        disk = a_disk()
        arrange(disk)
        disk.crash(Random(5))
        images.append(disk.files())
    assert images[0] == images[1]


def test_a_killed_process_loses_nothing_that_it_wrote() -> None:
    """Only the process is gone after kill -9, so even un-synced bytes are there."""
    disk = a_disk()
    die_at(disk, "fsync")
    with pytest.raises(Died):
        disk.write_synced(FILE, b"whole")
    disk.kill()
    assert disk.restart().read(FILE) == b"whole"


def test_a_dead_handle_refuses_everything_even_in_a_finally() -> None:
    """Code that tidies up after its own death must not reach the disk."""
    disk = a_disk()
    die_at(disk, "write_rest")
    with pytest.raises(Died):
        disk.write_synced(FILE, b"12345678")
    disk.before_op = lambda _op, _path: None
    for operation in (
        lambda: disk.write_synced(OTHER, b"x"),
        lambda: disk.read(FILE),
        lambda: disk.unlink(FILE),
        lambda: disk.exists(FILE),
        lambda: disk.names(FOLDER),
    ):
        with pytest.raises(Died):
            operation()
    assert disk.restart().read(FILE) == b"1234"


def test_an_injected_error_leaves_the_half_that_was_written() -> None:
    """ENOSPC in the middle of a write leaves its beginning, and the disk lives on."""
    disk = a_disk()

    def hook(op: str, path: Path) -> None:
        if op == "write_rest":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

    disk.before_op = hook
    with pytest.raises(OSError, match="No space"):
        disk.append_synced(FILE, b"1234")
    assert disk.read(FILE) == b"12"


def test_the_hook_sees_every_step_of_every_operation() -> None:
    """Whoever wants to fail step k can count them."""
    disk = SimDisk()
    seen: list[str] = []
    disk.before_op = lambda op, _path: seen.append(op)
    disk.make_dir(FOLDER)
    disk.write_synced(FILE, b"x")
    disk.append_synced(FILE, b"x")
    disk.link(FILE, OTHER)
    disk.replace(FILE, FOLDER / "c")
    disk.unlink(OTHER)
    disk.sync_dir(FOLDER)
    disk.read(FOLDER / "c")
    write = ["open", "write", "write_rest", "fsync"]
    assert seen == ["make_dir", *write, *write, "link", "rename", "unlink", "sync_dir", "read"]
    assert set(seen) == set(STEPS)
