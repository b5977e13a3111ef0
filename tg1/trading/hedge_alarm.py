"""Tells a person of each hedge that should have filled and has not: no position stays naked in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tg1.models import OpenOrder
    from tg1.rules.given import Moment, Rules
    from tg1.trading.bookkeeper import Bookkeeper

ALARM_SECS = 3.0
"""TokenB has been seen at or beyond a hedge's price for so long: a cycle to place it, one to see it fill, and one more.

So a person knows within 5 s of market time: up to a second goes by until the price is seen, and a cycle may be late.
A bot that was kept waiting counts from the tick that passed the price, which the feed heard meanwhile.
"""


class HedgeAlarm:
    """Says it once when a level is naked and once when that ends, long before the rule of architecture 13 counts it."""

    def __init__(self, keeper: Bookkeeper) -> None:
        self._keeper = keeper
        self._said: set[str] = set()

    def look(self, naked: Collection[str], rules: Rules, moment: Moment) -> None:
        """`naked` holds the uuids of the levels whose hedge is overdue now."""
        levels = self._keeper.state.levels
        for uuid in naked:
            if uuid not in self._said:
                self._said.add(uuid)
                self._keeper.renew_attention(f"unhedged {uuid}", self._sentence(levels[uuid], rules), moment)
        for uuid in self._said - set(naked):
            self._said.discard(uuid)
            self._keeper.end_attention(f"unhedged {uuid}", _end(levels.get(uuid)), moment)

    def _sentence(self, level: OpenOrder, rules: Rules) -> str:
        return (
            f"{level.trade_side} level {level.level}: {rules.token_b_symbol} has been at or beyond "
            f"{level.oco_trade_price:.2f} for {ALARM_SECS:.0f} s and the hedge has not filled ({self._why(level)}): "
            f"{level.open_quantity} {rules.token_a_symbol} are open without it"
        )

    def _why(self, level: OpenOrder) -> str:
        order, reason = level.oco_order, level.oco_backoff.reason
        if order is None:
            known = self._keeper.blame.unplaced.get(level.uuid)
            return known or (f"its orders are rejected: {reason}" if reason else "it waits for a place")
        if order.in_doubt:
            return "nobody knows yet what became of its order"
        return f"its order {order.order_id} works at {order.limit_price:.2f}"


def _end(level: OpenOrder | None) -> str:
    if level is None or not level.is_open:
        return "the level is hedged or closed"
    return "its hedge price is not passed any more"
