"""The money of a whole bot: net of charges in every cycle, over restarts and nights, at every end (behaviour 15)."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.support.fakes import HandClock
from tg1.models import Side, Statement
from tg1.screen.money import net_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.engine.conftest import Bench


def fill(bench: Bench, side: Side, price: str, account: str = "trade") -> None:
    """The order at a price fills at that price; the bot sees it and places what follows."""
    bench.broker.fill(bench.broker.working_at(side, price, account).order_id)
    bench.cycle(2)


def money(bench: Bench) -> Statement:
    """What the bot shows."""
    return bench.engine.view().money


def hedged(bench: Bench) -> Bench:
    """A BUY level at 49.00 whose hedge sold 50 SBIN at 117.90 (the limit of its stop at 118.50), and one trip of 50."""
    bench.begin().cycle(2)
    fill(bench, Side.BUY, "49.00")
    fill(bench, Side.SELL, "118.50", "downside_oco")
    fill(bench, Side.SELL, "51.00")
    fill(bench, Side.BUY, "50.50")
    return bench


def test_net_counts_both_legs_of_a_hedge_and_what_their_orders_cost(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: realised 50, TokenA up 100, TokenB by its price, five orders charged."""
    bench = hedged(make_bench())
    bench.feed.prices |= {"IRFC": Decimal("50.00"), "SBIN": Decimal("120.00")}
    bench.cycle()
    said = money(bench)
    held = {(one.account, one.symbol): (one.quantity, said.gain(one)) for one in said.positions}
    sold_at = bench.state.order_history[0].oco_average
    assert held == {("trade", "IRFC"): (100, 100), ("downside_oco", "SBIN"): (-50, 50 * (sold_at - 120))}
    assert said.realised == 50
    assert sum(one.orders for one in bench.state.executed) == 4
    assert said.charges.brokerage == Decimal("0.0003") * (4900 + 50 * sold_at + 5100 + 5050)
    assert said.net == 50 + 100 + 50 * (sold_at - 120) - said.charges.total


