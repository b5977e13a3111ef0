"""How a bot ends: terminated, out of session, stopped, and what a restart makes of it (behaviour 7.3, 12)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import DeathError
from tg1.errors import ExitCode, StateError
from tg1.machine.clock import IST
from tg1.models import Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
MONDAY = datetime(2026, 11, 23, tzinfo=IST)


def at(bench: Bench, clock_time: time, days: int = 0) -> None:
    """Put the wall clock to that time of the Monday, or so many days later."""
    bench.clock.wall = datetime.combine(MONDAY.date() + timedelta(days=days), clock_time, IST)


def hedged_out(bench: Bench, levels: int, **changes: object) -> int | None:
    """BUY entries and their hedges fill, level after level; the last cycle's exit code."""
    bench.begin(**changes).cycle(3)
    code = None
    for number in range(1, levels + 1):
        bench.broker.fill(bench.broker.working_at(Side.BUY, f"{50 - number}.00").order_id)
        bench.cycle()
        bench.broker.fill(bench.broker.working("downside_oco")[0].order_id)
        code = bench.cycle()
    return code


def test_imbalance_terminates_cancels_confirms_and_is_never_resumed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: all accounts, status, exit 3; the next start is refused with exit 5 until `--fresh`."""
    bench = make_bench()
    assert hedged_out(bench, 2) == ExitCode.TERMINATED
    assert bench.broker.working() == []
    assert str(bench.state.bot_status).startswith("Terminated: OCO imbalance — upside_oco=0 downside_oco=2 steps=2")
    with pytest.raises(StateError, match="--fresh") as refusal:
        bench.begin()
    assert refusal.value.exit_code == 5
    bench.begin(fresh=True).cycle()
    assert len(bench.broker.working("trade")) == 2
    assert str(bench.state.bot_status) == "Active"


def test_termination_that_is_not_confirmed_is_gone_on_with_by_the_next_start(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: "Terminating" until the books confirm; a restart cancels on and never trades."""
    bench = make_bench()
    bench.broker.cancels.extend(["ok"] * 2 + ["sent"] * 200)
    assert hedged_out(bench, 2) == ExitCode.TERMINATED
    assert str(bench.state.bot_status).startswith("Terminating: ")
    placed, working = len(bench.broker.placed), len(bench.broker.working())
    assert working > 0
    bench.broker.cancels.clear()
    bench.begin()
    assert bench.code == ExitCode.TERMINATED
    assert bench.broker.working() == []
    assert str(bench.state.bot_status).startswith("Terminated: ")
    assert len(bench.broker.placed) == placed


