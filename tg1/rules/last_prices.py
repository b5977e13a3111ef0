"""The prices that a state keeps for when there is no feed to ask: after an end, before a start (behaviour 15). PURE."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import LastPrice, Quote

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tg1.models import BotState
    from tg1.rules.given import Moment


def note_prices(state: BotState, quotes: Iterable[Quote | None], now: datetime) -> None:
    """Keep the last prices in the state, fresh or not, each with the time that it is of."""
    kept = {one.symbol: one for one in state.last_prices}
    for quote in quotes:
        if quote is not None:
            at = now - timedelta(seconds=quote.age_secs)
            kept[quote.symbol] = LastPrice(symbol=quote.symbol, price=quote.price, at=at)
    state.last_prices = list(kept.values())


def note_seen(state: BotState, moment: Moment) -> None:
    """Keep the prices of a moment at which something filled, as far as it has any."""
    prices = {state.grid.token_a_symbol: moment.price_a, state.grid.token_b_symbol: moment.price_b}
    quotes = [Quote(symbol=name, price=price, age_secs=0, fresh=True) for name, price in prices.items() if price]
    note_prices(state, quotes, moment.now)


def known_quotes(state: BotState, quotes: Iterable[Quote | None], now: datetime) -> list[Quote]:
    """The quotes, and for symbols that have none the prices that the state has kept, which are never fresh."""
    kept = {
        one.symbol: Quote(symbol=one.symbol, price=one.price, age_secs=(now - one.at).total_seconds(), fresh=False)
        for one in state.last_prices
    }
    return list((kept | {quote.symbol: quote for quote in quotes if quote is not None}).values())
