"""Nothing is blind in silence: blank books, missing orders, unreadable books (behaviour 4.4)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tg1.models import LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN = TradeSide.DOWNSIDE


def keys(bench: Bench) -> list[str]:
    """What needs the operator, by key."""
    return [item.key for item in bench.state.attention]


def test_no_order_is_placed_onto_a_blank_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a server that answers "success" with nothing had eight more entries put onto it once."""
    bench = make_bench(steps=5).begin()
    bench.cycle(2)
    placed = len(bench.broker.placed)
    bench.broker.empty_books.add("trade")
    bench.cycle(90)
    assert len(bench.broker.placed) == placed
    bench.broker.empty_books.clear()
    bench.cycle(3)
    assert len(bench.broker.placed) > placed


def test_book_that_is_blank_again_after_every_level_was_reset_is_still_blank(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a day's book loses no row, so an empty one is blank although no order of ours works any more."""
    bench = make_bench(trade_type="buyts", steps=2, max_open_entries=1).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    placed = len(bench.broker.placed)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.broker.empty_books.add("trade")
    bench.cycle(20)
    assert len(bench.broker.placed) == placed


def test_account_that_was_blank_when_its_last_order_ended_is_read_on(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: with nothing of ours working no book was read, and the next entry went onto the blank one."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.broker.empty_books.add("trade")
    bench.cycle(70)
    assert bench.level(DOWN).state is LevelState.FRESH, "the history told of the fill"
    placed = len(bench.broker.placed)
    bench.cycle(30)
    assert len(bench.broker.placed) == placed
    blind = bench.state.attention[0]
    assert (blind.key, blind.is_over) == ("blind trade", False), "nothing is placed there, so it is not over"
    bench.broker.empty_books.clear()
    bench.cycle(2)
    assert len(bench.broker.placed) == placed + 1
    assert bench.state.attention[0].is_over


@pytest.mark.parametrize(
    ("fault", "secs", "what"),
    [
        pytest.param("empty_books", 60, "shows an empty order book", id="blank"),
        pytest.param("broken_books", 30, "has had no readable order book", id="unread"),
    ],
)
def test_account_that_can_not_tell_what_became_of_an_order_in_doubt_is_said(
    make_bench: Callable[..., Bench], fault: str, secs: int, what: str
) -> None:
    """Behaviour 3.3, 4.4: nobody knows whether it works there, its level waits, and nothing else was said of it."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.end(bench.broker.working()[0].order_id, OrderStatus.REJECTED, "by hand")
    bench.broker.answers.append("unknown-accepted")
    while len(bench.broker.placed) < 2:
        bench.cycle()
    getattr(bench.broker, fault).add("trade")
    bench.cycle(secs - 1)
    assert keys(bench) == []
    bench.cycle()
    (blind,) = bench.state.attention
    assert blind.text.startswith(f"account trade {what} for {secs} s although 1 orders of this bot work there: ")
    getattr(bench.broker, fault).clear()
    bench.cycle(2)
    assert bench.state.attention[0].is_over
    assert bench.level(DOWN).entry_order_id == bench.broker.working()[0].order_id


def test_blank_book_is_brought_to_attention_after_a_minute_and_its_end_is_said(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 4.4: an hour of an empty book went by without one warning."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.empty_books.add("trade")
    bench.cycle(59)
    assert keys(bench) == []
    bench.cycle(3)
    assert set(keys(bench)) == {"blind trade", f"missing {bench.broker.placed[0].client_id}"}
    bench.broker.empty_books.clear()
    with caplog.at_level(logging.WARNING):
        bench.cycle(2)
    assert all("(over at " in item.text for item in bench.state.attention)
    assert sum(record.getMessage().startswith("Over: ") for record in caplog.records) == 2


def test_fill_behind_a_blank_book_is_found_in_the_orders_history(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: after a minute the order's own history is read, and may settle it."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.broker.empty_books.add("trade")
    bench.cycle(55)
    assert bench.state.downside_net_quantity == 0
    bench.cycle(8)
    assert bench.state.downside_net_quantity == 100
    assert bench.level(DOWN).state is LevelState.TARGET_PLACED, "targets protect what is open, so they go out blind"


def test_one_order_that_a_full_book_leaves_out_is_looked_up_and_said(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: one accepted order was missing from a full book for five hours, and nothing was said."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(3)
    lost = bench.broker.working_at(Side.BUY, "48.00")
    lost.hidden_reads = 10_000
    bench.cycle(58)
    assert keys(bench) == []
    bench.broker.fill(lost.order_id)
    bench.cycle(5)
    assert keys(bench) == [f"missing {lost.request.client_id}"]
    assert bench.level(DOWN, 2).state is LevelState.TARGET_PLACED


def test_order_is_missed_though_the_first_book_of_a_start_was_unreadable(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: what passes unread is not counted, but a machine's uptime has not passed unread."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(3)
    bench.clock.mono = 100_000.0
    bench.begin()
    bench.broker.broken_books.add("trade")
    bench.cycle()
    bench.broker.broken_books.clear()
    lost = bench.broker.working_at(Side.BUY, "48.00")
    lost.hidden_reads = 10_000
    bench.cycle(65)
    assert keys(bench) == [f"missing {lost.request.client_id}"]


def test_histories_are_asked_one_at_a_time_and_once_a_minute(make_bench: Callable[..., Bench]) -> None:
    """Xts.md 5: a history counts against the book's own limit of one a second."""
    bench = make_bench(trade_type="buyts", steps=4).begin()
    bench.cycle(6)
    bench.broker.empty_books.add("trade")
    for _ in range(150):
        before = len(bench.broker.histories)
        bench.cycle()
        assert len(bench.broker.histories) - before <= 1
    assert len(bench.broker.histories) == 8, "four orders, each after 60 s and after 120 s"


def test_account_without_a_readable_book_is_brought_to_attention_after_half_a_minute(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 4.4: 30 s unread while something of ours works there."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.broken_books.add("trade")
    bench.cycle(29)
    assert keys(bench) == []
    bench.cycle(3)
    assert keys(bench) == ["blind trade"]
    bench.broker.broken_books.clear()
    bench.cycle(2)
    bench.broker.broken_books.add("trade")
    bench.cycle(32)
    assert keys(bench) == ["blind trade"]
    assert "(over at " not in bench.state.attention[0].text, "the second time is said anew"


def test_time_without_any_readable_book_is_not_held_against_an_order(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a book that can't be read leaves no order out."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    bench.broker.broken_books.add("trade")
    bench.cycle(200)
    bench.broker.broken_books.clear()
    bench.cycle(2)
    assert bench.broker.histories == []
    assert [key.split()[0] for key in keys(bench)] == ["blind"]


@pytest.mark.parametrize("fault", ["empty_books", "broken_books"])
def test_hedges_are_not_placed_on_an_account_that_can_not_be_seen(make_bench: Callable[..., Bench], fault: str) -> None:
    """Behaviour 4.4: no hedge goes onto a blank book either; the first hedge went out, the second waits."""
    bench = make_bench(trade_type="buyocots", steps=2).begin()
    bench.cycle(3)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    getattr(bench.broker, fault).add("downside_oco")
    bench.feed.prices["SBIN"] = bench.feed.prices["SBIN"] + 3
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(20)
    assert len(bench.broker.working("downside_oco")) == 1
    assert bench.level(DOWN, 2).state is LevelState.TARGET_PLACED
