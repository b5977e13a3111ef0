"""Nothing is blind in silence: blank books, missing orders, unreadable books (behaviour 4.4)."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import BrokerUnavailable
from tg1.models import LevelState, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder

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
    assert blind.text.startswith(f"account trade {what} for {secs} s although 1 order of this bot works there: ")
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
    bench.cycle(59)
    assert keys(bench) == []
    bench.cycle()
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


def opened(make_bench: Callable[..., Bench], **changes: object) -> Bench:
    """The BUY at 49.00 filled: its target and the BUY at 48.00 work in "trade", its hedge in "downside_oco"."""
    bench = make_bench(**{"trade_type": "buyocots", "steps": 2, **changes}).begin()
    bench.cycle(2)
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    assert [len(bench.broker.working(account)) for account in ("trade", "downside_oco")] == [2, 1]
    return bench


@pytest.mark.parametrize(
    ("account", "works", "fault", "secs", "what"),
    [
        ("trade", 2, "broken_books", 30, "has had no readable order book"),
        ("downside_oco", 1, "broken_books", 30, "has had no readable order book"),
        ("trade", 2, "empty_books", 60, "shows an empty order book"),
        ("downside_oco", 1, "empty_books", 60, "shows an empty order book"),
    ],
)
def test_blindness_is_said_with_what_it_costs(
    make_bench: Callable[..., Bench], account: str, works: int, fault: str, secs: int, what: str
) -> None:
    """Behaviour 4.4: which account, for how long, how many orders of ours work there, and when it was over."""
    bench = opened(make_bench)
    getattr(bench.broker, fault).add(account)
    bench.cycle(secs - 1)
    assert keys(bench) == []
    bench.cycle()
    blind = bench.state.attention[0]
    whose = "1 order of this bot works" if works == 1 else f"{works} orders of this bot work"
    sentence = (
        f"account {account} {what} for {secs} s although {whose} there: their fills are not "
        "seen, and no entry or hedge is placed there; look at the broker's own screen"
    )
    assert (blind.key, blind.text) == (f"blind {account}", sentence)
    bench.cycle(5)
    assert bench.state.attention[0] == blind
    getattr(bench.broker, fault).clear()
    over = f"{bench.clock.wall:%H:%M:%S}"
    bench.cycle(2)
    end = f"the order book of account {account} is seen again"
    assert bench.state.attention[0].text == f"{sentence} (over at {over}: {end})"


def test_blank_account_that_holds_only_an_orphan_is_said_as_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 4.4: no level's order works there, but one of ours did, and the book shows it no more."""
    bench = opened(make_bench)
    (hedge,) = bench.broker.working("downside_oco")
    bench.broker.cancels.extend(["sent"] * 99)
    client_id = f"{hedge.request.client_id[:5]}AAAD01O0009"
    bench.broker.add("downside_oco", replace(hedge.request, trigger_price=Decimal("100.00"), client_id=client_id))
    bench.cycle()
    bench.trade(SBIN="118.50")
    bench.cycle()
    assert bench.level(DOWN).state is LevelState.OCO_FILLED
    bench.broker.empty_books.add("downside_oco")
    bench.cycle(59)
    assert keys(bench) == []
    bench.cycle()
    assert bench.state.attention[0].text.startswith(
        "account downside_oco shows an empty order book for 60 s although orders of this bot were accepted there: "
    )


