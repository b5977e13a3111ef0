"""Brings what the brokers' books say into the state: fills, ends, doubts (behaviour 3, 4, 5).

Reads books and keeps the state; never places an order.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerError
from tg1.models import OVER, Attention, OrderSide, OrderStatus, Role, SettledOrder, TradeSide
from tg1.rules import client_ids, fills, rejections
from tg1.rules.last_prices import note_seen
from tg1.rules.ledger import executed_by, trip_charges, trip_over
from tg1.rules.positions import open_gain
from tg1.rules.reconcile import Absence, DoubtTracker, Reading, Resolution, resolve
from tg1.trading.blame import Blame, is_a_success
from tg1.trading.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, datetime

    from tg1.models import BotState, BrokerOrder, LegOrder, OpenOrder, OrderHistoryRecord
    from tg1.ports import Broker
    from tg1.rules.change import Change
    from tg1.rules.charges import Plans
    from tg1.rules.given import Moment, Rules
    from tg1.state import StateManager

log = logging.getLogger(__name__)

UNREAD = "The order book of account %s could not be read, nothing is concluded: %s"
KEPT_SETTLED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a book says of one order of ours that the state does not know yet."""

    uuid: str
    """The order's level."""
    account: str
    reading: Reading

    @property
    def is_fill(self) -> bool:
        """True when the order has its last word and filled, whole or in part."""
        return self.reading.resolution.is_final and self.reading.order.filled_quantity > 0


