"""What the doctor measures of this machine, and leaves behind there: nothing."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.support.states import NOW, a_level, a_state, an_order, with_order
from tests.unit.doctor.test_judge import GRID
from tg1.doctor import machine
from tg1.doctor.finding import Light
from tg1.machine.clock import SystemClock
from tg1.models import Status, StatusKind
from tg1.store.codec import encode
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_full_disk_is_red_and_keeps_nothing_of_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured with must not lie in the state folder for ever, on a full disk least of all."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tg1.machine.files.write_all", full)
    *_, saving = machine.disk(replace(GRID, state_dir=tmp_path), SystemClock())
    assert (saving.light, "No space left on device" in saving.told) == (Light.RED, True)
    assert list(tmp_path.iterdir()) == []


def test_a_bot_that_left_orders_is_told_before_a_start(tmp_path: Path) -> None:
    """`tg1 status` calls for a person then; the doctor says the same, and of a bot of another name nothing."""
    level = with_order(a_level(bot_name=GRID.bot_name), an_order())
    stopped = Status(kind=StatusKind.STOPPED, reason="by signal")
    state = a_state(bot_name=GRID.bot_name, bot_status=stopped, levels={level.uuid: level}, attention=[])
    state.trading_day = SystemClock().now().date()
    ToldPaths(tmp_path, GRID.bot_name).state.write_bytes(encode(state, NOW))
    found = machine.process(replace(GRID, state_dir=tmp_path), SystemClock())
    assert found.light is Light.YELLOW
    assert found.told.startswith("Stopped: by signal; 1 order of it may still work at the broker, and nobody minds it")
    other = machine.process(replace(GRID, state_dir=tmp_path, bot_name="other"), SystemClock())
    assert (other.light, other.told) == (Light.GREEN, "no other process has the name other")
    assert machine.process(replace(GRID, state_dir=tmp_path / "none"), SystemClock()).light is Light.GREEN
