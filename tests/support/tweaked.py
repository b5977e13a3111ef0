"""Runs the bot with a clock that the test sets or with less patience, so that a test need not wait for either.

`python -m tests.support.tweaked [clock=FILE] [module.NAME=NUMBER …] -- FLAGS…`: everything else is the real bot. The
file holds the seconds by which the clock is ahead of the machine's; when they grow, so much time has passed in between.
"""

from __future__ import annotations

import importlib
import sys
from datetime import datetime, timedelta
from pathlib import Path

from tg1.machine.clock import SystemClock
from tg1.run import main

LOOK_EVERY_SECS = 0.05


def _put_clock_forward(file: Path) -> None:
    now, monotonic = SystemClock.now, SystemClock.monotonic
    wait_until, sleep_until = SystemClock.wait_until, SystemClock.sleep_until

    def ahead_secs() -> float:
        return float(file.read_text())

    def shifted_now(self: SystemClock) -> datetime:
        return now(self) + timedelta(seconds=ahead_secs())

    def shifted_monotonic(self: SystemClock) -> float:
        return monotonic(self) + ahead_secs()

    def wait_in_steps(self: SystemClock, deadline: float) -> None:
        while not self.stop_requested and (remaining := deadline - shifted_monotonic(self)) > 0:
            wait_until(self, shifted_monotonic(self) + min(remaining, LOOK_EVERY_SECS))

    def sleep_in_steps(self: SystemClock, deadline: float) -> None:
        while (remaining := deadline - shifted_monotonic(self)) > 0:
            sleep_until(self, shifted_monotonic(self) + min(remaining, LOOK_EVERY_SECS))

    SystemClock.now = shifted_now  # type: ignore[method-assign]
    SystemClock.monotonic = shifted_monotonic  # type: ignore[method-assign]
    SystemClock.wait_until = wait_in_steps  # type: ignore[method-assign]
    SystemClock.sleep_until = sleep_in_steps  # type: ignore[method-assign]


def _tweak(word: str) -> None:
    name, _, value = word.partition("=")
    if name == "clock":
        _put_clock_forward(Path(value))
        return
    module, _, constant = name.rpartition(".")
    home = importlib.import_module(module)
    assert hasattr(home, constant), f"{name} is gone"
    setattr(home, constant, int(value) if value.isdigit() else float(value))


if __name__ == "__main__":
    end_of_tweaks = sys.argv.index("--")
    for each in sys.argv[1:end_of_tweaks]:
        _tweak(each)
    sys.exit(main(sys.argv[end_of_tweaks + 1 :]))
