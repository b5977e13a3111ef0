"""The paper exchange with a stricter view of when a resting order's turn has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.paper.exchange import PaperExchange
from tg1.paper.orders import PaperSide

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.paper.orders import PaperOrder


class ThroughExchange(PaperExchange):
    """Fills a limit order only when the last price is a tick beyond it.

    At the touch an order stands behind everybody who was there before; a tick beyond, all of them have been served.
    So a replay at the touch has the most fills that there can be. It need not earn the most: a fill less can be a
    hedge less.
    """

    def reaches(self, order: PaperOrder, last: Decimal) -> bool:
        """Whether the order's limit lies a tick inside the last price."""
        tick = self.instruments[order.symbol].tick
        limit = order.terms.limit_price
        return last <= limit - tick if order.side is PaperSide.BUY else last >= limit + tick
