"""What the doctor measures of this machine, and leaves behind there: nothing."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.unit.doctor.test_judge import GRID
from tg1.doctor import machine
from tg1.doctor.finding import Light
from tg1.machine.clock import SystemClock

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
