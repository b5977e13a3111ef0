"""Sees to it that the bot is never blind in silence: unreadable books, blank books, orders that a book leaves out.

Behaviour 4.4. What is missing is asked for by its own history, which may settle it; what stays unseen is brought to the
operator's attention, and so is its end. Never places an order.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import BrokerError
from tg1.screen.money import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.models import LegOrder, OpenOrder
    from tg1.ports import Broker
    from tg1.rules.given import Moment, Rules
    from tg1.trading.book import Book
    from tg1.trading.bookkeeper import Bookkeeper

log = logging.getLogger(__name__)

UNREAD_SECS = 30.0
"""How long a book may be unreadable while something of ours works there."""
UNSEEN_SECS = 60.0
"""How long an accepted order may be missing, from a blank book or from one with rows, before its history is read."""
ASK_AGAIN_SECS = 60.0


class Sight:
    """How long ago each account, and each accepted order, was really seen."""

    def __init__(self, *, keeper: Bookkeeper, client: Broker) -> None:
        self._keeper = keeper
        self._client = client
        self._account_seen: dict[str, float] = {}
        self._order_seen: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._looked_at: float | None = None
        """When this process looked last; None before its first look."""
        self._said: dict[str, str] = {}
        """What lasts, by the key of its attention, with the words for its end."""

    def look(self, books: Mapping[str, Book], rules: Rules, moment: Moment) -> None:
        """Compare what the books show with what must be there."""
        live = list(self._keeper.live_orders())
        accounts = {self._account(level, order) for level, order in live} | self._keeper.blank
        self._account_seen = {
            account: moment.monotonic if account in books else self._account_seen.get(account, moment.monotonic)
            for account in accounts
        }
        lasting = {f"blind {account}" for account in accounts if self._is_blind(account, books, live, moment)}
        unseen = self._unseen([(level, order) for level, order in live if not order.in_doubt], books, moment)
        for level, order in unseen:
            self._say_missing(level, order, moment)
        for level, order in self._to_ask(unseen, moment):
            self._read_history(level, order, rules, moment)
        lasting |= {f"missing {order.client_id}" for _, order in unseen}
        for key in self._said.keys() - lasting:
            self._keeper.end_attention(key, self._said.pop(key), moment)

    def _account(self, level: OpenOrder, order: LegOrder) -> str:
        return self._client.account_of(order.role, level.trade_side)

    def _is_blind(
        self, account: str, books: Mapping[str, Book], live: list[tuple[OpenOrder, LegOrder]], moment: Moment
    ) -> bool:
        """True once an account has been unread or blank for too long; said when it begins."""
        secs = moment.monotonic - self._account_seen[account]
        blank = account in self._keeper.blank
        if account in books or secs < (UNSEEN_SECS if blank else UNREAD_SECS):
            return False
        works = sum(1 for level, order in live if self._account(level, order) == account)
        what = "shows an empty order book" if blank else "has had no readable order book"
        working = f"{counted(works, 'order')} of this bot {'works' if works == 1 else 'work'} there"
        whose = working if works else "orders of this bot were accepted there"
        self._say(
            f"blind {account}",
            f"account {account} {what} for {secs:.0f} s although {whose}: their fills are not seen, and no entry or "
            "hedge is placed there; look at the broker's own screen",
            f"the order book of account {account} is seen again",
            moment,
        )
        return True

    # -- single orders -------------------------------------------------------------------------------------------------

    def _unseen(
        self, accepted: list[tuple[OpenOrder, LegOrder]], books: Mapping[str, Book], moment: Moment
    ) -> list[tuple[OpenOrder, LegOrder]]:
        """Accepted orders that no book has shown for a minute. A book that could not be read leaves none out."""
        now = moment.monotonic
        seen: dict[str, float] = {}
        unseen = []
        passed = 0.0 if self._looked_at is None else now - self._looked_at
        for level, order in accepted:
            account = self._account(level, order)
            book = books.get(account)
            shown = book is not None and book.find(order) is not None
            unread = book is None and account not in self._keeper.blank
            since = now if shown else self._order_seen.get(order.client_id, now)
            # What passes while nothing can be read is the account's blindness, not this order's.
            seen[order.client_id] = since + passed if unread else since
            if not shown and not unread and now - seen[order.client_id] >= UNSEEN_SECS:
                unseen.append((level, order))
        self._order_seen, self._looked_at = seen, now
        self._asked = {client_id: at for client_id, at in self._asked.items() if client_id in seen}
        return unseen

    def _say_missing(self, level: OpenOrder, order: LegOrder, moment: Moment) -> None:
        name = f"{order.role} order {order.order_id} ({order.client_id}, {level.trade_side} level {level.level})"
        self._say(
            f"missing {order.client_id}",
            f"the {name} was accepted but has been missing from the book of account {self._account(level, order)} for "
            f"{UNSEEN_SECS:.0f} s; its history is read instead",
            f"the {name} is settled or seen again",
            moment,
        )

    def _to_ask(self, unseen: list[tuple[OpenOrder, LegOrder]], moment: Moment) -> list[tuple[OpenOrder, LegOrder]]:
        """One order per account, each at most once a minute: a history counts against the book's own limit."""
        chosen: dict[str, tuple[OpenOrder, LegOrder]] = {}
        for level, order in unseen:
            if moment.monotonic - self._asked.get(order.client_id, -ASK_AGAIN_SECS) >= ASK_AGAIN_SECS:
                chosen.setdefault(self._account(level, order), (level, order))
        self._asked |= {order.client_id: moment.monotonic for _, order in chosen.values()}
        return list(chosen.values())

    def _read_history(self, level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment) -> None:
        account = self._account(level, order)
        try:
            row = self._client.order_history(account, order.order_id or "")
        except BrokerError as exc:
            log.warning("The history of order %s in account %s could not be read: %s", order.order_id, account, exc)
            return
        if row is None:
            log.warning("Account %s knows no history of order %s", account, order.order_id)
            return
        log.info("The history of order %s in account %s says: %s", order.order_id, account, row.raw_status)
        news = self._keeper.news_of(level, order, row, account)
        if news is not None:
            self._keeper.take(news, rules, moment)

    def _say(self, key: str, text: str, end: str, moment: Moment) -> None:
        if key not in self._said:
            self._said[key] = end
            self._keeper.renew_attention(key, text, moment)
