"""Orders with this bot's tag that no level accounts for (behaviour 3.4).

Rows without the tag are never looked at twice: they are somebody else's.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.models import ZERO, LegOrder, LevelState, OrderStatus, OrderType, Role
from tg1.rules.client_ids import ClientId, parse_client_id
from tg1.rules.transitions import placed, stay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tg1.models import BrokerOrder, OpenOrder, TradeSide
    from tg1.ports import Broker
    from tg1.rules.given import Moment, Rules
    from tg1.trading.book import Book
    from tg1.trading.bookkeeper import Bookkeeper

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A working order with our tag that no level knows; it is to be cancelled."""

    account: str
    order_id: str
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One look at the books, and what the state knew when it began."""

    live: Mapping[str, str | None]
    """AppOrderIDs of the live orders by client id."""
    attempts: Mapping[tuple[TradeSide, int], int]
    """The last attempt that each level has given out."""
    rules: Rules
    moment: Moment
    waits: bool
    """True: what the state has forgotten is left for a later look."""
    taken: set[str] = field(default_factory=set)
    """Client ids that were taken back in this look."""
    hedges: dict[str, tuple[BrokerOrder, str]] = field(default_factory=dict)
    """By level: the hedge that was taken back and not booked yet, and its account."""


class Strangers:
    """Takes back what a restored state file has forgotten; what can't be taken back is an orphan."""

    def __init__(self, *, keeper: Bookkeeper, client: Broker) -> None:
        self._keeper = keeper
        self._client = client
        self._judged: dict[str, tuple[OrderStatus, int | None]] = {}
        self.accounts: set[str] = set()
        """Accounts whose orphans have not ended yet: their books go on being read."""

    def judge(self, books: Mapping[str, Book], rules: Rules, moment: Moment, *, waits: bool = False) -> list[Orphan]:
        """Look at rows with our tag that no live order accounts for; return those that are still working.

        An id that the state has never given out is taken back into its level (the state file came from a backup), and
        what it filled is booked before the next one is looked at: so a whole round trip that the state lacks is booked
        as it happened, and the level holds what the trader holds. A fill that nobody booked is brought to the
        operator's attention. With `waits`, forgotten orders are left for a later look at more books.
        """
        live = {order.client_id: order.order_id for _, order in self._keeper.live_orders()}
        rows = [(row, book) for book in books.values() for row in book.strangers(live) if not self._is_judged(row)]
        self.accounts -= books.keys()
        if not rows:
            return []
        look = _Look(
            live=live,
            attempts={(each.trade_side, each.level): each.attempts for each in self._keeper.state.levels.values()},
            rules=rules,
            moment=moment,
            waits=waits,
        )
        found = [orphan for row, book in _as_lived(rows) if (orphan := self._judge(book, row, look))]
        for uuid in list(look.hedges):
            self._book_hedge(uuid, look)
        self.accounts |= {orphan.account for orphan in found}
        return found

    def _is_judged(self, row: BrokerOrder) -> bool:
        return self._judged.get(row.order_id) == (row.status, row.filled_quantity)

    def _judge(self, book: Book, row: BrokerOrder, look: _Look) -> Orphan | None:
        account = book.account
        found = self._level_of(account, row)
        if found is not None and row.client_id not in look.taken:
            level, named = found
            if named.attempt > look.attempts[level.trade_side, level.level] and (
                look.waits or self._has_taken_back(account, row, level, named, look)
            ):
                return None
        self._report_unbooked(account, row, look.moment, doubled=book.is_second(row, look.live))
        if not row.status.is_final:
            return Orphan(account=account, order_id=row.order_id, client_id=row.client_id)
        self._judged[row.order_id] = (row.status, row.filled_quantity)
        return None

    def _level_of(self, account: str, row: BrokerOrder) -> tuple[OpenOrder, ClientId] | None:
        named = parse_client_id(row.client_id)
        state = self._keeper.state
        if named is None or named.generation != state.generation:
            return None
        if self._client.account_of(named.role, named.trade_side) != account:
            return None
        for level in state.levels.values():
            if level.level == named.level and level.trade_side is named.trade_side:
                return level, named
        return None

    def _has_taken_back(self, account: str, row: BrokerOrder, level: OpenOrder, named: ClientId, look: _Look) -> bool:
        """Take an order back and book it; a hedge only when its trip's target has had its say (behaviour 6.5)."""
        if named.role is not Role.TARGET and level.uuid in look.hedges:
            self._book_hedge(level.uuid, look)
            (level,) = (
                each
                for each in self._keeper.state.levels.values()
                if (each.trade_side, each.level) == (named.trade_side, named.level)
            )
        if not self._take_back(account, row, level, named):
            return False
        look.taken.add(row.client_id)
        if named.role is Role.OCO:
            look.hedges[level.uuid] = (row, account)
        else:
            self._book(account, row, level.uuid, look)
        return True

    def _book_hedge(self, uuid: str, look: _Look) -> None:
        row, account = look.hedges.pop(uuid)
        self._book(account, row, uuid, look)

    def _take_back(self, account: str, row: BrokerOrder, level: OpenOrder, named: ClientId) -> bool:
        """Adopt an order whose attempt number is beyond what the state knows, when its level has room for it.

        Without room it is remembered as an order of ours of which nothing is booked.
        """
        order = _order_of(row, level, named)
        readable = row.side is not None and order.quantity > 0 and order.limit_price > 0
        # One that ended without a fill has nothing to book, and an old rejection is no new one.
        adopted = _has_room(level, order) and readable and not (row.status.is_final and not row.filled_quantity)
        level = stay(level, attempts=max(level.attempts, named.attempt))
        self._keeper.state.levels[level.uuid] = placed(level, order) if adopted else level
        if not adopted:
            self._keeper.settle(order, account)
            return False
        log.warning(
            "[%s] %s %s was unknown to the state and is taken back: ID=%s",
            level.trade_side,
            named.role.upper(),
            row.client_id,
            row.order_id,
        )
        return True

    def _book(self, account: str, row: BrokerOrder, uuid: str, look: _Look) -> None:
        """Book what an order that was taken back has filled, and its end: the next ones rest on it."""
        level = self._keeper.state.levels[uuid]
        (order,) = (each for each in level.orders if each.client_id == row.client_id)
        if (news := self._keeper.news_of(level, order, row, account)) is not None:
            self._keeper.take(news, look.rules, look.moment)

    def _report_unbooked(self, account: str, row: BrokerOrder, moment: Moment, *, doubled: bool) -> None:
        booked = 0 if doubled else self._booked(account, row)
        filled = row.filled_quantity or 0
        if booked is None or filled <= booked:
            return
        what = "is a second order under one client id and" if doubled else "was thought gone but"
        shares = f"{filled - booked} shares of {row.symbol or 'its symbol'}" + (f" {row.side}" if row.side else "")
        text = (
            f"order {row.order_id} ({row.client_id}) {what} filled {shares} in account {account}: "
            "this position is in no level"
        )
        self._keeper.call_attention(f"late-fill {row.client_id} {filled}", text, moment)

    def _booked(self, account: str, row: BrokerOrder) -> int | None:
        """Shares of a stranger that the state has booked; None when it was booked whole or is an older grid's."""
        for settled in reversed(self._keeper.state.settled):
            if settled.client_id == row.client_id and settled.account == account:
                return settled.booked_quantity
        return None


