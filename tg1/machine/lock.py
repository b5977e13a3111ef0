"""One process per bot (behaviour 9.6): a lock that the kernel gives back however its holder ends.

The lock is `flock` on `{bot}.lock`; the text inside only tells people who holds it. The file is never removed: a
process that had opened the old one would otherwise hold a lock that nobody else can see.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from tg1.errors import AlreadyRunning, ConfigError
from tg1.machine.files import FILE_MODE, OsFileSystem, file_stem, write_all
from tg1.machine.process import birth_of

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.machine.clock import Clock

POLL_SECS = 0.2
"""How often `wait` asks again: quick against the seconds that a bot needs to cancel its orders."""

_TRIES = 5
"""`holder` of another process takes the lock for microseconds; an acquire that meets it must not take it for a bot."""

_MAX_HOLDER_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock; what could not be read is None or empty."""

    pid: int | None = None
    """None when the file names no live process: its holder has only just taken the lock, or died a moment ago."""
    since: datetime | None = None
    host: str = ""

    @property
    def is_here(self) -> bool:
        """True when `pid` is a process of this machine, so that it can be sent a signal."""
        return self.pid is not None and self.host == socket.gethostname()

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid is not None else "a process that has not given its number yet"
        where = f" on {self.host}" if self.host and not self.is_here else ""
        return f"{who}{where}, since {self.since:%Y-%m-%d %H:%M:%S}" if self.since else f"{who}{where}"


class BotLock:
    """The right to trade under one bot's name. Released by `release`, by leaving `with`, and by any death."""

    def __init__(self, folder: Path, bot_name: str, *, text_required: bool = True) -> None:
        """`text_required` off: a disk that is too full for the holder's name is no obstacle (the emergency stop)."""
        self._bot_name = bot_name
        self._text_required = text_required
        self.path = folder / f"{file_stem(bot_name)}.lock"
        self._descriptor: int | None = None

    def acquire(self, now: datetime) -> None:
        """Take the lock at once or raise `AlreadyRunning`, naming the holder.

        `now` is written into the file. `ConfigError` when the state folder does not let itself be used.
        """
        if self._descriptor is not None:
            return
        try:
            self._descriptor = self._take()
            if self._descriptor is not None:
                self._name_holder(self._descriptor, now)
        except OSError as exc:
            self.release()
            raise ConfigError(f"the lock {self.path} can't be used: {exc.strerror or exc}") from exc
        if self._descriptor is None:
            holder = _read_holder(self.path)
            raise AlreadyRunning(f'the bot "{self._bot_name}" is already running: {holder} (lock {self.path})')

    def _name_holder(self, descriptor: int, now: datetime) -> None:
        try:
            _write_holder(descriptor, now)
        except OSError:
            # A bot without a name in its lock could not be told to stop, so it does not start.
            if self._text_required:
                raise

    def _take(self) -> int | None:
        OsFileSystem().make_dir(self.path.parent)
        for _ in range(_TRIES):
            descriptor = _open(self.path)
            taken = False
            try:
                taken = _try_flock(descriptor, fcntl.LOCK_EX) and _is_still(self.path, descriptor)
            finally:
                if not taken:
                    os.close(descriptor)
            if taken:
                return descriptor
            os.sched_yield()
        return None

    @property
    def is_held(self) -> bool:
        """True while this very object holds the lock."""
        return self._descriptor is not None

    def wait(self, clock: Clock, deadline: float) -> None:
        """Acquire, asking again until `clock.monotonic()` reaches `deadline` or a stop is asked for.

        Raises `AlreadyRunning` when the holder is still there then.
        """
        while True:
            try:
                return self.acquire(clock.now())
            except AlreadyRunning:
                if clock.monotonic() >= deadline or clock.stop_requested:
                    raise
            clock.wait_until(min(deadline, clock.monotonic() + POLL_SECS))

    def holder(self) -> Holder | None:
        """Who holds the lock, this process included; None when nobody does, whatever an old file says."""
        return holder_of(self.path) if self._descriptor is None else _read_holder(self.path)

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            # The text is only for people: that it stays behind is no failure, the kernel's lock is what counts.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock at `path`; None when nobody does. Raises `OSError` when that can't be asked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _try_flock(descriptor, fcntl.LOCK_SH):
            return None
    finally:
        os.close(descriptor)
    return _read_holder(path)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """False when somebody removed or replaced the file between our open and our lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write_holder(descriptor: int, now: datetime) -> None:
    """Overwrite, then cut: a reader at any moment sees the old text or the new one's beginning, never a wrong pid."""
    pid = os.getpid()
    text = json.dumps(
        {"pid": pid, "since": now.isoformat(), "host": socket.gethostname(), "birth": birth_of(pid)}
    ).encode()
    os.lseek(descriptor, 0, os.SEEK_SET)
    write_all(descriptor, text)
    os.ftruncate(descriptor, len(text))


def _read_holder(path: Path) -> Holder:
    """What the file says of its holder; an unreadable or outdated text says nothing, and that is no failure."""
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_MAX_HOLDER_BYTES))
        holder = Holder(pid=int(said["pid"]), since=datetime.fromisoformat(said["since"]), host=str(said["host"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Holder()
    if holder.pid is not None and holder.is_here and birth_of(holder.pid) != said.get("birth"):
        return Holder()
    return holder
