"""How a bot begins: a fresh grid, a resumed one, a new day, or a refusal (architecture 18; behaviour 1.4, 3.4, 9)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable, ConfigError, FeedError, StateError
from tg1.models import ACTIVE, NO_BACKOFF, BotState, StatusKind
from tg1.ports import price_of
from tg1.rules import client_ids, day_roll, grid
from tg1.settings.same_grid import compare_grids

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from datetime import date
    from decimal import Decimal

    from tg1.models import GridIdentity, Quote
    from tg1.rules.grid import GridRow
    from tg1.trading.bookkeeper import Book, Orphan
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

PRICES_WITHIN_SECS = 30.0
"""Behaviour 10.3."""
BROKER_WITHIN_SECS = 60.0
"""How long the books may be unreadable, or doubts unresolved, at a start before it is given up (exit 4)."""
STEP_SECS = 1.0
PRICE_STEP_SECS = 0.1


class Opening:
    """Everything between the command line and the first cycle."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._not_rolled: date | None = None
        """The day of which it was already said that it is not rolled yet."""

    # -- the saved state -----------------------------------------------------------------------------------------------

    def load(self) -> BotState | None:
        """The saved state when it may be resumed; None for a fresh start. `StateError` refuses (behaviour 9)."""
        config, store = self._parts.config, self._parts.store
        try:
            saved = store.load()
        except StateError as exc:
            if not config.fresh:
                raise
            log.warning("The saved state can't be read and will be archived: %s", exc)
            return None
        if saved is None or config.fresh:
            return saved
        if saved.bot_status.kind is StatusKind.TERMINATED:
            raise StateError(
                f"{config.bot_name!r} was terminated by its own rules ({saved.bot_status.reason}); "
                "give --fresh to archive that state and start a new grid."
            )
        given = config.identity(saved.grid.entry_price if config.auto_entry else None)
        difference = compare_grids(saved.grid, given)
        if difference:
            raise StateError(
                f"The saved grid of {config.bot_name!r} differs from the command line; start it with the saved values, "
                f"or give --fresh to archive it:\n{difference}"
            )
        return saved

    def confirm_nothing_works(self, saved: BotState | None) -> bool:
        """Before `--fresh`: archive the old state once no order of this bot is working (behaviour 9.3).

        False when a stop was asked for before that was known. `StateError` when some order is working.
        """
        parts = self._parts
        if saved is None or saved.trading_day != parts.clock.now().date():
            # Orders of an earlier day are gone, whatever their state says (behaviour 9.5): today's books decide.
            if saved is None:
                parts.store.state = self._blank(parts.config.identity())
            books = self._books_of_all()
            working = [row for book in books.values() for rows in book.ours.values() for row in rows]
            left = [row.order_id for row in working if not row.status.is_final]
        else:
            self.reconcile()
            left = [order.order_id or order.client_id for _, order in parts.books.live_orders()]
        if parts.clock.stop_requested:
            return False
        if left:
            raise StateError(
                f"{len(left)} orders of {parts.config.bot_name!r} are still working ({', '.join(left[:5])}); "
                "cancel them with --cancel-all before --fresh."
            )
        if saved is not None and (saved.upside_net_quantity or saved.downside_net_quantity):
            log.warning(
                "The archived grid held net upside %d, net downside %d shares of %s: what is still open has neither "
                "target nor hedge any more",
                saved.upside_net_quantity,
                saved.downside_net_quantity,
                saved.grid.token_a_symbol,
            )
        archive = parts.store.archive(parts.clock.now(), "fresh")
        log.info("The old state is archived as %s", archive)
        return True

    # -- fresh ---------------------------------------------------------------------------------------------------------

    def create(self, price_a: Decimal, create_levels: Callable[[BotState, tuple[GridRow, ...]], None]) -> None:
        """A new grid around the configured centre, or around TokenA's price with `--auto-entry`."""
        parts, config = self._parts, self._parts.config
        identity = config.identity(grid.to_tick(price_a, parts.tick_a) if config.auto_entry else None)
        rows = grid.rows_of(identity, parts.tick_a)
        self._check_centre(rows, price_a)
        state = self._blank(identity)
        parts.store.state = state
        books = self._books_of_all()
        while any(client_id[5:8] == state.generation for book in books.values() for client_id in book.ours):
            state.generation = client_ids.next_generation(state.generation)
        create_levels(state, rows)
        self.reconcile(books)
        parts.books.save()
        log.info("Fresh grid of %d levels around %.2f", len(rows), identity.entry_price)

    def _blank(self, identity: GridIdentity) -> BotState:
        now = self._parts.clock.now()
        return BotState(
            bot_name=self._parts.config.bot_name,
            bot_status=ACTIVE,
            grid=identity,
            generation=client_ids.generation_of(now),
            trading_day=now.date(),
        )

    def _check_centre(self, rows: tuple[GridRow, ...], price_a: Decimal) -> None:
        centring = grid.centring(rows, price_a)
        if centring.outside and not self._parts.config.allow_off_centre:
            raise ConfigError(centring.outside)
        if centring.crossed:
            log.warning("TokenA trades at %.2f, beyond %d entries: those will fill at once", price_a, centring.crossed)

    # -- resume --------------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Continue the loaded state: what happened meanwhile is booked before anything is placed."""
        parts, state = self._parts, self._parts.state
        if parts.config.clear_attention:
            self._clear_attention(state)
        self.reconcile()
        state.bot_status = ACTIVE
        parts.books.save()
        log.info(
            "Resumed %s: %d levels, %d orders working, net upside %d, net downside %d",
            state.bot_name,
            len(state.levels),
            sum(1 for _ in parts.books.live_orders()),
            state.upside_net_quantity,
            state.downside_net_quantity,
        )
        for item in state.attention:
            log.error("ATTENTION since %s: %s", item.at, item.text)

    @staticmethod
    def _clear_attention(state: BotState) -> None:
        state.attention.clear()
        for key, level in state.levels.items():
            state.levels[key] = replace(level, backoff=NO_BACKOFF, oco_backoff=NO_BACKOFF)

    def reconcile(self, books: dict[str, Book] | None = None) -> None:
        """Read every book until no order is in doubt and no orphan works (behaviour 3.4).

        `books` is a first snapshot that is at hand already. Raises `BrokerUnavailable` when it takes longer than
        `BROKER_WITHIN_SECS`.
        """
        parts = self._parts
        deadline = parts.clock.monotonic() + BROKER_WITHIN_SECS
        while not parts.clock.stop_requested:
            open_questions = self._reconcile_once(parts.books.read(parts.client.accounts) if books is None else books)
            books = None
            if not open_questions:
                return
            if parts.clock.monotonic() >= deadline:
                raise BrokerUnavailable(f"The start is given up after {BROKER_WITHIN_SECS:.0f} s: {open_questions}")
            parts.clock.wait_until(parts.clock.monotonic() + STEP_SECS)

    def _reconcile_once(self, books: dict[str, Book]) -> str:
        parts = self._parts
        orphans = parts.poll_all(books, parts.moment())
        self._cancel_orphans(orphans)
        parts.save()
        unread = [account for account in parts.client.accounts if account not in books]
        doubts = [order.client_id for _, order in parts.books.live_orders() if order.in_doubt]
        if unread:
            return f"the order book of {', '.join(unread)} can't be read"
        if doubts:
            return f"nobody knows what became of {', '.join(doubts)}"
        return f"orphan orders don't end: {', '.join(o.order_id for o in orphans)}" if orphans else ""

    def _cancel_orphans(self, orphans: list[Orphan]) -> None:
        for orphan in orphans:
            log.warning("Orphan order %s (%s) belongs to no level: cancelling it", orphan.order_id, orphan.client_id)
            self._parts.desk.request_cancel(orphan.account, orphan.order_id, orphan.client_id, "orphan")

    def _books_of_all(self) -> dict[str, Book]:
        parts = self._parts
        deadline = parts.clock.monotonic() + BROKER_WITHIN_SECS
        while True:
            books = parts.books.read(parts.client.accounts)
            if len(books) == len(parts.client.accounts):
                return books
            if parts.clock.stop_requested or parts.clock.monotonic() >= deadline:
                unread = [account for account in parts.client.accounts if account not in books]
                raise BrokerUnavailable(f"The order book of {', '.join(unread)} can't be read")
            parts.clock.wait_until(parts.clock.monotonic() + STEP_SECS)

    # -- a new trading day ---------------------------------------------------------------------------------------------

    def roll_day(self, today: date, price_a: Decimal | None) -> bool:
        """Move the state to a new trading day (behaviour 9.5); False while today's books still show its orders.

        With `price_a` (rupees) and `--auto-entry` a new MIS day gets a new centre; otherwise the old one.
        """
        parts = self._parts
        books = self._books_of_all()
        seen = {client_id for book in books.values() for client_id in book.ours}
        if any(order.client_id in seen for _, order in parts.books.live_orders()):
            if self._not_rolled != today:
                log.warning("The date says %s but the books still show this grid's orders: not rolled yet", today)
            self._not_rolled = today
            # Their last words may stand there now, and nowhere later.
            parts.poll_all(books, parts.moment())
            parts.save()
            return False
        self._expire_unseen(seen)
        if parts.config.product_type == "MIS":
            self._new_mis_day(price_a)
        else:
            self._carry_levels(today)
        parts.books.save()
        return True

    def _new_mis_day(self, price_a: Decimal | None) -> None:
        parts, old = self._parts, self._parts.state
        open_levels = sum(1 for level in old.levels.values() if level.open_quantity)
        archive = parts.store.archive(parts.clock.now(), f"day {old.trading_day}", keep=True)
        log.info("New trading day: the MIS state of %s is archived as %s", old.trading_day, archive)
        if open_levels:
            log.warning("%d open levels were squared off by the broker; that result is not in total_pnl", open_levels)
        centre = old.grid.entry_price
        if price_a is not None and parts.config.auto_entry:
            centre = grid.to_tick(price_a, parts.tick_a)
        identity = replace(old.grid, entry_price=centre)
        rows = grid.rows_of(identity, parts.tick_a)
        if price_a is not None:
            self._check_centre(rows, price_a)
        state = day_roll.carried_over(old, self._blank(identity))
        if state.generation == old.generation:
            state.generation = client_ids.next_generation(state.generation)
        state.levels = grid.create_levels(identity, rows, state.bot_name, parts.new_uuid)
        parts.store.state = state

    def _carry_levels(self, today: date) -> None:
        parts, state = self._parts, self._parts.state
        moment = parts.moment()
        for level in list(state.levels.values()):
            parts.books.apply(level, day_roll.refresh(level, parts.rules, moment), "")
        state.trading_day = today
        state.settled.clear()
        log.info("New trading day %s: orders of the day before are gone, positions are kept", today)

    def forget_gone_orders(self, today: date) -> None:
        """End the orders that went with an earlier day, without rolling the state (for one that is terminating)."""
        if self._parts.state.trading_day != today:
            books = self._books_of_all()
            self._expire_unseen({client_id for book in books.values() for client_id in book.ours})

    def _expire_unseen(self, seen: Container[str]) -> None:
        parts = self._parts
        for gone in day_roll.expired_orders(parts.state, seen):
            parts.books.call_attention(f"expired {gone.order.client_id}", gone.sentence)
            level = parts.state.levels[gone.level.uuid]
            change = day_roll.expire(level, gone.order.role, parts.rules, parts.moment(), parts.state.next_opened_seq)
            parts.books.apply(level, change, "")

    # -- prices --------------------------------------------------------------------------------------------------------

    def await_prices(self) -> Quote | None:
        """TokenA's first fresh quote once all needed prices are there; None when a stop was asked for meanwhile.

        Raises `FeedError` after 30 s (behaviour 10.3).
        """
        parts, config = self._parts, self._parts.config
        wanted = [config.token_a_symbol, *([config.token_b_symbol] if config.has_oco else [])]
        deadline = parts.clock.monotonic() + PRICES_WITHIN_SECS
        while not parts.clock.stop_requested:
            missing = [symbol for symbol in wanted if price_of(parts.feed.quote(symbol)) is None]
            if not missing:
                return parts.quote_a()
            if parts.clock.monotonic() >= deadline:
                why = parts.feed.fault() or "the feed sent none"
                raise FeedError(f"No price of {' and '.join(missing)} within {PRICES_WITHIN_SECS:.0f} s: {why}")
            parts.clock.wait_until(parts.clock.monotonic() + PRICE_STEP_SECS)
        return None
