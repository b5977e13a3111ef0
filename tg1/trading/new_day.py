"""A new trading day (behaviour 9.5): DAY orders of yesterday are gone, MIS begins anew, CNC and NRML go on."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, SaveFailed
from tg1.rules import client_ids, day_roll, day_sheets, grid
from tg1.rules.hours import opening
from tg1.rules.ledger import day_over
from tg1.rules.square_off import left_to_broker
from tg1.screen.money import counted, squared_off_text
from tg1.trading.settling import books_of_all
from tg1.trading.starting import blank_state, check_centre, check_hedges

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import date
    from decimal import Decimal

    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts
    from tg1.trading.session import TradingSession

log = logging.getLogger(__name__)

CALL_AFTER_SECS = 60.0
NOT_ROLLED = "not rolled"
"""Key of the attention for a day that can't be begun."""


class NewDay:
    """Moves the state from one trading day to the next."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._not_rolled: date | None = None
        """The day of which it was already said that it is not rolled yet."""
        self._waits_since: float | None = None
        """Since when a day can't be begun, in seconds of the monotonic clock; None while none waits."""

    def begin(self, price_a: Decimal, session: TradingSession) -> bool:
        """At a start: roll a state of an earlier day, and wait while today's books still show its orders.

        Each try has a price of its own moment: the grid of the day lies around none that is old by then. False when
        the session ended or a stop was asked for meanwhile. Raises what `roll` raises, for the first try.
        """
        parts, clock = self._parts, self._parts.clock
        if parts.state.trading_day == clock.now().date() or self.roll(clock.now().date(), price_a):
            return True
        while not clock.stop_requested:
            clock.wait_until(clock.monotonic() + parts.config.poll_interval)
            moment = parts.moment()
            if session.is_over(moment.now):
                return False
            if self._try(moment, moment.price_a, needs_price=True):
                return True
        return False

    def follow(self, moment: Moment) -> bool:
        """Roll the state when the date changed while the bot runs; False when it has to be tried again later.

        A bot that keeps to the hours of trading has slept through a night, and trades now. One that ignores them
        has come to midnight, where there is no price of the new day: its grid stays.
        """
        trades = self._parts.config.effective_stop is not None
        return self._try(moment, moment.price_a if trades else None, needs_price=trades)

    def _try(self, moment: Moment, price_a: Decimal | None, *, needs_price: bool) -> bool:
        parts = self._parts
        try:
            if needs_price and price_a is None and parts.config.product_type == "MIS":
                self._waits(f"there is no fresh price of {parts.config.token_a_symbol}", moment)
                return False
            return self.roll(moment.now.date(), price_a)
        except BrokerUnavailable as exc:
            log.warning("The day is not rolled yet: %s", exc)
            self._waits(str(exc), moment)
        except SaveFailed as exc:
            parts.note_save_failed(exc)
        return False

    def _waits(self, why: str, moment: Moment) -> None:
        """Call for a person when a day is not begun a minute after it could be."""
        if self._waits_since is None or moment.now < opening(moment.now):
            self._waits_since = moment.monotonic
        if not self._is_called_for and moment.monotonic - self._waits_since >= CALL_AFTER_SECS:
            self._parts.keeper.renew_attention(NOT_ROLLED, f"today's grid is not begun: {why}", moment)
        self._parts.save(moment)

    @property
    def _is_called_for(self) -> bool:
        """True while a person is called for, by this process or by one before it."""
        return any(item.key == NOT_ROLLED and not item.is_over for item in self._parts.state.attention)

    def _begun(self, moment: Moment) -> None:
        self._waits_since = None
        if self._is_called_for:
            self._parts.keeper.end_attention(NOT_ROLLED, f"the grid of {moment.now.date()} is begun", moment)

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
            self._waits(self._still_shown(seen), moment)
            return False
        self._expire_unseen(seen, moment)
        parts.store.note_days(day_sheets.sheets_of(parts.state, parts.client.account_of, parts.plans))
        if parts.config.product_type == "MIS":
            self._begin_anew(price_a, moment)
        else:
            self._carry_levels(today, moment)
        self._begun(moment)
        parts.keeper.save(moment.now)
        return True

    def _still_shown(self, seen: Container[str]) -> str:
        parts = self._parts
        count = sum(1 for _, order in parts.keeper.live_orders() if order.client_id in seen)
        return (
            f"the order books still show {counted(count, 'order')} of {parts.state.trading_day} as working; look at "
            "the broker's own screen; --cancel-all ends them, then start it again"
        )

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
        state.day_start = day_sheets.evening_of(state, parts.client.account_of)
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
