"""A whole bot on hand-driven ports, recorded: what it saw and sent is on disk, and recording never touches trading."""

from __future__ import annotations

import errno
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.recorded_bench import RecordedBench
from tests.support.told import an_event
from tg1.errors import BrokerUnavailable, InvariantBroken
from tg1.models import OrderStatus, OrderType, Role, Side
from tg1.record.reading import read_day, recorded_days
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.models import TradeSide


@pytest.fixture
def bench(tmp_path: Path) -> RecordedBench:
    """The example's bot, recorded."""
    return RecordedBench(tmp_path / "state")


def test_a_record_tells_a_day_from_its_start_to_its_end(bench: RecordedBench) -> None:
    """The state as the first cycle found it; prices, orders with their terms, rows of the book, the end."""
    bench.begin()
    bench.cycle()
    bench.tick("IRFC", 49.0)
    bench.clock.advance(0.25)
    bench.trade(IRFC="49.00")
    bench.cycle()
    bench.clock.stopping = True
    bench.recorder.end("Stopped: by signal", 0, bench.clock.now())
    (run,) = bench.runs()
    assert run.begun.tg1 == "1.2.3"
    assert run.begun.tick_sizes == {"IRFC": Decimal("0.05"), "SBIN": Decimal("0.05")}
    assert run.begun.accounts == ("trade", "upside_oco", "downside_oco")
    assert [level.order for level in run.begun.state.levels.values()] == [None] * 4
    first, second = run.cycles
    assert (first.price_a, first.price_b, first.ticks) == (Decimal("50.00"), Decimal("120.50"), ())
    assert [(one.request.side, one.request.limit_price) for one in first.sent] == [
        (Side.BUY, Decimal("49.00")),
        (Side.SELL, Decimal("51.00")),
    ]
    assert all(one.order_id and not one.fault for one in first.sent)
    (tick,) = second.ticks
    assert (tick.symbol, tick.price, tick.before_us) == ("IRFC", Decimal("49.0"), 250_000)
    fill = next(row for row in second.rows if row.filled)
    assert (fill.client_id, fill.status, fill.average) == (
        first.sent[0].request.client_id,
        OrderStatus.FILLED,
        Decimal("49.00"),
    )
    hedge = next(one.request for one in second.sent if one.request.symbol == "SBIN")
    assert (hedge.order_type, hedge.side, hedge.trigger_price) == (OrderType.STOPLIMIT, Side.SELL, Decimal("118.50"))
    assert (run.ended and run.ended.why, run.ended and run.ended.exit_code) == ("Stopped: by signal", 0)


def test_stale_prices_unreadable_books_and_refusals_are_in_it_without_secrets(bench: RecordedBench) -> None:
    """Each is a reason for which the day may have gone otherwise than its prices say (behaviour 16: no secret)."""
    bench.begin()
    bench.cycle()
    del bench.feed.prices["SBIN"]
    bench.recorder.told([an_event(1, kind=EventKind.PRICE_STALE), an_event(2, kind=EventKind.FILL)])
    bench.noting._broker = _Refusing()  # type: ignore[assignment]
    bench.engine.client = bench.noting
    bench.cycle()
    (run,) = bench.runs()
    cycle = run.cycles[-1]
    assert (cycle.price_a, cycle.price_b) == (Decimal("50.00"), None)
    assert cycle.unread == {"trade": "the token [redacted] is dead"}
    assert [event.kind for event in cycle.events] == [EventKind.PRICE_STALE]


class _Refusing:
    accounts = ("trade", "upside_oco", "downside_oco")

    def account_of(self, *_: object) -> str:
        return "trade"

    def order_book(self, *_: object, **__: object) -> None:
        raise BrokerUnavailable("the token hunter2 is dead")


def test_order_calls_that_failed_are_in_it_with_what_the_server_said(bench: RecordedBench) -> None:
    """An order that nobody knows of has no number; a cancel that was refused has cancelled nothing."""
    bench.begin()
    bench.broker.answers.extend(["unknown-lost", "ok"])
    bench.cycle(2)
    bench.broker.cancels.extend(["refused"] * 2)
    bench.state.paused_sides.append(Side.SELL)
    bench.cycle()
    (run,) = bench.runs()
    assert [(one.order_id, one.fault) for one in run.cycles[0].sent] == [("", "no answer"), ("1210000001", "")]
    (asked, *_) = [one for cycle in run.cycles for one in cycle.asked]
    assert asked.fault == f"cannot cancel {asked.client_id}"


def test_another_bots_orders_are_not_in_it(bench: RecordedBench) -> None:
    """An account's book shows everybody's."""
    bench.begin()
    bench.cycle()
    (mine, *_) = bench.broker.working()
    bench.broker.add("trade", replace(mine.request, client_id="BYHAND"), foreign=True)
    bench.cycle()
    (run,) = bench.runs()
    assert {row.client_id for cycle in run.cycles for row in cycle.rows} == {
        one.request.client_id for one in run.cycles[0].sent
    }


