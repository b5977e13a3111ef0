"""Orders of a day by hand, each with what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.support.states import NOW
from tg1.models import OrderStatus, OrderType, Role, Side
from tg1.replay.order_lives import OrderLife, SeenFill


def a_life(second: float = 0, level: str = "B1", role: Role = Role.ENTRY, **changes: Any) -> OrderLife:
    """An order of 100 at 49.00 that rests."""
    life = OrderLife(
        client_id=f"{level}{second}",
        level=level,
        role=role,
        account="trade",
        symbol="IRFC",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=100,
        limit=Decimal("49.00"),
        trigger=None,
        at=NOW + timedelta(seconds=second),
        status=OrderStatus.WORKING,
    )
    return replace(life, **changes)


def filled(second: float, price: str = "49.00", quantity: int = 100) -> dict[str, Any]:
    """The fields of an order that filled."""
    at = NOW + timedelta(seconds=second)
    fill = SeenFill(at=at, quantity=quantity, value=quantity * Decimal(price))
    return {"fills": [fill], "status": OrderStatus.FILLED, "ended_at": at}
