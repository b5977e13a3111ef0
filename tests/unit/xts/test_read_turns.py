"""The reads of an app key: a second after the last answer, one for all, and no death or hang that stops the others."""

from __future__ import annotations

import errno
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.shared_memory import SharedMemory, SharedProcess
from tests.support.simdisk import Died
from tests.support.stage import START, Stage
from tg1.errors import BrokerUnavailable, RateLimited, ReadRefused, SessionRefused
from tg1.xts.read_turns import ReadTurns, Share

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stage import StageClock

LATENCY = 0.04
FILE = "key.book"


class Server:
    """Answers after a latency with a book that names its own number; remembers when it was asked."""

    def __init__(self, clock: StageClock) -> None:
        self.clock = clock
        self.asked: list[float] = []
        self.answered: list[float] = []
        self.latency = LATENCY
        self.fails: list[Exception | None] = []

    def ask(self) -> list[int]:
        self.asked.append(self.clock.monotonic())
        number = len(self.asked)
        self.clock.sleep_until(self.clock.monotonic() + self.latency)
        self.answered.append(self.clock.monotonic())
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure
        return [number]


class Bot:
    """One process's reads of the key."""

    def __init__(self, server: Server, process: SharedProcess) -> None:
        self.server, self.process, self.clock = server, process, server.clock
        self.turns = ReadTurns(folder=process, name=FILE, clock=self.clock)
        self.book: list[int] = []
        self.client = ""
        self.seen: list[float] = []

    def read(self, since: float | None = None) -> list[int]:
        """A book that was begun to be read after `since`, or after now."""

        def ask() -> list[int]:
            self.book = self.server.ask()
            return self.book

        share: Share[Any] = Share(
            since=self.clock.monotonic() if since is None else since,
            client=self.client,
            pack=lambda: json.dumps(self.book).encode(),
            unpack=list,
        )
        found = self.turns.carry_book(ask, share)
        self.seen.append(self.clock.monotonic())
        return list(found)

    def history(self) -> list[int]:
        return self.turns.carry_history(self.server.ask)


class Key:
    """An app key with bots on a stage."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.clock = self.stage.clock()
        self.memory = SharedMemory()
        self.server = Server(self.clock)

    def bot(self) -> Bot:
        return Bot(self.server, self.memory.process())

    def play(self, *actors: Callable[[], object], secs: float = 60.0) -> None:
        def act(actor: Callable[[], object]) -> Callable[[], None]:
            return lambda: (actor(), None)[1]

        self.stage.run(*map(act, actors), secs=secs)


@pytest.fixture
def key() -> Key:
    """A key that nobody has used."""
    return Key()


def test_next_read_goes_a_second_after_the_last_answer(key: Key) -> None:
    """Counted from the answer, not from the sending (behaviour 11.3)."""
    bot = key.bot()
    key.play(lambda: [bot.read() for _ in range(3)])
    assert key.server.asked == pytest.approx([START, START + 1.04, START + 2.08])


def test_read_of_a_new_process_waits_for_the_last_one_of_the_old(key: Key) -> None:
    """A restart within a second of the last read is not refused by the limiter."""
    first = key.bot()
    key.play(first.read)
    first.process.kill()
    key.play(key.bot().read)
    assert key.server.asked[1] - key.server.answered[0] == pytest.approx(1.0)


def test_bot_that_waits_takes_what_another_one_reads(key: Key) -> None:
    """One reader fetches the book for all who asked before it began (behaviour 11.3)."""
    bots = [key.bot() for _ in range(10)]
    found: list[list[int]] = []
    key.play(bots[0].read)
    key.play(*[lambda bot=bot: found.append(bot.read()) for bot in bots])
    assert len(key.server.asked) == 2
    assert found == [[2]] * 10


def test_bot_does_not_take_a_reading_that_began_before_it_asked(key: Key) -> None:
    """Its own last order may not be in it (behaviour 11.3)."""
    first, second = key.bot(), key.bot()
    found: list[int] = []

    def ask_in_the_middle() -> None:
        key.clock.sleep_until(START + LATENCY / 2)
        found.extend(second.read())

    key.play(first.read, ask_in_the_middle)
    assert found == [2]
    assert key.server.asked[1] - key.server.answered[0] == pytest.approx(1.0)


def test_book_that_was_read_since_the_cycle_began_is_taken_at_once(key: Key) -> None:
    """Between the cycle's begin and its turn to this account another bot has read: no wait (behaviour 11.3)."""
    first, second = key.bot(), key.bot()
    key.play(first.read)
    before = key.stage.now
    assert second.read(since=START - 1.0) == [1]
    assert key.stage.now == before


