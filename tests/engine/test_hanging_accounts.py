"""One account hangs, or the disk is full, while TokenB passes the hedges of another (behaviour 7.4, 11.6, 9.2)."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.engine.test_days_and_disk import full_disk
from tests.support.simdisk import SimDisk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder


def test_naked_level_is_said_and_shown_while_the_disk_is_full(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 7.4, 9.2: the alarm stands in the log and on the screen, and on the disk as soon as there is room."""
    bench = make_bench(trade_type="buyocots", steps=1, oco_stop_count=9)
    bench.fs = SimDisk()
    bench.begin()
    bench.broker.matching = True
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.fs.before_op = full_disk
    bench.trade(SBIN="118.60")
    bench.cycle()
    bench.trade(SBIN="116.00")
    with caplog.at_level(logging.WARNING):
        bench.cycle(5)
    sentence = "SBIN has been at or beyond 116.60 for 3 s and the hedge has not filled (it waits for a place)"
    assert sentence in caplog.text
    assert [sentence in text for text in bench.engine.view().attention] == [True]
    bench.fs.before_op = lambda _op, _path: None
    bench.cycle()
    saved = bench.store.load()
    assert saved is not None
    assert sentence in saved.attention[0].text


def test_account_that_hangs_is_asked_after_those_that_answered(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 11.6: what the others show does not wait for it."""
    bench = hedged(make_bench)
    bench.broker.broken_books = {"trade"}
    asked = books_asked(bench)
    bench.cycle(2)
    assert asked == ["trade", "downside_oco", "downside_oco", "trade"]


def test_account_that_hangs_is_not_asked_while_a_passed_hedge_is_neither_filled_nor_alarmed(
    make_bench: Callable[..., Bench],
) -> None:
    """Behaviour 11.6: a hang of seven seconds would delay the alarm; afterwards it is asked again."""
    bench = hedged(make_bench)
    bench.broker.broken_books = {"trade"}
    bench.trade(SBIN="116.00")
    bench.cycle()
    asked = books_asked(bench)
    bench.cycle(3)
    assert asked == ["downside_oco"] * 3
    assert bench.state.attention
    bench.cycle()
    assert asked[3:] == ["downside_oco", "trade"]


def kept_waiting(bench: Bench, secs: float, ago: str) -> list[str]:
    """What needs the operator at a look so many seconds after the last one, TokenB having fallen so long `ago`."""
    bench.clock.advance(secs - 1.0)
    bench.trade(SBIN="116.00")
    bench.feed.steps["SBIN"] = ((60.0, Decimal("120.50")), (float(ago), Decimal("116.00")))
    bench.cycle()
    return [item.text for item in bench.state.attention]


def test_alarm_comes_with_the_first_look_after_a_wait(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: the feed heard the price while the bot waited for an account."""
    (text,) = kept_waiting(hedged(make_bench), 4.0, "3.0")
    assert text.startswith("downside level 1: SBIN has been at or beyond 118.50 for 3 s")


def test_price_that_was_passed_late_in_the_wait_gets_its_three_seconds(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: an order that is placed now has its cycle to fill."""
    bench = hedged(make_bench)
    assert kept_waiting(bench, 4.0, "2.5") == []
    bench.feed.steps.clear()
    bench.cycle()
    assert len(bench.state.attention) == 1


@pytest.mark.parametrize(("interval", "secs", "alarms"), [(1.0, 2.0, 1), (1.0, 1.9, 0), (5.0, 5.5, 0), (5.0, 6.0, 1)])
def test_look_in_time_counts_from_itself(
    make_bench: Callable[..., Bench], interval: float, secs: float, alarms: int
) -> None:
    """Behaviour 7.4: a bot that polls every five seconds does not alarm before its order had a cycle to fill."""
    bench = hedged(make_bench, poll_interval=interval)
    kept_waiting(bench, secs, "1.75")
    bench.feed.steps.clear()
    bench.clock.advance(0.25)
    bench.cycle()
    assert len(bench.state.attention) == alarms


def hedged(make_bench: Callable[..., Bench], **changes: float) -> Bench:
    """A bench whose BUY at 49.00 filled: its target and its hedge at 118.50 rest."""
    bench = make_bench(trade_type="buyocots", steps=1, oco_stop_count=9, **changes).begin()
    bench.broker.matching = True
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.cycle(2)
    return bench


def books_asked(bench: Bench) -> list[str]:
    """Grows by the account of each book that is asked for from now on."""
    asked: list[str] = []
    read = bench.broker.order_book

    def order_book(account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        asked.append(account)
        return read(account, since=since)

    bench.broker.order_book = order_book  # type: ignore[method-assign]
    return asked
