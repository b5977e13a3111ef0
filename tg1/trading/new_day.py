"""A new trading day (behaviour 9.5): DAY orders of yesterday are gone, MIS begins anew, CNC and NRML go on."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, SaveFailed
from tg1.rules import client_ids, day_roll, grid
from tg1.rules.ledger import day_over
from tg1.rules.square_off import left_to_broker
from tg1.screen.money import squared_off_text
from tg1.trading.settling import books_of_all
from tg1.trading.starting import blank_state, check_centre, check_hedges

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import date
    from decimal import Decimal

    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)


class NewDay:
    """Moves the state from one trading day to the next."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._not_rolled: date | None = None
        """The day of which it was already said that it is not rolled yet."""

    def roll_if_needed(self, price_a: Decimal) -> None:
        """At a start: roll a state of an earlier day; it stays as it is while today's books still show its orders."""
        today = self._parts.clock.now().date()
        if self._parts.state.trading_day != today:
            self.roll(today, price_a)

    def follow(self, moment: Moment) -> bool:
        """Roll the state when the date changed while the bot runs; False when it has to be tried again later."""
        try:
            return self.roll(moment.now.date(), None)
        except BrokerUnavailable as exc:
            log.warning("The day is not rolled yet: %s", exc)
        except SaveFailed as exc:
            self._parts.note_save_failed(exc)
        return False

    def roll(self, today: date, price_a: Decimal | None) -> bool:
        """Move the state to a new trading day; False while today's books still show its orders.

        With `price_a` (rupees) and `--auto-entry` a new MIS day gets a new centre; otherwise the old one. Raises
        `BrokerUnavailable` and `SaveFailed`.
        """
        parts = self._parts
        books = books_of_all(parts)
        moment = parts.moment()
        seen = {client_id for book in books.values() for client_id in book.ours}
        if any(order.client_id in seen for _, order in parts.keeper.live_orders()):
            if self._not_rolled != today:
                log.warning("The date says %s but the books still show this grid's orders: not rolled yet", today)
            self._not_rolled = today
            # Their last words may stand there now, and nowhere later.
            parts.take_books(books, moment)
            parts.save(moment)
            return False
        self._expire_unseen(seen, moment)
        if parts.config.product_type == "MIS":
            self._begin_anew(price_a, moment)
        else:
            self._carry_levels(today, moment)
        parts.keeper.save(moment.now)
        return True

    def forget_gone_orders(self, today: date) -> None:
        """End the orders that went with an earlier day, without rolling the state (for one that is terminating)."""
        if self._parts.state.trading_day != today:
            books = books_of_all(self._parts)
            moment = self._parts.moment()
            self._expire_unseen({client_id for book in books.values() for client_id in book.ours}, moment)

    def _begin_anew(self, price_a: Decimal | None, moment: Moment) -> None:
        parts, old = self._parts, self._parts.state
        squared_off = left_to_broker(old, parts.client.account_of)
        archive = parts.store.archive(moment.now, f"day {old.trading_day}", keep=True)
        log.info("New trading day: the MIS state of %s is archived as %s", old.trading_day, archive)
        for one in squared_off:
            log.warning("%s", squared_off_text(one.position, one.last, one.gain))
        centre = old.grid.entry_price
        if price_a is not None and parts.config.auto_entry:
            centre = grid.to_tick(price_a, parts.tick_a)
        identity = replace(old.grid, entry_price=centre)
        rows = grid.rows_of(identity, parts.tick_a)
        if price_a is not None:
            check_centre(rows, price_a, allow_off_centre=parts.config.allow_off_centre)
            check_hedges(parts, identity)
        state = day_roll.carried_over(old, blank_state(parts, identity, moment.now), squared_off, parts.plans)
        if state.generation == old.generation:
            state.generation = client_ids.next_generation(state.generation)
        state.levels = grid.create_levels(identity, rows, state.bot_name, parts.new_uuid)
        parts.store.state = state

    def _carry_levels(self, today: date, moment: Moment) -> None:
        parts, state = self._parts, self._parts.state
        for level in list(state.levels.values()):
            parts.keeper.apply(level, day_roll.refresh(level, parts.rules, moment), "", moment)
        state.charges_before, state.executed = day_over(state, parts.plans)
        state.trading_day = today
        state.settled.clear()
        log.info("New trading day %s: orders of the day before are gone, positions are kept", today)

    def _expire_unseen(self, seen: Container[str], moment: Moment) -> None:
        parts = self._parts
        for gone in day_roll.expired_orders(parts.state, seen):
            parts.keeper.call_attention(f"expired {gone.order.client_id}", gone.sentence, moment)
            level = parts.state.levels[gone.level.uuid]
            change = day_roll.expire(level, gone.order.role, parts.rules, moment, parts.state.next_opened_seq)
            parts.keeper.apply(level, change, "", moment)
