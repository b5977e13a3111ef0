"""Keeps TokenB's orders where the rules want them: priced and bracketed (architecture 11; behaviour 5.3, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Role, TradeSide
from tg1.rules import decide, fills, tickets

if TYPE_CHECKING:
    from collections.abc import Container

    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts


class Hedging:
    """The hedges of all levels; does nothing on a stale TokenB price (behaviour 10.2)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def price_pending(self, moment: Moment) -> None:
        """Give every open level that waits for its hedge price the one of this moment."""
        parts = self._parts
        if not parts.config.has_oco or moment.price_b is None:
            return
        for level in list(parts.state.levels.values()):
            if level.is_open and level.oco_trade_price is None:
                change = fills.set_pending_hedge(level, parts.rules, moment.price_b)
                parts.keeper.apply(level, change, "", moment)

    def bracket(self, moment: Moment, unread: Container[str]) -> None:
        """Cancel stale hedges and place the wanted ones, per direction; none on an account that is unread."""
        parts, price_b = self._parts, moment.price_b
        if not parts.config.has_oco or price_b is None:
            return
        wanted = []
        for trade_side in TradeSide:
            if parts.client.account_of(Role.OCO, trade_side) in unread:
                continue
            levels = [level for level in parts.state.levels.values() if level.trade_side is trade_side]
            plan = decide.plan_ocos(levels, price_b, moment.now)
            for level in plan.cancel:
                if level.oco_order is not None:
                    parts.desk.cancel(level, level.oco_order, "not next to TokenB's price any more", moment)
            wanted += [tickets.oco_ticket(level, parts.rules, price_b) for level in plan.place]
        parts.desk.place(wanted, moment)
