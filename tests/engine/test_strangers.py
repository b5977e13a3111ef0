"""Orders of ours that no level knows: taken back once, or cancelled until they have ended (behaviour 3.4, 9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tg1.errors import BrokerUnavailable, ExitCode
from tg1.models import LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder
    from tg1.models import BrokerOrder

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
    """Behaviour 3.5, failures.md VI.60: the entry is booked, and its target keeps its place in the market's queue."""
    bench, backup = backup_before_the_first_order(make_bench)
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    target = bench.broker.working()[0]
    restore(bench, backup).cycle(2)
    assert target.is_working
    assert bench.level(DOWN).entry_order_id == target.order_id
    assert (bench.state.downside_net_quantity, bench.state.attention) == (100, [])
    bench.trade(IRFC="49.50")
    bench.cycle(6)
    assert (bench.state.downside_net_quantity, bench.state.total_pnl) == (0, 50)
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    assert (bench.state.attention, len(bench.state.order_history)) == ([], 1)
    assert len({order.request.client_id for order in bench.broker.orders.values()}) == len(bench.broker.orders) == 3


def hedged_bench_and_backup(make_bench: Callable[..., Bench]) -> tuple[Bench, bytes]:
    """One hedged BUY level whose first entry works, and its state at that moment."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle(2)
    return bench, bench.store.paths.state.read_bytes()


def backward(bench: Bench) -> None:
    """From now on the books list the youngest order first, as some servers do (xts.md 2.6)."""
    bench.broker.orders = dict(reversed(bench.broker.orders.items()))


@pytest.mark.parametrize("newest_first", [False, True])
def test_whole_trip_that_a_backup_lacks_leaves_nothing_to_hedge(
    make_bench: Callable[..., Bench], *, newest_first: bool
) -> None:
    """Behaviour 3.4, 3.5: 100 bought and sold again since the backup: he holds nothing, and nothing is sold or hedged.

    Taken back alone, the entry would have brought a target and a hedge for shares that nobody holds.
    """
    bench, backup = hedged_bench_and_backup(make_bench)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.trade(IRFC="49.50")
    bench.cycle(3)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.trade(IRFC="49.50")
    bench.cycle(3)
    if newest_first:
        backward(bench)
    placed = len(bench.broker.placed)
    restore(bench, backup).cycle(5)
    assert len(bench.broker.placed) == placed
    assert (bench.state.downside_net_quantity, bench.state.total_pnl, bench.state.attention) == (0, 100, [])
    assert [record.outcome for record in bench.state.order_history] == ["target", "target"]
    (entry,) = bench.broker.working()
    assert (entry.request.side, bench.level(DOWN).entry_order_id) == (Side.BUY, entry.order_id)
    assert {(row.symbol, row.quantity) for row in bench.broker.positions("trade") if row.quantity} == set()


@pytest.mark.parametrize("newest_first", [False, True])
def test_hedged_trip_that_a_backup_lacks_is_closed_as_it_was(
    make_bench: Callable[..., Bench], *, newest_first: bool
) -> None:
    """Behaviour 3.4, 6: 100 IRFC held and 50 SBIN sold for them since the backup: nothing is bought or sold again."""
    bench, backup = hedged_bench_and_backup(make_bench)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.trade(SBIN="118.50")
    bench.cycle(3)
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    if newest_first:
        backward(bench)
    placed = len(bench.broker.placed)
    restore(bench, backup).cycle(5)
    assert len(bench.broker.placed) == placed
    assert bench.broker.working() == []
    level = bench.level(DOWN)
    assert (level.state, level.open_quantity, level.oco_traded.quantity) == (LevelState.OCO_FILLED, 100, 50)
    assert (bench.state.downside_oco_net_count, bench.state.attention) == (1, [])


def test_open_trip_that_a_backup_lacks_keeps_its_target_and_its_hedge(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 5.3: both orders that protect the 100 shares stay where they are in the market."""
    bench, backup = hedged_bench_and_backup(make_bench)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    working = {order.order_id for order in bench.broker.working()}
    assert len(working) == 2
    restore(bench, backup).cycle(5)
    assert {order.order_id for order in bench.broker.working()} == working
    level = bench.level(DOWN)
    assert {order.order_id for order in level.orders} == working
    assert (bench.state.downside_net_quantity, bench.state.attention) == (100, [])


