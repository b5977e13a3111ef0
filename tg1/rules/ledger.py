"""What orders executed, kept so that charges by executed order survive restarts and day rolls (behaviour 15). PURE.

An order is written down when it has left its level; what a working one has filled is read from the level. Orders of a
round trip that is not over keep its uuid, so that its record can say what it cost; the others are only counted by kind,
which keeps the state small however long the day is.
"""

from __future__ import annotations

from dataclasses import replace
from operator import is_
from typing import TYPE_CHECKING

from tg1.models import NO_CHARGES, Executed
from tg1.rules.charges import charges, without_dp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from tg1.models import BotState, Charges, LegOrder, OpenOrder, Role, TradeSide
    from tg1.rules.charges import Plans

    AccountOf = Callable[[Role, TradeSide], str]


def executed_by(order: LegOrder, level: OpenOrder, state: BotState, account: str) -> Executed:
    """What an order of the level has traded so far, as one executed order of the state's trading day."""
    return Executed(
        day=state.trading_day,
        account=account,
        symbol=order.symbol,
        side=order.side,
        product=state.grid.product_type,
        quantity=order.filled_quantity,
        value=order.filled_value,
        trip=level.uuid,
    )


def charges_so_far(state: BotState, account_of: AccountOf, plans: Plans) -> Charges:
    """What the bot has cost since its first day: the days before, the orders of this one, and parts of working ones."""
    return state.charges_before + charges([*_of_the_day(state), *_working(state, account_of)], plans)


class Meter:
    """`charges_so_far` for a cycle: reckoned anew only when an order has left its level or a working one has filled.

    A day's orders are many, and most cycles add none.
    """

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._day: tuple[date, tuple[object, ...]] | None = None
        self._cost = NO_CHARGES

    def so_far(self, state: BotState, account_of: AccountOf) -> Charges:
        """What the bot has cost since its first day."""
        if next(_working(state, account_of), None) is not None:
            return charges_so_far(state, account_of, self._plans)
        day = (state.trading_day, (*state.executed, *state.closing))
        if not self._is_known(day):
            self._day, self._cost = day, charges(_of_the_day(state), self._plans)
        return state.charges_before + self._cost

    def _is_known(self, day: tuple[date, tuple[object, ...]]) -> bool:
        """True for the very same orders: to compare what they are would cost as much as to reckon it."""
        if self._day is None or self._day[0] != day[0] or len(self._day[1]) != len(day[1]):
            return False
        return all(map(is_, self._day[1], day[1]))


def _working(state: BotState, account_of: AccountOf) -> Iterator[Executed]:
    for level in state.levels.values():
        for order in (level.order, level.oco_order):
            if order is not None and order.filled_quantity:
                yield executed_by(order, level, state, account_of(order.role, level.trade_side))


def _of_the_day(state: BotState) -> list[Executed]:
    """What has been executed since the state's trading day began, but for parts of working orders of the grid.

    Shares that were carried out of it are squared off on a later day without a roll.
    """
    today = state.trading_day
    return [
        *(one for one in state.executed if one.day == today),
        *(one for one in _closing(state) if one.day >= today),
    ]


def executed_on(state: BotState, day: date, account_of: AccountOf) -> list[Executed]:
    """All that has been executed on one day, as far as the state still knows it: its trading day or a later one."""
    working = _working(state, account_of) if day == state.trading_day else ()
    return [*(one for one in _of_the_day(state) if one.day == day), *working]


def _closing(state: BotState) -> Iterator[Executed]:
    for closing in state.closing:
        if closing.order.filled_quantity:
            yield Executed(
                day=closing.day,
                account=closing.account,
                symbol=closing.order.symbol,
                side=closing.order.side,
                product=state.grid.product_type,
                quantity=closing.order.filled_quantity,
                value=closing.order.filled_value,
            )


def trip_charges(executed: Iterable[Executed], trip: str, plans: Plans) -> Charges:
    """What the orders of one round trip cost, without the DP charge, which a symbol and a day pay together."""
    return charges((one for one in executed if one.trip == trip), without_dp(plans))


def trip_over(executed: Sequence[Executed], trip: str) -> list[Executed]:
    """The orders with those of a finished trip only counted by kind; what is not touched stays the same object."""
    kept = [one for one in executed if one.trip != trip]
    for one in (replace(one, trip="") for one in executed if one.trip == trip):
        alike = next((index for index, other in enumerate(kept) if _are_alike(one, other)), None)
        if alike is None:
            kept.append(one)
        else:
            kept[alike] = replace(one, orders=one.orders + kept[alike].orders)
    return kept


def _are_alike(one: Executed, other: Executed) -> bool:
    """True when they differ in their number alone; the value is what most often tells two of a day apart."""
    return one.value == other.value and replace(other, orders=one.orders) == one


def day_over(state: BotState, plans: Plans) -> tuple[Charges, list[Executed]]:
    """What all days cost once the state's trading day is over, and the orders whose round trips go on.

    A contract note has settled the day by then: a plan that is changed later does not touch it.
    """
    cost = state.charges_before + charges(_of_the_day(state), plans)
    return cost, [one for one in state.executed if one.trip in state.levels]
