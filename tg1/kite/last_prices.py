"""The last price of each symbol, and the moment and connection that it came on (behaviour 10.1, kite.md 1.6). PURE."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tg1.models import Quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class _Price:
    price: Decimal
    received_at: float
    connection: int


class LastPrices:
    """Prices of `symbols` (instrument token -> symbol). `now` is in monotonic seconds."""

    def __init__(self, symbols: Mapping[int, str]) -> None:
        self._symbols = dict(symbols)
        self._prices: dict[str, _Price] = {}
        self._connections = 0

    def serve(self, symbols: Mapping[int, str]) -> None:
        """Serve these symbols from now on."""
        self._symbols = dict(symbols)

    @property
    def known(self) -> tuple[str, ...]:
        """Symbols that have ever had a price."""
        return tuple(self._prices)

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._connections

    def on_connected(self) -> None:
        """A new connection: what earlier ones brought is history (behaviour 10.1)."""
        self._connections += 1

    def take(self, now: float, ticks: Iterable[Mapping[str, Any]]) -> int:
        """Take in `KiteTicker`'s ticks; return how many were of an unknown instrument or impossible, and left out."""
        ignored = 0
        for tick in ticks:
            symbol = self._symbols.get(tick.get("instrument_token", -1))
            price = _readable_price(tick.get("last_price"))
            if symbol is None or price is None:
                ignored += 1
            else:
                self._prices[symbol] = _Price(price=price, received_at=now, connection=self._connections)
        return ignored

    def quote(self, symbol: str, now: float, *, alive: bool) -> Quote | None:
        """Return the last price of `symbol`, fresh when the line is `alive`; None when none has ever come."""
        known = self._prices.get(symbol)
        if known is None:
            return None
        return Quote(
            symbol=symbol,
            price=known.price,
            age_secs=max(0.0, now - known.received_at),
            fresh=alive and known.connection == self._connections,
        )

    def missing(self) -> list[str]:
        """Return the symbols without a tick on this connection."""
        return [symbol for symbol in self._symbols.values() if not self._is_of_this_connection(symbol)]

    def quiet_since(self, now: float) -> float:
        """Return when the quietest symbol was last heard of; minus infinity when it never was."""
        return min((self._heard_at(symbol) for symbol in self._symbols.values()), default=now)

    def _is_of_this_connection(self, symbol: str) -> bool:
        known = self._prices.get(symbol)
        return known is not None and known.connection == self._connections

    def _heard_at(self, symbol: str) -> float:
        known = self._prices.get(symbol)
        return known.received_at if known else float("-inf")


def _readable_price(value: Any) -> Decimal | None:
    """Return the price in rupees; None when it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        # The shortest text of an int/100.0 is exact (kite.md 1.6).
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
