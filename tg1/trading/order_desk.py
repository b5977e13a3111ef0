"""Carries decisions out: intent on disk first, then one request, then the answer on disk (behaviour 3).

This is the only place that places and cancels orders. It decides nothing about prices or levels.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import BrokerRefused, BrokerUnavailable, BrokerUnknown, RateLimited, SaveFailed, SessionRefused
from tg1.models import LegOrder, Role
from tg1.rules.account_trouble import same_words
from tg1.rules.client_ids import ClientId, bot_tag
from tg1.rules.rejections import refused
from tg1.rules.transitions import freed, placed, stay, updated

if TYPE_CHECKING:
    from tg1.machine.clock import Clock
    from tg1.models import OpenOrder
    from tg1.ports import Broker
    from tg1.rules.given import Moment
    from tg1.rules.tickets import Ticket
    from tg1.trading.bookkeeper import Bookkeeper

log = logging.getLogger(__name__)

CANCEL_AGAIN_SECS = 5.0
"""A cancel that the book has not confirmed after this long is asked for again; cancels count against the limiter."""


class OrderDesk:
    """Places batches of orders and cancels single ones, keeping state and disk one step ahead of the wire."""

    def __init__(self, *, keeper: Bookkeeper, client: Broker, clock: Clock) -> None:
        self._keeper = keeper
        self._client = client
        self._clock = clock
        self._cancel_sent_at: dict[str, float] = {}
        self._not_placed: dict[tuple[str, Role], str] = {}
        """Why the last order of a level's leg did not go, in words without numbers."""
        self.cancel_reasons: dict[str, str] = {}
        """Why an order was to be cancelled, by the broker's number: of all cancels that may have reached him."""

    def place(self, tickets: list[Ticket], moment: Moment) -> None:
        """Write all intents with one save, then send each order once.

        Nothing is sent when the save fails (behaviour 9.2) or, from then on, when a stop is asked for.
        """
        if not tickets:
            return
        orders = [self._write_intent(ticket, moment) for ticket in tickets]
        try:
            self._keeper.save(moment.now)
        except SaveFailed:
            for uuid, order in orders:
                self._free(uuid, order)
            raise
        for uuid, order in orders:
            if self._clock.stop_requested:
                self._free(uuid, order)
            else:
                self._send(uuid, order, moment)
        self._keeper.save(moment.now)

    def _write_intent(self, ticket: Ticket, moment: Moment) -> tuple[str, LegOrder]:
        state = self._keeper.state
        level = ticket.level
        attempt = state.levels[level.uuid].attempts + 1
        client_id = ClientId(
            tag=bot_tag(state.bot_name),
            generation=state.generation,
            trade_side=level.trade_side,
            level=level.level,
            role=ticket.role,
            attempt=attempt,
        )
        order = LegOrder.intent(ticket.terms, role=ticket.role, client_id=str(client_id), placed_at=moment.now)
        state.levels[level.uuid] = stay(placed(level, order), attempts=attempt)
        return level.uuid, order

    def _send(self, uuid: str, order: LegOrder, moment: Moment) -> None:
        level = self._keeper.state.levels[uuid]
        account = self._client.account_of(order.role, level.trade_side)
        name = f"[{level.trade_side}] {order.role.upper()} {order.side}"
        what = f"{order.symbol} {order.quantity} @ {order.shown_price:.2f}"
        try:
            order_id = self._client.place_order(account, order)
        except (RateLimited, SessionRefused, BrokerUnavailable) as exc:
            # Nothing was created and the order itself is not at fault: the level is free for the next cycle.
            self._free(uuid, order)
            self._say_not_placed(uuid, order, f"{name} not placed: {what}: {exc}")
            if order.role is Role.OCO:
                self._keeper.blame.unplaced[uuid] = f"its order was not placed: {exc}"
        except BrokerRefused as exc:
            self._keeper.apply(level, refused(level, order, str(exc)), account, moment)
        except BrokerUnknown as exc:
            self._note_gone(uuid, order)
            log.warning("%s in doubt: %s %s, looking it up in the book: %s", name, what, order.client_id, exc)
        else:
            self._note_gone(uuid, order)
            self._keeper.state.levels[uuid] = updated(level, replace(order, order_id=order_id))
            log.info("%s placed: %s -> ID=%s", name, what, order_id)

    def _say_not_placed(self, uuid: str, order: LegOrder, text: str) -> None:
        """Once per cause: what waits for a session or a limit is tried in every cycle."""
        words = same_words(text)
        if self._not_placed.get((uuid, order.role)) != words:
            log.warning("%s", text)
        self._not_placed[uuid, order.role] = words

    def _note_gone(self, uuid: str, order: LegOrder) -> None:
        """The order has left: what kept earlier ones back is over."""
        self._not_placed.pop((uuid, order.role), None)
        if order.role is Role.OCO:
            self._keeper.blame.unplaced.pop(uuid, None)

    def _free(self, uuid: str, order: LegOrder) -> None:
        state = self._keeper.state
        state.levels[uuid] = freed(state.levels[uuid], order.role)

    def cancel(self, level: OpenOrder, order: LegOrder, why: str, moment: Moment) -> None:
        """Ask for the cancel of one of the level's orders; asks again only after `CANCEL_AGAIN_SECS`.

        Whether it was cancelled is for the book to say (behaviour 4.6), so no error is raised from here.
        """
        if order.order_id is None:
            return
        account = self._client.account_of(order.role, level.trade_side)
        if self.request_cancel(account, order.order_id, order.client_id, why, moment):
            state = self._keeper.state
            state.levels[level.uuid] = updated(state.levels[level.uuid], replace(order, cancel_sent=True))

    def request_cancel(self, account: str, order_id: str, client_id: str, why: str, moment: Moment) -> bool:
        """Send a cancel for an order; True when it may have reached the broker."""
        now = moment.monotonic
        # An orphan's row may lack its AppOrderID, and nobody knows what an empty one would cancel.
        if not order_id or now - self._cancel_sent_at.get(order_id, -CANCEL_AGAIN_SECS) < CANCEL_AGAIN_SECS:
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
        self.cancel_reasons[order_id] = why
        return True
