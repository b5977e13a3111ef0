"""The working orders of each symbol, and the range of prices that moves none of them."""

from decimal import Decimal

from tg1.paper.matching import quiet_range
from tg1.paper.orders import PaperOrder

Range = tuple[Decimal | None, Decimal | None]
"""(low, high) in rupees, both exclusive; None is no bound."""


class Resting:
    """Acknowledged orders that can still fill, by symbol, in order of arrival."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[int, PaperOrder]] = {}
        self._quiet: dict[str, Range] = {}

    def put(self, order: PaperOrder) -> None:
        """Take an order in, or its new value in place of the old one."""
        self._orders.setdefault(order.symbol, {})[order.app_order_id] = order
        self._quiet.pop(order.symbol, None)

    def drop(self, order: PaperOrder) -> None:
        """Forget an order, if it is here."""
        if self._orders.get(order.symbol, {}).pop(order.app_order_id, None) is not None:
            self._quiet.pop(order.symbol, None)

    def of(self, symbol: str) -> list[PaperOrder]:
        """Return a symbol's orders as they now are."""
        return list(self._orders.get(symbol, {}).values())

    def quiet(self, symbol: str) -> Range:
        """Return the bounds between which a last price moves none of the symbol's orders."""
        bounds = self._quiet.get(symbol)
        if bounds is None:
            bounds = self._quiet[symbol] = quiet_range(self._orders.get(symbol, {}).values())
        return bounds
