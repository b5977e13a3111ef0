"""Brings what the brokers' books say into the state: fills, ends, doubts, strangers (behaviour 3, 4, 5).

Reads books and keeps the state; never places an order. Rows that do not carry this bot's tag are not looked at twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerError
from tg1.models import ZERO, Attention, LegOrder, OrderSide, OrderStatus, OrderType, Role, SettledOrder, TradeSide
from tg1.rules import client_ids, transitions
from tg1.rules.reconcile import DoubtTracker, Resolution, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tg1.machine.clock import Clock
    from tg1.models import BotState, BrokerOrder, OpenOrder
    from tg1.ports import Broker
    from tg1.rules.transitions import Change, Moment, Rules
    from tg1.state import StateManager

log = logging.getLogger(__name__)

KEPT_SETTLED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A working order with our tag that no level knows; it is to be cancelled (behaviour 3.4)."""

    account: str
    order_id: str
    client_id: str


class Book:
    """One account's order book of this cycle, indexed."""

    def __init__(self, account: str, rows: Iterable[BrokerOrder], tag: str) -> None:
        self.account = account
        self.by_order_id: dict[str, BrokerOrder] = {}
        self.ours: dict[str, list[BrokerOrder]] = {}
        """Rows with this bot's tag, by client id; more than one only when a broker doubled an order."""
        for row in rows:
            self.by_order_id[row.order_id] = row
            # The whole id has to be one of ours: what merely begins like it is somebody else's (behaviour 3.4).
            if row.client_id.startswith(tag) and client_ids.parse_client_id(row.client_id) is not None:
                self.ours.setdefault(row.client_id, []).append(row)

    def find(self, order: LegOrder) -> BrokerOrder | None:
        """The row of one of our orders: by AppOrderID, or by client id while its id is not known."""
        if order.order_id is not None:
            return self.by_order_id.get(order.order_id)
        rows = self.ours.get(order.client_id)
        return rows[0] if rows else None


