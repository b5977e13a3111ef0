"""Measurements of the real process: `python -m tg1.run --paper`, seen from outside."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = (
    *("--paper", "--paper-speed", "60", "--bot-name", "bench", "--trade-type", "gridocots"),
    *("--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--steps", "5", "--spread", "1"),
    *("--target-spread", "0.5", "--oco-spread", "2", "--qty-a", "100", "--qty-b", "50"),
)
"""What `make run` runs."""
GIVE_UP_SECS = 60.0
LOOK_EVERY_SECS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFigures:
    """One run of the example."""

    first_order_secs: float
    """From the start of the process to the first order request at the exchange."""
    peak_memory_mb: float
    """The bot's VmHWM in 10^6 bytes; the exchange is a process of its own and not in it."""
    seconds: float
    orders: int
    fills: int


def run_example(folder: Path, seconds: float) -> RunFigures:
    """Run the example for so long. Raises `RuntimeError` when it ends early or places no order."""
    journal = folder / "journal.jsonl"
    command = [sys.executable, "-m", "tg1.run", *EXAMPLE, "--journal", str(journal)]
    command += ["--state-dir", str(folder / "state"), "--log-dir", str(folder / "logs")]
    begun = time.monotonic()
    bot = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        first = _await_first_order(bot, journal, begun)
        while time.monotonic() < begun + seconds and bot.poll() is None:
            time.sleep(0.1)
        memory = _peak_memory_mb(bot.pid)
    finally:
        bot.send_signal(signal.SIGINT)
        bot.wait(GIVE_UP_SECS)
    lines = list(_lines(journal))
    return RunFigures(
        first_order_secs=first,
        peak_memory_mb=memory,
        seconds=seconds,
        orders=sum(1 for line in lines if _is_order(line)),
        fills=sum(1 for line in lines if line.get("kind") == "fill" or line.get("status") == "Filled"),
    )


def _await_first_order(bot: subprocess.Popen[str], journal: Path, begun: float) -> float:
    while time.monotonic() < begun + GIVE_UP_SECS:
        if any(_is_order(line) for line in _lines(journal)):
            return time.monotonic() - begun
        if bot.poll() is not None:
            complaint = bot.stderr.read().strip() if bot.stderr else ""
            raise RuntimeError(f"the bot ended with {bot.returncode}: {complaint}")
        time.sleep(LOOK_EVERY_SECS)
    raise RuntimeError(f"no order within {GIVE_UP_SECS:.0f} s")


def _lines(journal: Path) -> Iterator[dict[str, object]]:
    text = journal.read_text(encoding="utf-8") if journal.exists() else ""
    # The last line may be half written.
    for line in text.split("\n")[:-1]:
        yield json.loads(line)


def _is_order(line: dict[str, object]) -> bool:
    return line.get("kind") == "request" and line.get("method") == "POST" and line.get("path") == "/interactive/orders"


def _peak_memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    if found is None:
        raise RuntimeError("the bot has ended, so its memory can't be read")
    return int(found.group(1)) * 1024 / 1e6
