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
from tg1.rules.transitions import Moment, Rules
from tg1.trading.bookkeeper import Bookkeeper
from tg1.trading.order_desk import OrderDesk

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.models import BotState
    from tg1.ports import Broker, PriceFeed
    from tg1.state import StateManager
    from tg1.trading.bookkeeper import Book, Orphan

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
    given_rules: Rules | None = None
    """For the emergency stop, which knows no ticks; None: made from the configuration and the instruments."""
    saves: bool = True
    """False for an emergency stop without a state of its own: a blank one must never reach the disk."""
    books: Bookkeeper = field(init=False)
    desk: OrderDesk = field(init=False)
    save_failed: str = field(default="", init=False)
    """Why the last save failed; empty when it worked."""

    def __post_init__(self) -> None:
        """Build what is made only of these parts."""
        self.books = Bookkeeper(store=self.store, client=self.client, clock=self.clock)
        self.desk = OrderDesk(books=self.books, client=self.client, clock=self.clock)

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
    def rules(self) -> Rules:
        """What transitions need to know of the configuration."""
        if self.given_rules is not None:
            return self.given_rules
        return Rules(
            token_a_symbol=self.config.token_a_symbol,
            token_b_symbol=self.config.token_b_symbol,
            has_oco=self.config.has_oco,
            auto_reenter=self.config.auto_reenter,
            oco_spread=self.config.oco_spread,
            tick_b=self.tick_b,
            new_uuid=self.new_uuid,
        )

    def quote_a(self) -> Quote | None:
        """TokenA's last price."""
        return self.feed.quote(self.config.token_a_symbol)

    def quote_b(self) -> Quote | None:
        """TokenB's last price; None in a bot without hedges."""
        return self.feed.quote(self.config.token_b_symbol) if self.config.has_oco else None

    def moment(self) -> Moment:
        """The one `now` and the one TokenB price of a cycle."""
        return Moment(now=self.clock.now(), token_b_price=price_of(self.quote_b()))

    def poll_all(self, books: dict[str, Book], moment: Moment) -> list[Orphan]:
        """Apply a snapshot to every order; return the working strangers that carry our tag."""
        for role in (Role.ENTRY, Role.TARGET, Role.OCO):
            self.books.poll(books, role, self.rules, moment)
        return self.books.judge_strangers(books)

    def save(self) -> bool:
        """Save; a failure is said once and remembered, and nothing is placed until a save works (behaviour 9.2)."""
        if not self.saves:
            return True
        try:
            self.books.save()
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
