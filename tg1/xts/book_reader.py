"""One account's order books, read one after the other: rows that did not change are not read again."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tg1.errors import BrokerUnavailable
from tg1.xts.calls import book_rows
from tg1.xts.rows import essence, from_xts, is_known_status, order_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BrokerOrder
    from tg1.xts.answer import Answer

log = logging.getLogger(__name__)

_JUNK = b"null"
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A row, what it was read as, and what the other bots of the key need of it, as JSON."""

    row: dict[str, Any]
    order: BrokerOrder
    packed: bytes


class BookReader:
    """Reads one account's order books; says each strange thing once, not once a second."""

    def __init__(self, account: str, scrub: Callable[[str], str]) -> None:
        self._account = account
        self._scrub = scrub
        self._strange_words: set[str] = set()
        self.bad_rows = 0
        """Rows of the last book that could not be read; such a row may be one of ours."""
        self._own: dict[str, _Read] = {}
        """The rows of the last answer by order id: most rows of a day never change again."""
        self._others: dict[str, _Read] = {}
        """The same of the last book that another bot has read: it holds fewer fields."""
        self._packed: list[bytes] = []

    def read(self, answer: Answer) -> tuple[BrokerOrder, ...]:
        """Return the orders of the book; raises as `book_rows`."""
        found, self._own = self._orders(book_rows(answer), self._own)
        self._packed = [each.packed if each else _JUNK for each in found]
        return tuple(each.order for each in found if each)

    def pack(self) -> bytes:
        """Return the rows of the last answer for the other bots of the key: no secrets, no fields that nobody reads."""
        return b"[" + b",".join(self._packed) + b"]"

    def unpack(self, rows: list[Any]) -> tuple[BrokerOrder, ...]:
        """Return the orders of a book that another bot has packed."""
        found, self._others = self._orders(rows, self._others)
        return tuple(each.order for each in found if each)

    def _orders(self, rows: list[Any], known: dict[str, _Read]) -> tuple[list[_Read | None], dict[str, _Read]]:
        """Return what each row was read as, None for junk, and the same by order id."""
        found = [self._read(row, known) for row in rows]
        bad_rows = found.count(None)
        if bad_rows > self.bad_rows:
            log.warning("%s: %d of %d rows of the order book can't be read", self._account, bad_rows, len(rows))
        self.bad_rows = bad_rows
        return found, {each.order.order_id: each for each in found if each}

    def _read(self, row: Any, known: dict[str, _Read]) -> _Read | None:
        before = known.get(order_id_of(row.get("AppOrderID"))) if isinstance(row, dict) else None
        if before is not None and before.row == row:
            return before
        # Whatever goes on from here, into the state file or to other bots, has been scrubbed.
        plain = essence(row, self._scrub)
        try:
            order = from_xts(plain)
        except BrokerUnavailable:
            return None
        self._note_word(order.raw_status)
        return _Read(row, order, _JSON.encode(plain).encode())

    def _note_word(self, word: str) -> None:
        if not is_known_status(word) and word not in self._strange_words:
            self._strange_words.add(word)
            log.warning('%s: order status "%s" is not known and counts as working', self._account, word)
