"""The embedded paper exchange: a child process that lives exactly as long as the bot that started it (behaviour 17)."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, ConfigError
from tg1.paper.prices import DEFAULT_CENTRES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tg1.config import GridOcoConfig

READY_WITHIN_SECS = 30.0
END_WITHIN_SECS = 5.0
_USAGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRoots:
    """Where the exchange listens."""

    xts_root: str
    kite_root: str
    kite_ws_root: str


def command_of(config: GridOcoConfig) -> list[str]:
    """The command line that starts the exchange for this bot's symbols, prices and seed."""
    centre = config.entry_price or DEFAULT_CENTRES[0]
    command = [sys.executable, "-m", "tg1.paper", "--exit-with-stdin", "--token-a", config.token_a_symbol]
    if config.token_b_symbol:
        command += ["--token-b", config.token_b_symbol]
    command += ["--centre-a", str(centre), "--paper-speed", str(config.paper_speed)]
    command += ["--paper-seed", str(config.paper_seed)]
    if config.paper_prices is not None:
        command += ["--paper-prices", str(config.paper_prices)]
    if config.journal is not None:
        command += ["--journal", str(config.journal)]
    return command


@contextmanager
def paper_exchange(config: GridOcoConfig) -> Iterator[PaperRoots]:
    """Run the exchange around a `with` block. Raises `ConfigError` for bad prices, `BrokerUnavailable` otherwise.

    Its standard input is a pipe that we hold: however we die, the pipe closes and the exchange ends. It has a session
    of its own, so that Ctrl-C reaches the bot alone and the bot can still speak to it while it stops.
    """
    child = subprocess.Popen(  # noqa: S603 - our own module, with arguments that argparse has checked
        command_of(config),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield _roots(child)
    finally:
        _end(child)


def _roots(child: subprocess.Popen[str]) -> PaperRoots:
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for above
    readable, _, _ = select.select([child.stdout], [], [], READY_WITHIN_SECS)
    line = child.stdout.readline() if readable else ""
    if line:
        return PaperRoots(**json.loads(line))
    child.kill()
    _, complaint = child.communicate()
    last = (complaint.strip().splitlines() or [f"it was not ready within {READY_WITHIN_SECS:.0f} s"])[-1]
    sentence = f"The paper exchange did not start: {last.removeprefix('python -m tg1.paper: ')}"
    raise ConfigError(sentence) if child.returncode == _USAGE else BrokerUnavailable(sentence)


def _end(child: subprocess.Popen[str]) -> None:
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
    try:
        child.wait(END_WITHIN_SECS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