class Bookkeeper:
    """The state and the books side by side."""

    def __init__(self, *, store: StateManager, client: Broker, clock: Clock) -> None:
        self._store = store
        self._client = client
        self._clock = clock
        self._doubts = DoubtTracker()
        self._judged: dict[str, tuple[OrderStatus, int | None]] = {}
        self._late_reads: set[str] = set()
        self._failing: set[str] = set()

    @property
    def state(self) -> BotState:
        """The one state of the bot."""
        return self._store.state

    def save(self) -> None:
        """Bring the state to disk; raises `SaveFailed`."""
        self._store.save(self._clock.now())

    # -- reading -----------------------------------------------------------------------------------------------------

    def accounts_in_use(self) -> list[str]:
        """Accounts with something working, in doubt, or orphaned (behaviour 4.1)."""
        used = {self._client.account_of(order.role, level.trade_side) for level, order in self.live_orders()}
        return [account for account in self._client.accounts if account in used or account in self._late_reads]

    def live_orders(self) -> Iterator[tuple[OpenOrder, LegOrder]]:
        """Every order that is working or in doubt, with its level."""
        for level in self.state.levels.values():
            if level.order is not None:
                yield level, level.order
            if level.oco_order is not None:
                yield level, level.oco_order

    def read(self, accounts: Iterable[str]) -> dict[str, Book]:
        """One snapshot of each account's book; an account that could not be read is missing (behaviour 4.4)."""
        tag = client_ids.bot_tag(self.state.bot_name)
        began = self._clock.monotonic()
        books: dict[str, Book] = {}
        for account in accounts:
            try:
                books[account] = Book(account, self._client.order_book(account, since=began), tag)
            except BrokerError as exc:
                if account not in self._failing:
                    log.warning(
                        "The order book of account %s could not be read, nothing is concluded: %s", account, exc
                    )
                self._failing.add(account)
            else:
                if account in self._failing:
                    log.info("The order book of account %s is readable again", account)
                self._failing.discard(account)
        return books

    # -- applying ----------------------------------------------------------------------------------------------------

    def poll(self, books: dict[str, Book], role: Role, rules: Rules, moment: Moment) -> None:
        """Apply the books to all orders of one role."""
        for level, order in list(self.live_orders()):
            if order.role is not role:
                continue
            book = books.get(self._client.account_of(role, level.trade_side))
            if book is not None:
                self._poll_order(book, level.uuid, order, rules, moment)

    def _poll_order(self, book: Book, uuid: str, order: LegOrder, rules: Rules, moment: Moment) -> None:
        row = book.find(order)
        if row is not None and _nothing_new(order, row):
            return
        level = self.state.levels[uuid]
        reading = resolve(order, row)
        if reading.resolution is Resolution.ABSENT:
            if not self._is_blank(book) and self._doubts.absent(order.client_id, self._clock.monotonic()):
                self._doubts.forget(order.client_id)
                self.apply(level, transitions.never_arrived(level, order), book.account)
            return
        if order.in_doubt and row is not None:
            self._doubts.forget(order.client_id)
        if order.in_doubt and row is not None and row.order_id:
            log.info(
                "[%s] %s found in the book: %s -> ID=%s",
                level.trade_side,
                order.role.upper(),
                order.client_id,
                row.order_id,
            )
        seq = self.state.next_opened_seq
        self.apply(level, transitions.apply_reading(level, reading, rules, moment, seq), book.account)

    def is_unseen(self, books: dict[str, Book], role: Role) -> bool:
        """True when `books` can't tell what became of some order of that role: unread, or blank (behaviour 4.4)."""
        accounts = {
            self._client.account_of(role, lv.trade_side) for lv, order in self.live_orders() if order.role is role
        }
        return any(account not in books or self._is_blank(books[account]) for account in accounts)

    def _is_blank(self, book: Book) -> bool:
        """True for an empty book that must hold an order of today: it proves nothing (behaviour 4.4)."""
        today = self._clock.now().date()
        if book.by_order_id or self.state.trading_day != today:
            return False
        for level in self.state.levels.values():
            roles = {order.role for order in level.orders if order.order_id}
            if level.opened_at is not None and level.opened_at.date() == today:
                roles.add(Role.ENTRY)
            if any(self._client.account_of(role, level.trade_side) == book.account for role in roles):
                return True
        return False

    def apply(self, before: OpenOrder, change: Change, account: str) -> None:
        """Put a change into the state: level, counters, P&L, history, attention. The caller saves."""
        state = self.state
        _replace_level(state, before.uuid, change.level)
        if change.quantity:
            role = OrderSide.ENTRY if change.quantity > 0 else OrderSide.TARGET
            self._store.update_quantity(role, before.entry_direction, abs(change.quantity))
        if before.trade_side is TradeSide.UPSIDE:
            state.upside_oco_net_count += change.oco_count
        else:
            state.downside_oco_net_count += change.oco_count
        state.total_pnl += change.pnl
        state.next_opened_seq += change.entered
        if change.target_filled:
            state.max_quantity_reached = False
        if change.record is not None:
            state.order_history.append(replace(change.record, seq=state.next_record_seq))
            state.next_record_seq += 1
        if change.settled is not None:
            self._settle(change.settled, account)
        for note in change.notes:
            log.log(note.severity, note.text)
        for key, text in change.attention:
            self.call_attention(key, text)

    def _settle(self, order: LegOrder, account: str) -> None:
        settled = SettledOrder(client_id=order.client_id, account=account, booked_quantity=order.filled_quantity)
        self.state.settled.append(settled)
        del self.state.settled[:-KEPT_SETTLED]

    def call_attention(self, key: str, text: str) -> None:
        """Keep a sentence for the operator in the state file, once (behaviour 6.5, 8)."""
        if all(item.key != key for item in self.state.attention):
            self.state.attention.append(Attention(key=key, text=text, at=self._clock.now().isoformat()))
            log.error("ATTENTION: %s", text)

    # -- strangers ---------------------------------------------------------------------------------------------------

    def judge_strangers(self, books: dict[str, Book]) -> list[Orphan]:
        """Look at rows with our tag that no live order accounts for; return those that are still working.

        An id that the state has never given out is taken back into its level (the state file came from a backup);
        a fill that nobody booked is brought to the operator's attention.
        """
        live = {order.client_id: order.order_id for _, order in self.live_orders()}
        orphans: list[Orphan] = []
        for book in books.values():
            found = [orphan for row in _strangers(book, live) if (orphan := self._judge(book, row, live))]
            orphans += found
            if found:
                self._late_reads.add(book.account)
            else:
                self._late_reads.discard(book.account)
        return orphans

    def _judge(self, book: Book, row: BrokerOrder, live: dict[str, str | None]) -> Orphan | None:
        account = book.account
        if self._judged.get(row.order_id) == (row.status, row.filled_quantity):
            return None
        found = self._level_of(account, row)
        if found is not None and found[1].attempt > found[0].attempts and self._take_back(account, row, *found):
            return None
        self._report_unbooked(account, row, doubled=_is_second(book, row, live))
        if not row.status.is_final:
            return Orphan(account=account, order_id=row.order_id, client_id=row.client_id)
        self._judged[row.order_id] = (row.status, row.filled_quantity)
        return None

    def _level_of(self, account: str, row: BrokerOrder) -> tuple[OpenOrder, client_ids.ClientId] | None:
        named = client_ids.parse_client_id(row.client_id)
        if named is None or named.generation != self.state.generation:
            return None
        if self._client.account_of(named.role, named.trade_side) != account:
            return None
        for level in self.state.levels.values():
            if level.level == named.level and level.trade_side is named.trade_side:
                return level, named
        return None

    def _take_back(self, account: str, row: BrokerOrder, level: OpenOrder, named: client_ids.ClientId) -> bool:
        """Adopt an order whose attempt number is beyond what the state knows, when its level has room for it.

        Without room it is remembered as an order of ours of which nothing is booked.
        """
        order = LegOrder(
            client_id=row.client_id,
            role=named.role,
            side=row.side or level.entry_trade_direction,
            symbol=row.symbol,
            quantity=row.quantity or 0,
            order_type=OrderType.LIMIT,
            limit_price=row.limit_price or ZERO,
            order_id=row.order_id,
        )
        adopted = _has_room(level, named.role) and row.side is not None and order.quantity > 0 and order.limit_price > 0
        level = replace(level, attempts=named.attempt)
        self.state.levels[level.uuid] = level.with_order(order) if adopted else level
        if not adopted:
            self._settle(order, account)
            return False
        log.warning(
            "[%s] %s %s was unknown to the state and is taken back: ID=%s",
            level.trade_side,
            named.role.upper(),
            row.client_id,
            row.order_id,
        )
        return True

    def _report_unbooked(self, account: str, row: BrokerOrder, *, doubled: bool) -> None:
        booked = 0 if doubled else self._booked(account, row)
        filled = row.filled_quantity or 0
        if booked is None or filled <= booked:
            return
        what = "is a second order under one client id and" if doubled else "was thought gone but"
        text = (
            f"order {row.order_id} ({row.client_id}) {what} filled {filled - booked} shares of "
            f"{row.symbol or 'its symbol'} {row.side or ''} in account {account}: this position is in no level"
        )
        self.call_attention(f"late-fill {row.client_id} {filled}", text)

    def _booked(self, account: str, row: BrokerOrder) -> int | None:
        """Shares of a stranger that the state has booked; None when it was booked whole or is an older grid's."""
        for settled in reversed(self.state.settled):
            if settled.client_id == row.client_id and settled.account == account:
                return settled.booked_quantity
        return None


