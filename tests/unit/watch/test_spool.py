"""What the watch keeps over a restart."""

from __future__ import annotations

import errno
import logging
import stat
from typing import TYPE_CHECKING, SupportsBytes

import pytest

from tests.support.alerts import NOON, alert
from tg1.errors import AlreadyRunning, ConfigError
from tg1.machine.files import OsFileSystem
from tg1.watch.alerts import Kind, Noise
from tg1.watch.memory import BotMemory, Memory, Trouble
from tg1.watch.outbox import Outbox
from tg1.watch.spool import Spool
from tg1.watch.spool_codec import Kept, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

TROUBLE = Trouble(kind=Kind.FEED_STALE, occurrence="r1 SBIN", what="SBIN", since=NOON)
KEPT = Kept(
    memory=Memory(
        bots={
            "IRFC Grid": BotMemory(
                run="r1",
                troubles={"feed-stale SBIN": TROUBLE},
                attention=("k 2026",),
                ended="r0",
                event="r1:7",
            )
        },
        blind={"no folder": Trouble(kind=Kind.WATCH, occurrence="", what="", since=NOON)},
        looked_at=NOON,
    ),
    outboxes={
        "abc": Outbox(
            waiting=(alert(1, cleared=True), alert(2, noise=Noise.QUIET)),
            done=("x",),
            dropped=3,
            left_at={Kind.HUNG: NOON},
        )
    },
)


class FullDisk(OsFileSystem):
    """One on which nothing can be written while it is full."""

    is_full = True

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        super().write_synced(path, data)


def test_everything_comes_back(tmp_path: Path) -> None:
    """Memory and outboxes, equal in every part; the file is private."""
    spool = Spool(tmp_path / "watch" / "spool.json")
    assert spool.save(KEPT)
    assert spool.load() == KEPT
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600


def test_nothing_kept_is_a_beginning(tmp_path: Path) -> None:
    """The first watch of a folder."""
    assert Spool(tmp_path / "spool.json").load() == Kept()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x00\x00",
        b"[]",
        b"{}",
        b'{"tg1_watch": 9}',
        encode(KEPT)[:-30],
        encode(KEPT).replace(b'"hung"', b'"sung"'),
        encode(KEPT).replace(b"+05:30", b""),
        b"[" * 100_000,
    ],
    ids=["empty", "zeros", "list", "bare", "newer", "cut", "word", "naive", "deep"],
)
def test_a_damaged_file_is_put_aside_and_said(damage: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It stops no watch: nobody would be told then."""
    spool = Spool(tmp_path / "spool.json")
    spool.path.write_bytes(damage)
    assert spool.load() == Kept()
    assert "is damaged" in caplog.text
    assert (tmp_path / "spool.json.damaged").read_bytes() == damage


def test_a_full_disk_is_said_once_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The alerts go out all the same."""
    caplog.set_level(logging.INFO)
    disk = FullDisk()
    spool = Spool(tmp_path / "spool.json", disk)
    assert [spool.save(KEPT), spool.save(KEPT)] == [False, False]
    disk.is_full = False
    assert spool.save(KEPT)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "No space left on device" in caplog.records[0].message


def test_two_watches_never_share_a_spool(tmp_path: Path) -> None:
    """Each would tell everything once more."""
    one, two = Spool(tmp_path / "spool.json"), Spool(tmp_path / "spool.json")
    one.hold()
    with pytest.raises(AlreadyRunning, match="another watch keeps its alerts in"):
        two.hold()
    one.release()
    two.hold()
    two.release()


def test_a_place_that_can_not_be_used_is_refused(tmp_path: Path) -> None:
    """In a sentence, before anything is watched."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="can't be used"):
        Spool(tmp_path / "file" / "spool.json").hold()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match="can't be read"):
        Spool(tmp_path / "folder").load()


def test_a_file_that_names_the_mark_is_ours() -> None:
    """Nothing else is taken for it."""
    assert decode(encode(Kept())) == Kept()
