"""Where the words go when nobody takes them: closed, full and broken streams (behaviour 14: a traceback is a bug)."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.driver import Bot, Exchange

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