def test_book_of_another_client_is_not_taken(key: Key) -> None:
    """A dealer's key has a book for each client, and one limit for all (behaviour 11.3, 11.5)."""
    first, second = key.bot(), key.bot()
    first.client, second.client = "a", "b"
    found: dict[str, list[int]] = {}
    key.play(lambda: found.update(a=first.read()), lambda: found.update(b=second.read()))
    assert found == {"a": [1], "b": [2]}
    assert key.server.asked[1] - key.server.answered[0] == pytest.approx(1.0)


@pytest.mark.parametrize("failure", [ReadRefused("the words"), BrokerUnavailable("no answer")], ids=["refused", "lost"])
def test_failure_of_a_reading_is_told_to_all_who_wait_for_it(key: Key, failure: BrokerUnavailable) -> None:
    """Ten bots do not find out one after the other, a second each, that a server is down."""
    key.server.fails = [None, failure]
    bots = [key.bot() for _ in range(10)]
    told: list[str] = []

    def read(bot: Bot) -> None:
        with pytest.raises(type(failure), match=str(failure)) as caught:
            bot.read()
        assert type(caught.value) is type(failure)
        told.append(str(caught.value))

    key.play(bots[0].read)
    key.play(*[lambda bot=bot: read(bot) for bot in bots])
    assert len(key.server.asked) == 2
    assert len(told) == 10


@pytest.mark.parametrize("failure", [RateLimited("slow"), SessionRefused("dead")], ids=["limit", "session"])
def test_answer_to_one_bot_alone_is_no_answer_for_the_others(key: Key, failure: Exception) -> None:
    """Another bot's dead token says nothing of ours, and after a limit the next one asks itself."""
    first, second = key.bot(), key.bot()
    key.server.fails = [None, failure]
    found: list[int] = []

    def fail() -> None:
        with pytest.raises(type(failure)):
            second.read()

    key.play(first.read)
    key.play(fail, lambda: found.extend(first.read()))
    assert found == [3]


def test_reader_that_died_holds_the_others_for_a_second_and_no_longer(key: Key) -> None:
    """The kernel frees its lock; its request may have arrived just now (behaviour 11.3)."""
    first, second = key.bot(), key.bot()
    found: list[int] = []

    def killed() -> None:
        with pytest.raises(Died):
            first.read()

    def kill() -> None:
        key.clock.sleep_until(START + 0.02)
        first.process.kill()

    def read() -> None:
        key.clock.sleep_until(START + 0.01)
        found.extend(second.read())

    key.play(killed, kill, read)
    assert found == [2]
    assert key.server.asked[1] - (START + 0.02) == pytest.approx(1.0, abs=0.02)


def test_reader_that_died_holds_nobody_for_ever_where_nothing_can_be_written(key: Key) -> None:
    """A full disk keeps its question unanswered; the others read all the same (behaviour 11.3, 13)."""
    first, second = key.bot(), key.bot()

    def killed() -> None:
        with suppress(Died):
            first.read()

    def kill() -> None:
        key.clock.sleep_until(START + 0.02)
        first.process.kill()

    def full(op: str) -> None:
        if op == "write":
            raise OSError(errno.EFBIG, "File too large")

    def read() -> None:
        key.clock.sleep_until(START + 5)
        second.process.before = full
        for _ in range(2):
            second.read()

    key.play(killed, kill, read)
    assert key.server.asked[1:] == pytest.approx([START + 6, START + 7.04], abs=0.05)


@pytest.mark.parametrize("latency", [LATENCY, 0.0], ids=["waits", "at-once"])
def test_death_at_any_step_of_a_read_blocks_nobody_and_tells_nobody_wrong(latency: float) -> None:
    """After `kill -9` at every operation in turn the next bot reads within little more than a second."""
    deaths = 0
    for victim_step in range(200):
        key = Key()
        key.server.latency = latency
        first, second, victim = key.bot(), key.bot(), key.bot()
        key.play(first.read)
        steps = iter(range(1000))

        def die(_op: str, steps: Any = steps, victim_step: int = victim_step) -> None:
            if next(steps) == victim_step:
                raise Died

        victim.process.before = die
        died: list[bool] = []

        def read_and_die(victim: Bot = victim, died: list[bool] = died) -> None:
            try:
                victim.read()
            except Died:
                died.append(True)

        began, found = key.stage.now, list[int]()

        def read(second: Bot = second, found: list[int] = found) -> None:
            found.extend(second.read())

        key.play(read_and_die, read)
        if not died:
            break
        deaths += 1
        assert found in ([2], [3])
        assert second.seen[-1] - began <= 2.0 + 3 * latency + 0.05
        assert found[0] >= 2, "what the first had read before is nobody's answer"
    assert 8 <= deaths < 200


