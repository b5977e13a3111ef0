"""How a bot ends (architecture 13; behaviour 7.3, 12): cancelled and confirmed from the books, saved, said.

Cancelling needs no disk and no prices: a save that fails or a dead feed must not keep an order alive.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from tg1.errors import ExitCode
from tg1.models import ACTIVE, COMPLETED, Role, Status, StatusKind
from tg1.rules.last_prices import note_prices
from tg1.screen.money import counted
from tg1.trading.money import say_money

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BotState
    from tg1.rules.given import Moment
    from tg1.trading.parts import Parts
    from tg1.trading.strangers import Orphan
    from tg1.trading.tag_proof import TagProof

log = logging.getLogger(__name__)

GIVE_UP_SECS = 60.0
"""How long nothing may change in the books before what is left is reported instead."""
READ_EVERY_SECS = 1.0
SAVE_AGAIN_SECS = 1.0
SAVE_TRIES = 30
"""How often the last word of a bot ("Terminated") is tried to be saved before the process ends without it."""
SAVE_TRIES_AT_STOP = 10
"""After a signal: the books tell the next start the same, and an emergency stop waits for this process to end."""
LISTED = 20
"""Orders named one by one when the bot ends; the rest is counted."""

_ORDER_OF_CANCELS = {Role.ENTRY: 0, Role.OCO: 1, Role.TARGET: 2}
"""Entries first: they are the ones that would open something new."""


class Ending:
    """The four ways in which a bot that has a state comes to its end."""

    def __init__(self, parts: Parts, show: Callable[[], None]) -> None:
        self._parts = parts
        self._show = show

    def terminate(self, reason: str) -> ExitCode:
        """Architecture 13. Until the books confirm, the status is "Terminating": a restart would go on with it."""
        parts = self._parts
        log.error("TERMINATING: %s", reason)
        parts.state.bot_status = Status(kind=StatusKind.TERMINATING, reason=reason)
        parts.save(parts.moment())
        if not self._clear_exchange():
            parts.state.bot_status = Status(kind=StatusKind.TERMINATED, reason=reason)
        self._save_last_word()
        say_money(self._parts)
        return ExitCode.TERMINATED

    def end_session(self) -> ExitCode:
        """Behaviour 12: nothing of ours works after `--stop-at`; exit 1 when that could not be confirmed."""
        log.info("Session end: cancelling what is working")
        left = self._clear_exchange()
        self._parts.state.bot_status = Status(kind=StatusKind.STOPPED, reason="session end")
        self._save_last_word()
        say_money(self._parts)
        return ExitCode.FAILED if left else ExitCode.OK

    def complete(self) -> ExitCode:
        """Behaviour 1.5: every level is closed."""
        self._parts.state.bot_status = COMPLETED
        self._save_last_word()
        log.info("Completed: every level is closed")
        say_money(self._parts)
        return ExitCode.OK

    def stop(self) -> ExitCode:
        """A signal: the orders stay where they are and are said; a resume finds them (architecture 18)."""
        if self._parts.state.bot_status == ACTIVE:
            self._parts.state.bot_status = Status(kind=StatusKind.STOPPED, reason="by signal")
        say_left(self._parts, "Stopped.")
        self._parts.moment()
        say_money(self._parts)
        self._save_last_word(SAVE_TRIES_AT_STOP)
        return ExitCode.OK

    def stop_early(self, saved: BotState | None) -> ExitCode:
        """A signal before the first cycle: this run has placed nothing."""
        if saved is not None and saved.trading_day == self._parts.clock.now().date():
            say_left(self._parts, "Stopped before the first cycle. As the saved state knows them,")
        else:
            log.info("Stopped before the first cycle: this run has placed nothing")
        return ExitCode.OK

    def _clear_exchange(self) -> list[str]:
        left = cancel_everything(self._parts, "cancel all")
        for sentence in left:
            log.error("STILL WORKING: %s", sentence)
        if not left:
            log.info("No order is left on the exchange; positions are not closed")
        return left

    def _save_last_word(self, tries: int = SAVE_TRIES) -> None:
        """Show the final status and bring it to disk.

        Raises `SaveFailed` after a while, since a restart would read the old one.
        """
        parts = self._parts
        moment = parts.moment()
        note_prices(parts.state, parts.quotes, moment.now)
        self._show()
        for number in range(tries):
            if parts.save(moment):
                return
            if number == 0:
                log.error("The last word can't be saved; it is tried for %d s: %s", tries, parts.save_failed)
            parts.clock.sleep_until(parts.clock.monotonic() + SAVE_AGAIN_SECS)
        parts.keeper.save(moment.now)


def cancel_everything(
    parts: Parts, why: str, patience_secs: float | None = None, proof: TagProof | None = None
) -> list[str]:
    """Cancel all working orders of this bot on every account and read the books until none is left.

    Fills that win the race are booked. Returns a sentence for each order that is still working, or that can't be
    confirmed, once nothing has moved for `patience_secs`; an empty list is the confirmation. `proof` says when clean
    books prove something where no state does; without it one clean look at all books is enough.
    """
    patience_secs = GIVE_UP_SECS if patience_secs is None else patience_secs
    quiet_since = parts.clock.monotonic()
    before: list[str] | None = None
    told = parts.clock.stop_requested
    while True:
        books = parts.keeper.read(parts.client.accounts, since=parts.clock.monotonic())
        moment = parts.moment()
        orphans = parts.take_books(books, moment)
        parts.save(moment)
        unread = [account for account in parts.client.accounts if account not in books]
        working = _working(parts, orphans)
        if proof is not None:
            proof.note(orphans, moment.monotonic)
        if not unread and (not working if proof is None else proof.is_clean(books, bool(working), moment.monotonic)):
            return []
        if proof is not None and proof.lives_elsewhere:
            _send_cancels(parts, orphans, why, moment)
            return working
        # A book that comes and goes is no progress: only orders that end are.
        if working != before:
            before, quiet_since = working, moment.monotonic
        elif (working or unread) and moment.monotonic - quiet_since >= patience_secs:
            return [*(f"account {account}: its order book could not be read" for account in unread), *working]
        _send_cancels(parts, orphans, why, moment)
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
    for level, order in parts.keeper.live_orders():
        account = parts.client.account_of(order.role, level.trade_side)
        name = f"order {order.order_id}" if order.order_id else f"order in doubt {order.client_id}"
        lines.append(
            f"account {account}: {name} ({level.trade_side} level {level.level} {order.role}), "
            f"{order.side} {order.remaining} {order.symbol} @ {order.shown_price:.2f}"
        )
    return lines


def say_left(parts: Parts, beginning: str) -> None:
    """Log which orders are left on the exchange, the first twenty by name."""
    left = working_sentences(parts)
    orders = counted(len(left), "order", "is", "are")
    log.info("%s %s left on the exchange%s", beginning, orders, ":" if left else "")
    for sentence in left[:LISTED]:
        log.info("  %s", sentence)
    if len(left) > LISTED:
        log.info("  and %d more", len(left) - LISTED)


def _send_cancels(parts: Parts, orphans: list[Orphan], why: str, moment: Moment) -> None:
    desk = parts.desk
    queues: defaultdict[str, list[Callable[[], object]]] = defaultdict(list)
    for level, order in sorted(parts.keeper.live_orders(), key=lambda pair: _ORDER_OF_CANCELS[pair[1].role]):
        account = parts.client.account_of(order.role, level.trade_side)
        queues[account].append(partial(desk.cancel, level, order, why, moment))
    for one in orphans:
        queues[one.account].append(partial(desk.request_cancel, one.account, one.order_id, one.client_id, why, moment))
    # In turn, because each account's limit is its own: one by one the second would wait for the first (behaviour 11.3).
    for cancels in zip_longest(*(queue for account, queue in queues.items() if account in parts.client.accounts)):
        for cancel in filter(None, cancels):
            cancel()
