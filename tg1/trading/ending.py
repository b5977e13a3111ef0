"""Cancels everything that is ours and confirms it from the books (behaviour 7.3, 12, 13).

Needs no disk and no prices: a save that fails or a dead feed must not keep an order alive.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.models import Role
from tg1.rules.transitions import Moment

if TYPE_CHECKING:
    from tg1.trading.bookkeeper import Orphan
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

GIVE_UP_SECS = 60.0
"""How long nothing may change in the books before what is left is reported instead."""
READ_EVERY_SECS = 1.0

_ORDER_OF_CANCELS = {Role.ENTRY: 0, Role.OCO: 1, Role.TARGET: 2}
"""Entries first: they are the ones that would open something new."""


def cancel_everything(parts: Parts, why: str, patience_secs: float | None = None) -> list[str]:
    """Cancel all working orders of this bot on every account and read the books until none is left.

    Fills that win the race are booked. Returns a sentence for each order that is still working, or that can't be
    confirmed, once nothing has moved for `patience_secs`; an empty list is the confirmation.
    """
    patience_secs = GIVE_UP_SECS if patience_secs is None else patience_secs
    quiet_since = parts.clock.monotonic()
    before: list[str] | None = None
    told = parts.clock.stop_requested
    while True:
        books = parts.books.read(parts.client.accounts)
        orphans = parts.poll_all(books, Moment(now=parts.clock.now(), token_b_price=parts.moment().token_b_price))
        parts.save()
        unread = [account for account in parts.client.accounts if account not in books]
        working = _working(parts, orphans)
        if not working and not unread:
            return []
        # A book that comes and goes is no progress: only orders that end are.
        if working != before:
            before, quiet_since = working, parts.clock.monotonic()
        elif parts.clock.monotonic() - quiet_since >= patience_secs:
            return [*(f"account {account}: its order book could not be read" for account in unread), *working]
        _send_cancels(parts, orphans, why)
        if parts.clock.stop_requested and not told:
            told = True
            log.warning(
                "A stop was asked for: cancelling goes on until the books confirm it or nothing has moved for %.0f s",
                patience_secs,
            )
        parts.clock.sleep_until(parts.clock.monotonic() + READ_EVERY_SECS)


def _working(parts: Parts, orphans: list[Orphan]) -> list[str]:
    return [
        *working_sentences(parts),
        *(f"account {orphan.account}: order {orphan.order_id} ({orphan.client_id})" for orphan in orphans),
    ]


def working_sentences(parts: Parts) -> list[str]:
    """One line per order of ours that is working or in doubt, as the state knows it."""
    lines = []
    for level, order in parts.books.live_orders():
        account = parts.client.account_of(order.role, level.trade_side)
        name = f"order {order.order_id}" if order.order_id else f"order in doubt {order.client_id}"
        price = order.trigger_price or order.limit_price
        lines.append(
            f"account {account}: {name} ({level.trade_side} level {level.level} {order.role}), "
            f"{order.side} {order.remaining} {order.symbol} @ {price:.2f}"
        )
    return lines


def _send_cancels(parts: Parts, orphans: list[Orphan], why: str) -> None:
    live = sorted(parts.books.live_orders(), key=lambda pair: _ORDER_OF_CANCELS[pair[1].role])
    for level, order in live:
        parts.desk.cancel(level, order, why)
    for orphan in orphans:
        parts.desk.request_cancel(orphan.account, orphan.order_id, orphan.client_id, why)
