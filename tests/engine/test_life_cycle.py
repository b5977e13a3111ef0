"""Levels through their lives, one cycle at a time (architecture 16, behaviour 2, 5, 6)."""

from __future__ import annotations

import logging
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, OrderStatus, OrderType, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def test_grid_places_one_entry_per_direction_and_cycle_nearest_first(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 2.2, 2.3: BUY from the highest, SELL from the lowest, the rest over the next cycles."""
    bench = make_bench().begin()
    bench.cycle()
    assert [(r.side, r.limit_price) for r in bench.broker.placed] == [
        (Side.BUY, Decimal("49.00")),
        (Side.SELL, Decimal("51.00")),
    ]
    bench.cycle()
    assert [(r.side, r.limit_price) for r in bench.broker.placed[2:]] == [
        (Side.BUY, Decimal("48.00")),
        (Side.SELL, Decimal("52.00")),
    ]
    bench.cycle(3)
    assert len(bench.broker.placed) == 4


def test_trade_life_cycle_of_the_specification_comes_out_to_the_paisa(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 16, steps 1 to 6a, with the log lines of architecture 20."""
    caplog.set_level(logging.INFO)
    bench = make_bench().begin()
    bench.cycle(2)
    entry = bench.broker.working_at(Side.BUY, "49.00")
    bench.broker.fill(entry.order_id)
    bench.cycle()
    level = bench.level(DOWN)
    assert level.state is LevelState.TARGET_PLACED
    assert (level.oco_trade_direction, level.oco_trade_price) == (Side.SELL, Decimal("118.50"))
    assert bench.state.downside_net_quantity == 100
    target = bench.broker.working_at(Side.SELL, "49.50")
    oco = bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    assert (oco.request.order_type, oco.request.limit_price) == (OrderType.STOPLIMIT, Decimal("117.90"))
    first_uuid = level.uuid
    bench.broker.fill(target.order_id)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.TARGET_FILLED
    assert bench.state.downside_net_quantity == 0
    bench.cycle()
    level = bench.level(DOWN)
    assert level.state is LevelState.ENTRY_PLACED
    assert level.uuid != first_uuid
    assert bench.broker.working_at(Side.BUY, "49.00")
    assert bench.broker.working("downside_oco") == []
    assert bench.state.total_pnl == Decimal("50.00")
    lines = "\n".join(record.getMessage() for record in caplog.records)
    for line in (
        f"[downside] ENTRY BUY placed: IRFC 100 @ 49.00 -> ID={entry.order_id}",
        (
            "[downside] ENTRY FILLED: BUY IRFC @ 49.00 (filled 49.00) | Target: SELL @ 49.50 | OCO: SELL @ 118.50 | "
            "TokenB: 120.50"
        ),
        "[downside] TARGET FILLED: SELL @ 49.50 (filled 49.50)",
        "[downside] Level reset for re-entry: BUY @ 49.00",
    ):
        assert line in lines


def test_oco_fill_closes_the_level_and_cancels_the_target(make_bench: Callable[..., Bench]) -> None:
    """Architecture 16, step 6b; counters of architecture 12."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "51.00").order_id)
    bench.cycle()
    oco = bench.broker.working_at(Side.BUY, "122.50", "upside_oco")
    bench.broker.fill(oco.order_id, price="122.60")
    bench.cycle()
    assert bench.state.upside_oco_net_count == 1
    assert bench.level(UP).state is LevelState.OCO_FILLED
    bench.cycle(3)
    assert [o.request.limit_price for o in bench.broker.working("trade")] == [
        Decimal("49.00"),
        Decimal("48.00"),
        Decimal("52.00"),
    ]
    assert bench.state.upside_net_quantity == 100
    assert [record.outcome for record in bench.state.order_history] == ["oco"]
    assert bench.state.total_pnl == 0


@pytest.mark.parametrize(("trade_type", "entry", "target"), [("buyts", "49.00", "49.50"), ("sellts", "51.00", "50.50")])
def test_one_sided_bot_places_targets_of_the_other_direction(
    make_bench: Callable[..., Bench], trade_type: str, entry: str, target: str
) -> None:
    """Behaviour 2.1, reference.md 1 and 2: targets are placed whatever the trade type."""
    bench = make_bench(trade_type=trade_type).begin()
    bench.cycle(2)
    side = Side.BUY if trade_type == "buyts" else Side.SELL
    bench.broker.fill(bench.broker.working_at(side, entry).order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(side.opposite, target).order_id)
    bench.cycle()
    assert bench.broker.working_at(side, entry)
    assert bench.state.total_pnl == 50


def test_partly_filled_and_cancelled_entry_goes_to_target_with_what_filled(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.2: the filled part gets target and hedge in proportion; reference.md 12."""
    bench = make_bench().begin()
    bench.cycle(2)
    entry = bench.broker.working_at(Side.BUY, "49.00")
    bench.broker.fill(entry.order_id, 40)
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED
    assert bench.state.downside_net_quantity == 40
    bench.broker.end(entry.order_id, reason="17071 : The order could have resulted in self trade ")
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 40
    assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco").request.quantity == 20
    assert bench.state.downside_net_quantity == 40


def test_both_sides_filled_closes_the_level_and_calls_for_attention(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.5: target and OCO fill in the same second."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id)
    bench.cycle()
    assert bench.level(DOWN).closed
    assert bench.state.downside_net_quantity == 0
    assert bench.state.downside_oco_net_count == 1
    assert [record.outcome for record in bench.state.order_history] == ["both"]
    assert "50 SBIN" in bench.state.attention[0].text


def test_restart_resolves_an_intent_that_never_left(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.2, 3.4: the process died between the save and the request."""
    bench = make_bench().begin()

    class DeathError(BaseException):
        pass

    def die(_request: object) -> None:
        raise DeathError

    bench.broker.before_place = die
    with pytest.raises(DeathError):
        bench.cycle()
    bench.broker.before_place = None
    before = bench.clock.mono
    bench.begin()
    assert bench.clock.mono - before >= 5
    bench.cycle(2)
    assert sorted(o.request.limit_price for o in bench.broker.working("trade")) == [48, 49, 51, 52]


def test_order_that_was_accepted_without_an_answer_is_adopted(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: unknown is looked up in the book, never placed again (failures.md I.1)."""
    bench = make_bench().begin()
    bench.broker.answers.extend(["unknown-accepted", "unknown-lost"])
    bench.cycle(12)
    assert sorted(o.request.limit_price for o in bench.broker.working("trade")) == [48, 49, 51, 52]
    assert len([r for r in bench.broker.placed if r.limit_price == 49]) == 1
    assert len({r.client_id for r in bench.broker.placed if r.limit_price == 51}) == 2


def test_rejected_level_backs_off_and_pauses_at_the_fifth(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8: next cycle, 2, 4, 8 s; then paused under attention with the broker's reason."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    at = []
    for _ in range(40):
        before = len(bench.broker.placed)
        bench.cycle()
        if len(bench.broker.placed) > before:
            at.append(bench.clock.mono)
            bench.broker.end(bench.broker.working()[0].order_id, OrderStatus.REJECTED, "Margin Exceeds")
    assert [round(b - a) for a, b in pairwise(at)] == [1, 3, 5, 9]
    assert len(at) == 5
    assert "Margin Exceeds" in bench.state.attention[0].text
