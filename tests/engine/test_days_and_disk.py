"""The state on disk, resumes, and new trading days, seen from the engine (behaviour 9; failures.md III, VI)."""

from __future__ import annotations

import errno
import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import DeathError
from tests.support.simdisk import SimDisk
from tg1.errors import ConfigError, SaveFailed, StateError
from tg1.models import LevelState, OrderStatus, Side, StatusKind, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE


def full_disk(op: str, path: Path) -> None:
    """Refuse to write."""
    if op in ("open", "write", "write_rest", "fsync"):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))


def filled_on_a_sim_disk(make_bench: Callable[..., Bench]) -> Bench:
    """A bench on a simulated disk whose BUY at 49.00 filled."""
    bench = make_bench()
    bench.fs = SimDisk()
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    return bench


def test_nothing_is_placed_while_the_disk_is_full_and_all_of_it_afterwards(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2, failures.md II.17: fills are booked in memory, no order leaves, and it recovers by itself."""
    bench = filled_on_a_sim_disk(make_bench)
    bench.fs.before_op = full_disk
    placed = len(bench.broker.placed)
    bench.cycle(5)
    assert len(bench.broker.placed) == placed
    assert bench.state.downside_net_quantity == 100
    assert bench.level(DOWN).state is LevelState.TARGET_READY
    bench.fs.before_op = lambda _op, _path: None
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco")


def test_orders_are_cancelled_at_the_end_though_the_disk_is_full(make_bench: Callable[..., Bench]) -> None:
    """Failures.md II.18: the cancel path must not need the disk."""
    bench = filled_on_a_sim_disk(make_bench)
    bench.cycle()
    bench.fs.before_op = full_disk
    assert bench.engine.cancel_all() == []
    assert bench.broker.working() == []


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"steps": 3}, "--steps"),
        ({"spread": "0.9"}, "--spread"),
        ({"target_spread": "0.7"}, "--target-spread"),
        ({"oco_spread": "3"}, "--oco-spread"),
        ({"token_a_quantity": 101}, "--qty-a"),
        ({"token_b_quantity": 51}, "--qty-b"),
        ({"trade_type": "buyocots"}, "--trade-type"),
        ({"entry_price": "50.05"}, "--entry-price"),
        ({"product_type": "CNC"}, "--product"),
        ({"token_b_symbol": "PNB"}, "--token-b"),
    ],
)
def test_resume_with_another_grid_is_refused_with_both_values(
    make_bench: Callable[..., Bench], changes: dict[str, object], flag: str
) -> None:
    """Behaviour 9.3, reference.md 14: two grids are never mixed."""
    bench = make_bench().begin()
    bench.cycle(2)
    with pytest.raises(StateError) as refusal:
        bench.begin(**changes)
    row = next(line for line in str(refusal.value).splitlines() if line.startswith(f"{flag} "))
    name, value = next(iter(changes.items()))
    assert str(value).upper() in row.upper(), name
    assert len(bench.broker.working()) == 4


def test_resume_with_auto_entry_keeps_the_saved_centre(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3."""
    bench = make_bench(auto_entry=True, entry_price="0").begin()
    bench.cycle(2)
    bench.feed.prices["IRFC"] = Decimal("51.40")
    bench.begin().cycle(2)
    assert bench.state.grid.entry_price == Decimal("50.00")
    assert len(bench.broker.placed) == 4


def test_settings_that_are_no_part_of_the_grid_may_change(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3 names what is compared; the hedge's order type, bounds and stop count are free."""
    bench = make_bench().begin()
    bench.cycle()
    bench.begin(oco_order_type="limit", max_open_entries=1, oco_stop_count=7, auto_reenter=False).cycle(2)
    assert len(bench.broker.placed) == 2


def test_fresh_is_refused_while_an_order_works_and_archives_afterwards(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: only after confirming that no order of this bot is working."""
    bench = make_bench().begin()
    bench.cycle(2)
    with pytest.raises(StateError, match="--cancel-all"):
        bench.begin(fresh=True)
    assert len(bench.broker.working()) == 4
    for order in bench.broker.working():
        bench.broker.end(order.order_id)
    old = bench.state.generation
    bench.begin(fresh=True).cycle()
    assert bench.state.generation != old
    assert len(list((bench.folder / "archive").iterdir())) >= 1
    assert len({request.client_id for request in bench.broker.placed}) == 6


def test_fresh_is_possible_when_the_state_holds_orders_of_an_earlier_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3 with 9.5: DAY orders are gone; a state left by a crash must not refuse `--fresh` for ever."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.overnight()
    bench.begin(fresh=True).cycle()
    assert len(bench.broker.working()) == 2


def test_fresh_over_an_unreadable_state_asks_the_books(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2, 9.3: a state that can't be read is archived only when no order with our tag works."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.store.paths.state.write_bytes(b"\0" * 100)
    with pytest.raises(StateError):
        bench.begin()
    with pytest.raises(StateError, match="4 orders"):
        bench.begin(fresh=True)
    for order in bench.broker.working():
        bench.broker.end(order.order_id)
    bench.begin(fresh=True).cycle()
    assert len(bench.broker.working()) == 2


def test_fresh_archives_nothing_when_it_was_stopped_before_the_books_were_read(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 9.3: unconfirmed is not confirmed."""
    bench = make_bench().begin()
    bench.cycle(2)
    engine = bench._engine(fresh=True)
    bench.clock.stopping = True
    engine.start()
    assert bench.store.paths.state.exists()
    assert not bench.store.paths.archive.exists()


def test_state_of_architecture_17_is_on_disk(make_bench: Callable[..., Bench]) -> None:
    """Architecture 17, behaviour 9.1: the keys with their meanings, and the schema's number."""
    bench = make_bench().begin()
    bench.cycle(2)
    saved = json.loads(bench.store.paths.state.read_bytes())
    for key in ("bot_name", "bot_status", "max_quantity", "total_pnl", "last_updated", "open_orders", "schema_version"):
        assert key in saved
    level = saved["open_orders"][0]
    assert level["entry_order_id"] == bench.broker.working_at(Side.BUY, "49.00").order_id
    assert (level["trade_side"], level["order_side"], level["entry_trade_direction"]) == ("downside", "entry", "BUY")


def test_delivery_keeps_positions_and_places_all_legs_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, failures.md V.58, reference.md 29: ids of yesterday are cleared, hedges and targets come back."""
    bench = make_bench(product_type="CNC").begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    ids = {request.client_id for request in bench.broker.placed}
    bench.overnight()
    bench.begin().cycle(3)
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 100
    assert bench.broker.working_at(Side.SELL, "118.50", "downside_oco")
    assert bench.state.downside_net_quantity == 100
    assert not ids & {order.request.client_id for order in bench.broker.working()}
    assert len(bench.broker.working()) == 5


def test_delivery_entry_that_lapsed_in_part_goes_to_its_target(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 5.2: what filled yesterday is kept, with a hedge at today's price."""
    bench = make_bench(product_type="CNC").begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 40)
    bench.cycle()
    bench.overnight()
    bench.feed.prices["SBIN"] = Decimal("130.00")
    bench.begin().cycle(2)
    assert bench.broker.working_at(Side.SELL, "49.50").request.quantity == 40
    assert bench.broker.working_at(Side.SELL, "128.00", "downside_oco").request.quantity == 20


def test_pauses_of_yesterday_are_over_in_the_morning(make_bench: Callable[..., Bench]) -> None:
    """Reference.md 31: margin that ran out yesterday is no reason to stand still today."""
    bench = make_bench(product_type="CNC", trade_type="buyts", steps=1).begin()
    bench.broker.answers.extend(["refused"] * 5)
    bench.cycle(40)
    bench.overnight()
    bench.begin().cycle()
    assert len(bench.broker.working()) == 1


def test_intraday_morning_begins_at_zero_and_carries_the_result(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5: the broker squared the position off; the old state is archived, P&L and history are carried."""
    bench = make_bench().begin()
    bench.cycle(2)
    for price in ("49.00", "49.50"):
        side = Side.BUY if price == "49.00" else Side.SELL
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
        bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "51.00").order_id)
    bench.cycle()
    old = bench.state
    bench.overnight()
    bench.begin().cycle()
    state = bench.state
    assert (state.upside_net_quantity, state.downside_net_quantity) == (0, 0)
    assert (state.total_pnl, len(state.order_history)) == (old.total_pnl, 1) == (50, 1)
    assert state.next_record_seq == 2
    assert {level.state for level in state.levels.values()} <= {LevelState.FRESH, LevelState.ENTRY_PLACED}
    assert any("expired" in item.key for item in state.attention)
    assert len(list((bench.folder / "archive").glob("*.json"))) == 1


def test_last_words_of_yesterday_survive_a_death(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5: they may stand in the book now and nowhere later, so they are saved in the cycle that reads them.

    One order of the day before still works there, so the day can't be rolled.
    """
    bench = make_bench(ignore_market_hours=True).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.clock.wall += timedelta(days=1)
    bench.cycle()
    dead = bench.store.load()
    assert dead is not None
    assert dead.downside_net_quantity == 100


def test_weekend_is_crossed_like_a_night(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5: the next trading day need not be tomorrow."""
    bench = make_bench(product_type="CNC").begin()
    bench.cycle(2)
    bench.overnight(7)
    bench.begin().cycle(2)
    assert len(bench.broker.working()) == 4


def test_day_is_rolled_while_the_bot_runs(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 12: with market hours ignored midnight comes while it trades."""
    bench = make_bench(product_type="CNC", ignore_market_hours=True).begin()
    bench.cycle(2)
    bench.overnight()
    bench.cycle(2)
    assert bench.state.trading_day == bench.clock.now().date()
    assert len(bench.broker.working()) == 4


@pytest.mark.parametrize("product_type", ["CNC", "MIS"])
def test_midnight_without_books_or_disk_does_not_end_the_bot(
    make_bench: Callable[..., Bench], product_type: str
) -> None:
    """Behaviour 4.4, 9.2: servers sleep at night and disks fill up; the roll waits, and nothing is placed meanwhile."""
    bench = make_bench(product_type=product_type, ignore_market_hours=True)
    bench.fs = SimDisk()
    bench.begin().cycle(2)
    bench.overnight()
    placed = len(bench.broker.placed)
    bench.broker.broken_books.add("trade")
    assert bench.cycle(2) is None
    bench.broker.broken_books.clear()
    bench.fs.before_op = full_disk
    assert bench.cycle(3) is None
    assert len(bench.broker.placed) == placed
    bench.fs.before_op = lambda _op, _path: None
    bench.cycle(4)
    assert bench.state.trading_day == bench.clock.now().date()
    assert len(bench.broker.working()) == 4


def test_books_that_still_show_yesterday_are_read_before_the_day_is_rolled(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, failures.md V.48: a last-second fill that the book still shows is booked, not forgotten."""
    bench = make_bench(product_type="CNC", ignore_market_hours=True).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    for order in bench.broker.working():
        bench.broker.end(order.order_id, OrderStatus.CANCELLED, "expired")
    bench.clock.wall += timedelta(days=1)
    bench.cycle(3)
    assert bench.state.downside_net_quantity == 100
    assert bench.broker.working_at(Side.SELL, "49.50")
    assert bench.state.attention == []


def test_second_start_in_a_row_changes_nothing(make_bench: Callable[..., Bench]) -> None:
    """Failures.md III.22: restart twice; no counter moves, no order is placed."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.begin().cycle(2)
    first = (dict(bench.state.levels), bench.state.downside_net_quantity, len(bench.broker.placed))
    bench.begin()
    bench.begin().cycle(2)
    assert (dict(bench.state.levels), bench.state.downside_net_quantity, len(bench.broker.placed)) == first


def test_last_word_is_saved_once_the_disk_works_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2: a fault of a second or two at the end loses neither the status nor the last fills."""
    bench = filled_on_a_sim_disk(make_bench)
    bench.cycle()
    refused = 0

    def fails_twice(op: str, path: Path) -> None:
        nonlocal refused
        if op == "write" and refused < 2 and bench.state.bot_status.kind is StatusKind.STOPPED:
            refused += 1
            raise OSError(errno.EIO, "Input/output error", str(path))

    bench.fs.before_op = fails_twice
    bench.clock.wall = bench.clock.wall.replace(hour=15, minute=1)
    assert bench.cycle() == 0
    assert refused == 2
    on_disk = bench.store.load()
    assert on_disk is not None
    assert str(on_disk.bot_status) == "Stopped: session end"
    assert on_disk.downside_net_quantity == 100


def test_last_word_that_can_not_be_saved_is_told(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2: a restart would read the old status, so the end is none of the good ones."""
    bench = filled_on_a_sim_disk(make_bench)
    bench.cycle()
    bench.fs.before_op = full_disk
    bench.clock.wall = bench.clock.wall.replace(hour=15, minute=1)
    with pytest.raises(SaveFailed, match="No space left"):
        bench.cycle()
    assert bench.broker.working() == []


def test_intraday_morning_with_auto_entry_has_a_new_centre(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3, 9.5: a new MIS day is a new grid; one around yesterday's price would fill at once."""
    bench = make_bench(auto_entry=True, entry_price="0").begin()
    bench.cycle(2)
    bench.overnight()
    bench.feed.prices["IRFC"] = Decimal("53.00")
    bench.begin().cycle(2)
    assert bench.state.grid.entry_price == 53
    assert sorted(str(order.request.limit_price) for order in bench.broker.working()) == [
        *("51.00", "52.00", "54.00", "55.00"),
    ]


def test_intraday_morning_outside_the_grid_is_refused(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4, 9.5: as a fresh start beyond the outermost level is."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.overnight()
    bench.feed.prices["IRFC"] = Decimal("53.00")
    with pytest.raises(ConfigError, match=r"53\.00.*52\.00"):
        bench.begin()
    assert bench.broker.working() == []


def test_intraday_morning_after_completed_begins_anew(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.5, 9.5: finished is finished for its day; a bot that its unit starts every morning trades again."""
    bench = make_bench(trade_type="buyts", steps=1, auto_reenter=False).begin()
    bench.cycle()
    for side, price in ((Side.BUY, "49.00"), (Side.SELL, "49.50")):
        bench.broker.fill(bench.broker.working_at(side, price).order_id)
        code = bench.cycle(2)
    assert (code, str(bench.state.bot_status)) == (0, "Completed")
    bench.overnight()
    bench.begin()
    assert (str(bench.state.bot_status), bench.state.trading_day) == ("Active", bench.clock.now().date())
    bench.cycle()
    assert bench.broker.working_at(Side.BUY, "49.00")


def test_intraday_morning_that_dies_before_its_save_loses_nothing(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5: the archive keeps the state where it is until the new one is saved."""
    bench = filled_on_a_sim_disk(make_bench)
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle()
    assert bench.state.total_pnl == 50
    bench.overnight()

    def dies(op: str, path: Path) -> None:
        if op == "write" and path.name.endswith("_state.json.tmp"):
            raise DeathError

    bench.fs.before_op = dies
    with pytest.raises(DeathError):
        bench.begin()
    bench.fs.before_op = lambda _op, _path: None
    bench.begin()
    assert bench.state.total_pnl == 50
    assert len(bench.state.order_history) == 1
