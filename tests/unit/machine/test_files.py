"""The real disk's adapter, on a temporary folder, and the file names that bots get."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.machine.files import MAX_STEM_BYTES, OsFileSystem, file_stem, open_given, read_given

FS = OsFileSystem()


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_written_file_is_private_and_holds_everything(tmp_path: Path) -> None:
    """Behaviour 9.1: mode 0600."""
    path = tmp_path / "a"
    FS.write_synced(path, b"one")
    FS.append_synced(path, b" two")
    assert (FS.read(path), mode_of(path)) == (b"one two", 0o600)
    FS.write_synced(path, b"3")
    assert FS.read(path) == b"3"


def test_an_existing_file_is_tightened_before_it_is_written(tmp_path: Path) -> None:
    """A file that others could read becomes private."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o644)
    FS.append_synced(path, b"!")
    assert mode_of(path) == 0o600


def test_folders_are_created_private_with_their_parents(tmp_path: Path) -> None:
    """Every folder that we make is 0700, whatever the umask."""
    path = tmp_path / "a" / "b"
    FS.make_dir(path)
    FS.make_dir(path)
    assert (mode_of(path), mode_of(path.parent)) == (0o700, 0o700)


def test_a_folder_of_ours_is_tightened_but_a_shared_one_is_not(tmp_path: Path) -> None:
    """A wide folder becomes 0700, unless it is sticky as /tmp, which belongs to everyone."""
    wide, shared = tmp_path / "wide", tmp_path / "shared"
    for path, mode in ((wide, 0o755), (shared, 0o1777)):
        path.mkdir()
        path.chmod(mode)
        FS.make_dir(path)
    assert (mode_of(wide), mode_of(shared)) == (0o700, 0o1777)


def test_make_dir_refuses_a_file_in_its_place(tmp_path: Path) -> None:
    """A file where the folder should be is an error, not a folder."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(OSError, match="a"):
        FS.make_dir(tmp_path / "a")


def test_short_writes_go_on_where_they_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that took only three bytes is not a whole write."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data[:3])))
    FS.write_synced(tmp_path / "a", b"0123456789")
    assert FS.read(tmp_path / "a") == b"0123456789"


def test_a_write_that_takes_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero bytes written for ever must not be waited for."""
    monkeypatch.setattr(os, "write", lambda _descriptor, _data: 0)
    with pytest.raises(OSError, match="Input/output"):
        FS.write_synced(tmp_path / "a", b"x")


def test_failing_file_syncs_are_errors_and_leak_no_descriptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even "not supported" counts for a file: a save that was not synced is no save."""
    closed: list[int] = []
    close = os.close

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    def count(descriptor: int) -> None:
        closed.append(descriptor)
        close(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(os, "close", count)
    with pytest.raises(OSError, match="Invalid"):
        FS.write_synced(tmp_path / "a", b"x")
    assert len(closed) == 1


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP], ids=["EINVAL", "ENOTSUP"])
def test_a_folder_that_cannot_be_synced_is_tolerated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Some file systems know no folder sync; that alone stops no save."""

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    FS.sync_dir(tmp_path)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
def test_a_folder_sync_that_really_fails_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A lost rename must not pass for a save (failures.md 62)."""

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=os.strerror(number)):
        FS.sync_dir(tmp_path)


def test_names_links_and_unlinks_follow_the_port(tmp_path: Path) -> None:
    """The rest of the port: link refuses a taken name, unlink forgives, exists sees dangling links."""
    path, other = tmp_path / "a", tmp_path / "b"
    FS.write_synced(path, b"x")
    FS.link(path, other)
    with pytest.raises(FileExistsError):
        FS.link(path, other)
    FS.replace(path, tmp_path / "c")
    FS.unlink(path)
    (tmp_path / "d").symlink_to(tmp_path / "nothing")
    assert FS.names(tmp_path) == ["b", "c", "d"]
    assert FS.names(tmp_path / "nothing") == []
    assert [FS.exists(tmp_path / name) for name in ("b", "d", "a", "b/x")] == [True, True, False, False]
    with pytest.raises(FileNotFoundError):
        FS.read(path)


@pytest.mark.parametrize("name", ["IRFC-SBIN Grid", "grid_1", "ग्रिड", "a.b", "-x"])
def test_a_name_that_a_file_can_carry_stays_as_it_is(name: str) -> None:
    """Architecture 17: the file of "IRFC-SBIN Grid" is "IRFC-SBIN Grid_state.json"."""
    assert file_stem(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../../etc/passwd", "/abs", "a/b", "a\0b", "a\nb", "trail ", ".hidden", "x" * 300, "ग" * 100],
)
def test_a_name_that_a_file_cannot_carry_is_replaced_within_the_folder(name: str) -> None:
    """Nothing leaves the state folder, and the hash tells such names apart."""
    stem = file_stem(name)
    assert stem != name
    assert "/" not in stem
    assert "\0" not in stem
    assert not stem.startswith(".")


@given(st.text(st.characters()))
def test_every_name_gives_a_short_file_name(name: str) -> None:
    """With the longest ending the name still fits into 255 bytes."""
    assert 0 < len(file_stem(name).encode()) <= MAX_STEM_BYTES + 11


@given(st.lists(st.text(st.sampled_from("ab/:_ .\n"), max_size=4) | st.text(), unique=True))
def test_two_bots_never_share_a_file(names: list[str]) -> None:
    """Different names give different files, though characters were replaced."""
    assert len({file_stem(name) for name in names}) == len(names)


def test_a_name_that_imitates_another_ones_hash_gets_its_own() -> None:
    """The name that "a/b" was given is no way into its file."""
    assert file_stem(file_stem("a/b")) != file_stem("a/b")


def test_file_that_a_user_names_is_read_with_its_rights(tmp_path: Path) -> None:
    """Whoever asks for a key can warn of one that others may read."""
    path = tmp_path / "key"
    path.write_bytes(b"made-up")
    path.chmod(0o644)
    read = read_given(path, 7)
    assert (read.data, read.mode, read.is_private) == (b"made-up", 0o644, False)
    path.chmod(0o600)
    assert read_given(path, 7).is_private


def test_file_that_a_user_names_is_regular(tmp_path: Path) -> None:
    """Behaviour 19: a pipe nobody writes to would hang the process, a device never end."""
    os.mkfifo(tmp_path / "fifo")
    for path, what in ((tmp_path / "fifo", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(OSError, match=f"it is {what}"):
            read_given(path, 100)


def test_file_that_a_user_names_is_bounded(tmp_path: Path) -> None:
    """Behaviour 19: a gigabyte is refused, and not read."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(10**9)
    with pytest.raises(OSError, match="more than 1,000,000 bytes"):
        open_given(path, 10**6)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a file whose size the system does not tell")
def test_file_that_hides_its_size_is_bounded_all_the_same() -> None:
    """Behaviour 19: what counts is what is read."""
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_given(Path("/proc/self/status"), 10)
