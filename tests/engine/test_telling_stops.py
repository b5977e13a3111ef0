"""What an emergency stop tells `tg1 status`, `tg1 orders` and `tg1 watch`: true at every moment (behaviour 13)."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import EXAMPLE, DeathError
from tests.support.emergencies import fills_closing_orders, hedged, net, opened
from tests.support.telling import SickFiles, TellingBench, telling_benches
from tg1.config import GridOcoConfig
from tg1.errors import BrokerUnknown, ExitCode
from tg1.machine.lock import Holder
from tg1.models import Attention, OrderRequest, OrderStatus, Role, Side
from tg1.told.disk import ToldDisk, last_snapshot
from tg1.told.edges import BeatingClock
from tg1.told.event_tail import EventTail
from tg1.told.events import EventKind
from tg1.told.found import Found, Saved
from tg1.told.judge import ConcernKind, Instant, Life, judge
from tg1.told.looks import Looked, held_of
from tg1.told.snapshot import Phase, Snapshot, ToldProcess
from tg1.told.stop_teller import CountedAccounts, StopTeller, TellingStore
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all
from tg1.trading.emergency_ports import GivenAccounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "IRFC-SBIN Grid"
COMMAND = "tg1 run --cancel-all --bot-name 'IRFC-SBIN Grid', with the flags that it had"
BLIND = Attention(key="blind trade", text="account trade shows an empty book", at="2026-02-16T10:00:00+05:30")
NAKED = Attention(
    key="both-filled abc",
    text="downside level 1: SELL of 50 SBIN is an unhedged position, close it by hand",
    at="2026-02-16T10:00:00+05:30",
)


@pytest.fixture
def make_telling(tmp_path: Path) -> Iterator[Callable[..., TellingBench]]:
    """Benches whose bot tells."""
    yield from telling_benches(tmp_path / "state")


class Stop:
    """An emergency stop as a process of its own; `shown` is every snapshot that it told."""

    def __init__(self, bench: Any, *, closes: bool = False, answers: Callable[[str], bool] = lambda _: True) -> None:
        self.bench: TellingBench = bench
        bench.settle()
        bench.events()
        clock = self.clock = BeatingClock(bench.clock)
        self.store = TellingStore(bench.fs, bench.folder, NAME, monotonic=bench.clock.monotonic)
        self.store.load()
        self.accounts = CountedAccounts(bench.broker, bench.clock.monotonic)
        self.files = SickFiles()
        self.disk = ToldDisk(bench.paths, bench.paths.snapshot, self.files)
        self.shown: list[Snapshot] = []
        show = self.disk.show

        def note(snapshot: Snapshot) -> None:
            self.shown.append(snapshot)
            show(snapshot)

        self.disk.show = note  # type: ignore[method-assign]
        bench.disks.append(self.disk)
        settings: Any = EXAMPLE
        self.config = GridOcoConfig(**settings)
        self.teller = StopTeller(
            config=self.config,
            command=COMMAND,
            process=ToldProcess(pid=7, birth="8", boot_id="boot-of-the-test"),
            clock=clock,
            broker=self.accounts,
            account_of=GivenAccounts(self.accounts).account_of,
            store=self.store,
            disk=self.disk,
            last=last_snapshot(bench.paths),
            scrub=lambda text: text,
        )
        clock.beat = self.teller.beat
        self.flatten = None
        if closes:
            prices = ClosingPrices(client=self.accounts, feed=bench.feed, clock=clock)
            self.flatten = Flatten(confirm=answers, prices=prices)

    def run(self) -> int:
        return self.teller.tell_of(
            lambda: cancel_all(self.config, self.accounts, self.store, self.clock, flatten=self.flatten)
        )

    def die(self) -> None:
        """Run it; the process is killed on the way."""
        self.teller._guarded(self.teller._begin)
        self.store.tell = lambda: self.teller._guarded(self.teller._look)
        with pytest.raises(DeathError):
            cancel_all(self.config, self.accounts, self.store, self.clock, flatten=self.flatten)


def look(bench: TellingBench, holder: Holder | None = None) -> Looked:
    """What `tg1 status` finds."""
    store = TellingStore(bench.fs, bench.folder, NAME, monotonic=bench.clock.monotonic)
    state = store.load()
    assert state is not None
    saved = Saved(state=state, at=bench.snapshot.written_at)
    found = Found(stem=NAME, folder=bench.folder, holder=holder, snapshot=bench.snapshot, saved=saved)
    at = Instant(now=bench.clock.now(), boot_secs=bench.clock.monotonic(), boot_id="boot-of-the-test")
    return Looked(found=found, judged=judge(found, at))


def held(snapshot: Snapshot) -> dict[tuple[str, str], int]:
    """Signed shares by account and symbol, as told."""
    return {(one.account, one.symbol): one.quantity for one in snapshot.positions if one.quantity}


def test_after_a_square_off_nothing_is_held_and_no_order_works(make_telling: Callable[..., TellingBench]) -> None:
    """The trader who reads "-50 SBIN" and closes it by hand would open a naked position."""
    bench: Any = hedged(make_telling)
    bench.state.attention += [NAKED, BLIND]
    bench.cycle()
    assert held(bench.snapshot) == net(bench) != {}
    fills_closing_orders(bench)
    stop = Stop(bench, closes=True)
    assert stop.run() == ExitCode.OK
    assert net(bench) == {}
    told = bench.snapshot
    assert (told.phase, told.orders, held(told), told.held_at) == (Phase.ENDED, (), {}, None)
    assert str(told.status) == "Terminated: squared off by the operator"
    assert [(one.name, one.orders_expected) for one in told.accounts if one.orders_expected] == []
    assert not any(level.hedge_state == "works" for level in told.levels)
    assert told.end is not None
    assert told.end.exit_code == 0
    one = look(bench)
    assert held_of(one) == "nothing"
    assert [concern.kind for concern in one.judged.concerns] == [ConcernKind.TERMINATED]
    assert all(entry.is_over for entry in told.attention)
    assert any("no SBIN of the bot is held any more" in entry.text for entry in told.attention)


def test_the_closing_orders_and_their_fills_are_told(make_telling: Callable[..., TellingBench]) -> None:
    """`tg1 orders` reads the day's fills off the events."""
    bench: Any = hedged(make_telling)
    fills_closing_orders(bench)
    Stop(bench, closes=True).run()
    events = bench.events()
    assert (events[0].kind, events[-1].kind) == (EventKind.STOPPING, EventKind.STOPPED)
    fills = {(one.account, one.symbol, one.side, one.quantity) for one in events if one.kind is EventKind.FILL}
    assert fills == {("downside_oco", "SBIN", Side.BUY, 50)}
    (sent,) = [one for one in events if one.kind is EventKind.PLACED]
    assert (sent.role, sent.account, sent.quantity) == (Role.CLOSE, "downside_oco", 50)
    assert len({one.id for one in events}) == len(events)


