"""One account's order books, read one after the other: rows that did not change are not read again."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tg1.errors import BrokerUnavailable
from tg1.xts.calls import book_rows
from tg1.xts.rows import from_xts, is_known_status, order_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BrokerOrder
    from tg1.xts.answer import Answer

log = logging.getLogger(__name__)


class BookReader:
    """Reads one account's order books; says each strange thing once, not once a second."""

    def __init__(self, account: str, scrub: Callable[[str], str]) -> None:
        self._account = account
        self._scrub = scrub
        self._strange_words: set[str] = set()
        self.bad_rows = 0
        """Rows of the last book that could not be read; such a row may be one of ours."""
        self._last: dict[str, tuple[dict[str, Any], BrokerOrder]] = {}
        """Each row of the last book with what it was read as: most rows of a day never change again."""

    def read(self, answer: Answer) -> tuple[BrokerOrder, ...]:
        """Return the orders of the book; raises as `book_rows`."""
        return self._orders(book_rows(answer))

    def _orders(self, rows: list[Any]) -> tuple[BrokerOrder, ...]:
        seen: dict[str, tuple[dict[str, Any], BrokerOrder]] = {}
        orders: list[BrokerOrder] = []
        bad_rows = 0
        for row in rows:
            try:
                order = self._order(row)
            except BrokerUnavailable:
                bad_rows += 1
                continue
            orders.append(order)
            seen[order.order_id] = (row, order)
        self._last = seen
        if bad_rows > self.bad_rows:
            log.warning("%s: %d of %d rows of the order book can't be read", self._account, bad_rows, len(rows))
        self.bad_rows = bad_rows
        return tuple(orders)

    def _order(self, row: Any) -> BrokerOrder:
        known = self._last.get(order_id_of(row.get("AppOrderID"))) if isinstance(row, dict) else None
        if known is not None and known[0] == row:
            return known[1]
        order = from_xts(row)
        self._note_word(order.raw_status)
        # The reason goes into the state file, where no redactor watches.
        return replace(order, reason=self._scrub(order.reason)) if order.reason else order

    def _note_word(self, word: str) -> None:
        if not is_known_status(word) and word not in self._strange_words:
            self._strange_words.add(word)
            log.warning('%s: order status "%s" is not known and counts as working', self._account, self._scrub(word))
