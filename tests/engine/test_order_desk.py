"""Cancels: what was asked for is remembered, a refusal is not, nobody is asked too often (behaviour 4.6, 8, 11.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.models import NO_BACKOFF, LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN = TradeSide.DOWNSIDE


def with_one_hedge(make_bench: Callable[..., Bench]) -> Bench:
    """The BUY at 49.00 filled while TokenB traded at 120.50; its hedge rests at 118.50 and the BUY at 48.00 works."""
    bench = make_bench(trade_type="buyocots").begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    return bench


def open_nearer_level(bench: Bench) -> None:
    """The BUY at 48.00 fills while TokenB trades at 121.50: its hedge, 119.50, takes the other's place."""
    bench.trade(SBIN="121.50", IRFC="48.00")
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "119.50", "downside_oco")


def close_nearer_level(bench: Bench) -> None:
    """Its target fills, and it is entered anew."""
    bench.trade(IRFC="48.50")
    bench.cycle(2)
    assert bench.broker.working_at(Side.BUY, "48.00")


@pytest.mark.parametrize("answer", ["ok", "unknown"])
def test_seven_hedges_that_the_bot_itself_cancelled_are_no_rejections(
    make_bench: Callable[..., Bench], answer: str
) -> None:
    """Behaviour 8: it counts what the broker ended, not we; a hedge that goes and comes with the market never waits.

    A cancel whose answer was lost is ours as well.
    """
    bench = with_one_hedge(make_bench)
    for _ in range(7):
        bench.broker.cancels.append(answer)
        open_nearer_level(bench)
        bench.cycle()
        assert len(bench.broker.working("downside_oco")) == 1
        close_nearer_level(bench)
        assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    assert bench.level(DOWN).oco_backoff == NO_BACKOFF
    assert bench.state.attention == []


def test_cancel_that_was_refused_leaves_the_end_to_the_broker(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: what the broker ends after it had refused our cancel may be a square-off: it counts."""
    bench = with_one_hedge(make_bench)
    hedge = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.broker.cancels.append("refused")
    open_nearer_level(bench)
    assert bench.broker.cancelled == [hedge.order_id]
    bench.broker.end(hedge.order_id, OrderStatus.CANCELLED, "RMS square off")
    bench.cycle()
    assert hedge.order_id not in bench.engine._parts.desk.cancel_reasons  # whoever ended it, it was not this cancel
    backoff = bench.level(DOWN).oco_backoff
    assert (backoff.rejections, backoff.reason) == (1, "RMS square off")


def test_cancel_that_hangs_is_asked_for_again_every_five_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 11.3: the level keeps its order, and cancels don't use up the eight calls a second."""
    bench = with_one_hedge(make_bench)
    hedge = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.broker.cancels.extend(["sent"] * 100)
    bench.trade(IRFC="49.50")
    bench.cycle(10)
    assert bench.broker.cancelled == [hedge.order_id] * 2
    bench.cycle()
    assert bench.broker.cancelled == [hedge.order_id] * 3
    assert bench.engine._parts.desk.cancel_reasons == {hedge.order_id: "the other leg filled"}
    assert bench.level(DOWN).state is LevelState.TARGET_FILLED
    assert bench.level(DOWN).oco_order_id == hedge.order_id


def test_cancel_that_is_refused_is_not_repeated_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 11.3: a broker that refuses every cancel is asked three times in eleven seconds, not eleven times."""
    bench = with_one_hedge(make_bench)
    bench.broker.cancels.extend(["refused"] * 100)
    bench.trade(IRFC="49.50")
    bench.cycle(11)
    assert len(bench.broker.cancelled) == 3


def test_machine_that_has_just_booted_cancels_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.6, 10.1: seconds are counted from the boot, and a second after it nothing was asked for before."""
    bench = make_bench(trade_type="buyocots")
    bench.clock.mono = 1.0
    bench.begin().cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle()
    hedge = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    bench.trade(IRFC="49.50")
    bench.cycle()
    assert bench.broker.cancelled == [hedge.order_id]


def test_refusal_is_kept_in_the_servers_words(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.2: what is reported is the broker's own reason."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("refused")
    bench.cycle()
    backoff = bench.level(DOWN).backoff
    assert (backoff.rejections, "the order was refused" in backoff.reason) == (1, True)


def test_order_that_can_not_go_is_said_once_until_it_goes(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 11.1: it is tried in each second of a login's back-off; the operator reads each cause once."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["session"] * 3 + ["unavailable", "session", "ok"])
    bench.cycle(6)
    said = [record.getMessage() for record in caplog.records if "not placed" in record.getMessage()]
    causes = [text.rpartition(": ")[2] for text in said]
    assert causes == [
        "Invalid Token",
        "connection refused",
        "Invalid Token",
    ]
    bench.broker.end(bench.broker.working()[0].order_id, OrderStatus.REJECTED, "no")
    bench.broker.answers.extend(["session"])
    bench.cycle()
    assert sum("not placed" in record.getMessage() for record in caplog.records) == 4


def test_refusals_of_three_levels_are_the_accounts_trouble(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.3: they count once for the account, by its name, whether a book or an answer brings them."""
    bench = make_bench(steps=2).begin()
    bench.broker.answers.extend(["refused"] * 6)
    bench.cycle(3)
    [attention] = bench.state.attention
    assert attention.text.startswith("account trade: orders of 3 levels were rejected within 10 s")


def test_orders_of_a_changed_tick_are_on_the_new_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2: between two starts the tick of both symbols becomes 0.10; entry, target and hedge follow it."""
    bench = make_bench(trade_type="buyocots", entry_price="50.05", oco_spread="2.05").begin()
    bench.cycle(2)
    bench.broker.answers.extend(["ok", "limited"])
    bench.trade(IRFC="49.05")
    bench.cycle()
    assert bench.level(DOWN).oco_trade_price == Decimal("118.45")
    for order in bench.broker.working():
        bench.broker.cancel_order(order.account, order.order_id, order.request.client_id)
    bench.broker.ticks = {"IRFC": Decimal("0.10"), "SBIN": Decimal("0.10")}
    placed = len(bench.broker.placed)
    bench.begin().cycle(5)
    again = bench.broker.placed[placed:]
    assert {(request.symbol, request.side) for request in again} == {
        ("IRFC", Side.BUY),
        ("IRFC", Side.SELL),
        ("SBIN", Side.SELL),
    }
    for request in again:
        assert request.limit_price % Decimal("0.10") == 0
        assert request.trigger_price is None or request.trigger_price % Decimal("0.10") == 0
