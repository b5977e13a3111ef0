"""A start knows every book and has no doubt left before it places anything, or is given up (behaviour 3.4, 14)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import BrokerUnavailable
from tg1.models import LevelState, OrderRequest, OrderType, Side, TradeSide
from tg1.rules.client_ids import bot_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder
    from tg1.models import BrokerOrder

DOWN = TradeSide.DOWNSIDE
NAME = "IRFC-SBIN Grid"


def unread_until(bench: Bench, account: str, mono: float) -> None:
    """That account's book can't be read before the monotonic clock shows `mono`."""
    read = bench.broker.order_book

    def order_book(asked: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        if asked == account and bench.clock.mono < mono:
            raise BrokerUnavailable("502")
        return read(asked, since=since)

    bench.broker.order_book = order_book  # type: ignore[method-assign,assignment]


def hedged(make_bench: Callable[..., Bench]) -> Bench:
    """The BUY at 49.00 filled; its target and its hedge work. The next start is a resume."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.broker.account_names = ("trade", "oco")
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    assert len(bench.broker.working()) == 2
    return bench


def orphan(bench: Bench, level: str, price: str) -> HandOrder:
    """A working entry with this bot's tag that belongs to none of its grids."""
    request = OrderRequest(
        client_id=f"{bot_tag(NAME)}AAA{level}E0009",
        symbol="IRFC",
        side=Side.BUY,
        quantity=7,
        order_type=OrderType.LIMIT,
        limit_price=Decimal(price),
    )
    return bench.broker.add("trade", request)


# -- a fresh grid ------------------------------------------------------------------------------------------------------


