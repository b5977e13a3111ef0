"""The machine's files, as the `FileSystem` port has them, and the file names that bots get.

Every file is private (0600), every folder of ours is, too (0700): they hold positions and session tokens (behaviour
9.1, 11.1). Nothing is caught here but "this kind of folder can't be synced"; whoever calls knows what a failure means.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, SupportsBytes

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
OTHERS = 0o077

_CANNOT_SYNC_FOLDERS = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What file systems without a folder sync answer; EIO and ENOSPC are real failures (failures.md, standards)."""

MAX_STEM_BYTES = 120
"""A file name may have 255 bytes; the longest ending that we add, with a time stamp and a reason, has about 90."""

_NOT_IN_A_NAME = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
"""Fixed ranges, not Unicode categories: a newer Python must not find another file name for the same bot."""
_LOOKS_HASHED = re.compile(r"-[0-9a-f]{10}$")


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def file_stem(bot_name: str) -> str:
    """The part of a file name that stands for a bot: its name, when a file name can carry it (behaviour 9.1).

    Otherwise the offending characters become `_` and a hash of the whole name follows; names that look as if they had
    such a hash get one as well, so that two bots never share a file.
    """
    cleaned = _NOT_IN_A_NAME.sub("_", bot_name).lstrip(" .").rstrip(" .")
    cleaned = cleaned.encode()[:MAX_STEM_BYTES].decode(errors="ignore")
    if cleaned == bot_name and bot_name and not _LOOKS_HASHED.search(bot_name):
        return bot_name
    return f"{cleaned or '_'}-{hashlib.sha256(bot_name.encode(errors='surrogatepass')).hexdigest()[:10]}"


class OsFileSystem:
    """The real disk. Every method raises `OSError` and leaves no descriptor behind."""

    def read(self, path: Path) -> bytes:
        """The whole file; `FileNotFoundError` when there is none."""
        return path.read_bytes()

    def exists(self, path: Path) -> bool:
        """True when there is such a name, a dangling link included."""
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Create or truncate with mode 0600, write all, fsync, close."""
        self._write(path, bytes(data), os.O_TRUNC)

    def append_synced(self, path: Path, data: bytes) -> None:
        """Append (creating with mode 0600), fsync, close; a failure may leave a part of `data` behind."""
        self._write(path, data, os.O_APPEND)

    def _write(self, path: Path, data: bytes, how: int) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, FILE_MODE)
        try:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & OTHERS:
                os.fchmod(descriptor, FILE_MODE)
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Atomic rename over `target`."""
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        """A second name for the same content; `FileExistsError` when `target` is there."""
        os.link(source, target)

    def unlink(self, path: Path) -> None:
        """Remove a name; harmless when there is none."""
        path.unlink(missing_ok=True)

    def sync_dir(self, path: Path) -> None:
        """Bring renames and links in a folder to disk, where the file system knows how to."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as exc:
            if exc.errno not in _CANNOT_SYNC_FOLDERS:
                raise
        finally:
            os.close(descriptor)

    def make_dir(self, path: Path) -> None:
        """Create the folder and its parents with mode 0700; a folder of ours that others may enter is tightened.

        Folders of other users and shared ones (sticky, as /tmp) are left as they are.
        """
        if not path.is_dir():
            self._create(path)
        found = path.stat()
        if found.st_uid == os.geteuid() and found.st_mode & OTHERS and not found.st_mode & stat.S_ISVTX:
            path.chmod(FOLDER_MODE)

    def _create(self, path: Path) -> None:
        if not path.parent.is_dir():
            self._create(path.parent)
        try:
            path.mkdir(mode=FOLDER_MODE)
        except FileExistsError:
            if not path.is_dir():
                raise
        self.sync_dir(path.parent)

    def names(self, path: Path) -> list[str]:
        """Names in a folder, sorted; empty when there is no folder."""
        try:
            return sorted(os.listdir(path))  # noqa: PTH208  names, not paths, are the port's answer
        except FileNotFoundError:
            return []


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """What a file that a user named held, and who may read it."""

    data: bytes = field(repr=False)
    mode: int
    """Permission bits, e.g. 0o600."""

    @property
    def is_private(self) -> bool:
        """False when other users of the machine can read it."""
        return not self.mode & (stat.S_IRGRP | stat.S_IROTH)


def read_given(path: Path, most_bytes: int) -> GivenFile:
    """Read a file that a user named whole; raises `OSError` as `open_given`, and for one that grew meanwhile."""
    with open_given(path, most_bytes) as file:
        data = file.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise _too_large(path, most_bytes)
        return GivenFile(data=data, mode=stat.S_IMODE(os.fstat(file.fileno()).st_mode))


def open_given(path: Path, most_bytes: int) -> BinaryIO:
    """Open a file that a user named for reading; it is a regular one of at most `most_bytes` (behaviour 19).

    Raises `OSError` with what is wrong as its `strerror`. Never waits: opening a pipe would, until somebody writes.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        _judge(path, os.fstat(descriptor), most_bytes)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _judge(path: Path, found: os.stat_result, most_bytes: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        what = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {what}, where a regular file is needed", str(path))
    if found.st_size > most_bytes:
        raise _too_large(path, most_bytes)


def _too_large(path: Path, most_bytes: int) -> OSError:
    return OSError(errno.EFBIG, f"it has more than {most_bytes:,} bytes", str(path))


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte: a short write goes on where it stopped (EINTR is repeated by Python itself, PEP 475)."""
    rest = memoryview(data)
    while rest:
        written = os.write(descriptor, rest)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]
