"""A naked level is said once, with the reason, and so is its end (behaviour 7.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tg1.models import Backoff, OrderStatus, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

DOWN, UP = TradeSide.DOWNSIDE, TradeSide.UPSIDE
BEYOND = "downside level 1: SBIN has been at or beyond 118.50 for 3 s and the hedge has not filled"
NAKED = "100 IRFC are open without it"


def bought(make_bench: Callable[..., Bench], *answers: str, **changes: object) -> Bench:
    """The BUY at 49.00 filled while SBIN trades at 120.50; its target and its hedge at 118.50 get these answers."""
    bench = make_bench(**{"trade_type": "buyocots", "steps": 1, "oco_stop_count": 9, **changes}).begin()
    bench.broker.matching = True
    bench.cycle()
    bench.trade(IRFC="49.00")
    bench.broker.answers.extend(answers)
    bench.cycle()
    return bench


def texts(bench: Bench) -> list[str]:
    """What needs the operator."""
    return [item.text for item in bench.state.attention]


def test_hedge_behind_the_market_is_said_in_the_third_second_and_once(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a person reads which level, at which price, what its order does and what is open without it."""
    bench = bought(make_bench)
    bench.trade(SBIN="116.00")
    bench.cycle(3)
    assert texts(bench) == []
    bench.cycle()
    order_id = bench.level(DOWN).oco_order_id
    sentence = f"{BEYOND} (its order {order_id} works at 117.90): {NAKED}"
    assert texts(bench) == [sentence]
    assert bench.state.attention[0].key == f"unhedged {bench.level(DOWN).uuid}"
    at = bench.state.attention[0].at
    bench.cycle(600)
    assert [(item.text, item.at) for item in bench.state.attention] == [(sentence, at)]


