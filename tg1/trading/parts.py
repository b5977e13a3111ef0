"""The parts that a running bot is made of, handed to it by the composition root (`run.py`) or by a simulation."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tg1.errors import SaveFailed
from tg1.models import Quote, Role
from tg1.ports import price_of
from tg1.rules import decide
from tg1.rules.given import Moment, Rules
from tg1.rules.grid import hedge_rest
from tg1.rules.last_prices import known_quotes
from tg1.rules.ledger import Meter
from tg1.rules.positions import statement
from tg1.trading.bookkeeper import Bookkeeper
from tg1.trading.order_desk import OrderDesk
from tg1.trading.sight import Sight
from tg1.trading.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.models import BotState, Statement
    from tg1.ports import Broker, PriceFeed, Wishes
    from tg1.rules.charges import Plans
    from tg1.state import StateManager
    from tg1.trading.book import Book
    from tg1.trading.strangers import Orphan

log = logging.getLogger(__name__)


def new_uuid() -> str:
    """Twelve hexadecimal characters of a uuid4."""
    return uuid.uuid4().hex[:12]


@dataclass(kw_only=True)
class Parts:
    """Everything that start, cycle and shutdown share."""

    config: GridOcoConfig
    client: Broker
    feed: PriceFeed
    store: StateManager
    clock: Clock
    new_uuid: Callable[[], str] = new_uuid
    wishes: Wishes | None = None
    """Where the operator's pause is read; None where nobody asks for one."""
    given_rules: Rules | None = None
    """For the emergency stop, which knows no ticks; None: made from the configuration and the instruments."""
    saves: bool = True
    """False for an emergency stop without a state of its own: a blank one must never reach the disk."""
    keeper: Bookkeeper = field(init=False)
    sight: Sight = field(init=False)
    strangers: Strangers = field(init=False)
    desk: OrderDesk = field(init=False)
    seen: Moment | None = field(default=None, init=False)
    """The last moment that was looked at, and the quotes of TokenA and TokenB that it was made from."""
    quotes: tuple[Quote | None, Quote | None] = field(default=(None, None), init=False)
    losing: str = field(default="", init=False)
    """Why the grid's round trips lose money, in a line; empty when they pay."""
    save_failed: str = field(default="", init=False)
    """Why the last save failed; empty when it worked."""

    def __post_init__(self) -> None:
        """Build what is made only of these parts."""
        self.keeper = Bookkeeper(store=self.store, client=self.client, plans=self.plans)
        self.sight = Sight(keeper=self.keeper, client=self.client)
        self.strangers = Strangers(keeper=self.keeper, client=self.client)
        self.desk = OrderDesk(keeper=self.keeper, client=self.client, clock=self.clock)

    @property
    def state(self) -> BotState:
        """The bot's one state."""
        return self.store.state

    @cached_property
    def tick_a(self) -> Decimal:
        """TokenA's tick in rupees, from the day's dump."""
        return self.client.instrument(self.config.token_a_symbol).tick_size

    @cached_property
    def tick_b(self) -> Decimal:
        """TokenB's tick in rupees; TokenA's stands in where there is no hedge."""
        symbol = self.config.token_b_symbol
        return self.client.instrument(symbol).tick_size if self.config.has_oco else self.tick_a

    @cached_property
    def plans(self) -> Plans:
        """What every account pays (behaviour 15)."""
        return self.config.plans

    def statement(self) -> Statement:
        """The bot's money at the last prices that were looked at (behaviour 15)."""
        state = self.state
        now = self.seen.now if self.seen else self.clock.now()
        quotes = known_quotes(state, self.quotes, now)
        account_of = self.client.account_of
        return statement(state, quotes=quotes, account_of=account_of, charges=self._meter.so_far(state, account_of))

    @cached_property
    def _meter(self) -> Meter:
        return Meter(self.plans)

    @cached_property
    def rules(self) -> Rules:
        """What decisions need to know of the configuration and the day's instruments."""
        if self.given_rules is not None:
            return self.given_rules
        config = self.config
        return Rules(
            token_a_symbol=config.token_a_symbol,
            token_b_symbol=config.token_b_symbol,
            has_oco=config.has_oco,
            auto_reenter=config.auto_reenter,
            oco_spread=config.oco_spread,
            oco_order_type=config.oco_order_type,
            oco_limit_offset=config.oco_limit_offset,
            tick_a=self.tick_a,
            tick_b=self.tick_b,
            new_uuid=self.new_uuid,
        )

    @property
    def is_completed(self) -> bool:
        """True when no level can ever trade again and no order of ours works, orphans included (behaviour 1.5, 3.4)."""
        return decide.all_closed(self.state.levels.values()) and not self.strangers.accounts

    def moment(self) -> Moment:
        """Look at the clock and at both prices, once: what is decided now is decided on this."""
        config = self.config
        quote_a = self.feed.quote(config.token_a_symbol)
        quote_b = self.feed.quote(config.token_b_symbol) if config.has_oco else None
        self.quotes = (quote_a, quote_b)
        self.seen = Moment(
            now=self.clock.now(),
            monotonic=self.clock.monotonic(),
            price_a=price_of(quote_a),
            price_b=price_of(quote_b),
        )
        return self.seen

    def accounts_to_mind(self) -> set[str]:
        """Accounts with something working, in doubt, or orphaned, and those whose last book was blank.

        A blank book holds everything of its account back, so it is read until it shows something (behaviour 4.4).
        """
        used = {self.client.account_of(order.role, level.trade_side) for level, order in self.keeper.live_orders()}
        return used | self.strangers.accounts | self.keeper.blank

    def accounts_in_use(self) -> list[str]:
        """Accounts whose book is read: those above, and those on which a hedge is missing (behaviour 4.1)."""
        used = self.accounts_to_mind()
        for level in self.state.levels.values() if self.config.has_oco else ():
            if level.is_open and level.oco_order is None and hedge_rest(level) > 0:
                used.add(self.client.account_of(Role.OCO, level.trade_side))
        return [account for account in self.client.accounts if account in used]

    def take_books(self, books: dict[str, Book], moment: Moment, *, waits_for_all: bool = False) -> list[Orphan]:
        """Apply a snapshot to every order; return the working strangers that carry our tag.

        Blank books are taken out of `books`: they count as unread (behaviour 4.4). `waits_for_all`: a start takes
        forgotten orders back when every account is read, because a level's orders lie in two of them.
        """
        self.keeper.drop_blank(books, moment)
        for role in (Role.ENTRY, Role.TARGET, Role.OCO):
            for news in self.keeper.news(books, role, self.rules, moment):
                self.keeper.take(news, self.rules, moment)
        waits = waits_for_all and not books.keys() >= set(self.client.accounts)
        return self.strangers.judge(books, self.rules, moment, waits=waits)

    def save(self, moment: Moment) -> bool:
        """Save; a failure is said once and remembered, and nothing is placed until a save works (behaviour 9.2)."""
        if not self.saves:
            return True
        try:
            self.keeper.save(moment.now)
        except SaveFailed as exc:
            self.note_save_failed(exc)
            return False
        if self.save_failed:
            log.info("The state can be saved again")
            self.save_failed = ""
        return True

    def note_save_failed(self, exc: SaveFailed) -> None:
        """Say it once per cause."""
        if self.save_failed != str(exc):
            log.error("NO ORDERS ARE PLACED until the state can be saved: %s", exc)
        self.save_failed = str(exc)
