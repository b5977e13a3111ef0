"""A new trading day in IST: DAY orders of yesterday are gone (behaviour 9.5). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.models import NO_BACKOFF, BotState, DayStart, LegOrder, OpenOrder, Role
from tg1.rules.change import Change
from tg1.rules.conclusions import conclude
from tg1.rules.fills import apply_reading
from tg1.rules.ledger import day_over
from tg1.rules.reconcile import Reading, Resolution
from tg1.rules.transitions import stay

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from tg1.rules.charges import Plans
    from tg1.rules.given import Moment, Rules
    from tg1.rules.square_off import SquaredOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """An order of an earlier day whose last word nobody heard."""

    level: OpenOrder
    order: LegOrder

    @property
    def sentence(self) -> str:
        """What the operator should check."""
        name = self.order.order_id or self.order.client_id
        return (
            f"{self.level.trade_side} level {self.level.level}: {self.order.role} {self.order.side} of "
            f"{self.order.remaining} {self.order.symbol} ({name}) was working when the last trading day was left; "
            "compare the account's position in case it filled unseen"
        )


def expired_orders(state: BotState, in_todays_books: Container[str]) -> list[Expired]:
    """Orders that the state calls working but that no book of today shows (by client id)."""
    return [
        Expired(level=level, order=order)
        for level in state.levels.values()
        for order in level.orders
        if order.client_id not in in_todays_books
    ]


def expire(level: OpenOrder, role: Role, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    """End one of the level's orders as a DAY order ends at the close: what it filled stays (behaviour 5.2)."""
    order = level.oco_order if role is Role.OCO else level.order
    if order is None:
        return Change(level=level)
    reading = Reading(resolution=Resolution.CANCELLED, order=order)
    # Yesterday's book can't be read any more, so there is nothing to watch the order in.
    return replace(apply_reading(level, reading, rules, moment, opened_seq), settled=None)


def refresh(level: OpenOrder, rules: Rules, moment: Moment) -> Change:
    """A carried level in the morning: pauses and back-offs of yesterday are over."""
    rested = stay(level, backoff=NO_BACKOFF, oco_backoff=NO_BACKOFF)
    return conclude(rested, rules, moment.now)


def carried_over(old: BotState, new: BotState, squared_off: Iterable[SquaredOff], plans: Plans) -> BotState:
    """The MIS morning: counters start at zero; money, history and open attention come along (behaviour 9.5)."""
    new.charges_before, _ = day_over(old, plans)
    new.squared_off_pnl = old.squared_off_pnl
    for one in squared_off:
        new.charges_before += one.charges(old, plans)
        new.squared_off_pnl += one.gain
    new.last_prices = list(old.last_prices)
    new.total_pnl = old.total_pnl
    new.day_start = DayStart(realised=new.total_pnl)
    new.order_history = list(old.order_history)
    new.next_record_seq = old.next_record_seq
    new.attention = list(old.attention)
    new.paused_sides, new.pause_seen = list(old.paused_sides), old.pause_seen
    return new
