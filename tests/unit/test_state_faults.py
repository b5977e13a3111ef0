"""Every step of a save fails or is the last one; what is on disk then is the old state or the new (failures.md VI).

The loops run a scenario, fail or die at its first step, then its second, and so on until it survives untouched.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.simdisk import Died, SimDisk
from tests.support.states import BOT, NOW, a_record, a_state
from tg1.errors import SaveFailed
from tg1.state import StateManager
from tg1.store.codec import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BotState

FOLDER = Path("/bot/state")
SEEDS = range(12)
ERRORS = pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=["ENOSPC", "EIO", "EACCES"])


def state_number(number: int) -> BotState:
    """A state after `number` saves, each with one more record than the one before."""
    history = [a_record(seq) for seq in range(1, number + 1)]
    return a_state(level_count=1, next_opened_seq=number, order_history=history)


def a_manager(disk: SimDisk) -> StateManager:
    """A bot's manager on that disk."""
    return StateManager(disk, FOLDER, BOT)


def after_saves(count: int) -> tuple[SimDisk, StateManager]:
    """A disk on which that many saves were finished."""
    disk = SimDisk()
    manager = a_manager(disk)
    for number in range(1, count + 1):
        manager.state = state_number(number)
        manager.save(NOW)
    return disk, manager


def steps_of(act: Callable[[SimDisk, StateManager], object], saves: int) -> int:
    """How many steps an action takes on a disk that is well."""
    disk, manager = after_saves(saves)
    seen: list[str] = []
    disk.before_op = lambda op, _path: seen.append(op)
    act(disk, manager)
    return len(seen)


def fail_at(disk: SimDisk, step: int, error: Callable[[Path], BaseException], *, lasting: bool = False) -> None:
    """Let step number `step` from now raise, and with `lasting` every one after it, too."""
    count = -1

    def hook(_op: str, path: Path) -> None:
        nonlocal count
        count += 1
        if count == step or (lasting and count > step):
            raise error(path)

    disk.before_op = hook


def died(_path: Path) -> Died:
    """For `fail_at`: the process or the machine dies at that step."""
    return Died()


def heal(disk: SimDisk) -> None:
    """Let everything work again."""
    disk.before_op = lambda _op, _path: None


def os_error(number: int) -> Callable[[Path], OSError]:
    """Makes errors as the system does."""
    return lambda path: OSError(number, os.strerror(number), str(path))


def save_next(_disk: SimDisk, manager: StateManager) -> None:
    """The action of most loops: one more save."""
    manager.state = state_number(manager.state.next_opened_seq + 1 if manager.exists() else 1)
    manager.save(NOW)


def journalled(disk: SimDisk) -> list[int]:
    """Numbers in the trades file; a spoiled line that a crash left counts as nothing."""
    found = []
    for line in disk.files().get(a_manager(disk).paths.trades, b"").split(b"\n"):
        try:
            found.append(json.loads(line)["seq"])
        except ValueError:
            continue
    return found


def assert_goes_on(disk: SimDisk, allowed: set[int]) -> None:
    """A new process finds one of these saves (0: none), and its next save and trades file are in order."""
    disk = disk.restart()
    manager = a_manager(disk)
    found = manager.load()
    number = found.next_opened_seq if found else 0
    assert number in allowed
    assert found == (state_number(number) if number else None)
    manager.state = state_number(number + 1)
    assert manager.save(NOW)
    assert a_manager(disk.restart()).load() == state_number(number + 1)
    assert journalled(disk) == list(range(1, number + 2))


@pytest.mark.parametrize("saves", [0, 1, 2, 3])
def test_power_cut_at_any_step_of_a_save_leaves_the_old_state_or_the_new(saves: int) -> None:
    """Behaviour 9.1: no step of a save is a moment at which the state could be lost."""
    steps = steps_of(save_next, saves)
    assert steps > 10
    for step in range(steps + 1):
        for seed in SEEDS:
            disk, manager = after_saves(saves)
            manager.state = state_number(saves + 1)
            fail_at(disk, step, died)
            finished = False
            with suppress(Died):
                finished = manager.save(NOW)
            disk.crash(Random(seed * 1000 + step))
            if finished:
                assert journalled(disk) == list(range(1, saves + 2))
            assert_goes_on(disk, {saves + 1} if finished else {saves, saves + 1})


@pytest.mark.parametrize("saves", [0, 1, 2])
def test_kill_at_any_step_of_a_save_leaves_the_old_state_or_the_new(saves: int) -> None:
    """Behaviour 3.2: after a crash at any instruction the state tells the truth."""
    for step in range(steps_of(save_next, saves)):
        disk, manager = after_saves(saves)
        manager.state = state_number(saves + 1)
        fail_at(disk, step, died)
        with pytest.raises(Died):
            manager.save(NOW)
        disk.kill()
        assert_goes_on(disk, {saves, saves + 1})


