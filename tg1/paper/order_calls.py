"""The calls of the XTS API that create, change and cancel orders (xts.md 1.5, 1.6, 2.3 to 2.5)."""

from typing import Any

from tg1.paper.envelope import Call, success
from tg1.paper.errors import NotWorkingError, UnknownOrderError
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultKind
from tg1.paper.orders import CancelFate
from tg1.paper.rows import order_id
from tg1.paper.validation import read_cancel_all, read_order_id
from tg1.paper.wire import WireReply, loads_object


class OrderCalls:
    """Each returns "Request sent": what becomes of it shows in the book."""

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange

    def place(self, call: Call) -> WireReply:
        """POST /orders."""
        quirks, account = self._exchange.quirks, call.account
        kinds = {fault.kind: fault for fault in call.faults}
        hide = kinds.get(FaultKind.HIDE)
        placed = self._exchange.place(
            account.name,
            loads_object(call.request),
            call.now,
            hide_secs=hide.secs if hide else 0.0,
            hide_reads=hide.reads if hide else 0,
        )
        if FaultKind.REJECT in kinds:
            self._exchange.doom(placed, kinds[FaultKind.REJECT].text or "OEMS:RMS : Rejected")
        result: dict[str, Any] = {"ClientID": account.client_code}
        if FaultKind.NO_ORDER_ID not in kinds:
            result = {"AppOrderID": order_id(placed, quirks), **result}
        if quirks.reply_has_identifier and FaultKind.NO_IDENTIFIER not in kinds:
            result["OrderUniqueIdentifier"] = self._exchange.orders[placed].client_id
        return success("s-orders-0001", "Request sent", result)

    def modify(self, call: Call) -> WireReply:
        """PUT /orders."""
        body = loads_object(call.request)
        number = read_order_id(body.get("appOrderID", ""))
        self._exchange.modify(call.account.name, number, body, call.now)
        result = {
            "AppOrderID": order_id(number, self._exchange.quirks),
            "OrderUniqueIdentifier": self._exchange.orders[number].client_id,
            "ClientID": call.account.client_code,
        }
        return success("s-orders-0001", "Request sent", result)

    def cancel(self, call: Call) -> WireReply:
        """DELETE /orders."""
        kinds = {fault.kind for fault in call.faults}
        fate = CancelFate.LOST_TO_FILL if FaultKind.CANCEL_LOST in kinds else None
        fate = CancelFate.IGNORED if FaultKind.CANCEL_IGNORED in kinds else fate
        number = read_order_id(call.request.query.get("appOrderID", ""))
        quirks = self._exchange.quirks
        try:
            self._exchange.cancel(call.account.name, number, call.now, fate)
        except (UnknownOrderError, NotWorkingError):
            if quirks.cancel_of_final == "error":
                raise
        row = {"AppOrderID": order_id(number, quirks), "ClientID": call.account.client_code}
        shapes: dict[str, Any] = {"list": [row], "dict": row, "empty": "", "null": None}
        return success("s-user-0001", "Request sent", shapes[quirks.cancel_result])

    def cancel_all(self, call: Call) -> WireReply:
        """POST /orders/cancelall."""
        segment, instrument_id = read_cancel_all(loads_object(call.request, unwrap=True))
        self._exchange.cancel_all(call.account.name, call.now, segment, instrument_id)
        return success("s-cancelall-0001", "Cancel All Order Request Send Successfully", "")
