"""What a bot tells while it runs: its snapshot after each cycle, its events, and systemd's pings."""

from __future__ import annotations

import errno
import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.telling import TellingBench, telling_benches
from tg1.errors import BrokerUnavailable, ExitCode, InvariantBroken, StateError
from tg1.models import Attention, OrderStatus, Side, TradeSide, Wish
from tg1.told.event_tail import EventTail
from tg1.told.events import EventKind
from tg1.told.looks import told_held
from tg1.told.snapshot import Phase, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


UP, DOWN = TradeSide.UPSIDE, TradeSide.DOWNSIDE
NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def make_telling(tmp_path: Path) -> Iterator[Callable[..., TellingBench]]:
    """Benches whose bot tells."""
    yield from telling_benches(tmp_path / "state")


def begun(bench: TellingBench, cycles: int) -> TellingBench:
    """A bot after so many cycles, whose events up to here were read."""
    bench.begin()
    bench.cycle(cycles)
    bench.events()
    return bench


def test_snapshot_shows_levels_orders_and_money_after_a_fill(make_telling: Callable[..., TellingBench]) -> None:
    """The buyer of 100 shares sees them, their target, their hedge, and what they are worth net of charges."""
    bench = make_telling()
    bench.begin()
    bench.cycle(3)
    bench.trade(IRFC="48.95")
    bench.cycle(2)
    told = bench.snapshot
    assert (told.phase, told.cycle, str(told.status)) == (Phase.TRADING, 5, "Active")
    bought = next(level for level in told.levels if level.name == "B1")
    assert (bought.state, bought.open_quantity, bought.hedge_price) == ("TARGET_PLACED", 100, Decimal("118.50"))
    assert (bought.hedge_quantity, bought.hedge_filled, bought.hedge_state) == (50, 0, "works")
    placed = {(order.level, order.role, order.side, order.limit_price) for order in told.orders}
    assert ("B1", "target", Side.SELL, Decimal("49.50")) in placed
    money = told.money
    assert money is not None
    assert money.net == money.realised + (money.open_a or 0) + (money.open_b or 0) - money.charges
    assert money.charges > 0
    assert [(held.account, held.quantity) for held in told.positions] == [("trade", 100)]
    assert (told.bought_quantity, told.sold_quantity, told.max_quantity) == (100, 0, 200)
    assert [(price.symbol, price.stale) for price in told.prices] == [("IRFC", False), ("SBIN", False)]


def test_accounts_tell_what_is_expected_and_what_is_seen(make_telling: Callable[..., TellingBench]) -> None:
    """Four entries are expected; a blank book shows none of them and says so, and its age grows."""
    bench = make_telling()
    bench.begin()
    bench.cycle(4)
    trade = bench.snapshot.accounts[0]
    assert (trade.name, trade.orders_expected, trade.orders_seen, trade.is_blank) == ("trade", 4, 4, False)
    bench.broker.empty_books.add("trade")
    bench.cycle(5)
    trade = bench.snapshot.accounts[0]
    assert (trade.orders_seen, trade.is_blank) == (0, True)
    assert trade.good_age_secs == pytest.approx(5.0)


def test_each_event_of_a_round_trip_is_told_once(make_telling: Callable[..., TellingBench]) -> None:
    """Placed, filled at its price, hedged, closed, and what it earned net."""
    bench = make_telling(trade_type="buyts", steps=1)
    bench.begin()
    bench.cycle(2)
    assert bench.kinds() == [EventKind.TRADING, EventKind.PLACED]
    bench.trade(IRFC="49.00")
    bench.cycle()
    fill, target = bench.events()
    assert (fill.kind, fill.text) == (EventKind.FILL, "entry of B1 filled: bought 100 IRFC at 49.00")
    assert (fill.role, fill.side, fill.quantity, fill.price) == ("entry", Side.BUY, 100, Decimal("49.00"))
    assert (target.kind, target.text) == (EventKind.PLACED, "target of B1 placed: SELL 100 IRFC at 49.50")
    bench.trade(IRFC="49.50")
    bench.cycle()
    told = bench.events()
    assert [event.kind for event in told] == [EventKind.FILL, EventKind.PLACED, EventKind.ROUND_TRIP]
    assert told[0].text == "target of B1 filled: sold 100 IRFC at 49.50"
    assert told[2].net == bench.state.order_history[-1].net_pnl.quantize(Decimal("0.01"))
    bench.cycle(3)
    assert bench.kinds() == []


