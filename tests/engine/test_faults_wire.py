"""Faults of the wire and the book that no other test provokes in this form (failures.md I to V)."""

from __future__ import annotations

import errno
import os
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandBroker
from tests.support.simdisk import SimDisk
from tg1.errors import BrokerUnavailable
from tg1.models import LevelState, OrderRequest, OrderStatus, OrderType, Side, TradeSide
from tg1.rules.client_ids import bot_tag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
NAME = "IRFC-SBIN Grid"


@dataclass
class LaggingBroker(HandBroker):
    """Shows each account's book as it was some reads ago."""

    lag: int = 0
    _shown: dict[str, deque[tuple[BrokerOrder, ...]]] = field(default_factory=dict)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        books = self._shown.setdefault(account, deque())
        books.append(super().order_book(account, since=since))
        while len(books) > self.lag + 1:
            books.popleft()
        return books[0]


class StammeringBroker(HandBroker):
    """Lists every order twice."""

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        return super().order_book(account, since=since) * 2


def a_request(client_id: str, price: str = "45.00") -> OrderRequest:
    """A BUY of 7 IRFC under that client id."""
    return OrderRequest(
        client_id=client_id,
        symbol="IRFC",
        side=Side.BUY,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
    )


def opened(bench: Bench) -> Bench:
    """The bench after the BUY at 49.00 filled: its target and its hedge are working."""
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    return bench


