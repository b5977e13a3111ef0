"""Runs the bot with a clock that is set elsewhere or with less patience, so that a test need not wait for either.

`python -m tests.support.tweaked [clock=SECONDS] [module.NAME=NUMBER …] -- FLAGS…`: everything else is the real bot.
"""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta

from tg1.machine.clock import SystemClock
from tg1.run import main


def _shift_clock(secs: float) -> None:
    now = SystemClock.now

    def shifted(self: SystemClock) -> object:
        return now(self) + timedelta(seconds=secs)

    SystemClock.now = shifted  # type: ignore[assignment, method-assign]


def _tweak(word: str) -> None:
    name, _, value = word.partition("=")
    if name == "clock":
        _shift_clock(float(value))
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
