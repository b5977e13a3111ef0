"""The orchestrator: start, the poll cycle of architecture 16 in the order of behaviour 4.5, and the ways to end.

The engine receives its parts and builds none of them. Every phase asks the rules what to do, lets the order desk do
it, and lets the bookkeeper write down what came of it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, ExitCode, FeedError, SaveFailed
from tg1.models import Role, StatusKind, TradeSide
from tg1.rules import decide, fills, grid, tickets
from tg1.rules.account_trouble import PROBES
from tg1.screen.view import status_line, view_of
from tg1.trading.clearing import clear_up
from tg1.trading.ending import Ending, cancel_everything
from tg1.trading.hedging import Hedging
from tg1.trading.new_day import NewDay
from tg1.trading.parts import Parts
from tg1.trading.price_watch import PriceWatch
from tg1.trading.session import TradingSession
from tg1.trading.starting import Opening, is_finished, left_working

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.models import BotState
    from tg1.ports import Broker, PriceFeed, Wishes
    from tg1.rules.given import Moment
    from tg1.rules.grid import GridRow
    from tg1.rules.hours import TradingCalendar
    from tg1.screen.view import LadderView
    from tg1.state import StateManager
    from tg1.trading.book import Book
    from tg1.trading.bookkeeper import News

log = logging.getLogger(__name__)

STATUS_EVERY = 60
"""Cycles between two status lines."""


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
        calendar: TradingCalendar | None = None,
        observer: Callable[[LadderView], None] | None = None,
        new_uuid: Callable[[], str] | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        self.config = config
        self.client = client
        self.feed = feed
        self.store = state
        self._session = TradingSession(config=config, clock=clock, calendar=calendar)
        self.clock = self._session.clock
        self._observer = observer
        self._parts = Parts(config=config, client=client, feed=feed, store=state, clock=self.clock, wishes=wishes)
        self._parts.new_uuid = new_uuid or self._parts.new_uuid
        self._keeper = self._parts.keeper
        self._desk = self._parts.desk
        self._opening = Opening(self._parts)
        self._hedging = Hedging(self._parts)
        self._new_day = NewDay(self._parts)
        self._ending = Ending(self._parts, self._show)
        self._price_watch = PriceWatch(config=config, feed=feed)
        self._cycle = 0
        self._unread: list[str] = []
        self._saved: BotState | None = None
        self._has_state = False

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
        now = self.clock.now()
        if saved is not None and not self.config.fresh and is_finished(saved, now.date()):
            return ExitCode.OK
        if self._session.is_over(now) and not left_working(saved, now.date()):
            log.info("Nothing to do: %s", self._session.why_over(now))
            return ExitCode.OK
        self.client.connect()
        if saved is not None and saved.bot_status.kind is StatusKind.TERMINATING and not self.config.fresh:
            self._new_day.forget_gone_orders(self.clock.now().date())
            return self._ending.terminate(saved.bot_status.reason)
        if self._session.is_over(self.clock.now()):
            return self._ending.end_session()
        if not self._session.wait_for_open():
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
        self._opening.start_feed()
        price_a = self._opening.await_prices(saved)
        if price_a is None:
            return self._stopped_by_signal()
        if saved is None:
            self._opening.create(price_a, self._create_grid_levels)
        else:
            if not self._new_day.begin(price_a, self._session):
                return self._stopped_by_signal() if self.clock.stop_requested else self._ending.end_session()
            self._reconcile_orders()
        self._has_state = True
        return self._run_loop()

    def _reconcile_orders(self) -> None:
        """Architecture 18: what filled or ended meanwhile is booked before anything is placed."""
        self._opening.resume()

    def _create_grid_levels(self, state: BotState, rows: tuple[GridRow, ...]) -> None:
        state.levels = grid.create_levels(state.grid, rows, state.bot_name, self._parts.new_uuid)

    # -- the loop ------------------------------------------------------------------------------------------------------

    def _run_loop(self) -> ExitCode:
        """Run cycles at a fixed rate: a cycle's own work does not stretch the interval; missed slots are skipped."""
        due = self.clock.monotonic()
        while not self.clock.stop_requested:
            code = self._poll_cycle()
            if code is not None:
                return code
            due = max(due + self.config.poll_interval, self.clock.monotonic())
            self.clock.wait_until(due)
        return self._stopped_by_signal()

    def _poll_cycle(self) -> ExitCode | None:
        """One cycle; an exit code when the bot has ended (behaviour 4.5 gives the order)."""
        self._cycle += 1
        accounts = self._parts.accounts_in_use()
        asked = self._hedging.whom_to_ask(accounts, self._unread)
        books = self._keeper.read(asked, since=self.clock.monotonic())
        moment = self._parts.moment()
        if self._session.is_over(moment.now):
            return self._ending.end_session()
        if self._state.trading_day != moment.now.date():
            # The books at hand are yesterday's, whatever comes of it.
            self._hedging.begin_anew()
            if self._new_day.follow(moment):
                return self._poll_cycle()
            self._report()
            return None
        self._price_watch.look(moment)
        self._keeper.drop_blank(books, moment)
        self._unread = [account for account in accounts if account not in books]
        self._parts.sight.look(books, self._parts.rules, moment)
        self._poll_entry_orders(books, moment)
        self._poll_target_orders(books, moment)
        self._poll_oco_orders(books, moment)
        clear_up(self._parts, self._parts.strangers.judge(books, self._parts.rules, moment), moment)
        self._hedging.price_pending(moment)
        self._parts.save(moment)
        if reason := self._check_termination(books, moment):
            return self._ending.terminate(reason)
        self._check_max_quantity()
        self._place(moment)
        self._report()
        return self._ending.complete() if self._parts.is_completed else None

    @property
    def _trade_account(self) -> str:
        return self.client.account_of(Role.ENTRY, TradeSide.DOWNSIDE)

    @property
    def _state(self) -> BotState:
        return self._parts.state

    def _poll_entry_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._poll(books, Role.ENTRY, moment, self._handle_entry_fill)

    def _poll_target_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._poll(books, Role.TARGET, moment, self._handle_target_fill)

    def _poll_oco_orders(self, books: dict[str, Book], moment: Moment) -> None:
        self._poll(books, Role.OCO, moment, self._handle_oco_fill)

    def _poll(
        self, books: dict[str, Book], role: Role, moment: Moment, handle_fill: Callable[[News, Moment], None]
    ) -> None:
        for news in self._keeper.news(books, role, self._parts.rules, moment):
            if news.is_fill:
                handle_fill(news, moment)
            else:
                self._keeper.take(news, self._parts.rules, moment)

    def _handle_entry_fill(self, news: News, moment: Moment) -> None:
        """Architecture 8: TokenB's price of this moment sets the hedge, the level turns to its target."""
        level, seq = self._state.levels[news.uuid], self._state.next_opened_seq
        change = fills.entry_read(level, news.reading, self._parts.rules, moment, seq)
        self._keeper.apply(level, change, news.account, moment)

    def _handle_target_fill(self, news: News, moment: Moment) -> None:
        """Architecture 9: earned; the level is reset, or waits for its hedge's last word."""
        level = self._state.levels[news.uuid]
        change = fills.target_read(level, news.reading, self._parts.rules, moment)
        self._keeper.apply(level, change, news.account, moment)

    def _handle_oco_fill(self, news: News, moment: Moment) -> None:
        """Architecture 10: hedged; filled whole, the level is closed for good and counted."""
        level = self._state.levels[news.uuid]
        change = fills.oco_read(level, news.reading, self._parts.rules, moment)
        self._keeper.apply(level, change, news.account, moment)
        self._hedging.note_fill(level.trade_side)

    # -- deciding and placing ------------------------------------------------------------------------------------------

    def _check_termination(self, books: dict[str, Book], moment: Moment) -> str:
        return decide.termination_reason(
            self._state,
            same_oco_account=self.config.same_oco_account,
            oco_stop_count=self.config.oco_stop_count,
            untriggered=self._hedging.untriggered(books, moment),
        )

    def _check_max_quantity(self) -> None:
        """A pause of all new entries, judged anew in every cycle (behaviour 7.2)."""
        self._keeper.pause_entries(reached=decide.max_quantity_reached(self._state))

    def _place(self, moment: Moment) -> None:
        """Targets, entries, OCOs; nothing while the state can't be saved (behaviour 9.2)."""
        try:
            self._place_target_orders(moment)
            self._place_entry_orders(moment)
            self._manage_oco_orders(moment)
        except SaveFailed as exc:
            self._parts.note_save_failed(exc)
        self._parts.save(moment)

    def _place_target_orders(self, moment: Moment) -> None:
        """Every target that is due, in the cycle that saw its entry fill (behaviour 2.1)."""
        due = decide.targets_due(self._state.levels.values(), moment.now)
        if self._keeper.blame.troubles.is_troubled(self._trade_account):
            due = due[:PROBES]
        self._desk.place([tickets.target_ticket(level, self._parts.rules) for level in due], moment)

    def _place_entry_orders(self, moment: Moment) -> None:
        """At most one BUY and one SELL entry (behaviour 2.2); none without TokenA's price or the account's book."""
        state = self._state
        if state.max_quantity_reached or moment.price_a is None or self._trade_account in self._unread:
            return
        if not self._keeper.blame.troubles.may_enter(self._trade_account, moment.now):
            return
        due = decide.entries_due(state.levels.values(), moment.now, self.config.max_open_entries, state.paused_sides)
        self._desk.place([tickets.entry_ticket(level, self._parts.rules, moment) for level in due], moment)

    def _manage_oco_orders(self, moment: Moment) -> None:
        """Dynamic bracketing per direction (architecture 11, behaviour 6.3)."""
        self._hedging.bracket(moment, self._unread)

    # -- ending and telling --------------------------------------------------------------------------------------------

    def cancel_all(self) -> list[str]:
        """Cancel every order of this bot on every account; what is returned could not be confirmed as gone."""
        return cancel_everything(self._parts, "cancel all")

    def _stopped_by_signal(self) -> ExitCode:
        return self._ending.stop() if self._has_state else self._ending.stop_early(self._saved)

    def view(self) -> LadderView:
        """What an operator is shown of the last moment that was looked at."""
        moment = self._parts.seen or self._parts.moment()
        money = self._parts.statement()
        return view_of(self._state, money, now=moment.now, cycle=self._cycle, losing=self._parts.losing)

    def _show(self) -> None:
        if self._observer is not None:
            self._observer(self.view())

    def _report(self) -> None:
        self._show()
        if self._cycle % STATUS_EVERY == 0 and log.isEnabledFor(logging.INFO):
            log.info("%s", status_line(self.view()))