def _strangers(book: Book, live: dict[str, str | None]) -> list[BrokerOrder]:
    return [
        row
        for client_id, rows in book.ours.items()
        for row in rows
        if client_id not in live or live[client_id] not in (None, row.order_id)
    ]


def _is_second(book: Book, row: BrokerOrder, live: dict[str, str | None]) -> bool:
    """True when a broker doubled an order and `row` is not the one of the two whose fills a level has booked."""
    rows = book.ours[row.client_id]
    if len(rows) == 1:
        return False
    order_id = live.get(row.client_id)
    booked = [each for each in rows if each.order_id == order_id] or rows
    # By order id: a book that lists one order twice has doubled nothing.
    return row.order_id != max(booked, key=lambda each: each.filled_quantity or 0).order_id


def _has_room(level: OpenOrder, role: Role) -> bool:
    if role is Role.OCO:
        return level.is_open and level.oco_order is None
    wanted = OrderSide.ENTRY if role is Role.ENTRY else OrderSide.TARGET
    return level.order is None and level.order_side is wanted and not level.closed and not level.oco_filled


def _nothing_new(order: LegOrder, row: BrokerOrder) -> bool:
    return (
        order.order_id is not None
        and order.acknowledged
        and not row.status.is_final
        and row.filled_quantity == order.filled_quantity
        and (row.filled_quantity == 0 or row.average_price is None)
    )


def _replace_level(state: BotState, uuid: str, level: OpenOrder) -> None:
    """Keep the grid's order when a level gets a new uuid."""
    if level.uuid == uuid:
        state.levels[uuid] = level
    else:
        state.levels = {
            (level.uuid if key == uuid else key): (level if key == uuid else old) for key, old in state.levels.items()
        }
