"""A recorded day beside its replay: orders equal and different, and the money of both. PURE."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.replay.reckoning import Trade
from tg1.replay.result import executed_of, to_paisa
from tg1.rules.charges import charges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from tg1.config import GridOcoConfig
    from tg1.replay.compare import Difference, Kind
    from tg1.replay.order_lives import OrderLife


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one of the two came to."""

    orders: int
    """Sent on this day."""
    fills: int
    gross: Decimal
    """Rupees: all cash of the day's trades, and what they left at the last price."""
    charges: Decimal
    ends: tuple[str, ...]
    """How each run ended."""

    @property
    def net(self) -> Decimal:
        """Gross less charges, to the paisa."""
        return self.gross - self.charges


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A day."""

    bot: str
    day: date
    runs: int
    cycles: int
    torn: int
    """Lines of the record that could not be used."""
    equal: int
    """Orders that both sent, with the same terms, fills and times."""
    live: Side
    again: Side
    differences: tuple[tuple[Difference, str], ...]
    """Each with its reason, in the order of time."""

    @property
    def counts(self) -> Mapping[Kind, int]:
        """Differences of each kind."""
        return Counter(one.kind for one, _ in self.differences)


def side_of(
    config: GridOcoConfig, lives: Iterable[OrderLife], last: Mapping[str, Decimal], ends: Sequence[str]
) -> Side:
    """The money of one side's orders; `last` are the day's last prices in rupees."""
    orders = list(lives)
    trades = [trade for life in orders for trade in _trades(life)]
    gross = sum((trade.quantity * last[trade.symbol] - trade.value for trade in trades), Decimal(0))
    cost = charges(executed_of(tuple(trades), config.product_type), config.plans).total
    return Side(
        orders=sum(not life.carried for life in orders),
        fills=len(trades),
        gross=to_paisa(gross),
        charges=to_paisa(cost),
        ends=tuple(ends),
    )


def _trades(life: OrderLife) -> Iterable[Trade]:
    for fill in life.fills:
        yield Trade(
            at=fill.at,
            account=life.account,
            symbol=life.symbol,
            order_id=life.client_id,
            client_id=life.client_id,
            quantity=fill.quantity * life.side.sign,
            price=fill.value / fill.quantity,
        )