def test_a_restart_goes_on_in_the_same_file_from_where_it_stands(bench: RecordedBench) -> None:
    """Its start has the orders that work."""
    bench.begin()
    bench.cycle(2)
    bench.begin()
    bench.cycle()
    first, second = bench.runs()
    assert (len(first.cycles), len(second.cycles)) == (2, 1)
    working = [order.client_id for level in second.begun.state.levels.values() for order in level.orders]
    assert sorted(working) == sorted(one.request.client_id for cycle in first.cycles for one in cycle.sent)


def test_what_a_start_did_before_its_first_cycle_is_in_the_state_that_it_found(bench: RecordedBench) -> None:
    """A cancel of an orphan and prices of the morning are no deed of that cycle; the orders' last words are."""
    bench.begin()
    bench.cycle()
    mine = bench.broker.working()[0].request
    bench.broker.add("trade", replace(mine, client_id=f"{mine.client_id[:5]}AAAD01E0009"))
    bench.begin()
    assert len(bench.broker.cancelled) == 1
    bench.tick("IRFC", 49.0)
    bench.cycle()
    first = bench.runs()[1].cycles[0]
    assert (first.asked, first.ticks) == ((), ())
    assert {row.status for row in first.rows} == {OrderStatus.WORKING, OrderStatus.CANCELLED}


def test_prices_that_a_hung_bot_hears_are_bounded(bench: RecordedBench) -> None:
    """The newest are kept: a morning of ticks must not fill the memory of a bot that does not cycle."""
    bench.begin()
    bench.cycle()
    for number in range(5010):
        bench.tick("IRFC", 49.0 if number < 10 else 51.0)
    bench.cycle()
    ticks = bench.runs()[0].cycles[1].ticks
    assert (len(ticks), {str(tick.price) for tick in ticks}) == (5000, {"51.0"})


def test_a_fault_of_recording_costs_a_line_in_the_log_and_no_cycle(
    bench: RecordedBench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in it is said once."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    bench.begin()
    monkeypatch.setattr(bench.disk, "write", fail)
    bench.cycle(5)
    assert len(bench.broker.working()) == 4
    assert caplog.text.count("The bot can't record its day; it trades on") == 1


def test_after_a_gap_the_record_begins_anew(bench: RecordedBench) -> None:
    """Without what was lost, the cycles that follow could not be replayed from the old start."""
    bench.begin()
    bench.cycle(2)
    bench.disk._has_gap = True
    bench.cycle(2)
    assert [len(run.cycles) for run in bench.runs()] == [2, 2]


def test_another_day_is_another_file_that_begins_with_a_start(bench: RecordedBench) -> None:
    """A bot that keeps its positions over night runs on."""
    bench.begin()
    bench.cycle(2)
    bench.broker.orders.clear()
    bench.clock.advance(24 * 3600)
    bench.cycle(2)
    assert bench.disk.flush(30)
    first, second = recorded_days(bench.paths).items()
    assert [len(run.cycles) for run in read_day(*first).runs] == [2]
    (run,) = read_day(*second).runs
    assert [cycle.at.date() for cycle in run.cycles] == [second[0]] * 2
    assert run.begun.state.trading_day == second[0]


def test_a_bot_that_crashes_leaves_what_it_had_seen(bench: RecordedBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record is closed without an end."""

    def crash(_moment: object) -> None:
        raise RuntimeError("a bug")

    engine = bench.engine
    monkeypatch.setattr(engine._price_watch, "look", crash)
    with pytest.raises(RuntimeError, match="a bug"):
        engine.start()
    (run,) = bench.runs()
    assert ([cycle.price_a for cycle in run.cycles], run.ended) == ([Decimal("50.00")], None)


def test_a_bot_without_hedges_is_recorded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no OCO account, and the real accounts refuse to name one."""
    bench = RecordedBench(tmp_path / "state", trade_type="buyts")

    def account_of(role: Role, _trade_side: TradeSide) -> str:
        if role is Role.OCO:
            raise InvariantBroken("there is no OCO account")
        return "trade"

    monkeypatch.setattr(bench.broker, "account_of", account_of)
    bench.begin()
    bench.cycle()
    (run,) = bench.runs()
    assert run.begun.accounts == ("trade", "trade", "trade")
    assert [one.request.limit_price for one in run.cycles[0].sent] == [Decimal("49.00")]


def test_the_cycle_that_ends_the_bot_is_told_by_the_moment_that_it_decided_on(bench: RecordedBench) -> None:
    """The end looks at the clock again until everything is cancelled, a second and more later."""
    bench.begin()
    bench.cycle(3)
    decided = bench.clock.now()
    bench.state.upside_oco_net_count = 2
    assert bench.cycle() is not None
    assert bench.clock.now() > decided
    (run,) = bench.runs()
    assert run.cycles[-1].at == decided
    assert len(run.cycles[-1].asked) == 4
