"""What the page is told of a bot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support.looks import seen
from tests.support.told import ACCOUNT, FEED, LEVEL, ORDER, a_snapshot, an_event
from tg1.models import Attention, Side, TradeType
from tg1.told.snapshot import Phase, ToldPrice
from tg1.watch.day import DayCurve, Point
from tg1.watch.page import in_full, in_short

if TYPE_CHECKING:
    from tg1.watch.seen import SeenBot


def test_a_bot_in_short() -> None:
    """The net first, its parts, prices, what is held; amounts as people read them."""
    told = in_short(seen())
    assert told["life"] == "active"
    assert told["money"] == {
        "net": "-12.50",
        "loses": True,
        "current": True,
        "realised": "+50.00",
        "open": "-50.00",
        "squared": "",
        "charges": "-12.50",
    }
    assert [price["price"] for price in told["prices"]] == ["49.20", "120.50"]
    assert told["held"] == "Trade +100 IRFC"
    assert told["concerns"] == []


def test_a_bot_to_which_nothing_happens_is_told_in_the_same_words() -> None:
    """A cycle later nothing is sent again."""
    before = seen(a_snapshot(cycle=61))
    after = seen(a_snapshot(cycle=62, prices=tuple(replace(each, age_secs=2.0) for each in a_snapshot().prices)))
    assert in_short(before) == in_short(after)


def test_what_is_stale_or_unknown_is_said() -> None:
    """Never a 0 for what nobody knows."""
    money = a_snapshot().money
    assert money is not None
    prices = (
        ToldPrice(symbol="IRFC", price=None, age_secs=None, stale=True),
        ToldPrice(symbol="SBIN", price=Decimal(120), age_secs=95.0, stale=True),
    )
    told = in_short(seen(a_snapshot(money=replace(money, net=None, open_b=None), prices=prices)))
    assert told["money"]["net"] == "unknown"
    assert told["money"]["open"] == "unknown"
    assert [(price["price"], price["age"], price["stale"]) for price in told["prices"]] == [
        ("no price", "", True),
        ("120.00", "95 s", True),
    ]
    assert {concern["kind"] for concern in told["concerns"]} == {"stale_price"}


def test_an_attention_says_since_when_it_stands() -> None:
    """The others hold now."""
    note = Attention(key="k", text="A target of B3 has no order.", at="2026-02-16T10:00:00+05:30")
    told = in_short(seen(a_snapshot(attention=(note,)), after_secs=60.0))
    assert told["concerns"][1] == {"kind": "attention", "text": note.text, "at": "2026-02-16 10:00"}
    assert told["concerns"][0]["at"] == ""


def test_a_bot_that_hangs_says_for_how_long() -> None:
    """And that it needs a person."""
    told = in_short(seen(after_secs=75.0))
    assert (told["life"], told["needs"], told["age"]) == ("hung", True, "75 s")


def test_a_bot_in_full() -> None:
    """Ladder, orders, positions, accounts, events with the latest first."""
    old = an_event(0, text="of yesterday", at=a_snapshot().written_at - timedelta(days=1))
    told = in_full(seen(events=[old, an_event(1, text="first"), an_event(2, text="second", net=Decimal("12.5"))]))
    assert [event["text"] for event in told["events"]] == ["second", "first"]
    assert told["events"][0]["net"] == "+12.50"
    level = told["levels"][0]
    assert (level["name"], level["state"], level["entry"], level["target"]) == ("B1", "target", "49.00", "49.50")
    assert (level["open"], level["hedge"], level["hedge_state"]) == (100, "118.50", "works")
    assert told["orders"][0]["id"] == "1100000007"
    assert told["accounts"][0]["orders"] == "3 of 3"
    assert told["counts"] == ["entries open: 0 sold, 100 bought of 500", "hedged levels: 0 sell, 0 buy of 5"]
    assert told["curve"] == [[told["curve"][0][0], -12.5]]


def test_what_needs_eyes_in_full() -> None:
    """An order in doubt, a book that lacks orders, a level that pauses, a hedge that filled in part."""
    told = in_full(
        seen(
            a_snapshot(
                orders=(replace(ORDER, order_id="", trigger_price=Decimal("49.6"), placed_at=None),),
                accounts=(
                    replace(ACCOUNT, orders_seen=2, good_age_secs=12.0, fault="timeout"),
                    replace(ACCOUNT, is_blank=True),
                ),
                levels=(replace(LEVEL, paused=True, note="rejected 5 times", hedge_filled=20, hedge_price=None),),
                feed=replace(FEED, fault="the Kite access token has expired"),
                max_quantity_reached=True,
                paused=(Side.BUY,),
            )
        )
    )
    assert (told["orders"][0]["id"], told["orders"][0]["trigger"]) == ("in doubt", "49.60")
    assert told["accounts"][0] | {"read": 0, "refused": 0} == {
        "name": "Trade",
        "read": 0,
        "refused": 0,
        "age": "12 s",
        "orders": "2 of 3",
        "missing": True,
        "fault": "timeout",
    }
    assert told["accounts"][1]["fault"] == "its book is empty and must not be"
    assert (told["levels"][0]["hedge"], told["levels"][0]["hedge_state"]) == ("", "works 20/50")
    assert told["feed"] == "the Kite access token has expired"
    assert told["counts"][-1] == "max quantity reached: no new entries"
    assert told["paused"] == ["BUY"]


def test_a_bot_without_a_hedge_or_without_a_state() -> None:
    """Both can be shown, and the page's JSON holds nothing that JSON has not."""
    for snapshot in (
        a_snapshot(trade_type=TradeType.BUYTS, token_b=""),
        a_snapshot(money=None, levels=(), orders=(), positions=(), phase=Phase.STARTING, feed=None, trading_day=None),
    ):
        json.dumps(in_full(seen(snapshot)), allow_nan=False)


def test_a_bot_that_tells_nothing_is_shown_all_the_same() -> None:
    """Only an old lock, or a state of an earlier TG1."""
    bot = seen()
    mute = replace(bot, found=replace(bot.found, snapshot=None), curve=None)
    assert in_full(mute)["curve"] == []
    assert "levels" not in in_full(mute)


@given(st.integers(0, 1440))
def test_the_small_curve_is_small_and_ends_where_the_day_stands(count: int) -> None:
    """At most 80 points, in order, the last one among them."""
    points = tuple(Point(minute=minute, rupees=Decimal(minute)) for minute in range(count))
    bot: SeenBot = replace(seen(), curve=DayCurve(day=a_snapshot().written_at.date(), net=points))
    spark = in_short(bot)["spark"]
    assert len(spark) <= 80
    assert bool(spark) == bool(points)
    assert all(before[0] < after[0] for before, after in pairwise(spark))
    assert not spark or spark[-1][0] == count - 1
