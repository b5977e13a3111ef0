"""What a bot that is gone left at the brokers, by its state or, without one, by its last snapshot. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Role
from tg1.rules import squaring
from tg1.told.portrait import told_order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tg1.models import BotState, TradeSide
    from tg1.rules.ledger import AccountOf
    from tg1.told.found import Found
    from tg1.told.snapshot import Snapshot, ToldOrder


def orders_left(found: Found, today: date) -> tuple[ToldOrder, ...]:
    """Orders that worked, or may have, when the bot was there last: entries, targets, hedges, closing orders.

    An order lives for a day (behaviour 9.5): what was left on an earlier one is gone. So is what a rehearsal left,
    whose exchange ends with it.
    """
    if found.is_paper:
        return ()
    if found.saved is not None:
        state = found.saved.state
        return tuple(_of_state(state, found.snapshot)) if state.trading_day >= today else ()
    snapshot = found.snapshot
    return snapshot.orders if snapshot is not None and snapshot.written_at.date() >= today else ()


def _of_state(state: BotState, snapshot: Snapshot | None) -> Iterator[ToldOrder]:
    accounts = {(order.role, order.side): order.account for order in snapshot.orders} if snapshot else {}
    for level in state.levels.values():
        for order in level.orders:
            yield told_order(order, level.name, accounts.get((order.role, order.side), ""))
    for closing in state.closing:
        if not closing.is_over:
            yield told_order(closing.order, "", closing.account)


def shares_left(found: Found) -> str:
    """What a square-off left, by the bot's own books, e.g. "+100 IRFC in account trade"; empty for nothing."""
    if found.saved is None or not found.saved.state.closing:
        return ""
    held = squaring.held(found.saved.state, _account_of(found.snapshot))
    return ", ".join(f"{shares:+d} {symbol} in account {account}" for (account, symbol), shares in held.items())


def _account_of(snapshot: Snapshot | None) -> AccountOf:
    """Which account carries a leg: roles with one app key share the name of the first (`Broker.accounts`)."""
    names = {account.name for account in snapshot.accounts} if snapshot is not None else set()

    def account_of(role: Role, side: TradeSide) -> str:
        own = f"{side}_oco"
        if role is not Role.OCO:
            return "trade"
        return own if own in names or not names else "upside_oco" if "upside_oco" in names else "trade"

    return account_of


def left_text(count: int, *, resumes: bool) -> str:
    """What may work at the broker, and what to do about it, as half a sentence; `count` is above 0.

    `resumes`: a start goes on with these orders.
    """
    orders, minds = ("1 order of it", "it") if count == 1 else (f"{count} orders of it", "them")
    again = "start it again, or " if resumes else ""
    return (
        f"{orders} may still work at the broker, and nobody minds {minds}: {again}remove {minds} with "
        "tg1 run --cancel-all and the flags of its start (tg1 orders has the list)"
    )