def test_target_of_a_trip_that_the_book_hides_is_not_booked_to_another(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.5, 4.4: a target for more shares than its level holds is another trip's: a person hears of it.

    Booked all the same, 40 bought and 100 sold made a level of -60 shares, and its next target was an order for -60.
    """
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    backup = bench.store.paths.state.read_bytes()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 40)
    bench.cycle(40)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    trips = [order.order_id for order in bench.broker.orders.values()]
    for hidden in trips[1:3]:
        del bench.broker.orders[hidden]
    restore(bench, backup).cycle(5)
    assert bench.level(DOWN).open_quantity == bench.state.downside_net_quantity == 40
    assert all(request.quantity > 0 for request in bench.broker.placed)
    (item,) = bench.state.attention
    assert trips[3] in item.text


def test_race_that_a_backup_lacks_is_booked_and_said(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 6.5: target and hedge had both filled: both are booked, and a person hears of the 50 SBIN."""
    bench, backup = hedged_bench_and_backup(make_bench)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    target, hedge = bench.broker.working("trade")[0], bench.broker.working("downside_oco")[0]
    bench.broker.fill(target.order_id)
    bench.trade(SBIN="118.50")
    assert not hedge.is_working
    restore(bench, backup).cycle(3)
    assert (bench.state.downside_net_quantity, bench.state.total_pnl) == (0, 50)
    assert [item.text for item in bench.state.attention] == [
        "downside level 1: target and OCO both filled; SELL of 50 SBIN is an unhedged position, close it by hand"
    ]
    assert bench.level(DOWN).state is not LevelState.FRESH


def test_start_takes_nothing_back_before_it_has_seen_every_book(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 3.4: the target alone would tell of a trip that ended well, whose hedge had filled, too."""
    bench, backup = hedged_bench_and_backup(make_bench)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.broker.fill(bench.broker.working("trade")[0].order_id)
    bench.trade(SBIN="118.50")
    read, failures = bench.broker.order_book, [BrokerUnavailable("502")] * 3

    def stumbling(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        if account == "downside_oco" and failures:
            raise failures.pop()
        return read(account, since=since)

    monkeypatch.setattr(bench.broker, "order_book", stumbling)
    restore(bench, backup).cycle(3)
    (item,) = bench.state.attention
    assert "target and OCO both filled" in item.text


def test_rejections_that_a_backup_has_forgotten_do_not_pause_its_level(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: they were counted when they happened; the next entry goes at once."""
    bench, backup = backup_before_the_first_order(make_bench)
    bench.cycle()
    (entry,) = bench.broker.working()
    bench.broker.end(entry.order_id, OrderStatus.REJECTED, "RMS : Margin Exceeds")
    restore(bench, backup).cycle(2)
    level = bench.level(DOWN)
    assert (level.state, level.backoff.rejections, bench.state.attention) == (LevelState.ENTRY_PLACED, 0, [])


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


def hedge_with_a_twin(bench: Bench) -> tuple[HandOrder, HandOrder]:
    """The first level's hedge and an orphan like it; the cancel of the first works, that of the second is lost."""
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    hedge = bench.broker.working("downside_oco")[0]
    twin = bench.broker.add("downside_oco", hedge.request)
    bench.broker.cancels.extend(["ok", "sent"])
    return hedge, twin


def test_orphan_whose_cancel_was_lost_is_cancelled_again_though_nothing_else_works(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 3.4, 4.1: its account is read until it has ended, and then no longer."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    hedge, twin = hedge_with_a_twin(bench)
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert bench.broker.cancelled == [hedge.order_id, twin.order_id]
    bench.cycle(6)
    assert twin.status is OrderStatus.CANCELLED
    bench.cycle(2)
    bench.broker.reads.clear()
    bench.cycle(3)
    assert bench.broker.reads == {"trade": 3}


def test_grid_is_not_completed_before_its_last_orphan_has_ended(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.5, 3.4: every level is closed, but an orphan's cancel was lost; nobody would ask for it again."""
    bench = make_bench(trade_type="buyocots", steps=1, auto_reenter=False).begin()
    _, twin = hedge_with_a_twin(bench)
    bench.trade(IRFC="49.50")
    assert bench.cycle(12) == ExitCode.OK
    assert twin.status is OrderStatus.CANCELLED
    assert str(bench.state.bot_status) == "Completed"


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