def test_hedge_in_doubt_is_looked_up_in_the_book_of_its_own_account(make_bench: Callable[..., Bench]) -> None:
    """Failures.md I.7: the Trade account's book, which never holds it, is no evidence that a hedge never arrived."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.answers.extend(["ok", "unknown-accepted"])
    bench.broker.broken_books.add("downside_oco")
    bench.cycle(20)
    assert [request.symbol for request in bench.broker.placed].count("SBIN") == 1
    bench.broker.broken_books.clear()
    bench.cycle(2)
    assert bench.level(DOWN).oco_order_id == bench.broker.working("downside_oco")[0].order_id


@pytest.mark.parametrize("lag", [1, 2])
def test_book_that_lags_behind_doubles_nothing(make_bench: Callable[..., Bench], lag: int) -> None:
    """Failures.md I.9: entry, target and hedge of a level are placed once each from books that are reads old."""
    bench = make_bench(steps=1)
    bench.broker = LaggingBroker(lag=lag)
    bench.begin().cycle(lag + 2)
    for side, price in ((Side.BUY, "49.00"), (Side.SELL, "49.50"), (Side.BUY, "49.00")):
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
        bench.cycle(2 * lag + 4)
    assert bench.state.downside_net_quantity == 100
    assert len({request.client_id for request in bench.broker.placed}) == len(bench.broker.placed)
    sides = [(order.request.symbol, order.request.side) for order in bench.broker.working()]
    assert sorted(sides) == sorted([("IRFC", Side.SELL), ("IRFC", Side.SELL), ("SBIN", Side.SELL)])


def test_ten_minutes_without_a_network_while_orders_fill_lose_none(make_bench: Callable[..., Bench]) -> None:
    """Failures.md II.12: nothing is concluded meanwhile, and everything is booked, and covered, when it is back."""
    bench = make_bench(trade_type="buyocots").begin()
    bench.cycle(2)
    bench.broker.broken_books.update(bench.broker.accounts)
    bench.broker.answers.extend(["unavailable"] * 1000)
    bench.cycle(30)
    for order in bench.broker.working("trade"):
        bench.broker.fill(order.order_id)
    bench.cycle(570)
    assert bench.state.downside_net_quantity == 0
    assert len(bench.broker.orders) == 2
    bench.broker.broken_books.clear()
    bench.broker.answers.clear()
    bench.cycle(3)
    assert bench.state.downside_net_quantity == 200
    assert {lv.state for lv in bench.state.levels.values()} == {LevelState.TARGET_PLACED}
    assert len(bench.broker.working("downside_oco")) == 1
    assert [item.key for item in bench.state.attention] == ["blind trade"], "behaviour 4.4: never blind in silence"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EBUSY], ids=["ENOSPC", "EIO", "EBUSY"])
def test_order_whose_answer_could_not_be_saved_is_found_after_a_power_cut(
    make_bench: Callable[..., Bench], number: int
) -> None:
    """Failures.md II.17: accepted and filled, but the save after the answer failed and then the power went."""
    bench = make_bench(trade_type="buyts", steps=1)
    bench.fs = SimDisk()
    bench.begin()

    def refuse(_op: str, path: Path) -> None:
        raise OSError(number, os.strerror(number), str(path))

    bench.broker.after_place = lambda _request: setattr(bench.fs, "before_op", refuse)
    bench.cycle()
    assert len(bench.broker.placed) == 1
    bench.broker.after_place = None
    bench.broker.fill(bench.broker.working()[0].order_id)
    bench.fs.crash(Random(1))
    bench.fs = bench.fs.restart()
    bench.begin().cycle(2)
    assert bench.state.downside_net_quantity == 100
    assert [request.side for request in bench.broker.placed] == [Side.BUY, Side.SELL]


def test_start_without_a_readable_book_is_given_up_and_forgets_nothing(make_bench: Callable[..., Bench]) -> None:
    """Failures.md III.30: a broker that is ill at the start wipes no state and gets no second grid."""
    bench = opened(make_bench())
    before, placed = dict(bench.state.levels), len(bench.broker.placed)
    bench.broker.broken_books.add("trade")
    with pytest.raises(BrokerUnavailable, match="trade"):
        bench.begin()
    assert (bench.state.levels, len(bench.broker.placed)) == (before, placed)
    bench.broker.broken_books.clear()
    bench.begin().cycle(3)
    assert (bench.state.levels, len(bench.broker.placed)) == (before, placed)


def test_market_order_of_somebody_else_does_not_disturb_a_resume(make_bench: Callable[..., Bench]) -> None:
    """Failures.md III.31: a foreign row without price or identifier is neither fatal nor adopted by its price."""
    bench = opened(make_bench())
    for client_id, price in (("", "0"), ("SQUARE OFF", "0"), ("", "49.50")):
        bench.broker.add("trade", a_request(client_id, price), foreign=True)
    before, placed = dict(bench.state.levels), len(bench.broker.placed)
    bench.begin().cycle(3)
    assert (bench.state.levels, len(bench.broker.placed)) == (before, placed)
    assert bench.broker.cancelled == []


def test_entries_that_fill_together_are_all_hedged(make_bench: Callable[..., Bench]) -> None:
    """Failures.md IV.37: three fills in one second give three hedges with a price; the third follows the first two."""
    bench = make_bench(trade_type="buyocots", steps=3, oco_stop_count=9).begin()
    bench.cycle(3)
    for order in bench.broker.working("trade"):
        bench.broker.fill(order.order_id)
    bench.cycle()
    assert [lv.oco_trade_price for lv in bench.state.levels.values()] == [Decimal("118.50")] * 3
    bench.feed.prices["SBIN"] = Decimal("118.00")
    for _ in range(3):
        for order in bench.broker.working("downside_oco"):
            bench.broker.fill(order.order_id)
        bench.cycle(2)
    assert bench.state.downside_oco_net_count == 3
    hedged = [order for order in bench.broker.orders.values() if order.request.symbol == "SBIN"]
    assert sum(order.filled for order in hedged) == 150
    assert {lv.state for lv in bench.state.levels.values()} == {LevelState.OCO_FILLED}


def test_quiet_cycle_of_a_hundred_and_sixty_orders_is_one_request(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.57: what a cycle asks of the wire does not grow with the number of levels."""
    bench = make_bench(steps=80, spread="0.25", target_spread="0.25", oco_stop_count=99).begin()
    bench.cycle(80)
    assert len(bench.broker.working()) == 160
    bench.broker.reads.clear()
    bench.cycle(3)
    assert bench.broker.reads == {"trade": 3}
    assert (len(bench.broker.placed), bench.broker.cancelled) == (160, [])


