"""Keeps TokenB's orders where the rules want them, and sees when they fail (architecture 11; behaviour 5.3, 6, 7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Role, TradeSide
from tg1.rules import brackets, fills, tickets
from tg1.rules.untriggered import UntriggeredWatch
from tg1.trading.hedge_alarm import ALARM_SECS, HedgeAlarm

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from tg1.models import OpenOrder
    from tg1.rules.given import Moment
    from tg1.rules.untriggered import Steps
    from tg1.trading.book import Book
    from tg1.trading.parts import Parts

LATE_SECS = 1.0
"""A look that comes so much later than the interval of the polls was kept waiting by an account."""


class Hedging:
    """The hedges of all levels; does nothing on a stale TokenB price (behaviour 10.2)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._watch = UntriggeredWatch()
        self._alarm = HedgeAlarm(parts.keeper)
        self._looked_at = parts.clock.monotonic()

    def whom_to_ask(self, accounts: Iterable[str], unread: Container[str]) -> list[str]:
        """The accounts whose books are to be read now, those first that answered last time.

        While a hedge is passed and neither filled nor alarmed, only those: one that hangs must not delay either.
        """
        if self._watch.is_pending(ALARM_SECS):
            return [account for account in accounts if account not in unread]
        return sorted(accounts, key=unread.__contains__)

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
        """Cancel hedges that have to go and place the wanted ones, per direction.

        None on an unread account where something of ours may have filled.
        """
        parts, price_b = self._parts, moment.price_b
        if not parts.config.has_oco or price_b is None:
            return
        wanted = []
        priced = self._priced()
        for trade_side in TradeSide if priced else ():
            account = parts.client.account_of(Role.OCO, trade_side)
            if account in unread and account in parts.accounts_to_mind():
                continue
            levels = [level for level in priced if level.trade_side is trade_side]
            plan = brackets.plan_ocos(levels, parts.rules, price_b, moment.now)
            for level, why in plan.cancel:
                if level.oco_order is not None:
                    parts.desk.cancel(level, level.oco_order, why, moment)
            wanted += [tickets.oco_ticket(level, parts.rules, price_b) for level in plan.place]
        parts.desk.place(wanted, moment)

    def untriggered(self, books: Mapping[str, Book], moment: Moment) -> Mapping[TradeSide, int]:
        """How many levels of each half have a hedge that should have filled and has not (behaviour 7.4)."""
        if not self._parts.config.has_oco:
            return {}
        priced = self._priced()
        # A hedge whose book could not be read may have filled long ago: it must not count.
        blind = [side for side in TradeSide if priced and self._parts.keeper.is_unseen(books, Role.OCO, side)]
        counts = self._watch.look(priced, moment, blind, self._steps_meanwhile(moment))
        self._alarm.look(self._watch.overdue(ALARM_SECS), self._parts.rules, moment)
        return counts

    def _steps_meanwhile(self, moment: Moment) -> Steps:
        """What TokenB's price did since the last look, when an account kept the bot waiting; else nothing.

        A look in time is not to alarm before the order that it places had its cycle to fill.
        """
        parts, waited_secs = self._parts, moment.monotonic - self._looked_at
        self._looked_at = moment.monotonic
        quote_b = parts.quotes[1]
        was_late = waited_secs >= parts.config.poll_interval + LATE_SECS
        return quote_b.steps if was_late and quote_b is not None else ()

    def _priced(self) -> list[OpenOrder]:
        """Levels that have a hedge price, closed ones included: a quiet grid has none."""
        return [level for level in self._parts.state.levels.values() if level.oco_trade_price is not None]

    def note_fill(self, trade_side: TradeSide) -> None:
        """A hedge of that half filled."""
        self._watch.note_progress(self._parts.state.levels.values(), trade_side)

    def begin_anew(self) -> None:
        """A new trading day."""
        self._watch.begin_anew()
