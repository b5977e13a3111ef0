"""How a bot begins: a fresh grid, a resumed one, or a refusal (architecture 18; behaviour 1.4, 9, 10.3, 12)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, StateError
from tg1.models import ACTIVE, COMPLETED, NO_BACKOFF, BotState, Role, StatusKind
from tg1.rules import account_trouble, client_ids, day_sheets, grid
from tg1.screen.money import counted, holdings
from tg1.settings.cautions import hedge_cautions
from tg1.settings.checks import check_hedge_price
from tg1.settings.same_grid import compare_grids
from tg1.trading.closing_orders import ClosingOrders, named, why_terminated
from tg1.trading.first_prices import FirstPrices
from tg1.trading.money import say_money, warn_of_loss, warn_of_unknown_charges
from tg1.trading.settling import books_of_all, settle_doubts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from tg1.models import GridIdentity
    from tg1.rules.grid import GridRow
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

PRICES_WITHIN_SECS = 30.0
"""Behaviour 10.3."""
PRICE_STEP_SECS = 0.1
WATCHED = (account_trouble.PREFIX, "blind ", "missing ", "unhedged ")
"""Beginnings of the keys of attention that only the process ends which began it (`Blame`, `Sight`, `HedgeAlarm`)."""


class Opening:
    """Everything between the command line and the first cycle."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

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
            raise StateError(why_terminated(saved, self._parts.client.account_of))
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
        left = self._working(saved)
        if parts.clock.stop_requested:
            return False
        if left:
            raise StateError(
                f"{counted(len(left), 'order')} of {parts.config.bot_name!r} {'is' if len(left) == 1 else 'are'} still "
                f"working ({', '.join(left[:5])}); cancel what works with --cancel-all before --fresh."
            )
        held = [] if saved is None or self._squared_off(saved) else holdings(parts.statement())
        if held:
            log.warning("What the archived grid held has neither target nor hedge any more: %s", "; ".join(held))
        if saved is not None:
            parts.store.note_days(day_sheets.sheets_of(saved, parts.client.account_of, parts.plans))
        archive = parts.store.archive(parts.clock.now(), "fresh")
        log.info("The old state is archived as %s", archive)
        return True

    def _squared_off(self, saved: BotState) -> bool:
        """True when the broker closed at the end of an earlier day what the state still calls open."""
        return saved.grid.product_type == "MIS" and saved.trading_day != self._parts.clock.now().date()

    def _working(self, saved: BotState | None) -> list[str]:
        parts = self._parts
        now = parts.clock.now()
        if saved is not None and saved.trading_day == now.date():
            settle_doubts(parts)
            closing = [named(one) for one in ClosingOrders(parts).settle(heeds_stop=True)]
            return closing + [order.order_id or order.client_id for _, order in parts.keeper.live_orders()]
        # Orders of an earlier day are gone, whatever their state says (behaviour 9.5): today's books decide.
        if saved is None:
            parts.store.state = blank_state(parts, parts.config.identity(), now)
        books = books_of_all(parts)
        rows = [row for book in books.values() for rows in book.ours.values() for row in rows]
        return [row.order_id for row in rows if not row.status.is_final]

    # -- fresh ---------------------------------------------------------------------------------------------------------

    def create(self, price_a: Decimal, create_levels: Callable[[BotState, tuple[GridRow, ...]], None]) -> None:
        """A new grid around the configured centre, or around TokenA's price with `--auto-entry`."""
        parts, config = self._parts, self._parts.config
        identity = config.identity(grid.to_tick(price_a, parts.tick_a) if config.auto_entry else None)
        rows = grid.rows_of(identity, parts.tick_a)
        check_centre(rows, price_a, allow_off_centre=config.allow_off_centre)
        check_hedges(parts, identity)
        now = parts.clock.now()
        state = blank_state(parts, identity, now)
        parts.store.state = state
        books = books_of_all(parts)
        while any(client_id[5:8] == state.generation for book in books.values() for client_id in book.ours):
            state.generation = client_ids.next_generation(state.generation)
        create_levels(state, rows)
        settle_doubts(parts, books)
        parts.keeper.save(now)
        log.info("Fresh grid of %s around %.2f", counted(len(rows), "level"), identity.entry_price)
        warn_of_loss(parts, state.trading_day)

    # -- resume --------------------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Continue the loaded state: what happened meanwhile is booked before anything is placed."""
        parts, state = self._parts, self._parts.state
        if parts.config.clear_attention:
            _clear_attention(state)
        parts.keeper.blame.looks_back = True
        settle_doubts(parts)
        parts.keeper.blame.looks_back = False
        _forget_troubles(parts)
        _judge_hedges(parts)
        state.bot_status = ACTIVE
        state.charges_given, state.account_names = list(parts.config.charges), _account_names(parts)
        parts.keeper.save(parts.clock.now())
        log.info(
            "Resumed %s: %s, %s working",
            state.bot_name,
            counted(len(state.levels), "level"),
            counted(sum(1 for _ in parts.keeper.live_orders()), "order"),
        )
        say_money(parts)
        warn_of_unknown_charges(parts)
        warn_of_loss(parts, state.trading_day)
        for item in state.attention:
            log.log(logging.INFO if item.is_over else logging.ERROR, "ATTENTION since %s: %s", item.at, item.text)

    # -- prices --------------------------------------------------------------------------------------------------------

    def start_feed(self) -> None:
        """Begin to receive the prices that this bot needs."""
        parts = self._parts
        parts.feed.start({parts.client.instrument(symbol).instrument_token: symbol for symbol in parts.config.symbols})

    def await_prices(self, saved: BotState | None) -> Decimal | None:
        """TokenA's first fresh price once all needed ones are there; None when a stop was asked for meanwhile.

        Where it becomes the centre of a grid, it is one of this session (behaviour 1.4): the symbol has ticked since it
        was subscribed to, or 60 s have passed. Raises `FeedError` after 30 s without a fresh price (behaviour 10.3).
        """
        clock = self._parts.clock
        is_centre = self._is_centre_wanted(saved)
        first = FirstPrices(self._parts, fresh_within=PRICES_WITHIN_SECS, is_centre=is_centre)
        while not clock.stop_requested:
            price = first.look(clock.monotonic())
            if price is not None:
                return price
            clock.wait_until(clock.monotonic() + PRICE_STEP_SECS)
        return None

    def _is_centre_wanted(self, saved: BotState | None) -> bool:
        if not self._parts.config.auto_entry:
            return False
        return saved is None or saved.trading_day != self._parts.clock.now().date()


