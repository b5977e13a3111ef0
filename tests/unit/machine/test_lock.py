"""One process per bot, whatever becomes of the first (behaviour 9.6)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tg1.errors import AlreadyRunning, ConfigError
from tg1.machine.lock import BotLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IST = timezone(timedelta(hours=5, minutes=30))
NOW = datetime(2026, 2, 16, 10, 30, tzinfo=IST)

HOLD = """
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tg1.machine.lock import BotLock
BotLock(Path(sys.argv[1]), "A").acquire(datetime(2026, 2, 16, 9, 15, tzinfo=timezone(timedelta(hours=5, minutes=30))))
print("held", flush=True)
sys.stdin.read()
"""


class HandClock:
    """Time that passes only by waiting; `on_wait` is called each time."""

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self.elapsed = 0.0
        self.waits = 0
        self.stop_requested = False
        self._on_wait = on_wait

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def wait_until(self, deadline: float) -> None:
        self.waits += 1
        self.elapsed = deadline
        self._on_wait()

    def sleep_until(self, deadline: float) -> None:
        self.wait_until(deadline)


def holding_process(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock of bot "A"."""
    process = subprocess.Popen(  # noqa: S603  our own interpreter and text
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_process_is_told_who_holds_the_lock_and_since_when(tmp_path: Path) -> None:
    """Behaviour 9.6: a second one says who holds it; exit code 6."""
    with holding_process(tmp_path) as process:
        lock = BotLock(tmp_path, "A")
        with pytest.raises(AlreadyRunning, match=rf'"A".*process {process.pid}, since 2026-02-16 09:15:00') as caught:
            lock.acquire(NOW)
        holder = lock.holder()
        assert holder is not None
        assert (holder.pid, holder.is_here, caught.value.exit_code) == (process.pid, True, 6)
        process.kill()


def test_killed_holder_leaves_the_lock_free_and_its_text_is_no_obstacle(tmp_path: Path) -> None:
    """After kill -9 the kernel frees the lock, though the file still names the dead process."""
    with holding_process(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "pid" in (tmp_path / "A.lock").read_text()
    lock = BotLock(tmp_path, "A")
    assert lock.holder() is None
    lock.acquire(NOW)
    holder = lock.holder()
    assert holder is not None
    assert (holder.pid, holder.since) == (os.getpid(), NOW)
    lock.release()


def test_lock_is_free_again_after_release_and_names_no_one(tmp_path: Path) -> None:
    """Leaving `with` gives the lock back; releasing twice is harmless."""
    with BotLock(tmp_path, "A") as lock:
        lock.acquire(NOW)
        lock.acquire(NOW)
        assert BotLock(tmp_path, "A").holder() is not None
    lock.release()
    assert BotLock(tmp_path, "A").holder() is None
    BotLock(tmp_path, "A").acquire(NOW)


def test_locks_of_different_bots_do_not_meet(tmp_path: Path) -> None:
    """Two bots share a state folder."""
    with BotLock(tmp_path, "A") as first, BotLock(tmp_path, "B") as second:
        first.acquire(NOW)
        second.acquire(NOW)
        assert first.path != second.path


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "since": "?", "host": ""}'])
def test_unreadable_text_in_a_held_lock_is_told_as_unknown(tmp_path: Path, text: str) -> None:
    """Who holds it may be unreadable; that it is held is the kernel's word."""
    with BotLock(tmp_path, "A") as first:
        first.acquire(NOW)
        first.path.write_text(text)
        with pytest.raises(AlreadyRunning, match="has not given its number"):
            BotLock(tmp_path, "A").acquire(NOW)


def test_text_of_a_dead_process_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    """A holder that has not written yet must not get its dead predecessor's pid signalled (pids are used again)."""
    with BotLock(tmp_path, "A") as first:
        first.acquire(NOW)
        text = first.path.read_text()
        first.path.write_text(text.replace('"birth": "', '"birth": "9'))
        holder = BotLock(tmp_path, "A").holder()
        assert holder is not None
        assert holder.pid is None


def test_lock_file_that_was_removed_does_not_give_two_holders_the_same_name(tmp_path: Path) -> None:
    """After a person removed the file, a later holder's lock is on the file that is there."""
    with BotLock(tmp_path, "A") as lock:
        lock.path.write_bytes(b"")
        lock.path.unlink()
        lock.acquire(NOW)
        with pytest.raises(AlreadyRunning):
            BotLock(tmp_path, "A").acquire(NOW)


def test_lock_and_folder_are_private(tmp_path: Path) -> None:
    """0600 in 0700."""
    with BotLock(tmp_path / "state", "A") as lock:
        lock.acquire(NOW)
        assert lock.path.stat().st_mode & 0o777 == 0o600
        assert lock.path.parent.stat().st_mode & 0o777 == 0o700


def test_lock_in_an_impossible_place_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """A state folder that is a file is a wrong setting, exit 2."""
    (tmp_path / "state").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"A\.lock can't be used"):
        BotLock(tmp_path / "state", "A").acquire(NOW)


def test_wait_takes_the_lock_when_its_holder_lets_go(tmp_path: Path) -> None:
    """Behaviour 13: the running bot is told to stop and its lock is awaited."""
    with BotLock(tmp_path, "A") as first, BotLock(tmp_path, "A") as second:
        first.acquire(NOW)
        clock = HandClock(lambda: first.release() if clock.waits == 3 else None)
        second.wait(clock, deadline=60.0)
        assert clock.waits == 3
        assert first.holder() is not None


def test_wait_ends_at_its_deadline_with_the_holders_name(tmp_path: Path) -> None:
    """A bot that does not stop is told, not waited for for ever."""
    with BotLock(tmp_path, "A") as first:
        first.acquire(NOW)
        clock = HandClock()
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            BotLock(tmp_path, "A").wait(clock, deadline=5.0)
        assert clock.elapsed == 5.0


def test_wait_ends_when_a_stop_is_asked_for(tmp_path: Path) -> None:
    """A clock that no longer waits must not make this spin."""
    with BotLock(tmp_path, "A") as first:
        first.acquire(NOW)
        clock = HandClock()
        clock.stop_requested = True
        with pytest.raises(AlreadyRunning):
            BotLock(tmp_path, "A").wait(clock, deadline=5.0)
        assert clock.waits == 0
