"""A shared file of an app key as the limiters use it: one that is out of order is said once and done without."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tg1.ports import SharedFile, SharedFolder

log = logging.getLogger(__name__)


class SharedRecord:
    """A file beside the session file that all bots of the key read and write; no method raises.

    Where it can't be used, because the disk is full or another user's bot made it, this bot keeps the limits for itself
    alone, and the key's limit is what the server says.
    """

    def __init__(self, folder: SharedFolder, name: str) -> None:
        self._file: SharedFile = folder.file(name)
        self._name = name
        self._fault = ""

    def lock(self) -> bool | None:
        """True when the lock was taken, False when another has it, None when the file can't be used."""
        try:
            taken = self._file.try_lock()
        except OSError as exc:
            self._note(exc)
            return None
        if taken and self._fault:
            self._fault = ""
            log.info("The limits in %s are shared with the other bots of the key again", self._name)
        return taken

    def unlock(self) -> None:
        """Give the lock back; harmless without it."""
        try:
            self._file.unlock()
        except OSError as exc:
            self._note(exc)

    def read(self, size: int, offset: int = 0) -> bytes:
        """What stands there; empty when that can't be read."""
        try:
            return self._file.read(size, offset)
        except OSError as exc:
            self._note(exc)
            return b""

    def write(self, data: bytes, offset: int = 0) -> None:
        """Overwrite what stands there, if that is possible."""
        try:
            self._file.write(data, offset)
        except OSError as exc:
            self._note(exc)

    def _note(self, exc: OSError) -> None:
        fault = exc.strerror or str(exc)
        if fault != self._fault:
            log.warning("%s can't be used, this bot keeps the key's limits for itself alone: %s", self._name, fault)
        self._fault = fault
