"""What each level of the grid came to: a report's reckoning. PURE.

Nothing here asks the bot: the trades are the exchange's, and an order's client id says whose it was.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import ZERO, Role
from tg1.replay.reckoning import Purse
from tg1.replay.result import executed_of
from tg1.report.story import LevelStory
from tg1.rules.charges import charges, square_off_fee
from tg1.rules.client_ids import parse_client_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tg1.replay.reckoning import Trade
    from tg1.report.story import OrderStory
    from tg1.rules.charges import Plans

NO_LEVEL = ""
"""Where what belongs to no level is told."""


def level_name(client_id: str) -> str:
    """The level that an order belongs to, e.g. "B2" for the second BUY level; empty for an order that is no level's."""
    parsed = parse_client_id(client_id)
    if parsed is None or parsed.role is Role.CLOSE:
        return NO_LEVEL
    return f"{parsed.trade_side.entry_direction[0]}{parsed.level}"


def order_charges(trades: Sequence[Trade], product: str, plans: Plans) -> Decimal:
    """What one order cost, taken alone; nothing when it did not trade."""
    if not trades:
        return ZERO
    total = charges(executed_of(tuple(trades), product), plans).total
    first = trades[0]
    return total + (square_off_fee(first.account, first.at.date(), plans).total if first.by_broker else ZERO)


class LevelPurses:
    """Each level's cash and shares over the days."""

    def __init__(self, plans: Plans, product: str) -> None:
        self._plans = plans
        self._product = product
        self._purses: dict[str, Purse] = defaultdict(Purse)
        self._worth: dict[str, Decimal] = defaultdict(Decimal)

    def day(
        self,
        trades: Sequence[Trade],
        orders: Sequence[OrderStory],
        grid: Mapping[str, tuple[Decimal, Decimal]],
        last: Mapping[str, Decimal],
        all_charges: Decimal,
    ) -> tuple[LevelStory, ...]:
        """Every level's day, highest price first; they add up to the day's gross and charges."""
        cost: dict[str, Decimal] = defaultdict(Decimal)
        for trade in trades:
            for name, part in self._parts(trade):
                self._purses[name].add(part)
        for order in orders:
            cost[order.level] += order.charges
        cost[NO_LEVEL] += all_charges - sum(cost.values(), ZERO)
        names = sorted({*grid, *self._purses} - {NO_LEVEL}, key=lambda name: _rank(name, grid))
        stories = [self._story(name, orders, grid, last, cost[name]) for name in [*names, NO_LEVEL]]
        if self._product == "MIS":
            for purse in self._purses.values():
                purse.close_all(last)
        return tuple(one for one in stories if one.name or one.gross or abs(one.charges) >= Decimal("0.005"))

    def _parts(self, trade: Trade) -> Iterator[tuple[str, Trade]]:
        """Whose trade it was; the broker's own closes what each level holds there."""
        name = level_name(trade.client_id)
        if name or not trade.by_broker:
            yield name, trade
            return
        rest = trade.quantity
        for other, purse in list(self._purses.items()):
            held = purse.holdings[trade.account, trade.symbol].quantity
            if held * rest < 0:
                part = max(-held, rest) if rest < 0 else min(-held, rest)
                rest -= part
                yield other, replace(trade, quantity=part)
        if rest:
            yield NO_LEVEL, replace(trade, quantity=rest)

    def _story(
        self,
        name: str,
        orders: Sequence[OrderStory],
        grid: Mapping[str, tuple[Decimal, Decimal]],
        last: Mapping[str, Decimal],
        cost: Decimal,
    ) -> LevelStory:
        purse = self._purses[name]
        worth = purse.value(last)
        gross, self._worth[name] = worth - self._worth[name], worth
        whole = [order.role for order in orders if order.level == name and order.end == "filled"]
        entry, target = grid.get(name, (None, None))
        return LevelStory(
            name=name,
            entry=entry,
            target=target,
            trips=whole.count("target"),
            hedges=whole.count("hedge"),
            held=", ".join(f"{one.quantity:+d} {symbol}" for (_, symbol), one in purse.open_positions()),
            gross=gross,
            charges=cost,
        )


def _rank(name: str, grid: Mapping[str, tuple[Decimal, Decimal]]) -> tuple[Decimal, str]:
    entry, _ = grid.get(name, (ZERO, ZERO))
    return -entry, name
