"""What has no point any more is cancelled while the bot trades on, and the reason is kept (behaviour 3.4, 5.2, 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import OrderStatus, Side, TradeSide, Wish

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder

DOWN = TradeSide.DOWNSIDE


def why(bench: Bench, order: HandOrder) -> str | None:
    """Why the bot cancelled an order: a replay tells it to the trader."""
    return bench.engine._parts.desk.cancel_reasons.get(order.order_id)


class Wishes:
    """The operator pauses a side."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def latest(self) -> Wish:
        return Wish(id="1", paused=frozenset({self._side}))


def bought(make_bench: Callable[..., Bench], trade_type: str = "buyocots") -> Bench:
    """The BUY at 49.00 has filled; its target and its hedge are at work."""
    bench = make_bench(trade_type=trade_type).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle()
    return bench


def test_target_goes_when_its_hedge_has_filled(make_bench: Callable[..., Bench]) -> None:
    """Architecture 10: the position is closed by the hedge, and TokenA stays as it is."""
    bench = bought(make_bench)
    target = bench.broker.working_at(Side.SELL, "49.50")
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id)
    bench.cycle()
    assert bench.broker.cancelled == [target.order_id]
    assert target.status is OrderStatus.CANCELLED
    assert why(bench, target) == "the other leg filled"


def test_hedge_goes_when_its_target_has_filled(make_bench: Callable[..., Bench]) -> None:
    """Architecture 9: nothing is held that it would hedge."""
    bench = bought(make_bench)
    hedge = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert bench.broker.cancelled == [hedge.order_id]
    assert hedge.status is OrderStatus.CANCELLED
    assert why(bench, hedge) == "the other leg filled"


def test_working_order_of_no_level_goes(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: it has our tag, and nobody waits for it; the order that its level knows stays."""
    bench = bought(make_bench)
    target = bench.broker.working_at(Side.SELL, "49.50")
    twin = bench.broker.add("trade", replace(target.request))
    bench.cycle()
    assert bench.broker.cancelled == [twin.order_id]
    assert why(bench, twin) == "belongs to no level"
    assert target.is_working


def test_rest_of_a_partial_entry_is_given_up_after_thirty_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: 60 of 100 filled; the 60 get their target and hedge, and the rest is no longer waited for."""
    bench = make_bench(trade_type="buyocots").begin()
    bench.cycle(2)
    entry = bench.broker.working_at(Side.BUY, "49.00")
    bench.broker.fill(entry.order_id, 60)
    bench.cycle(30)
    assert entry.is_working
    bench.cycle(2)
    assert bench.broker.cancelled == [entry.order_id]
    assert why(bench, entry) == "partly filled, and its rest is not coming"
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "49.50").quantity == 60


def test_everything_that_has_no_point_goes_in_one_cycle(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6: a superfluous hedge, a stranger, a partial entry and paused ones; none waits for the others."""
    bench = bought(make_bench, "gridocots")
    hedge = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    paused = [bench.broker.working_at(Side.SELL, price) for price in ("51.00", "52.00")]
    partial = bench.broker.working_at(Side.BUY, "48.00")
    bench.broker.fill(partial.order_id, 60)
    bench.cycle()
    assert bench.broker.cancelled == []
    twin = bench.broker.add("trade", replace(partial.request))
    bench.engine._parts.wishes = Wishes(Side.SELL)
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert {order.order_id for order in (hedge, twin, partial, *paused)} == set(bench.broker.cancelled)


def test_entry_of_a_paused_side_goes(make_bench: Callable[..., Bench]) -> None:
    """The operator's pause is followed in the cycle that reads it."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.engine._parts.wishes = Wishes(Side.BUY)
    bench.cycle()
    gone = {order.order_id for order in bench.broker.orders.values() if order.request.side is Side.BUY}
    assert set(bench.broker.cancelled) == gone
    assert len(gone) == 2
