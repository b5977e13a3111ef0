"""Reads a state folder: which bots are there, and what each tells. Changes nothing in it.

A `StateFolder` is kept by whoever looks again and again: a file that has not changed since is not read anew.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from tg1.errors import ConfigError, SnapshotDamaged, StateError
from tg1.machine.files import file_stem, read_given
from tg1.machine.lock import holder_of
from tg1.machine.process import boot_id
from tg1.store.codec import decode, saved_at
from tg1.told.codec import decode_snapshot
from tg1.told.found import Found, Saved
from tg1.told.judge import Instant
from tg1.told.paths import LOCK_END, PAPER, SNAPSHOT_END, STATE_END, ToldPaths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tg1.machine.clock import Clock
    from tg1.machine.lock import Holder
    from tg1.told.snapshot import Snapshot

T = TypeVar("T")

MOST_BYTES = 64 * 1024 * 1024
"""A state of a thousand levels and 500 records has about two megabytes."""

LEAST_ROOM_BYTES = 1024 * 1024
"""More than a snapshot of a thousand levels takes."""
_MARKS = (SNAPSHOT_END, STATE_END, LOCK_END)


class StateFolder:
    """The bots of one state folder and, below it, of its paper exchange."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._snapshots: _Files[Snapshot] = _Files(decode_snapshot)
        self._states: _Files[Saved] = _Files(_decode_state)

    def look(self) -> tuple[Found, ...]:
        """Every bot, by name, the paper ones last. `ConfigError` when there is no such folder or it can't be read."""
        folders = [self.folder, self.folder / PAPER]
        return tuple(
            found for folder in folders for stem in self._stems(folder) if (found := self._found(folder, stem))
        )

    def one(self, name: str) -> Found:
        """The bot of that name; `ConfigError` names those that there are."""
        every = self.look()
        for found in every:
            if name == found.name or (file_stem(name) == found.stem):
                return found
        known = ", ".join(sorted({found.name for found in every})) or "none"
        raise ConfigError(f"no bot of the name {name!r} in {self.folder}; known here: {known}")

    def saved(self, found: Found) -> Saved | None:
        """What the state file of a bot holds, also beside its live process; None without one. Raises `StateError`."""
        path = ToldPaths(found.folder, found.stem).state
        try:
            return self._states.read(path)
        except (StateError, OSError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else exc
            raise StateError(f"the state file {path} can't be read: {why}") from exc

    def _stems(self, folder: Path) -> list[str]:
        try:
            names = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            if folder == self.folder:
                raise ConfigError(
                    f"there is no state folder {folder}: no bot was started here; name another one with --state-dir"
                ) from None
            return []
        except OSError as exc:
            raise ConfigError(f"the state folder {folder} can't be read: {exc.strerror or exc}") from exc
        return sorted({name.removesuffix(mark) for name in names for mark in _MARKS if name.endswith(mark)})

    def _found(self, folder: Path, stem: str) -> Found | None:
        """One bot; None when the files of that name are none of ours, or only an old lock."""
        paths, faults = ToldPaths(folder, stem), _Faults()
        holder = faults.none_if_unreadable("its lock", lambda: holder_of(paths.lock))
        snapshot = faults.none_if_unreadable("its snapshot", lambda: self._snapshots.read(paths.snapshot))
        saved = None
        if not _tells(holder, snapshot):
            saved = faults.none_if_unreadable("its state", lambda: self._states.read(paths.state))
        if holder is None and snapshot is None and saved is None and not faults.said:
            return None
        return Found(
            stem=stem,
            folder=folder,
            holder=holder,
            snapshot=snapshot,
            saved=saved,
            faults=tuple(faults.said),
            has_room=_has_room(paths.snapshot),
        )


def _has_room(snapshot: Path) -> bool:
    """False when the disk of a snapshot has no room for the next one; True where nobody can tell."""
    try:
        return shutil.disk_usage(snapshot).free >= LEAST_ROOM_BYTES
    except OSError:
        return True


def _tells(holder: Holder | None, snapshot: Snapshot | None) -> bool:
    return holder is not None and snapshot is not None and holder.pid == snapshot.process.pid


def instant_of(clock: Clock) -> Instant:
    """The moment at which a folder is looked at."""
    return Instant(now=clock.now(), boot_secs=clock.monotonic(), boot_id=boot_id())


@dataclass
class _Faults:
    said: list[str] = field(default_factory=list)

    def none_if_unreadable(self, what: str, read: Callable[[], T]) -> T | None:
        """What `read` returns; None when it can't, which is noted as a sentence."""
        try:
            return read()
        except OSError as exc:
            self.said.append(f"{what} can't be read: {exc.strerror or exc}")
        except (SnapshotDamaged, StateError) as exc:
            self.said.append(f"{what} can't be read: {exc}")
        return None


class _Files(Generic[T]):
    """Files of one kind, each read again only when it is another one than last time."""

    def __init__(self, decoded: Callable[[bytes], T | None]) -> None:
        self._decoded = decoded
        self._known: dict[Path, tuple[tuple[int, ...], T | None]] = {}

    def read(self, path: Path) -> T | None:
        """The value of a file; None without one, and for a stranger's. Raises what `decoded` raises, and `OSError`."""
        try:
            found = path.stat()
        except FileNotFoundError:
            self._known.pop(path, None)
            return None
        version = (found.st_ino, found.st_size, found.st_mtime_ns)
        if path in self._known and self._known[path][0] == version:
            return self._known[path][1]
        self._known.pop(path, None)
        value = self._decoded(read_given(path, MOST_BYTES).data)
        self._known[path] = (version, value)
        return value


def _decode_state(data: bytes) -> Saved | None:
    try:
        return Saved(state=decode(data), at=saved_at(data))
    except StateError:
        if _is_foreign(data):
            return None
        raise


def _is_foreign(data: bytes) -> bool:
    """True for a whole JSON file that is no state of any TG1."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return not (isinstance(document, dict) and "schema_version" in document)