def test_hedge_of_the_upper_half_is_said_alike(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a BUY hedge fails when TokenB rises beyond it."""
    bench = make_bench(trade_type="sellocots", steps=1, oco_stop_count=9, token_a_quantity=40).begin()
    bench.broker.matching = True
    bench.cycle()
    bench.trade(IRFC="51.00")
    bench.cycle()
    bench.trade(SBIN="125.00")
    bench.cycle(4)
    (text,) = texts(bench)
    assert text.startswith("upside level 1: SBIN has been at or beyond 122.50 for 3 s")
    assert text.endswith("works at 123.15): 40 IRFC are open without it")


def test_hedge_in_doubt_is_said_to_be_one(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 7.4: nobody knows whether it arrived, so nobody may place another."""
    bench = bought(make_bench, "ok", "unknown-lost")
    bench.trade(SBIN="116.00")
    bench.cycle(4)
    assert texts(bench) == [f"{BEYOND} (nobody knows yet what became of its order): {NAKED}"]


def test_rejected_hedge_is_said_with_the_brokers_words(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4, 8.2: what the broker says is what a person can act on."""
    bench = bought(make_bench, "ok")
    bench.broker.end(bench.broker.working("downside_oco")[0].order_id, OrderStatus.REJECTED, "Margin Exceeds")
    bench.broker.answers.extend(["refused"] * 9)
    bench.trade(SBIN="116.00")
    bench.cycle(4)
    assert texts(bench)[0].startswith(f"{BEYOND} (its orders are rejected: ")
    assert bench.level(DOWN).oco_backoff.reason in texts(bench)[0]
    assert texts(bench)[0].endswith(f"): {NAKED}")


def test_hedge_that_its_session_refuses_is_said_to_be_refused(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4, 11.1: no level is charged with it, and yet a person reads why nothing is placed."""
    bench = bought(make_bench, "ok", *["session"] * 9)
    bench.trade(SBIN="116.00")
    bench.cycle(4)
    assert texts(bench) == [f"{BEYOND} (its order was not placed: Invalid Token): {NAKED}"]
    assert bench.level(DOWN).oco_backoff.rejections == 0


def test_hedges_of_an_account_in_trouble_are_said_to_be_rejected(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4, 8.3: the levels are charged with nothing, but a place is not what they wait for."""
    bench = make_bench(trade_type="buyocots", steps=3, oco_stop_count=9).begin()
    bench.broker.matching = True
    bench.cycle(3)
    bench.trade(IRFC="47.00")
    bench.broker.answers.extend(["ok"] * 3 + ["refused"] * 99)
    bench.cycle(3)
    bench.trade(SBIN="116.00")
    bench.cycle(12)
    naked = [item.text for item in bench.state.attention if item.key.startswith("unhedged")]
    assert len(naked) == 3
    assert all("(its orders are rejected: the order was refused): " in text for text in naked)


def test_bot_that_was_started_again_says_what_its_last_process_heard(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4, 8.2: the fifth rejection has a minute to wait, and its words are in the state file."""
    bench = bought(make_bench, "ok", *["refused"] * 5)
    bench.cycle(20)
    bench.trade(SBIN="116.00")
    bench.begin().cycle(5)
    (naked,) = (item.text for item in bench.state.attention if item.key.startswith("unhedged"))
    assert naked == f"{BEYOND} (its orders are rejected: the order was refused): {NAKED}"


@pytest.mark.parametrize("answer", ["ok", "unknown-accepted"])
def test_what_kept_a_hedge_back_is_forgotten_with_the_next_one_that_goes(
    make_bench: Callable[..., Bench], answer: str
) -> None:
    """Behaviour 7.4: one that lost its place later waits for a place and for nothing else."""
    bench = bought(make_bench, "ok", "session", answer)
    bench.cycle(2)
    level = bench.level(DOWN)
    assert level.oco_order is not None
    (order_id,) = (order.order_id for order in bench.broker.working("downside_oco"))
    del bench.broker.orders[order_id]
    later = Backoff(retry_at=bench.clock.now() + timedelta(seconds=60))
    bench.state.levels[level.uuid] = replace(level, oco_order=None, oco_backoff=later)
    bench.broker.add("downside_oco", bench.broker.placed[0], foreign=True)
    bench.trade(SBIN="116.00")
    bench.cycle(5)
    assert texts(bench)[0] == f"{BEYOND} (it waits for a place): {NAKED}"


def test_hedge_that_waits_for_a_place_is_said_to_wait(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.3, 7.4: two of three equal hedges work behind the market, so the third can't be placed."""
    bench = make_bench(trade_type="buyocots", steps=3, oco_stop_count=9).begin()
    bench.broker.matching = True
    bench.cycle(3)
    bench.trade(IRFC="47.00")
    bench.cycle()
    bench.trade(SBIN="116.00")
    bench.cycle(4)
    said = texts(bench)
    assert len(said) == 3
    (waits,) = (text for text in said if "(it waits for a place)" in text)
    assert waits == f"{BEYOND.replace('level 1', 'level 3')} (it waits for a place): {NAKED}"


@pytest.mark.parametrize("ends", ["hedged", "target filled"])
def test_end_of_it_is_said_when_the_level_is_covered(make_bench: Callable[..., Bench], ends: str) -> None:
    """Behaviour 7.4: the hedge filled after all, or the target did and the level began a new trip."""
    bench = bought(make_bench)
    bench.trade(SBIN="116.00")
    bench.cycle(5)
    if ends == "hedged":
        bench.broker.fill(bench.broker.working("downside_oco")[0].order_id)
    else:
        bench.broker.fill(bench.broker.working_at(Side.SELL, "49.50").order_id)
    bench.cycle(3)
    first = bench.state.attention[0]
    assert first.is_over
    assert first.text.endswith(": the level is hedged or closed)")


def test_end_of_it_is_said_when_token_b_comes_back_and_the_next_time_anew(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.4: a rejected hedge whose price is not passed any more leaves nobody naked, until it is again."""
    bench = bought(make_bench, "ok", *["refused"] * 200)
    bench.trade(SBIN="116.00")
    bench.cycle(5)
    bench.trade(SBIN="121.00")
    bench.cycle(2)
    naked = [item for item in bench.state.attention if item.key.startswith("unhedged")]
    assert [item.is_over for item in naked] == [True]
    assert naked[0].text.endswith(": its hedge price is not passed any more)")
    bench.trade(SBIN="116.00")
    bench.cycle(5)
    naked = [item for item in bench.state.attention if item.key.startswith("unhedged")]
    assert [item.is_over for item in naked] == [False]
    assert naked[0].text.startswith(BEYOND)
