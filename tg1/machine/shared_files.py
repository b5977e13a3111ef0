"""Small files that the processes of one machine write for each other, as the `SharedFolder` port has them.

A file is overwritten in place and locked by `flock`, which the kernel takes back from a process however it ends.
Nothing is synced: after a power cut nobody wants what stood there. Only processes of one user share a file (mode 0600,
in a folder of mode 0700); another user's bots get an `OSError`.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from tg1.machine.files import FILE_MODE, OsFileSystem
from tg1.machine.process import boot_id

if TYPE_CHECKING:
    from pathlib import Path

_TRIES = 3


class OsSharedFile:
    """One shared file; opened when it is first needed and kept open. All methods raise `OSError`."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._path = str(path)
        self._descriptor: int | None = None

    def try_lock(self) -> bool:
        """Take the lock if nobody has it, on the file that bears the name now."""
        for _ in range(_TRIES):
            descriptor = self._opened()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            if self._is_still(descriptor):
                return True
            # Somebody removed it; what others write from now on stands in another file.
            self.close()
        return False

    def unlock(self) -> None:
        """Give the lock back; harmless without it."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def read(self, size: int, offset: int = 0) -> bytes:
        """Up to so many bytes from there on; fewer at the end of the file."""
        return os.pread(self._opened(), size, offset)

    def write(self, data: bytes, offset: int = 0) -> None:
        """Overwrite what stands there; the rest of the file stays."""
        descriptor, rest = self._opened(), memoryview(data)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            offset, rest = offset + written, rest[written:]

    def close(self) -> None:
        """Close it, which gives the lock back, too."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            OsFileSystem().make_dir(self._folder)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        return self._descriptor

    def _is_still(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(descriptor))  # noqa: PTH116 - asked in every cycle, and cheap so
        except FileNotFoundError:
            return False


class OsSharedFolder:
    """The shared files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.boot_id = boot_id()

    def file(self, name: str) -> OsSharedFile:
        """A handle of its own on the file of that name, made when it is first used."""
        return OsSharedFile(self._folder / name)