def test_death_between_terminating_and_terminated_goes_on_terminating(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 3.2: the decision is on disk before the first cancel."""
    bench = make_bench()
    bench.begin().cycle(3)
    bench.state.downside_oco_net_count = 2

    def die(*_args: object) -> None:
        raise DeathError

    cancel, bench.broker.cancel_order = bench.broker.cancel_order, die  # type: ignore[assignment, method-assign]
    with pytest.raises(DeathError):
        bench.cycle()
    bench.broker.cancel_order = cancel  # type: ignore[method-assign]
    bench.begin()
    assert bench.code == ExitCode.TERMINATED
    assert bench.broker.working() == []
    assert str(bench.state.bot_status).startswith("Terminated: ")


def test_termination_left_overnight_is_concluded_the_next_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 9.5: yesterday's orders are gone, nothing is left to cancel, and it never trades again."""
    bench = make_bench()
    bench.broker.cancels.extend(["ok"] * 2 + ["sent"] * 200)
    hedged_out(bench, 2)
    bench.broker.orders.clear()
    at(bench, time(9, 20), days=1)
    bench.begin()
    assert bench.code == ExitCode.TERMINATED
    assert str(bench.state.bot_status).startswith("Terminated: ")


def test_fill_that_wins_against_the_termination_is_booked(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6: the books have the last word at the end, too."""
    bench = make_bench()
    bench.begin().cycle(2)
    bench.state.downside_oco_net_count = 2
    bench.broker.cancels.append("filled")
    assert bench.cycle() == ExitCode.TERMINATED
    assert bench.state.upside_net_quantity + bench.state.downside_net_quantity == 100
    assert bench.broker.working() == []


def test_untriggered_hedges_terminate_only_on_a_fresh_price_and_a_book_that_was_read(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 7.4, 10.2, 4.4: neither a stale TokenB nor an unread book is evidence that hedges fail."""
    bench = make_bench(oco_stop_count=1)
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.feed.prices["SBIN"] -= 3
    bench.feed.stale.add("SBIN")
    assert bench.cycle(3) is None
    bench.feed.stale.clear()
    bench.broker.broken_books.add("downside_oco")
    assert bench.cycle(3) is None
    bench.broker.broken_books.clear()
    bench.broker.empty_books.add("downside_oco")
    assert bench.cycle(3) is None
    bench.broker.empty_books.clear()
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED
    assert "untriggered" in bench.state.bot_status.reason


def test_session_end_cancels_confirms_and_stops(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: 15:00 for MIS; the working orders are cancelled, exit 0, and the same day resumes nothing."""
    bench = make_bench().begin()
    bench.cycle(2)
    at(bench, time(14, 59, 59))
    assert bench.cycle() is None
    at(bench, time(15, 0))
    assert bench.cycle() == ExitCode.OK
    assert bench.broker.working() == []
    assert str(bench.state.bot_status) == "Stopped: session end"
    placed = len(bench.broker.placed)
    bench.begin()
    assert bench.code == ExitCode.OK
    assert len(bench.broker.placed) == placed


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        pytest.param({"product_type": "MIS"}, time(15, 0), id="mis"),
        pytest.param({"product_type": "CNC"}, time(15, 10), id="cnc"),
        pytest.param({"product_type": "NRML"}, time(15, 10), id="nrml"),
        pytest.param({"stop_at": "11:30"}, time(11, 30), id="given"),
    ],
)
def test_each_product_has_its_own_end(make_bench: Callable[..., Bench], changes: dict[str, str], ends: time) -> None:
    """Behaviour 12: the defaults and `--stop-at`."""
    bench = make_bench(**changes).begin()
    at(bench, (datetime.combine(MONDAY, ends) - timedelta(seconds=1)).time())
    assert bench.cycle() is None
    assert bench.cycle() == ExitCode.OK


def test_session_end_that_can_not_be_confirmed_fails(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12, 14: what is still working is no normal end."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.cancels.extend(["sent"] * 500)
    at(bench, time(15, 0))
    assert bench.cycle() == ExitCode.FAILED
    bench.broker.cancels.clear()
    bench.begin()
    assert bench.code == ExitCode.OK
    assert bench.broker.working() == []


def test_start_after_the_stop_clears_orders_that_a_death_left_working(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: nothing of ours works beyond the session, even when the bot had died before its end."""
    bench = make_bench().begin()
    bench.cycle(2)
    at(bench, time(15, 20))
    bench.begin()
    assert bench.code == ExitCode.OK
    assert bench.broker.working() == []
    assert str(bench.state.bot_status) == "Stopped: session end"


@pytest.mark.parametrize(("days", "clock_time"), [(0, time(15, 1)), (5, time(10, 0)), (6, time(8, 0))])
def test_start_outside_a_session_says_so_and_does_nothing(
    make_bench: Callable[..., Bench], days: int, clock_time: time
) -> None:
    """Behaviour 12: after the stop or on a weekend: exit 0, no login, no state."""
    bench = make_bench()
    at(bench, clock_time, days)
    bench.begin()
    assert bench.code == ExitCode.OK
    assert bench.broker.reads == {}
    assert not bench.store.exists()


def test_early_start_waits_for_the_open(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12, reference.md 20: no order before 09:15."""
    bench = make_bench()
    at(bench, time(8, 40))
    bench.begin().cycle()
    assert bench.broker.placed
    assert bench.clock.wall.time() >= time(9, 15)


def test_stop_asked_for_while_waiting_ends_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12, 14: a signal before the open is a normal end."""
    bench = make_bench()
    at(bench, time(8, 40))

    def stop() -> None:
        bench.clock.stopping = True

    bench.clock.on_wait = stop
    engine = bench._engine()
    assert engine.start() == ExitCode.OK
    assert bench.clock.wall.time() < time(9, 15)
    assert bench.broker.placed == []


def test_market_hours_can_be_ignored(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: `--ignore-market-hours` trades on a Sunday night."""
    bench = make_bench(ignore_market_hours=True)
    at(bench, time(22, 0), days=6)
    bench.begin().cycle()
    assert len(bench.broker.placed) == 2


def test_signal_leaves_the_orders_and_a_resume_finds_them(make_bench: Callable[..., Bench]) -> None:
    """Architecture 18: stopping is no cancelling; the state says why it stopped."""
    bench = make_bench().begin()
    bench.cycle(2)
    engine = bench._engine()
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)
    assert engine.start() == ExitCode.OK
    assert str(bench.state.bot_status) == "Stopped: by signal"
    assert len(bench.broker.working()) == 4
    bench.clock.on_wait = None
    placed = len(bench.broker.placed)
    bench.begin().cycle(2)
    assert len(bench.broker.placed) == placed


def ending_at(bench: Bench, times: dict[float, int]) -> None:
    """Cancels hang; so many seconds from now that many of the working orders have ended."""
    bench.broker.cancels.extend(["sent"] * 500)
    begun, due = bench.clock.mono, dict(times)

    def look() -> None:
        for secs in [secs for secs in due if bench.clock.mono - begun >= secs]:
            for order in bench.broker.working()[: due.pop(secs)]:
                bench.broker.end(order.order_id)

    bench.clock.on_wait = look


def test_cancelling_goes_on_while_orders_end(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: an order that ends after 50 s is progress, so the others may end after 90 s."""
    bench = make_bench().begin()
    bench.cycle(3)
    ending_at(bench, {50: 1, 90: 3})
    assert bench.engine.cancel_all() == []


def test_cancelling_is_given_up_a_minute_after_the_last_order_ended(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: what is left is said then, neither sooner nor ever later."""
    bench = make_bench().begin()
    bench.cycle(3)
    ending_at(bench, {50: 1})
    begun = bench.clock.mono
    assert len(bench.engine.cancel_all()) == 3
    assert 110 <= bench.clock.mono - begun <= 112
