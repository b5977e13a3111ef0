"""The hedge hedges: the cases in which a bot that followed its rules left its trader naked (behaviour 5.2 to 8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import ExitCode
from tg1.models import LevelState, OrderStatus, OrderType, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def market(bench: Bench) -> Bench:
    """The bench at an exchange that knows its prices: nothing fills behind the market."""
    bench.broker.matching = True
    return bench


def four_bought(bench: Bench) -> Bench:
    """Four BUY entries of 100, all filled while TokenB trades at 120.50: four hedges at 118.50."""
    market(bench).begin().cycle(4)
    bench.trade(IRFC="46.00")
    bench.cycle(2)
    assert [level.oco_trade_price for level in bench.state.levels.values() if level.is_open] == [Decimal("118.50")] * 4
    return bench


def sold_of_b(bench: Bench) -> int:
    """Shares of TokenB that the hedges have sold."""
    return sum(o.filled for o in bench.broker.orders.values() if o.request.symbol == "SBIN")


def hedge(bench: Bench) -> HandOrder:
    """The one working hedge of the downside."""
    [order] = bench.broker.working("downside_oco")
    return order


@pytest.mark.parametrize("step", ["0.05", "0.10", "0.50"])
def test_quiet_slide_through_four_equal_hedges_fills_them_all(make_bench: Callable[..., Bench], step: str) -> None:
    """Behaviour 6.1, 6.3: no fault, no gap, defaults; 200 TokenB are sold and the bot lives."""
    bench = four_bought(make_bench(steps=5))
    price = Decimal("118.50")
    for _ in range(8):
        bench.trade(SBIN=f"{price:.2f}")
        assert bench.cycle() is None
        price -= Decimal(step)
    assert sold_of_b(bench) == 200
    assert bench.state.downside_oco_net_count == 4
    assert {lv.state for lv in bench.state.levels.values() if lv.oco_traded.quantity} == {LevelState.OCO_FILLED}


def test_row_of_hedges_is_worked_off_two_a_cycle_however_long_it_is(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3, 7.4: forty equal hedges take longer than 15 s and are no failure while they fill."""
    bench = market(make_bench(trade_type="buyocots", steps=41, spread="0.25", target_spread="0.20"))
    bench.begin().cycle(41)
    bench.trade(IRFC="40.00")
    bench.cycle(2)
    bench.trade(SBIN="118.50")
    for cycle in range(30):
        assert bench.cycle() is None, f"ended in cycle {cycle} with {bench.state.bot_status}"
    assert bench.state.downside_oco_net_count == 40
    assert sold_of_b(bench) == 40 * 50


