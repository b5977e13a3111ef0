"""Orders of ours that no level knows: taken back once, or cancelled until they have ended (behaviour 3.4, 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN = TradeSide.DOWNSIDE


def restore(bench: Bench, backup: bytes) -> Bench:
    """The process is gone, an operator copies the backup over the state, and the bot starts."""
    bench.store.paths.state.write_bytes(backup)
    return bench.begin()


def backup_before_the_first_order(make_bench: Callable[..., Bench], **changes: object) -> tuple[Bench, bytes]:
    """A bot with one BUY level that has placed nothing, and its state at that moment."""
    bench = make_bench(**{"trade_type": "buyts", "steps": 1, **changes}).begin()
    return bench, bench.store.paths.state.read_bytes()


def test_two_orders_that_a_backup_has_forgotten_are_booked_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.5, failures.md VI.60: the entry is taken back; the target that it had no room for is placed anew."""
    bench, backup = backup_before_the_first_order(make_bench)
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    target = bench.broker.working()[0]
    restore(bench, backup).cycle(2)
    assert target.status is OrderStatus.CANCELLED
    assert (bench.state.downside_net_quantity, bench.state.attention) == (100, [])
    bench.trade(IRFC="49.50")
    bench.cycle(6)
    assert (bench.state.downside_net_quantity, bench.state.total_pnl) == (0, 50)
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    assert (bench.state.attention, len(bench.state.order_history)) == ([], 1)
    assert len({order.request.client_id for order in bench.broker.orders.values()}) == len(bench.broker.orders) == 4


@pytest.mark.parametrize("field", ["side", "quantity", "limit_price"])
def test_row_that_can_not_be_read_whole_is_not_taken_back(make_bench: Callable[..., Bench], field: str) -> None:
    """Behaviour 3.4, 4.3: without side, quantity or price no fill of it could be booked: it is cancelled instead."""
    bench, backup = backup_before_the_first_order(make_bench)
    bench.cycle()
    order = bench.broker.working()[0]
    order.shown = {field: None}
    restore(bench, backup).cycle(2)
    assert order.status is OrderStatus.CANCELLED
    held = bench.level(DOWN).order
    assert held is not None
    assert (held.quantity, held.client_id == order.request.client_id) == (100, False)


def test_fill_of_a_row_that_was_not_taken_back_is_brought_to_attention(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: nobody books it, so a person has to know."""
    bench, backup = backup_before_the_first_order(make_bench)
    bench.cycle()
    order = bench.broker.working()[0]
    bench.broker.fill(order.order_id)
    order.shown = {"quantity": None}
    restore(bench, backup).cycle(2)
    (item,) = bench.state.attention
    assert order.order_id in item.text
    assert "100 shares" in item.text


def test_orphan_whose_cancel_was_lost_is_cancelled_again_though_nothing_else_works(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 3.4, 4.1: its account is read until it has ended, and then no longer."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    hedge = bench.broker.working("downside_oco")[0]
    twin = bench.broker.add("downside_oco", hedge.request)
    bench.broker.cancels.extend(["ok", "sent"])
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert bench.broker.cancelled == [hedge.order_id, twin.order_id]
    bench.cycle(6)
    assert twin.status is OrderStatus.CANCELLED
    bench.cycle(2)
    bench.broker.reads.clear()
    bench.cycle(3)
    assert bench.broker.reads == {"trade": 3}


def test_order_in_another_account_than_its_own_is_not_taken_back(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: its level would look for it in the wrong book for ever; it is cancelled where it works."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle()
    misplaced = bench.broker.add("downside_oco", bench.broker.working()[0].request)
    bench.broker.orders.pop(bench.broker.working("trade")[0].order_id)
    restore(bench, backup).cycle(2)
    assert misplaced.status is OrderStatus.CANCELLED
    assert bench.level(DOWN).entry_order_id == bench.broker.working("trade")[0].order_id


def test_hedge_of_a_level_without_a_position_is_not_taken_back(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 6.5: it would sell TokenB for shares that nobody holds; it is cancelled."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    hedge = bench.broker.working("downside_oco")[0]
    for order in [each for each in bench.broker.orders.values() if each is not hedge]:
        del bench.broker.orders[order.order_id]
    restore(bench, backup).cycle(2)
    assert hedge.status is OrderStatus.CANCELLED
    assert bench.level(DOWN).oco_order is None
    assert bench.broker.working_at(Side.BUY, "49.00")


def test_closed_level_takes_no_order_in(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.5, 3.4: a level that is closed for good stays so, whatever its book shows; the order is cancelled."""
    bench = make_bench(trade_type="buyts", steps=2, auto_reenter=False).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle()
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert bench.level(DOWN).closed
    entry = bench.broker.placed[0]
    younger = bench.broker.add("trade", replace(entry, client_id=f"{entry.client_id[:-1]}9"))
    assert bench.cycle(2) is None
    assert younger.status is OrderStatus.CANCELLED
    assert bench.level(DOWN).state is LevelState.CLOSED


def test_row_of_a_known_order_without_its_number_is_no_orphan(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.3, 3.4: a number that can't be read makes no stranger of our own order, while we run or start."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    order = bench.broker.working()[0]
    order.shown = {"order_id": ""}
    bench.cycle(3)
    assert bench.begin().cycle(3) is None
    assert bench.broker.cancelled == []
    order.shown = {}
    bench.trade(IRFC="49.00")
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED
    assert len(bench.broker.placed) == 2
