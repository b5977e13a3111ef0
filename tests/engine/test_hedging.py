"""Hedges go where they belong, in the cycle that needs them, and their failure is counted (behaviour 5.3, 6, 7.4)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import ExitCode
from tg1.models import OrderStatus, OrderType, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
ACCOUNTS = {DOWN: "downside_oco", UP: "upside_oco"}
FIRST = {DOWN: (Side.BUY, "49.00"), UP: (Side.SELL, "51.00")}
SECOND = {DOWN: (Side.BUY, "48.00"), UP: (Side.SELL, "52.00")}
HEDGE = {DOWN: (Side.SELL, "118.50"), UP: (Side.BUY, "122.50")}
BEYOND = {DOWN: "116.00", UP: "125.00"}
both_halves = pytest.mark.parametrize("half", [DOWN, UP])


def filled(bench: Bench, *halves: TradeSide) -> Bench:
    """The nearest entries of these halves fill in one cycle while SBIN trades at 120.50."""
    bench.begin().cycle(2)
    for half in halves:
        bench.broker.fill(bench.broker.working_at(*FIRST[half]).order_id)
    bench.cycle()
    return bench


def test_both_halves_are_hedged_in_the_cycle_that_sees_their_fills(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.5, 6.1: each as a stop ahead of the market, in the account of its half."""
    bench = filled(make_bench(), DOWN, UP)
    for half in (DOWN, UP):
        request = bench.broker.working_at(*HEDGE[half], ACCOUNTS[half]).request
        assert (request.order_type, request.quantity) == (OrderType.STOPLIMIT, 50)


