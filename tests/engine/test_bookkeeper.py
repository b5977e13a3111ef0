"""What the books bring into the state: doubts, late averages, blind accounts, what is remembered (behaviour 3 to 7)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.states import an_order
from tg1.models import OrderStatus, Role, Side, TradeSide
from tg1.rules.reconcile import Reading, Resolution
from tg1.trading.bookkeeper import News

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
NO_AVERAGE: dict[str, object] = {"average_price": None}


def opened(make_bench: Callable[..., Bench]) -> Bench:
    """The BUY at 49.00 filled: its target at 49.50 and its hedge at 118.50 work."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    return bench


def test_order_that_was_seen_has_to_be_absent_all_over(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: a row whose number can't be read proves arrival; three reads over five seconds begin anew."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle()
    bench.broker.answers.append("unknown-accepted")
    bench.broker.hide_new_for_reads = 2
    bench.cycle(3)
    doubted = list(bench.broker.orders.values())[-1]
    doubted.shown = {"order_id": ""}
    bench.cycle()
    doubted.shown, doubted.hidden_reads = {}, 6
    bench.cycle(5)
    assert len(bench.broker.placed) == 2
    bench.cycle()
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize(
    ("role", "value", "pnl"),
    [
        pytest.param(Role.ENTRY, "1950.00", "0", id="entry"),
        pytest.param(Role.TARGET, "1990.00", "30.00", id="target"),
        pytest.param(Role.OCO, "4736.00", "0", id="hedge"),
    ],
)
def test_average_that_comes_after_its_fill_corrects_the_value(
    make_bench: Callable[..., Bench], role: Role, value: str, pnl: str
) -> None:
    """Behaviour 5.1, 15: 40 filled at the order's own price until the book tells theirs; money follows the book."""
    bench = opened(make_bench) if role is not Role.ENTRY else make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    (order,) = [each for each in bench.broker.working() if each.request.client_id[11] == role[0].upper()]
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 40, {Role.ENTRY: "48.75", Role.TARGET: "49.75", Role.OCO: "118.40"}[role])
    bench.cycle()
    level = bench.level(DOWN)
    traded = {Role.ENTRY: level.entry_traded, Role.TARGET: level.target_traded, Role.OCO: level.oco_traded}[role]
    assert (traded.quantity, traded.value) == (40, 40 * order.request.limit_price)
    order.shown = {}
    bench.cycle()
    level = bench.level(DOWN)
    traded = {Role.ENTRY: level.entry_traded, Role.TARGET: level.target_traded, Role.OCO: level.oco_traded}[role]
    assert (traded.quantity, traded.value) == (40, Decimal(value))
    assert bench.state.total_pnl == Decimal(pnl)


def test_part_that_fills_without_an_average_is_seen(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.1, 8.1: it counts and clears the leg's rejections, though the book tells no price yet."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("refused")
    bench.cycle(3)
    assert bench.level(DOWN).backoff.rejections == 1
    order = bench.broker.working_at(Side.BUY, "49.00")
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 40)
    bench.cycle()
    assert bench.state.downside_net_quantity == 40
    assert bench.level(DOWN).backoff.rejections == 0


@pytest.mark.parametrize(("side", "unread"), [(DOWN, "downside_oco"), (UP, "upside_oco")])
def test_one_unread_hedge_account_of_two_ends_no_bot(
    make_bench: Callable[..., Bench], side: TradeSide, unread: str
) -> None:
    """Behaviour 4.4, 7.4: hedges that may have filled unseen are no reason to terminate, whatever the others show."""
    bench = make_bench(steps=1, oco_stop_count=1).begin()
    bench.cycle()
    for order in bench.broker.working():
        bench.broker.fill(order.order_id)
    bench.cycle()
    bench.broker.broken_books.add(unread)
    bench.feed.prices["SBIN"] = Decimal("117.00") if side is DOWN else Decimal("124.00")
    assert bench.cycle(40) is None
    bench.broker.broken_books.clear()
    assert bench.cycle(15) is None
    assert bench.cycle() == 3


def test_hedge_account_in_which_nothing_works_needs_no_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a hedge that is rejected again and again counts, though its account is not read meanwhile."""
    bench = make_bench(steps=1, oco_stop_count=1).begin()
    bench.cycle()
    for order in bench.broker.working():
        bench.broker.fill(order.order_id)
    bench.cycle()
    bench.broker.end(bench.broker.working("downside_oco")[0].order_id, OrderStatus.REJECTED, "Margin Exceeds")
    bench.broker.answers.extend(["refused"] * 100)
    bench.feed.prices["SBIN"] = Decimal("117.00")
    assert bench.cycle(15) is None
    assert bench.cycle() == 3


@pytest.mark.parametrize(
    ("resolution", "filled", "is_fill"),
    [
        (Resolution.FILLED, 50, True),
        (Resolution.CANCELLED, 1, True),
        (Resolution.CANCELLED, 0, False),
        (Resolution.WAIT, 20, False),
        (Resolution.WAIT, 0, False),
    ],
)
def test_fill_is_an_order_that_has_ended_and_has_filled(resolution: Resolution, filled: int, is_fill: bool) -> None:  # noqa: FBT001
    """Behaviour 5.2, 7.4: a part that still works ends nothing, and an end without a share is no fill."""
    reading = Reading(resolution=resolution, order=an_order(filled_quantity=filled))
    assert News(uuid="level0001", account="downside_oco", reading=reading).is_fill is is_fill


def test_five_hundred_settled_orders_are_remembered(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: enough to know a late fill by; the oldest goes, so that the file does not grow for ever."""
    bench = make_bench().begin()
    for number in range(501):
        bench.engine._keeper.settle(an_order(f"ORDER{number:03}"), "trade")
    kept = [order.client_id for order in bench.state.settled]
    assert len(kept) == 500
    assert (kept[0], kept[-1]) == ("ORDER001", "ORDER500")
