"""The operator's wish for a bot's entries: a small file in the state folder, written by a command, read by the bot.

The file holds what he wants from now on, not what is to be changed: so it may be read twice, late, or by the bot's next
process. The bot answers in its state and its snapshot (`pause_seen`).
"""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, SnapshotDamaged
from tg1.models import Side, Wish

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tg1.ports import FileSystem

log = logging.getLogger(__name__)

VERSION = 1
MARK = "tg1_request"
_MOST_BYTES = 4096


def encode_wish(wish: Wish, now: datetime) -> bytes:
    """The bytes of the file."""
    said = {MARK: VERSION, "id": wish.id, "at": now.isoformat(), "paused": sorted(wish.paused)}
    return (json.dumps(said) + "\n").encode()


def decode_wish(data: bytes) -> Wish:
    """The wish in a file; `SnapshotDamaged` says what is wrong with it."""
    try:
        said = json.loads(data)
        if said[MARK] != VERSION or not isinstance(said["id"], str):
            raise SnapshotDamaged("it is no request of this TG1")
        return Wish(id=said["id"], paused=frozenset(Side(word) for word in said["paused"]))
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise SnapshotDamaged(f"it is damaged ({type(exc).__name__})") from exc


def write_wish(fs: FileSystem, path: Path, wish: Wish, now: datetime) -> None:
    """Put a wish where its bot looks: whole or not at all. Raises `ConfigError` when the folder does not take it."""
    under_way = path.with_name(f"{path.name}.tmp")
    try:
        fs.write_synced(under_way, encode_wish(wish, now))
        fs.replace(under_way, path)
        fs.sync_dir(path.parent)
    except OSError as exc:
        raise ConfigError(f"the request can't be written to {path}: {exc.strerror or exc}") from exc


class RequestFile:
    """The file as its bot reads it: in every cycle one look at its name, and more only when it changed."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._version: tuple[int, ...] = ()
        self._wish: Wish | None = None

    def latest(self) -> Wish | None:
        """The last wish that could be read; None without one."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked in every cycle, and cheap so
        except OSError:
            return self._wish
        version = (found.st_ino, found.st_size, found.st_mtime_ns)
        if version != self._version:
            self._version = version
            self._read()
        return self._wish

    def _read(self) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
            try:
                data = os.read(descriptor, _MOST_BYTES)
            finally:
                os.close(descriptor)
            self._wish = decode_wish(data)
        except (OSError, SnapshotDamaged) as exc:
            log.warning("The operator's request in %s is not followed: %s", self._path, exc)
