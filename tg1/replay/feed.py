"""Prices of a replayed bot: the exchange's last prices, on a line that is never sick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.replay.market import Market


class ReplayFeed:
    """`PriceFeed` on a market. A price is fresh from the symbol's first trade on (behaviour 10.1)."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def start(self, symbols: Mapping[int, str]) -> None:
        """Prices are there already."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def quote(self, symbol: str) -> Quote | None:
        """The last price, or None before the first trade."""
        price = self._market.exchange.prices.get(symbol)
        return None if price is None else Quote(symbol=symbol, price=price, age_secs=0.0, fresh=True)

    def fault(self) -> str:
        """Nothing ever fails here."""
        return "" if self._market.exchange.prices else "the file has no price yet"
