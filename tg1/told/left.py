"""What a bot that is gone left at the brokers, by its state or, without one, by its last snapshot. PURE."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tg1.models import StatusKind
from tg1.rules import squaring
from tg1.rules.day_sheets import account_in
from tg1.told.portrait import told_order
from tg1.told.prior import cut_off

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tg1.models import BotState, Status
    from tg1.told.found import Found
    from tg1.told.snapshot import ToldOrder


def orders_left(found: Found, today: date) -> tuple[ToldOrder, ...]:
    """Orders that worked, or may have, when the bot was there last: entries, targets, hedges, closing orders.

    An order lives for a day (behaviour 9.5): what was left on an earlier one is gone. So is what a rehearsal left,
    whose exchange ends with it.
    """
    if found.is_paper:
        return ()
    if found.saved is not None:
        state = found.saved.state
        return tuple(_of_state(state)) if state.trading_day >= today else ()
    snapshot = found.snapshot
    return snapshot.orders if snapshot is not None and snapshot.written_at.date() >= today else ()


def _of_state(state: BotState) -> Iterator[ToldOrder]:
    for level in state.levels.values():
        for order in level.orders:
            yield told_order(order, level.name, account_in(state, order.role, level.trade_side))
    for closing in state.closing:
        if not closing.is_over:
            yield told_order(closing.order, "", closing.account)


def shares_left(found: Found) -> str:
    """What a square-off left, by the bot's own books, e.g. "+100 IRFC in account trade"; empty for nothing."""
    if found.saved is None or not found.saved.state.closing:
        return ""
    state = found.saved.state
    held = squaring.held(state, partial(account_in, state))
    return ", ".join(f"{shares:+d} {symbol} in account {account}" for (account, symbol), shares in held.items())


def left_text(count: int, *, resumes: bool) -> str:
    """What may work at the broker, and what to do about it, as half a sentence; `count` is above 0.

    `resumes`: a start goes on with these orders.
    """
    orders, minds = ("1 order of it", "it") if count == 1 else (f"{count} orders of it", "them")
    again = "start it again, or " if resumes else ""
    return (
        f"{orders} may still work at the broker, and nobody minds {minds}: {again}remove {minds} with "
        "tg1 run --cancel-all and the flags of its start (tg1 orders has the list)"
    )


def stop_text(found: Found) -> str:
    """What an emergency stop left undone, whether it could say so or died midway; empty when nothing."""
    snapshot = found.snapshot
    if snapshot is None or not snapshot.stop:
        return ""
    if snapshot.end is None:
        return f"{cut_off(snapshot.stop)}; until then orders of it may still work, also those that nobody knows of here"
    return snapshot.end.why if snapshot.end.exit_code and found.is_last_word else ""


def termination_text(found: Found, status: Status | None) -> str:
    """Why it ended by itself, or what a square-off left."""
    text = f"terminated: {_reason(status)}"
    held = shares_left(found)
    if not held:
        return text
    again = "to close it, type the same command with --cancel-all --square-off once more"
    return f"{text}, but by its own books there is still held: {held}; {again}"


def _reason(status: Status | None) -> str:
    return status.reason if status is not None and status.reason else "by its own rules"


def death_text(status: Status | None, left: int, *, is_known: bool) -> str:
    """What a process that is gone without a word leaves, in words; `left` orders may still work."""
    if status is not None and status.kind is StatusKind.TERMINATING:
        again = "start it again, and it goes on with that"
        return f"its process died while it was terminating ({_reason(status)}); {again}"
    if left:
        return "its process is gone without a word"
    if is_known:
        return "its process is gone without a word; by its state no order of it is left at the broker; start it again"
    return "its process is gone without a word: its orders may still work, and nobody minds them; start it again"
