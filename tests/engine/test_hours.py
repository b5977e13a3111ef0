"""Days without trading, and a clock that lies about the end of the session (behaviour 12)."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tg1.config import GridOcoConfig
from tg1.errors import ExitCode
from tg1.grid_engine import GridOcoEngine
from tg1.rules.hours import TradingCalendar

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pytest

    from tests.engine.conftest import Bench

MONDAY = date(2026, 11, 23)


def start_on(bench: Bench, calendar: TradingCalendar) -> int:
    """The exit code of a start with this calendar, up to the first cycle."""
    engine = GridOcoEngine(
        config=GridOcoConfig(**bench.settings),
        client=bench.broker,
        feed=bench.feed,
        state=bench.store,
        clock=bench.clock,
        calendar=calendar,
    )
    engine._run_loop = lambda: ExitCode.OK  # type: ignore[method-assign]
    return engine.start()


def test_start_on_a_holiday_says_so_and_ends(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 12: a holiday is treated as a weekend is, even before the open: exit 0, no login, no state."""
    bench = make_bench()
    bench.clock.advance(-3600)
    with caplog.at_level(logging.INFO):
        assert start_on(bench, TradingCalendar(holidays={MONDAY: "Guru Nanak Jayanti"})) == 0
    assert "Nothing to do: NSE is closed on 2026-11-23 (Guru Nanak Jayanti)" in caplog.text
    assert not bench.store.exists()
    assert bench.broker.reads == {}


def test_start_on_a_special_saturday_trades(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: --trading-day is the opposite of a holiday."""
    bench = make_bench()
    bench.clock.wall += timedelta(days=5)
    assert start_on(bench, TradingCalendar()) == 0
    assert not bench.store.exists()
    start_on(bench, TradingCalendar(trading_days=frozenset({bench.clock.wall.date()})))
    assert bench.store.exists()


def test_clock_that_jumps_past_the_session_ends_it_only_after_a_minute(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 12: sixty seconds in which the bot goes on, stamped with the time that it believes."""
    bench = make_bench().begin()
    bench.cycle(3)
    bench.clock.wall += timedelta(hours=8)
    with caplog.at_level(logging.WARNING):
        assert bench.cycle(59) is None
        assert bench.engine.clock.now().hour == 9
        assert bench.cycle(2) == ExitCode.OK
    assert [record.getMessage().split(" from ")[0] for record in caplog.records][:1] == ["The machine's clock jumped"]
    assert "is believed again" in caplog.text
    assert bench.broker.working() == []


def test_clock_that_comes_back_within_a_minute_has_ended_nothing(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12."""
    bench = make_bench().begin()
    bench.cycle(3)
    working = len(bench.broker.working())
    bench.clock.wall += timedelta(hours=8)
    bench.cycle(30)
    bench.clock.wall -= timedelta(hours=8)
    assert bench.cycle(120) is None
    assert len(bench.broker.working()) == working
    assert bench.broker.cancelled == []


def test_clock_that_jumps_to_the_next_morning_rolls_no_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 12: the state of the day must not be archived on the word of a clock."""
    bench = make_bench().begin()
    bench.cycle(3)
    generation, level_ids = bench.state.generation, set(bench.state.levels)
    tomorrow: datetime = bench.clock.wall + timedelta(days=1)
    bench.clock.wall = tomorrow
    assert bench.cycle(30) is None
    bench.clock.wall -= timedelta(days=1)
    bench.cycle(3)
    assert bench.state.trading_day == MONDAY
    assert (bench.state.generation, set(bench.state.levels)) == (generation, level_ids)


def test_session_that_was_slept_through_has_ended(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.1, 12: both clocks went on, so there is nothing to doubt."""
    bench = make_bench().begin()
    bench.cycle(3)
    bench.clock.advance(8 * 3600)
    assert bench.cycle() == ExitCode.OK
    assert bench.broker.working() == []


def test_bot_without_market_hours_believes_its_clock(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: --ignore-market-hours switches all of this off."""
    bench = make_bench(ignore_market_hours=True).begin()
    bench.clock.wall += timedelta(hours=8)
    assert bench.cycle() is None
    assert bench.engine.clock.now() == bench.clock.wall
