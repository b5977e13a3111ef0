"""The orders of a square-off after they were sent: what became of each, and that nothing follows before it is known.

A square-off may die between a request and its answer, and be typed again. So its orders are looked up like all others
(behaviour 3.3, 13) by whoever comes next: the second square-off, a plain `--cancel-all`, or a start with `--fresh`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import LegOrder, Status, StatusKind
from tg1.rules import squaring
from tg1.rules.reconcile import DoubtTracker, Resolution, resolve

if TYPE_CHECKING:
    from tg1.models import BotState, ClosingOrder
    from tg1.rules.given import Moment
    from tg1.rules.ledger import AccountOf
    from tg1.rules.squaring import Place
    from tg1.trading.book import Book
    from tg1.trading.parts import Parts

log = logging.getLogger(__name__)

SQUARED_OFF = Status(kind=StatusKind.TERMINATED, reason="squared off by the operator")
SETTLE_SECS = 60.0
"""How long the books may take to tell what became of an earlier square-off's orders; empty ones prove it in 30 s."""
STEP_SECS = 1.0


class ClosingOrders:
    """The closing orders in a bot's state, and what the books say of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._doubts = DoubtTracker()
        self.troubles: dict[Place, str] = {}
        """Why the last order of a place was refused or rejected, in the broker's words."""

    def live(self, begun: int = 0) -> list[ClosingOrder]:
        """Those of which the book has not given its last word; `begun` leaves so many earlier ones out."""
        return [one for one in self._parts.state.closing[begun:] if not one.is_over]

    def look(self) -> Moment:
        """Read the books of all accounts with a live closing order, book what filled, and save."""
        parts = self._parts
        accounts = sorted({one.account for one in self.live()} & set(parts.client.accounts))
        books = parts.keeper.read(accounts, since=parts.clock.monotonic())
        moment = parts.moment()
        closing = parts.state.closing
        for number, one in enumerate(closing):
            if not one.is_over and one.account in books:
                closing[number] = self._read(one, books[one.account], moment)
        parts.save(moment)
        return moment

    def _read(self, one: ClosingOrder, book: Book, moment: Moment) -> ClosingOrder:
        reading = resolve(one.order, book.find(one.order))
        if reading.resolution is Resolution.ABSENT:
            proof = self._doubts.absent(one.order.client_id, moment.monotonic, is_empty=book.is_empty)
            return replace(one, is_over=proof is not None)
        if reading.resolution is Resolution.REJECTED and reading.reason:
            self.troubles[one.account, one.order.symbol] = reading.reason
        return replace(one, order=reading.order, is_over=reading.resolution.is_final)

    def cancel(self, one: ClosingOrder, why: str, moment: Moment) -> None:
        """Ask for the end of one whose AppOrderID is known."""
        order = one.order
        if order.order_id is not None and self._parts.desk.request_cancel(
            one.account, order.order_id, order.client_id, why, moment
        ):
            self.note(replace(order, cancel_sent=True))

    def note(self, order: LegOrder, *, over: bool = False) -> None:
        """Write down what is newly known of a closing order."""
        closing = self._parts.state.closing
        for number, one in enumerate(closing):
            if one.order.client_id == order.client_id:
                closing[number] = replace(one, order=order, is_over=over or one.is_over)

    def settle(self, *, heeds_stop: bool = False) -> list[ClosingOrder]:
        """End what an earlier square-off has left, and book what it filled; those that don't end within a minute."""
        parts = self._parts
        self._forget_gone()
        deadline = parts.clock.monotonic() + SETTLE_SECS
        while self.live():
            moment = self.look()
            left = self.live()
            if not left or moment.monotonic >= deadline or (heeds_stop and parts.clock.stop_requested):
                return left
            for one in left:
                self.cancel(one, "left by an earlier square-off", moment)
            parts.clock.sleep_until(parts.clock.monotonic() + STEP_SECS)
        return []

    def _forget_gone(self) -> None:
        """DAY orders of an earlier day are gone, and no book of today tells what they filled (behaviour 9.5)."""
        today = self._parts.clock.now().date()
        for one in self.live():
            if one.order.placed_at is not None and one.order.placed_at.date() != today:
                log.warning(
                    "Nobody saw the end of %s on %s, and today's books don't show it: compare what is held",
                    named(one),
                    one.order.placed_at.date(),
                )
                self.note(one.order, over=True)


def named(one: ClosingOrder) -> str:
    """One closing order in the words in which a person would look for it at the broker."""
    order = one.order
    number = f"order {order.order_id}" if order.order_id else f"its number is not known, its mark is {order.client_id}"
    return (
        f"the closing order {order.side} {order.remaining} {order.symbol} @ {order.limit_price:.2f} "
        f"in account {one.account} ({number})"
    )


def why_terminated(state: BotState, account_of: AccountOf) -> str:
    """Why a terminated bot is not resumed, and what to type (behaviour 7.3, 13)."""
    name, fresh = repr(state.bot_name), "give --fresh to archive that state and start a new grid"
    if state.bot_status != SQUARED_OFF:
        return f"{name} was terminated by its own rules ({state.bot_status.reason}); {fresh}."
    again = "type the same command with --cancel-all --square-off once more; it closes nothing twice"
    live = [named(one) for one in state.closing if not one.is_over]
    if live:
        return f"The square-off of {name} was interrupted: {', '.join(live)} may still work, or have filled; {again}."
    held = squaring.held(state, account_of)
    if held:
        what = ", ".join(f"{shares:+d} {symbol} in account {account}" for (account, symbol), shares in held.items())
        return (
            f"{name} was squared off by the operator, but by its own books there are still held: {what}; "
            f"to close them, {again}. Or {fresh}: they then have neither target nor hedge."
        )
    return f"{name} was squared off by the operator; {fresh}."


def end_attention(parts: Parts, *, has_read_all: bool) -> None:
    """Nobody shall close by hand what is closed, or look for an order that the books have answered for."""
    over = {"blind": "its book was read", "missing": "the books know what became of it"} if has_read_all else {}
    held, grid = squaring.held(parts.state, parts.client.account_of), parts.state.grid
    symbols = {symbol for _, symbol in held}
    for kind, symbol in (("both-filled", grid.token_b_symbol), ("unhedged", grid.token_a_symbol)):
        # Without a square-off, levels that hold as much long as short are as open as before.
        if not held or (parts.state.bot_status == SQUARED_OFF and symbol not in symbols):
            over[kind] = f"no {symbol} of the bot is held any more"
    moment = parts.moment()
    for item in tuple(parts.state.attention):
        kind = item.key.partition(" ")[0]
        if kind in over and not item.is_over:
            parts.keeper.end_attention(item.key, over[kind], moment)
    parts.save(moment)
