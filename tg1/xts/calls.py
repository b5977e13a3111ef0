"""What is said to a Symphony XTS server and what its answers mean: PURE, no session, no socket, no clock.

Every answer to a placement is accepted, refused or unknown (behaviour 3.3). The envelope's `type` is judged first and
the HTTP status only then, because one condition comes under different statuses at different brokers (xts.md 4).

| answer                                        | placement       | cancel        | read              |
|-----------------------------------------------|-----------------|---------------|-------------------|
| `type: success`                               | AppOrderID      | sent          | its result        |
| the same without a readable AppOrderID        | BrokerUnknown   | sent          | its result        |
| error, 200 or 4xx, auth (xts.md 4.2)          | SessionRefused  | SessionRefused| SessionRefused    |
| error, 200 or 4xx, rate limit (xts.md 4.4)    | RateLimited     | RateLimited   | RateLimited       |
| error, 200 or 4xx, other                      | BrokerRefused   | BrokerRefused | BrokerUnavailable |
| error `e-orders-0005` (xts.md 4.5)            | BrokerRefused   | BrokerRefused | an empty book     |
| error with any other status                   | BrokerUnknown   | BrokerUnknown | as with 200       |
| unreadable                                    | BrokerUnknown   | BrokerUnknown | BrokerUnavailable |

A read may also take the bare status for it (401, 403: SessionRefused; 429: RateLimited): asking again is harmless.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tg1.errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    Forbidden,
    RateLimited,
    SessionRefused,
)
from tg1.xts.answer import AUTH_STATUSES, TOO_MANY, Answer, Kind
from tg1.xts.rows import from_xts, is_known_status, order_id_of, plain_text
from tg1.xts.sessions import XtsCredentials, XtsLogin, is_token
from tg1.xts.transport import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.models import BrokerOrder, OrderRequest

_log = logging.getLogger(__name__)

SESSION_PATH = "/interactive/user/session"
PROFILE_PATH = "/interactive/user/profile"
ORDERS_PATH = "/interactive/orders"

_EMPTY_BOOK_CODE = "e-orders-0005"


def login_request(credentials: XtsCredentials) -> HttpRequest:
    """`POST /user/session` (xts.md 1.4, 9.2)."""
    fields = {"appKey": credentials.key, "secretKey": credentials.secret, "source": "WEBAPI"}
    return HttpRequest(method="POST", path=SESSION_PATH, headers={"Content-Type": "application/json"}, json_body=fields)


def logout_request(login: XtsLogin) -> HttpRequest:
    """`DELETE /user/session`: ends the session for every bot that shares it."""
    return _request(login, "DELETE", SESSION_PATH)


def profile_request(login: XtsLogin) -> HttpRequest:
    """`GET /user/profile`."""
    return _request(login, "GET", PROFILE_PATH)


def book_request(login: XtsLogin) -> HttpRequest:
    """`GET /orders`: the whole book of the trading day."""
    return _request(login, "GET", ORDERS_PATH)


def cancel_request(login: XtsLogin, order_id: str) -> HttpRequest:
    """`DELETE /orders?appOrderID=` (xts.md 1.4, 9.2). Raises `BrokerRefused` when `order_id` is no AppOrderID."""
    if not (order_id.isascii() and order_id.isdigit()):
        raise BrokerRefused(f"the order can't be cancelled yet: the book shows no AppOrderID for it, but {order_id!r}")
    return _request(login, "DELETE", ORDERS_PATH, {"appOrderID": str(int(order_id))})


def place_request(login: XtsLogin, order: OrderRequest, *, instrument_id: int, product_type: str) -> HttpRequest:
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
    if login.client_id is not None:
        fields["clientID"] = login.client_id
    return HttpRequest(method="POST", path=ORDERS_PATH, headers=_headers(login), json_body=fields)


def _request(login: XtsLogin, method: str, path: str, params: dict[str, str] | None = None) -> HttpRequest:
    params = dict(params or {})
    if login.client_id is not None:
        params["clientID"] = login.client_id
    return HttpRequest(method=method, path=path, params=params, headers=_headers(login))


def _headers(login: XtsLogin) -> dict[str, str]:
    # The raw token, without "Bearer" (xts.md 1.3).
    return {"Content-Type": "application/json", "Authorization": login.token}


def _json_price(price: Decimal) -> float:
    """Return rupees as the float whose shortest text, which JSON writes, is exactly `price`.

    That holds for every price of up to 15 digits, and no arithmetic is done on it: 49.3 is never 49.300000000000004.
    """
    return float(price)


def login_of(answer: Answer) -> XtsLogin:
    """Return the session that a login gave.

    Raises `SessionRefused` (wrong credentials), `RateLimited`, or `BrokerUnavailable`: a login may be tried again.
    """
    if answer.kind is Kind.SUCCESS:
        found = answer.result if isinstance(answer.result, dict) else {}
        if not is_token(found.get("token")):
            raise BrokerUnavailable("the login was accepted, but the answer holds no usable token")
        codes = found.get("clientCodes")
        return XtsLogin(
            token=found["token"],
            user_id=plain_text(found.get("userID")),
            is_investor=str(found.get("isInvestorClient", True)).strip().lower() != "false",
            client_codes=tuple(filter(None, map(plain_text, codes))) if isinstance(codes, list) else (),
        )
    if answer.is_rate_limit:
        raise RateLimited(f"the login was refused by the rate limit: {answer.said}", code=answer.code)
    if answer.is_refusal:
        raise SessionRefused(f"the login was refused: {answer.said}", code=answer.code)
    raise BrokerUnavailable(f"the login got no clear answer: {answer.said}")


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
    """Return the result of a successful read. Raises `SessionRefused`, `RateLimited` or `BrokerUnavailable`."""
    if answer.kind is Kind.SUCCESS:
        return answer.result
    if answer.is_auth_failure or (answer.kind is Kind.UNREADABLE and answer.status in AUTH_STATUSES):
        raise SessionRefused(f"the session was refused: {answer.said}", code=answer.code)
    if answer.is_rate_limit or answer.status == TOO_MANY:
        raise RateLimited(f"the read was refused by the rate limit: {answer.said}", code=answer.code)
    raise BrokerUnavailable(f"the read failed: {answer.said}")


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


class BookReader:
    """Reads one account's order books; says each strange thing once, not once a second."""

    def __init__(self, account: str, scrub: Callable[[str], str]) -> None:
        self._account = account
        self._scrub = scrub
        self._strange_words: set[str] = set()
        self.bad_rows = 0
        """Rows of the last book that could not be read; such a row may be one of ours."""
        self._last: dict[str, tuple[dict[str, Any], BrokerOrder]] = {}
        """Each row of the last book with what it was read as: most rows of a day never change again."""

    def read(self, answer: Answer) -> tuple[BrokerOrder, ...]:
        """Return the orders of the book.

        Only `[]`, null and the code `e-orders-0005` are an empty book (xts.md 4.5); a failed one is never taken for it.
        Raises as `check_read`, and `BrokerUnavailable` for a result of another form.
        """
        if answer.kind is Kind.ERROR and answer.code == _EMPTY_BOOK_CODE:
            return ()
        rows = check_read(answer)
        if rows is None and answer.has_result:
            return ()
        if not isinstance(rows, list):
            raise BrokerUnavailable(f"the order book's result is not a list: {answer.said}")
        return self._orders(rows)

    def _orders(self, rows: list[Any]) -> tuple[BrokerOrder, ...]:
        seen: dict[str, tuple[dict[str, Any], BrokerOrder]] = {}
        orders: list[BrokerOrder] = []
        bad_rows = 0
        for row in rows:
            try:
                order = self._order(row)
            except BrokerUnavailable:
                bad_rows += 1
                continue
            orders.append(order)
            seen[order.order_id] = (row, order)
        self._last = seen
        if bad_rows > self.bad_rows:
            _log.warning("%s: %d of %d rows of the order book can't be read", self._account, bad_rows, len(rows))
        self.bad_rows = bad_rows
        return tuple(orders)

    def _order(self, row: Any) -> BrokerOrder:
        known = self._last.get(order_id_of(row.get("AppOrderID"))) if isinstance(row, dict) else None
        if known is not None and known[0] == row:
            return known[1]
        order = from_xts(row)
        self._note_word(order.raw_status)
        # The reason goes into the state file, where no redactor watches.
        return replace(order, reason=self._scrub(order.reason)) if order.reason else order

    def _note_word(self, word: str) -> None:
        if not is_known_status(word) and word not in self._strange_words:
            self._strange_words.add(word)
            _log.warning('%s: order status "%s" is not known and counts as working', self._account, self._scrub(word))