def test_refused_orders_are_an_alarm_and_not_a_loop_while_books_are_read(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.58a: an address that may not order (placements refused, reads fine): five tries, then a person."""
    bench = opened(make_bench())
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.broker.answers.extend(["refused"] * 1000)
    placed = len(bench.broker.placed)
    bench.cycle(120)
    assert len(bench.broker.placed) == placed + 5
    assert [item.key.split()[0] for item in bench.state.attention] == ["paused"]


def test_stop_between_two_orders_of_a_batch_keeps_the_second_at_home(make_bench: Callable[..., Bench]) -> None:
    """Failures.md VII.65: the stop flag is looked at before every write, not once a cycle."""
    bench = make_bench().begin()
    bench.broker.after_place = lambda _request: setattr(bench.clock, "stopping", True)
    bench.cycle()
    assert [request.side for request in bench.broker.placed] == [Side.BUY]
    assert bench.level(UP).state is LevelState.FRESH
    assert bench.level(UP).order is None
    bench.broker.after_place = None
    bench.begin().cycle(2)
    assert len(bench.broker.working()) == 4


@pytest.mark.parametrize("hours", [-1, 1])
def test_clock_that_jumps_does_not_silence_a_level(make_bench: Callable[..., Bench], hours: int) -> None:
    """Failures.md VII.72: a wall clock that is put right neither doubles an order nor holds a retry back for hours."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["refused"] * 2)
    bench.cycle(2)
    bench.clock.wall = bench.clock.wall.replace(hour=bench.clock.wall.hour + hours)
    bench.cycle(90)
    assert len(bench.broker.working()) == 1
    assert bench.state.attention == []


def test_namesake_on_another_machine_ends_in_an_alarm_and_not_in_a_war(make_bench: Callable[..., Bench]) -> None:
    """Failures.md VII.70: two bots of one name cancel each other's orders as orphans, until five such and a person."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    for _ in range(60):
        bench.cycle()
        for order in bench.broker.working("trade"):
            if order.seen_reads:
                bench.broker.end(order.order_id, OrderStatus.CANCELLED, "cancelled by the user")
    assert len(bench.broker.placed) == 5
    assert "cancelled by the user" in bench.state.attention[0].text


@pytest.mark.parametrize("ends", ["filled", "sent"])
def test_orphan_that_fills_while_it_is_cancelled_is_brought_to_attention(
    make_bench: Callable[..., Bench], ends: str
) -> None:
    """Failures.md II.13, IV.36: a position that no level holds must not stay unknown to the operator."""
    bench = opened(make_bench())
    bench.broker.cancels.append(ends)
    orphan = bench.broker.add("trade", a_request(f"{bot_tag(NAME)}{bench.state.generation}D02E0009"))
    bench.cycle()
    if ends == "sent":
        bench.broker.fill(orphan.order_id)
    bench.cycle(3)
    assert [item.key.split()[0] for item in bench.state.attention] == ["late-fill"]


@pytest.mark.parametrize("first_fills", [True, False])
def test_second_order_of_one_client_id_that_fills_is_brought_to_attention(
    make_bench: Callable[..., Bench],
    first_fills: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Failures.md I.4: a broker doubled a request, and the order that is no level's filled before its cancel."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    if first_fills:
        bench.broker.fill(bench.broker.working()[0].order_id)
    twin = bench.broker.add("trade", bench.broker.placed[0])
    bench.broker.fill(twin.order_id)
    bench.cycle(3)
    assert [item.key.split()[0] for item in bench.state.attention] == ["late-fill"]
    assert f"{twin.order_id} ({twin.request.client_id}) is a second order" in bench.state.attention[0].text
    assert bench.state.downside_net_quantity == (100 if first_fills else 0)


def test_order_that_a_book_lists_twice_is_no_second_order(make_bench: Callable[..., Bench]) -> None:
    """Failures.md I.4 the other way round: two rows of one AppOrderID are one order, booked once."""
    bench = make_bench(trade_type="buyts", steps=1)
    bench.broker = StammeringBroker()
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working()[0].order_id)
    bench.cycle(3)
    assert bench.state.attention == []
    assert bench.state.downside_net_quantity == 100
    assert len(bench.broker.placed) == 2
