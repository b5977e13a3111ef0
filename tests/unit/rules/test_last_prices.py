"""Prices that outlive the feed: kept with their time, never taken for fresh (behaviour 10.2, 15)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.support.states import NOW, a_state
from tg1.models import LastPrice, Quote
from tg1.rules.last_prices import known_quotes, note_prices


def a_quote(symbol: str, price: str, *, age_secs: float = 0.0, fresh: bool = True) -> Quote:
    """A price of the feed."""
    return Quote(symbol=symbol, price=Decimal(price), age_secs=age_secs, fresh=fresh)


def test_price_is_kept_with_the_time_that_it_is_of() -> None:
    """A stale one is as old as it is; a symbol without a quote keeps what it had."""
    state = a_state(last_prices=[LastPrice(symbol="SBIN", price=Decimal(119), at=NOW)])
    later = NOW + timedelta(seconds=90)
    note_prices(state, [a_quote("IRFC", "49.85", age_secs=30, fresh=False), None], later)
    assert state.last_prices == [
        LastPrice(symbol="SBIN", price=Decimal(119), at=NOW),
        LastPrice(symbol="IRFC", price=Decimal("49.85"), at=NOW + timedelta(seconds=60)),
    ]


def test_newer_price_takes_the_place_of_the_older() -> None:
    """One price a symbol, however often it is noted."""
    state = a_state(last_prices=[LastPrice(symbol="IRFC", price=Decimal(49), at=NOW)])
    note_prices(state, [a_quote("IRFC", "50")], NOW + timedelta(seconds=1))
    assert [(one.symbol, one.price) for one in state.last_prices] == [("IRFC", Decimal(50))]


def test_kept_price_stands_in_for_a_feed_that_has_none() -> None:
    """It is never fresh, and its age is told."""
    state = a_state(last_prices=[LastPrice(symbol=name, price=Decimal(49), at=NOW) for name in ("IRFC", "SBIN")])
    quotes = known_quotes(state, [a_quote("IRFC", "50"), None], NOW + timedelta(seconds=90))
    assert quotes == [a_quote("IRFC", "50"), a_quote("SBIN", "49", age_secs=90, fresh=False)]