class Bookkeeper:
    """The state and the books side by side."""

    def __init__(self, *, store: StateManager, client: Broker, plans: Plans) -> None:
        self._store = store
        self._client = client
        self._plans = plans
        self.blame = Blame()
        self._doubts = DoubtTracker()
        self._failing: set[str] = set()
        self._shown: set[tuple[str, date]] = set()
        """Accounts whose book has shown an order of ours of that day: a day's book loses no row (xts.md 2.6)."""
        self.blank: set[str] = set()
        """Accounts whose last book that could be read was blank: it must hold an order of ours and showed no row."""

    @property
    def state(self) -> BotState:
        """The one state of the bot."""
        return self._store.state

    def save(self, now: datetime) -> None:
        """Bring the state to disk; raises `SaveFailed`."""
        self._store.save(now)

    def live_orders(self) -> Iterator[tuple[OpenOrder, LegOrder]]:
        """Every order that is working or in doubt, with its level."""
        for level in self.state.levels.values():
            if level.order is not None:
                yield level, level.order
            if level.oco_order is not None:
                yield level, level.oco_order

    # -- reading -----------------------------------------------------------------------------------------------------

    def read(self, accounts: Iterable[str], *, since: float) -> dict[str, Book]:
        """One snapshot of each account's book; an account that could not be read is missing (behaviour 4.4).

        A snapshot that another bot of the key began to read after `since` (monotonic seconds) will do (behaviour 11.3).
        """
        tag = client_ids.bot_tag(self.state.bot_name)
        books: dict[str, Book] = {}
        for account in accounts:
            try:
                books[account] = Book(account, self._client.order_book(account, since=since), tag)
            except BrokerError as exc:
                if account not in self._failing:
                    log.warning(UNREAD, account, exc)
                self._failing.add(account)
            else:
                if account in self._failing:
                    log.info("The order book of account %s is readable again", account)
                self._failing.discard(account)
        return books

    def news(self, books: Mapping[str, Book], role: Role, rules: Rules, moment: Moment) -> list[News]:
        """What the books say of the orders of one role; an order that never arrived is freed on the way."""
        found = []
        for level, order in list(self.live_orders()):
            book = books.get(self._client.account_of(role, level.trade_side)) if order.role is role else None
            if book is not None and (reading := self._reading(book, level, order, rules, moment)) is not None:
                found.append(News(uuid=level.uuid, account=book.account, reading=reading))
        return found

    def _reading(self, book: Book, level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment) -> Reading | None:
        row = book.find(order)
        works = row is not None and row.status is OrderStatus.WORKING
        if works and (over := self.blame.saw_working(book.account, order, moment)):
            self.end_attention(over, f"orders of account {book.account} are accepted again", moment)
        if row is not None and _nothing_new(order, row) and not is_a_success(level, order, moment):
            return None
        reading = resolve(order, row)
        if reading.resolution is Resolution.ABSENT:
            self._count_absence(book, level, order, rules, moment)
            return None
        if order.in_doubt and row is not None:
            self._doubts.forget(order.client_id)
            if row.order_id:
                where = f"[{level.trade_side}] {order.role.upper()}"
                log.info("%s %s found in the book: %s -> ID=%s", where, order.side, order.client_id, row.order_id)
        return reading

    def _count_absence(self, book: Book, level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment) -> None:
        """Free the level of an order in doubt once its absence is proven (behaviour 3.3)."""
        proof = self._doubts.absent(order.client_id, moment.monotonic, is_empty=book.is_empty)
        if proof is None:
            return
        self._doubts.forget(order.client_id)
        self.apply(level, fills.never_arrived(level, order, rules, moment.now), book.account, moment)
        if proof is Absence.FROM_EMPTY_BOOKS:
            text = (
                f"an order of {order.quantity} {order.symbol} ({order.client_id}, {level.trade_side} level "
                f"{level.level}) got no answer, and account {book.account} has shown an empty book since: it is taken "
                "for never arrived; make sure on the broker's own screen"
            )
            self.call_attention(f"empty-book {order.client_id}", text, moment)

    def news_of(self, level: OpenOrder, order: LegOrder, row: BrokerOrder, account: str) -> News | None:
        """What one row says of an order, wherever the row comes from; None when it says nothing new."""
        if _nothing_new(order, row):
            return None
        return News(uuid=level.uuid, account=account, reading=resolve(order, row))

    def drop_blank(self, books: dict[str, Book], moment: Moment) -> None:
        """Take blank books out: they count as unread (behaviour 4.4)."""
        today = moment.now.date()
        self._shown = {each for each in self._shown if each[1] == today}
        self._shown |= {(account, today) for account, book in books.items() if book.ours and self.is_of_day(moment)}
        self.blank = self.blank - books.keys() | {name for name, book in books.items() if self._is_blank(book, moment)}
        for account in self.blank & books.keys():
            del books[account]

    def is_unseen(self, books: Mapping[str, Book], role: Role, trade_side: TradeSide) -> bool:
        """True when `books` can't tell what became of a working order of that role and half (behaviour 4.4, 7.4).

        An account without such an order needs no book: nothing there can have filled.
        """
        account = self._client.account_of(role, trade_side)
        working = (order for level, order in self.live_orders() if level.trade_side is trade_side)
        return account not in books and any(order.role is role for order in working)

    def _is_blank(self, book: Book, moment: Moment) -> bool:
        today = moment.now.date()
        if not book.is_empty or not self.is_of_day(moment):
            return False
        return (
            (book.account, today) in self._shown
            or any(one.account == book.account and one.day == today for one in self.state.executed)
            or any(
                self._client.account_of(order.role, level.trade_side) == book.account
                for level, order in self.live_orders()
                if order.order_id
            )
        )

    def is_of_day(self, moment: Moment) -> bool:
        """True when the state's orders are of the moment's day: those of an earlier one are gone."""
        return self.state.trading_day == moment.now.date()

    # -- applying ----------------------------------------------------------------------------------------------------

    def take(self, news: News, rules: Rules, moment: Moment) -> None:
        """Bring one piece of news into the state, whatever it is."""
        level = self.state.levels[news.uuid]
        change = fills.apply_reading(level, news.reading, rules, moment, self.state.next_opened_seq)
        self.apply(level, change, news.account, moment)

    def apply(self, before: OpenOrder, change: Change, account: str, moment: Moment) -> None:
        """Put a change into the state: level, counters, P&L, history, attention. The caller saves."""
        state = self.state
        if change.rejection is not None:
            change = change.then(self.blame.charge(state, change.level, change.rejection, account, moment))
        _replace_level(state, before.uuid, change.level)
        self._count(before, change)
        if (order := change.executed) is not None:
            state.executed.append(
                executed_by(order, before, state, self._client.account_of(order.role, before.trade_side))
            )
        if change.executed is not None or change.quantity or change.level.oco_traded != before.oco_traded:
            note_seen(state, moment)
        if change.record is not None:
            self._record(change.record, change.level, moment)
        if change.settled is not None:
            self.settle(change.settled, account)
        for note in change.notes:
            log.log(note.severity, note.text)
        for key, text in change.attention:
            self.call_attention(key, text, moment)
        for key in rejections.over(before, change.level):
            self.end_attention(key, f"the order of {before.name} is accepted again, or needed no more", moment)

    def _record(self, record: OrderHistoryRecord, level: OpenOrder, moment: Moment) -> None:
        """Write a finished trip into the history with what it cost, and with what it leaves open (behaviour 15)."""
        state = self.state
        cost = trip_charges(state.executed, record.uuid, self._plans)
        left_open = open_gain(level, moment.price_a, moment.price_b)
        state.order_history.append(replace(record, seq=state.next_record_seq, charges=cost, open_pnl=left_open))
        state.next_record_seq += 1
        state.executed = trip_over(state.executed, record.uuid)

    def _count(self, before: OpenOrder, change: Change) -> None:
        state = self.state
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

    def pause_entries(self, *, reached: bool) -> None:
        """Note whether MaxQuantity is reached, and say it when that changes (architecture 12)."""
        if reached and not self.state.max_quantity_reached:
            log.warning("MAX QUANTITY REACHED — pausing new entries")
        elif self.state.max_quantity_reached and not reached:
            log.info("Below max quantity again: new entries resume")
        self.state.max_quantity_reached = reached

    def settle(self, order: LegOrder, account: str) -> None:
        """Remember an order that left without being filled whole, in case that it fills after all."""
        settled = SettledOrder(client_id=order.client_id, account=account, booked_quantity=order.filled_quantity)
        self.state.settled.append(settled)
        del self.state.settled[:-KEPT_SETTLED]

    def call_attention(self, key: str, text: str, moment: Moment) -> None:
        """Keep a sentence for the operator in the state file, once until it is over (behaviour 6.5, 8)."""
        if all(item.key != key or item.is_over for item in self.state.attention):
            self.renew_attention(key, text, moment)

    def renew_attention(self, key: str, text: str, moment: Moment) -> None:
        """Say a thing that may come again: a new sentence takes the old one's place."""
        others = [item for item in self.state.attention if item.key != key]
        self.state.attention[:] = [*others, Attention(key=key, text=text, at=moment.now.isoformat())]
        log.error("ATTENTION: %s", text)

    def end_attention(self, key: str, text: str, moment: Moment) -> None:
        """Say that a thing is over; its sentence stays for the operator, with its end."""
        for number, item in enumerate(self.state.attention):
            if item.key == key and not item.is_over:
                log.warning("Over: %s", text)
                ended = replace(item, text=f"{item.text}{OVER}{moment.now:%H:%M:%S}: {text})")
                self.state.attention[number] = ended


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
