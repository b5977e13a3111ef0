"""Where the words go when nobody takes them: closed, full and broken streams (behaviour 14: a traceback is a bug)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.places import REPO

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.driver import Bot, Exchange

DRY_RUN = [sys.executable, "-m", "tg1.run", "--dry-run", "--bot-name", "B", "--trade-type", "buyts"]
DRY_RUN += ["--token-a", "IRFC", "--entry-price", "5000", "--qty-a", "1", "--steps"]


def _in_shell(script: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own module
        ["/bin/sh", "-c", script, "sh", *command], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("script", "steps"), [('"$@" > /dev/full', "5"), ('{ "$@"; echo $? >&2; } | true', "1200")], ids=["full", "pipe"]
)
def test_dry_run_without_a_taker_is_one_sentence(script: str, steps: str) -> None:
    """Behaviour 14: an operation failed, exit 1, no traceback."""
    done = _in_shell(script, *DRY_RUN, steps)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("tg1: the grid can't be printed")
    assert (done.returncode, len(lines)) == (1, 1) if "full" in script else lines[1:] == ["1"]


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
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert complaint == ""
