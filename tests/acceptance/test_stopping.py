"""Signals, the lock, the session's hours (behaviour 9.6, 12, 14)."""

from __future__ import annotations

import signal
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import ACCOUNTS, LOGIN, ORDERS, Bot, Exchange, until
from tg1.machine.clock import IST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_bot_at_once_and_leaves_its_orders(
    exchange: Exchange, make_bot: Callable[..., Bot], number: signal.Signals
) -> None:
    """Architecture 18: it does not wait for the next cycle, ten seconds away; what is left is named; exit 0."""
    bot = make_bot(steps=1, poll_interval=10).start()
    bot.await_places("D01E", "U01E")
    reads = exchange.count("GET", ORDERS)
    bot.signal(number)
    assert bot.exit_code() == 0
    assert exchange.count("GET", ORDERS) == reads
    assert exchange.places() == {"D01E", "U01E"}
    for order in exchange.working():
        assert any(str(order["app_order_id"]) in line for line in bot.output().splitlines()[-5:])
    assert bot.output("stderr") == ""


def test_signal_during_the_logins_ends_the_start(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 18, behaviour 14: no further login, exit 0, and a word that nothing was placed."""
    exchange.ask("quirks", latency_secs=2)
    bot = make_bot(steps=1).start()
    until(lambda: exchange.count("POST", LOGIN) == 1, "the first login", bot, look_every=0.02)
    bot.signal(signal.SIGINT)
    assert bot.exit_code() == 0
    assert exchange.count("POST", LOGIN) == 1
    assert bot.says("placed nothing")
    assert bot.output("stderr") == ""


def test_signal_while_a_book_cant_be_read_is_a_stop_and_no_failure(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 14: exit 0, since systemd would take any other code for a failure and cancel the grid."""
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    bot.kill()
    exchange.fault("garbage", method="GET", path=ORDERS, after=len(ACCOUNTS), times=0)  # the sessions are proven first
    bot.start().await_log("could not be read")
    assert bot.stop() == 0
    for order in exchange.working():
        assert any(str(order["app_order_id"]) in line for line in bot.output().splitlines()[-5:]), bot.shown()

    exchange.heal()
    exchange.fault("garbage", method="GET", path=ORDERS, times=0)
    fresh = make_bot(steps=1, name="Fresh").start()
    fresh.await_log("could not be read")
    assert fresh.stop() == 0
    assert fresh.output("stderr") == ""


def test_second_process_of_a_name_names_the_first_and_ends(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 9.6, 14: exit 6 with the holder's process number, before any login; the first trades on."""
    bot = make_bot(steps=1, trade_type="buyts").start()
    bot.await_places("D01E")
    logins = exchange.count("POST", LOGIN)
    second = bot.run()
    assert second.returncode == 6
    assert len(second.stderr.splitlines()) == 1
    assert str(bot.pid) in second.stderr
    assert exchange.count("POST", LOGIN) == logins
    assert bot.is_running


def _set(clock: Path, moment: time, weekday: int) -> None:
    """Put the clock of `tests.support.tweaked` to that time (IST) of the coming such day; Monday is 0.

    Never of today: that clock can only be ahead of the machine's.
    """
    now = datetime.now(IST)
    there = datetime.combine(now.date() + timedelta(days=(weekday - now.weekday()) % 7 or 7), moment, tzinfo=IST)
    written = clock.with_suffix(".new")
    written.write_text(str((there - now).total_seconds()))
    written.replace(clock)


def test_bot_waits_for_the_open_and_ends_with_the_session(
    exchange: Exchange, make_bot: Callable[..., Bot], tmp_path: Path
) -> None:
    """Behaviour 12: early it waits; at the stop it cancels and exits 0; later, and on Saturday, it says so."""
    bot = make_bot(steps=1, ignore_market_hours=None)
    logins = exchange.count("POST", LOGIN)
    clock = tmp_path / "clock"
    command = bot.tweaked(f"clock={clock}")
    for moment, weekday, why in ((time(15, 0, 1), 2, "ended at 15:00 IST"), (time(11, 0), 5, "weekend")):
        _set(clock, moment, weekday)
        closed = bot.finish(command)
        assert closed.returncode == 0
        assert why in closed.stdout
    assert exchange.count("POST", LOGIN) == logins

    _set(clock, time(9, 0), 2)
    bot.launch(command)
    bot.await_log("waiting")
    assert exchange.orders() == []
    _set(clock, time(9, 15), 2)
    bot.await_places("D01E", "U01E")
    bot.kill()

    _set(clock, time(14, 30), 2)
    bot.launch(command)
    bot.await_log("Resumed")
    _set(clock, time(15, 0), 2)
    assert bot.exit_code() == 0
    assert exchange.working() == []
    assert bot.state()["bot_status"] == "Stopped: session end"
    assert len(exchange.orders()) == 2
