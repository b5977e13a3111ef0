"""A disk in memory that forgets what was not synced: the `FileSystem` of crash tests and simulations.

It keeps what the running system sees apart from what is on the platter, for the contents of files and for the entries
of folders. `fsync` brings a file's content to the platter, `sync_dir` a folder's entries. `crash` (the power goes)
leaves the platter plus any part of the rest: un-synced bytes may be kept, lost, torn or NULs, each un-synced link,
rename and unlink may have happened or not. `kill` (only the process dies) loses nothing. Both end this handle;
`restart` gives a new one on the same platter.

    disk = SimDisk()
    disk.before_op = lambda op, path: ...   # raise Died to die there, OSError to let the step fail
    try: ...
    except Died: disk.crash(rng)
    disk = disk.restart()
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, SupportsBytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

STEPS = ("read", "open", "write", "write_rest", "fsync", "rename", "link", "unlink", "sync_dir", "make_dir")
"""What `before_op` is told. A write has two halves, so that dying at `write_rest` leaves the first one."""


class Died(BaseException):
    """The process died at this step. No `Exception`, so that no boundary of the bot can catch it."""


@dataclass(slots=True, eq=False)
class _Inode:
    content: bytearray = field(default_factory=bytearray)
    synced: int = 0
    """So many bytes of `content` are on the platter …"""
    before: bytes | None = None
    """… unless the file was truncated since: then this is."""

    def truncate(self) -> None:
        if self.before is None:
            self.before = bytes(self.content[: self.synced])
        self.content = bytearray()
        self.synced = 0

    def sync(self) -> None:
        self.synced, self.before = len(self.content), None

    def crash(self, rng: Random) -> None:
        if self.before is not None and rng.random() < 0.5:
            self.content = bytearray(self.before)
        else:
            self.content[self.synced :] = _torn(self.content[self.synced :], rng)
        self.sync()


@dataclass(frozen=True, slots=True)
class _Change:
    """One step on folder entries; it happens whole or not at all."""

    removed: Path | None = None
    added: Path | None = None
    inode: _Inode | None = None

    def touches(self, folder: Path) -> bool:
        return any(path is not None and path.parent == folder for path in (self.removed, self.added))

    def apply(self, names: dict[Path, _Inode]) -> None:
        if self.removed is not None:
            names.pop(self.removed, None)
        if self.added is not None and self.inode is not None:
            names[self.added] = self.inode


@dataclass(slots=True)
class _Platter:
    seen: dict[Path, _Inode] = field(default_factory=dict)
    durable: dict[Path, _Inode] = field(default_factory=dict)
    pending: list[_Change] = field(default_factory=list)
    folders: set[Path] = field(default_factory=lambda: {Path(), Path("/")})

    def change(self, change: _Change) -> None:
        change.apply(self.seen)
        self.pending.append(change)

    def sync(self, folder: Path) -> None:
        for change in self.pending:
            if change.touches(folder):
                change.apply(self.durable)
        self.pending = [change for change in self.pending if not change.touches(folder)]

    def crash(self, rng: Random) -> None:
        # Half of the disks keep the order of what they keep, as journals do; the others keep any subset.
        ordered = rng.random() < 0.5
        kept = rng.randint(0, len(self.pending))
        for index, change in enumerate(self.pending):
            if index < kept if ordered else rng.random() < 0.5:
                change.apply(self.durable)
        self.pending = []
        for inode in dict.fromkeys(self.durable.values()):
            inode.crash(rng)
        self.seen = dict(self.durable)


class SimDisk:
    """One process's handle on a simulated disk; fulfils `tg1.ports.FileSystem`."""

    def __init__(self) -> None:
        self._platter = _Platter()
        self.dead = False
        """True once the process died: every operation raises `Died` from then on, in a `finally`, too."""
        self.before_op: Callable[[str, Path], None] = lambda _op, _path: None
        """Called before every primitive step with one of `STEPS` and the path (a rename's is its target)."""

    def crash(self, rng: Random) -> None:
        """The power goes: drop, tear or keep what was not synced, as `rng` has it. This handle is dead."""
        self.dead = True
        self._platter.crash(rng)

    def kill(self) -> None:
        """Only the process dies, as by `kill -9`; nothing is lost. This handle is dead."""
        self.dead = True

    def restart(self) -> SimDisk:
        """A living handle on the same disk, without a hook; this one is dead."""
        self.dead = True
        return self.another()

    def another(self) -> SimDisk:
        """The handle of another process on the same disk."""
        other = SimDisk()
        other._platter = self._platter
        return other

    def put(self, path: Path, data: bytes) -> None:
        """Place a file on the platter by force, folder and all, past hook and death: for arranging and damaging."""
        self._platter.folders.update((path.parent, *path.parent.parents))
        inode = _Inode(bytearray(data))
        inode.sync()
        self._platter.change(_Change(added=path, inode=inode))
        self._platter.sync(path.parent)

    def files(self) -> dict[Path, bytes]:
        """What a running system sees, all of it."""
        return {path: bytes(inode.content) for path, inode in sorted(self._platter.seen.items())}

    def _step(self, op: str, path: Path) -> None:
        if self.dead:
            raise Died
        try:
            self.before_op(op, path)
        except Died:
            self.dead = True
            raise

    def _inode(self, path: Path) -> _Inode:
        if path in self._platter.folders:
            raise _error(errno.EISDIR, path)
        try:
            return self._platter.seen[path]
        except KeyError:
            raise _error(errno.ENOENT, path) from None

    def _require_folder(self, path: Path) -> None:
        if path not in self._platter.folders:
            raise _error(errno.ENOENT, path)

    def read(self, path: Path) -> bytes:
        """The whole file; `FileNotFoundError` when there is none."""
        self._step("read", path)
        return bytes(self._inode(path).content)

    def exists(self, path: Path) -> bool:
        """True when there is such a file."""
        if self.dead:
            raise Died
        return path in self._platter.seen or path in self._platter.folders

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Create or truncate, write in two halves, fsync."""
        data = bytes(data)
        inode = self._open(path)
        inode.truncate()
        self._write(inode, path, data)

    def append_synced(self, path: Path, data: bytes) -> None:
        """Create if missing, append in two halves, fsync."""
        self._write(self._open(path), path, data)

    def _open(self, path: Path) -> _Inode:
        self._step("open", path)
        self._require_folder(path.parent)
        if path not in self._platter.seen and path not in self._platter.folders:
            self._platter.change(_Change(added=path, inode=_Inode()))
        return self._inode(path)

    def _write(self, inode: _Inode, path: Path, data: bytes) -> None:
        self._step("write", path)
        inode.content += data[: len(data) // 2]
        self._step("write_rest", path)
        inode.content += data[len(data) // 2 :]
        self._step("fsync", path)
        inode.sync()

    def replace(self, source: Path, target: Path) -> None:
        """Atomic rename over `target`; does nothing when both are names of one file (rename(2))."""
        self._step("rename", target)
        inode = self._inode(source)
        self._require_folder(target.parent)
        if self._platter.seen.get(target) is not inode:
            self._platter.change(_Change(removed=source, added=target, inode=inode))

    def link(self, source: Path, target: Path) -> None:
        """A second name; `FileExistsError` when `target` is there."""
        self._step("link", target)
        inode = self._inode(source)
        self._require_folder(target.parent)
        if target in self._platter.seen:
            raise _error(errno.EEXIST, target)
        self._platter.change(_Change(added=target, inode=inode))

    def unlink(self, path: Path) -> None:
        """Remove a name; harmless when there is none."""
        self._step("unlink", path)
        if path in self._platter.seen:
            self._platter.change(_Change(removed=path))

    def sync_dir(self, path: Path) -> None:
        """Bring the folder's entries to the platter."""
        self._step("sync_dir", path)
        self._require_folder(path)
        self._platter.sync(path)

    def make_dir(self, path: Path) -> None:
        """Create the folder and its parents, on the platter at once."""
        self._step("make_dir", path)
        if path in self._platter.seen:
            raise _error(errno.EEXIST, path)
        self._platter.folders.update((path, *path.parents))

    def names(self, path: Path) -> list[str]:
        """Names of the files in a folder, sorted; empty when there is no folder."""
        if self.dead:
            raise Died
        return sorted(found.name for found in self._platter.seen if found.parent == path)


def _torn(lost: bytes | bytearray, rng: Random) -> bytes:
    """What a power cut makes of bytes that were on their way."""
    cut = rng.randint(0, len(lost))
    whole, nothing, torn = bytes(lost), b"", bytes(lost[:cut])
    return rng.choice((whole, nothing, torn, torn + bytes(len(lost) - cut), bytes(len(lost))))


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
