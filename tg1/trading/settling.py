"""Reads books until they answer what has to be known first: every account's, and no doubt left (behaviour 3.4)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import BrokerUnavailable

if TYPE_CHECKING:
    from tg1.trading.book import Book
    from tg1.trading.parts import Parts
    from tg1.trading.strangers import Orphan

log = logging.getLogger(__name__)

BROKER_WITHIN_SECS = 60.0
"""How long the books may be unreadable, or doubts unresolved, at a start before it is given up (exit 4)."""
STEP_SECS = 1.0


def books_of_all(parts: Parts) -> dict[str, Book]:
    """Every account's book; raises `BrokerUnavailable` when one can't be read within a minute, or at a stop."""
    deadline = parts.clock.monotonic() + BROKER_WITHIN_SECS
    while True:
        books = parts.keeper.read(parts.client.accounts, since=parts.clock.monotonic())
        if len(books) == len(parts.client.accounts):
            return books
        if parts.clock.stop_requested or parts.clock.monotonic() >= deadline:
            unread = [account for account in parts.client.accounts if account not in books]
            raise BrokerUnavailable(f"The order book of {', '.join(unread)} can't be read")
        parts.clock.wait_until(parts.clock.monotonic() + STEP_SECS)


def settle_doubts(parts: Parts, books: dict[str, Book] | None = None) -> None:
    """Read every book until no order is in doubt and no orphan works, or a stop is asked for.

    `books` is a first snapshot that is at hand already. Raises `BrokerUnavailable` when it takes longer than
    `BROKER_WITHIN_SECS`.
    """
    deadline = parts.clock.monotonic() + BROKER_WITHIN_SECS
    while not parts.clock.stop_requested:
        question = open_question(
            parts, parts.keeper.read(parts.client.accounts, since=parts.clock.monotonic()) if books is None else books
        )
        books = None
        if not question:
            return
        if parts.clock.monotonic() >= deadline:
            raise BrokerUnavailable(f"The start is given up after {BROKER_WITHIN_SECS:.0f} s: {question}")
        parts.clock.wait_until(parts.clock.monotonic() + STEP_SECS)


def open_question(parts: Parts, books: dict[str, Book]) -> str:
    """Apply a snapshot of all books; what it leaves open as half a sentence, empty when nothing is."""
    moment = parts.moment()
    orphans = parts.take_books(books, moment, waits_for_all=True)
    for orphan in orphans:
        log.warning("Orphan order %s (%s) belongs to no level: cancelling it", orphan.order_id, orphan.client_id)
        parts.desk.request_cancel(orphan.account, orphan.order_id, orphan.client_id, "orphan", moment)
    parts.save(moment)
    unread = [account for account in parts.client.accounts if account not in books]
    if unread:
        blank = [account for account in unread if account in parts.keeper.blank]
        why = f"the order book of {', '.join(unread)} can't be read"
        return (
            f"{why}: {', '.join(blank)} shows no row although orders of this bot were accepted there" if blank else why
        )
    return _left_open(parts, orphans)


def _left_open(parts: Parts, orphans: list[Orphan]) -> str:
    doubts = [order.client_id for _, order in parts.keeper.live_orders() if order.in_doubt]
    if doubts:
        return f"nobody knows what became of {', '.join(doubts)}"
    return f"orphan orders don't end: {', '.join(o.order_id for o in orphans)}" if orphans else ""
