"""What the books bring into the state: doubts, late averages, blind accounts, what is remembered (behaviour 3 to 7)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.states import an_execution, an_order
from tg1.models import OrderStatus, Role, SettledOrder, Side, TradeSide
from tg1.rules.client_ids import bot_tag
from tg1.rules.reconcile import Reading, Resolution
from tg1.trading.book import Book
from tg1.trading.bookkeeper import News

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
NO_AVERAGE: dict[str, object] = {"average_price": None}


def opened(make_bench: Callable[..., Bench]) -> Bench:
    """The BUY at 49.00 filled: its target at 49.50 and its hedge at 118.50 work."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    return bench


def test_order_that_was_seen_has_to_be_absent_all_over(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: a row whose number can't be read proves arrival; three reads over five seconds begin anew."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle()
    bench.broker.answers.append("unknown-accepted")
    bench.broker.hide_new_for_reads = 2
    bench.cycle(3)
    doubted = list(bench.broker.orders.values())[-1]
    doubted.shown = {"order_id": ""}
    bench.cycle()
    doubted.shown, doubted.hidden_reads = {}, 6
    bench.cycle(5)
    assert len(bench.broker.placed) == 2
    bench.cycle()
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize(
    ("role", "value", "pnl"),
    [
        pytest.param(Role.ENTRY, "1950.00", "0", id="entry"),
        pytest.param(Role.TARGET, "1990.00", "30.00", id="target"),
        pytest.param(Role.OCO, "4736.00", "0", id="hedge"),
    ],
)
def test_average_that_comes_after_its_fill_corrects_the_value(
    make_bench: Callable[..., Bench], role: Role, value: str, pnl: str
) -> None:
    """Behaviour 5.1, 15: 40 filled at the order's own price until the book tells theirs; money follows the book."""
    bench = opened(make_bench) if role is not Role.ENTRY else make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    (order,) = [each for each in bench.broker.working() if each.request.client_id[11] == role[0].upper()]
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 40, {Role.ENTRY: "48.75", Role.TARGET: "49.75", Role.OCO: "118.40"}[role])
    bench.cycle()
    level = bench.level(DOWN)
    traded = {Role.ENTRY: level.entry_traded, Role.TARGET: level.target_traded, Role.OCO: level.oco_traded}[role]
    assert (traded.quantity, traded.value) == (40, 40 * order.request.limit_price)
    order.shown = {}
    bench.cycle()
    level = bench.level(DOWN)
    traded = {Role.ENTRY: level.entry_traded, Role.TARGET: level.target_traded, Role.OCO: level.oco_traded}[role]
    assert (traded.quantity, traded.value) == (40, Decimal(value))
    assert bench.state.total_pnl == Decimal(pnl)


def test_part_that_fills_without_an_average_is_seen(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.1, 8.1: it counts and clears the leg's rejections, though the book tells no price yet."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("refused")
    bench.cycle(3)
    assert bench.level(DOWN).backoff.rejections == 1
    order = bench.broker.working_at(Side.BUY, "49.00")
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 40)
    bench.cycle()
    assert bench.state.downside_net_quantity == 40
    assert bench.level(DOWN).backoff.rejections == 0


@pytest.mark.parametrize(("side", "unread"), [(DOWN, "downside_oco"), (UP, "upside_oco")])
def test_one_unread_hedge_account_of_two_ends_no_bot(
    make_bench: Callable[..., Bench], side: TradeSide, unread: str
) -> None:
    """Behaviour 4.4, 7.4: hedges that may have filled unseen are no reason to terminate, whatever the others show."""
    bench = make_bench(steps=1, oco_stop_count=1).begin()
    bench.cycle()
    for order in bench.broker.working():
        bench.broker.fill(order.order_id)
    bench.cycle()
    bench.broker.broken_books.add(unread)
    bench.feed.prices["SBIN"] = Decimal("117.00") if side is DOWN else Decimal("124.00")
    assert bench.cycle(40) is None
    bench.broker.broken_books.clear()
    assert bench.cycle(15) is None
    assert bench.cycle() == 3