def test_fills_that_won_the_race_are_held_and_told(make_telling: Callable[..., TellingBench]) -> None:
    """A plain stop that sees a fill of the dead bot tells 200 shares, not the 100 that the bot knew."""
    bench: Any = opened(make_telling)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    assert held(bench.snapshot) == {("trade", "IRFC"): 100}
    assert Stop(bench).run() == ExitCode.OK
    told = bench.snapshot
    assert (held(told), told.orders) == ({("trade", "IRFC"): 200}, ())
    assert str(told.status) == "Stopped: cancel all"
    events = bench.events()
    assert [one.quantity for one in events if one.kind is EventKind.FILL] == [100]
    ends = [one.text for one in events if one.kind in (EventKind.CANCELLED, EventKind.REJECTED)]
    assert len(ends) == 4, "two entries, the target and the hedge of B1"
    assert all("cancelled: " in text for text in ends)
    one = look(bench)
    assert (one.judged.life, one.judged.concerns) == (Life.STOPPED, ())
    assert held_of(one) == "Trade +200 IRFC"


def test_it_says_stopping_before_it_has_reached_any_account(make_telling: Callable[..., TellingBench]) -> None:
    """And then which orders may still work, and as of when what is held is known."""
    bench: Any = opened(make_telling)
    seen_at = bench.snapshot.written_at
    bench.clock.advance(9.0)
    stop = Stop(bench)
    stop.run()
    first = stop.shown[0]
    assert (first.phase, first.stop, len(first.orders)) == (Phase.STOPPING, COMMAND, 5)
    assert (first.held_at, held(first)) == (seen_at, {("trade", "IRFC"): 100})
    assert stop.shown[-1].phase is Phase.ENDED
    assert {one.run for one in stop.shown} != {bench.teller._run}


def test_a_square_off_killed_midway_says_that_its_orders_may_work(make_telling: Callable[..., TellingBench]) -> None:
    """`tg1 status` ends with 1 and names the command to repeat; `tg1 orders` lists the closing orders."""
    bench: Any = hedged(make_telling)

    def die(request: OrderRequest) -> None:
        if request.client_id[11] == "X":
            raise DeathError

    bench.broker.after_place = die
    Stop(bench, closes=True).die()
    bench.settle()
    told = bench.snapshot
    assert (told.phase, told.end) == (Phase.STOPPING, None)
    assert [order.role for order in told.orders] == [Role.CLOSE]
    one = look(bench)
    assert one.judged.needs_person
    (why,) = one.why
    assert f"cut off before its end; type it again: {COMMAND}" in why
    assert "may still work" in why


def test_a_plain_stop_killed_midway_says_so_too(make_telling: Callable[..., TellingBench]) -> None:
    """Its cancels were asked for and nobody knows whether they came through."""
    bench: Any = opened(make_telling)

    def die(*_: object) -> None:
        raise DeathError

    stop = Stop(bench)
    bench.broker.cancel_order = die
    stop.die()
    bench.settle()
    one = look(bench)
    assert [concern.kind for concern in one.judged.concerns] == [ConcernKind.FAILED]
    assert COMMAND in one.why[0]
    assert "5 orders of it may still work" in one.why[0]