def test_missing_order_is_said_by_its_names_and_so_is_its_end(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: a person finds it on the broker's screen by its number, and in the log by its client id."""
    bench = opened(make_bench)
    (hedge,) = bench.broker.working("downside_oco")
    bench.broker.add("downside_oco", replace(hedge.request, client_id="MANUAL"), foreign=True)
    bench.cycle()
    hedge.hidden_reads = 62
    bench.cycle(59)
    assert keys(bench) == []
    bench.cycle()
    name = f"oco order {hedge.order_id} ({hedge.request.client_id}, downside level 1)"
    sentence = (
        f"the {name} was accepted but has been missing from the book of account downside_oco for 60 s; its history is "
        "read instead"
    )
    assert [(item.key, item.text) for item in bench.state.attention] == [
        (f"missing {hedge.request.client_id}", sentence)
    ]
    assert bench.broker.histories == [hedge.order_id]
    bench.cycle(2)
    assert bench.state.attention[0].text == sentence
    over = f"{bench.clock.wall:%H:%M:%S}"
    bench.cycle()
    assert bench.state.attention[0].text == f"{sentence} (over at {over}: the {name} is settled or seen again)"
    assert bench.broker.histories == [hedge.order_id]


def hidden(bench: Bench, price: str) -> str:
    """The BUY at a price is left out of a book that shows other rows; its number."""
    order = bench.broker.working_at(Side.BUY, price)
    order.hidden_reads = 10_000
    return order.order_id


def test_order_that_is_seen_for_one_cycle_has_a_minute_of_its_own_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: sixty seconds without a sight of it, not sixty in all."""
    bench = opened(make_bench)
    order = bench.broker.orders[hidden(bench, "48.00")]
    bench.cycle(40)
    order.hidden_reads = 0
    bench.cycle()
    order.hidden_reads = 10_000
    bench.cycle(59)
    assert keys(bench) == []
    bench.cycle()
    assert keys(bench) == [f"missing {order.request.client_id}"]


def test_minute_of_a_missing_order_stands_still_while_its_book_can_not_be_read(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 4.4: forty seconds missing, twenty unread, and twenty missing make a minute."""
    bench = opened(make_bench)
    order_id = hidden(bench, "48.00")
    bench.cycle(40)
    bench.broker.broken_books.add("trade")
    bench.cycle(20)
    bench.broker.broken_books.clear()
    bench.cycle(19)
    assert bench.broker.histories == []
    bench.cycle()
    assert bench.broker.histories == [order_id]


def test_each_account_is_asked_for_one_history_and_again_after_a_minute(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, xts.md 5: a history takes the place of a book, so an account gives one of them a cycle."""
    bench = opened(make_bench)
    bench.broker.empty_books.update({"trade", "downside_oco"})
    working = [order.order_id for order in bench.broker.working()]
    bench.cycle(59)
    assert bench.broker.histories == []
    asked = []
    for _ in range(62):
        bench.broker.histories.clear()
        bench.cycle()
        asked.append(list(bench.broker.histories))
    entry, target, hedge = (next(each for each in working if _is(bench, each, what)) for what in "ETO")
    assert asked[:3] in ([[target, hedge], [entry], []], [[entry, hedge], [target], []])
    assert asked[3:60] == [[]] * 57
    assert asked[60:] == asked[:2]


def _is(bench: Bench, order_id: str, what: str) -> bool:
    return bench.broker.orders[order_id].request.client_id[11] == what


def test_machine_that_has_just_booted_asks_at_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4: seconds are counted from the boot, and nothing was asked for before it."""
    bench = make_bench(trade_type="buyts", steps=2)
    bench.clock.mono = 0.5
    bench.begin().cycle(3)
    order_id = hidden(bench, "48.00")
    bench.cycle(60)
    assert bench.broker.histories == [order_id]


def test_history_that_can_not_be_read_concludes_nothing_and_is_asked_for_again(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 4.4: neither a failed answer nor one without the order changes the level; a minute later it may."""
    bench = opened(make_bench)
    order_id = hidden(bench, "48.00")
    bench.broker.fill(order_id)
    know, answers = bench.broker.order_history, [BrokerUnavailable("502"), None]
    asked: list[tuple[str, str, float]] = []

    def stumbling(account: str, asked_id: str) -> BrokerOrder | None:
        asked.append((account, asked_id, bench.clock.mono))
        answer = answers.pop(0) if answers else know(account, asked_id)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(bench.broker, "order_history", stumbling)
    begun = bench.clock.mono
    bench.cycle(179)
    assert bench.level(DOWN, 2).state is LevelState.ENTRY_PLACED
    bench.cycle()
    assert bench.level(DOWN, 2).state is LevelState.TARGET_PLACED
    assert asked == [("trade", order_id, begun + secs) for secs in (59, 119, 179)]
    assert bench.state.downside_net_quantity == 200


def test_order_that_its_history_calls_ended_is_remembered_in_its_account(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, failures.md V.47: a fill of it that shows up later is known by account and client id."""
    bench = opened(make_bench)
    order = bench.broker.orders[hidden(bench, "48.00")]
    bench.broker.end(order.order_id, OrderStatus.REJECTED, "expired")
    bench.cycle(60)
    assert [(one.client_id, one.account) for one in bench.state.settled] == [(order.request.client_id, "trade")]


def test_blindness_of_the_upper_half_is_that_of_its_own_account(make_bench: Callable[..., Bench]) -> None:
    """Architecture 10, behaviour 4.4: a hedge of a SELL entry works in the upside's account."""
    bench = make_bench(steps=1).begin()
    bench.cycle(2)
    bench.trade(IRFC="51.00")
    bench.cycle(2)
    assert bench.broker.working("upside_oco")
    bench.broker.broken_books.add("upside_oco")
    bench.cycle(30)
    assert keys(bench) == ["blind upside_oco"]