def blank_state(parts: Parts, identity: GridIdentity, now: datetime) -> BotState:
    """A state without levels that begins at `now`."""
    return BotState(
        bot_name=parts.config.bot_name,
        bot_status=ACTIVE,
        grid=identity,
        generation=client_ids.generation_of(now),
        trading_day=now.date(),
        charges_given=list(parts.config.charges),
        account_names=_account_names(parts),
    )


def _account_names(parts: Parts) -> list[str]:
    """The names by which this bot's accounts go; two roles on one login have one name."""
    account_of, kind = parts.client.account_of, parts.config.trade_type
    hedges = kind.trade_sides if kind.has_oco else ()
    return [account_of(Role.ENTRY, kind.trade_sides[0]), *(account_of(Role.OCO, side) for side in hedges)]


def check_centre(rows: tuple[GridRow, ...], price_a: Decimal, *, allow_off_centre: bool) -> None:
    """Refuse a grid that TokenA's price lies outside of, warn of one that it lies deep in (behaviour 1.4)."""
    centring = grid.centring(rows, price_a)
    if centring.outside and not allow_off_centre:
        raise ConfigError(centring.outside)
    if centring.crossed:
        entries = "1 entry: it" if centring.crossed == 1 else f"{centring.crossed} entries: those"
        log.warning("TokenA trades at %.2f, beyond %s will fill at once", price_a, entries)


def check_hedges(parts: Parts, identity: GridIdentity) -> None:
    """Refuse hedges that no price of TokenB could fill, warn of those that hardly any would (behaviour 19)."""
    price_b = parts.moment().price_b
    if price_b is not None:
        check_hedge_price(identity, price_b, parts.tick_b)
        _warn_of_hedges(identity, price_b)


def _judge_hedges(parts: Parts) -> None:
    """The same for a grid that runs already: its open levels need their targets, so a person is called instead."""
    moment = parts.moment()
    if moment.price_b is None:
        return
    try:
        check_hedge_price(parts.state.grid, moment.price_b, parts.tick_b)
    except ConfigError as exc:
        parts.keeper.call_attention("oco spread", str(exc), moment)
    _warn_of_hedges(parts.state.grid, moment.price_b)


def _warn_of_hedges(identity: GridIdentity, price_b: Decimal) -> None:
    for sentence in hedge_cautions(identity, price_b):
        log.warning("%s", sentence)


def is_finished(saved: BotState, today: date) -> bool:
    """True when every level is closed for good; a new day of an MIS bot begins anew all the same (behaviour 1.5)."""
    if saved.bot_status != COMPLETED:
        return False
    if saved.grid.product_type == "MIS" and saved.trading_day != today:
        return False
    log.info("Every level of %s is closed; give --fresh to start a new grid", saved.bot_name)
    return True


def left_working(saved: BotState | None, today: date) -> bool:
    """True when orders of today may still work although the session is over (the bot had died with them)."""
    if saved is None or saved.trading_day != today:
        return False
    return saved.bot_status.kind is StatusKind.TERMINATING or any(level.orders for level in saved.levels.values())


def _forget_troubles(parts: Parts) -> None:
    """What was being watched by the process that is gone; what goes on shows itself anew."""
    moment = parts.moment()
    for item in parts.state.attention:
        if item.key.startswith(WATCHED) and not item.is_over:
            parts.keeper.end_attention(item.key, "the bot was started again", moment)


def _clear_attention(state: BotState) -> None:
    state.attention.clear()
    for key, level in state.levels.items():
        state.levels[key] = replace(level, backoff=NO_BACKOFF, oco_backoff=NO_BACKOFF)
