"""The machine's clocks as the bot reads them (behaviour 10.1)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_SECS
from tg1.machine import clock
from tg1.machine.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let the machine sleep for so many seconds: CLOCK_BOOTTIME counts them, the plain monotonic clock does not."""
    seconds = [0.0]
    real = time.clock_gettime

    def read(which: int) -> float:
        return real(which) + (seconds[0] if which == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, "clock_gettime", read)

    def sleep(secs: float) -> None:
        seconds[0] += secs

    return sleep


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock")
def test_intervals_go_on_while_the_machine_sleeps(slept: Callable[[float], None]) -> None:
    """Behaviour 10.1: after two hours of sleep a price is two hours old."""
    running = SystemClock()
    before = running.monotonic()
    slept(7200.0)
    assert running.monotonic() - before >= 7200.0


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock")
def test_wait_whose_end_was_slept_through_returns_at_once(slept: Callable[[float], None]) -> None:
    """A deadline is meant in real seconds, whether the machine was awake for them or not."""
    running = SystemClock()
    deadline = running.monotonic() + 3600.0
    slept(7200.0)
    done = threading.Event()

    def wait() -> None:
        running.wait_until(deadline)
        running.sleep_until(deadline)
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    assert done.wait(PATIENCE_SECS)


def test_system_without_that_clock_counts_the_waking_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behaviour 10.1: the fallback where CLOCK_BOOTTIME is missing."""
    monkeypatch.setattr(clock, "_BOOTTIME", None)
    monkeypatch.setattr(time, "monotonic", lambda: 42.0)
    assert SystemClock().monotonic() == 42.0