def test_reader_that_hangs_is_overtaken_after_two_seconds(key: Key) -> None:
    """A server that is silent to one connection blinds one bot, not all of the key (behaviour 11.3)."""
    slow, quick = key.bot(), key.bot()
    times: list[float] = []

    def hang() -> None:
        key.server.latency = 7.0
        slow.read()

    def go_on() -> None:
        key.clock.sleep_until(START + 0.5)
        key.server.latency = LATENCY
        for _ in range(4):
            quick.read()
            times.append(key.clock.monotonic())

    key.play(hang, go_on)
    assert times == pytest.approx([START + 2.04, START + 3.08, START + 4.12, START + 5.16], abs=0.05)


def test_late_answer_does_not_replace_a_newer_one(key: Key) -> None:
    """Who hung for seven seconds has an old book; whoever asks then gets a new one."""
    slow, quick, third = key.bot(), key.bot(), key.bot()
    found: list[int] = []

    def hang() -> None:
        key.server.latency = 7.0
        slow.read()

    def overtake() -> None:
        key.clock.sleep_until(START + 0.5)
        key.server.latency = LATENCY
        quick.read()

    def ask_late() -> None:
        key.clock.sleep_until(START + 6.9)
        found.extend(third.read())

    key.play(hang, overtake, ask_late)
    assert found == [3]


@pytest.mark.parametrize("kind", [Bot.read, Bot.history])
@pytest.mark.parametrize("hangs_until", [START + 7.0 + each / 10 for each in range(11)])
def test_who_follows_one_that_hung_waits_for_those_that_overtook_it(
    key: Key, hangs_until: float, kind: Callable[[Bot], object]
) -> None:
    """Their turns stand in other files, and the key's limit counts them all (behaviour 11.3)."""
    slow, quick, third, fourth = (key.bot() for _ in range(4))

    def hang() -> None:
        key.server.latency = hangs_until - START
        slow.read()

    def go_on(read: Callable[[], object], begin: float) -> None:
        key.clock.sleep_until(begin)
        key.server.latency = LATENCY
        while True:
            read()

    key.play(
        hang,
        lambda: go_on(quick.read, START + 0.5),
        lambda: go_on(third.history, START + 0.6),
        lambda: go_on(lambda: kind(fourth), hangs_until + 0.001),
        secs=20.0,
    )
    gaps = [later - earlier for earlier, later in zip(key.server.asked, key.server.asked[1:], strict=False)]
    assert min(gaps) >= 1.0 + LATENCY - 1e-9
    assert len(gaps) > 12, "and nobody waits for longer than that"


def test_holder_that_stands_still_with_the_lock_is_overtaken(key: Key) -> None:
    """A process that was stopped between taking the lock and asking blocks the others for two seconds."""
    stopped, bot = key.bot(), key.bot()
    assert stopped.process.file(FILE).try_lock()
    key.play(bot.read)
    assert bot.seen == pytest.approx([START + 2.0 + LATENCY], abs=0.05)


def test_read_without_a_turn_gives_up_after_ten_seconds(key: Key) -> None:
    """Everybody hangs: the cycle goes on with the other accounts (behaviour 4.4 tells the operator)."""
    for number in range(8):
        key.memory.process().file(f"{FILE}{number or ''}").try_lock()
    bot = key.bot()

    def read() -> None:
        with pytest.raises(BrokerUnavailable, match="no turn within 10 s"):
            bot.read()

    key.play(read)
    assert key.stage.now - START == pytest.approx(10.0, abs=0.1)
    assert key.server.asked == []


@pytest.mark.parametrize("content", [b"", bytes(300), b"{" * 300, b"[1]", b"\xff" * 4000], ids=len)
def test_damaged_file_delays_nobody_and_is_mended(key: Key, content: bytes) -> None:
    """Nothing in such a file is worth waiting for; the next answer is shared again."""
    key.memory.files[FILE] = bytearray(content)
    first, second = key.bot(), key.bot()
    key.play(first.read)
    assert second.read(since=START - 1.0) == [1]


