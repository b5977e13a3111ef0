"""What is placed, when, and what holds it back (behaviour 1, 2, 7.2; architecture 7, 12)."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import ConfigError, ExitCode
from tg1.models import LevelState, OrderStatus, OrderType, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


@pytest.mark.parametrize(("price", "words"), [("47.95", "47.95.*downside.*48.00"), ("52.05", "52.05.*upside.*52.00")])
def test_start_refuses_a_price_beyond_the_outermost_level(
    make_bench: Callable[..., Bench], price: str, words: str
) -> None:
    """Behaviour 1.4: outside the grid the bot refuses with both numbers, and nothing is placed or saved."""
    bench = make_bench()
    bench.feed.prices["IRFC"] = Decimal(price)
    with pytest.raises(ConfigError, match=words):
        bench.begin()
    assert bench.broker.placed == []
    assert not bench.store.exists()


def test_start_goes_off_centre_when_allowed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4: `--allow-off-centre` overrides the refusal."""
    bench = make_bench(allow_off_centre=True)
    bench.feed.prices["IRFC"] = Decimal("47.00")
    bench.begin().cycle()
    assert len(bench.broker.placed) == 2


def test_inactive_side_does_not_bound_the_price(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4 speaks of active sides: a BUY-only grid may start with the price far above it."""
    bench = make_bench(trade_type="buyts")
    bench.feed.prices["IRFC"] = Decimal("70.00")
    bench.begin().cycle()
    assert len(bench.broker.placed) == 1


def test_start_warns_when_the_first_level_is_crossed(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 1.4: beyond the first level the entries would fill at once, which is said."""
    bench = make_bench()
    bench.feed.prices["IRFC"] = Decimal("48.50")
    with caplog.at_level(logging.WARNING):
        bench.begin()
    assert any("48.50" in record.getMessage() for record in caplog.records)


def test_levels_that_collide_on_the_tick_are_refused_before_any_order(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2: what needs the tick is refused as soon as the dump is known."""
    bench = make_bench(spread="0.01", target_spread="0.50")
    with pytest.raises(ConfigError, match="same price"):
        bench.begin()
    assert bench.broker.placed == []


def test_prices_of_orders_are_on_the_tick_when_the_centre_is_not(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2: all prices sent are on the instrument's tick."""
    bench = make_bench(entry_price="50.02", spread="0.33", oco_spread="1.11").begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working("trade")[0].order_id)
    bench.cycle()
    sent = [p for r in bench.broker.placed for p in (r.limit_price, r.trigger_price) if p is not None]
    assert len(sent) == 7
    assert all(price % Decimal("0.05") == 0 for price in sent)


def test_same_flags_resume_when_the_entry_price_is_off_the_tick(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: the saved grid is the one that was asked for, so the same command line resumes it."""
    bench = make_bench(entry_price="50.02").begin()
    bench.cycle(2)
    placed = len(bench.broker.placed)
    bench.begin().cycle(2)
    assert len(bench.broker.placed) == placed


def test_auto_entry_takes_the_price_of_the_start_as_centre(make_bench: Callable[..., Bench]) -> None:
    """Architecture 19: `--auto-entry` centres on TokenA's last price, on its tick."""
    bench = make_bench(auto_entry=True, entry_price="0")
    bench.feed.prices["IRFC"] = Decimal("61.37")
    bench.begin().cycle()
    assert [r.limit_price for r in bench.broker.placed] == [Decimal("60.35"), Decimal("62.35")]


def test_reentry_returns_to_the_very_same_price_after_many_trips(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.1: the level's price never walks, whatever the fills' averages were (reference.md 17)."""
    bench = make_bench(trade_type="buyts", steps=1, spread="0.35", target_spread="0.55", entry_price="50.05").begin()
    bench.cycle()
    for trip in range(6):
        entry = bench.broker.working_at(Side.BUY, "49.70")
        bench.broker.fill(entry.order_id, price=Decimal("49.70") - trip * Decimal("0.013"))
        bench.cycle()
        bench.broker.fill(bench.broker.working_at(Side.SELL, "50.25").order_id, price="50.27")
        bench.cycle()
    assert bench.level(DOWN).entry_price == Decimal("49.70")
    uuids = [record.uuid for record in bench.state.order_history]
    assert len(set(uuids)) == 6
    assert [record.seq for record in bench.state.order_history] == [1, 2, 3, 4, 5, 6]


def test_no_reenter_completes_when_every_level_is_closed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.5: levels close for good; then status Completed and exit 0, and the next start has nothing to do."""
    bench = make_bench(trade_type="buyts", auto_reenter=False).begin()
    bench.cycle(2)
    for entry, target in (("49.00", "49.50"), ("48.00", "48.50")):
        bench.broker.fill(bench.broker.working_at(Side.BUY, entry).order_id)
        assert bench.cycle() is None
        bench.broker.fill(bench.broker.working_at(Side.SELL, target).order_id)
        code = bench.cycle()
    assert code == ExitCode.OK
    assert str(bench.state.bot_status) == "Completed"
    assert bench.broker.working() == []
    placed = len(bench.broker.placed)
    bench.begin()
    assert bench.code == ExitCode.OK
    assert len(bench.broker.placed) == placed


def test_targets_are_placed_in_the_cycle_that_saw_their_entries_all_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 2.1: not held back by the one-at-a-time rule."""
    bench = make_bench().begin()
    bench.cycle(2)
    for price, side in (("49.00", Side.BUY), ("48.00", Side.BUY), ("51.00", Side.SELL), ("52.00", Side.SELL)):
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
    bench.cycle()
    targets = [r.limit_price for r in bench.broker.placed[4:] if r.symbol == "IRFC"]
    assert sorted(targets) == [Decimal(p) for p in ("48.50", "49.50", "50.50", "51.50")]


def test_targets_precede_entries_and_entries_precede_hedges_in_a_cycle(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.5: termination, MaxQuantity, targets, entries, OCO bracketing."""
    bench = make_bench().begin()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    kinds = [(r.symbol, r.side) for r in bench.broker.placed[2:]]
    assert kinds == [("IRFC", Side.SELL), ("IRFC", Side.BUY), ("IRFC", Side.SELL), ("SBIN", Side.SELL)]


@pytest.mark.parametrize("limit", [1, 2])
def test_max_open_entries_bounds_working_entries_of_each_side(make_bench: Callable[..., Bench], limit: int) -> None:
    """Behaviour 2.3: N per side; 1 is the strict reading, and an order in doubt counts."""
    bench = make_bench(steps=4, max_open_entries=limit).begin()
    bench.broker.answers.append("unknown-accepted")
    bench.broker.hide_new_for_reads = 2
    for _ in range(8):
        bench.cycle()
        for side in Side:
            mine = [o for o in bench.broker.working("trade") if o.request.side is side]
            assert len(mine) <= limit
    assert len(bench.broker.working("trade")) == 2 * limit


def test_level_that_backs_off_does_not_block_the_one_behind_it(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 2.2: levels that may not be placed are no candidates."""
    bench = make_bench(trade_type="buyts", steps=3).begin()
    for _ in range(2):
        bench.broker.answers.append("refused")
        bench.cycle()
    assert [r.limit_price for r in bench.broker.placed] == [49, 49]
    bench.cycle()
    assert bench.broker.placed[-1].limit_price == 48


def test_max_quantity_pauses_entries_of_both_sides_but_no_target(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 7.2, architecture 12: one global pause, cleared by a target fill; targets and OCOs go on."""
    bench = make_bench(max_open_entries=1).begin()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.broker.end(bench.broker.working_at(Side.SELL, "51.00").order_id, OrderStatus.REJECTED, "x")
    with caplog.at_level(logging.WARNING):
        bench.cycle(3)
    assert bench.state.max_quantity_reached
    assert sum(r.getMessage() == "MAX QUANTITY REACHED — pausing new entries" for r in caplog.records) == 1
    assert bench.broker.working_at(Side.SELL, "48.50")
    assert bench.level(UP).state is LevelState.FRESH
    assert bench.level(UP, 2).state is LevelState.FRESH
    bench.broker.fill(bench.broker.working_at(Side.SELL, "48.50").order_id)
    bench.cycle(2)
    assert not bench.state.max_quantity_reached
    assert bench.broker.working_at(Side.SELL, "51.00")


def test_only_limit_and_stop_limit_are_ever_sent(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.4: no MARKET, no STOPMARKET; a trigger comes with STOPLIMIT alone."""
    bench = make_bench().begin()
    bench.cycle(2)
    for order in list(bench.broker.working("trade")):
        bench.broker.fill(order.order_id)
    bench.cycle(3)
    for request in bench.broker.placed:
        assert (request.order_type is OrderType.STOPLIMIT) == (request.trigger_price is not None)
