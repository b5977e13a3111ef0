"""The last price for a square-off: the feed's, or without one the broker's own last trade (behaviour 13)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, ConfigError, FeedError
from tg1.ports import price_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from tg1.machine.clock import Clock
    from tg1.ports import Broker, PriceFeed

log = logging.getLogger(__name__)

FIRST_PRICES_SECS = 5.0
"""How long the feed is waited for before the broker's own trades are asked."""
STEP_SECS = 0.1


class ClosingPrices:
    """Prices of the symbols that are being closed."""

    def __init__(self, *, client: Broker, feed: PriceFeed | None, clock: Clock) -> None:
        self._client = client
        self._feed = feed
        self._clock = clock

    def begin(self, symbols: Iterable[str]) -> None:
        """Have the feed's first prices, or wait for them for a few seconds."""
        if self._feed is None:
            return
        wanted = sorted(symbols)
        try:
            self._feed.start({self._client.instrument(symbol).instrument_token: symbol for symbol in wanted})
        except (ConfigError, FeedError) as exc:
            log.warning("The feed can't be used, the broker's own trades must do: %s", exc)
            return
        deadline = self._clock.monotonic() + FIRST_PRICES_SECS
        while self._clock.monotonic() < deadline and any(self._quoted(symbol) is None for symbol in wanted):
            self._clock.sleep_until(self._clock.monotonic() + STEP_SECS)

    def last(self, account: str, symbol: str) -> Decimal | None:
        """The symbol's last price in rupees; None when neither the feed nor the account's trade book has one."""
        return self._quoted(symbol) or self._from_trades(account, symbol)

    def _quoted(self, symbol: str) -> Decimal | None:
        return None if self._feed is None else price_of(self._feed.quote(symbol))

    def _from_trades(self, account: str, symbol: str) -> Decimal | None:
        """The account's youngest trade of the symbol; how old it is nobody can say, so it is named."""
        wanted = self._client.instrument(symbol).exchange_token
        try:
            trades = [each for each in self._client.trades(account) if each.instrument_id == wanted and each.price]
        except BrokerError as exc:
            log.warning("The trades of account %s can't be read: %s", account, exc)
            return None
        if not trades:
            return None
        youngest = max(trades, key=lambda each: each.traded_at)
        log.warning(
            "There is no feed: %s is taken at %s, account %s's own trade of %s",
            symbol,
            youngest.price,
            account,
            youngest.traded_at,
        )
        return youngest.price
