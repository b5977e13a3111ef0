"""What a book's row does to its level (architecture 8 to 10; behaviour 5, 6, 8). Pure: a reading in, a change out."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.models import LegOrder, LevelState, OpenOrder, OrderSide, Role
from tg1.rules import grid
from tg1.rules.change import Change, Note
from tg1.rules.conclusions import conclude, realised
from tg1.rules.reconcile import Reading, Resolution
from tg1.rules.rejections import forgiven, has_rested, rejected
from tg1.rules.timing import is_recent
from tg1.rules.transitions import LevelEvent, freed, move, stay

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tg1.rules.given import Moment, Rules

FALLBACK_SECS = 60.0
"""How old TokenB's price of the entry's placement may be to hedge by (behaviour 5.3)."""


def apply_reading(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    """Book what `reading` shows for one of the level's orders, and move the level on when the order is final."""
    if reading.order.role is Role.ENTRY:
        return entry_read(level, reading, rules, moment, opened_seq)
    if reading.order.role is Role.TARGET:
        return target_read(level, reading, rules, moment)
    return oco_read(level, reading, rules, moment)


def entry_read(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    """The entry's row: what it filled is open; when it is final, target and hedge are set (architecture 8)."""
    reading = _timed(reading, moment)
    traded = level.entry_traded.plus(reading.new_quantity, reading.new_value)
    booked = stay(level, order=reading.order, entry_traded=traded)
    change = _judged(Change(level=booked, quantity=reading.new_quantity), reading, moment)
    if not reading.resolution.is_final:
        return change
    if traded.quantity:
        return _settled(change.then(_opened(change.level, reading.order, rules, moment, opened_seq)))
    return replace(change, level=stay(freed(change.level, Role.ENTRY), token_b_price=None))


def target_read(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment) -> Change:
    """The target's row: what it filled is closed and earned (architecture 9)."""
    reading = _timed(reading, moment)
    traded = level.target_traded.plus(reading.new_quantity, reading.new_value)
    if level.state is LevelState.TARGET_PLACED and traded.quantity == level.entry_traded.quantity:
        booked = move(level, LevelEvent.TARGET_FILLED, order=reading.order, target_traded=traded)
    else:
        booked = stay(level, order=reading.order, target_traded=traded)
    change = Change(level=booked, quantity=-reading.new_quantity, pnl=realised(booked) - realised(level))
    change = _judged(change, reading, moment)
    if reading.resolution.is_final:
        change = change.then(_target_ended(change.level, reading.order))
    change = change.then(_closed_if_covered(change.level, reading.order, rules))
    return _settled(change.then(conclude(change.level, rules, moment.now)))


def oco_read(level: OpenOrder, reading: Reading, rules: Rules, moment: Moment) -> Change:
    """The hedge's row; once it filled whole the level is closed for good (architecture 10)."""
    reading = _timed(reading, moment)
    traded = level.oco_traded.plus(reading.new_quantity, reading.new_value)
    change = _judged(Change(level=stay(level, oco_order=reading.order, oco_traded=traded)), reading, moment)
    if not reading.resolution.is_final:
        return change
    change = change.then(_oco_ended(change.level, reading.order, rules))
    return _settled(change.then(conclude(change.level, rules, moment.now)))


def never_arrived(level: OpenOrder, order: LegOrder, rules: Rules, now: datetime) -> Change:
    """Free the leg of an order that the book proved absent; a new attempt gets a new client id (behaviour 3.3).

    What the other leg did meanwhile may have waited for this last word.
    """
    text = f"[{level.trade_side}] {order.role.upper()} {order.side} {order.client_id} never arrived; the level is free"
    change = Change(level=freed(level, order.role), notes=(Note(text=text),), settled=order)
    change = change.then(_closed_if_covered(change.level, order, rules))
    return change.then(conclude(change.level, rules, now))


def set_pending_hedge(level: OpenOrder, rules: Rules, price_b: Decimal) -> Change:
    """Give a level without a hedge price its OCO price from the first fresh TokenB price (behaviour 5.3)."""
    price = grid.oco_price(level.entry_direction, price_b, rules.oco_spread, rules.tick_b)
    text = f"[{level.trade_side}] HEDGE SET: OCO {level.oco_trade_direction} @ {price:.2f} | TokenB: {price_b:.2f}"
    hedged = stay(level, oco_trade_price=price, token_b_price=None, hedged_from=price_b)
    return Change(level=hedged, notes=(Note(text=text),))


def _timed(reading: Reading, moment: Moment) -> Reading:
    """The reading with the times of the order's fills, which the book does not tell."""
    if not reading.new_quantity:
        return reading
    first = reading.order.first_fill_at or moment.now
    return replace(reading, order=replace(reading.order, first_fill_at=first, last_fill_at=moment.now))


def _judged(change: Change, reading: Reading, moment: Moment) -> Change:
    """What the row means for the leg's rejections, and an order that leaves unfinished is remembered."""
    order = reading.order
    if reading.new_quantity or (not reading.resolution.is_final and has_rested(order, moment.now)):
        change = replace(change, level=forgiven(change.level, order.role))
    if reading.resolution is Resolution.REJECTED:
        change = change.then(rejected(change.level, order, reading.reason or "no reason given"))
    if reading.resolution.is_final and order.remaining:
        change = replace(change, settled=order)
    if reading.resolution.is_final and order.filled_quantity:
        change = replace(change, executed=order)
    return change


def _settled(change: Change) -> Change:
    """The change without a rejection that nobody minds: the level has moved on and needs no order of that role."""
    rejection, level = change.rejection, change.level
    if rejection is None:
        return change
    needed = {
        Role.ENTRY: level.state is LevelState.FRESH,
        Role.TARGET: level.state is LevelState.TARGET_READY,
        Role.OCO: level.is_open,
    }
    return change if needed[rejection.order.role] else replace(change, rejection=None)


def _opened(level: OpenOrder, order: LegOrder, rules: Rules, moment: Moment, opened_seq: int) -> Change:
    price_b = moment.price_b
    if price_b is None and is_recent(order.placed_at, moment.now, FALLBACK_SECS):
        price_b = level.token_b_price
    oco_price = None
    if rules.has_oco and price_b is not None:
        oco_price = grid.oco_price(level.entry_direction, price_b, rules.oco_spread, rules.tick_b)
    opened = move(
        level,
        LevelEvent.ENTRY_FILLED,
        order=None,
        order_side=OrderSide.TARGET,
        oco_trade_price=oco_price,
        token_b_price=None,
        hedged_from=price_b,
        opened_seq=opened_seq,
        opened_at=moment.now,
    )
    return Change(level=opened, entered=True, notes=(Note(text=_entry_sentence(opened, rules, price_b)),))


def _entry_sentence(level: OpenOrder, rules: Rules, price_b: Decimal | None) -> str:
    text = (
        f"[{level.trade_side}] ENTRY FILLED: {level.entry_direction} {rules.token_a_symbol} @ {level.entry_price:.2f} "
        f"(filled {level.entry_traded.average:.2f})"
    )
    if level.entry_traded.quantity != level.token_a_quantity:
        text += f" {level.entry_traded.quantity} of {level.token_a_quantity}"
    text += f" | Target: {level.entry_trade_direction} @ {level.target_price:.2f}"
    if not rules.has_oco:
        return text
    if level.oco_trade_price is None or price_b is None:
        return f"{text} | OCO: hedge pending, no TokenB price"
    return f"{text} | OCO: {level.oco_trade_direction} @ {level.oco_trade_price:.2f} | TokenB: {price_b:.2f}"


def _target_ended(level: OpenOrder, order: LegOrder) -> Change:
    ended = freed(level, Role.TARGET)
    if not order.filled_quantity:
        return Change(level=ended)
    if ended.state is LevelState.TARGET_READY:
        text = (
            f"[{level.trade_side}] TARGET PARTLY FILLED: {order.side} {order.filled_quantity} of {order.quantity} "
            f"@ {order.limit_price:.2f}; a target for {level.open_quantity} follows"
        )
    else:
        text = (
            f"[{level.trade_side}] TARGET FILLED: {order.side} @ {order.limit_price:.2f} "
            f"(filled {level.target_traded.average:.2f})"
        )
    return Change(level=ended, target_filled=True, notes=(Note(text=text),))


def _oco_ended(level: OpenOrder, order: LegOrder, rules: Rules) -> Change:
    ended = freed(level, Role.OCO)
    closed = _closed_if_covered(ended, order, rules)
    if closed.oco_count or not order.filled_quantity:
        return closed
    text = (
        f"[{level.trade_side}] OCO PARTLY FILLED: {order.side} {order.filled_quantity} of {order.quantity} "
        f"@ {order.limit_price:.2f}; {level.oco_traded.quantity} {rules.token_b_symbol} are an open hedge"
    )
    return Change(level=ended, notes=(Note(text=text, severity=logging.WARNING),))


def _closed_if_covered(level: OpenOrder, order: LegOrder, rules: Rules) -> Change:
    """Close a level for good once what its hedge filled is all that it needs (architecture 10, behaviour 6.3).

    A hedge that filled whole beside its target counts as well: both are booked (behaviour 6.5).
    """
    traded = level.oco_traded
    raced = level.state is LevelState.TARGET_FILLED and order.role is Role.OCO and not order.remaining
    covered = level.is_open and level.oco_order is None and traded.quantity and grid.hedge_rest(level) <= 0
    if not (raced or covered):
        return Change(level=level)
    at = level.oco_trade_price or traded.average
    text = f"[{level.trade_side}] OCO FILLED: {level.oco_trade_direction} @ {at:.2f} (filled {traded.average:.2f})"
    if level.target_traded.quantity and level.is_open:
        text += f"; {traded.quantity} {rules.token_b_symbol} hedge what is left, {level.open_quantity}"
    return Change(level=move(level, LevelEvent.OCO_FILLED, oco_filled=True), oco_count=1, notes=(Note(text=text),))
