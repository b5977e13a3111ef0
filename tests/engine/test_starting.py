"""How a bot begins: what `--fresh` asks first, what a resume takes up, and what is refused (behaviour 1.4, 9, 10.3)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.simdisk import SimDisk
from tg1.errors import ConfigError, FeedError, SaveFailed, StateError
from tg1.models import (
    Attention,
    Backoff,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    Status,
    StatusKind,
    TradeSide,
)
from tg1.rules.client_ids import bot_tag, next_generation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
NAME = "IRFC-SBIN Grid"


def stopping_at_once(bench: Bench) -> None:
    """A stop is asked for as soon as the bot waits for anything."""
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)


def a_row(bench: Bench, client_id: str, account: str = "trade") -> str:
    """A SELL of 7 IRFC under that client id works at the broker; its number."""
    request = OrderRequest(
        client_id=client_id,
        symbol="IRFC",
        side=Side.SELL,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(55),
    )
    return bench.broker.add(account, request).order_id


def held(bench: Bench) -> Bench:
    """The BUY at 49.00 filled, and nothing works any more."""
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    for order in bench.broker.working():
        bench.broker.end(order.order_id)
    return bench


# -- `--fresh` ------------------------------------------------------------------------------------------------------


def test_fresh_names_the_first_five_orders_that_work(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: the broker's numbers, so that they are found on his screen; an order in doubt by its own."""
    bench = make_bench(steps=3).begin()
    bench.cycle(3)
    numbers = [order.order_id for order in bench.broker.working()]
    assert len(numbers) == 6
    with pytest.raises(StateError) as refusal:
        bench.begin(fresh=True)
    by_level = [bench.level(side, each).entry_order_id for side in (DOWN, UP) for each in (1, 2, 3)]
    assert set(by_level) == set(numbers)
    listed = str(refusal.value).partition("(")[2].partition(")")[0].split(", ")
    assert len(listed) == 5
    assert set(listed) < set(numbers)
    assert str(refusal.value).startswith(f"6 orders of '{NAME}' are still working (")
    assert str(refusal.value).endswith("); cancel what works with --cancel-all before --fresh.")
    assert bench.store.paths.state.exists()