def test_a_stop_that_could_not_do_all_ends_with_what_to_type(make_telling: Callable[..., TellingBench]) -> None:
    """An account that can't be logged in to keeps its order: it stays in the list."""
    bench: Any = opened(make_telling)
    stop = Stop(bench)
    bench.broker.locked = {"downside_oco"}
    assert stop.run() == ExitCode.FAILED
    told = bench.snapshot
    assert [order.account for order in told.orders] == ["downside_oco"]
    assert told.end is not None
    assert told.end.exit_code == 1
    assert told.held_at is not None, "one account was never seen"
    one = look(bench)
    assert one.judged.needs_person
    assert COMMAND in one.why[0]


def test_what_is_still_held_keeps_its_attention(make_telling: Callable[..., TellingBench]) -> None:
    """A plain stop closes nothing; but a book that it has read is not unseen."""
    bench: Any = hedged(make_telling)
    bench.state.attention += [NAKED, BLIND, replace(BLIND, key="paused abc ENTRY", text="paused")]
    bench.cycle()
    Stop(bench).run()
    told = {entry.key: entry.is_over for entry in bench.snapshot.attention}
    assert told == {NAKED.key: False, BLIND.key: True, "paused abc ENTRY": False}


def test_the_morning_after_tells_no_order_of_yesterday(make_telling: Callable[..., TellingBench]) -> None:
    """Behaviour 9.5: they are gone; what CNC shares it holds is told with its day."""
    bench: Any = opened(make_telling)
    bench.clock.advance(86400.0)
    for order in bench.broker.working():
        order.status = OrderStatus.CANCELLED
    seen_at = bench.snapshot.written_at
    assert Stop(bench).run() == ExitCode.OK
    told = bench.snapshot
    assert (told.orders, told.held_at, held(told)) == ((), seen_at, {("trade", "IRFC"): 100})


def test_a_disk_that_takes_nothing_never_touches_the_stop(
    make_telling: Callable[..., TellingBench], caplog: pytest.LogCaptureFixture
) -> None:
    """Orders do not wait for a folder."""
    bench: Any = opened(make_telling)
    stop = Stop(bench)
    stop.files.fault = OSError(errno.ENOSPC, "No space left on device")
    assert stop.run() == ExitCode.OK
    assert bench.broker.working() == []
    assert "No space left on device" in caplog.text


def test_a_bug_in_telling_never_touches_the_stop(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs one line in the log."""
    bench: Any = opened(make_telling)
    stop = Stop(bench)

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("tg1.told.portrait.Portrait.of", broken)
    assert stop.run() == ExitCode.OK
    assert bench.broker.working() == []
    assert len([one for one in caplog.records if "can't tell tg1 status how it goes" in one.getMessage()]) == 1


def test_a_stop_that_fails_by_an_exception_says_so(make_telling: Callable[..., TellingBench]) -> None:
    """Ctrl-C is one."""
    bench: Any = opened(make_telling)
    stop = Stop(bench)

    def interrupt() -> ExitCode:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop.teller.tell_of(interrupt)
    end = bench.snapshot.end
    assert end is not None
    assert (end.exit_code, end.why) == (1, f"the emergency stop failed: KeyboardInterrupt; type it again: {COMMAND}")
    assert len(bench.snapshot.orders) == 5


def test_a_stop_that_waits_lives_and_is_no_bot_that_hangs(make_telling: Callable[..., TellingBench]) -> None:
    """While the operator reads the question, and while the books are read."""
    bench: Any = hedged(make_telling)
    fills_closing_orders(bench)
    lives: list[tuple[Life, str]] = []

    def answer(_question: str) -> bool:
        stop.teller.wait_for("the operator's answer")
        bench.clock.advance(600.0)
        stop.disk.flush(30.0)
        here = Holder(pid=7, since=bench.clock.now(), host="here")
        one = look(bench, here)
        lives.append((one.judged.life, one.word))
        assert one.why == []
        stop.teller.wait_for("")
        return True

    stop = Stop(bench, closes=True, answers=answer)
    assert stop.run() == ExitCode.OK
    assert set(lives) == {(Life.STOPPING, "stopping")}


def test_an_order_in_doubt_is_in_the_list(make_telling: Callable[..., TellingBench]) -> None:
    """A closing order without an answer may work (behaviour 3.3)."""
    bench: Any = hedged(make_telling)
    stop = Stop(bench, closes=True)
    place = bench.broker.place_order

    def unanswered(account: str, request: OrderRequest) -> str:
        if request.client_id[11] == "X" and not stop_seen:
            stop_seen.append(account)
            raise BrokerUnknown("no answer")
        return str(place(account, request))

    stop_seen: list[str] = []
    bench.broker.place_order = unanswered
    fills_closing_orders(bench)
    stop.run()
    assert any(order.role is Role.CLOSE and not order.order_id for one in stop.shown for order in one.orders)
    assert EventTail(bench.paths).new()[-1].kind is EventKind.STOPPED
