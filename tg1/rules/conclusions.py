"""How a round trip ends: what it won, what is written down, what the level does next (architecture 9, 10). Pure."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.models import NO_BACKOFF, NOTHING_TRADED, ZERO, LevelState, OpenOrder, OrderHistoryRecord, OrderSide
from tg1.rules.change import Change, Note
from tg1.rules.grid import hedge_need
from tg1.rules.transitions import LevelEvent, move, stay

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tg1.rules.given import Rules


def realised(level: OpenOrder) -> Decimal:
    """Rupees won on the shares that were both bought and sold (behaviour 15)."""
    closed = level.target_traded
    if not closed.quantity:
        return ZERO
    opened_value = level.entry_traded.value * closed.quantity / level.entry_traded.quantity
    return (opened_value - closed.value) * level.entry_direction.opposite.sign


def conclude(level: OpenOrder, rules: Rules, now: datetime) -> Change:
    """End the round trip when both legs have had their final word; otherwise leave the level waiting."""
    if level.orders or level.closed:
        return Change(level=level)
    if level.oco_filled:
        closed = stay(level, closed=True)
        outcome = "both" if level.target_traded.quantity else "oco"
        return _with_excess(closed, _record(level, outcome, now), rules)
    if level.state is not LevelState.TARGET_FILLED:
        return Change(level=level)
    if level.oco_traded.quantity:
        closed = move(level, LevelEvent.RETIRED, closed=True)
        return _with_excess(closed, _record(level, "both", now), rules)
    return Change(level=_reset(level, rules), record=_record(level, "target", now), notes=(_reset_note(level, rules),))


def _with_excess(level: OpenOrder, record: OrderHistoryRecord, rules: Rules) -> Change:
    """TokenB shares that hedge nothing any more are the operator's (behaviour 6.3, 6.5)."""
    excess = level.oco_traded.quantity - hedge_need(level)
    if excess <= 0:
        return Change(level=level, record=record)
    what = "target and OCO both filled" if level.target_traded.quantity else "its OCO filled more than it needs"
    text = (
        f"{level.trade_side} level {level.level}: {what}; "
        f"{level.oco_trade_direction} of {excess} {rules.token_b_symbol} is an unhedged position, close it by hand"
    )
    note = Note(text=f"[{level.trade_side}] BOTH SIDES FILLED: {text}", severity=logging.ERROR)
    return Change(level=level, record=record, notes=(note,), attention=((f"both-filled {level.uuid}", text),))


def _reset(level: OpenOrder, rules: Rules) -> OpenOrder:
    """A level at its own entry price again, under a new uuid; attempts go on counting (behaviour 1.1, 3.1)."""
    return move(
        level,
        LevelEvent.RESET if rules.auto_reenter else LevelEvent.RETIRED,
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
