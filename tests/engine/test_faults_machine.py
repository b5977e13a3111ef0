"""Faults of the machine and of the night that no other test provokes in this form (failures.md V to VII)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.places import REPO
from tg1.models import LevelState, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN = TradeSide.DOWNSIDE
UNITS = REPO / "systemd"


def test_backup_that_is_older_than_the_orders_takes_them_back(make_bench: Callable[..., Bench]) -> None:
    """Failures.md VI.60: with yesterday-minute's file the book tells the rest: orders come back, a fill is booked."""
    bench = make_bench(trade_type="buyts").begin()
    bench.cycle()
    older = bench.store.paths.state.read_bytes()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    assert len(bench.broker.placed) == 3
    bench.store.paths.state.write_bytes(older)
    bench.begin().cycle(3)
    assert len(bench.broker.placed) == 3
    assert bench.states() == {"d1": LevelState.TARGET_PLACED, "d2": LevelState.ENTRY_PLACED}
    assert bench.state.downside_net_quantity == 100
    assert {lv.order.order_id for lv in bench.state.levels.values() if lv.order} == {
        order.order_id for order in bench.broker.working()
    }
    assert bench.state.attention == []


@pytest.mark.parametrize("product_type", ["CNC", "MIS"])
def test_fill_of_the_last_second_that_no_book_shows_any_more_is_asked_about(
    make_bench: Callable[..., Bench], product_type: str
) -> None:
    """Failures.md V.48, V.58: the morning's empty book invents neither a fill nor a lapse that nobody hears of."""
    bench = make_bench(trade_type="buyts", steps=1, product_type=product_type).begin()
    bench.cycle(2)
    order = bench.broker.working_at(Side.BUY, "49.00")
    bench.broker.fill(order.order_id)
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    bench.begin().cycle(2)
    assert bench.state.downside_net_quantity == 0
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    (item,) = bench.state.attention
    assert order.order_id in item.text


def test_unit_that_failed_calls_the_emergency_stop() -> None:
    """Failures.md VII.69: a dead bot's orders are cancelled, not left; a second start by hand calls nothing."""
    bot = (UNITS / "tg1@.service").read_text()
    stop = (UNITS / "tg1-cancel@.service").read_text()
    assert "OnFailure=tg1-cancel@%i.service" in bot
    assert "SuccessExitStatus=6" in bot
    assert " -m tg1.run --cancel-all " in stop
    assert bot.count("--config /etc/tg1/%i.toml") == stop.count("--config /etc/tg1/%i.toml") == 1
