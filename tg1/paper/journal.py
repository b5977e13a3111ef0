"""JSON lines of every request and every order event, flushed one by one; never a token, key or secret."""

import json
from datetime import datetime
from typing import Any, TextIO
from urllib.parse import parse_qsl

from tg1.paper.errors import PaperUsageError
from tg1.paper.orders import OrderEvent
from tg1.paper.wire import WireReply, WireRequest, loads_object

_SAFE_FIELDS = ("orderUniqueIdentifier", "appOrderID")
"""What is copied from a request; everything else in it stays out."""


class Journal:
    """Writes to an open text stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def request(self, request: WireRequest, reply: WireReply, account: str, now: datetime) -> None:
        """Record a request: who asked for what, which order it named, and how it was answered."""
        fields = _safe_fields(request)
        self._write(
            now,
            "request",
            method=request.method,
            path=request.path,
            account=account,
            client_id=fields.get("orderUniqueIdentifier", ""),
            app_order_id=fields.get("appOrderID", ""),
            status=reply.status,
            outcome=reply.outcome.value,
        )

    def event(self, event: OrderEvent) -> None:
        """Record a change of an order."""
        order, execution = event.order, event.execution
        self._write(
            event.at,
            "order",
            account=order.account,
            client_id=order.client_id,
            app_order_id=str(order.app_order_id),
            symbol=order.symbol,
            side=order.side.value,
            quantity=order.quantity,
            limit_price=f"{order.terms.limit_price:f}",
            stop_price=f"{order.terms.stop_price:f}",
            previous=event.previous.value if event.previous else None,
            status=order.status.value,
            cumulative=order.cumulative,
            traded_quantity=execution.quantity if execution else 0,
            traded_price=f"{execution.price:f}" if execution else None,
            reason=order.reason,
        )

    def _write(self, now: datetime, kind: str, **fields: Any) -> None:
        self._stream.write(json.dumps({"at": now.isoformat(), "kind": kind, **fields}) + "\n")
        self._stream.flush()


def _safe_fields(request: WireRequest) -> dict[str, str]:
    try:
        body = loads_object(request)
    except PaperUsageError:
        body = {}  # the request was refused for that very reason; its answer's status says so
    given = {**dict(parse_qsl(request.raw_query)), **request.query, **body}
    return {name: str(given[name]) for name in _SAFE_FIELDS if name in given}
