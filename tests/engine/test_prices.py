"""What the engine does without fresh prices (behaviour 10)."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import ConfigError, FeedError
from tg1.models import LevelState, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench


def test_start_without_a_price_fails_after_thirty_seconds_with_the_feeds_reason(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 10.3: exit 4, and nothing was placed or saved."""
    bench = make_bench()
    bench.feed.stale.add("SBIN")
    before = bench.clock.mono
    with pytest.raises(FeedError, match="SBIN within 30 s: the test holds the price back") as failure:
        bench.begin()
    assert failure.value.exit_code == 4
    assert 30 <= bench.clock.mono - before < 31
    assert not bench.store.exists()
    assert bench.feed.started == {}


def test_bot_without_hedges_needs_no_price_of_token_b(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.3: "both prices" where both are traded."""
    bench = make_bench(trade_type="buyts")
    del bench.feed.prices["SBIN"]
    bench.begin().cycle()
    assert len(bench.broker.placed) == 1


def test_stale_token_a_holds_entries_but_neither_targets_nor_polling(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2."""
    bench = make_bench().begin()
    bench.cycle()
    bench.feed.stale.add("IRFC")
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(3)
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    assert len(bench.broker.placed) == 4
    bench.feed.stale.clear()
    bench.cycle()
    assert len(bench.broker.placed) == 6


def test_stale_token_b_neither_places_nor_cancels_a_hedge(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2: the hedges stay as they are; a target's fill still ends its own hedge."""
    bench = make_bench(steps=3).begin()
    bench.cycle(3)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.feed.stale.add("SBIN")
    bench.feed.prices["SBIN"] -= 3
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(3)
    assert len(bench.broker.working("downside_oco")) == 1
    assert bench.broker.cancelled == []
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    assert bench.broker.working("downside_oco") == []
    assert bench.level(TradeSide.DOWNSIDE).state in (LevelState.ENTRY_PLACED, LevelState.FRESH)


def test_staleness_is_said_once_at_its_start_and_once_at_its_end(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 10.2."""
    bench = make_bench().begin()
    bench.feed.stale.add("IRFC")
    with caplog.at_level(logging.INFO):
        bench.cycle(10)
        bench.feed.stale.clear()
        bench.cycle(5)
    lines = [r.getMessage() for r in caplog.records if "price of IRFC" in r.getMessage()]
    assert len(lines) == 2


@pytest.mark.parametrize("trade_type", ["buyocots", "sellocots", "gridocots"])
def test_hedge_that_reaches_token_b_is_refused_before_any_order(
    make_bench: Callable[..., Bench], trade_type: str
) -> None:
    """Behaviour 19: `--oco-spread 150` on a TokenB of 120 rupees "hedged" positions at one paisa."""
    bench = make_bench(trade_type=trade_type, oco_spread=150)
    with pytest.raises(ConfigError, match=r"--oco-spread 150 .*SBIN, 120\.50"):
        bench.begin()
    assert bench.broker.placed == []
    assert not bench.store.exists()


def test_new_morning_refuses_a_hedge_that_reaches_token_b(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 19: a new MIS day is a new grid, and TokenB may have fallen meanwhile."""
    bench = make_bench(oco_spread=100).begin()
    bench.cycle(2)
    bench.clock.wall += timedelta(days=1)
    bench.broker.orders.clear()
    bench.feed.prices["SBIN"] = Decimal("99.00")
    with pytest.raises(ConfigError, match=r"--oco-spread 100 .*SBIN, 99\.00"):
        bench.begin()


def test_resume_with_a_hedge_that_reaches_token_b_calls_a_person(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 19: refusing would leave open levels without targets; so it goes on, and says what can't be hedged."""
    bench = make_bench(oco_spread=100).begin()
    bench.cycle(2)
    bench.feed.prices["SBIN"] = Decimal("99.00")
    bench.begin()
    (attention,) = bench.state.attention
    assert "--oco-spread 100" in attention.text
    assert "99.00" in attention.text


def test_unwise_hedge_is_said_at_every_start(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 19: a hedge a quarter of TokenB's price away starts, with a word; so does a resume."""
    bench = make_bench(oco_spread=30).begin()
    assert caplog.text.count("25 %") == 1
    bench.begin()
    assert caplog.text.count("25 %") == 2
