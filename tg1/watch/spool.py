"""The one file that a watch writes: small, private, replaced as a whole, held by one watch at a time.

A disk without room for it costs no alert as long as the process lives; it is said, and tried again.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING

from tg1.errors import AlreadyRunning, ConfigError
from tg1.machine.files import OsFileSystem, read_given
from tg1.machine.shared_files import OsSharedFile
from tg1.watch.spool_codec import Kept, decode, encode

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
LARGEST_BYTES = 32 * 1024 * 1024


class Spool:
    """What survives the process."""

    def __init__(self, path: Path, disk: OsFileSystem | None = None, *, within: Path | None = None) -> None:
        """`within` is a folder that is not ours to make: until it is there, nothing is kept."""
        self.path = path
        self._within = within
        self._disk = disk or OsFileSystem()
        self._lock = OsSharedFile(path.with_name(f"{path.name}.lock"))
        self._is_failing = False

    @property
    def has_place(self) -> bool:
        """True when the file may be written."""
        return self._within is None or self._within.is_dir()

    def hold(self) -> bool:
        """Be the only watch with this file; False while there is no room for it, which is said once.

        Raises `AlreadyRunning`, or `ConfigError` for a place that can't be used.
        """
        try:
            taken = self._lock.try_lock()
        except OSError as exc:
            if exc.errno in _NO_ROOM:
                self._complain(exc)
                return False
            raise ConfigError(f"the spool {self.path} can't be used: {exc.strerror or exc}") from exc
        if not taken:
            raise AlreadyRunning(
                f"another watch keeps its alerts in {self.path}; give this one a file of its own: --spool"
            )
        return True

    def load(self) -> Kept:
        """What the last watch left. A damaged file is put aside and said: what it owed is lost then."""
        try:
            return decode(read_given(self.path, LARGEST_BYTES).data)
        except FileNotFoundError:
            return Kept()
        except OSError as exc:
            raise ConfigError(f"the spool {self.path} can't be read: {exc.strerror or exc}") from exc
        except ValueError as exc:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            self._put_aside(aside)
            log.warning(
                "The spool %s is damaged (%s) and was put aside as %s; this watch begins anew", self.path, exc, aside
            )
            return Kept()

    def _put_aside(self, aside: Path) -> None:
        try:
            self._disk.replace(self.path, aside)
        except OSError as exc:
            raise ConfigError(f"the damaged spool {self.path} can't be put aside: {exc.strerror or exc}") from exc

    def save(self, kept: Kept) -> bool:
        """Bring it to disk; False when that did not work, which is said once per outage."""
        draft = self.path.with_name(f"{self.path.name}.tmp")
        try:
            self._disk.make_dir(self.path.parent)
            self._disk.write_synced(draft, encode(kept))
            self._disk.replace(draft, self.path)
        except OSError as exc:
            self._complain(exc)
            return False
        if self._is_failing:
            self._is_failing = False
            log.info("Alerts are kept in %s again", self.path)
        return True

    def _complain(self, exc: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            why = exc.strerror or type(exc).__name__
            log.warning(
                "Alerts can't be kept in %s (%s): what is not sent before this watch ends is lost", self.path, why
            )

    def release(self) -> None:
        """Let another watch have it."""
        self._lock.close()
