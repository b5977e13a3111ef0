"""What start, cycle and shutdown share: ticks, one look at the prices, the books in use, saves that fail."""

from __future__ import annotations

import errno
import logging
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.support.simdisk import SimDisk
from tg1.models import LastPrice, LevelState, OcoOrderType, Quote, Side, TradeSide
from tg1.trading.parts import new_uuid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.engine.conftest import Bench
    from tg1.trading.parts import Parts

DOWN = TradeSide.DOWNSIDE
FULL = "No space left on device"


def parts_of(bench: Bench) -> Parts:
    """The parts of the bench's engine."""
    return bench.engine._parts


def hedged(bench: Bench) -> Bench:
    """A BUY at 49.00 filled: its target works in the trading account, its hedge in the downside's."""
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle()
    return bench


def has_saved(bench: Bench) -> bool:
    """Something has changed since the last save: whether it comes to disk."""
    bench.state.total_pnl += 1
    return parts_of(bench).save(parts_of(bench).moment())


def full_disk(op: str, path: Path) -> None:
    """Refuse to write."""
    if op == "write":
        raise OSError(errno.ENOSPC, FULL, str(path))


def test_ids_of_levels_are_twelve_hexadecimal_characters_and_never_the_same() -> None:
    """Behaviour 9.1: what tells the round trips of a level apart in the history."""
    ids = {new_uuid() for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9a-f]{12}", each) for each in ids)


def test_each_token_has_its_own_tick_and_a_bot_without_hedge_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2: a price that is off its instrument's tick is rejected."""
    bench = make_bench()
    bench.broker.ticks.update(IRFC=Decimal("0.01"), SBIN=Decimal("0.10"))
    assert (parts_of(bench).tick_a, parts_of(bench).tick_b) == (Decimal("0.01"), Decimal("0.10"))
    bench = make_bench(trade_type="buyts")
    bench.broker.ticks.update({"IRFC": Decimal("0.01"), "": Decimal(7)})
    assert parts_of(bench).tick_b == Decimal("0.01")


