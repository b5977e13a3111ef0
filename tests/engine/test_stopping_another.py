"""The emergency stop ends a bot of this machine, and touches nobody else's process (behaviour 13)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandClock
from tests.support.patience import PATIENCE_SECS
from tg1.machine.lock import BotLock
from tg1.trading.stopping import stop_running_bot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "IRFC-SBIN Grid"


@pytest.fixture
def neighbour() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine that has nothing to do with the bot."""
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as process:  # our own code
        yield process
        process.kill()


def held_by(folder: Path, pid: int, host: str) -> BotLock:
    """The bot's lock, held, with a text that names this process and host."""
    lock = BotLock(folder, NAME)
    lock.acquire(HandClock().now())
    said = json.loads(lock.path.read_text())
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123  # no path of ours
        birth = stat.read().rpartition(")")[2].split()[19]
    lock.path.write_text(json.dumps({**said, "pid": pid, "host": host, "birth": birth}))
    return lock


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110  # a file of Linux
def test_process_of_this_machine_is_told_to_stop(tmp_path: Path, neighbour: subprocess.Popen[bytes]) -> None:
    """Behaviour 13: it would place the orders again."""
    with held_by(tmp_path, neighbour.pid, socket.gethostname()):
        stop_running_bot(BotLock(tmp_path, NAME), HandClock())
    assert neighbour.wait(PATIENCE_SECS) == -signal.SIGTERM


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")  # noqa: PTH110  # a file of Linux
def test_process_with_the_number_of_a_bot_elsewhere_is_left_alone(
    tmp_path: Path, neighbour: subprocess.Popen[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: on a shared folder a number says nothing without its host; that one can't be stopped is said."""
    with held_by(tmp_path, neighbour.pid, "another-machine"):
        stop_running_bot(BotLock(tmp_path, NAME), HandClock())
    assert neighbour.poll() is None
    assert "on another-machine" in caplog.text
    assert "stop it by hand" in caplog.text


class Running:
    """A bot that runs under the name, and ends by the signals that it `heeds`; nothing is really sent."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *heeds: signal.Signals) -> None:
        self.clock = HandClock()
        self.sent: list[tuple[float, int, signal.Signals]] = []
        """Seconds since it began, whom, what."""
        self.trouble: OSError | None = None
        lock = BotLock(folder, NAME)
        lock.acquire(self.clock.now())

        def kill(pid: int, number: signal.Signals) -> None:
            self.sent.append((self.clock.monotonic() - 1000, pid, number))
            if number in heeds:
                lock.release()
            if self.trouble is not None:
                raise self.trouble

        monkeypatch.setattr(os, "kill", kill)

    @property
    def took(self) -> float:
        """Seconds since it began."""
        return self.clock.monotonic() - 1000


def test_bot_that_does_not_run_is_not_stopped(tmp_path: Path) -> None:
    """Behaviour 9.6, 13: its lock is taken, so that nobody starts it meanwhile, and says since when."""
    clock, lock = HandClock(), BotLock(tmp_path, NAME)
    assert stop_running_bot(lock, clock) is False
    holder = lock.holder()
    assert holder is not None
    assert (holder.pid, holder.since) == (os.getpid(), clock.now())
    lock.release()


def test_folder_that_can_not_be_used_keeps_no_order_alive(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 13: nobody knows whether the bot runs; that is said, and the cancels begin."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert stop_running_bot(BotLock(blocked, NAME), HandClock()) is False
    assert "Nobody knows whether the bot is running, stop it by hand" in caplog.text


def test_bot_that_listens_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behaviour 13: SIGTERM, and its lock is ours when it has ended."""
    bot, lock = Running(tmp_path, monkeypatch, signal.SIGTERM), BotLock(tmp_path, NAME)
    assert stop_running_bot(lock, bot.clock) is True
    assert bot.sent == [(0, os.getpid(), signal.SIGTERM)]
    assert bot.took == 0
    lock.release()


def test_bot_that_does_not_listen_is_killed_after_half_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 13: longer than one of its requests may take; an open order does not wait for more."""
    bot, lock = Running(tmp_path, monkeypatch, signal.SIGKILL), BotLock(tmp_path, NAME)
    assert stop_running_bot(lock, bot.clock) is True
    assert bot.sent == [(0, os.getpid(), signal.SIGTERM), (30, os.getpid(), signal.SIGKILL)]
    lock.release()


def test_bot_that_can_not_be_killed_is_said_after_five_seconds_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: another user's process; the orders are cancelled all the same, and a person hears of it."""
    bot = Running(tmp_path, monkeypatch)
    bot.trouble = PermissionError(1, "Operation not permitted")
    assert stop_running_bot(BotLock(tmp_path, NAME), bot.clock) is True
    assert bot.took == 35
    assert f"Process {os.getpid()} can't be signalled: Operation not permitted" in caplog.text
    assert "The running bot could not be stopped and may place orders again; stop it by hand" in caplog.text


def test_bot_that_ends_by_itself_meanwhile_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behaviour 13: between our look and our signal its number is gone, and its lock is free."""
    bot, lock = Running(tmp_path, monkeypatch, signal.SIGTERM), BotLock(tmp_path, NAME)
    bot.trouble = ProcessLookupError(3, "No such process")
    assert stop_running_bot(lock, bot.clock) is True
    assert len(bot.sent) == 1
    lock.release()
