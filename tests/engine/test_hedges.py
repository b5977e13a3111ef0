"""Hedges on TokenB: their price, their type, their places, their races (behaviour 5.3, 6; architecture 10, 11)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, OrderStatus, OrderType, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def fill_entry(bench: Bench, side: Side, price: str, token_b: str) -> None:
    """Fill an entry while TokenB trades at a price."""
    bench.feed.prices["SBIN"] = Decimal(token_b)
    bench.broker.fill(bench.broker.working_at(side, price).order_id)
    bench.cycle()


def hedges(bench: Bench, account: str) -> list[str]:
    """Trigger or limit prices of the account's working orders, sorted."""
    return sorted(f"{o.request.trigger_price or o.request.limit_price:.2f}" for o in bench.broker.working(account))


def test_hedge_price_comes_from_the_moment_the_fill_is_seen(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.3, architecture 2: not from the start and not from the placement; the record keeps it (5.4)."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "119.00")
    level = bench.level(DOWN)
    assert (level.oco_trade_price, level.token_b_price, level.hedged_from) == (Decimal(117), None, Decimal("119.00"))
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(2)
    assert bench.state.order_history[0].token_b_price == Decimal("119.00")


def test_price_noted_at_placement_is_the_fallback(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.3: TokenB is stale when the fill is seen."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.feed.stale.add("SBIN")
    fill_entry(bench, Side.BUY, "49.00", "119.00")
    assert bench.level(DOWN).oco_trade_price == Decimal("118.50")
    assert bench.broker.working("downside_oco") == []
    bench.feed.stale.clear()
    bench.cycle()
    assert hedges(bench, "downside_oco") == ["118.50"]


def test_level_without_any_price_is_hedge_pending_until_one_comes(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.3, reference.md 15: never silently left without a hedge; its target goes out meanwhile."""
    bench = make_bench().begin()
    bench.feed.stale.add("SBIN")
    bench.cycle(2)
    fill_entry(bench, Side.SELL, "51.00", "119.00")
    assert bench.level(UP).oco_trade_price is None
    assert bench.broker.working_at(Side.BUY, "50.50")
    bench.cycle(3)
    assert bench.broker.working("upside_oco") == []
    bench.feed.stale.clear()
    bench.cycle()
    assert bench.level(UP).oco_trade_price == Decimal(121)
    assert hedges(bench, "upside_oco") == ["121.00"]


@pytest.mark.parametrize(
    ("side", "entry", "account", "token_b", "expected"),
    [
        pytest.param(Side.BUY, "49.00", "downside_oco", "120.50", ("STOPLIMIT", "117.90", "118.50"), id="sell-ahead"),
        pytest.param(Side.BUY, "49.00", "downside_oco", "118.50", ("LIMIT", "117.90", None), id="sell-at-market"),
        pytest.param(Side.BUY, "49.00", "downside_oco", "117.00", ("LIMIT", "117.90", None), id="sell-crossed"),
        pytest.param(Side.SELL, "51.00", "upside_oco", "120.50", ("STOPLIMIT", "123.15", "122.50"), id="buy-ahead"),
        pytest.param(Side.SELL, "51.00", "upside_oco", "122.50", ("LIMIT", "123.15", None), id="buy-at-market"),
        pytest.param(Side.SELL, "51.00", "upside_oco", "124.00", ("LIMIT", "123.15", None), id="buy-crossed"),
    ],
)
def test_hedge_is_a_stop_while_its_trigger_is_ahead_and_a_limit_once_crossed(
    make_bench: Callable[..., Bench],
    side: Side,
    entry: str,
    account: str,
    token_b: str,
    expected: tuple[str, str, str | None],
) -> None:
    """Behaviour 6.1: limit moved 0.5 % in the paying direction, on tick; once crossed, only its trigger goes."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.answers.extend(["ok", "ok"])
    bench.broker.fill(bench.broker.working_at(side, entry).order_id)
    bench.broker.answers.clear()
    bench.broker.answers.extend(["ok", "limited"])
    bench.cycle()
    bench.broker.answers.clear()
    bench.feed.prices["SBIN"] = Decimal(token_b)
    bench.cycle()
    request = bench.broker.working(account)[0].request
    trigger = None if expected[2] is None else Decimal(expected[2])
    assert (request.order_type, request.limit_price, request.trigger_price) == (
        OrderType(expected[0]),
        Decimal(expected[1]),
        trigger,
    )


def test_plain_limit_type_never_sends_a_stop(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.2."""
    bench = make_bench(oco_order_type="limit").begin()
    bench.cycle(2)
    fill_entry(bench, Side.SELL, "51.00", "120.50")
    request = bench.broker.working("upside_oco")[0].request
    assert (request.order_type, request.limit_price) == (OrderType.LIMIT, Decimal("122.50"))


def test_at_most_two_hedges_work_per_direction_stale_ones_cancelled_first(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3, architecture 11: the two nearest; a place with a cancel in flight is used in a later cycle."""
    bench = make_bench(steps=4, oco_stop_count=9).begin()
    bench.cycle(4)
    for price, token_b in (("49.00", "110.00"), ("48.00", "112.00"), ("47.00", "114.00"), ("46.00", "116.00")):
        fill_entry(bench, Side.BUY, price, token_b)
        assert len(bench.broker.working("downside_oco")) <= 2
    bench.cycle(2)
    assert hedges(bench, "downside_oco") == ["114.00"]
    bench.feed.prices["SBIN"] = Decimal("111.00")
    bench.broker.cancels.append("sent")
    bench.cycle()
    assert len(bench.broker.working("downside_oco")) == 2
    assert hedges(bench, "downside_oco") == ["111.40", "114.00"]
    bench.broker.end(bench.broker.working_at(Side.SELL, "114.00", "downside_oco").order_id)
    bench.cycle()
    assert hedges(bench, "downside_oco") == ["110.00", "111.40"]


def test_stale_hedge_whose_cancel_was_lost_is_cancelled_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 6.3: "sent" is no promise; a lost cancel must not keep a place for ever."""
    bench = make_bench(steps=2, oco_stop_count=9).begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "110.00")
    assert hedges(bench, "downside_oco") == ["108.00"]
    bench.broker.cancels.append("sent")
    fill_entry(bench, Side.BUY, "48.00", "115.00")
    assert hedges(bench, "downside_oco") == ["108.00", "113.00"]
    bench.cycle(8)
    assert hedges(bench, "downside_oco") == ["113.00"]


def test_hedges_at_equal_prices_do_not_flap(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: the older level wins."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "120.50")
    fill_entry(bench, Side.BUY, "48.00", "120.50")
    bench.cycle(10)
    assert len(bench.broker.placed) == 4 + 2 + 1
    assert bench.level(DOWN).oco_order_id is not None
    assert bench.broker.cancelled == []


def test_partly_filled_hedge_is_never_stale(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "110.00")
    first = bench.broker.working("downside_oco")[0]
    bench.broker.fill(first.order_id, 10)
    bench.cycle()
    fill_entry(bench, Side.BUY, "48.00", "115.00")
    bench.cycle(3)
    assert bench.broker.cancelled == []
    assert hedges(bench, "downside_oco") == ["108.00", "113.00"]


@pytest.mark.parametrize("accounts", [("trade", "upside_oco", "downside_oco"), ("trade", "oco"), ("trade",)])
def test_hedges_go_to_the_account_of_their_side(make_bench: Callable[..., Bench], accounts: tuple[str, ...]) -> None:
    """Architecture 10: upside to session 2, downside to session 3, or where the keys coincide (behaviour 11.2)."""
    bench = make_bench()
    bench.broker.account_names = accounts
    bench.begin().cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "120.50")
    fill_entry(bench, Side.SELL, "51.00", "120.50")
    ocos = {o.request.side: o.account for o in bench.broker.working() if o.request.symbol == "SBIN"}
    assert ocos == {Side.SELL: accounts[-1], Side.BUY: accounts[min(1, len(accounts) - 1)]}


def test_target_fill_that_races_a_hedge_in_part_leaves_attention(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.5: 20 of 50 hedged, then the target filled: those 20 are unhedged TokenB shares."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "120.50")
    bench.broker.fill(bench.broker.working("downside_oco")[0].order_id, 20)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(3)
    assert bench.level(DOWN).state is LevelState.CLOSED
    assert "20 SBIN" in bench.state.attention[0].text
    assert bench.state.downside_oco_net_count == 0
    bench.begin()
    assert bench.state.attention


def test_cancel_of_the_target_that_lost_to_a_fill_closes_both(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 6.5: the hedge filled, the target's cancel was sent, the target filled first."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.SELL, "51.00", "120.50")
    bench.broker.fill(bench.broker.working("upside_oco")[0].order_id)
    bench.broker.cancels.append("filled")
    bench.cycle(3)
    assert bench.level(UP).closed
    assert bench.state.upside_net_quantity == 0
    assert bench.state.upside_oco_net_count == 1
    assert [record.outcome for record in bench.state.order_history] == ["both"]
    assert bench.state.total_pnl == 50


def test_hedge_that_lapsed_while_its_level_still_needs_it_is_placed_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: ended by the broker; back-off, then again."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill_entry(bench, Side.BUY, "49.00", "120.50")
    bench.broker.end(bench.broker.working("downside_oco")[0].order_id, OrderStatus.CANCELLED, "")
    bench.cycle(2)
    assert hedges(bench, "downside_oco") == ["118.50"]
