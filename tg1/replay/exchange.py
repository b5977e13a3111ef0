"""The paper exchange with a stricter view of when a resting order's turn has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.paper.exchange import PaperExchange
from tg1.paper.orders import PaperSide

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.paper.orders import PaperOrder, Terms


class ThroughExchange(PaperExchange):
    """Fills a limit order only when the last price is a tick beyond it.

    At the touch an order stands behind everybody who was there before; a tick beyond, all of them have been served.
    So a replay at the touch has the most fills that there can be. It need not earn the most: a fill less can be a
    hedge less.

    An order that rested is filled at its own limit, for whoever trades with it takes the price that it shows. From one
    price of a file to the next the market passes all between, so a last price beyond the limit is no better price.
    Prices that lie far apart, as those of bars do, would else pay the grid what nobody ever paid.
    """

    def reaches(self, order: PaperOrder, last: Decimal) -> bool:
        """Whether the order's limit lies a tick inside the last price."""
        tick = self.instruments[order.symbol].tick
        limit = order.terms.limit_price
        return last <= limit - tick if order.side is PaperSide.BUY else last >= limit + tick

    def price_of(self, terms: Terms, last: Decimal, *, arrives: bool) -> Decimal:
        """The last price for an order that meets the market now, its own limit for one that rested."""
        return super().price_of(terms, last, arrives=True) if arrives else terms.limit_price
