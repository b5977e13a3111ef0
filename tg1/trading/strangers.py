"""Orders with this bot's tag that no level accounts for (behaviour 3.4).

Rows without the tag are never looked at twice: they are somebody else's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import ZERO, LegOrder, LevelState, OrderStatus, OrderType, Role
from tg1.rules.client_ids import ClientId, parse_client_id
from tg1.rules.transitions import placed, stay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.models import BrokerOrder, OpenOrder
    from tg1.ports import Broker
    from tg1.rules.given import Moment
    from tg1.trading.book import Book
    from tg1.trading.bookkeeper import Bookkeeper

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A working order with our tag that no level knows; it is to be cancelled."""

    account: str
    order_id: str
    client_id: str


class Strangers:
    """Takes back what a restored state file has forgotten; what can't be taken back is an orphan."""

    def __init__(self, *, keeper: Bookkeeper, client: Broker) -> None:
        self._keeper = keeper
        self._client = client
        self._judged: dict[str, tuple[OrderStatus, int | None]] = {}
        self.accounts: set[str] = set()
        """Accounts whose orphans have not ended yet: their books go on being read."""

    def judge(self, books: Mapping[str, Book], moment: Moment) -> list[Orphan]:
        """Look at rows with our tag that no live order accounts for; return those that are still working.

        An id that the state has never given out is taken back into its level (the state file came from a backup);
        a fill that nobody booked is brought to the operator's attention.
        """
        live = {order.client_id: order.order_id for _, order in self._keeper.live_orders()}
        orphans: list[Orphan] = []
        for book in books.values():
            found = [orphan for row in book.strangers(live) if (orphan := self._judge(book, row, live, moment))]
            orphans += found
            if found:
                self.accounts.add(book.account)
            else:
                self.accounts.discard(book.account)
        return orphans

    def _judge(self, book: Book, row: BrokerOrder, live: Mapping[str, str | None], moment: Moment) -> Orphan | None:
        account = book.account
        if self._judged.get(row.order_id) == (row.status, row.filled_quantity):
            return None
        found = self._level_of(account, row)
        if found is not None and found[1].attempt > found[0].attempts and self._take_back(account, row, *found):
            return None
        self._report_unbooked(account, row, moment, doubled=book.is_second(row, live))
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

    def _take_back(self, account: str, row: BrokerOrder, level: OpenOrder, named: ClientId) -> bool:
        """Adopt an order whose attempt number is beyond what the state knows, when its level has room for it.

        Without room it is remembered as an order of ours of which nothing is booked.
        """
        order = _order_of(row, level, named)
        adopted = _has_room(level, named.role) and row.side is not None and order.quantity > 0 and order.limit_price > 0
        level = stay(level, attempts=named.attempt)
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

    def _report_unbooked(self, account: str, row: BrokerOrder, moment: Moment, *, doubled: bool) -> None:
        booked = 0 if doubled else self._booked(account, row)
        filled = row.filled_quantity or 0
        if booked is None or filled <= booked:
            return
        what = "is a second order under one client id and" if doubled else "was thought gone but"
        text = (
            f"order {row.order_id} ({row.client_id}) {what} filled {filled - booked} shares of "
            f"{row.symbol or 'its symbol'} {row.side or ''} in account {account}: this position is in no level"
        )
        self._keeper.call_attention(f"late-fill {row.client_id} {filled}", text, moment)

    def _booked(self, account: str, row: BrokerOrder) -> int | None:
        """Shares of a stranger that the state has booked; None when it was booked whole or is an older grid's."""
        for settled in reversed(self._keeper.state.settled):
            if settled.client_id == row.client_id and settled.account == account:
                return settled.booked_quantity
        return None


def _order_of(row: BrokerOrder, level: OpenOrder, named: ClientId) -> LegOrder:
    return LegOrder(
        client_id=row.client_id,
        role=named.role,
        side=row.side or level.entry_trade_direction,
        symbol=row.symbol,
        quantity=row.quantity or 0,
        order_type=OrderType.LIMIT,
        limit_price=row.limit_price or ZERO,
        order_id=row.order_id,
    )


def _has_room(level: OpenOrder, role: Role) -> bool:
    if role is Role.OCO:
        return level.is_open and level.oco_order is None
    return level.state is (LevelState.FRESH if role is Role.ENTRY else LevelState.TARGET_READY)