def test_partial_fills_are_told_one_by_one(make_telling: Callable[..., TellingBench]) -> None:
    """Forty, then sixty: two fills, never one of a hundred."""
    bench = begun(make_telling(trade_type="buyts", steps=1), 2)
    order = bench.broker.working_at(Side.BUY, "49.00").order_id
    bench.broker.fill(order, 40, "49.00")
    bench.cycle()
    bench.broker.fill(order, 60, "48.90")
    bench.cycle()
    fills = [event for event in bench.events() if event.kind is EventKind.FILL]
    assert [(event.quantity, event.price) for event in fills] == [(40, Decimal("49.00")), (60, Decimal("48.90"))]


def test_rejections_cancels_and_refusals_are_told_with_the_brokers_words(
    make_telling: Callable[..., TellingBench],
) -> None:
    """In the book later, or in the answer to the order itself."""
    bench = make_telling(trade_type="buyts", steps=1)
    bench.begin()
    bench.broker.answers.append("refused")
    bench.cycle()
    refused = bench.events()[-1]
    assert refused.kind is EventKind.REJECTED
    assert bench.level(DOWN).backoff.reason in refused.text
    bench.cycle(3)
    bench.events()
    bench.broker.end(bench.broker.working_at(Side.BUY, "49.00").order_id, OrderStatus.REJECTED, "RMS: no margin")
    bench.cycle()
    rejected = bench.events()[0]
    assert (rejected.kind, rejected.level) == (EventKind.REJECTED, "B1")
    assert "RMS: no margin" in rejected.text


def test_an_operators_pause_is_told_and_its_cancels_are_no_rejections(
    make_telling: Callable[..., TellingBench],
) -> None:
    """In the snapshot with the id of his wish, which acknowledges it."""
    bench = begun(make_telling(), 3)

    class Wishes:
        def latest(self) -> Wish:
            return Wish(id="w1", paused=frozenset({Side.BUY}))

    bench.engine._parts.wishes = Wishes()
    bench.cycle(2)
    assert set(bench.kinds()) == {EventKind.PAUSED, EventKind.CANCELLED}
    assert (bench.snapshot.paused, bench.snapshot.pause_seen) == ((Side.BUY,), "w1")
    assert [level.paused for level in bench.snapshot.levels] == [False, False, True, True]


def test_stale_prices_blind_accounts_and_attention_are_told_with_their_ends(
    make_telling: Callable[..., TellingBench],
) -> None:
    """Whoever follows the events knows what lasts."""
    bench = begun(make_telling(), 4)
    bench.feed.stale.add("SBIN")
    bench.broker.broken_books.add("trade")
    bench.cycle(40)
    beginnings = {(event.kind, event.symbol or event.account or event.key) for event in bench.events()}
    assert (EventKind.PRICE_STALE, "SBIN") in beginnings
    assert (EventKind.ACCOUNT_BLIND, "trade") in beginnings
    assert (EventKind.ATTENTION, "blind trade") in beginnings
    bench.feed.stale.clear()
    bench.broker.broken_books.clear()
    bench.cycle(2)
    over = {(event.kind, event.symbol or event.account or event.key) for event in bench.events()}
    assert over >= {
        (EventKind.PRICE_FRESH, "SBIN"),
        (EventKind.ACCOUNT_SEEN, "trade"),
        (EventKind.ATTENTION_OVER, "blind trade"),
    }


