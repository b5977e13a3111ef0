"""Carries decisions out: intent on disk first, then one request, then the answer on disk (behaviour 3).

This is the only place that places and cancels orders. It decides nothing about prices or levels.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerRefused, BrokerUnavailable, BrokerUnknown, RateLimited, SaveFailed, SessionRefused
from tg1.models import LegOrder
from tg1.rules import transitions
from tg1.rules.client_ids import ClientId, bot_tag

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.machine.clock import Clock
    from tg1.models import OpenOrder, OrderType, Role, Side
    from tg1.ports import Broker
    from tg1.trading.bookkeeper import Bookkeeper

log = logging.getLogger(__name__)

CANCEL_AGAIN_SECS = 5.0
"""A cancel that the book has not confirmed after this long is asked for again; cancels count against the limiter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One order to be placed for a level; the client id is given when the intent is written."""

    level: OpenOrder
    role: Role
    side: Side
    symbol: str
    quantity: int
    order_type: OrderType
    limit_price: Decimal
    trigger_price: Decimal | None = None


class OrderDesk:
    """Places batches of orders and cancels single ones, keeping state and disk one step ahead of the wire."""

    def __init__(self, *, books: Bookkeeper, client: Broker, clock: Clock) -> None:
        self._books = books
        self._client = client
        self._clock = clock
        self._cancel_sent_at: dict[str, float] = {}

    def place(self, tickets: list[Ticket]) -> None:
        """Write all intents with one save, then send each order once.

        Nothing is sent when the save fails (behaviour 9.2) or, from then on, when a stop is asked for.
        """
        if not tickets:
            return
        orders = [self._write_intent(ticket) for ticket in tickets]
        try:
            self._books.save()
        except SaveFailed:
            for uuid, order in orders:
                self._free(uuid, order)
            raise
        for uuid, order in orders:
            if self._clock.stop_requested:
                self._free(uuid, order)
            else:
                self._send(uuid, order)
        self._books.save()

    def _write_intent(self, ticket: Ticket) -> tuple[str, LegOrder]:

        state = self._books.state
        level = state.levels[ticket.level.uuid]
        attempt = level.attempts + 1
        client_id = ClientId(
            tag=bot_tag(state.bot_name),
            generation=state.generation,
            trade_side=level.trade_side,
            level=level.level,
            role=ticket.role,
            attempt=attempt,
        )
        order = LegOrder(
            client_id=str(client_id),
            role=ticket.role,
            side=ticket.side,
            symbol=ticket.symbol,
            quantity=ticket.quantity,
            order_type=ticket.order_type,
            limit_price=ticket.limit_price,
            trigger_price=ticket.trigger_price,
        )
        state.levels[level.uuid] = replace(ticket.level.with_order(order), attempts=attempt)
        return level.uuid, order

    def _send(self, uuid: str, order: LegOrder) -> None:
        level = self._books.state.levels[uuid]
        account = self._client.account_of(order.role, level.trade_side)
        name = f"[{level.trade_side}] {order.role.upper()} {order.side}"
        what = f"{order.symbol} {order.quantity} @ {(order.trigger_price or order.limit_price):.2f}"
        try:
            order_id = self._client.place_order(account, order.as_request())
        except (RateLimited, SessionRefused, BrokerUnavailable) as exc:
            # Nothing was created and the order itself is not at fault: the level is free for the next cycle.
            self._free(uuid, order)
            log.warning("%s not placed: %s: %s", name, what, exc)
        except BrokerRefused as exc:
            self._books.apply(level, transitions.refused(level, order, str(exc), self._clock.now()), account)
        except BrokerUnknown as exc:
            log.warning("%s in doubt: %s %s, looking it up in the book: %s", name, what, order.client_id, exc)
        else:
            self._books.state.levels[uuid] = level.with_order(replace(order, order_id=order_id))
            log.info("%s placed: %s -> ID=%s", name, what, order_id)

    def _free(self, uuid: str, order: LegOrder) -> None:
        state = self._books.state
        state.levels[uuid] = state.levels[uuid].without_order(order.role)

    def cancel(self, level: OpenOrder, order: LegOrder, why: str) -> None:
        """Ask for the cancel of one of the level's orders; asks again only after `CANCEL_AGAIN_SECS`.

        Whether it was cancelled is for the book to say (behaviour 4.6), so no error is raised from here.
        """
        if order.order_id is None:
            return
        account = self._client.account_of(order.role, level.trade_side)
        if self.request_cancel(account, order.order_id, order.client_id, why):
            state = self._books.state
            state.levels[level.uuid] = state.levels[level.uuid].with_order(replace(order, cancel_sent=True))

    def request_cancel(self, account: str, order_id: str, client_id: str, why: str) -> bool:
        """Send a cancel for an order; True when it may have reached the broker."""
        now = self._clock.monotonic()
        if now - self._cancel_sent_at.get(order_id, -CANCEL_AGAIN_SECS) < CANCEL_AGAIN_SECS:
            return False
        self._cancel_sent_at[order_id] = now
        try:
            self._client.cancel_order(account, order_id, client_id)
        except (BrokerRefused, BrokerUnavailable) as exc:
            log.warning("Cancel of %s (%s) not taken: %s", order_id, why, exc)
            return False
        except BrokerUnknown as exc:
            log.warning("Cancel of %s (%s) in doubt, the book will tell: %s", order_id, why, exc)
        else:
            log.info("Cancel of %s sent (%s)", order_id, why)
        return True