def test_every_record_has_its_net_its_charges_and_what_it_left_open(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.4, 15: the trades file tells what a trip earned after charges, and what a hedge locked in."""
    bench = hedged(make_bench())
    hedge, trip = bench.state.order_history
    assert (hedge.outcome, trip.outcome) == ("oco", "target")
    assert trip.open_pnl == 0
    assert trip.net_pnl == 50 - trip.charges.total
    assert f"{trip.charges.total:.2f}" == "5.40"
    assert hedge.open_pnl == 100 * (50 - 49) + 50 * (hedge.oco_average - Decimal("120.50"))
    assert hedge.net_pnl == hedge.open_pnl - hedge.charges.total
    lines = [json.loads(line) for line in bench.store.paths.trades.read_text().splitlines()]
    assert [line["net_pnl"] for line in lines] == [float(one.net_pnl) for one in bench.state.order_history]
    assert lines[1]["charges"]["total"] == float(trip.charges.total)


def test_restart_changes_neither_net_nor_charges(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: charges by executed order are made from what is on disk."""
    bench = hedged(make_bench())
    before = money(bench)
    bench.begin().cycle()
    after = money(bench)
    assert (after.net, after.charges, after.positions) == (before.net, before.charges, before.positions)


def test_brokerage_that_is_put_right_holds_for_the_whole_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 15: configurable per account; a restart with the right plan mends the day."""
    bench = hedged(make_bench())
    bench.begin(charges=["brokerage=10", "downside-oco:brokerage=0"]).cycle()
    assert money(bench).charges.brokerage == 30


def test_target_that_fills_in_two_orders_pays_twice(make_bench: Callable[..., Bench]) -> None:
    """Charges.md: per executed order; a target whose rest is placed again is two orders."""
    bench = make_bench(charges=["brokerage=20"]).begin()
    bench.cycle(2)
    fill(bench, Side.BUY, "49.00")
    target = bench.broker.working_at(Side.SELL, "49.50")
    bench.broker.fill(target.order_id, 40)
    bench.cycle()
    assert money(bench).charges.brokerage == 40, "a part of a working order was executed, too"
    bench.broker.end(target.order_id)
    bench.cycle(70)
    fill(bench, Side.SELL, "49.50")
    assert money(bench).charges.brokerage == 60
    assert bench.state.order_history[0].charges.brokerage == 60


def test_delivery_night_changes_no_charge_and_the_trip_pays_for_its_entry(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 15: yesterday's entry was charged yesterday, once; its trip's record knows it all the same."""
    bench = make_bench(product_type="CNC", trade_type="buyts", steps=1).begin()
    bench.cycle(2)
    fill(bench, Side.BUY, "49.00")
    evening = money(bench)
    overnight(bench)
    bench.begin().cycle(2)
    assert money(bench).charges == evening.charges
    fill(bench, Side.SELL, "49.50")
    (record,) = bench.state.order_history
    assert record.charges.stt == Decimal("0.001") * (4900 + 4950)
    assert record.charges.dp == 0
    said = money(bench)
    assert said.charges.dp == 13
    assert said.charges.stt == record.charges.stt
    assert said.net == 50 - said.charges.total


def test_intraday_morning_keeps_the_loss_that_was_left_to_the_broker(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.5, 15: net is last night's less what closing cost, and it is called an estimate."""
    bench = make_bench(steps=5).begin()
    bench.cycle(2)
    fill(bench, Side.BUY, "49.00")
    bench.feed.prices["IRFC"] = Decimal("46.00")
    bench.clock.wall = bench.clock.wall.replace(hour=15, minute=0, second=1)
    bench.cycle()
    evening = money(bench)
    assert f"{evening.unrealised:.2f}" == "-300.00"
    overnight(bench)
    with caplog.at_level(logging.WARNING):
        bench.begin().cycle()
    morning = money(bench)
    closing = morning.charges.total - evening.charges.total
    assert not morning.positions
    assert (morning.squared_off, f"{closing:.2f}") == (Decimal(-300), "61.95")
    assert evening.net is not None
    assert morning.net == evening.net - closing
    assert "squared off Trade +100 IRFC at 49.00: about -300.00, at our last price 46.00" in caplog.text


def test_old_price_is_never_passed_off_as_the_present(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.2, 15: stale is said with its age; a price that is gone leaves the last known one."""
    bench = make_bench().begin()
    bench.cycle(2)
    fill(bench, Side.BUY, "49.00")
    bench.feed.prices["IRFC"] = Decimal("50.00")
    bench.feed.stale.add("IRFC")
    bench.cycle()
    assert "at old prices: IRFC 50.00" in net_text(money(bench))
    assert not money(bench).is_current


def test_every_end_says_the_net_and_what_is_held(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13, 15: net first, its parts, and each account's signed shares in rupees."""
    bench = hedged(make_bench())
    bench.feed.prices["IRFC"] = Decimal("50.00")
    with caplog.at_level(logging.INFO):
        bench.engine._stopped_by_signal()
    said = [record.getMessage() for record in caplog.records]
    (net,) = [line for line in said if line.startswith("Net ")]
    assert "realised +50.00" in net
    assert any(line.startswith("Held, Trade account: +100 IRFC at 49.00, 5,000.00 at 50.00") for line in said)
    assert any(line.startswith("Held, Downside OCO account: -50 SBIN at 11") for line in said)


def test_resume_says_the_net_before_it_trades(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 15: the resume line's counters were nobody's number."""
    bench = hedged(make_bench())
    with caplog.at_level(logging.INFO):
        bench.begin()
    said = [record.getMessage() for record in caplog.records]
    resumed = next(index for index, line in enumerate(said) if line.startswith("Resumed "))
    assert said[resumed + 1].startswith("Net ")


def test_charges_that_an_earlier_edition_never_reckoned_are_missed_aloud(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 15: a file of the first edition resumes, and nobody takes its net for the whole truth."""
    bench = hedged(make_bench())
    bench.state.order_history[:] = [replace(one, charges=None) for one in bench.state.order_history]
    bench.state.executed.clear()
    bench.store.save(bench.clock.now())
    with caplog.at_level(logging.WARNING):
        bench.begin()
    assert "The charges of 2 round trips were never reckoned" in caplog.text


def test_start_whose_round_trips_lose_money_says_so(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 15: in the log at the start and at every resume, and on the ladder all the while."""
    bench = make_bench(target_spread="0.05")
    with caplog.at_level(logging.WARNING):
        bench.begin().cycle()
        bench.begin()
    assert sum("EVERY ROUND TRIP LOSES MONEY" in record.getMessage() for record in caplog.records) == 2
    assert bench.engine.view().losing.startswith("EVERY ROUND TRIP LOSES MONEY (net -0.52)")


def test_brokerage_of_the_trade_account_decides_whether_round_trips_pay(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 15: its two orders are TokenA's, whatever the hedges' accounts pay; a grid that pays says nothing."""
    bench = make_bench(charges=["brokerage=50", "trade:brokerage=0"])
    with caplog.at_level(logging.WARNING):
        bench.begin().cycle()
    assert "LOSES MONEY" not in caplog.text
    assert bench.engine.view().losing == ""
    bench = make_bench(bot_name="other", charges=["brokerage=0", "trade:brokerage=50"]).begin()
    assert bench.engine.view().losing.startswith("EVERY ROUND TRIP LOSES MONEY")


def overnight(bench: Bench) -> None:
    """The market closes and opens again the next morning: every order is gone from the books."""
    bench.broker.orders.clear()
    clock = bench.clock
    assert isinstance(clock, HandClock)
    clock.wall = (clock.wall + timedelta(days=1)).replace(hour=9, minute=20)
