"""Where the words go when nobody takes them: closed, full and broken streams (behaviour 14: a traceback is a bug)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import BRISK, BRISK_CYCLE_SECS
from tests.support.patience import PATIENCE_SECS
from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.driver import Bot, Exchange

DRY_RUN = [sys.executable, "-m", "tg1.run", "--dry-run", "--bot-name", "B", "--trade-type", "buyts"]
DRY_RUN += ["--token-a", "IRFC", "--entry-price", "5000", "--qty-a", "1", "--steps"]


def _in_shell(script: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own module
        ["/bin/sh", "-c", script, "sh", *command], capture_output=True, text=True, timeout=PATIENCE_SECS, check=False
    )


def test_dry_run_on_a_full_disk_is_one_sentence() -> None:
    """Behaviour 14: an operation failed, exit 1, no traceback."""
    done = _in_shell('"$@" > /dev/full', *DRY_RUN, "5")
    assert done.stderr.startswith("tg1: the grid can't be printed")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("words", [[*DRY_RUN, "1200"], [*DRY_RUN[:3], "--help"]], ids=["grid", "help"])
@pytest.mark.parametrize("reader", ["true", "head -1 > /dev/null"], ids=["none", "head"])
def test_reader_who_has_had_enough_is_no_failure(words: list[str], reader: str) -> None:
    """Behaviour 14: `--dry-run | head` is no reason to complain of a pipe."""
    done = _in_shell('{ "$@"; echo $? >&2; } | ' + reader, *words)
    assert done.stderr == "0\n"


@pytest.mark.parametrize("redirection", [">&-", "> /dev/full", ">&- 2>&-"], ids=["closed", "full", "both-closed"])
def test_bot_trades_though_stdout_takes_nothing(
    exchange: Exchange, make_bot: Callable[..., Bot], redirection: str
) -> None:
    """Behaviour 9.2, 14: words that are lost cost no order; the log file has them all."""
    bot = make_bot(steps=1)
    bot.launch(["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *bot.command()])
    bot.await_places("D01E", "U01E")
    assert bot.stop() == 0
    assert "Traceback" not in bot.output("stderr")
    assert "Stopped." in bot.log_path.read_text()
    assert len(exchange.working()) == 2


@pytest.mark.parametrize("module", ["tg1.run", "tg1"])
def test_ctrl_c_during_the_imports_leaves_no_traceback(tmp_path: Path, module: str) -> None:
    """Behaviour 14: whoever types `make run` by mistake and takes it back at once sees no traceback."""
    # A module that the bot imports early stops it there, until the signal has come.
    (tmp_path / "requests.py").write_text("import signal\nprint('importing', flush=True)\nsignal.pause()\n")
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", module, "--version"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{REPO}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "importing\n"
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=PATIENCE_SECS)
    assert process.returncode == -signal.SIGINT
    assert complaint == ""


@pytest.fixture
def unread_pipe() -> Iterator[int]:
    """A pipe that is full from the beginning and that nobody reads."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, b"." * 65536)
    os.set_blocking(write_end, True)
    yield write_end
    os.close(read_end)
    os.close(write_end)


@pytest.fixture
def unread_terminal() -> Iterator[int]:
    """A terminal that nobody reads: a session that hangs, or Ctrl-S."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    yield slave
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("reader", ["unread_pipe", "unread_terminal"])
def test_output_that_nobody_reads_stops_no_trading(
    exchange: Exchange, make_bot: Callable[..., Bot], request: pytest.FixtureRequest, reader: str
) -> None:
    """Behaviour 19: it used to stop after 13 cycles; a fill gets its target and its hedge, and a stop is a stop."""
    bot = make_bot(log_level="DEBUG")
    bot.launch(bot.tweaked(BRISK, poll_interval=BRISK_CYCLE_SECS), stdout=request.getfixturevalue(reader))
    bot.await_places("D01E", "U01E", "D02E", "U02E")
    exchange.let_cycles_pass(20)
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T", "D01O", "U01E", "D02E", "U02E")
    exchange.let_cycles_pass(20)
    assert bot.stop() == 0
    assert bot.output("stderr") == ""
    assert bot.says("Stopped.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sighup_ends_no_bot(exchange: Exchange, make_bot: Callable[..., Bot], number: signal.Signals) -> None:
    """Behaviour 19: the SSH session ended; the bot goes on, the log file says so, and a later stop is a stop."""
    bot = make_bot(steps=1, trade_type="buyts").start()
    bot.await_places("D01E")
    bot.signal(signal.SIGHUP)
    bot.await_log("SIGHUP")
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T")
    bot.signal(number)
    assert bot.exit_code() == 0


def test_terminal_that_closes_ends_no_bot(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 19: the whole session goes: SIGHUP, and every write to the terminal fails from then on."""
    bot = make_bot(steps=1, trade_type="buyts")
    master, slave = pty.openpty()
    bot.launch(bot.tweaked(BRISK, poll_interval=BRISK_CYCLE_SECS), stdout=slave)
    os.close(slave)
    bot.await_places("D01E")
    os.close(master)
    bot.signal(signal.SIGHUP)
    bot.await_log("this file alone")
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T")
    assert bot.stop() == 0
    assert "Traceback" not in bot.output("stderr") + bot.log()
