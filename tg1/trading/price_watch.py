"""Says when a price goes stale and when it is back, once each (behaviour 10.2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tg1.config import GridOcoConfig
    from tg1.ports import PriceFeed
    from tg1.rules.given import Moment

log = logging.getLogger(__name__)


class PriceWatch:
    """Remembers which prices were fresh in the cycle before."""

    def __init__(self, *, config: GridOcoConfig, feed: PriceFeed) -> None:
        self._config = config
        self._feed = feed
        self._was_fresh: dict[str, bool] = {}

    def look(self, moment: Moment) -> None:
        """One warning when it starts, one line when it ends."""
        config = self._config
        self._note(config.token_a_symbol, "no new entries", fresh=moment.price_a is not None)
        if config.has_oco:
            self._note(config.token_b_symbol, "no OCO is placed or cancelled", fresh=moment.price_b is not None)

    def _note(self, symbol: str, held: str, *, fresh: bool) -> None:
        was_fresh = self._was_fresh.get(symbol, True)
        if was_fresh and not fresh:
            log.warning("The price of %s is stale: %s until it is fresh; %s", symbol, held, self._feed.fault())
        elif fresh and not was_fresh:
            log.info("The price of %s is fresh again", symbol)
        self._was_fresh[symbol] = fresh
