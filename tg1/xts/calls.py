"""What is said to a Symphony XTS server and what its answers mean: PURE, no session, no socket, no clock.

Every answer to a placement is accepted, refused or unknown (behaviour 3.3). The envelope's `type` is judged first and
the HTTP status only then, because one condition comes under different statuses at different brokers (xts.md 4).

| answer                                        | placement       | cancel        | read              |
|-----------------------------------------------|-----------------|---------------|-------------------|
| `type: success`                               | AppOrderID      | sent          | its result        |
| the same without a readable AppOrderID        | BrokerUnknown   | sent          | its result        |
| error, 200 or 4xx, auth (xts.md 4.2)          | SessionRefused  | SessionRefused| SessionRefused    |
| error, 200 or 4xx, rate limit (xts.md 4.4)    | RateLimited     | RateLimited   | RateLimited       |
| error, 200 or 4xx, other                      | BrokerRefused   | BrokerRefused | ReadRefused       |
| error `e-orders-0005` (xts.md 4.5)            | BrokerRefused   | BrokerRefused | an empty book     |
| error with any other status                   | BrokerUnknown   | BrokerUnknown | as with 200       |
| unreadable                                    | BrokerUnknown   | BrokerUnknown | BrokerUnavailable |

A read may also take the bare status for it (401, 403: SessionRefused; 429: RateLimited): asking again is harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    Forbidden,
    RateLimited,
    ReadRefused,
    SessionRefused,
)
from tg1.xts.answer import AUTH_STATUSES, TOO_MANY, Answer, Kind
from tg1.xts.http import HttpRequest
from tg1.xts.rows import balance_from_xts, from_xts, order_id_of, position_from_xts, trade_from_xts

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from decimal import Decimal

    from tg1.models import Balance, BrokerOrder, BrokerPosition, BrokerTrade, OrderRequest
    from tg1.xts.login import Caller

ORDERS_PATH = "/interactive/orders"

_EMPTY_BOOK_CODE = "e-orders-0005"
_NO_HISTORY_CODE = "e-orders-0001"
"""Not known, or not known yet: up to 3 s after the placement (xts.md 4.7, 7.5)."""


def book_request(caller: Caller) -> HttpRequest:
    """`GET /orders`: the whole book of the trading day."""
    return _request(caller, "GET", ORDERS_PATH)


def history_request(caller: Caller, order_id: str) -> HttpRequest:
    """`GET /orders?appOrderID=`: the states of one order. Raises `BrokerRefused` as `cancel_request`."""
    return _request(caller, "GET", ORDERS_PATH, {"appOrderID": _wire_id(order_id, "looked up")})


def trades_request(caller: Caller) -> HttpRequest:
    """`GET /orders/trades`: the executions of the trading day."""
    return _request(caller, "GET", f"{ORDERS_PATH}/trades")


def positions_request(caller: Caller) -> HttpRequest:
    """`GET /portfolio/positions`; servers refuse it without `dayOrNet` (xts.md 1.4)."""
    return _request(caller, "GET", "/interactive/portfolio/positions", {"dayOrNet": "NetWise"})


def balance_request(caller: Caller) -> HttpRequest:
    """`GET /user/balance` (xts.md 2.11)."""
    return _request(caller, "GET", "/interactive/user/balance")


def cancel_request(caller: Caller, order_id: str) -> HttpRequest:
    """`DELETE /orders?appOrderID=` (xts.md 1.4, 9.2). Raises `BrokerRefused` when `order_id` is no AppOrderID."""
    return _request(caller, "DELETE", ORDERS_PATH, {"appOrderID": _wire_id(order_id, "cancelled")})


def _wire_id(order_id: str, what: str) -> str:
    if not (order_id.isascii() and order_id.isdigit()):
        raise BrokerRefused(f"the order can't be {what} yet: the book shows no AppOrderID for it, but {order_id!r}")
    return str(int(order_id))


def place_request(caller: Caller, order: OrderRequest, *, instrument_id: int, product_type: str) -> HttpRequest:
    """`POST /orders` for NSE cash (xts.md 1.5).

    `instrument_id` is the exchange's token. `apiOrderSource` must not be empty: Findoc refuses that with a vague
    parameter error (xts.md 7.3).
    """
    fields: dict[str, Any] = {
        "exchangeSegment": "NSECM",
        "exchangeInstrumentID": instrument_id,
        "productType": product_type,
        "orderType": str(order.order_type),
        "orderSide": str(order.side),
        "timeInForce": "DAY",
        "disclosedQuantity": 0,
        "orderQuantity": order.quantity,
        "limitPrice": _json_price(order.limit_price),
        "stopPrice": 0 if order.trigger_price is None else _json_price(order.trigger_price),
        "orderUniqueIdentifier": order.client_id,
        "apiOrderSource": "WebAPI",
    }
    if caller.client_id is not None:
        fields["clientID"] = caller.client_id
    return HttpRequest(method="POST", path=ORDERS_PATH, headers=_headers(caller), json_body=fields)


def _request(caller: Caller, method: str, path: str, params: dict[str, str] | None = None) -> HttpRequest:
    params = dict(params or {})
    if caller.client_id is not None:
        params["clientID"] = caller.client_id
    return HttpRequest(method=method, path=path, params=params, headers=_headers(caller))


def _headers(caller: Caller) -> dict[str, str]:
    # The raw token, without "Bearer" (xts.md 1.3).
    return {"Content-Type": "application/json", "Authorization": caller.token}


def _json_price(price: Decimal) -> float:
    """Return rupees as the float whose shortest text, which JSON writes, is exactly `price`.

    That holds for every price of up to 15 digits, and no arithmetic is done on it: 49.3 is never 49.300000000000004.
    """
    return float(price)


def placed_order_id(answer: Answer) -> str:
    """Return the AppOrderID of an accepted placement. Raises as in the table above."""
    if answer.kind is Kind.SUCCESS:
        result = answer.result
        if isinstance(result, list) and len(result) == 1:
            result = result[0]
        order_id = order_id_of(result.get("AppOrderID")) if isinstance(result, dict) else ""
        if not order_id:
            raise BrokerUnknown(f"the order was accepted without an AppOrderID: {answer.said}")
        return order_id
    raise _write_error("the order", answer)


def check_cancel(answer: Answer) -> None:
    """Return when the cancel was sent on; its result comes as list, dict, "" or null (xts.md 2.4). Raises as above."""
    if answer.kind is not Kind.SUCCESS:
        raise _write_error("the cancel", answer)


def check_read(answer: Answer) -> Any:
    """Return the result of a successful read.

    Raises `SessionRefused`, `RateLimited`, `ReadRefused` or `BrokerUnavailable`.
    """
    if answer.kind is Kind.SUCCESS:
        return answer.result
    if answer.is_auth_failure or (answer.kind is Kind.UNREADABLE and answer.status in AUTH_STATUSES):
        raise SessionRefused(f"the session was refused: {answer.said}", code=answer.code)
    if answer.is_rate_limit or answer.status == TOO_MANY:
        raise RateLimited(f"the read was refused by the rate limit: {answer.said}", code=answer.code)
    if answer.kind is Kind.ERROR:
        raise ReadRefused(f"the read was refused: {answer.said}")
    raise BrokerUnavailable(f"the read failed: {answer.said}")


def book_rows(answer: Answer) -> list[Any]:
    """Return the rows of an order book.

    Only `[]`, null and the code `e-orders-0005` are an empty book (xts.md 4.5); a failed one is never taken for it.
    Raises as `check_read`, and `BrokerUnavailable` for a result of another form.
    """
    return _rows(answer, "the order book", {_EMPTY_BOOK_CODE})


def order_now(answer: Answer, order_id: str) -> BrokerOrder | None:
    """Return the current state of an order out of its history; None when the server does not know the order.

    The last row is the current one (xts.md 2.7), but nothing takes a final state or a filled share back (xts.md 3).
    Raises as `book_rows`.
    """
    rows = _rows(answer, "the order's history", {_EMPTY_BOOK_CODE, _NO_HISTORY_CODE})
    ours = [from_xts(row) for row in rows if isinstance(row, dict) and order_id_of(row.get("AppOrderID")) == order_id]
    reached = [(order.status.is_final, order.filled_quantity or 0, place) for place, order in enumerate(ours)]
    return ours[max(reached)[-1]] if ours else None


def day_trades(answer: Answer) -> tuple[BrokerTrade, ...]:
    """Return the executions of the trade book, oldest first. Raises as `book_rows`."""
    rows = _rows(answer, "the trade book", {"e-tradebook-0005"})
    trades = [trade_from_xts(row) for row in rows if isinstance(row, dict)]
    return tuple(sorted(trades, key=lambda trade: trade.traded_at))


def net_positions(answer: Answer) -> tuple[BrokerPosition, ...]:
    """Return the positions, which come bare or as `positionList` (xts.md 2.9). Raises as `book_rows`."""
    rows = _rows(answer, "the positions' result", {"e-portfolio-0005"}, inside="positionList")
    return tuple(position_from_xts(row) for row in rows if isinstance(row, dict))


def account_balance(answer: Answer) -> Balance:
    """Return what the account may spend in all segments (xts.md 2.11). Raises as `check_read`."""
    result = check_read(answer)
    lists = result.get("BalanceList") if isinstance(result, dict) else None
    limits = [each for each in lists if isinstance(each, dict)] if isinstance(lists, list) else []
    # One with the header of all segments goes before one of a part of them.
    limits.sort(key=lambda each: each.get("limitHeader") != "ALL|ALL|ALL")
    found = limits[0].get("limitObject") if limits else None
    sums = found.get("RMSSubLimits") if isinstance(found, dict) else None
    return balance_from_xts(sums if isinstance(sums, dict) else {})


def _rows(answer: Answer, what: str, empty_codes: AbstractSet[str], *, inside: str = "") -> list[Any]:
    """Return the rows of a read's result, or of what stands `inside` it; `empty_codes` are errors that mean "none"."""
    if answer.kind is Kind.ERROR and answer.code in empty_codes:
        return []
    found = check_read(answer)
    if inside and isinstance(found, dict) and inside in found:
        found = found[inside]
    if found is None and answer.has_result:
        return []
    if not isinstance(found, list):
        raise BrokerUnavailable(f"{what} is not a list: {answer.said}")
    return found


def _write_error(what: str, answer: Answer) -> BrokerError:
    if not answer.is_refusal:
        return BrokerUnknown(f"{what} got no clear answer: {answer.said}")
    if answer.is_forbidden:
        return Forbidden(f"{what} was refused: {answer.said}", code=answer.code)
    if answer.is_auth_failure:
        return SessionRefused(f"{what} was refused for its session: {answer.said}", code=answer.code)
    if answer.is_rate_limit:
        return RateLimited(f"{what} was refused by the rate limit: {answer.said}", code=answer.code)
    return BrokerRefused(f"{what} was refused: {answer.said}", code=answer.code)