def test_decisions_are_given_what_was_configured(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.2, 1.5, 6: spread, order type and offset of a hedge, ticks, and whether a level enters again."""
    bench = make_bench(auto_reenter=False, oco_order_type="limit", oco_limit_offset="0.7")
    bench.broker.ticks["SBIN"] = Decimal("0.10")
    rules = parts_of(bench).rules
    assert (rules.token_a_symbol, rules.token_b_symbol, rules.has_oco) == ("IRFC", "SBIN", True)
    assert (rules.oco_spread, rules.oco_order_type) == (Decimal(2), OcoOrderType.LIMIT)
    assert (rules.oco_limit_offset, rules.auto_reenter) == (Decimal("0.7"), False)
    assert (rules.tick_a, rules.tick_b) == (Decimal("0.05"), Decimal("0.10"))
    assert len(rules.new_uuid()) == 12


def test_moment_holds_clock_and_prices_and_none_that_is_old(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2: a stale price is no price; what was looked at is kept with its age for the screen."""
    bench = make_bench()
    bench.feed.stale.add("SBIN")
    parts = parts_of(bench)
    moment = parts.moment()
    assert (moment.now, moment.monotonic) == (bench.clock.wall, 1000.0)
    assert (moment.price_a, moment.price_b) == (Decimal(50), None)
    assert [quote.symbol for quote in parts.quotes if quote] == ["IRFC", "SBIN"]
    assert parts.seen == moment


def test_bot_without_hedge_looks_at_one_price(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2: there is no TokenB, whatever a feed says of a symbol without a name."""
    bench = make_bench(trade_type="buyts")
    bench.feed.prices[""] = Decimal(7)
    parts = parts_of(bench)
    moment = parts.moment()
    assert (moment.price_a, moment.price_b) == (Decimal(50), None)
    assert parts.quotes[1] is None


def test_money_before_the_first_look_is_at_the_prices_that_the_state_has_kept(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 15: `--fresh` and the end of a bot that never saw a price say what is held, at old prices."""
    bench = hedged(make_bench())
    saved = bench.store.load()
    assert saved is not None
    saved.last_prices = [LastPrice(symbol="IRFC", price=Decimal("49.80"), at=bench.clock.wall - timedelta(minutes=5))]
    bench.store.state = saved
    parts = parts_of(bench)
    parts.seen, parts.quotes = None, (None, None)
    said = parts.statement()
    assert said.quotes == {"IRFC": Quote(symbol="IRFC", price=Decimal("49.80"), age_secs=300.0, fresh=False)}
    assert said.unrealised == 80


def test_money_is_as_old_as_the_last_look(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: prices that were kept for TokenB age with the look, not with the clock on the wall."""
    bench = hedged(make_bench())
    parts = parts_of(bench)
    bench.state.last_prices = [LastPrice(symbol="SBIN", price=Decimal(120), at=parts.moment().now)]
    parts.quotes = (parts.quotes[0], None)
    bench.clock.wall += timedelta(minutes=10)
    said = parts.statement()
    assert (said.held, said.quotes["SBIN"].age_secs) == (("IRFC",), 0.0)


def test_money_counts_what_a_working_order_has_filled_so_far(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: brokerage is by executed order, and this one has executed, in the account that placed it."""
    bench = make_bench(charges=["brokerage=0", "trade:brokerage=20"]).begin()
    bench.cycle(2)
    assert parts_of(bench).statement().charges.total == 0
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id, 40)
    bench.cycle()
    assert parts_of(bench).statement().charges.brokerage == 20


def test_books_in_use_are_those_where_something_works_in_the_order_of_the_accounts(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 4.1: order, doubt or orphan; the trading account first, because targets follow its fills."""
    bench = make_bench().begin()
    assert parts_of(bench).accounts_in_use() == []
    bench.cycle(2)
    assert parts_of(bench).accounts_in_use() == ["trade"]
    bench.trade(IRFC="49.00")
    bench.cycle()
    bench.trade(IRFC="51.00")
    bench.cycle()
    assert parts_of(bench).accounts_in_use() == ["trade", "upside_oco", "downside_oco"]


def test_account_of_a_hedge_that_is_wanted_and_does_not_work_is_read(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.1: whether its session lives must be known before the order goes, not after it was refused."""
    bench = hedged(make_bench())
    level = bench.level(DOWN)
    bench.state.levels[level.uuid] = replace(level, oco_order=None)
    assert parts_of(bench).accounts_in_use() == ["trade", "downside_oco"]
    hedge = replace(level.oco_traded, quantity=50, value=Decimal(5925))
    bench.state.levels[level.uuid] = replace(level, oco_order=None, oco_traded=hedge)
    assert parts_of(bench).accounts_in_use() == ["trade"], "nothing is missing there"


def test_bot_without_hedges_reads_the_trading_account_alone(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.1, 11.2: it has no other one."""
    bench = hedged(make_bench(trade_type="buyts"))
    assert parts_of(bench).accounts_in_use() == ["trade"]


def test_blank_book_is_read_until_it_shows_something(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: it holds everything of its account back, also when nothing works there by the state."""
    bench = hedged(make_bench())
    bench.broker.empty_books.add("downside_oco")
    parts = parts_of(bench)
    books = parts.keeper.read(parts.client.accounts, since=0.0)
    assert parts.take_books(books, parts.moment()) == []
    assert set(books) == {"trade", "upside_oco"}
    level = bench.level(DOWN)
    bench.state.levels[level.uuid] = replace(level, oco_order=None)
    assert parts.accounts_in_use() == ["trade", "downside_oco"]
    bench.broker.empty_books.clear()
    parts.take_books(parts.keeper.read(parts.client.accounts, since=0.0), parts.moment())
    assert parts.accounts_in_use() == ["trade", "downside_oco"], "its row belongs to no level any more: an orphan"


def test_snapshot_is_booked_entry_first_then_target_then_hedge(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.5: the target that ended the trip has its say before the hedge that filled all the same."""
    bench = hedged(make_bench())
    for price, account in (("49.50", "trade"), ("118.50", "downside_oco")):
        bench.broker.fill(bench.broker.working_at(Side.SELL, price, account).order_id)
    parts = parts_of(bench)
    parts.take_books(parts.keeper.read(parts.client.accounts, since=0.0), parts.moment())
    level = bench.level(DOWN)
    assert (level.orders, level.oco_traded.quantity, bench.state.downside_oco_net_count) == ((), 50, 1)


def test_forgotten_order_is_left_alone_until_every_book_is_read(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: at a start, for a level's orders lie in two accounts; in a cycle there is nothing to wait for."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle()
    bench.store.paths.state.write_bytes(backup)
    loaded = bench.store.load()
    assert loaded is not None
    bench.store.state = loaded
    parts = parts_of(bench)
    books = parts.keeper.read(["trade"], since=0.0)
    assert parts.take_books(dict(books), parts.moment(), waits_for_all=True) == []
    assert bench.level(DOWN).state is LevelState.FRESH
    assert parts.take_books(dict(books), parts.moment()) == []
    assert bench.level(DOWN).state is LevelState.ENTRY_PLACED


def test_start_that_has_read_every_book_takes_back_and_books(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 5.3: the entry that the backup lacks has filled: it gets its target's and its hedge's price."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    backup = bench.store.paths.state.read_bytes()
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.store.paths.state.write_bytes(backup)
    loaded = bench.store.load()
    assert loaded is not None
    parts = parts_of(bench)
    books = parts.keeper.read(parts.client.accounts, since=0.0)
    assert parts.take_books(books, parts.moment(), waits_for_all=True) == []
    level = bench.level(DOWN)
    assert (level.state, level.oco_trade_price) == (LevelState.TARGET_READY, Decimal("118.50"))


def test_start_ends_a_trip_whose_hedge_never_arrived(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 9.4: the process died between the hedge's request and its answer, and the target filled."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.answers.extend(["ok", "unknown-lost"])
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.begin()
    (record,) = bench.state.order_history
    assert (record.outcome, bench.level(DOWN).state) == ("target", LevelState.FRESH)


def test_save_that_fails_is_said_once_per_cause_and_so_is_the_first_that_works(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.2: an hour of a full disk is two lines; the cause is remembered for whoever watches."""
    bench = make_bench()
    bench.fs = SimDisk()
    bench.begin().cycle(2)
    parts = parts_of(bench)
    with caplog.at_level(logging.INFO):
        assert has_saved(bench)
        assert (caplog.messages, parts.save_failed) == ([], "")
        bench.fs.before_op = full_disk
        assert [has_saved(bench) for _ in range(3)] == [False, False, False]
        assert FULL in parts.save_failed
        bench.fs.before_op = lambda _op, _path: None
        assert has_saved(bench)
        assert has_saved(bench)
    said, mended = caplog.messages
    assert said.startswith("NO ORDERS ARE PLACED until the state can be saved: ")
    assert FULL in said
    assert mended == "The state can be saved again"
    assert parts.save_failed == ""


def test_other_cause_of_a_save_that_fails_is_said(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.2: who has made room on the disk wants to know that it is read-only now."""
    bench = make_bench()
    bench.fs = SimDisk()
    bench.begin()
    parts = parts_of(bench)
    for why in (FULL, "Read-only file system"):

        def refuse(op: str, path: Path, why: str = why) -> None:
            if op == "write":
                raise OSError(errno.EIO, why, str(path))

        bench.fs.before_op = refuse
        assert not has_saved(bench)
        assert why in parts.save_failed
    assert len(caplog.messages) == 2


def test_stop_without_a_state_of_its_own_writes_none(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: a blank state on the disk would be resumed as a bot that holds nothing."""
    bench = hedged(make_bench())
    before = bench.store.paths.state.read_bytes()
    parts: Any = parts_of(bench)
    parts.saves = False
    assert has_saved(bench)
    assert bench.store.paths.state.read_bytes() == before
