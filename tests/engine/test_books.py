"""Reading the market's answers and booking fills (behaviour 4, 5, 8, 15)."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def opened(bench: Bench) -> Bench:
    """The bench after the BUY at 49.00 filled: its target and its hedge are working."""
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED
    return bench


def test_each_account_in_use_is_read_once_a_cycle_and_idle_ones_never(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.1, reference.md 5: one book per account and cycle, only where something works or is in doubt."""
    bench = opened(make_bench())
    bench.broker.reads.clear()
    bench.cycle(7)
    assert bench.broker.reads == {"trade": 7, "downside_oco": 7}


def test_nothing_is_read_while_nothing_works(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.1: a paused bot leaves the books alone."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["refused"] * 5)
    bench.cycle(40)
    bench.broker.reads.clear()
    bench.cycle(5)
    assert bench.broker.reads == {}


def test_pending_cancel_that_fills_is_a_fill(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.2, 4.6: the level keeps its order id until the book shows a final status (reference.md 6, 7)."""
    bench = opened(make_bench())
    oco = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.broker.cancels.append("sent")
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle()
    assert bench.level(DOWN).oco_order_id == oco.order_id
    assert bench.level(DOWN).state is LevelState.TARGET_FILLED
    bench.broker.fill(oco.order_id)
    bench.cycle()
    assert bench.level(DOWN).closed
    assert [item.key.split()[0] for item in bench.state.attention] == ["both-filled"]


@pytest.mark.parametrize("fault", ["empty_books", "broken_books"])
def test_empty_or_failed_book_changes_nothing(make_bench: Callable[..., Bench], fault: str) -> None:
    """Behaviour 4.4: an order that is not in the book is unknown, not cancelled."""
    bench = opened(make_bench())
    before = dict(bench.state.levels)
    placed = len(bench.broker.placed)
    getattr(bench.broker, fault).update(bench.broker.accounts)
    bench.cycle(20)
    assert bench.state.levels == before
    assert len(bench.broker.placed) == placed
    getattr(bench.broker, fault).clear()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED


def test_account_whose_book_failed_gets_no_new_entry(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.5: deciding without this cycle's book would place orders that its fills have made wrong."""
    bench = make_bench(steps=4).begin()
    bench.cycle()
    bench.broker.broken_books.add("trade")
    bench.cycle(3)
    assert len(bench.broker.placed) == 2


def test_lost_book_is_said_once(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """An hour without a book is one warning and one line at its end, not 3,600."""
    bench = opened(make_bench())
    bench.broker.broken_books.add("trade")
    with caplog.at_level(logging.INFO):
        bench.cycle(5)
        bench.broker.broken_books.clear()
        bench.cycle(2)
    lines = [r.getMessage() for r in caplog.records if "order book" in r.getMessage()]
    assert len(lines) == 2


def test_fills_are_applied_before_anything_is_decided(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.5: the fill that reaches MaxQuantity stops the entry of the same cycle."""
    bench = make_bench(trade_type="buyts", steps=2, max_open_entries=1).begin()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.broker.end(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle()
    assert bench.state.max_quantity_reached
    assert [o.request.side for o in bench.broker.working()] == [Side.SELL, Side.SELL]


def test_real_prices_of_fills_make_the_result(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.1, 15: counters, history and P&L use what was really filled, in parts and at several prices."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    entry = bench.broker.working()[0].order_id
    bench.broker.fill(entry, 30, "48.90")
    bench.cycle()
    bench.broker.fill(entry, 70, "48.95")
    bench.cycle()
    target = bench.broker.working()[0].order_id
    bench.broker.fill(target, 60, "49.55")
    bench.cycle()
    expected_part = Decimal(60) * Decimal("49.55") - Decimal(60) * Decimal("48.935")
    assert bench.state.total_pnl == expected_part
    assert bench.state.downside_net_quantity == 40
    bench.broker.fill(target, 40, "49.50")
    bench.cycle()
    record = bench.state.order_history[0]
    assert (record.entry_average, record.target_average) == (Decimal("48.935"), Decimal("49.53"))
    assert bench.state.total_pnl == record.realised_pnl == Decimal("59.50")


def test_entry_that_filled_in_part_and_ended_is_reentered_whole(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: the rest is forgotten until re-entry, which asks for the full quantity again."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    entry = bench.broker.working()[0].order_id
    bench.broker.fill(entry, 40)
    bench.broker.end(entry)
    bench.cycle()
    bench.broker.fill(bench.broker.working()[0].order_id)
    bench.cycle()
    assert bench.broker.working_at(Side.BUY, "49.00").request.quantity == 100
    assert bench.state.downside_net_quantity == 0


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_target_that_ended_in_part_is_placed_again_for_the_rest(
    make_bench: Callable[..., Bench], status: OrderStatus
) -> None:
    """Behaviour 5.2, failures.md IV.39: what filled is booked, the rest gets a new target."""
    bench = opened(make_bench())
    target = bench.broker.working_at(Side.SELL, "49.50")
    bench.broker.fill(target.order_id, 30)
    bench.broker.end(target.order_id, status, "expired")
    bench.cycle(2)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 70
    assert bench.state.downside_net_quantity == 70
    assert bench.state.total_pnl == 15


def test_hedge_that_ended_in_part_is_placed_again_for_the_rest(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: the filled part is an open hedge, the rest is placed again while the level needs it."""
    bench = opened(make_bench())
    oco = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.broker.fill(oco.order_id, 20)
    bench.broker.end(oco.order_id)
    bench.cycle(2)
    [rest] = bench.broker.working("downside_oco")
    assert rest.request.quantity == 30
    assert bench.state.downside_oco_net_count == 0
    bench.broker.fill(rest.order_id)
    bench.cycle(2)
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    assert bench.state.downside_oco_net_count == 1
    assert bench.state.order_history[0].oco_quantity == 50


def test_filled_word_that_runs_ahead_of_its_quantity_waits(make_bench: Callable[..., Bench]) -> None:
    """Xts.md 2.6: a Filled row whose quantity lags is read again, not taken for a short fill."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    order = bench.broker.working()[0]
    order.status = OrderStatus.FILLED
    bench.cycle(2)
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    order.filled, order.value = 100, Decimal(4900)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REJECTED])
def test_order_that_the_broker_ends_again_and_again_pauses_its_level(
    make_bench: Callable[..., Bench], status: OrderStatus
) -> None:
    """Behaviour 8: being seen at work for a second is no success; a bot must not fight its broker's square-off."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    for _ in range(60):
        bench.cycle()
        for order in bench.broker.working():
            if order.seen_reads:
                bench.broker.end(order.order_id, status, "RMS square off")
    assert len(bench.broker.placed) == 5
    assert "RMS square off" in bench.state.attention[0].text
    assert bench.level(DOWN).backoff.paused


def test_order_that_rested_for_long_breaks_the_row_of_rejections(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: five in a row; an order that was at work for minutes in between was a success."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    for _ in range(7):
        bench.cycle(120)
        bench.broker.end(bench.broker.working()[0].order_id, OrderStatus.CANCELLED, "by hand")
        bench.cycle()
    assert bench.state.attention == []
    assert len(bench.broker.working()) == 1


def test_rejected_hedge_backs_off_alone_and_never_pauses(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.2: the level's other leg and the rest of the bot go on; a person is told at the fifth."""
    bench = opened(make_bench())
    for _ in range(40):
        for order in bench.broker.working("downside_oco"):
            bench.broker.end(order.order_id, OrderStatus.REJECTED, "Margin Exceeds")
        bench.cycle()
    assert not bench.level(DOWN).oco_backoff.paused
    assert bench.level(DOWN).oco_backoff.rejections == 5
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert any("Margin Exceeds" in item.text for item in bench.state.attention)


def test_clear_attention_ends_the_pause_at_a_start(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8, 6.5: only the operator's `--clear-attention` empties the list."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["refused"] * 5)
    bench.cycle(40)
    assert bench.begin().state.attention
    bench.cycle(3)
    assert len(bench.broker.placed) == 5
    bench.begin(clear_attention=True).cycle()
    assert bench.state.attention == []
    assert len(bench.broker.placed) == 6


def test_order_that_somebody_made_smaller_and_that_filled_is_final(make_bench: Callable[..., Bench]) -> None:
    """Somebody may modify our order at a terminal: Filled for less than we asked must not hold the level for ever."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    order = bench.broker.working()[0]
    bench.broker.shrink(order.order_id, 60)
    bench.broker.fill(order.order_id)
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 60
