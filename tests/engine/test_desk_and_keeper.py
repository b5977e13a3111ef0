"""Desk, bookkeeper and strangers, each at the places where a planted fault once lived (mutants.md)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import SaveFailed
from tg1.models import LevelState, OrderRequest, OrderStatus, OrderType, Side, TradeSide
from tg1.rules.client_ids import bot_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
NAME = "IRFC-SBIN Grid"


def an_order(bench: Bench, what: str, attempt: int, **changes: object) -> HandOrder:
    """An order of this bot's grid that its state does not know: D01 is the BUY at 49.00; E entry, T target, O OCO."""
    values: dict[str, object] = {
        "client_id": f"{bot_tag(NAME)}{bench.state.generation}{what}{attempt:04}",
        "symbol": "SBIN" if "O" in what else "IRFC",
        "side": Side.BUY if "E" in what else Side.SELL,
        "quantity": 50 if "O" in what else 100,
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal("49.00"),
        **changes,
    }
    return bench.broker.add("downside_oco" if "O" in what else "trade", OrderRequest(**values))  # type: ignore[arg-type]


def two_hedges(bench: Bench) -> Bench:
    """Two BUY levels open, hedged at 108.00 and 113.00."""
    bench.begin().cycle(2)
    for price, token_b in (("49.00", "110.00"), ("48.00", "115.00")):
        bench.feed.prices["SBIN"] = Decimal(token_b)
        bench.broker.fill(bench.broker.working_at(Side.BUY, price).order_id)
        bench.cycle(2)
    return bench