def test_damaged_book_behind_a_good_record_is_read_anew(key: Key) -> None:
    """A wrong book costs money: what does not add up is nobody's answer."""
    first, second = key.bot(), key.bot()
    key.play(first.read)
    key.memory.files[FILE][-1] ^= 1
    found: list[int] = []
    key.play(lambda: found.extend(second.read(since=START - 1.0)))
    assert found == [2]


def test_book_of_another_boot_is_read_anew(key: Key) -> None:
    """After a reboot the clock begins anew, and yesterday's instants look like today's."""
    first = key.bot()
    key.play(first.read)
    key.memory.boot_id = "the next boot"
    found: list[int] = []
    key.play(lambda: found.extend(key.bot().read(since=START - 1.0)))
    assert found == [2]


def test_bot_that_can_not_use_the_files_keeps_the_limit_alone(key: Key, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk, or another user's files: said once, and the reads go on a second apart (behaviour 11.3)."""
    bot = key.bot()
    bot.process.broken = errno.EACCES
    with caplog.at_level(logging.INFO):
        key.play(lambda: [bot.read() for _ in range(3)])
        assert key.server.asked == pytest.approx([START, START + 1.04, START + 2.08])
        bot.process.broken = 0
        key.play(bot.read)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "key.book can't be used" in said[0]
    assert "again" in said[1]


def test_disk_that_fills_while_a_book_is_read_loses_no_book(key: Key) -> None:
    """The answer is there, whatever becomes of the file."""
    bot = key.bot()

    def fill() -> None:
        key.clock.sleep_until(START + 0.02)
        bot.process.broken = errno.ENOSPC

    found: list[int] = []
    key.play(lambda: found.extend(bot.read()), fill)
    assert found == [1]


def test_history_takes_the_next_turn_and_books_the_one_after(key: Key) -> None:
    """Ten bots want books and two want histories: they alternate, and neither starves (behaviour 4.4)."""
    order: list[str] = []
    bots = [key.bot() for _ in range(12)]

    def books(bot: Bot) -> None:
        while True:
            asked = len(key.server.asked)
            bot.read()
            if len(key.server.asked) > asked:
                order.append("book")

    def histories(bot: Bot) -> None:
        key.clock.sleep_until(START + 0.5)
        while True:
            bot.history()
            order.append("history")

    key.play(
        *[lambda bot=bot: books(bot) for bot in bots[:10]],
        *[lambda bot=bot: histories(bot) for bot in bots[10:]],
        secs=21.0,
    )
    kinds = [what for number, what in enumerate(order) if not number or order[number - 1] != what or what == "history"]
    assert kinds.count("history") >= 9
    assert "history history" not in " ".join(kinds)
    for bot in bots[:10]:
        assert max(later - earlier for earlier, later in zip(bot.seen, bot.seen[1:], strict=False)) <= 2.2


def test_histories_leave_the_book_that_was_read(key: Key) -> None:
    """Its turn goes over the record, not over the rows behind it."""
    first, second = key.bot(), key.bot()
    key.play(lambda: (first.read(), first.history()))
    assert second.read(since=START - 1.0) == [1]


def test_ten_bots_see_every_book_within_two_seconds_and_none_is_refused(key: Key) -> None:
    """Behaviour 11.3, over two virtual minutes with jitter in the server's answers and in the bots' cycles."""
    bots = [key.bot() for _ in range(10)]

    def live(bot: Bot, number: int) -> None:
        key.clock.sleep_until(START + 0.37 * number)
        while True:
            began = key.clock.monotonic()
            key.server.latency = 0.02 + 0.005 * ((number + len(bot.seen)) % 7)
            bot.read()
            key.clock.sleep_until(max(key.clock.monotonic() + 0.003 * (number % 5), began + 1.0))

    key.play(*[lambda bot=bot, number=number: live(bot, number) for number, bot in enumerate(bots)], secs=120.0)
    gaps = [later - earlier for earlier, later in zip(key.server.answered, key.server.asked[1:], strict=False)]
    assert min(gaps) >= 1.0 - 1e-9
    assert len(key.server.asked) > 110, "and the key's limit is used"
    for bot in bots:
        assert max(later - earlier for earlier, later in zip(bot.seen, bot.seen[1:], strict=False)) <= 2.0