@ERRORS
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("saves", [0, 2])
def test_error_at_any_step_of_a_save_is_told_and_the_next_save_works(saves: int, number: int, *, lasting: bool) -> None:
    """Behaviour 9.2: a failed save is not swallowed, and half-done files never hinder a later one."""
    for step in range(steps_of(save_next, saves)):
        disk, manager = after_saves(saves)
        manager.state = state_number(saves + 1)
        fail_at(disk, step, os_error(number), lasting=lasting)
        with pytest.raises(SaveFailed, match=rf"can't .* /bot/state.*\({errno.errorcode[number]}\)"):
            manager.save(NOW)
        heal(disk)
        assert manager.save(NOW) is True
        assert manager.save(NOW) is False
        assert a_manager(disk).load() == state_number(saves + 1)
        assert journalled(disk) == list(range(1, saves + 2))
        disk.crash(Random(step))
        assert_goes_on(disk, {saves + 1})


def test_state_that_goes_back_to_the_last_finished_save_is_written_after_a_failed_one() -> None:
    """After a failed save nobody knows what the file holds, so nothing counts as unchanged."""
    for step in range(steps_of(save_next, 2)):
        disk, manager = after_saves(2)
        manager.state = state_number(3)
        fail_at(disk, step, os_error(errno.EIO))
        with pytest.raises(SaveFailed):
            manager.save(NOW)
        heal(disk)
        manager.state = state_number(2)
        manager.save(NOW)
        assert a_manager(disk).load() == state_number(2)


@pytest.mark.parametrize("saves", [0, 2])
def test_power_cut_after_a_failed_save_leaves_the_old_state_or_the_new(saves: int) -> None:
    """A disk that fails first and dies later, at any step of the save that tries again."""
    for first in range(steps_of(save_next, saves)):
        for second in range(steps_of(save_next, saves) + 4):
            disk, manager = after_saves(saves)
            manager.state = state_number(saves + 1)
            fail_at(disk, first, os_error(errno.EIO))
            with pytest.raises(SaveFailed):
                manager.save(NOW)
            fail_at(disk, second, died)
            finished = False
            with suppress(Died):
                finished = manager.save(NOW)
            disk.crash(Random(first * 100 + second))
            assert_goes_on(disk, {saves + 1} if finished else {saves, saves + 1})


def test_power_cuts_one_after_another_never_lose_a_finished_save() -> None:
    """Crash upon crash, each on the ruins of the last: nothing finished is lost, no record is written twice."""
    for seed in range(150):
        rng = Random(seed)
        disk, finished = SimDisk(), 0
        for _ in range(8):
            manager = a_manager(disk)
            found = manager.load()
            number = found.next_opened_seq if found else 0
            assert number in (finished, finished + 1)
            finished = number
            manager.state = state_number(number + 1)
            fail_at(disk, rng.randint(0, 25), died)
            with suppress(Died):
                manager.save(NOW)
                finished += 1
            disk.crash(rng)
            disk = disk.restart()
        assert_goes_on(disk, {finished, finished + 1})


@pytest.mark.parametrize("keep", [False, True], ids=["fresh", "new-day"])
@pytest.mark.parametrize("saves", [1, 2])
def test_power_cut_at_any_step_of_an_archive_leaves_the_state_or_none(saves: int, *, keep: bool) -> None:
    """Never "no state, but a live .bak": a start after the crash goes on with the old state or begins anew."""

    def act(_disk: SimDisk, manager: StateManager) -> None:
        manager.archive(NOW, "fresh", keep=keep)

    for step in range(steps_of(act, saves) + 1):
        for seed in SEEDS:
            disk, manager = after_saves(saves)
            fail_at(disk, step, died)
            finished = False
            with suppress(Died):
                manager.archive(NOW, "fresh", keep=keep)
                finished = True
            disk.crash(Random(seed * 1000 + step))
            found = a_manager(disk.restart()).load()
            allowed = [state_number(saves)] if keep else [None] if finished else [None, state_number(saves)]
            assert found in allowed
            if found is None:
                archived = [data for path, data in disk.files().items() if path.parent == FOLDER / "archive"]
                assert state_number(saves) in [decode(data) for data in archived]


@ERRORS
def test_error_at_any_step_of_an_archive_is_told_and_can_be_repeated(number: int) -> None:
    """`--fresh` on a sick disk keeps the old state startable or finishes when it is typed again."""

    def act(_disk: SimDisk, manager: StateManager) -> None:
        manager.archive(NOW, "fresh")

    for step in range(steps_of(act, 2)):
        disk, manager = after_saves(2)
        fail_at(disk, step, os_error(number))
        with pytest.raises(SaveFailed, match="could not be archived"):
            manager.archive(NOW, "fresh")
        heal(disk)
        again = a_manager(disk)
        found = again.load()
        assert found in (None, state_number(2))
        if found:
            again.archive(NOW, "fresh")
        assert a_manager(disk.restart()).load() is None
