"""Levels in every state of their life, and the change that a row of the book makes to them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.support.states import NOW, a_level, an_order, with_order
from tg1.models import (
    BrokerOrder,
    LegOrder,
    LevelState,
    OcoOrderType,
    OpenOrder,
    OrderStatus,
    OrderType,
    Role,
    Side,
)
from tg1.rules.fills import apply_reading
from tg1.rules.given import Moment, Rules
from tg1.rules.reconcile import resolve

if TYPE_CHECKING:
    from tg1.rules.change import Change

RULES = Rules(
    token_a_symbol="IRFC",
    token_b_symbol="SBIN",
    has_oco=True,
    auto_reenter=True,
    oco_spread=Decimal(2),
    oco_order_type=OcoOrderType.STOP_LIMIT,
    oco_limit_offset=Decimal("0.5"),
    tick_a=Decimal("0.05"),
    tick_b=Decimal("0.05"),
    new_uuid=lambda: "another",
)
MOMENT = Moment(now=NOW, monotonic=1000.0, price_a=Decimal("49.20"), price_b=Decimal("120.50"))
BLIND = replace(MOMENT, price_a=None, price_b=None)


def see(
    level: OpenOrder,
    role: Role,
    status: OrderStatus,
    filled: int = 0,
    price: str = "49.00",
    *,
    rules: Rules = RULES,
    moment: Moment = MOMENT,
    reason: str = "",
) -> Change:
    """The change that a row of the level's order makes."""
    order = level.oco_order if role is Role.OCO else level.order
    assert order is not None
    row = BrokerOrder(
        order_id=order.order_id or "777",
        client_id=order.client_id,
        status=status,
        raw_status=status,
        side=order.side,
        quantity=order.quantity,
        filled_quantity=filled,
        average_price=Decimal(price) if filled else None,
        limit_price=order.limit_price,
        reason=reason,
    )
    return apply_reading(level, resolve(order, row), rules, moment, 7)


def entry_placed() -> OpenOrder:
    """ENTRY_PLACED: BUY 100 @ 49.00."""
    return with_order(a_level(), an_order())


def target_ready() -> OpenOrder:
    """TARGET_READY: hedge price 118.50."""
    return see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100).level


def a_target(*, quantity: int = 100, cancelling: bool = False) -> LegOrder:
    """SELL 100 IRFC at 49.50."""
    return an_order(
        "TAGXXGENUD01T000",
        role=Role.TARGET,
        side=Side.SELL,
        quantity=quantity,
        limit_price=Decimal("49.50"),
        cancel_sent=cancelling,
    )


def an_oco(*, cancelling: bool = False) -> LegOrder:
    """SELL 50 SBIN at 118.50."""
    return an_order(
        "TAGXXGENUD01O000",
        role=Role.OCO,
        side=Side.SELL,
        symbol="SBIN",
        quantity=50,
        order_type=OrderType.STOPLIMIT,
        limit_price=Decimal("117.90"),
        trigger_price=Decimal("118.50"),
        order_id="999",
        cancel_sent=cancelling,
    )


def target_placed(*, quantity: int = 100, cancelling: bool = False) -> OpenOrder:
    """TARGET_PLACED with its OCO at work."""
    return with_order(target_ready(), a_target(quantity=quantity, cancelling=cancelling), an_oco())


def target_filled() -> OpenOrder:
    """TARGET_FILLED: the hedge's cancel is in flight."""
    filled = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.50").level
    return with_order(filled, an_oco(cancelling=True))


def level_in(state: LevelState) -> OpenOrder:
    """A level in that state."""
    made = {
        LevelState.FRESH: a_level(),
        LevelState.ENTRY_PLACED: entry_placed(),
        LevelState.TARGET_READY: target_ready(),
        LevelState.TARGET_PLACED: target_placed(),
        LevelState.TARGET_FILLED: target_filled(),
        LevelState.OCO_FILLED: see(target_placed(), Role.OCO, OrderStatus.FILLED, 50, "118.40").level,
        LevelState.CLOSED: replace(a_level(), closed=True),
    }[state]
    assert made.state is state
    return made
