"""The price that becomes a grid's centre is one of this session (behaviour 1.4), and what a start waits for (10.3)."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tg1.errors import FeedError
from tg1.trading.first_prices import FirstPrices

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench


def bench_with_a_kept_price(make_bench: Callable[..., Bench], **changes: object) -> Bench:
    """Kite has answered with yesterday's close of IRFC, 47.15."""
    bench = make_bench(**{"auto_entry": True, "entry_price": "0", **changes})
    bench.feed.prices["IRFC"] = Decimal("47.15")
    bench.feed.cached.add("IRFC")
    return bench


def after(bench: Bench, secs: float, do: Callable[[], None]) -> None:
    """Let something happen so many seconds after now, while the bot waits."""
    due = bench.clock.mono + secs
    done: list[bool] = []

    def look() -> None:
        if bench.clock.mono >= due and not done:
            done.append(True)
            do()

    bench.clock.on_wait = look


def ticks_at(bench: Bench, price: str) -> Callable[[], None]:
    """IRFC trades."""

    def tick() -> None:
        bench.feed.prices["IRFC"] = Decimal(price)
        bench.feed.cached.clear()

    return tick


def test_auto_entry_waits_until_the_symbol_has_ticked_again(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 1.4: not yesterday's close is the centre; and the operator is told once what is waited for."""
    bench = bench_with_a_kept_price(make_bench)
    after(bench, 7.0, ticks_at(bench, "50.40"))
    before = bench.clock.mono
    with caplog.at_level(logging.INFO):
        bench.begin()
    assert bench.state.grid.entry_price == Decimal("50.40")
    assert 7.0 <= bench.clock.mono - before < 8.0
    assert caplog.text.count("Waiting for a tick of IRFC, at most 60 s") == 1


def test_auto_entry_takes_the_kept_price_after_a_minute(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 1.4: 60 s with the market open, then it is the best that there is, and that is said."""
    bench = bench_with_a_kept_price(make_bench)
    before = bench.clock.mono
    bench.begin()
    assert bench.state.grid.entry_price == Decimal("47.15")
    assert 60.0 <= bench.clock.mono - before < 61.0
    assert "IRFC has not ticked within 60 s" in caplog.text


def test_minute_of_a_bot_that_came_early_begins_at_the_open(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4, 12: before 09:15 nobody trades, so the wait before it proves nothing."""
    bench = bench_with_a_kept_price(make_bench)
    bench.clock.advance(-1200)
    bench.begin()
    assert bench.clock.wall.time().isoformat("minutes") == "09:16"


def test_start_with_a_given_centre_waits_for_no_tick(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4: only the centre is made of that price."""
    bench = bench_with_a_kept_price(make_bench, auto_entry=False, entry_price="47.00")
    before = bench.clock.mono
    bench.begin()
    assert bench.clock.mono == before
    assert bench.state.grid.entry_price == Decimal("47.00")


def test_resume_of_the_same_day_waits_for_no_tick(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: it keeps the saved centre."""
    bench = make_bench(auto_entry=True, entry_price="0").begin()
    bench.feed.cached.add("IRFC")
    before = bench.clock.mono
    bench.begin()
    assert bench.clock.mono == before


def test_new_day_of_mis_is_centred_on_a_price_of_that_day(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4, 9.5: the second morning's centre is as much of a session as the first one's."""
    bench = make_bench(auto_entry=True, entry_price="0").begin()
    bench.broker.orders.clear()
    bench.clock.wall += timedelta(days=1)
    bench.feed.cached.add("IRFC")
    after(bench, 3.0, ticks_at(bench, "51.20"))
    bench.begin()
    assert bench.state.grid.entry_price == Decimal("51.20")


def test_wait_for_a_first_price_says_once_what_it_waits_for(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 10.3: thirty silent seconds look like a hang; two are none of the operator's business."""
    bench = make_bench()
    bench.feed.stale = {"IRFC", "SBIN"}
    after(bench, 2.0, lambda: bench.feed.stale.discard("IRFC"))
    with caplog.at_level(logging.INFO), pytest.raises(FeedError):
        bench.begin()
    waits = [record.getMessage() for record in caplog.records if "Waiting for" in record.getMessage()]
    assert waits == ["Waiting for the price of SBIN, at most 30 s: the test holds the price back"]


def test_price_that_goes_stale_during_the_wait_has_thirty_seconds_of_its_own(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.3: a reconnect in the 50th second of the minute is no failed start; a feed that is gone is one."""
    bench = bench_with_a_kept_price(make_bench)
    after(bench, 50.0, lambda: bench.feed.stale.add("SBIN"))
    before = bench.clock.mono
    with pytest.raises(FeedError, match="SBIN within 30 s"):
        bench.begin()
    assert 80.0 <= bench.clock.mono - before < 81.0


def test_stop_in_the_moment_in_which_the_wait_fails_is_a_clean_stop(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 14: who asked for a stop gets exit 0, or systemd would take the bot for one that failed."""
    bench = make_bench()
    bench.feed.stale.add("SBIN")
    gives_up = bench.clock.mono + 30.0

    def asked_meanwhile() -> str:
        bench.clock.stopping = bench.clock.mono >= gives_up
        return "the feed is not connected"

    monkeypatch.setattr(bench.feed, "fault", asked_meanwhile)
    bench.begin()
    assert bench.code == 0
    assert not bench.store.exists()


# -- by the second -----------------------------------------------------------------------------------------------------


def a_wait(bench: Bench, *, is_centre: bool = False) -> FirstPrices:
    """A wait that began at second 1000 and misses no price for longer than 30 s."""
    return FirstPrices(bench.engine._parts, fresh_within=30.0, is_centre=is_centre)


@pytest.mark.parametrize("missing", ["IRFC", "SBIN"])
def test_one_of_two_prices_is_not_enough(make_bench: Callable[..., Bench], missing: str) -> None:
    """Behaviour 10.3: a grid without its hedge's price would begin naked."""
    bench = make_bench()
    bench.feed.stale.add(missing)
    first = a_wait(bench)
    assert first.look(1000.0) is None
    bench.feed.stale.clear()
    assert first.look(1000.1) == Decimal("50.00")


def test_missing_prices_are_given_up_in_the_thirtieth_second_by_name(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 10.3: told after three seconds, once; both symbols are named, and a feed without a fault sent none."""
    bench = make_bench()
    bench.feed.prices.clear()
    first = a_wait(bench)
    with caplog.at_level(logging.INFO):
        for now in (1000.0, 1002.9):
            assert first.look(now) is None
        assert caplog.messages == []
        for now in (1003.0, 1003.1, 1020.0, 1029.9):
            assert first.look(now) is None
            assert caplog.messages == ["Waiting for the price of IRFC and SBIN, at most 30 s: the feed has sent none"]
    with pytest.raises(FeedError) as failure:
        first.look(1030.0)
    assert str(failure.value) == "No price of IRFC and SBIN within 30 s: the feed has sent none"


def test_thirty_seconds_begin_with_the_last_moment_that_had_all_prices(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.3: seen at 1010, gone since: given up at 1040."""
    bench = bench_with_a_kept_price(make_bench)
    first = a_wait(bench, is_centre=True)
    assert first.look(1010.0) is None
    bench.feed.stale.add("IRFC")
    assert first.look(1039.9) is None
    with pytest.raises(FeedError, match=r"^No price of IRFC within 30 s: the test holds the price back$"):
        first.look(1040.0)


def test_kept_price_is_the_centre_in_the_sixtieth_second(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 1.4: what is waited for is said once, and so is what was taken in the end."""
    bench = bench_with_a_kept_price(make_bench)
    first = a_wait(bench, is_centre=True)
    with caplog.at_level(logging.INFO):
        for now in (1000.0, 1030.0, 1059.9):
            assert first.look(now) is None
        assert first.look(1060.0) == Decimal("47.15")
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        (
            "INFO",
            "Waiting for a tick of IRFC, at most 60 s: the price that Kite had kept, 47.15, may be yesterday's",
        ),
        ("WARNING", "IRFC has not ticked within 60 s: --auto-entry takes the price that Kite had kept, 47.15"),
    ]


def test_kept_price_does_where_it_makes_no_centre(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 1.4: TokenB's kept price holds nobody up, nor does TokenA's beside a centre that is given."""
    bench = bench_with_a_kept_price(make_bench)
    assert a_wait(bench).look(1000.0) == Decimal("47.15")
    bench.feed.cached = {"SBIN"}
    assert a_wait(bench, is_centre=True).look(1000.0) == Decimal("47.15")