def test_hedge_account_in_which_nothing_works_needs_no_book(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a hedge that is rejected again and again counts, though its account is not read meanwhile."""
    bench = make_bench(steps=1, oco_stop_count=1).begin()
    bench.cycle()
    for order in bench.broker.working():
        bench.broker.fill(order.order_id)
    bench.cycle()
    bench.broker.end(bench.broker.working("downside_oco")[0].order_id, OrderStatus.REJECTED, "Margin Exceeds")
    bench.broker.answers.extend(["refused"] * 100)
    bench.feed.prices["SBIN"] = Decimal("117.00")
    assert bench.cycle(15) is None
    assert bench.cycle() == 3


@pytest.mark.parametrize(
    ("resolution", "filled", "is_fill"),
    [
        (Resolution.FILLED, 50, True),
        (Resolution.CANCELLED, 1, True),
        (Resolution.CANCELLED, 0, False),
        (Resolution.WAIT, 20, False),
        (Resolution.WAIT, 0, False),
    ],
)
def test_fill_is_an_order_that_has_ended_and_has_filled(resolution: Resolution, filled: int, is_fill: bool) -> None:  # noqa: FBT001
    """Behaviour 5.2, 7.4: a part that still works ends nothing, and an end without a share is no fill."""
    reading = Reading(resolution=resolution, order=an_order(filled_quantity=filled))
    assert News(uuid="level0001", account="downside_oco", reading=reading).is_fill is is_fill


def test_five_hundred_settled_orders_are_remembered(make_bench: Callable[..., Bench]) -> None:
    """Failures.md V.47: enough to know a late fill by; the oldest goes, so that the file does not grow for ever."""
    bench = make_bench().begin()
    for number in range(501):
        bench.engine._keeper.settle(an_order(f"ORDER{number:03}"), "trade")
    kept = [order.client_id for order in bench.state.settled]
    assert len(kept) == 500
    assert (kept[0], kept[-1]) == ("ORDER001", "ORDER500")


# -- reading -----------------------------------------------------------------------------------------------------------


def test_lost_book_and_its_return_are_said_once_by_account(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 4.4: an hour of it is two lines; the other account's lines are its own."""
    bench = opened(make_bench)
    with caplog.at_level(logging.INFO):
        bench.broker.broken_books.add("trade")
        bench.cycle(3)
        bench.broker.broken_books.add("downside_oco")
        bench.cycle(3)
        bench.broker.broken_books.clear()
        bench.cycle(3)
        bench.broker.broken_books.add("trade")
        bench.cycle()
    lines = [each.getMessage() for each in caplog.records if "order book" in each.getMessage()]
    lost = "could not be read, nothing is concluded: 502"
    assert lines == [
        f"The order book of account trade {lost}",
        f"The order book of account downside_oco {lost}",
        "The order book of account trade is readable again",
        "The order book of account downside_oco is readable again",
        f"The order book of account trade {lost}",
    ]


def test_order_that_never_arrived_on_an_empty_account_is_said(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: which order, where, and that a person is to make sure; a fill that comes late is remembered by."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-lost")
    bench.cycle(32)
    client_id = bench.broker.placed[0].client_id
    (item,) = bench.state.attention
    assert item.key == f"empty-book {client_id}"
    assert item.text == (
        f"an order of 100 IRFC ({client_id}, downside level 1) got no answer, and account trade has shown an empty "
        "book since: it is taken for never arrived; make sure on the broker's own screen"
    )
    assert item.at == "2026-11-23T09:20:31+05:30"
    assert bench.state.settled == [SettledOrder(client_id=client_id, account="trade", booked_quantity=0)]


def test_order_that_a_book_with_rows_does_not_hold_is_said_to_nobody(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3: three reads of a book with rows are proof enough."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.broker.answers.extend(["ok", "unknown-lost"])
    bench.cycle(9)
    assert (bench.state.attention, len(bench.broker.placed)) == ([], 3)


def test_rejections_are_forgiven_to_an_order_that_rests(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.1: nothing new in its row, but a minute at work is a success."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("refused")
    bench.cycle(3)
    assert (bench.level(DOWN).backoff.rejections, len(bench.broker.working())) == (1, 1)
    bench.cycle(70)
    assert bench.level(DOWN).backoff.rejections == 0


def test_order_that_works_ends_the_trouble_of_its_account(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.3: rejections of three levels are the account's; the entry that then rests there ends it."""
    bench = make_bench(steps=2).begin()
    bench.broker.answers.extend(["refused"] * 6)
    bench.cycle(3)
    troubles = bench.engine._keeper.blame.troubles
    assert troubles.is_troubled("trade")
    bench.broker.answers.clear()
    bench.cycle(90)
    assert not troubles.is_troubled("trade")


def halted(bench: Bench) -> Bench:
    """All entries are rejected until three levels have shown that it is the account; then the halt ends."""
    bench.broker.answers.extend(["refused"] * 6)
    bench.cycle(3)
    bench.broker.answers.clear()
    return bench


def test_halt_that_is_over_waits_for_nobody(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.3, 15: the sentence stays to be read with its end; the next halt of the day is told again."""
    bench = halted(make_bench(steps=2).begin())
    [told] = bench.state.attention
    assert (told.key.startswith("account trade "), told.is_over) == (True, False)
    bench.cycle(90)
    [told] = bench.state.attention
    assert told.is_over
    assert "orders of account trade are accepted again" in told.text
    for order in bench.broker.working():
        bench.broker.end(order.order_id, OrderStatus.REJECTED, "said no")
    halted(bench)
    assert [item.is_over for item in bench.state.attention if item.key == told.key] == [False]


def test_end_of_what_nobody_was_told_is_told_to_nobody(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 15: an end is said once, and only of what waits for a person."""
    bench = make_bench(steps=2).begin()
    keeper, moment = bench.engine._keeper, bench.engine._parts.moment()
    keeper.end_attention("rejected a oco", "it is accepted", moment)
    keeper.call_attention("rejected a oco", "look", moment)
    keeper.end_attention("rejected a oco", "it is accepted", moment)
    keeper.end_attention("rejected a oco", "it is accepted", moment)
    [told] = bench.state.attention
    assert told.text.count("(over at ") == 1
    assert caplog.messages.count("Over: it is accepted") == 1


def test_halt_that_a_process_took_with_it_waits_for_nobody(make_bench: Callable[..., Bench]) -> None:
    """The back-off lived in the process; a trouble that goes on is told by the new one."""
    bench = halted(make_bench(steps=2).begin()).begin()
    assert [item.is_over for item in bench.state.attention] == [True]


def test_orders_that_ended_before_the_start_are_no_trouble_of_their_account(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 8.3: an emergency stop that could save nothing cancels many at once, and so may a person."""
    bench = make_bench(steps=4).begin()
    bench.cycle(5)
    for order in bench.broker.working():
        bench.broker.end(order.order_id, OrderStatus.CANCELLED, "")
    bench.begin()
    assert bench.state.attention == []
    assert {level.backoff.rejections for level in bench.state.levels.values()} == {1}
    bench.cycle(5)
    assert len(bench.broker.working()) == 8


def test_trip_that_waited_for_a_hedge_that_never_arrived_is_written_down(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 9.4: priced and dated by the moment that proves it, and its charges are known."""
    bench = make_bench(trade_type="buyocots", steps=1).begin()
    bench.cycle()
    bench.broker.answers.extend(["ok", "unknown-lost"])
    bench.trade(IRFC="49.00")
    bench.cycle()
    bench.trade(IRFC="49.50")
    bench.cycle(32)
    (record,) = bench.state.order_history
    assert (record.outcome, record.realised_pnl, record.open_pnl) == ("target", 50, 0)
    assert record.completed_at == "2026-11-23T09:20:32+05:30"
    assert record.charges is not None
    assert bench.state.downside_net_quantity == 0


def test_order_that_a_book_leaves_out_changes_nothing(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: it was seen at work before; absent is unknown."""
    bench = make_bench(trade_type="buyts", steps=2).begin()
    bench.cycle(3)
    before = dict(bench.state.levels)
    bench.broker.working_at(Side.BUY, "49.00").hidden_reads = 10
    bench.cycle(10)
    assert bench.state.levels == before


def news_of_the_book(bench: Bench, role: Role) -> list[News]:
    """What the Trade account's book tells of the orders of a role now."""
    keeper = bench.engine._keeper
    moment = bench.engine._parts.moment()
    return keeper.news(keeper.read(["trade"], since=moment.monotonic), role, bench.engine._parts.rules, moment)


def test_quiet_book_brings_no_news(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.5, 5.1: neither an order at rest nor a part whose average is still awaited is told twice."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    assert news_of_the_book(bench, Role.ENTRY) == []
    order = bench.broker.working()[0]
    order.shown = {"average_price": Decimal("49.00")}
    assert news_of_the_book(bench, Role.ENTRY) == [], "an average of nothing"
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 40)
    bench.cycle()
    assert news_of_the_book(bench, Role.ENTRY) == []
    order.shown = {}
    (news,) = news_of_the_book(bench, Role.ENTRY)
    assert (news.uuid, news.account, news.is_fill) == (bench.level(DOWN).uuid, "trade", False)


def test_average_of_a_single_share_comes_late_as_well(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 5.1: one share of a hundred filled at 48.80 for an order at 49.00."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    order = bench.broker.working()[0]
    order.shown = NO_AVERAGE
    bench.broker.fill(order.order_id, 1, "48.80")
    bench.cycle()
    assert bench.state.downside_net_quantity == 1
    order.shown = {}
    bench.cycle()
    assert bench.level(DOWN).entry_traded.value == Decimal("48.80")


def test_row_from_wherever_is_news_when_it_tells_something_new(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: an order's own history counts as its row in the book would."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    level, row = bench.level(DOWN), bench.broker.working()[0]
    assert level.order is not None
    keeper = bench.engine._keeper
    assert keeper.news_of(level, level.order, row.row(), "trade") is None
    bench.broker.fill(row.order_id, 30)
    news = keeper.news_of(level, level.order, row.row(), "trade")
    assert news is not None
    assert (news.uuid, news.account) == (level.uuid, "trade")
    assert (news.reading.resolution, news.reading.new_quantity, news.reading.new_value) == (
        Resolution.WAIT,
        30,
        Decimal(1470),
    )


def test_only_an_order_in_doubt_is_found_in_a_book(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 3.3: the line that says so is for the order that nobody knew of."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-accepted")
    with caplog.at_level(logging.INFO):
        bench.cycle(2)
        assert caplog.text.count("found in the book") == 1
        bench.trade(IRFC="49.00")
        bench.cycle(2)
        assert caplog.text.count("found in the book") == 1


def test_book_is_asked_for_as_of_the_moment_that_is_given(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 11.3: another bot's snapshot will do when it was begun after it."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    asked: list[tuple[str, float | None]] = []

    def order_book(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        asked.append((account, since))
        return ()

    bench.broker.order_book = order_book  # type: ignore[method-assign]
    bench.engine._keeper.read(["trade", "downside_oco"], since=7.5)
    assert asked == [("trade", 7.5), ("downside_oco", 7.5)]


def test_entry_that_filled_while_the_bot_was_down_takes_the_next_number(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: its hedge is older than that of every later entry."""
    bench = make_bench(trade_type="buyocots", steps=2).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.begin()
    assert (bench.level(DOWN).opened_seq, bench.state.next_opened_seq) == (1, 2)


def test_no_account_is_blank_before_a_book_was_read(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a start begins without a judgement."""
    assert make_bench().engine._keeper.blank == set()


# -- blank and unseen books --------------------------------------------------------------------------------------------


def empty(*accounts: str) -> dict[str, Book]:
    """Books of these accounts without any row."""
    return {account: Book(account, (), bot_tag("IRFC-SBIN Grid")) for account in accounts}


def blank_of(bench: Bench, *accounts: str, days: int = 0) -> tuple[set[str], set[str]]:
    """Which of these empty books are blank, and which are left to read, so many days from now."""
    books = empty(*accounts)
    moment = bench.engine._parts.moment()
    bench.engine._keeper.drop_blank(books, replace(moment, now=moment.now + timedelta(days=days)))
    return bench.engine._keeper.blank, set(books)


def test_empty_book_is_blank_where_an_accepted_order_must_stand(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: by account and role; yesterday's orders stand in no book of today."""
    bench = make_bench().begin()
    bench.cycle()
    accounts = ("trade", "upside_oco", "downside_oco")
    assert blank_of(bench, *accounts) == ({"trade"}, {"upside_oco", "downside_oco"})
    assert blank_of(bench, *accounts, days=1) == (set(), set(accounts))
    assert blank_of(bench, "downside_oco") == (set(), {"downside_oco"})


def test_order_in_doubt_makes_no_empty_book_blank(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 4.4: nobody knows whether it must stand there."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.broker.answers.append("unknown-lost")
    bench.cycle()
    assert blank_of(bench, "trade") == (set(), {"trade"})


def test_hedge_makes_its_own_account_blank_and_no_other(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: the upside's account has never had an order of ours."""
    bench = opened(make_bench)
    assert blank_of(bench, "downside_oco", "upside_oco") == ({"downside_oco"}, {"upside_oco"})
    bench = make_bench(trade_type="sellocots", steps=1, bot_name="Upper").begin()
    bench.cycle()
    bench.trade(IRFC="51.00")
    bench.cycle()
    assert blank_of(bench, "downside_oco", "upside_oco") == ({"upside_oco"}, {"downside_oco"})


def test_account_that_has_shown_an_order_today_can_not_be_empty_today(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, xts.md 2.6: a day's book loses no row, whatever became of its order; the next day's is new."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    level = bench.level(DOWN)
    bench.state.levels[level.uuid] = replace(level, order=None)
    assert blank_of(bench, "trade", "downside_oco") == ({"trade"}, {"downside_oco"})
    bench.state.trading_day += timedelta(days=1)
    assert blank_of(bench, "trade", days=1) == (set(), {"trade"})


def test_account_in_which_an_order_was_executed_today_can_not_be_empty(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a start knows it from the state, though its process has seen no book yet."""
    bench = make_bench().begin()
    today = bench.state.trading_day
    bench.state.executed = [
        an_execution(day=today, account="downside_oco"),
        an_execution(day=today - timedelta(days=1), account="trade"),
    ]
    assert blank_of(bench, "trade", "downside_oco") == ({"downside_oco"}, {"trade"})


def test_blank_account_that_can_not_be_read_next_is_still_blank(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: nothing is placed there before it has shown something, though no order of ours is known there."""
    bench = opened(make_bench)
    bench.cycle()
    assert blank_of(bench, "downside_oco") == ({"downside_oco"}, set())
    assert blank_of(bench) == ({"downside_oco"}, set())
    assert "downside_oco" in bench.engine._parts.accounts_in_use()
    bench.cycle()
    assert bench.engine._keeper.blank == set()


def test_book_with_a_row_is_never_blank(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: one row of somebody else's, and our order is missing from it, which is another matter."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    order = bench.broker.working()[0]
    row = replace(order.row(), client_id="MANUAL", order_id="9")
    books = {"trade": Book("trade", (row,), bot_tag("IRFC-SBIN Grid"))}
    bench.engine._keeper.drop_blank(books, bench.engine._parts.moment())
    assert (bench.engine._keeper.blank, set(books)) == (set(), {"trade"})


def test_half_is_unseen_when_the_account_of_its_working_order_is_unread(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, 7.4: by role and half; where nothing of that role works no book is needed."""
    bench = opened(make_bench)
    keeper = bench.engine._keeper
    assert keeper.is_unseen(empty("trade"), Role.OCO, DOWN)
    assert not keeper.is_unseen(empty("trade", "downside_oco"), Role.OCO, DOWN)
    assert not keeper.is_unseen(empty("trade"), Role.OCO, UP)
    assert keeper.is_unseen({}, Role.TARGET, DOWN)
    assert not keeper.is_unseen({}, Role.ENTRY, DOWN)


# -- what a change brings into the state -------------------------------------------------------------------------------


def test_hedged_trip_is_written_down_with_what_each_order_executed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.4, 15: by account; its orders are only counted once it is recorded, and the next has number 2."""
    bench = make_bench(steps=2).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle()
    (entry,) = bench.state.executed
    uuid = bench.level(DOWN).uuid
    assert (entry.account, entry.symbol, entry.side, entry.quantity, entry.value, entry.trip) == (
        "trade",
        "IRFC",
        Side.BUY,
        100,
        4900,
        uuid,
    )
    bench.trade(SBIN="118.50")
    bench.cycle(2)
    assert [(one.account, one.symbol, one.quantity, one.trip) for one in bench.state.executed] == [
        ("trade", "IRFC", 100, ""),
        ("downside_oco", "SBIN", 50, ""),
    ]
    (record,) = bench.state.order_history
    assert (record.seq, record.uuid, record.outcome) == (1, uuid, "oco")
    assert record.open_pnl == 0, "bought at 49.00 and sold at 118.50, where both stand"
    assert record.charges is not None
    assert record.charges.stt == Decimal("0.00025") * 5925
    assert bench.state.next_record_seq == 2
    assert (bench.state.downside_oco_net_count, bench.state.upside_oco_net_count) == (1, 0)
    bench.trade(IRFC="51.00")
    bench.cycle()
    bench.trade(IRFC="50.50")
    bench.cycle(2)
    assert [each.seq for each in bench.state.order_history] == [1, 2]
    assert bench.state.next_record_seq == 3


def test_hedges_of_the_upper_half_are_counted_there(make_bench: Callable[..., Bench]) -> None:
    """Architecture 13, behaviour 7.3: the imbalance is between the halves."""
    bench = make_bench(trade_type="sellocots", steps=3).begin()
    bench.cycle(3)
    bench.trade(IRFC="52.00")
    bench.cycle(2)
    assert (bench.state.upside_net_quantity, bench.state.downside_net_quantity) == (200, 0)
    for count in (1, 2):
        bench.trade(SBIN="122.50")
        bench.cycle(2)
        assert (bench.state.downside_oco_net_count, bench.state.upside_oco_net_count) == (0, count)
    assert {one.account for one in bench.state.executed} == {"trade", "upside_oco"}


def test_hedges_are_numbered_in_the_order_of_their_entries(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3: of equal hedges the older wins, so each entry takes the next number, once."""
    bench = make_bench(trade_type="buyocots", steps=3).begin()
    bench.cycle(3)
    bench.trade(IRFC="48.00")
    bench.cycle(2)
    assert [bench.level(DOWN, number).opened_seq for number in (1, 2)] == [1, 2]
    assert bench.state.next_opened_seq == 3


def test_prices_of_a_fill_are_kept_with_their_time(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: a report without a feed is priced by them; a symbol whose price is stale keeps its older one."""
    bench = make_bench(trade_type="buyocots", steps=2).begin()
    bench.cycle(2)
    bench.state.last_prices.clear()
    bench.trade(IRFC="49.00")
    bench.cycle()
    first = bench.clock.wall - timedelta(seconds=1)
    assert {(one.symbol, one.price, one.at) for one in bench.state.last_prices} == {
        ("IRFC", Decimal("49.00"), first),
        ("SBIN", Decimal("120.50"), first),
    }
    bench.feed.stale.add("SBIN")
    bench.trade(IRFC="48.00")
    bench.cycle()
    assert {(one.symbol, one.price, one.at) for one in bench.state.last_prices} == {
        ("IRFC", Decimal("48.00"), first + timedelta(seconds=1)),
        ("SBIN", Decimal("120.50"), first),
    }


def test_level_that_begins_a_new_trip_keeps_its_place_in_the_grid(make_bench: Callable[..., Bench]) -> None:
    """Architecture 6, 17: a new uuid between its neighbours, which are the same as before."""
    bench = make_bench(trade_type="buyts", steps=3).begin()
    bench.cycle(3)
    before = list(bench.state.levels)
    bench.trade(IRFC="48.00")
    bench.cycle()
    bench.broker.fill(bench.broker.working_at(Side.SELL, "48.50").order_id)
    bench.cycle()
    after = list(bench.state.levels)
    assert [level.level for level in bench.state.levels.values()] == [1, 2, 3]
    assert [key for key, level in bench.state.levels.items() if key != level.uuid] == []
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] != before[1]


def test_max_quantity_is_said_when_it_is_reached_and_when_it_is_over(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Architecture 12: once each, however many cycles it lasts."""
    bench = make_bench().begin()
    keeper = bench.engine._keeper
    begins, ends = "MAX QUANTITY REACHED — pausing new entries", "Below max quantity again: new entries resume"
    for reached, said in ((False, []), (True, [begins]), (True, []), (False, [ends]), (False, [])):
        caplog.clear()
        with caplog.at_level(logging.INFO):
            keeper.pause_entries(reached=reached)
        assert bench.state.max_quantity_reached is reached
        assert caplog.messages == said


def test_target_that_fills_whole_ends_the_pause_of_max_quantity(make_bench: Callable[..., Bench]) -> None:
    """Architecture 9: a part of it that still works ends nothing."""
    bench = make_bench(trade_type="buyts", steps=1).begin()
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle()
    keeper, rules, moment = bench.engine._keeper, bench.engine._parts.rules, bench.engine._parts.moment()
    keeper.pause_entries(reached=True)
    target = bench.broker.working_at(Side.SELL, "49.50")
    for shares, is_paused in ((40, True), (60, False)):
        bench.broker.fill(target.order_id, shares)
        for news in keeper.news(keeper.read(["trade"], since=0.0), Role.TARGET, rules, moment):
            keeper.take(news, rules, moment)
        assert bench.state.max_quantity_reached is is_paused


# -- attention ---------------------------------------------------------------------------------------------------------


def test_attention_is_kept_once_renewed_and_ended_by_its_key(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 6.5, 8: a second report of a thing changes nothing, a renewed one takes its place, an end is added."""
    bench = make_bench().begin()
    keeper, moment = bench.engine._keeper, bench.engine._parts.moment()
    later = replace(moment, now=moment.now + timedelta(minutes=5))
    keeper.call_attention("one", "the first", moment)
    keeper.call_attention("two", "the second", moment)
    keeper.call_attention("one", "not said", later)
    at, then = "2026-11-23T09:20:00+05:30", "2026-11-23T09:25:00+05:30"
    said = [("one", "the first", at), ("two", "the second", at)]
    assert [(item.key, item.text, item.at) for item in bench.state.attention] == said
    keeper.renew_attention("one", "again", later)
    said = [("two", "the second", at), ("one", "again", then)]
    assert [(item.key, item.text, item.at) for item in bench.state.attention] == said
    keeper.end_attention("two", "all is well", later)
    said = [("two", "the second (over at 09:25:00: all is well)", at), ("one", "again", then)]
    assert [(item.key, item.text, item.at) for item in bench.state.attention] == said
    assert "not said" not in caplog.text
