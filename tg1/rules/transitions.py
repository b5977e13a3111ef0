"""How one level moves (architecture 6, 8, 9, 10; behaviour 5, 6.5, 8). Pure: a level and a reading in, a change out.

    FRESH -> ENTRY_PLACED -> TARGET_READY -> TARGET_PLACED -> (TARGET_FILLED ->) FRESH, or CLOSED without re-entry
                                 |                |
                                 +----------------+--------> OCO_FILLED, for good

A level leaves TARGET_FILLED, and OCO_FILLED is concluded, only when the other leg has its final word: until then a
fill of that leg is still possible and must find its level (behaviour 4.6, 6.5).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tg1.models import (
    NO_BACKOFF,
    NOTHING_TRADED,
    ZERO,
    Backoff,
    LegOrder,
    OpenOrder,
    OrderHistoryRecord,
    OrderSide,
    Role,
)
from tg1.rules import grid
from tg1.rules.reconcile import Reading, Resolution

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

PAUSE_AFTER = 5
LONGEST_BACKOFF_SECS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a transition needs to know besides the level and the row."""

    token_a_symbol: str
    token_b_symbol: str
    has_oco: bool
    auto_reenter: bool
    oco_spread: Decimal
    tick_b: Decimal
    new_uuid: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The cycle's one `now` and TokenB's one price."""

    now: datetime
    token_b_price: Decimal | None
    """None when stale or missing (behaviour 10.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One log line."""

    text: str
    severity: int = logging.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A level's next value, and what its move adds to the bot's books."""

    level: OpenOrder
    quantity: int = 0
    """Signed shares for the net quantity of the level's own side (behaviour 7.1)."""
    oco_count: int = 0
    pnl: Decimal = ZERO
    entered: bool = False
    """An entry was completed: the next `opened_seq` is used up."""
    target_filled: bool = False
    record: OrderHistoryRecord | None = None
    """Complete but for its `seq`, which the store gives."""
    notes: tuple[Note, ...] = ()
    attention: tuple[tuple[str, str], ...] = ()
    """(key, text) pairs for the operator."""
    settled: LegOrder | None = None
    """An order that left without being filled whole."""

    def then(self, later: Change) -> Change:
        """Both changes as one, `later` being made from this one's level."""
        return Change(
            level=later.level,
            quantity=self.quantity + later.quantity,
            oco_count=self.oco_count + later.oco_count,
            pnl=self.pnl + later.pnl,
            entered=self.entered or later.entered,
            target_filled=self.target_filled or later.target_filled,
            record=self.record or later.record,
            notes=self.notes + later.notes,
            attention=self.attention + later.attention,
            settled=self.settled or later.settled,
        )


def apply_reading(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    """Book what `reading` shows for one of the level's orders, and move the level on when the order is final."""
    change = _book(level, reading)
    if reading.new_quantity:
        change = replace(change, level=_forgive(change.level, reading.order.role))
    if reading.resolution.is_final:
        change = change.then(_finish(change.level, reading, rules, moment, opened_seq))
    return change


def never_arrived(level: OpenOrder, order: LegOrder) -> Change:
    """Free the leg of an order that the book proved absent; a new attempt gets a new client id (behaviour 3.3)."""
    text = f"[{level.trade_side}] {order.role.upper()} {order.side} {order.client_id} never arrived; the level is free"
    return Change(level=level.without_order(order.role), notes=(Note(text=text),), settled=order)


def refused(level: OpenOrder, order: LegOrder, reason: str, now: datetime) -> Change:
    """Free the leg of an order that the server refused outright, and back off (behaviour 8)."""
    return _reject(level.without_order(order.role), order, reason, now)


def set_pending_hedge(level: OpenOrder, rules: Rules, token_b_price: Decimal) -> Change:
    """Give a level without a hedge price its OCO price from the first fresh TokenB price (behaviour 5.3)."""
    price = grid.oco_price(level.entry_direction, token_b_price, rules.oco_spread, rules.tick_b)
    text = (
        f"[{level.trade_side}] HEDGE SET: OCO {level.oco_trade_direction} @ {price:.2f} | TokenB: {token_b_price:.2f}"
    )
    hedged = replace(level, oco_trade_price=price, token_b_price=None, hedged_from=token_b_price)
    return Change(level=hedged, notes=(Note(text=text),))


def _book(level: OpenOrder, reading: Reading) -> Change:
    order, quantity, value = reading.order, reading.new_quantity, reading.new_value
    placed = level.with_order(order)
    if not quantity and not value:
        return Change(level=placed)
    if order.role is Role.ENTRY:
        booked = replace(placed, entry_traded=level.entry_traded.plus(quantity, value))
        return Change(level=booked, quantity=quantity)
    if order.role is Role.OCO:
        return Change(level=replace(placed, oco_traded=level.oco_traded.plus(quantity, value)))
    booked = replace(placed, target_traded=level.target_traded.plus(quantity, value))
    return Change(level=booked, quantity=-quantity, pnl=realised(booked) - realised(level))


def realised(level: OpenOrder) -> Decimal:
    """Rupees won on the shares that were both bought and sold (behaviour 15)."""
    closed = level.target_traded
    if not closed.quantity:
        return ZERO
    opened_value = level.entry_traded.value * closed.quantity / level.entry_traded.quantity
    return (opened_value - closed.value) * level.entry_direction.opposite.sign


def _finish(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    """The order has its final word: empty its place, back off when it was rejected, and move the level."""
    order = reading.order
    change = Change(level=level.without_order(order.role))
    if reading.resolution is Resolution.REJECTED:
        change = _reject(change.level, order, reading.reason or "no reason given", moment.now)
    if order.remaining:
        change = replace(change, settled=order)
    if order.role is Role.ENTRY:
        return change.then(_after_entry(change.level, rules, moment, opened_seq))
    if order.role is Role.TARGET:
        return change.then(_after_target(change.level, order, rules, moment))
    return change.then(_after_oco(change.level, order, rules, moment))


def _after_entry(level: OpenOrder, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    if not level.entry_traded.quantity:
        return Change(level=replace(level, token_b_price=None))
    token_b = moment.token_b_price if moment.token_b_price is not None else level.token_b_price
    oco_price = None
    if rules.has_oco and token_b is not None:
        oco_price = grid.oco_price(level.entry_direction, token_b, rules.oco_spread, rules.tick_b)
    opened = replace(
        level,
        order_side=OrderSide.TARGET,
        oco_trade_price=oco_price,
        token_b_price=None,
        hedged_from=token_b,
        opened_seq=opened_seq,
        opened_at=moment.now,
        backoff=NO_BACKOFF,
        oco_backoff=NO_BACKOFF,
    )
    return Change(level=opened, entered=True, notes=(Note(text=_entry_sentence(opened, rules, token_b)),))


def _entry_sentence(level: OpenOrder, rules: Rules, token_b: Decimal | None) -> str:
    text = (
        f"[{level.trade_side}] ENTRY FILLED: {level.entry_direction} {rules.token_a_symbol} @ {level.entry_price:.2f} "
        f"(filled {level.entry_traded.average:.2f})"
    )
    if level.entry_traded.quantity != level.token_a_quantity:
        text += f" {level.entry_traded.quantity} of {level.token_a_quantity}"
    text += f" | Target: {level.entry_trade_direction} @ {level.target_price:.2f}"
    if not rules.has_oco:
        return text
    if level.oco_trade_price is None or token_b is None:
        return f"{text} | OCO: hedge pending, no TokenB price"
    return f"{text} | OCO: {level.oco_trade_direction} @ {level.oco_trade_price:.2f} | TokenB: {token_b:.2f}"


def _after_target(level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment) -> Change:
    if level.open_quantity and not level.oco_filled:
        if not order.filled_quantity:
            return Change(level=level)
        text = (
            f"[{level.trade_side}] TARGET PARTLY FILLED: {order.side} {order.filled_quantity} of {order.quantity} "
            f"@ {order.limit_price:.2f}; a target for {level.open_quantity} follows"
        )
        return Change(level=level, target_filled=True, notes=(Note(text=text),))
    filled = bool(order.filled_quantity)
    text = (
        f"[{level.trade_side}] TARGET FILLED: {order.side} @ {order.limit_price:.2f} "
        f"(filled {level.target_traded.average:.2f})"
    )
    notes = (Note(text=text),) if filled else ()
    change = Change(level=level, target_filled=filled, notes=notes)
    return change.then(conclude(level, rules, moment.now))


def _after_oco(level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment) -> Change:
    change = Change(level=level)
    if level.oco_traded.quantity >= grid.hedge_quantity(level):
        text = (
            f"[{level.trade_side}] OCO FILLED: {order.side} @ {level.oco_trade_price or order.limit_price:.2f} "
            f"(filled {level.oco_traded.average:.2f})"
        )
        change = Change(level=replace(level, oco_filled=True), oco_count=1, notes=(Note(text=text),))
    elif order.filled_quantity:
        text = (
            f"[{level.trade_side}] OCO PARTLY FILLED: {order.side} {order.filled_quantity} of {order.quantity} "
            f"@ {order.limit_price:.2f}; {level.oco_traded.quantity} {rules.token_b_symbol} are an open hedge"
        )
        change = Change(level=level, notes=(Note(text=text, severity=logging.WARNING),))
    return change.then(conclude(change.level, rules, moment.now))


def conclude(level: OpenOrder, rules: Rules, now: datetime) -> Change:
    """End the round trip when both legs have had their final word; otherwise leave the level waiting."""
    if level.orders or level.closed or not level.entry_traded.quantity:
        return Change(level=level)
    if level.oco_filled:
        closed = replace(level, closed=True)
        if not level.target_traded.quantity:
            return Change(level=closed, record=_record(level, "oco", now))
        return Change(level=closed, record=_record(level, "both", now)).then(_raced(closed, rules))
    if level.open_quantity:
        return Change(level=level)
    if level.oco_traded.quantity:
        closed = replace(level, closed=True)
        return Change(level=closed, record=_record(level, "both", now)).then(_raced(closed, rules))
    record = _record(level, "target", now)
    return Change(level=_reset(level, rules), record=record, notes=(_reset_note(level, rules),))


def _raced(level: OpenOrder, rules: Rules) -> Change:
    """Both sides filled: the TokenB shares that no longer hedge anything are the operator's (behaviour 6.5)."""
    needed = level.oco_traded.quantity * level.open_quantity // level.entry_traded.quantity
    unhedged = level.oco_traded.quantity - needed
    text = (
        f"{level.trade_side} level {level.level}: target and OCO both filled; "
        f"{level.oco_trade_direction} of {unhedged} {rules.token_b_symbol} is an unhedged position, close it by hand"
    )
    note = Note(text=f"[{level.trade_side}] BOTH SIDES FILLED: {text}", severity=logging.ERROR)
    return Change(level=level, notes=(note,), attention=((f"both-filled {level.uuid}", text),))


def _reset(level: OpenOrder, rules: Rules) -> OpenOrder:
    """A level at its own entry price again, under a new uuid; attempts go on counting (behaviour 1.1, 3.1)."""
    return replace(
        level,
        uuid=rules.new_uuid(),
        order_side=OrderSide.ENTRY,
        oco_trade_price=None,
        token_b_price=None,
        hedged_from=None,
        entry_traded=NOTHING_TRADED,
        target_traded=NOTHING_TRADED,
        oco_traded=NOTHING_TRADED,
        backoff=NO_BACKOFF,
        oco_backoff=NO_BACKOFF,
        opened_seq=0,
        opened_at=None,
        closed=not rules.auto_reenter,
    )


def _reset_note(level: OpenOrder, rules: Rules) -> Note:
    what = f"{level.entry_direction} @ {level.entry_price:.2f}"
    if rules.auto_reenter:
        return Note(text=f"[{level.trade_side}] Level reset for re-entry: {what}")
    return Note(text=f"[{level.trade_side}] Level closed, no re-entry: {what}")


def _record(level: OpenOrder, outcome: str, now: datetime) -> OrderHistoryRecord:
    return OrderHistoryRecord(
        seq=0,
        uuid=level.uuid,
        bot_name=level.bot_name,
        trade_side=level.trade_side,
        level=level.level,
        outcome=outcome,
        entry_direction=level.entry_direction,
        entry_price=level.entry_price,
        entry_quantity=level.entry_traded.quantity,
        entry_average=level.entry_traded.average,
        entry_time=level.opened_at.isoformat() if level.opened_at else "",
        target_price=level.target_price,
        target_quantity=level.target_traded.quantity,
        target_average=level.target_traded.average,
        oco_price=level.oco_trade_price,
        oco_quantity=level.oco_traded.quantity,
        oco_average=level.oco_traded.average,
        token_b_price=level.hedged_from,
        realised_pnl=realised(level),
        completed_at=now.isoformat(),
    )


def _forgive(level: OpenOrder, role: Role) -> OpenOrder:
    """A fill is a success: it clears the leg's rejection count (behaviour 8)."""
    if role is Role.OCO:
        return level if level.oco_backoff is NO_BACKOFF else replace(level, oco_backoff=NO_BACKOFF)
    return level if level.backoff is NO_BACKOFF else replace(level, backoff=NO_BACKOFF)


def _reject(level: OpenOrder, order: LegOrder, reason: str, now: datetime) -> Change:
    before = level.oco_backoff if order.role is Role.OCO else level.backoff
    after = next_backoff(NO_BACKOFF if _rested(order, before, now) else before, reason, now)
    freed = replace(level, oco_backoff=after) if order.role is Role.OCO else replace(level, backoff=after)
    text = f"[{level.trade_side}] {order.role.upper()} {order.side} @ {order.limit_price:.2f} rejected: {reason}"
    note = Note(text=text, severity=logging.WARNING)
    if not after.paused:
        return Change(level=freed, notes=(note,))
    wanted = (
        f"{level.trade_side} level {level.level}: {PAUSE_AFTER} {order.role} orders in a row were rejected, "
        f"the level is paused: {reason}"
    )
    paused = Note(text=f"[{level.trade_side}] LEVEL PAUSED: {wanted}", severity=logging.ERROR)
    return Change(level=freed, notes=(note, paused), attention=((f"paused {level.uuid} {order.role}", wanted),))


def _rested(order: LegOrder, before: Backoff, now: datetime) -> bool:
    """True when the order was at work for so long that it was a success, which ends a row of rejections (behaviour 8).

    To be seen at work for a second is none: a broker that squares the account off cancels a moment later, every time.
    """
    since = before.retry_at
    return order.acknowledged and since is not None and now - since > timedelta(seconds=LONGEST_BACKOFF_SECS)


def next_backoff(before: Backoff, reason: str, now: datetime) -> Backoff:
    """One more rejection in a row: retry at the next cycle, then after 2, 4, 8 … 60 s; pause at the fifth."""
    count = before.rejections + 1
    wait = 0 if count == 1 else min(2 ** (count - 1), LONGEST_BACKOFF_SECS)
    return Backoff(rejections=count, retry_at=now + timedelta(seconds=wait), paused=count >= PAUSE_AFTER, reason=reason)
