"""Brings what a bot tells to its files, from a thread of its own: no disk, full, slow or gone, ever touches trading.

Of snapshots only the latest counts, so one that the disk was too slow for is left out. Events are kept for a disk that
takes nothing, up to a bound; what is lost beyond it is counted and said.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from tg1.errors import SnapshotDamaged
from tg1.machine.files import FILE_MODE, OsFileSystem, read_given, write_all
from tg1.screen.money import counted
from tg1.screen.writer import Writer
from tg1.told.codec import SnapshotEncoder, decode_snapshot, encode_event
from tg1.told.waiting import Errand, SaidOnce, Waiting

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.told.events import Event
    from tg1.told.paths import ToldPaths
    from tg1.told.snapshot import Snapshot

log = logging.getLogger(__name__)

MOST_EVENTS_WAITING = 5000
MOST_SNAPSHOT_BYTES = 64 * 1024 * 1024
MOST_BYTES = 4 * 1024 * 1024
"""Of one event file: some days of a lively bot. One old file is kept beside it."""


class Files(Protocol):
    """What is done to files here; `LightFiles` is the real one. All methods raise `OSError`."""

    def put(self, path: Path, data: bytes) -> None:
        """Replace a file whole, without bringing it to the platter."""

    def append(self, path: Path, data: bytes) -> int:
        """Append; returns how long the file is now."""

    def move(self, source: Path, target: Path) -> None:
        """Rename over `target`."""


class LightFiles:
    """Private files that are not synced: after a power cut nobody wants what stood there."""

    def put(self, path: Path, data: bytes) -> None:
        """Replace a file whole."""
        under_way = f"{path}.tmp"
        _write(under_way, os.O_TRUNC, data)
        os.replace(under_way, path)  # noqa: PTH105 - done in every cycle, and cheap so

    def append(self, path: Path, data: bytes) -> int:
        """Append; returns how long the file is now."""
        return _write(str(path), os.O_APPEND, data)

    def move(self, source: Path, target: Path) -> None:
        """Rename over `target`."""
        source.replace(target)


def _write(path: str, how: int, data: bytes) -> int:
    """Write all or nothing; returns how long the file is now."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | how, FILE_MODE)
    before = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, data)
    except OSError:
        # What will be written again must not stand there in part already.
        with suppress(OSError):
            os.ftruncate(descriptor, before)
        raise
    finally:
        os.close(descriptor)
    return before + len(data)


class ToldDisk:
    """The files of one bot. `show` and `tell` return at once, whatever the disk does."""

    def __init__(self, paths: ToldPaths, snapshot_path: Path, files: Files, writer: Writer | None = None) -> None:
        """`snapshot_path` is where the snapshots go: `paths.snapshot`, or what that is a link to."""
        self._paths = paths
        self._snapshot_path = snapshot_path
        self._files = files
        self._faults = SaidOnce()
        self._errand = Errand(writer or Writer("status"), self._work, self._faults)
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._events: Waiting[Event] = Waiting(MOST_EVENTS_WAITING)
        self._encoder = SnapshotEncoder()
        self._torn = False

    def show(self, snapshot: Snapshot) -> None:
        """Let this be the snapshot."""
        with self._lock:
            self._snapshot = snapshot
        self._errand.ask()

    def tell(self, events: list[Event]) -> None:
        """Append these events."""
        self._events.add(events)
        self._errand.ask()

    def flush(self, within_secs: float) -> bool:
        """Wait until what was told is on disk, but no longer than that; False when it did not get there."""
        return self._errand.flush(within_secs)

    def close(self, within_secs: float) -> bool:
        """The same, and nothing is told after it."""
        return self._errand.close(within_secs)

    # The writer's thread.

    def _work(self) -> None:
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
        if snapshot is not None:
            self._faults.tried("snapshot", lambda: self._files.put(self._snapshot_path, self._encoder.encode(snapshot)))
        if events := self._events.take():
            self._bring(events)

    def _bring(self, events: list[Event]) -> None:
        if not self._faults.tried("events", lambda: self._append(events)):
            self._events.give_back(events)
        elif lost := self._events.take_lost():
            log.warning("%s lost while they could not be written", counted(lost, "event", "was", "were"))

    def _append(self, events: list[Event]) -> None:
        # A write that failed half-way left a line without its end.
        data = (b"\n" if self._torn else b"") + b"".join(map(encode_event, events))
        self._torn = True
        size = self._files.append(self._paths.events, data)
        self._torn = False
        if size > MOST_BYTES:
            # By itself: events that are in the file are told, whatever becomes of this.
            self._faults.tried("old events", lambda: self._files.move(self._paths.events, self._paths.old_events))


def last_snapshot(paths: ToldPaths) -> Snapshot | None:
    """What was told last of a bot; None where nothing was, or nobody can read it: that keeps no bot from its work."""
    try:
        return decode_snapshot(read_given(paths.snapshot, MOST_SNAPSHOT_BYTES).data)
    except FileNotFoundError:
        return None
    except (OSError, SnapshotDamaged) as exc:
        log.warning("What was told of the bot before can't be read: %s", exc)
        return None


def told_place(paths: ToldPaths, status_dir: Path | None) -> Path:
    """Where the bot's snapshots are, for an emergency stop that may not have been told of `--status-dir`."""
    if status_dir is None and paths.snapshot.is_symlink():
        target = paths.snapshot.parent / paths.snapshot.readlink()
        return target if target.parent.is_dir() else paths.snapshot
    return snapshot_place(paths, status_dir)


def snapshot_place(paths: ToldPaths, status_dir: Path | None) -> Path:
    """Where the snapshots go, with a link in the state folder that leads readers there; the folder is made.

    A folder that can't be had is said, and the state folder takes its place: that is no reason not to trade.
    """
    if status_dir is None:
        return paths.snapshot
    # Two state folders may hold bots of one name.
    mark = hashlib.sha256(str(paths.folder.absolute()).encode()).hexdigest()[:8]
    target = status_dir.absolute() / f"{paths.stem}-{mark}{paths.snapshot.name.removeprefix(paths.stem)}"
    link = paths.snapshot.with_name(f"{paths.snapshot.name}.link")
    try:
        OsFileSystem().make_dir(status_dir)
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        link.replace(paths.snapshot)
    except OSError as exc:
        log.warning("--status-dir %s can't be used (%s); %s is used instead", status_dir, exc.strerror, paths.folder)
        return paths.snapshot
    return target