def test_gap_at_the_open_places_targets_and_hedges_before_anything_is_judged(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3, 7.4: CNC, three open levels, TokenB opens 2.9 % lower, and comes back after ten seconds."""
    bench = market(make_bench(steps=5, product_type="CNC"))
    bench.begin().cycle(3)
    bench.trade(IRFC="47.00")
    bench.cycle(2)
    bench.broker.orders.clear()
    bench.clock.wall = datetime.combine(bench.clock.wall.date() + timedelta(days=1), bench.clock.wall.timetz())
    bench.trade(SBIN="117.00")
    bench.begin()
    assert bench.cycle(9) is None
    targets = [o for o in bench.broker.working("trade") if o.request.side is Side.SELL and o.request.limit_price < 50]
    assert len(targets) == 3
    hedges = bench.broker.working("downside_oco")
    assert [(o.request.order_type, o.request.limit_price) for o in hedges] == [(OrderType.LIMIT, Decimal("117.90"))] * 2
    bench.trade(SBIN="118.00")
    assert bench.cycle(6) is None
    assert bench.state.downside_oco_net_count == 3


def test_gap_that_stays_ends_the_bot_after_fifteen_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: three hedges that should have filled and have not; the trader is told, with exit 3."""
    bench = four_bought(make_bench(steps=5))
    bench.trade(SBIN="115.00")
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED
    assert bench.state.bot_status.reason.startswith("untriggered OCO buildup — buy=0 sell=4 oco_stop_count=3: ")
    assert bench.broker.working() == []


def test_one_hedge_behind_the_market_is_said_after_three_seconds_and_when_it_is_over(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 7.4, "nothing is blind in silence": below the stop count nothing ends the bot, but a person is told."""
    bench = market(make_bench()).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.trade(SBIN="116.00")
    assert bench.cycle(3) is None
    assert bench.state.attention == []
    bench.cycle()
    assert len(bench.state.attention) == 1
    assert bench.cycle(3600) is None
    [item] = bench.state.attention
    assert item.text.startswith(
        "downside level 1: SBIN has been at or beyond 118.50 for 3 s and the hedge has not filled"
    )
    assert "works at 117.90" in item.text
    assert "100 IRFC are open without it" in item.text
    bench.trade(SBIN="118.00")
    bench.cycle(2)
    assert bench.state.downside_oco_net_count == 1
    assert "over at" in bench.state.attention[0].text


def test_hedge_that_fills_in_time_alarms_nobody(make_bench: Callable[..., Bench]) -> None:
    """The alarm is for hedges that fail, not for each that works."""
    bench = four_bought(make_bench(steps=5))
    bench.trade(SBIN="118.40")
    bench.cycle(10)
    assert bench.state.downside_oco_net_count == 4
    assert bench.state.attention == []


def test_fifteen_seconds_begin_anew_at_a_resume(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a restart in the middle of a gap gets its own fifteen seconds."""
    bench = four_bought(make_bench(steps=5))
    bench.trade(SBIN="115.00")
    assert bench.cycle(14) is None
    bench.begin()
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED


def test_fifteen_seconds_begin_anew_on_a_new_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: with market hours ignored midnight comes while the bot trades."""
    bench = four_bought(make_bench(steps=5, product_type="CNC", ignore_market_hours=True))
    bench.trade(SBIN="115.00")
    assert bench.cycle(14) is None
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    assert bench.cycle(15) is None
    assert bench.cycle() == ExitCode.TERMINATED


def test_hedge_is_placed_where_its_account_can_be_read(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, 4.5: the unread account waits, the other one does not."""
    bench = make_bench(steps=3).begin()
    bench.cycle(3)
    for side, price in ((Side.BUY, "49.00"), (Side.SELL, "51.00")):
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
    bench.cycle()
    bench.broker.broken_books.add("upside_oco")
    for side, price in ((Side.BUY, "48.00"), (Side.SELL, "52.00")):
        bench.feed.prices["SBIN"] = Decimal("123.00" if side is Side.BUY else "118.00")
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
        placed = len(bench.broker.placed)
        bench.cycle(2)
        hedges = {request.side for request in bench.broker.placed[placed:] if request.symbol == "SBIN"}
        assert Side.BUY not in hedges
        assert Side.SELL in hedges


def test_hedges_that_are_rejected_or_back_off_count_as_untriggered(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: whether its order works, waits, was rejected or is backing off; the unread account's do not."""
    bench = four_bought(make_bench(steps=5))
    bench.trade(SBIN="119.00")
    for order in bench.broker.working("downside_oco"):
        bench.broker.end(order.order_id, OrderStatus.REJECTED, "Margin Exceeds")
    bench.trade(SBIN="118.00")
    code = None
    for _ in range(20):
        bench.broker.answers.extend(["refused"] * 2)
        code = bench.cycle()
        bench.broker.answers.clear()
        if code is not None:
            break
    assert code == ExitCode.TERMINATED
    assert "sell=4" in bench.state.bot_status.reason


def partly_entered(bench: Bench) -> Bench:
    """60 of 100 shares of the BUY at 49.00 filled; TokenA stands at its price."""
    market(bench).begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 60)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    return bench


def test_sixty_of_a_hundred_get_target_and_hedge_half_a_minute_later(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: five hours without either, once; the rest is cancelled 30 s after the last fill."""
    bench = partly_entered(make_bench())
    assert bench.cycle(29) is None
    assert bench.broker.working_at(Side.BUY, "49.00"), "cancelled in the 30th second, not before"
    bench.cycle(3)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 60
    assert hedge(bench).request.quantity == 30
    assert [bench.broker.orders[order_id].request.limit_price for order_id in bench.broker.cancelled] == [49]


def test_fill_of_the_rest_starts_the_half_minute_anew(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: 30 s after its *last* fill."""
    bench = partly_entered(make_bench())
    bench.cycle(20)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 10)
    bench.cycle(25)
    assert bench.broker.cancelled == []
    bench.cycle(8)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 70


def test_market_that_leaves_cuts_the_rest_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: half the target spread in the level's favour, whichever is first."""
    bench = partly_entered(make_bench())
    bench.trade(IRFC="49.20")
    bench.cycle(2)
    assert bench.broker.cancelled == []
    bench.trade(IRFC="49.25")
    bench.cycle(2)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 60
    assert hedge(bench).request.quantity == 30
    bench.trade(IRFC="49.50")
    bench.cycle(3)
    assert bench.broker.working_at(Side.BUY, "49.00").request.quantity == 100, "re-entry is for the whole"


def test_wait_of_a_part_survives_a_restart(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: the last fill's time is in the state."""
    bench = partly_entered(make_bench())
    bench.cycle(20)
    bench.begin()
    bench.cycle(13)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 60


def with_ninety_sold(bench: Bench) -> Bench:
    """The BUY at 49.00 filled, its hedge waits at 118.50, and its target has sold 90 of 100."""
    market(bench).begin().cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id, 90)
    bench.trade(IRFC="49.30")
    bench.cycle()
    assert hedge(bench).request.quantity == 50
    return bench


def test_hedge_after_ninety_of_a_hundred_sold_is_for_the_ten_that_are_left(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: the target ended partly filled: 5 TokenB replace 50, and not one share more is sold."""
    bench = with_ninety_sold(make_bench())
    bench.broker.end(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(3)
    assert hedge(bench).request.quantity == 5
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 10
    bench.trade(SBIN="118.50")
    bench.cycle(3)
    assert sold_of_b(bench) == 5
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    assert bench.state.attention == []
    assert (bench.state.downside_net_quantity, bench.state.downside_oco_net_count) == (10, 1)


def test_hedge_rests_while_the_target_works_and_shrinks_after_a_minute(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: left alone while the target works; replaced when it has been partly filled for 60 s."""
    bench = with_ninety_sold(make_bench())
    bench.cycle(58)
    assert hedge(bench).request.quantity == 50
    bench.cycle(4)
    assert hedge(bench).request.quantity == 5
    bench.cycle(300)
    assert len([o for o in bench.broker.orders.values() if o.request.symbol == "SBIN"]) == 2


def test_excess_that_fills_nevertheless_is_brought_to_attention(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: TokenB falls before the hedge could be replaced: 45 shares too many, said once."""
    bench = with_ninety_sold(make_bench())
    bench.trade(SBIN="118.50")
    bench.cycle(3)
    assert bench.level(DOWN).closed
    [item] = bench.state.attention
    assert "SELL of 45 SBIN" in item.text


@pytest.mark.parametrize(("placed_before", "hedged"), [(50, True), (70, False)])
def test_price_of_the_placement_is_a_fallback_for_a_minute(
    make_bench: Callable[..., Bench],
    placed_before: int,
    hedged: bool,  # noqa: FBT001
) -> None:
    """Behaviour 5.3: TokenB is stale when the fill is seen; an older price leaves the hedge pending."""
    bench = market(make_bench()).begin()
    bench.cycle(placed_before)
    bench.feed.stale.add("SBIN")
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    assert (bench.level(DOWN).oco_trade_price is not None) is hedged
    bench.feed.prices["SBIN"] = Decimal("121.00")
    bench.feed.stale.clear()
    bench.cycle(2)
    assert bench.level(DOWN).oco_trade_price == (Decimal("118.50") if hedged else Decimal("119.00"))


def rejecting(bench: Bench, secs: int, why: str = "16388 : Market is halted") -> None:
    """So many seconds in which every new order is rejected in the book, a moment after it was accepted."""
    known = set(bench.broker.orders)
    for _ in range(secs):
        bench.cycle()
        for order in bench.broker.working():
            if order.order_id not in known:
                bench.broker.end(order.order_id, OrderStatus.REJECTED, why)


def test_thirty_seconds_of_rejections_take_no_level_off(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.3, 8.2: a market-wide halt; afterwards every order is there, and one line has said it."""
    bench = make_bench(steps=5)
    market(bench).begin().cycle(1)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    rejecting(bench, 30)
    bench.cycle(11)
    assert hedge(bench).request.quantity == 50, "ten seconds after the halt the position is hedged"
    assert bench.broker.working_at(Side.SELL, "49.50")
    bench.cycle(30)
    assert len(bench.broker.working("trade")) == 10, "nine entries and a target"
    assert hedge(bench).request.quantity == 50
    assert not any(level.backoff.paused or level.oco_backoff.paused for level in bench.state.levels.values())
    texts = [item.text for item in bench.state.attention]
    assert [text.partition(":")[0] for text in texts] == ["account trade"]
    assert "Market is halted" in texts[0]
    bench.cycle(60)
    assert len(bench.state.attention) == 1


def test_halted_account_is_asked_by_and_by_and_not_by_every_level(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 8.3: its entries back off as a whole."""
    bench = make_bench(steps=5)
    market(bench).begin()
    rejecting(bench, 120)
    assert len(bench.broker.placed) <= 22, "eleven tries of two at most, where ten levels alone would make fifty"


def test_targets_of_a_troubled_account_are_tried_three_at_a_time(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.2, 8.3: never paused, and not fifty calls a second against an account that takes nothing."""
    bench = make_bench(steps=7, trade_type="buyts")
    market(bench).begin().cycle(7)
    bench.trade(IRFC="43.00")
    bench.cycle(2)
    targets = [order for order in bench.broker.working("trade") if order.request.side is Side.SELL]
    assert len(targets) == 7
    for order in targets:
        bench.broker.end(order.order_id, OrderStatus.CANCELLED, "RMS:Blocked")
    tried = []
    for _ in range(12):
        before = len(bench.broker.placed)
        bench.broker.answers.extend(["refused"] * 9)
        bench.cycle()
        bench.broker.answers.clear()
        tried.append(len(bench.broker.placed) - before)
    assert max(tried) == 3
    assert sum(tried) >= 7
    bench.cycle(13)
    assert len([order for order in bench.broker.working("trade") if order.request.side is Side.SELL]) == 7


def test_target_and_hedge_that_are_rejected_all_day_are_tried_every_minute(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.2: targets and hedges never pause; a person is told at the fifth, once for each."""
    bench = make_bench(steps=1, trade_type="buyocots")
    market(bench).begin().cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    rejecting(bench, 20, "RMS:Blocked")
    placed = len(bench.broker.placed)
    rejecting(bench, 600, "RMS:Blocked")
    assert 18 <= len(bench.broker.placed) - placed <= 20, "ten minutes, two legs"
    assert sorted(item.key.split()[-1] for item in bench.state.attention) == ["oco", "target"]
    bench.cycle(62)
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert hedge(bench)
    assert not any(item.is_over for item in bench.state.attention), "to work for a second is no success"
    bench.cycle(60)
    assert all(item.is_over for item in bench.state.attention)


def test_passed_hedge_of_a_single_level_is_there_ten_seconds_after_a_halt(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.2: its position is naked, and a halt that one or two levels hear is the account's as well."""
    bench = make_bench(steps=2, trade_type="buyocots")
    market(bench).begin().cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.answers.extend(["refused"] * 99)
    bench.cycle(20)
    bench.trade(SBIN="118.40")
    bench.cycle(65)

    def tries() -> int:
        return len([order for order in bench.broker.placed if order.symbol == "SBIN"])

    before = tries()
    bench.cycle(40)
    assert tries() - before == 4
    bench.broker.answers.clear()
    bench.cycle(12)
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    assert all(item.is_over for item in bench.state.attention if item.key.endswith((" oco", " target")))


def test_orders_of_yesterday_that_lapsed_are_nobodys_trouble(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8, 9.5: a close ends all DAY orders with one reason; the morning begins without an alarm."""
    bench = make_bench(steps=5, product_type="CNC").begin()
    bench.cycle(5)
    for order in bench.broker.working():
        bench.broker.end(order.order_id, OrderStatus.CANCELLED, "expired")
    bench.clock.wall = datetime.combine(bench.clock.wall.date() + timedelta(days=1), bench.clock.wall.timetz())
    bench.begin()
    assert bench.state.attention == []
    bench.cycle(6)
    assert len(bench.broker.working()) == 10


def test_limit_hedge_closes_its_level_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.2: SELL at 118.50 while TokenB trades at 120.50 is sold at 120.50."""
    bench = market(make_bench(oco_order_type="limit")).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle(3)
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    assert bench.level(DOWN).oco_traded.average == Decimal("120.50")
