"""A restored backup, down to the share: what is booked, from which account, and what a person hears (behaviour 3.4)."""

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


def before_the_first_order(make_bench: Callable[..., Bench], **changes: object) -> tuple[Bench, bytes]:
    """A bot with one BUY level that has placed its entry, and its state before."""
    bench = make_bench(**{"trade_type": "buyts", "steps": 1, **changes}).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle()
    return bench, backup


def said(bench: Bench) -> list[str]:
    """What the operator is called for."""
    return [item.text for item in bench.state.attention]


def test_hedge_that_replaced_another_is_taken_back_with_it(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2, 6.3: 20 of 50 SBIN were sold, the rest was placed again: both are the level's, none is touched."""
    bench = make_bench(trade_type="buyocots", steps=3).begin()
    bench.cycle(3)
    backup = bench.store.paths.state.read_bytes()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    first = bench.broker.working("downside_oco")[0]
    bench.broker.fill(first.order_id, 20)
    bench.broker.end(first.order_id)
    bench.cycle(2)
    (second,) = bench.broker.working("downside_oco")
    assert second.quantity == 30
    placed = len(bench.broker.placed)
    restore(bench, backup).cycle(3)
    level = bench.level(DOWN)
    assert (level.oco_traded.quantity, level.oco_order_id) == (20, second.order_id)
    assert (len(bench.broker.placed), bench.broker.cancelled, said(bench)) == (placed, [], [])
    first.filled += 5
    bench.cycle()
    (text,) = said(bench)
    assert text == (
        f"order {first.order_id} ({first.request.client_id}) was thought gone but filled 5 shares of SBIN SELL in "
        "account downside_oco: this position is in no level"
    )


def test_order_that_was_doubled_since_the_backup_is_booked_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, failures.md I.4: one of the two is the level's, the other is cancelled, and nobody is alarmed."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    twin = bench.broker.add("trade", entry.request)
    bench.broker.fill(entry.order_id)
    restore(bench, backup).cycle(4)
    assert twin.status is OrderStatus.CANCELLED
    assert (bench.level(DOWN).open_quantity, said(bench)) == (100, [])


def test_fill_of_a_doubled_order_is_told_as_what_it_is(make_bench: Callable[..., Bench]) -> None:
    """Failures.md I.4: both bought 100; the level holds 100, the other 100 are the operator's to close."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    twin = bench.broker.add("trade", entry.request)
    bench.broker.fill(entry.order_id)
    bench.broker.fill(twin.order_id)
    restore(bench, backup).cycle(4)
    assert bench.level(DOWN).open_quantity == bench.state.downside_net_quantity == 100
    (text,) = said(bench)
    assert text == (
        f"order {twin.order_id} ({twin.request.client_id}) is a second order under one client id and filled 100 shares "
        "of IRFC BUY in account trade: this position is in no level"
    )


def test_part_of_an_order_taken_back_is_remembered_in_its_account(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: 40 were booked from the backup's gap; what fills of it after its end is told."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    bench.broker.fill(entry.order_id, 40)
    bench.broker.end(entry.order_id)
    restore(bench, backup).cycle()
    assert (bench.level(DOWN).open_quantity, said(bench)) == (40, [])
    for more in (20, 15):
        entry.filled += more
        bench.cycle(3)
    assert [text.partition(" shares")[0].rpartition(" ")[2] for text in said(bench)] == ["20", "35"]
    assert [item.key for item in bench.state.attention] == [
        f"late-fill {entry.request.client_id} {filled}" for filled in (60, 75)
    ]


def test_smallest_order_is_taken_back_like_every_other(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: one share at one rupee is a position."""
    bench, backup = before_the_first_order(
        make_bench, entry_price="2.00", token_a_quantity=1, token_b_quantity=1, allow_off_centre=True
    )
    entry = bench.broker.working_at(Side.BUY, "1.00")
    restore(bench, backup).cycle(2)
    assert entry.is_working
    assert bench.level(DOWN).entry_order_id == entry.order_id


def test_taking_back_keeps_what_the_order_is(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 9.1: side, symbol, quantity, price and number, as the book shows them."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    restore(bench, backup)
    order = bench.level(DOWN).order
    assert order is not None
    assert (order.side, order.symbol, order.quantity, f"{order.limit_price:.2f}") == (Side.BUY, "IRFC", 100, "49.00")
    assert (order.order_id, order.client_id, order.trigger_price) == (entry.order_id, entry.request.client_id, None)
    assert bench.level(DOWN).attempts == 1


def test_attempts_go_on_behind_what_was_found(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.1: ids of orders that ended without a fill are used up, too; nothing of them is taken back."""
    bench, backup = before_the_first_order(make_bench)
    for _ in range(3):
        bench.broker.end(bench.broker.working()[0].order_id, OrderStatus.REJECTED, "RMS")
        bench.cycle(10)
    used = {order.request.client_id for order in bench.broker.orders.values()}
    for order in bench.broker.working():
        bench.broker.end(order.order_id)
    restore(bench, backup).cycle()
    assert bench.level(DOWN).attempts == len(used) + 1
    assert bench.broker.working()[0].request.client_id not in used


def test_generation_of_an_older_grid_is_cancelled_and_its_fills_are_nobodys(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: its levels are archived, so nothing of it belongs to this grid; its fills were told in its day."""
    bench, _ = before_the_first_order(make_bench)
    (old,) = bench.broker.working()
    bench.store.archive(bench.clock.wall, "moved away")
    bench.begin().cycle(2)
    assert old.status is OrderStatus.CANCELLED
    old.filled = 30
    bench.cycle(2)
    assert said(bench) == []
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED


def test_symbol_that_can_not_be_read_does_not_silence_an_alarm(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47, behaviour 4.3: the number of the order and the shares are enough to look."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    bench.broker.fill(entry.order_id)
    entry.shown = {"symbol": "", "side": None}
    restore(bench, backup).cycle()
    (text,) = said(bench)
    assert text == (
        f"order {entry.order_id} ({entry.request.client_id}) was thought gone but filled 100 shares of its symbol in "
        "account trade: this position is in no level"
    )


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_orders_of_both_halves_find_their_own_levels(make_bench: Callable[..., Bench], side: Side) -> None:
    """Behaviour 3.4: level 2 of the upside is not level 2 of the downside."""
    bench = make_bench(trade_type="gridocots", steps=2).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle(2)
    price = "48.00" if side is Side.BUY else "52.00"
    filled = bench.broker.working_at(side, price)
    bench.broker.fill(filled.order_id)
    restore(bench, backup).cycle(2)
    trade_side = DOWN if side is Side.BUY else TradeSide.UPSIDE
    held = {key: level.open_quantity for key, level in bench.state.levels.items() if level.open_quantity}
    assert held == {bench.level(trade_side, 2).uuid: 100}
    assert said(bench) == []


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_hedges_of_both_halves_are_taken_back_from_their_own_accounts(
    make_bench: Callable[..., Bench], side: Side
) -> None:
    """Architecture 10, behaviour 3.4: neither half's hedge is cancelled for lying in the other one's account."""
    bench = make_bench(steps=2).begin()
    bench.cycle(2)
    backup = bench.store.paths.state.read_bytes()
    bench.broker.fill(bench.broker.working_at(side, "49.00" if side is Side.BUY else "51.00").order_id)
    bench.cycle(2)
    placed = len(bench.broker.placed)
    (hedge,) = bench.broker.working("downside_oco" if side is Side.BUY else "upside_oco")
    restore(bench, backup).cycle(2)
    level = bench.level(DOWN if side is Side.BUY else TradeSide.UPSIDE)
    assert (level.oco_order_id, hedge.is_working) == (hedge.order_id, True)
    assert (len(bench.broker.placed), bench.broker.cancelled) == (placed, [])


def test_late_fill_is_not_excused_by_what_another_order_filled(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: 60 shares of level 2 were booked; that tells nothing of 30 that level 1's old order buys."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(2)
    first, second = bench.broker.working()
    bench.broker.end(first.order_id)
    bench.cycle()
    bench.broker.fill(second.order_id, 60)
    bench.broker.end(second.order_id)
    bench.cycle()
    first.filled = 30
    bench.cycle()
    (text,) = said(bench)
    assert text.startswith(f"order {first.order_id} ({first.request.client_id}) was thought gone but filled 30 shares")


def test_account_with_an_orphan_is_read_on_though_its_book_failed_meanwhile(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 4.4: that another account's orphan is seen does not end the search for this one."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    twins = [bench.broker.add(order.account, order.request) for order in bench.broker.working()]
    bench.broker.cancels.extend(["sent"] * 2)
    bench.cycle()
    bench.trade(IRFC="49.50")
    bench.broker.cancels.extend(["ok"] + ["sent"] * 20)
    bench.broker.broken_books.add("downside_oco")
    bench.cycle(3)
    assert "downside_oco" in bench.engine._parts.strangers.accounts
    bench.broker.broken_books.clear()
    bench.broker.cancels.clear()
    bench.cycle(8)
    assert [twin.is_working for twin in twins] == [False, False]


def test_order_of_a_square_off_is_no_levels_and_is_cancelled(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13, 3.4: it would close a position twice, once it is somebody's again; no start stumbles over it."""
    bench, backup = before_the_first_order(make_bench)
    (entry,) = bench.broker.working()
    client_id = f"{entry.request.client_id[:9]}00X0001"
    close = bench.broker.add("trade", replace(entry.request, client_id=client_id, side=Side.SELL))
    restore(bench, backup).cycle(2)
    assert close.status is OrderStatus.CANCELLED
    assert (entry.is_working, said(bench)) == (True, [])