def test_a_passed_hedge_is_told_when_its_price_is_reached(make_telling: Callable[..., TellingBench]) -> None:
    """Before the alarm of the engine, which waits five seconds."""
    bench = make_telling()
    bench.begin()
    bench.cycle(3)
    bench.trade(IRFC="48.95")
    bench.cycle(2)
    bench.events()
    bench.feed.prices["SBIN"] = Decimal("118.00")
    bench.cycle()
    assert EventKind.HEDGE_PASSED in bench.kinds()


def test_a_restart_tells_what_filled_meanwhile_and_not_what_was_placed_before(
    make_telling: Callable[..., TellingBench],
) -> None:
    """A new run of the same bot, with a number of its own for each event."""
    bench = begun(make_telling(), 4)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.begin()
    bench.cycle()
    told = bench.events()
    assert [event.kind for event in told[:2]] == [EventKind.TRADING, EventKind.FILL]
    assert {event.level for event in told if event.kind is EventKind.PLACED} == {"B1"}


def test_a_full_disk_never_touches_trading_and_is_said_once(
    make_telling: Callable[..., TellingBench], caplog: pytest.LogCaptureFixture
) -> None:
    """Cycles go on and orders go out; once there is room again, no event is missing."""
    bench = make_telling()
    bench.begin()
    bench.files.fault = NO_SPACE
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            bench.cycle()
            bench.settle()
    assert len(bench.broker.working("trade")) == 4
    said = [record.getMessage() for record in caplog.records if "can't be written" in record.getMessage()]
    assert said == [
        "The bot's snapshot can't be written: No space left on device; trading goes on",
        "The bot's events can't be written: No space left on device; trading goes on",
    ]
    bench.files.fault = None
    bench.cycle()
    assert bench.kinds() == [EventKind.TRADING, *[EventKind.PLACED] * 4]
    assert bench.snapshot.cycle == 6


