"""The orchestrator: start, the poll cycle of architecture 16 in the order of behaviour 4.5, and the ways to end.

The engine receives its parts and builds none of them. Every phase asks `decide` what to do, lets the order desk do
it, and lets the bookkeeper write down what came of it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, BrokerUnavailable, ExitCode, FeedError, SaveFailed
from tg1.models import ACTIVE, COMPLETED, OcoOrderType, OrderType, Role, Status, StatusKind, TradeSide
from tg1.ports import price_of
from tg1.rules import decide, grid
from tg1.rules.hours import SessionPhase, opening, phase_of
from tg1.rules.transitions import set_pending_hedge
from tg1.screen.view import hedged_net, status_line, view_of
from tg1.trading.ending import cancel_everything, working_sentences
from tg1.trading.order_desk import Ticket
from tg1.trading.parts import Parts
from tg1.trading.starting import Opening

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.models import BotState, OpenOrder, Quote
    from tg1.ports import Broker, PriceFeed
    from tg1.rules.grid import GridRow
    from tg1.rules.transitions import Moment
    from tg1.screen.view import LadderView
    from tg1.state import StateManager
    from tg1.trading.bookkeeper import Book, Orphan

log = logging.getLogger(__name__)

STATUS_EVERY = 60
"""Cycles between two status lines."""
SAVE_AGAIN_SECS = 1.0
SAVE_TRIES = 30
"""How often the last word of a bot ("Terminated") is tried to be saved before the process ends without it."""
LISTED = 20
"""Orders named one by one when the bot ends; the rest is counted."""


class GridOcoEngine:
    """One bot: TokenA's grid with TokenB's hedges."""

    def __init__(
        self,
        *,
        config: GridOcoConfig,
        client: Broker,
        feed: PriceFeed,
        state: StateManager,
        clock: Clock,
        observer: Callable[[LadderView], None] | None = None,
        new_uuid: Callable[[], str] | None = None,
    ) -> None:
        self.config = config
        self.client = client
        self.feed = feed
        self.store = state
        self.clock = clock
        self._observer = observer
        self._parts = Parts(config=config, client=client, feed=feed, store=state, clock=clock)
        if new_uuid is not None:
            self._parts.new_uuid = new_uuid
        self._opening = Opening(self._parts)
        self._cycle = 0
        self._saved: BotState | None = None
        self._has_state = False
        self._was_fresh: dict[str, bool] = {}

    # -- start ---------------------------------------------------------------------------------------------------------

    def start(self) -> ExitCode:
        """Run the bot until it ends; returns the exit code of behaviour 14. Refusals are raised as `Tg1Error`."""
        try:
            return self._start()
        except (BrokerError, FeedError) as exc:
            if not self.clock.stop_requested:
                raise
            log.info("The start was not finished: %s", exc)
            return self._stopped_by_signal()

    def _start(self) -> ExitCode:
        saved = self._saved = self._opening.load()
        if saved is not None and not self.config.fresh and self._is_finished(saved):
            return ExitCode.OK
        if self._phase() in (SessionPhase.AFTER_STOP, SessionPhase.WEEKEND) and not self._left_working(saved):
            weekend = self._phase() is SessionPhase.WEEKEND
            over = f"the session ended at {self.config.effective_stop:%H:%M} IST"
            log.info("Nothing to do: %s", "NSE does not trade at the weekend" if weekend else over)
            return ExitCode.OK
        self.client.connect()
        if saved is not None and saved.bot_status.kind is StatusKind.TERMINATING and not self.config.fresh:
            self._opening.forget_gone_orders(self.clock.now().date())
            return self._terminate(saved.bot_status.reason)
        if self._phase() in (SessionPhase.AFTER_STOP, SessionPhase.WEEKEND):
            return self._end_session()
        if not self._wait_for_open():
            return self._stopped_by_signal()
        try:
            return self._begin(saved)
        finally:
            self.feed.stop()

    def _begin(self, saved: BotState | None) -> ExitCode:
        if self.config.fresh and self.store.exists():
            if not self._opening.confirm_nothing_works(saved):
                return self._stopped_by_signal()
            saved = self._saved = None
        self._start_feed()
        quote = self._opening.await_prices()
        if quote is None:
            return self._stopped_by_signal()
        if saved is None:
            self._opening.create(quote.price, self._create_grid_levels)
        else:
            self._resume(saved, quote)
        self._has_state = True
        return self._run_loop()

    def _resume(self, saved: BotState, quote: Quote) -> None:
        today = self.clock.now().date()
        if saved.trading_day != today:
            self._opening.roll_day(today, quote.price)
        self._reconcile_orders()

    def _reconcile_orders(self) -> None:
        self._opening.resume()

    def _create_grid_levels(self, state: BotState, rows: tuple[GridRow, ...]) -> None:
        state.levels = grid.create_levels(state.grid, rows, state.bot_name, self._parts.new_uuid)

    def _start_feed(self) -> None:
        symbols = [self.config.token_a_symbol, *([self.config.token_b_symbol] if self.config.has_oco else [])]
        self.feed.start({self.client.instrument(symbol).instrument_token: symbol for symbol in symbols})

    def _is_finished(self, saved: BotState) -> bool:
        if saved.bot_status != COMPLETED:
            return False
        if saved.grid.product_type == "MIS" and saved.trading_day != self.clock.now().date():
            return False
        log.info("Every level of %s is closed; give --fresh to start a new grid", saved.bot_name)
        return True

    def _left_working(self, saved: BotState | None) -> bool:
        """True when orders of today may still work although the session is over (the bot had died with them)."""
        if saved is None or saved.trading_day != self.clock.now().date():
            return False
        return saved.bot_status.kind is StatusKind.TERMINATING or any(level.orders for level in saved.levels.values())

    def _phase(self) -> SessionPhase:
        stop_at = self.config.effective_stop
        return SessionPhase.OPEN if stop_at is None else phase_of(self.clock.now(), stop_at)

    def _wait_for_open(self) -> bool:
        """Wait until 09:15; False when a stop was asked for meanwhile."""
        if self._phase() is SessionPhase.BEFORE_OPEN:
            log.info("The market opens at 09:15; waiting")
        while self._phase() is SessionPhase.BEFORE_OPEN and not self.clock.stop_requested:
            now = self.clock.now()
            # In steps, since the wall clock may be put right while we wait.
            wait_secs = min((opening(now) - now).total_seconds(), 60.0)
            self.clock.wait_until(self.clock.monotonic() + max(wait_secs, 0.1))
        return not self.clock.stop_requested

    # -- the loop ------------------------------------------------------------------------------------------------------

    def _run_loop(self) -> ExitCode:
        """Run cycles at a fixed rate: a cycle's own work does not stretch the interval; missed slots are skipped."""
        interval = self.config.poll_interval
        due = self.clock.monotonic()
        while not self.clock.stop_requested:
            code = self._poll_cycle()
            if code is not None:
                return code
            due = max(due + interval, self.clock.monotonic())
            self.clock.wait_until(due)
        return self._stopped_by_signal()

    def _poll_cycle(self) -> ExitCode | None:
        """One cycle; an exit code when the bot has ended (behaviour 4.5 gives the order)."""
        self._cycle += 1
        if self._phase() in (SessionPhase.AFTER_STOP, SessionPhase.WEEKEND):
            return self._end_session()
        if not self._same_trading_day():
            return None
        moment = self._observe()
        books = self._parts.books.read(self._parts.books.accounts_in_use())
        self._poll_entry_orders(books, moment)
        self._poll_target_orders(books, moment)
        self._poll_oco_orders(books, moment)
        orphans = self._parts.books.judge_strangers(books)
        self._cancel_superfluous(orphans)
        self._set_pending_hedges(moment)
        self._parts.save()
        reason = self._check_termination(moment, books)
        if reason:
            return self._terminate(reason)
        self._check_max_quantity()
        self._place(books, moment)
        self._report()
        if decide.all_closed(self._state.levels.values()):
            return self._complete()
        return None

    def _place(self, books: dict[str, Book], moment: Moment) -> None:
        """Targets, entries, OCOs; nothing while the state can't be saved (behaviour 9.2)."""
        unread = [account for account in self._parts.books.accounts_in_use() if account not in books]
        try:
            self._place_target_orders(moment)
            self._place_entry_orders(moment, unread)
            self._manage_oco_orders(moment, unread)
        except SaveFailed as exc:
            self._parts.note_save_failed(exc)
        self._parts.save()

    @property
    def _state(self) -> BotState:
        return self._parts.state

    def _same_trading_day(self) -> bool:
        """Roll the state when the date changed while the bot runs (only with `--ignore-market-hours`)."""
        today = self.clock.now().date()
        if self._state.trading_day == today:
            return True
        try:
            return self._opening.roll_day(today, None)
        except BrokerUnavailable as exc:
            log.warning("The day is not rolled yet: %s", exc)
        except SaveFailed as exc:
            self._parts.note_save_failed(exc)
        return False

    def _observe(self) -> Moment:
        """The cycle's prices, taken before the books so that a fill they caused is more likely to be in them."""
        for symbol, quote, held in (
            (self.config.token_a_symbol, self._parts.quote_a(), "no new entries"),
            (self.config.token_b_symbol, self._parts.quote_b(), "no OCO is placed or cancelled"),
        ):
            if symbol and (symbol == self.config.token_a_symbol or self.config.has_oco):
                self._note_freshness(symbol, fresh=price_of(quote) is not None, held=held)
        return self._parts.moment()

    def _note_freshness(self, symbol: str, *, fresh: bool, held: str) -> None:
        """One warning when a price goes stale, one line when it is back (behaviour 10.2)."""
        was_fresh = self._was_fresh.get(symbol, True)
        if was_fresh and not fresh:
            log.warning("The price of %s is stale: %s until it is fresh; %s", symbol, held, self.feed.fault())
        elif fresh and not was_fresh:
            log.info("The price of %s is fresh again", symbol)
        self._was_fresh[symbol] = fresh

    # -- reading -------------------------------------------------------------------------------------------------------

    def _poll_entry_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._parts.books.poll(books, Role.ENTRY, self._parts.rules, moment)

    def _poll_target_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._parts.books.poll(books, Role.TARGET, self._parts.rules, moment)

    def _poll_oco_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._parts.books.poll(books, Role.OCO, self._parts.rules, moment)

    def _cancel_superfluous(self, orphans: list[Orphan]) -> None:
        """Cancel what the other leg's fill made pointless, and working orders that belong to no level."""
        for level in decide.superfluous_orders(self._state.levels.values()):
            order = level.order if level.oco_filled else level.oco_order
            if order is not None:
                self._parts.desk.cancel(level, order, "the other leg filled")
        for orphan in orphans:
            self._parts.desk.request_cancel(orphan.account, orphan.order_id, orphan.client_id, "belongs to no level")

    def _set_pending_hedges(self, moment: Moment) -> None:
        if not self.config.has_oco or moment.token_b_price is None:
            return
        for level in list(self._state.levels.values()):
            if level.is_open and level.oco_trade_price is None:
                self._parts.books.apply(level, set_pending_hedge(level, self._parts.rules, moment.token_b_price), "")

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _check_termination(self, moment: Moment, books: dict[str, Book]) -> str:
        # A hedge whose book could not be read may have filled long ago: it must not count as untriggered.
        blind = self._parts.books.is_unseen(books, Role.OCO)
        return decide.termination_reason(
            self._state,
            same_oco_account=self.config.same_oco_account,
            oco_stop_count=self.config.oco_stop_count,
            token_b_price=None if blind else moment.token_b_price,
        )

    def _check_max_quantity(self) -> None:
        reached = decide.max_quantity_reached(self._state)
        if reached and not self._state.max_quantity_reached:
            log.warning("MAX QUANTITY REACHED — pausing new entries")
        elif self._state.max_quantity_reached and not reached:
            log.info("Below max quantity again: new entries resume")
        self._state.max_quantity_reached = reached

    # -- placing -------------------------------------------------------------------------------------------------------

    def _place_target_orders(self, moment: Moment) -> None:
        """Every target that is due, in the cycle that saw its entry fill (behaviour 2.1)."""
        due = decide.targets_due(self._state.levels.values(), moment.now)
        self._parts.desk.place([self._token_a_ticket(level, Role.TARGET, level.open_quantity) for level in due])

    def _place_entry_orders(self, moment: Moment, unread: list[str]) -> None:
        """At most one BUY and one SELL entry (behaviour 2.2); none without TokenA's price or the account's book."""
        if self._state.max_quantity_reached or price_of(self._parts.quote_a()) is None:
            return
        tickets = []
        for level in decide.entries_due(self._state.levels.values(), moment.now, self.config.max_open_entries):
            if self.client.account_of(Role.ENTRY, level.trade_side) in unread:
                continue
            self._state.levels[level.uuid] = noted = grid.with_token_b_price(level, moment.token_b_price)
            tickets.append(self._token_a_ticket(noted, Role.ENTRY, level.token_a_quantity))
        self._parts.desk.place(tickets)

    def _token_a_ticket(self, level: OpenOrder, role: Role, quantity: int) -> Ticket:
        return Ticket(
            level=level,
            role=role,
            side=level.entry_trade_direction,
            symbol=self.config.token_a_symbol,
            quantity=quantity,
            order_type=OrderType.LIMIT,
            # The tick may have changed since the level was made (docs/data.md): SBIN's did.
            limit_price=grid.to_tick(level.entry_trade_price, self._parts.tick_a),
        )

    def _manage_oco_orders(self, moment: Moment, unread: list[str]) -> None:
        """Dynamic bracketing per direction (architecture 11, behaviour 6.3); nothing on a stale TokenB price."""
        price = moment.token_b_price
        if not self.config.has_oco or price is None:
            return
        tickets = []
        for trade_side in TradeSide:
            if self.client.account_of(Role.OCO, trade_side) in unread:
                continue
            levels = [level for level in self._state.levels.values() if level.trade_side is trade_side]
            plan = decide.plan_ocos(levels, price, moment.now)
            for level in plan.cancel:
                if level.oco_order is not None:
                    self._parts.desk.cancel(level, level.oco_order, "not next to TokenB's price any more")
            tickets += [self._oco_ticket(level, price) for level in plan.place]
        self._parts.desk.place(tickets)

    def _oco_ticket(self, level: OpenOrder, token_b_price: Decimal) -> Ticket:
        """A stop-limit while the trigger is ahead of the market, otherwise a plain limit (behaviour 6.1, 6.2)."""
        side = level.oco_trade_direction
        oco_price = grid.to_tick(level.oco_trade_price or token_b_price, self._parts.tick_b)
        ahead = (oco_price - token_b_price) * side.sign > 0
        stop = ahead and self.config.oco_order_type is OcoOrderType.STOP_LIMIT
        limit = grid.oco_limit_price(side, oco_price, self.config.oco_limit_offset, self._parts.tick_b)
        return Ticket(
            level=level,
            role=Role.OCO,
            side=side,
            symbol=self.config.token_b_symbol,
            quantity=grid.hedge_quantity(level) - level.oco_traded.quantity,
            order_type=OrderType.STOPLIMIT if stop else OrderType.LIMIT,
            limit_price=limit if stop else oco_price,
            trigger_price=oco_price if stop else None,
        )

    # -- ending --------------------------------------------------------------------------------------------------------

    def cancel_all(self) -> list[str]:
        """Cancel every order of this bot on every account; what is returned could not be confirmed as gone."""
        return cancel_everything(self._parts, "cancel all")

    def _clear_exchange(self) -> list[str]:
        left = self.cancel_all()
        for sentence in left:
            log.error("STILL WORKING: %s", sentence)
        if not left:
            log.info("No order is left on the exchange; positions are not closed")
        return left

    def _terminate(self, reason: str) -> ExitCode:
        """Architecture 13. Until the books confirm, the status is "Terminating": a restart would go on with it."""
        log.error("TERMINATING: %s", reason)
        self._state.bot_status = Status(kind=StatusKind.TERMINATING, reason=reason)
        self._parts.save()
        left = self._clear_exchange()
        if not left:
            self._state.bot_status = Status(kind=StatusKind.TERMINATED, reason=reason)
        self._save_last_word()
        self._say_positions()
        return ExitCode.TERMINATED

    def _end_session(self) -> ExitCode:
        log.info("Session end: cancelling what is working")
        left = self._clear_exchange()
        self._state.bot_status = Status(kind=StatusKind.STOPPED, reason="session end")
        self._save_last_word()
        self._say_positions()
        return ExitCode.FAILED if left else ExitCode.OK

    def _complete(self) -> ExitCode:
        self._state.bot_status = COMPLETED
        self._save_last_word()
        log.info("Completed: every level is closed. Realised P&L %.2f", self._state.total_pnl)
        return ExitCode.OK

    def _stopped_by_signal(self) -> ExitCode:
        """Leave the orders where they are, and say so; a resume finds them (architecture 18)."""
        if self._has_state:
            if self._state.bot_status == ACTIVE:
                self._state.bot_status = Status(kind=StatusKind.STOPPED, reason="by signal")
            self._save_last_word()
            self._say_left("Stopped.")
            self._say_positions()
        elif self._saved is not None and self._saved.trading_day == self.clock.now().date():
            self._say_left("Stopped before the first cycle. As the saved state knows them,")
        else:
            log.info("Stopped before the first cycle: this run has placed nothing")
        return ExitCode.OK

    def _say_left(self, beginning: str) -> None:
        left = working_sentences(self._parts)
        log.info("%s %d orders are left on the exchange%s", beginning, len(left), ":" if left else "")
        for sentence in left[:LISTED]:
            log.info("  %s", sentence)
        if len(left) > LISTED:
            log.info("  and %d more", len(left) - LISTED)

    def _say_positions(self) -> None:
        state = self._state
        log.info(
            "Net upside %d, net downside %d shares of %s; realised P&L %.2f",
            state.upside_net_quantity,
            state.downside_net_quantity,
            state.grid.token_a_symbol,
            state.total_pnl,
        )
        if held := hedged_net(state.levels.values()):
            log.info("Hedges hold %+d shares of %s", held, state.grid.token_b_symbol)

    def _save_last_word(self) -> None:
        """Show the final status and bring it to disk.

        Raises `SaveFailed` after a while, since a restart would read the old one.
        """
        if self._observer is not None:
            self._observer(self.view())
        for _ in range(SAVE_TRIES):
            if self._parts.save():
                return
            self.clock.sleep_until(self.clock.monotonic() + SAVE_AGAIN_SECS)
        self._parts.books.save()

    # -- telling -------------------------------------------------------------------------------------------------------

    def view(self) -> LadderView:
        """What an operator is shown after a cycle."""
        return view_of(
            self._state,
            now=self.clock.now(),
            cycle=self._cycle,
            quote_a=self._parts.quote_a(),
            quote_b=self._parts.quote_b(),
        )

    def _report(self) -> None:
        if self._observer is not None:
            self._observer(self.view())
        if self._cycle % STATUS_EVERY == 0:
            log.info("%s", status_line(self.view()))
