"""What a terminal does to a process, and what it may not do to a bot (behaviour 19)."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_SECS
from tests.support.places import REPO
from tg1.machine.terminal import silent_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTLIVES = """
import os, signal, sys
from tg1.machine.terminal import outlive
outlive(lambda: os.write(1, b"hung up\\n"))
os.write(1, b"ready\\n")
sys.stdin.read()
"""


def run(setup: str) -> subprocess.Popen[bytes]:
    """A process that outlives its terminal, after some lines of its own."""
    command = [sys.executable, "-c", setup + OUTLIVES]
    return subprocess.Popen(command, cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # our own code


@pytest.mark.parametrize(
    ("setup", "said"),
    [("", b"hung up\n"), ("import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n", b"")],
    ids=["ssh", "nohup"],
)
def test_sighup_ends_no_process(setup: str, said: bytes) -> None:
    """Behaviour 19: it is told of it; under nohup there is nothing to tell."""
    with run(setup) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTTOU)
        out, _ = process.communicate(timeout=PATIENCE_SECS)
        assert out == said
    assert process.returncode == 0


@pytest.fixture
def terminal() -> Iterator[int]:
    """A terminal of the test's own."""
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def echoes(descriptor: int) -> bool:
    """Keys typed show."""
    return bool(termios.tcgetattr(descriptor)[3] & termios.ECHO)


def test_keys_do_not_show_while_a_picture_is_drawn(terminal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enter would tear the ladder; afterwards the terminal is as it was."""
    monkeypatch.setattr(os, "tcgetpgrp", lambda _descriptor: os.getpgrp())
    with silent_keys(terminal):
        assert not echoes(terminal)
    assert echoes(terminal)


def test_keys_of_a_terminal_that_is_anothers_are_left_alone(terminal: int) -> None:
    """A bot in the background must not change the shell's terminal."""
    with silent_keys(terminal):
        assert echoes(terminal)


def test_what_is_no_terminal_is_left_alone() -> None:
    """A pipe has no keys."""
    read_end, write_end = os.pipe()
    with silent_keys(write_end):
        pass
    os.close(read_end)
    os.close(write_end)
