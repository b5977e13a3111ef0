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
    assert neighbour.wait(30) == -signal.SIGTERM


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