def test_own_cancels_are_no_rejections_however_often_token_b_swings(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 8: seven swings move the bracket fourteen times, and no leg backs off."""
    bench = two_hedges(make_bench(oco_stop_count=9))
    for _ in range(7):
        for token_b in ("112.00", "115.00"):
            bench.feed.prices["SBIN"] = Decimal(token_b)
            bench.cycle(3)
    assert len(bench.broker.cancelled) >= 7
    assert all(level.oco_backoff.rejections == 0 for level in bench.state.levels.values())
    assert bench.state.attention == []


def test_refused_cancel_is_not_ours_when_the_broker_cancels_later(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: a bot must not put back every second what its broker squares off."""
    bench = make_bench(oco_stop_count=9).begin()
    bench.cycle(2)
    bench.feed.prices["SBIN"] = Decimal("110.00")
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    [hedge] = bench.broker.working("downside_oco")
    bench.broker.cancels.append("refused")
    bench.feed.prices["SBIN"] = Decimal("115.00")
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(3)
    bench.broker.end(hedge.order_id, OrderStatus.CANCELLED, "RMS square off")
    bench.cycle()
    assert bench.level(DOWN, 1).oco_backoff.rejections == 1


def test_answers_that_can_not_be_saved_stop_the_next_batch(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 9.2: no further order until a save works, in the very cycle in which the disk fills up."""
    bench = make_bench().begin()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)

    def full(_now: object) -> bool:
        raise SaveFailed("no space left")

    bench.broker.after_place = lambda _request: monkeypatch.setattr(bench.store, "save", full)
    placed = len(bench.broker.placed)
    bench.cycle()
    assert [request.side for request in bench.broker.placed[placed:]] == [Side.SELL], "the target, and no entry"


def test_attempts_are_counted_one_by_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.1: four base-36 digits last for 1.6 million orders of a level, none is left out."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["limited"] * 3)
    bench.cycle(4)
    assert [request.client_id[-4:] for request in bench.broker.placed] == ["0001", "0002", "0003", "0004"]


def test_cancel_that_hangs_is_asked_for_every_five_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 11.3: once a second it would use up the account's eight calls."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.cancels.extend(["sent"] * 99)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(16)
    assert len(bench.broker.cancelled) == 4


def test_restored_backup_books_the_trip_that_it_missed_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 3.5: attempts 2 and 3 are younger than the state; neither is booked again at a second look."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    older = bench.store.paths.state.read_bytes()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    bench.store.paths.state.write_bytes(older)
    bench.begin().cycle(5)
    assert len({request.client_id for request in bench.broker.placed}) == len(bench.broker.placed)
    assert bench.state.downside_net_quantity == 0
    assert bench.state.total_pnl == 50
    assert [record.outcome for record in bench.state.order_history] == ["target"]
    [order] = bench.broker.working()
    assert bench.level(DOWN).entry_order_id == order.order_id


def test_row_without_a_quantity_is_not_taken_back(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: an order held with quantity 0 would never book its fills; it is cancelled as an orphan."""
    bench = make_bench(trade_type="buyts", steps=2, max_open_entries=1).begin()
    bench.cycle(2)
    assert bench.level(DOWN, 2).state is LevelState.FRESH
    orphan = an_order(bench, "D02E", 9, quantity=0)
    bench.cycle(2)
    assert bench.broker.cancelled == [orphan.order_id]
    assert bench.level(DOWN, 2).order is None


def test_order_of_another_account_is_not_taken_back(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: an entry in an OCO account is nobody's."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    orphan = an_order(bench, "D02T", 9)
    bench.broker.orders[orphan.order_id].account = "downside_oco"
    bench.cycle(2)
    assert bench.broker.cancelled == [orphan.order_id]


def test_closed_level_takes_no_order_back(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.5, 3.4: an entry that a closed level once placed is cancelled, not adopted."""
    bench = make_bench(trade_type="buyts", steps=2, auto_reenter=False).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle()
    assert bench.level(DOWN, 1).state is LevelState.CLOSED
    orphan = an_order(bench, "D01E", 9)
    bench.cycle(2)
    assert bench.broker.cancelled == [orphan.order_id]
    assert bench.level(DOWN, 1).order is None


def test_lone_orphan_whose_cancel_was_lost_is_cancelled_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 4.1: its account has nothing else of ours, and is read until the orphan has ended."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle()
    bench.broker.cancels.append("sent")
    orphan = an_order(bench, "D02O", 9)
    bench.cycle(8)
    assert bench.broker.cancelled.count(orphan.order_id) == 2
    assert not bench.broker.orders[orphan.order_id].is_working
    bench.cycle(2)
    bench.broker.reads.clear()
    bench.cycle(3)
    assert "downside_oco" not in bench.broker.reads, "and no longer"


def test_doubt_that_was_seen_once_is_counted_anew(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: a row without its number proves arrival; absent later, it needs all its reads again."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-accepted")
    bench.broker.hide_new_for_reads = 2
    bench.broker.nameless_rows = True
    bench.broker.add("trade", replace(an_order(bench, "D02T", 1).request, client_id="SOMEBODY"), foreign=True)
    del bench.broker.orders["1210000001"]
    bench.cycle(4)
    [order] = [order for order in bench.broker.orders.values() if order.request.side is Side.BUY]
    assert order.seen_reads == 1
    order.hidden_reads = 2
    bench.clock.advance(3.0)
    bench.cycle(2)
    bench.broker.nameless_rows = False
    bench.cycle(2)
    assert bench.level(DOWN).entry_order_id == order.order_id
    assert len(bench.broker.placed) == 1


def test_orphan_without_a_number_is_read_on_and_never_cancelled_by_an_empty_one(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 3.4, 4.3: nobody knows what an empty AppOrderID cancels; it waits for its number."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    orphan = an_order(bench, "D02T", 9)
    bench.broker.nameless_rows = True
    bench.cycle(7)
    assert bench.broker.cancelled == []
    bench.broker.nameless_rows = False
    bench.cycle(2)
    assert bench.broker.cancelled == [orphan.order_id]


def test_average_that_comes_late_corrects_the_result(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.1, 15: the order's own price stands in until the average is there."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    target = bench.broker.working_at(Side.SELL, "49.50")
    bench.broker.fill(target.order_id, 40, "49.60")
    target.no_average = True
    bench.cycle()
    assert bench.state.total_pnl == 20
    target.no_average = False
    bench.cycle()
    assert bench.state.total_pnl == 24


def test_settled_orders_are_bounded(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.4's neighbour: 501 orders that left unfilled leave 500 records, the youngest."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    level = bench.level(DOWN)
    assert level.order is not None
    for number in range(501):
        bench.engine._keeper.settle(level.order, f"account {number}")
    assert len(bench.state.settled) == 500
    assert bench.state.settled[-1].account == "account 500"


@pytest.mark.parametrize(("unread", "ends"), [("downside_oco", False), ("upside_oco", True)])
def test_hedges_of_a_readable_account_are_judged_and_those_of_an_unread_one_are_not(
    make_bench: Callable[..., Bench],
    unread: str,
    ends: bool,  # noqa: FBT001
) -> None:
    """Behaviour 7.4, 4.4: one unread OCO account neither ends the bot nor shields the other account's failures."""
    bench = make_bench(oco_stop_count=1).begin()
    bench.cycle(2)
    for side, price in ((Side.BUY, "49.00"), (Side.SELL, "51.00")):
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
        bench.cycle()
    bench.feed.prices["SBIN"] = Decimal("110.00")
    bench.broker.broken_books.add(unread)
    assert (bench.cycle(20) is not None) is ends


def test_tick_that_changed_overnight_is_the_one_that_orders_are_put_on(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2: SBIN's tick was 0.05 in one dump and 0.10 in another; entry, target and hedge follow."""
    bench = make_bench(steps=2, product_type="CNC", spread="0.95", target_spread="0.55", oco_spread="1.95").begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.05").order_id)
    bench.cycle()
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    bench.broker.ticks = {"IRFC": Decimal("0.10"), "SBIN": Decimal("0.10")}
    bench.begin().cycle(3)
    requests = [order.request for order in bench.broker.working()]
    prices = [price for each in requests for price in (each.limit_price, each.trigger_price) if price is not None]
    assert len(requests) == 5
    assert [price for price in prices if price % Decimal("0.10")] == []
