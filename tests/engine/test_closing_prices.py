"""Where a square-off has its prices from, and how long it waits for them (behaviour 13)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.fakes import HandBroker, HandClock, HandFeed
from tg1.errors import BrokerUnavailable, ConfigError, FeedError
from tg1.models import BrokerTrade, Side
from tg1.trading.closing_prices import ClosingPrices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.errors import Tg1Error


class TradingBroker(HandBroker):
    """Accounts whose trade books are given by hand; one without rows can't be read."""

    def __init__(self, **executions: list[BrokerTrade]) -> None:
        super().__init__()
        self.executions = executions

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        if account not in self.executions:
            raise BrokerUnavailable("502")
        return tuple(self.executions[account])


def execution(symbol: str, price: str | None, at: str) -> BrokerTrade:
    """Seven shares of the symbol at a time of one morning."""
    return BrokerTrade(
        order_id="1210000001",
        client_id="",
        symbol=symbol,
        segment="NSECM",
        instrument_id=HandBroker().instrument(symbol).exchange_token,
        side=Side.BUY,
        quantity=7,
        price=None if price is None else Decimal(price),
        traded_at=f"2026-11-23 {at}",
    )


def prices_of(feed: HandFeed | None, clock: HandClock | None = None, broker: HandBroker | None = None) -> ClosingPrices:
    """Closing prices from that feed, at those accounts."""
    return ClosingPrices(client=broker or TradingBroker(), feed=feed, clock=clock or HandClock())


def ticks_come(feed: HandFeed, clock: HandClock, **at: float) -> list[float]:
    """Symbols trade at 50 so many seconds after now; returns the moments of the waits as they happen."""
    waits: list[float] = []
    begun = clock.monotonic()

    def tick() -> None:
        waits.append(clock.monotonic() - begun)
        assert len(waits) < 200, "it waits for ever"
        feed.prices |= {symbol: Decimal(50) for symbol, secs in at.items() if clock.monotonic() - begun >= secs}

    clock.on_wait = tick
    return waits


def test_first_prices_of_all_symbols_are_waited_for() -> None:
    """Behaviour 13: the feed is asked for what is closed; the second symbol's first price ends the wait."""
    feed, clock = HandFeed(), HandClock()
    waits = ticks_come(feed, clock, IRFC=0.25, SBIN=0.65)
    prices_of(feed, clock).begin({"SBIN", "IRFC"})
    assert sorted(feed.started.values()) == ["IRFC", "SBIN"]
    assert feed.started == {HandBroker().instrument(name).instrument_token: name for name in ("IRFC", "SBIN")}
    assert waits == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def test_prices_that_are_there_are_not_waited_for() -> None:
    """Behaviour 13: an emergency waits for nothing that it has."""
    feed, clock = HandFeed(IRFC="50.00"), HandClock()
    prices_of(feed, clock).begin({"IRFC"})
    assert clock.monotonic() == 1000


def test_silent_feed_is_waited_for_five_seconds() -> None:
    """Behaviour 13: then the broker's own last trade has to do."""
    feed, clock = HandFeed(IRFC="50.00"), HandClock()
    waits = ticks_come(feed, clock)
    prices_of(feed, clock).begin({"IRFC", "SBIN"})
    assert 5 <= waits[-1] < 5.15
    assert len(waits) in (50, 51)


def test_wait_ends_at_its_very_end() -> None:
    """Behaviour 13: a machine that overslept to the last instant waits no longer."""
    feed, clock = HandFeed(), HandClock()
    waits = []

    def oversleep() -> None:
        clock.mono = 1005.0
        waits.append(clock.mono)
        assert len(waits) < 9

    clock.on_wait = oversleep
    prices_of(feed, clock).begin({"IRFC"})
    assert waits == [1005.0]


@pytest.mark.parametrize("trouble", [FeedError("403"), ConfigError("no token")])
def test_feed_that_can_not_start_leaves_the_brokers_own_trades(trouble: Tg1Error) -> None:
    """Behaviour 13: a dead Kite token keeps no position open, and nobody waits for a feed that is not there."""

    class DeadFeed(HandFeed):
        def start(self, symbols: Mapping[int, str]) -> None:  # noqa: ARG002 - part of the PriceFeed protocol
            raise trouble

    clock = HandClock()
    prices = prices_of(DeadFeed(), clock, TradingBroker(trade=[execution("IRFC", "49.80", "10:00:00")]))
    prices.begin({"IRFC"})
    assert clock.monotonic() == 1000
    assert prices.last("trade", "IRFC") == Decimal("49.80")


def test_without_a_feed_nothing_is_waited_for() -> None:
    """Behaviour 13: a stop without --zerodha-config has no feed."""
    clock = HandClock()
    prices_of(None, clock).begin({"IRFC"})
    assert clock.monotonic() == 1000


def test_fresh_price_of_the_feed_comes_first() -> None:
    """Behaviour 13: the trade book is not even read."""
    assert prices_of(HandFeed(IRFC="50.10")).last("trade", "IRFC") == Decimal("50.10")


def test_stale_price_is_no_price() -> None:
    """Behaviour 10.2, 13: rather the account's own trade than a tick of unknown age."""
    feed = HandFeed(IRFC="50.10")
    feed.stale.add("IRFC")
    broker = TradingBroker(trade=[execution("IRFC", "49.80", "10:00:00")])
    assert prices_of(feed, broker=broker).last("trade", "IRFC") == Decimal("49.80")


def test_accounts_youngest_trade_of_the_symbol_is_its_price() -> None:
    """Behaviour 13, xts.md 2.8: not another symbol's, not another account's, not one without a price."""
    rows = [
        execution("IRFC", "49.80", "10:00:00"),
        execution("IRFC", "49.95", "14:45:00"),
        execution("IRFC", "49.90", "11:30:00"),
        execution("SBIN", "120.00", "15:00:00"),
        execution("IRFC", None, "15:01:00"),
    ]
    broker = TradingBroker(trade=rows, upside_oco=[execution("IRFC", "40.00", "15:02:00")], downside_oco=[])
    prices = prices_of(None, broker=broker)
    assert prices.last("trade", "IRFC") == Decimal("49.95")
    assert prices.last("trade", "SBIN") == Decimal("120.00")
    assert prices.last("downside_oco", "SBIN") is None


def test_trade_book_that_can_not_be_read_has_no_price() -> None:
    """Behaviour 13: it is asked again with the next order; the other places are closed meanwhile."""
    assert prices_of(None).last("trade", "IRFC") is None
