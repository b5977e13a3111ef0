"""The order calls of an app key: eight a second for all its bots together (behaviour 11.3)."""

from __future__ import annotations

import errno
import logging
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.shared_memory import SharedMemory
from tests.support.simdisk import Died
from tests.support.stage import START, Stage
from tg1.errors import RateLimited
from tg1.xts.order_calls import OrderCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.shared_memory import SharedProcess

FILE = "key.calls"


class Key:
    """An app key whose server notes when it was called."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.clock = self.stage.clock()
        self.memory = SharedMemory()
        self.sent: list[float] = []

    def bot(self, process: SharedProcess | None = None) -> OrderCalls:
        return OrderCalls(folder=process or self.memory.process(), name=FILE, clock=self.clock)

    def call(self) -> str:
        self.sent.append(self.clock.monotonic())
        return "placed"

    def play(self, *actors: Callable[[], None], secs: float = 60.0) -> None:
        self.stage.run(*actors, secs=secs)

    @property
    def most_in_a_second(self) -> int:
        """The most calls in any second, its end not included."""
        return max(sum(first <= at < first + 1.0 for at in self.sent) for first in self.sent)


@pytest.fixture
def key() -> Key:
    """A key that nobody has used."""
    return Key()


def times(count: int, bot: OrderCalls, key: Key) -> Callable[[], None]:
    """An actor that makes so many calls, one after the other."""

    def act() -> None:
        for _ in range(count):
            assert bot.carry(key.call) == "placed"

    return act


def test_burst_of_one_bot_goes_eight_a_second(key: Key) -> None:
    """The ninth call waits for the first to be a second old (behaviour 11.3)."""
    key.play(times(20, key.bot(), key))
    assert key.sent == [START] * 8 + [START + 1.0] * 8 + [START + 2.0] * 4


def test_call_counts_from_its_answer(key: Key) -> None:
    """The server had it by then, however long the wire took (behaviour 11.3)."""
    answered: list[float] = []

    def slow() -> str:
        key.sent.append(key.clock.monotonic())
        key.clock.sleep_until(key.clock.monotonic() + 0.1)
        answered.append(key.clock.monotonic())
        return "placed"

    bot = key.bot()

    def ten() -> None:
        for _ in range(10):
            bot.carry(slow)

    key.play(ten)
    assert key.sent[8] - answered[0] == pytest.approx(1.0)
    assert key.sent[9] - answered[1] == pytest.approx(1.0)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_call_that_failed_counts_all_the_same(key: Key, failure: type[BaseException]) -> None:
    """Nobody knows whether it reached the server (behaviour 3.3, 11.3)."""

    def fail() -> str:
        raise failure

    bot = key.bot()
    for _ in range(8):
        with pytest.raises(failure):
            bot.carry(fail)
    key.play(times(1, bot, key))
    assert key.sent == [START + 1.0]


@pytest.mark.parametrize("bots", [2, 4, 10])
def test_bots_of_one_key_share_its_limit(key: Key, bots: int) -> None:
    """Eight a second together, whoever calls, and none of the eight is wasted (behaviour 11.3)."""
    chance = Random(7)

    def busy(bot: OrderCalls) -> Callable[[], None]:
        def act() -> None:
            while True:
                bot.carry(key.call)
                key.clock.sleep_until(key.clock.monotonic() + chance.random() / 10)

        return act

    key.play(*[busy(key.bot()) for _ in range(bots)], secs=30.0)
    assert key.most_in_a_second == 8
    assert len(key.sent) >= 8 * 29


def test_calls_of_a_process_that_ended_still_count(key: Key) -> None:
    """A restart in the middle of a burst does not begin a second burst."""
    first = key.memory.process()
    key.play(times(8, key.bot(first), key))
    first.kill()
    key.play(times(1, key.bot(), key))
    assert key.sent[-1] - START == pytest.approx(1.0)


def test_call_that_the_server_limits_holds_all_bots_back_for_a_second(key: Key) -> None:
    """Somebody outside uses the key, too: the next call goes when the window is over (behaviour 11.3)."""

    def refused() -> str:
        raise RateLimited("max limit")

    def meet_the_limit() -> None:
        with pytest.raises(RateLimited):
            key.bot().carry(refused)

    def call_later() -> None:
        key.clock.sleep_until(START + 0.25)
        key.bot().carry(key.call)

    key.play(meet_the_limit, call_later)
    assert key.sent == [START + 1.0]


def test_death_at_any_step_blocks_nobody(key: Key) -> None:
    """`kill -9` at every operation in turn: the others call on at once, and never more than eight a second."""
    for victim_step in range(100):
        victim = key.memory.process()
        steps = iter(range(1000))

        def die(_op: str, steps: object = steps, victim_step: int = victim_step) -> None:
            if next(steps) == victim_step:  # type: ignore[call-overload]
                raise Died

        victim.before = die
        key.clock.sleep_until(key.stage.now)
        key.stage.now += 5.0
        began, key.sent = key.stage.now, []
        try:
            key.bot(victim).carry(key.call)
            survived = True
        except Died:
            survived = False
        key.play(times(7, key.bot(), key))
        assert set(key.sent) == {began}
        if survived:
            break
    assert victim_step >= 4


def test_holder_that_stands_still_with_the_lock_costs_one_second_once(
    key: Key, caplog: pytest.LogCaptureFixture
) -> None:
    """A stopped process must not hold up an emergency stop: from then on this bot counts alone, and says so."""
    assert key.memory.process().file(FILE).try_lock()
    with caplog.at_level(logging.WARNING):
        key.play(times(9, key.bot(), key))
    assert key.sent == pytest.approx([START + 1.0] * 8 + [START + 2.0], abs=0.01)
    assert len(caplog.records) == 1
    assert "stuck" in caplog.text


@pytest.mark.parametrize("content", [b"", bytes(256), b"x" * 999, b'["tg1-calls-1","boot-of-the-world",{}]'], ids=len)
def test_damaged_file_delays_no_order(key: Key, content: bytes) -> None:
    """It counts as nothing known, and is written anew."""
    key.memory.files[FILE] = bytearray(content)
    key.play(times(8, key.bot(), key))
    key.play(times(1, key.bot(), key))
    assert key.sent == [START] * 8 + [START + 1.0]


def test_bot_that_can_not_use_the_file_keeps_the_limit_alone(key: Key) -> None:
    """A full disk or another user's file: as before, eight a second of its own (behaviour 11.3)."""
    process = key.memory.process()
    process.broken = errno.EACCES
    key.play(times(9, key.bot(process), key))
    assert key.sent == [START] * 8 + [START + 1.0]
