"""`tg1 pause` and `resume`, as the engine follows them: entries only, at once, and across restarts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, Side, TradeSide, Wish

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


class HandWishes:
    """The operator's wishes, by hand."""

    def __init__(self) -> None:
        self.wish: Wish | None = None
        self._count = 0

    def latest(self) -> Wish | None:
        return self.wish

    def pause(self, *sides: Side) -> str:
        self._count += 1
        self.wish = Wish(id=f"wish {self._count}", paused=frozenset(sides))
        return self.wish.id


@pytest.fixture
def wishes() -> HandWishes:
    """None yet."""
    return HandWishes()


def _begin(bench: Bench, wishes: HandWishes) -> Bench:
    bench.begin()
    bench.engine._parts.wishes = wishes
    return bench


def _entries(bench: Bench) -> list[tuple[Side, Decimal]]:
    return sorted((order.request.side, order.request.limit_price) for order in bench.broker.working("trade"))


def test_pausing_a_side_withdraws_its_entries_and_places_no_more(
    make_bench: Callable[..., Bench], wishes: HandWishes
) -> None:
    """Within two cycles the wish is acknowledged and no BUY entry works; SELL entries stay."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    asked = wishes.pause(Side.BUY)
    bench.cycle(2)
    assert bench.state.pause_seen == asked
    assert [side for side, _ in _entries(bench)] == [Side.SELL, Side.SELL]
    bench.cycle(10)
    assert [side for side, _ in _entries(bench)] == [Side.SELL, Side.SELL]
    assert bench.level(DOWN).state is LevelState.FRESH
    assert not bench.state.attention


def test_resuming_places_the_entries_again(make_bench: Callable[..., Bench], wishes: HandWishes) -> None:
    """The grid is as it was."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    before = _entries(bench)
    wishes.pause(Side.BUY, Side.SELL)
    bench.cycle(3)
    assert _entries(bench) == []
    asked = wishes.pause()
    bench.cycle(4)
    assert (bench.state.pause_seen, _entries(bench)) == (asked, before)


def test_an_open_level_keeps_target_and_hedge_and_does_not_enter_again(
    make_bench: Callable[..., Bench], wishes: HandWishes
) -> None:
    """A pause never leaves a position without its protection; after the target filled, the level waits."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    bench.trade(IRFC="48.95")
    wishes.pause(Side.BUY, Side.SELL)
    bench.cycle(4)
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert bench.level(DOWN).oco_order is not None
    bench.trade(IRFC="49.55")
    bench.cycle(4)
    assert bench.level(DOWN).state is LevelState.FRESH
    assert _entries(bench) == []
    assert bench.broker.working() == []


def test_what_a_withdrawn_entry_had_filled_is_protected(make_bench: Callable[..., Bench], wishes: HandWishes) -> None:
    """Forty of a hundred shares bought: they get their target and hedge, the rest is not bought."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 40, "49.00")
    wishes.pause(Side.BUY)
    bench.cycle(4)
    target = bench.broker.working_at(Side.SELL, "49.50")
    assert target.quantity == 40
    assert bench.level(DOWN).oco_order is not None


def test_a_pause_outlives_a_restart_and_the_wish(make_bench: Callable[..., Bench], wishes: HandWishes) -> None:
    """It is in the state: also without the request's file nothing is placed after a restart."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    wishes.pause(Side.BUY, Side.SELL)
    bench.cycle(3)
    bench.begin()
    bench.cycle(3)
    assert _entries(bench) == []
    assert bench.state.paused_sides == [Side.BUY, Side.SELL]


@pytest.mark.parametrize("product", ["MIS", "CNC"])
def test_a_pause_outlives_the_night(make_bench: Callable[..., Bench], wishes: HandWishes, product: str) -> None:
    """Behaviour 9.5: MIS begins anew and CNC goes on; neither opens what the operator paused."""
    bench = _begin(make_bench(product_type=product, ignore_market_hours=True), wishes)
    bench.cycle(3)
    asked = wishes.pause(Side.BUY)
    bench.cycle(3)
    bench.broker.orders.clear()
    bench.clock.advance(86400)
    bench.cycle(6)
    assert bench.state.pause_seen == asked
    assert {side for side, _ in _entries(bench)} == {Side.SELL}


def test_a_wish_from_before_the_start_is_followed_from_the_first_cycle(
    make_bench: Callable[..., Bench], wishes: HandWishes
) -> None:
    """`tg1 pause` of a bot that is down is kept: not one entry goes out."""
    wishes.pause(Side.BUY, Side.SELL)
    bench = _begin(make_bench(), wishes)
    bench.cycle(5)
    assert bench.broker.placed == []


def test_each_wish_is_followed_once_and_said_as_what_it_means(
    make_bench: Callable[..., Bench], wishes: HandWishes, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator reads in the log what his wish has made of the bot, in one line for each."""
    bench = _begin(make_bench(), wishes)
    bench.cycle(3)
    with caplog.at_level(logging.WARNING):
        for sides in ((Side.SELL,), (Side.BUY, Side.SELL), ()):
            wishes.pause(*sides)
            bench.cycle(2)
    assert [line.removeprefix("By the operator's wish: ") for line in caplog.messages] == [
        "no new SELL entries; open levels keep their targets and hedges",
        "no new entries; open levels keep their targets and hedges",
        "entries are placed again on both sides",
    ]


def test_withdrawn_entry_is_told_from_other_cancels(make_bench: Callable[..., Bench], wishes: HandWishes) -> None:
    """Whoever reads the day's story finds why the order ended."""
    bench = _begin(make_bench(trade_type="buyts", steps=1), wishes)
    bench.cycle(2)
    (entry,) = bench.broker.working()
    wishes.pause(Side.BUY)
    bench.cycle(2)
    assert bench.engine._parts.desk.cancel_reasons == {entry.order_id: "the operator paused this side"}