def test_a_bug_in_telling_costs_a_line_in_the_log_and_no_cycle(
    make_telling: Callable[..., TellingBench], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telling is not trading."""
    bench = make_telling()
    bench.begin()
    monkeypatch.setattr(bench.teller._portrait, "of", lambda *_: 1 / 0)
    assert bench.cycle(4) is None
    assert len(bench.broker.working("trade")) == 4
    assert sum("can't tell how it is" in record.getMessage() for record in caplog.records) == 1


def _live(bench: TellingBench, cycles: int = 3, then: Callable[[], None] = lambda: None) -> ExitCode:
    """Start the bot as `tg1.run` does and end it by a signal after so many cycles."""
    cycle = bench.engine._poll_cycle
    left = iter(range(cycles))

    def counted() -> ExitCode | None:
        if next(left, None) is None:
            then()
            bench.clock.stopping = True
        return cycle()

    bench.engine._poll_cycle = counted  # type: ignore[method-assign]
    return bench.teller.tell_of(bench.engine.start)


def test_a_whole_life_begins_with_started_and_ends_with_its_reason(make_telling: Callable[..., TellingBench]) -> None:
    """The last snapshot stays and says how it ended."""
    bench = make_telling()
    assert _live(bench) == ExitCode.OK
    kinds = bench.kinds()
    assert (kinds[0], kinds[-1]) == (EventKind.STARTED, EventKind.STOPPED)
    summary = EventTail(bench.paths).new()[-1]
    assert summary.text == "Stopped: by signal. Net 0.00 (realised 0.00, open 0.00, charges 0.00). Nothing is held"
    assert summary.net == 0
    told = bench.snapshot
    assert (told.phase, str(told.status)) == (Phase.ENDED, "Stopped: by signal")
    assert told.end is not None
    assert (told.end.exit_code, told.end.is_crash) == (0, False)


def test_a_crash_is_told_without_secrets(make_telling: Callable[..., TellingBench]) -> None:
    """Behaviour 16 holds for what a bot tells as well."""
    bench = make_telling()

    def crash() -> None:
        raise InvariantBroken("the level B1 contradicts hunter2")

    with pytest.raises(InvariantBroken):
        _live(bench, then=crash)
    assert bench.events()[-1].kind is EventKind.CRASHED
    end = bench.snapshot.end
    assert end is not None
    assert (end.is_crash, end.why) == (True, "the level B1 contradicts [redacted]")


def test_a_refused_start_is_told(make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch) -> None:
    """No crash, and no exit in silence."""
    bench = make_telling()

    def refuse() -> None:
        raise BrokerUnavailable("no connection to the server")

    monkeypatch.setattr(bench.broker, "connect", refuse)
    with pytest.raises(BrokerUnavailable):
        bench.teller.tell_of(bench.engine.start)
    assert bench.kinds() == [EventKind.STARTED, EventKind.REFUSED]
    end = bench.snapshot.end
    assert end is not None
    assert (end.exit_code, end.is_crash) == (4, False)


def test_terminated_is_told_with_the_reason(make_telling: Callable[..., TellingBench]) -> None:
    """The end that needs a person most."""
    bench = make_telling()

    def hedge_everything() -> None:
        bench.state.downside_oco_net_count = 2

    assert _live(bench, then=hedge_everything) == ExitCode.TERMINATED
    last = bench.events()[-1]
    assert last.kind is EventKind.TERMINATED
    assert "OCO imbalance" in last.text
    assert bench.snapshot.status.kind == "Terminated"


# -- systemd -----------------------------------------------------------------------------------------------------------


def _said(bench: TellingBench) -> list[str]:
    said = [line.partition("=")[0] for lines in bench.sent for line in lines]
    bench.sent.clear()
    return [line for line in said if line != "STATUS"]


def test_ready_comes_with_the_first_good_cycle_and_each_good_cycle_pings(
    make_telling: Callable[..., TellingBench],
) -> None:
    """Not with the process, not with the login: with a cycle that read and saved."""
    bench = make_telling()
    bench.begin()
    assert "READY" not in _said(bench)
    bench.cycle(3)
    assert _said(bench) == ["READY", "WATCHDOG", "WATCHDOG", "WATCHDOG"]


@pytest.mark.parametrize("fault", ["unreadable", "blank", "unsaved"])
def test_a_blind_bot_and_one_that_cannot_save_are_not_pinged(
    make_telling: Callable[..., TellingBench], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freqtrade pings before it looks; a ping here proves the whole cycle. It comes back with the sight."""
    bench = make_telling()
    bench.begin()
    bench.cycle(4)
    _said(bench)

    def fail(*_: object) -> None:
        raise NO_SPACE

    with monkeypatch.context() as patch:
        if fault == "unsaved":
            patch.setattr(bench.fs, "write_synced", fail)
            bench.state.total_pnl += 1
        elif fault == "blank":
            bench.broker.empty_books.add("trade")
        else:
            bench.broker.broken_books.add("trade")
        bench.cycle(4)
        assert _said(bench) == []
    bench.broker.empty_books.clear()
    bench.broker.broken_books.clear()
    bench.cycle(2)
    assert _said(bench)[-1] == "WATCHDOG"


def test_stale_prices_do_not_stop_the_pings(make_telling: Callable[..., TellingBench]) -> None:
    """The bot sees its orders and places nothing on an old price; a restart would mend nothing."""
    bench = make_telling()
    bench.begin()
    bench.cycle(2)
    _said(bench)
    bench.feed.stale.update({"IRFC", "SBIN"})
    bench.cycle(3)
    assert _said(bench) == ["WATCHDOG"] * 3


def test_a_bot_that_waits_for_the_open_is_ready_and_alive(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 08:00 to 09:15 it is waiting, not hung: every second a sign of life, with the accounts logged in."""
    bench = make_telling()
    bench.clock.wall = bench.clock.wall.replace(hour=9, minute=14)
    seen: list[tuple[Phase, str]] = []
    show = bench.teller.disk.show

    def look_and_show(snapshot: Snapshot) -> None:
        seen.append((snapshot.phase, snapshot.waits_for))
        show(snapshot)

    monkeypatch.setattr(bench.teller.disk, "show", look_and_show)
    _live(bench)
    assert (Phase.WAITING, "the market's open at 09:15") in seen
    said = _said(bench)
    assert said.index("READY") < said.index("WATCHDOG")
    assert said.count("WATCHDOG") >= 50
    assert said[-1] == "STOPPING"


def test_a_start_keeps_what_waits_for_a_person(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 6.5: for half an hour before the open nobody may take an unhedged bot for one that needs nobody."""
    bench = make_telling()
    bench.begin().cycle(2)
    entry = Attention(key="both-filled", text="sell 50 SBIN by hand", at=bench.clock.wall.isoformat())
    bench.state.attention.append(entry)
    bench.store.save(bench.clock.wall)
    bench.clock.wall = bench.clock.wall.replace(hour=9, minute=14)
    bench.engine = bench._engine()
    shown: list[Snapshot] = []
    monkeypatch.setattr(bench.teller.disk, "show", shown.append)
    _live(bench)
    waiting = [snapshot for snapshot in shown if snapshot.phase is Phase.WAITING]
    assert waiting
    assert {snapshot.attention for snapshot in waiting} == {(entry,)}
    assert told_held(waiting[0]).startswith("nothing, as of "), "by its saved state"


def test_a_login_that_backs_off_for_long_extends_the_start(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not ready, and it is not hung: systemd's patience is renewed as long as the bot lives."""
    bench = make_telling()
    monkeypatch.setattr(bench.broker, "connect", lambda: bench.beating.sleep_until(bench.clock.monotonic() + 300))
    _live(bench)
    said = _said(bench)
    assert said[: said.index("READY")].count("EXTEND_TIMEOUT_USEC") >= 250


def test_between_cycles_nothing_is_told(make_telling: Callable[..., TellingBench]) -> None:
    """A beat during the second between two cycles would hide that no cycle comes any more."""
    bench = make_telling()
    bench.begin()
    bench.cycle(2)
    bench.settle()
    before = bench.paths.snapshot.read_bytes()
    _said(bench)
    bench.beating.wait_until(bench.clock.monotonic() + 600)
    bench.settle()
    assert bench.paths.snapshot.read_bytes() == before
    assert _said(bench) == []


def test_status_line_is_sent_only_when_it_changes(make_telling: Callable[..., TellingBench]) -> None:
    """`systemctl status` shows one line; the log of the manager is not filled."""
    bench = make_telling()
    bench.begin()
    bench.cycle()
    status = [line for lines in bench.sent for line in lines if line.startswith("STATUS=")]
    assert status[-1].startswith("STATUS=Active | net")


def test_events_file_is_begun_anew_before_it_grows_without_bound(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One old file is kept."""
    monkeypatch.setattr("tg1.told.disk.MOST_BYTES", 1000)
    bench = make_telling()
    bench.begin()
    for _ in range(6):
        bench.cycle()
        bench.settle()
    assert bench.paths.old_events.exists()
    assert not bench.paths.events.exists() or bench.paths.events.stat().st_size <= 1000
    assert json.loads(bench.paths.old_events.read_bytes().splitlines()[0])["seq"] >= 1


def test_a_state_that_is_refused_is_told_as_a_refusal(make_telling: Callable[..., TellingBench]) -> None:
    """Exit 5 leaves a word for `tg1 status` as well."""
    bench = make_telling()
    bench.store.paths.state.write_text("{")
    with pytest.raises(StateError):
        bench.teller.tell_of(bench.engine.start)
    assert bench.kinds()[-1] is EventKind.REFUSED


def test_a_fault_of_what_only_tells_costs_no_ping(
    make_telling: Callable[..., TellingBench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A cycle that read and saved is a sign of life, or systemd would end a bot that trades well."""

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr("tg1.told.portrait.Portrait.of", broken)
    bench = make_telling()
    bench.begin()
    bench.cycle(3)
    pings = [lines for lines in bench.sent if "WATCHDOG=1" in lines]
    assert len(pings) == 3
    assert len([each for each in caplog.records if "can't tell how it is" in each.getMessage()]) == 1
    assert len(bench.broker.working()) == 4
