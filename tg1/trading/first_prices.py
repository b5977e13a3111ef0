"""The prices that a start waits for, and which of them may be the centre of a grid (behaviour 1.4, 10.3)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import FeedError
from tg1.ports import price_of

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.models import Quote
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

TICKED_WITHIN_SECS = 60.0
QUIET_SECS = 3.0
"""A wait that is over before is not worth a line."""


class FirstPrices:
    """What has come so far; made when the market is open and the feed was asked.

    No price may be missing for longer than `fresh_within` seconds. With `is_centre` TokenA's price is wanted for a
    grid's centre, so it must be one of this session.
    """

    def __init__(self, parts: Parts, *, fresh_within: float, is_centre: bool) -> None:
        config, begun = parts.config, parts.clock.monotonic()
        self._feed = parts.feed
        self._symbols = config.symbols
        self._fresh_within = fresh_within
        self._fresh_by = begun + fresh_within
        self._missing_told_at = begun + QUIET_SECS
        self._ticked_by = begun + TICKED_WITHIN_SECS
        self._is_centre = is_centre
        self._was_told = False

    def look(self, now: float) -> Decimal | None:
        """TokenA's price, or None to wait on; `now` in seconds of the monotonic clock.

        Raises `FeedError` when some price has been missing for too long.
        """
        quotes = {symbol: self._feed.quote(symbol) for symbol in self._symbols}
        missing = [symbol for symbol, quote in quotes.items() if price_of(quote) is None]
        if not missing:
            self._fresh_by = now + self._fresh_within
        else:
            self._judge(" and ".join(missing), now)
        quote_a = quotes[self._symbols[0]]
        return None if missing or quote_a is None or self._may_be_old(quote_a, now) else quote_a.price

    def _judge(self, missing: str, now: float) -> None:
        why = self._feed.fault() or "the feed has sent none"
        if now >= self._fresh_by:
            raise FeedError(f"No price of {missing} within {self._fresh_within:.0f} s: {why}")
        if now >= self._missing_told_at:
            self._missing_told_at = self._fresh_by
            log.info("Waiting for the price of %s, at most %.0f s: %s", missing, self._fresh_within, why)

    def _may_be_old(self, quote_a: Quote, now: float) -> bool:
        """Kite's first tick may be yesterday's close; after a minute it is the best that there is."""
        if not (self._is_centre and quote_a.cached):
            return False
        if now >= self._ticked_by:
            log.warning(
                "%s has not ticked within %.0f s: --auto-entry takes the price that Kite had kept, %.2f",
                quote_a.symbol,
                TICKED_WITHIN_SECS,
                quote_a.price,
            )
            return False
        if not self._was_told:
            self._was_told = True
            log.info(
                "Waiting for a tick of %s, at most %.0f s: the price that Kite had kept, %.2f, may be yesterday's",
                quote_a.symbol,
                TICKED_WITHIN_SECS,
                quote_a.price,
            )
        return True