def _as_lived(rows: Iterable[tuple[BrokerOrder, Book]]) -> list[tuple[BrokerOrder, Book]]:
    """The rows in the order in which a level's life makes sense of them: trip by trip, entry, hedges, targets.

    Attempts number all orders of a level. A hedge comes before its trip's target, because a target that filled whole
    ends the trip, and what the hedge filled has to be known by then.
    """
    entries: defaultdict[tuple[TradeSide, int], list[int]] = defaultdict(list)
    named = [(parse_client_id(row.client_id), row, book) for row, book in rows]
    for each, _, _ in named:
        if each is not None and each.role is Role.ENTRY:
            entries[each.trade_side, each.level].append(each.attempt)

    def when(each: ClientId | None) -> tuple[int, int, int]:
        if each is None:
            return (0, 0, 0)
        trip = sum(1 for attempt in entries[each.trade_side, each.level] if attempt <= each.attempt)
        return (trip, _WITHIN_A_TRIP.index(each.role) if each.role in _WITHIN_A_TRIP else 0, each.attempt)

    return [(row, book) for _, row, book in sorted(named, key=lambda item: when(item[0]))]


_WITHIN_A_TRIP = (Role.ENTRY, Role.OCO, Role.TARGET)


def _order_of(row: BrokerOrder, level: OpenOrder, named: ClientId) -> LegOrder:
    """The order that a row shows, as one that has told nothing yet: its number is adopted when the row is booked."""
    return LegOrder(
        client_id=row.client_id,
        role=named.role,
        side=row.side or level.entry_trade_direction,
        symbol=row.symbol,
        quantity=row.quantity or 0,
        order_type=OrderType.LIMIT,
        limit_price=row.limit_price or ZERO,
    )


def _has_room(level: OpenOrder, order: LegOrder) -> bool:
    if order.role is Role.OCO:
        return level.is_open and level.oco_order is None
    if order.role is Role.ENTRY:
        return level.state is LevelState.FRESH
    # A target for more than the level holds belongs to a trip whose entry the book does not show.
    return level.state is LevelState.TARGET_READY and order.quantity <= level.open_quantity