def test_quiet_start_reads_each_book_once_and_waits_for_nothing(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 11.3: the snapshot that the start has at hand is its first look."""
    bench = make_bench().begin()
    assert bench.broker.reads == {"trade": 1, "upside_oco": 1, "downside_oco": 1}
    assert bench.clock.mono == 1000.0


def test_fresh_start_waits_up_to_a_minute_for_the_last_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: read once a second; the one of the sixtieth second is in time."""
    bench = make_bench()
    unread_until(bench, "upside_oco", 1060.0)
    assert bench.begin().code == 0
    assert bench.clock.mono == 1060.0
    assert bench.broker.reads == {"trade": 61, "upside_oco": 1, "downside_oco": 61}
    assert len(bench.state.levels) == 4


def test_fresh_start_is_given_up_after_a_minute_without_a_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 14: exit 4, by name of the accounts that can't be read; nothing placed, nothing saved."""
    bench = make_bench()
    bench.broker.broken_books.update({"trade", "downside_oco"})
    with pytest.raises(BrokerUnavailable, match=r"^The order book of trade, downside_oco can't be read$") as failure:
        bench.begin()
    assert failure.value.exit_code == 4
    assert bench.clock.mono == 1060.0
    assert (bench.broker.placed, bench.store.exists()) == ([], False)


def test_stop_ends_the_wait_for_a_fresh_starts_books(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 14: a stop is obeyed within a second, with exit 0."""
    bench = make_bench()
    bench.broker.broken_books.add("trade")
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)
    assert bench.begin().code == 0
    assert bench.clock.mono == 1001.0
    assert (bench.broker.placed, bench.store.exists()) == ([], False)


def test_start_reads_no_snapshot_from_before_it_asked(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 11.3: another bot's read of the same book will do, but only one that began afterwards."""
    bench = hedged(make_bench)
    bench.broker.cancels.append("sent")
    orphan(bench, "D01", "45.00")
    asked: list[tuple[float, float | None]] = []
    read = bench.broker.order_book

    def order_book(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        asked.append((bench.clock.mono, since))
        return read(account, since=since)

    bench.broker.order_book = order_book  # type: ignore[method-assign]
    bench.begin()
    bench.begin(bot_name="Another")
    assert len(asked) > 6
    assert [since for _, since in asked] == [mono for mono, _ in asked]


# -- a resume ----------------------------------------------------------------------------------------------------------


def test_resume_waits_up_to_a_minute_for_the_last_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: the book of the sixtieth second is in time."""
    bench = hedged(make_bench)
    begun = bench.clock.mono
    unread_until(bench, "oco", begun + 60)
    assert bench.begin().code == 0
    assert bench.clock.mono == begun + 60


@pytest.mark.parametrize(
    ("broken", "blank", "why"),
    [
        pytest.param({"trade", "oco"}, set(), "the order book of trade, oco can't be read", id="unreadable"),
        pytest.param(
            {"oco"},
            {"trade"},
            "the order book of trade, oco can't be read: trade shows no row although orders of this bot were accepted "
            "there",
            id="one blank",
        ),
        pytest.param(
            set(),
            {"trade", "oco"},
            "the order book of trade, oco can't be read: trade, oco shows no row although orders of this bot were "
            "accepted there",
            id="both blank",
        ),
    ],
)
def test_resume_is_given_up_after_a_minute_without_a_book(
    make_bench: Callable[..., Bench], broken: set[str], blank: set[str], why: str
) -> None:
    """Behaviour 3.4, 4.4: a blank book is an unread one; the operator reads which it was."""
    bench = hedged(make_bench)
    begun, placed = bench.clock.mono, len(bench.broker.placed)
    bench.broker.broken_books, bench.broker.empty_books = broken, blank
    with pytest.raises(BrokerUnavailable) as failure:
        bench.begin()
    assert str(failure.value) == f"The start is given up after 60 s: {why}"
    assert bench.clock.mono == begun + 60
    assert len(bench.broker.placed) == placed


def test_what_a_start_has_read_is_kept_though_it_is_given_up(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.2: the target's fill is on disk for the next start, whatever became of the other book."""
    bench = hedged(make_bench)
    bench.trade(IRFC="49.50")
    bench.broker.broken_books.add("oco")
    with pytest.raises(BrokerUnavailable):
        bench.begin()
    assert bench.on_disk().total_pnl == 50


def test_stop_ends_the_wait_of_a_resume(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 14: no error, no further look, and the orders stay as they are."""
    bench = hedged(make_bench)
    bench.broker.broken_books.add("trade")
    begun = bench.clock.mono
    bench.clock.on_wait = lambda: setattr(bench.clock, "stopping", True)
    assert bench.begin().code == 0
    assert bench.clock.mono == begun + 1
    assert len(bench.broker.working()) == 2


def test_resume_waits_until_an_order_in_doubt_is_proven_absent(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 3.4: three reads over five seconds, one a second, and only then the level is free."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.broker.answers.extend(["ok", "unknown-lost"])
    bench.cycle(2)
    assert bench.level(DOWN, 2).order is not None
    begun = bench.clock.mono
    bench.begin()
    assert bench.clock.mono == begun + 5
    assert bench.level(DOWN, 2).state is LevelState.FRESH


def test_resume_is_given_up_while_nobody_knows_what_became_of_its_orders(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 4.3: rows without a number prove arrival and no more; the client ids tell a person which."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.broker.answers.extend(["unknown-accepted"] * 2)
    bench.broker.nameless_rows = True
    bench.cycle(2)
    first, second = (request.client_id for request in bench.broker.placed)
    begun = bench.clock.mono
    with pytest.raises(BrokerUnavailable) as failure:
        bench.begin()
    assert str(failure.value) == (f"The start is given up after 60 s: nobody knows what became of {first}, {second}")
    assert bench.clock.mono == begun + 60


def test_resume_takes_no_forgotten_order_back_before_it_has_every_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: the target alone would tell of a trip that ended well; its hedge had filled beside it."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    backup = bench.store.paths.state.read_bytes()
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    bench.trade(IRFC="49.50", SBIN="118.50")
    bench.store.paths.state.write_bytes(backup)
    unread_until(bench, "downside_oco", bench.clock.mono + 3)
    bench.begin()
    (item,) = bench.state.attention
    assert "target and OCO both filled" in item.text


# -- orphans -----------------------------------------------------------------------------------------------------------


def test_start_ends_orphans_before_it_goes_on(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4: cancelled in its own account, and the books are read anew to see that it ended."""
    bench = make_bench()
    stray = orphan(bench, "D01", "45.00")
    assert bench.begin().code == 0
    assert bench.broker.cancelled == [stray.order_id]
    assert bench.broker.reads["trade"] == 2
    assert bench.clock.mono == 1001.0
    assert bench.engine._parts.desk.cancel_reasons == {stray.order_id: "orphan"}


def test_start_is_given_up_when_orphans_do_not_end(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 4.6: asked every five seconds for a minute, then their numbers are told and nothing is placed."""
    bench = make_bench()
    strays = [orphan(bench, "D01", "45.00"), orphan(bench, "D02", "44.00")]
    bench.broker.cancels.extend(["sent"] * 99)
    with pytest.raises(BrokerUnavailable) as failure:
        bench.begin()
    numbers = ", ".join(stray.order_id for stray in strays)
    assert str(failure.value) == f"The start is given up after 60 s: orphan orders don't end: {numbers}"
    assert bench.clock.mono == 1060.0
    assert bench.broker.cancelled.count(strays[0].order_id) == 13
    assert bench.broker.placed == []
