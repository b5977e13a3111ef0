"""The last price of each symbol: when it came, on which connection, and whether it answered a subscription. PURE.

Subscribing is asking: the server answers with its cached tick (kite.md 0.3). So a quiet symbol is told from a lost one
by asking again (behaviour 10.1), and an answer, which may be yesterday's close, from a price that the market made since
(behaviour 1.4). `now` is in monotonic seconds throughout.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tg1.models import Quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STEPS = 32
"""Changes of a price that are remembered: several seconds of a busy market."""
# One answer may come twice, once for "subscribe" and once for "mode"; which, is not known (kite.md 1.5).
_ANSWERED_WITHIN_SECS = 5.0


@dataclass(slots=True, kw_only=True)
class _Line:
    """What is known of one symbol."""

    symbol: str
    price: Decimal | None = None
    received_at: float = float("-inf")
    """Never heard of is as quiet as can be, so a symbol that is added to a connection is asked for at once."""
    connection: int = 0
    asked_at: float = 0.0
    questions: int = 0
    """Subscriptions without an answer so far; 0 when the last one was answered."""
    answer: Decimal | None = None
    answered_at: float = 0.0
    ticked_again: bool = False
    """A price other than the subscription's answer came on this connection."""
    steps: deque[tuple[float, Decimal]] = field(default_factory=lambda: deque(maxlen=_STEPS))
    """When the price changed on this connection, and to what."""

    def is_of(self, connection: int) -> bool:
        return self.price is not None and self.connection == connection

    def ask(self, now: float) -> None:
        self.asked_at = now
        self.questions += 1

    def take(self, price: Decimal, now: float, connection: int) -> None:
        if not self.steps or self.steps[-1][1] != price:
            self.steps.append((now, price))
        self.price, self.received_at, self.connection = price, now, connection
        if self.questions:
            self.questions, self.answer, self.answered_at = 0, price, now
        elif price != self.answer or now - self.answered_at > _ANSWERED_WITHIN_SECS:
            self.ticked_again = True


class LastPrices:
    """Prices of `symbols` (instrument token -> symbol)."""

    def __init__(self, symbols: Mapping[int, str]) -> None:
        self._lines: dict[int, _Line] = {}
        self._connections = 0
        self.serve(symbols)

    def serve(self, symbols: Mapping[int, str]) -> None:
        """Serve these symbols from now on; what is known of them stays."""
        self._lines = {token: self._lines.get(token) or _Line(symbol=symbol) for token, symbol in symbols.items()}

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._connections

    def on_connected(self, now: float) -> None:
        """A new connection subscribed to everything: what earlier ones brought is history (behaviour 10.1)."""
        self._connections += 1
        for line in self._lines.values():
            line.questions, line.answer, line.ticked_again = 0, None, False
            line.steps.clear()
            line.ask(now)

    def ask(self, now: float, tokens: Iterable[int]) -> None:
        """Note that these were subscribed anew."""
        for token in tokens:
            self._lines[token].ask(now)

    def take(self, now: float, ticks: Iterable[Mapping[str, Any]]) -> int:
        """Take in `KiteTicker`'s ticks of any mode; return how many were of an unknown instrument or impossible.

        Those are left out.
        """
        ignored = 0
        for tick in ticks:
            line = self._lines.get(tick.get("instrument_token", -1))
            price = readable_price(tick.get("last_price"))
            if line is None or price is None:
                ignored += 1
            else:
                line.take(price, now, self._connections)
        return ignored

    def quote(self, symbol: str, now: float, *, alive: bool) -> Quote | None:
        """Return the last price of `symbol`, fresh when the line is `alive`; None when none has ever come."""
        line = next((line for line in self._lines.values() if line.symbol == symbol), None)
        if line is None or line.price is None:
            return None
        return Quote(
            symbol=symbol,
            price=line.price,
            age_secs=max(0.0, now - line.received_at),
            fresh=alive and line.is_of(self._connections),
            cached=not line.ticked_again,
            steps=tuple((now - at, price) for at, price in line.steps),
        )

    @property
    def known(self) -> tuple[str, ...]:
        """Symbols that have ever had a price."""
        return tuple(line.symbol for line in self._lines.values() if line.price is not None)

    @property
    def missing(self) -> tuple[str, ...]:
        """Symbols without a tick on this connection."""
        return tuple(line.symbol for line in self._lines.values() if not line.is_of(self._connections))

    @property
    def tokens(self) -> tuple[int, ...]:
        """All instrument tokens."""
        return tuple(self._lines)

    @property
    def all_answered(self) -> bool:
        """True when no subscription waits for its answer."""
        return not any(line.questions for line in self._lines.values())

    def quiet(self, now: float, secs: float) -> tuple[int, ...]:
        """Return the tokens that answered, and have been without a tick for longer than `secs` since."""
        lines = self._lines.items()
        return tuple(token for token, line in lines if not line.questions and now - line.received_at > secs)

    def unanswered(self, now: float, secs: float, *, questions: int) -> tuple[int, ...]:
        """Return the tokens whose last of at least so many `questions` in a row has had no answer for `secs`."""
        lines = self._lines.items()
        return tuple(token for token, line in lines if line.questions >= questions and now - line.asked_at >= secs)

    def names(self, tokens: Iterable[int]) -> str:
        """Return the symbols of `tokens`, for a sentence."""
        return " and ".join(self._lines[token].symbol for token in tokens)


def readable_price(value: Any) -> Decimal | None:
    """Return the price in rupees; None when it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        # The shortest text of an int/100.0 is exact (kite.md 1.6).
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