@both_halves
def test_hedge_whose_trigger_is_crossed_goes_out_as_a_limit_order(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 6.1: TokenB has passed its price before it could be placed; a stop would be refused."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.answers.extend(["ok", "limited"])
    bench.broker.fill(bench.broker.working_at(*FIRST[half]).order_id)
    bench.cycle()
    bench.broker.answers.clear()
    bench.feed.prices["SBIN"] = Decimal(BEYOND[half])
    bench.cycle()
    (hedge,) = bench.broker.working(ACCOUNTS[half])
    assert (hedge.request.order_type, hedge.request.trigger_price) == (OrderType.LIMIT, None)


@both_halves
def test_unread_account_of_one_half_holds_no_hedge_of_the_other(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 4.4: the unread half waits with its second hedge, the other one does not."""
    other = UP if half is DOWN else DOWN
    bench = filled(make_bench(steps=3), DOWN, UP)
    bench.broker.broken_books.add(ACCOUNTS[half])
    bench.feed.prices["SBIN"] = Decimal("120.80")
    for side in (half, other):
        bench.broker.fill(bench.broker.working_at(*SECOND[side]).order_id)
    placed = len(bench.broker.placed)
    bench.feed.prices["SBIN"] = Decimal("123.00" if other is DOWN else "118.00")
    bench.cycle(3)
    hedges = {request.side for request in bench.broker.placed[placed:] if request.symbol == "SBIN"}
    assert hedges == {HEDGE[other][0]}


@both_halves
def test_hedge_that_lost_its_place_is_cancelled_with_the_reason(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 6.3: a nearer one takes it; why it went is told to whoever reads the day."""
    bench = filled(make_bench(steps=3, oco_stop_count=9), half)
    (first,) = bench.broker.working(ACCOUNTS[half])
    bench.feed.prices["SBIN"] = Decimal("122.00" if half is DOWN else "119.00")
    bench.broker.fill(bench.broker.working_at(*SECOND[half]).order_id)
    bench.cycle(2)
    assert bench.broker.cancelled == [first.order_id]
    assert bench.engine._parts.desk.cancel_reasons == {first.order_id: "not next to TokenB's price any more"}
    (second,) = bench.broker.working(ACCOUNTS[half])
    assert second.request.trigger_price == Decimal("120.00" if half is DOWN else "121.00")


@both_halves
def test_level_without_a_price_gets_the_first_fresh_one_and_keeps_it(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 5.3: pending while TokenB is stale; hedged in the very cycle in which its price is back."""
    bench = make_bench().begin()
    bench.feed.stale.add("SBIN")
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(*FIRST[half]).order_id)
    bench.cycle(5)
    assert bench.level(half).oco_trade_price is None
    assert bench.broker.working(ACCOUNTS[half]) == []
    bench.feed.stale.clear()
    bench.cycle()
    assert bench.broker.working_at(*HEDGE[half], ACCOUNTS[half])
    bench.feed.prices["SBIN"] = Decimal("120.90")
    bench.cycle(3)
    assert bench.level(half).oco_trade_price == Decimal(HEDGE[half][1])
    fresh = [level for level in bench.state.levels.values() if not level.is_open]
    assert [level.oco_trade_price for level in fresh] == [None] * 3


def test_stale_price_neither_places_nor_cancels(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2: the rejected hedge is not placed again before TokenB's price is back."""
    bench = filled(make_bench(), DOWN)
    bench.feed.stale.add("SBIN")
    (hedge,) = bench.broker.working("downside_oco")
    bench.broker.end(hedge.order_id, OrderStatus.CANCELLED, "lapsed")
    placed = len(bench.broker.placed)
    bench.cycle(30)
    assert (len(bench.broker.placed), bench.broker.cancelled) == (placed, [])
    bench.feed.stale.clear()
    bench.cycle()
    assert bench.broker.working_at(*HEDGE[DOWN], "downside_oco")


# -- hedges that fail --------------------------------------------------------------------------------------------------


@both_halves
def test_hedge_that_does_not_fill_is_alarmed_after_three_seconds_and_counts_after_fifteen(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 7.4: with a stop count of one that ends the bot, by the side of the hedge."""
    bench = filled(make_bench(oco_stop_count=1), half)
    bench.trade(SBIN=BEYOND[half])
    bench.cycle(3)
    assert bench.state.attention == []
    bench.cycle()
    assert [item.key for item in bench.state.attention] == [f"unhedged {bench.level(half).uuid}"]
    assert bench.cycle(11) is None
    assert bench.cycle() == ExitCode.TERMINATED
    counts = "buy=0 sell=1" if half is DOWN else "buy=1 sell=0"
    assert counts in bench.state.bot_status.reason


@both_halves
def test_unread_account_of_one_half_is_not_judged_and_shields_no_other(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 4.4, 7.4: its hedge may have filled unseen, so it neither ends the bot nor is called naked."""
    other = UP if half is DOWN else DOWN
    bench = filled(make_bench(oco_stop_count=1), DOWN, UP)
    bench.broker.broken_books.add(ACCOUNTS[half])
    bench.feed.prices["SBIN"] = Decimal(BEYOND[half])
    assert bench.cycle(25) is None
    assert bench.state.attention == []
    bench.feed.prices["SBIN"] = Decimal(BEYOND[other])
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED


def test_hedge_that_fills_gives_those_that_wait_for_its_place_fifteen_seconds(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 6.3, 7.4: three equal hedges and two places; the third has not failed while the first two work."""
    bench = make_bench(trade_type="buyocots", steps=4, oco_stop_count=1).begin()
    bench.cycle(4)
    for price in ("49.00", "48.00", "47.00"):
        bench.broker.fill(bench.broker.working_at(Side.BUY, price).order_id)
    bench.cycle()
    bench.feed.prices["SBIN"] = Decimal("118.50")
    assert bench.cycle(14) is None
    assert len(bench.broker.working("downside_oco")) == 2
    for hedge in bench.broker.working("downside_oco"):
        bench.broker.fill(hedge.order_id)
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED
    assert "sell=1" in bench.state.bot_status.reason


def test_fifteen_seconds_begin_anew_with_the_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: what failed yesterday evening is no failure of this morning."""
    bench = filled(make_bench(oco_stop_count=1, product_type="CNC", ignore_market_hours=True), DOWN)
    bench.trade(SBIN="116.00")
    assert bench.cycle(14) is None
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED


def test_bot_without_hedges_has_none_that_could_fail(make_bench: Callable[..., Bench]) -> None:
    """Architecture 5: no order of TokenB, and no word of it."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    assert bench.cycle(30) is None
    assert {request.symbol for request in bench.broker.placed} == {"IRFC"}
    assert bench.level(DOWN).oco_trade_price is None


@both_halves
def test_hedge_is_placed_on_an_unread_account_where_nothing_works(
    make_bench: Callable[..., Bench], half: TradeSide
) -> None:
    """Behaviour 4.4: nothing can have filled there unseen, and a book that fails must leave nobody naked."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.answers.extend(["ok", "session", "session"])
    bench.broker.broken_books.add(ACCOUNTS[half])
    bench.broker.fill(bench.broker.working_at(*FIRST[half]).order_id)
    bench.cycle(2)
    assert bench.broker.working(ACCOUNTS[half]) == []
    bench.cycle()
    assert bench.broker.working_at(*HEDGE[half], ACCOUNTS[half])
