"""A reading keeps the bot waiting for 3 s; a slow account gets 7 s, less often (behaviour 11.6)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.shared_memory import SharedMemory
from tests.support.stage import START, Stage
from tg1.errors import BrokerUnavailable
from tg1.xts.patience import LEAST_SECS, Patience
from tg1.xts.read_turns import ReadTurns, Share

if TYPE_CHECKING:
    from collections.abc import Callable


def silent(times: int) -> tuple[Patience, float]:
    """An account whose readings each hung for as long as they may, and when the last of them ended."""
    patience, now = Patience(), 1000.0
    for _ in range(times):
        while not (secs := patience.secs("trade", now)):
            now += 1.0
        now += secs
        patience.note_failure("trade", secs, now)
    return patience, now


def test_reading_may_take_three_seconds() -> None:
    """Behaviour 11.6: so a hedge of another account is placed or alarmed within five."""
    assert Patience().secs("trade", 1000.0) == 3.0


def test_one_lost_reading_is_asked_for_again_at_once() -> None:
    """Behaviour 11.6: a lost packet is no slow server."""
    patience, now = silent(1)
    assert patience.secs("trade", now) == 3.0


def test_second_hang_leaves_the_account_alone_and_then_gives_it_seven_seconds() -> None:
    """Behaviour 11.6: who answers after five seconds is seen all the same."""
    patience, now = silent(2)
    assert (patience.secs("trade", now), patience.secs("trade", now + 5.9)) == (0.0, 0.0)
    assert patience.secs("trade", now + 6.0) == 7.0


def test_silent_account_gets_a_third_of_the_time() -> None:
    """Behaviour 11.6: seven seconds, and fourteen for the others."""
    patience, now = silent(3)
    assert patience.secs("trade", now + 13.9) == 0.0
    assert patience.secs("trade", now + 14.0) == 7.0


def test_blind_account_is_told_in_time() -> None:
    """Behaviour 4.4: no reading hangs at the thirtieth second of the blindness."""
    _, third_ended = silent(3)
    assert third_ended < 1000.0 + 29.0 < third_ended + 14.0


def test_slow_answer_lets_the_others_have_as_much_time() -> None:
    """Behaviour 11.6: half of the time each."""
    patience, now = silent(2)
    patience.note_answer("trade", 5.0, now + 11.0)
    assert patience.secs("trade", now + 15.9) == 0.0
    assert patience.secs("trade", now + 16.0) == 7.0


def test_answer_in_time_ends_it() -> None:
    """Behaviour 11.6: three seconds are in time."""
    patience, now = silent(2)
    patience.note_answer("trade", 3.0, now + 9.0)
    assert patience.secs("trade", now + 9.0) == 3.0
    patience.note_failure("trade", 3.0, now + 12.0)
    assert patience.secs("trade", now + 12.0) == 3.0


def test_failure_that_keeps_nobody_waiting_changes_nothing() -> None:
    """A refused connection is tried again in the next cycle."""
    patience = Patience()
    for second in range(9):
        patience.note_failure("trade", 1.9, 1000.0 + second)
    assert patience.secs("trade", 1009.0) == 3.0


def test_two_silent_accounts_do_not_hang_in_one_cycle() -> None:
    """Behaviour 11.6: a second between them is room for the others."""
    patience, now = silent(2)
    for _ in range(2):
        patience.note_failure("upside_oco", 2.0, now)
    patience.note_failure("trade", 7.0, now + 13.0)
    assert patience.secs("upside_oco", now + 13.9) == 0.0
    assert patience.secs("upside_oco", now + 14.0) == 7.0
    assert patience.secs("downside_oco", now + 13.0) == 3.0


class HangingKey:
    """An app key whose server answers its first second and is silent from then on, and the bots that read it."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.clock = self.stage.clock()
        self.memory = SharedMemory()
        self.asked: list[float] = []
        self.waits: list[tuple[float, float]] = []
        """For each reading how long it might take, and how long it took."""

    def bot(self, begins: float) -> Callable[[], None]:
        """One that cycles once a second."""
        clock, patience = self.clock, Patience()
        turns = ReadTurns(folder=self.memory.process(), name="key.book", clock=clock)

        def cycle() -> None:
            began = clock.monotonic()
            if not (secs := patience.secs("trade", began)):
                return

            def ask() -> list[int]:
                now = clock.monotonic()
                self.asked.append(now)
                is_silent = now > START + 1.0
                clock.sleep_until(now + (max(LEAST_SECS, secs - (now - began)) if is_silent else 0.04))
                if is_silent:
                    raise BrokerUnavailable("timed out")
                return []

            try:
                turns.carry_book(ask, Share(since=began, client="", pack=lambda: b"[]", unpack=list))
            except BrokerUnavailable:
                patience.note_failure("trade", clock.monotonic() - began, clock.monotonic())
            self.waits.append((secs, clock.monotonic() - began))

        def cycles() -> None:
            due = START + begins
            while True:
                clock.sleep_until(due)
                cycle()
                due = max(due + 1.0, clock.monotonic())

        return cycles


@pytest.mark.parametrize("bots", [1, 2, 10])
def test_bots_of_a_key_that_hangs_wait_four_seconds_at_most_and_keep_its_limit(bots: int) -> None:
    """Behaviour 11.3, 11.6: they overtake each other, and no request of theirs comes too early."""
    key = HangingKey()
    key.stage.run(*[key.bot(number / 10) for number in range(bots)], secs=60.0)
    short = [took for secs, took in key.waits if secs == 3.0]
    assert max(short) <= 4.0
    assert len(short) < len(key.waits), "they are given more time, too"
    assert min(later - sooner for sooner, later in pairwise(key.asked)) > 0.999