def test_fresh_waits_for_an_order_in_doubt(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 9.3: an order that may still arrive is one that works; once it has arrived, it is named."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.hide_new_for_reads = 4
    bench.broker.answers.append("unknown-accepted")
    bench.cycle()
    (order,) = bench.broker.working()
    with pytest.raises(StateError, match=rf"1 order .* \({order.order_id}\)"):
        bench.begin(fresh=True)
    assert order.is_working


def test_fresh_that_is_called_off_while_it_asks_changes_nothing(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.3, 14: exit 0, neither archived nor begun anew; and what works is said."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.broken_books.add("trade")
    stopping_at_once(bench)
    with caplog.at_level(logging.INFO):
        assert bench._engine(fresh=True).start() == 0
    assert len(bench.on_disk().levels) == 4
    assert any("As the saved state knows them, 4 orders are left on the exchange" in line for line in caplog.messages)
    assert not bench.store.paths.archive.exists()


@pytest.mark.parametrize(
    ("product", "days", "told"),
    [("MIS", 0, True), ("CNC", 0, True), ("CNC", 1, True), ("MIS", 1, False)],
)
def test_fresh_says_which_position_nobody_looks_after_any_more(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, product: str, days: int, *, told: bool
) -> None:
    """Behaviour 9.3, 9.5: 100 IRFC without target and hedge; of yesterday's MIS the broker has sold them already."""
    bench = held(make_bench(product_type=product))
    bench.clock.wall += timedelta(days=days)
    if days:
        bench.broker.orders.clear()
    bench.begin(fresh=True)
    said = [line for line in caplog.messages if "has neither target nor hedge any more" in line]
    assert len(said) == told
    assert all("Trade account: +100 IRFC at 49.00" in line for line in said)
    assert bench.state.downside_net_quantity == 0
    (copy,) = bench.store.paths.archive.glob("*_state.*.json")
    assert ".fresh." in copy.name


def test_fresh_over_a_state_of_yesterday_asks_the_books_of_today(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3, 9.5: what the state calls working is gone, and what works today may be of another folder's bot."""
    bench = held(make_bench())
    bench.overnight()
    ended = a_row(bench, f"{bot_tag(NAME)}AAAD01E0001")
    bench.broker.end(ended, OrderStatus.CANCELLED)
    working = a_row(bench, f"{bot_tag(NAME)}AAAU01O0002", account="upside_oco")
    with pytest.raises(StateError, match=rf"^1 order of .* is still working \({working}\)"):
        bench.begin(fresh=True)
    assert bench.broker.orders[working].is_working
    bench.broker.end(working, OrderStatus.CANCELLED)
    bench.begin(fresh=True)
    assert bench.state.trading_day == bench.clock.wall.date()


def test_fresh_with_nothing_to_archive_is_a_first_start(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: a unit file that always says `--fresh` works on its first day, too."""
    bench = make_bench(fresh=True).begin()
    bench.cycle()
    assert len(bench.broker.working()) == 2
    assert not bench.store.paths.archive.exists()


def test_terminated_bot_says_why_and_what_to_do(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: it never starts again by itself."""
    bench = held(make_bench())
    bench.state.bot_status = Status(kind=StatusKind.TERMINATED, reason="OCO imbalance")
    bench.engine._parts.save(bench.engine._parts.moment())
    with pytest.raises(StateError) as refusal:
        bench.begin()
    assert str(refusal.value) == (
        f"'{NAME}' was terminated by its own rules (OCO imbalance); give --fresh to archive that state and start a new "
        "grid."
    )


# -- a first start --------------------------------------------------------------------------------------------------


def test_generation_that_todays_books_know_is_not_used_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.1: a grid begun within the same two seconds, or on a clock that was put back, gets ids of its own."""
    bench = make_bench(trade_type="buyts", steps=1)
    bench.begin()
    first = bench.state.generation
    bench.store.paths.state.unlink()
    for generation in (first, next_generation(first)):
        bench.broker.end(a_row(bench, f"{bot_tag(NAME)}{generation}D01E0001"))
    reads = dict(bench.broker.reads)
    bench.begin()
    assert bench.state.generation == next_generation(next_generation(first))
    assert bench.on_disk().generation == bench.state.generation
    assert {account: bench.broker.reads[account] - reads[account] for account in reads} == {
        "trade": 1,
        "upside_oco": 1,
        "downside_oco": 1,
    }
    bench.cycle()
    assert len({order.request.client_id for order in bench.broker.orders.values()}) == 3


def test_new_grid_is_on_disk_before_its_first_order(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.1: all levels, the day, the status."""
    bench = make_bench().begin()
    saved = bench.on_disk()
    assert [f"{level.entry_price:.2f}" for level in saved.levels.values()] == ["49.00", "48.00", "51.00", "52.00"]
    assert (saved.trading_day, str(saved.bot_status)) == (bench.clock.wall.date(), "Active")
    assert saved.bot_name == NAME
    assert bench.broker.placed == []


def test_first_start_on_a_full_disk_is_refused(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2: nothing is placed that a restart would not know of."""
    bench = make_bench()
    bench.fs = SimDisk()

    def refuse(op: str, path: Path) -> None:
        if op == "write":
            raise OSError(28, "No space left on device", str(path))

    bench.fs.before_op = refuse
    with pytest.raises(SaveFailed, match="No space left on device"):
        bench.begin()
    assert bench.broker.placed == []


@pytest.mark.parametrize(
    ("changes", "price_b", "words"),
    [
        ({}, "1.95", r"--oco-spread 2 reaches the price of SBIN, 1\.95: no hedge could ever fill"),
        ({"oco_spread": "0.02"}, "120.50", r"--oco-spread 0\.02 is nothing on SBIN's tick of 0\.05"),
    ],
)
def test_start_with_hedges_that_can_not_work_is_refused(
    make_bench: Callable[..., Bench], changes: dict[str, str], price_b: str, words: str
) -> None:
    """Behaviour 6: before any order, with both numbers; nothing is saved that a resume would go on with."""
    bench = make_bench(**changes)
    bench.feed.prices["SBIN"] = Decimal(price_b)
    with pytest.raises(ConfigError, match=words):
        bench.begin()
    assert bench.broker.placed == []
    assert not bench.store.exists()


def test_start_warns_of_a_hedge_that_is_hardly_one(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 6: 1 share of 120.50 against 5,000 rupees; said at the first start and at every resume."""
    bench = make_bench(token_b_quantity=1)
    for _ in range(2):
        caplog.clear()
        bench.begin()
        assert sum(line.startswith("A hedge of --qty-b 1 SBIN is worth 120.50 rupees") for line in caplog.messages) == 1


def test_start_counts_the_entries_that_fill_at_once(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 1.4: with the price that they are crossed by; a price inside the first levels is no warning."""
    bench = make_bench(steps=3)
    bench.feed.prices["IRFC"] = Decimal("47.50")
    bench.begin()
    assert "TokenA trades at 47.50, beyond 2 entries: those will fill at once" in caplog.messages
    caplog.clear()
    make_bench(bot_name="another").begin()
    assert "will fill at once" not in caplog.text


def test_feed_is_asked_for_the_prices_that_the_bot_needs(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.1: Kite's instrument tokens, TokenB's only where there is a hedge."""
    for changes, symbols in (({}, ["IRFC", "SBIN"]), ({"trade_type": "buyts"}, ["IRFC"])):
        bench = make_bench(**changes)
        bench.engine._opening.start_feed()
        assert bench.feed.started == {bench.broker.instrument(symbol).instrument_token: symbol for symbol in symbols}


def test_start_without_prices_is_given_up_after_thirty_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.3: looked for ten times a second; exit 4."""
    bench = make_bench()
    bench.feed.stale = {"IRFC", "SBIN"}
    waits: list[float] = []
    bench.clock.on_wait = lambda: waits.append(bench.clock.mono)
    with pytest.raises(FeedError, match="No price of IRFC and SBIN within 30 s") as failure:
        bench.begin()
    assert failure.value.exit_code == 4
    assert 299 <= len(waits) <= 301
    assert waits[-1] == pytest.approx(1030.0, abs=0.11)


# -- resume ---------------------------------------------------------------------------------------------------------


def paused(bench: Bench) -> Bench:
    """A level whose entries and hedges are paused, and what was said of it, on disk."""
    bench.begin()
    level = bench.level(DOWN)
    tired = Backoff(rejections=5, retry_at=None, reason="RMS")
    bench.state.levels[level.uuid] = replace(level, backoff=tired, oco_backoff=tired)
    bench.state.attention.append(Attention(key="paused", text="the level is paused", at="2026-11-23T09:20:00+05:30"))
    bench.state.bot_status = Status(kind=StatusKind.STOPPED, reason="by signal")
    bench.engine._parts.save(bench.engine._parts.moment())
    return bench


def test_resume_keeps_pauses_and_what_was_said_until_the_operator_clears_them(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 8, 18: a restart alone is no `--clear-attention`; what is open is said again."""
    bench = paused(make_bench()).begin()
    level = bench.on_disk().levels[bench.level(DOWN).uuid]
    assert (level.backoff.rejections, level.oco_backoff.rejections) == (5, 5)
    assert "ATTENTION since 2026-11-23T09:20:00+05:30: the level is paused" in caplog.messages
    bench.begin(clear_attention=True)
    saved = bench.on_disk()
    assert all(each.backoff.rejections == each.oco_backoff.rejections == 0 for each in saved.levels.values())
    assert saved.attention == []


def test_resume_is_active_on_disk_before_it_places_anything(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.1: whoever reads the state sees a bot that runs, not the stop of an hour ago."""
    bench = paused(make_bench())
    with caplog.at_level(logging.INFO):
        bench.begin()
    assert str(bench.on_disk().bot_status) == "Active"
    assert bench.broker.placed == []
    assert f"Resumed {NAME}: 4 levels, 0 orders working" in caplog.messages


def test_resume_books_what_filled_meanwhile_first(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 18: the level holds 100 before anything is decided, and the count is what works still."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    with caplog.at_level(logging.INFO):
        bench.begin()
    assert bench.on_disk().downside_net_quantity == 100
    assert f"Resumed {NAME}: 4 levels, 3 orders working" in caplog.messages


def test_resume_with_hedges_that_can_not_work_any_more_calls_a_person_and_goes_on(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 6: open levels need their targets, so nothing is refused; the sentence is in the state."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.feed.prices["SBIN"] = Decimal("1.90")
    bench.begin()
    assert {item.key: item.text for item in bench.on_disk().attention} == {
        "oco spread": "--oco-spread 2 reaches the price of SBIN, 1.90: no hedge could ever fill."
    }
    bench.cycle()
    assert bench.broker.working_at(Side.SELL, "49.50")


def test_resume_without_a_price_of_tokenb_judges_no_hedge(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2: it had one when the start began; old since then, it says nothing of a hedge."""
    bench = make_bench().begin()
    bench.feed.prices["SBIN"] = Decimal("1.90")
    engine = bench._engine()
    loaded = engine._opening.load()
    assert loaded is not None
    bench.feed.stale.add("SBIN")
    engine._opening.resume()
    assert bench.state.attention == []
    assert str(bench.state.bot_status) == "Active"


# -- nothing to do --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "days", "begins"), [("MIS", 0, False), ("CNC", 0, False), ("CNC", 1, False), ("MIS", 1, True)]
)
def test_completed_bot_has_nothing_to_do_until_an_intraday_morning(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, product: str, days: int, *, begins: bool
) -> None:
    """Behaviour 1.5, 9.5: exit 0 without a login, with the word that starts a new grid."""
    bench = make_bench(trade_type="buyts", steps=1, auto_reenter=False, product_type=product).begin()
    bench.cycle()
    for price in ("49.00", "49.50"):
        bench.trade(IRFC=price)
        bench.cycle(2)
    assert str(bench.state.bot_status) == "Completed"
    if days:
        bench.overnight()
    bench.feed.prices["IRFC"] = Decimal("50.00")
    reads = dict(bench.broker.reads)
    with caplog.at_level(logging.INFO):
        bench.begin()
    assert (bench.code, bench.broker.reads != reads) == (0, begins)
    assert (f"Every level of {NAME} is closed; give --fresh to start a new grid" in caplog.messages) is not begins
    bench.begin(fresh=True)
    assert str(bench.state.bot_status) == "Active"


def at_four(bench: Bench, days: int = 0) -> int:
    """A start after the session's end; its exit code."""
    bench.clock.wall = bench.clock.wall.replace(hour=16) + timedelta(days=days)
    bench.broker.reads.clear()
    bench.begin()
    return bench.code


def test_start_after_the_session_logs_in_only_to_clear_what_works(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 12: orders of today, or a termination of today; otherwise nobody is asked anything."""
    bench = held(make_bench())
    bench.begin().cycle()
    working = len(bench.broker.working())
    assert working
    assert at_four(bench) == 0
    assert (bench.broker.working(), len(bench.broker.cancelled)) == ([], working)
    assert at_four(bench) == 0
    assert bench.broker.reads == {}
    bench.state.bot_status = Status(kind=StatusKind.TERMINATING, reason="OCO imbalance")
    bench.engine._parts.save(bench.engine._parts.moment())
    assert at_four(bench) == 3
    assert str(bench.state.bot_status) == "Terminated: OCO imbalance"


@pytest.mark.parametrize("status", [StatusKind.ACTIVE, StatusKind.TERMINATING])
def test_start_on_the_evening_of_another_day_has_nothing_to_clear(
    make_bench: Callable[..., Bench], status: StatusKind
) -> None:
    """Behaviour 9.5, 12: orders of an earlier day are gone."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.state.bot_status = Status(kind=status, reason="" if status is StatusKind.ACTIVE else "OCO imbalance")
    bench.engine._parts.save(bench.engine._parts.moment())
    bench.broker.orders.clear()
    assert at_four(bench, days=1) == 0
    assert bench.broker.reads == {}


def test_restart_ends_what_only_the_process_before_it_could_have_ended(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, 5.3: an account that was blind before the crash is read now; what lasts is said anew."""
    bench = make_bench().begin()
    bench.cycle(2)
    at = bench.clock.wall.isoformat()
    kept = ["blind trade", "missing 1", "unhedged 2", "both-filled 3"]
    bench.state.attention[:] = [Attention(key=key, text=key, at=at) for key in kept]
    over = Attention(key="blind oco", text="blind oco (over at 09:20:00: seen)", at=at)
    bench.state.attention.append(over)
    bench.store.save(bench.clock.wall)
    bench.begin()
    end = f" (over at {bench.clock.wall:%H:%M:%S}: the bot was started again)"
    assert [item.text for item in bench.state.attention] == [
        *(f"{key}{end}" for key in kept[:3]),
        "both-filled 3",
        over.text,
    ]
    on_disk = bench.store.load()
    assert on_disk is not None
    assert on_disk.attention == bench.state.attention
    bench.broker.broken_books.add("trade")
    bench.cycle(32)
    (blind,) = [item for item in bench.state.attention if item.key == "blind trade"]
    assert not blind.is_over
