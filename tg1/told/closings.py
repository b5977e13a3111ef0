"""What happened to the orders of a square-off between two looks: they belong to an account, not to a level. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.models import Side
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tg1.models import ClosingOrder


def of_closing(before: Mapping[str, ClosingOrder], after: Mapping[str, ClosingOrder]) -> Iterator[dict[str, Any]]:
    """Closing orders that were sent, filled or ended since, by their client ids."""
    for client_id, now in after.items():
        was = before.get(client_id)
        if was is now:
            continue
        if was is None:
            yield _told(now, EventKind.PLACED, "sent")
        yield from _fill(was, now)
        if now.is_over and (was is None or not was.is_over) and now.order.remaining:
            yield _ended(now)


def _fill(was: ClosingOrder | None, now: ClosingOrder) -> Iterator[dict[str, Any]]:
    shares = now.order.filled_quantity - (0 if was is None else was.order.filled_quantity)
    if shares <= 0:
        return
    value = now.order.filled_value - (0 if was is None else was.order.filled_value)
    price = value / shares
    did = "sold" if now.order.side is Side.SELL else "bought back"
    text = f"closing order filled: {did} {shares} {now.order.symbol} at {price:.2f}"
    yield _about(now, EventKind.FILL, text) | {"quantity": shares, "price": price}


def _ended(now: ClosingOrder) -> dict[str, Any]:
    if now.order.cancel_sent:
        return _told(now, EventKind.CANCELLED, "cancelled")
    if now.order.order_id is None:
        return _told(now, EventKind.CANCELLED, "never arrived")
    return _told(now, EventKind.REJECTED, "rejected or cancelled by the broker")


def _told(now: ClosingOrder, kind: EventKind, how: str) -> dict[str, Any]:
    order = now.order
    text = f"closing order {how}: {order.side} {order.quantity} {order.symbol} at {order.limit_price:.2f}"
    return _about(now, kind, text) | {"quantity": order.quantity, "price": order.limit_price}


def _about(now: ClosingOrder, kind: EventKind, text: str) -> dict[str, Any]:
    order = now.order
    return {
        "kind": kind,
        "text": text,
        "role": order.role,
        "account": now.account,
        "symbol": order.symbol,
        "side": order.side,
        "order_id": order.order_id or "",
        "client_id": order.client_id,
    }
