"""What each form of answer in the fact sheet means (xts.md 2, 4; behaviour 3.3), and that junk never escapes."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.xts_doubles import CREDENTIALS, ORDER, TOKEN, book, error, login_reply, placed, reply, row, success
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
from tg1.models import OrderRequest, OrderType, Side
from tg1.xts import calls
from tg1.xts.answer import Answer, read_answer
from tg1.xts.book_reader import BookReader
from tg1.xts.http import HttpResponse
from tg1.xts.login import Caller, login_of, login_request

if TYPE_CHECKING:
    from collections.abc import Callable

INVESTOR = Caller(token=TOKEN)
DEALER = Caller(token=TOKEN, client_id="AB12")
JOI = {
    "status": 400,
    "statusText": "Bad Request",
    "errors": [
        {
            "field": ["orderSide"],
            "location": "body",
            "messages": ['"orderSide" must be one of [BUY, SELL]'],
            "types": ["any.allowOnly"],
        }
    ],
}
LIMIT = {"type": "error", "code": "e-apirl-0004", "description": "Request rejected: max limit reached"}
HTML = "<html><head><title>502 Bad Gateway</title></head></html>"


def answer(response: HttpResponse) -> Answer:
    """The answer as a client without secrets reads it."""
    return read_answer(response, lambda text: text)


def read_book(response: HttpResponse) -> object:
    """What a fresh reader makes of a book."""
    return BookReader("trade", lambda text: text).read(answer(response))


REFUSED = {
    "joi-400": (reply(error("e-property-validation-failed", "Bad Request", JOI), 400), BrokerRefused),
    "joi-400-bare": (reply(JOI, 400), BrokerRefused),
    "joi-400-without-errors": (reply(error("e-property-validation-failed", "Bad Request"), 400), BrokerRefused),
    "bad-request-without-result": (
        reply({"type": "error", "code": "e-x", "description": "Bad Request", "result": "Bad Request"}, 400),
        BrokerRefused,
    ),
    "error-in-a-200": (reply(error("e-orders-0009", "RMS says no")), BrokerRefused),
    "error-in-a-list": (reply([error("e-orders-0009", "RMS says no")], 400), BrokerRefused),
    "error-as-text": (reply(error("e-orders-0009", "no"), 400, "text/html"), BrokerRefused),
    "code-without-type": (reply({"code": "e-orders-0009", "description": "no"}, 400), BrokerRefused),
    "instrument-token": (reply(error("e-orders-0002", "Invalid Instrument Token"), 400), BrokerRefused),
    "not-found-404": (reply(error("e-app-0001", "Order not found"), 404), BrokerRefused),
    "limit-flat-429": (reply(LIMIT, 429), RateLimited),
    "limit-flat-200": (reply(LIMIT, 200), RateLimited),
    "limit-flat-400": (reply(LIMIT, 400), RateLimited),
    "limit-nested-429": (reply({"message": "x", "data": LIMIT}, 429), RateLimited),
    "limit-nested-200": (reply({"data": LIMIT}, 200), RateLimited),
    "limit-401": (reply(LIMIT, 401), RateLimited),
    "limit-403": (reply(LIMIT, 403), RateLimited),
    "limit-nested-403": (reply({"data": LIMIT}, 403), RateLimited),
    "limit-by-status": (reply(error("", "slow down"), 429), RateLimited),
    "dead-token-400": (reply(error("e-session-0007", "Invalid Token"), 400), SessionRefused),
    "dead-token-200": (reply(error("", "Invalid Token"), 200), SessionRefused),
    "token-not-found-200": (reply(error("", "Token/Authorization not found"), 200), SessionRefused),
    "authorization-not-found": (reply(error("", "Authorization not found"), 400), SessionRefused),
    "no-token": (reply(error("e-token-0002", "Please Provide token to Authenticate"), 400), SessionRefused),
    "error-401": (reply(error("", "who are you"), 401), SessionRefused),
    "error-403": (reply(error("", "IP not registered"), 403), Forbidden),
    "dead-token-403": (reply(error("", "Invalid Token"), 403), SessionRefused),
    "dead-token-403-by-code": (reply(error("e-session-0007", "no"), 403), SessionRefused),
}
UNKNOWN = {
    "html-502": reply(HTML, 502, "text/html"),
    "html-504": reply(HTML, 504, "text/html"),
    "html-403": reply(HTML, 403, "text/html"),
    "html-429": reply("Too Many Requests", 429, "text/plain"),
    "html-200": reply(HTML, 200, "text/html"),
    "error-500": reply(error("e-orders-0009", "Internal server error"), 500),
    "dead-token-500": reply(error("e-session-0007", "Invalid Token"), 500),
    "limit-503": reply({"data": LIMIT}, 503),
    "redirect-302": reply(error("", "moved"), 302),
    "empty-200": reply("", 200),
    "cut-200": reply('{"type":"success","code":"s-orders-0001","result":{"AppOrd'),
    "other-json-200": reply({"message": "hello"}),
    "other-type-200": reply({"type": "warning", "code": "e-x", "result": {"AppOrderID": 5}}),
    "type-is-a-number": reply({"type": 5, "result": {"AppOrderID": 5}}),
    "array": reply([1, 2]),
    "number": reply("12"),
    "too-deep": reply("[" * 100_000),
    "endless-number": reply('{"type":"success","result":{"AppOrderID":' + "9" * 5000 + "}}"),
}
NO_ID = {
    "no-result": reply({"type": "success", "code": "s-orders-0001"}),
    "null": reply(success(None)),
    "empty": reply(success({})),
    "text": reply(success("")),
    "null-id": placed(None),
    "empty-id": placed(""),
    "zero-id": placed(0),
    "word-id": placed("queued"),
    "negative-id": placed(-5),
    "fraction": placed(1.5),
    "two": reply(success([{"AppOrderID": 1}, {"AppOrderID": 2}])),
}


@pytest.mark.parametrize(("response", "kind"), REFUSED.values(), ids=REFUSED)
def test_placement_is_refused_by_a_readable_error(response: HttpResponse, kind: type[BrokerError]) -> None:
    """A readable error in a 200 or a 4xx proves that nothing was created (behaviour 3.3)."""
    with pytest.raises(BrokerRefused) as caught:
        calls.placed_order_id(answer(response))
    assert type(caught.value) is kind


@pytest.mark.parametrize("response", UNKNOWN.values(), ids=UNKNOWN)
def test_placement_is_unknown_after_a_5xx_or_an_unreadable_body(response: HttpResponse) -> None:
    """A 5xx, a page, a fragment or a foreign object says nothing about the order (behaviour 3.3, xts.md 4.8)."""
    with pytest.raises(BrokerUnknown):
        calls.placed_order_id(answer(response))


@pytest.mark.parametrize("response", NO_ID.values(), ids=NO_ID)
def test_placement_is_unknown_when_success_names_no_order(response: HttpResponse) -> None:
    """Success without an AppOrderID is looked up in the book (behaviour 3.3, xts.md 2.3)."""
    with pytest.raises(BrokerUnknown):
        calls.placed_order_id(answer(response))


@pytest.mark.parametrize(
    ("response", "order_id"),
    [
        (placed(), "1210049745"),
        (placed("1210049745"), "1210049745"),
        (placed(" 1210049745 "), "1210049745"),
        (placed(9876543210), "9876543210"),
        (placed(1210049745.0), "1210049745"),
        (reply([success({"AppOrderID": 7})]), "7"),
        (reply(success([{"AppOrderID": 7}])), "7"),
        (reply({"type": "Success", "result": {"AppOrderID": 7}}), "7"),
        (reply(success({"AppOrderID": 7}), 500), "7"),
        (reply(json.dumps(success({"AppOrderID": 7})), 200, "text/html"), "7"),
    ],
    ids=["int", "text", "spaced", "beyond-int32", "float", "list", "list-result", "case", "status-500", "html-type"],
)
def test_placement_is_accepted_with_its_id(response: HttpResponse, order_id: str) -> None:
    """The envelope's type is judged before the status, and the id may be a number or a text (xts.md 2, 2.3)."""
    assert calls.placed_order_id(answer(response)) == order_id


@pytest.mark.parametrize("result", [[{"AppOrderID": 5}], {"AppOrderID": 5}, "", None, 7], ids=repr)
def test_cancel_is_sent_whatever_its_result(result: object) -> None:
    """The result of a cancel comes in four forms; the type alone counts (xts.md 2.4)."""
    calls.check_cancel(answer(reply(success(result, description="Request sent"))))


@pytest.mark.parametrize(("response", "kind"), REFUSED.values(), ids=REFUSED)
def test_cancel_is_refused_by_a_readable_error(response: HttpResponse, kind: type[BrokerError]) -> None:
    """Among others for an order that is final already (xts.md 4.7)."""
    with pytest.raises(BrokerRefused) as caught:
        calls.check_cancel(answer(response))
    assert type(caught.value) is kind


@pytest.mark.parametrize("response", UNKNOWN.values(), ids=UNKNOWN)
def test_cancel_is_unknown_after_a_5xx_or_an_unreadable_body(response: HttpResponse) -> None:
    """Only the book can tell whether such a cancel arrived. A success with any content is one, though."""
    if answer(response).kind.value != "success":
        with pytest.raises(BrokerUnknown):
            calls.check_cancel(answer(response))


EMPTY = {
    "list": reply(success([])),
    "null": reply(success(None)),
    "e-orders-0005": reply(error("e-orders-0005", "Data Not Available"), 400),
    "e-orders-0005-in-a-200": reply(error("e-orders-0005", "Data Not Available")),
    "case": reply(error("E-Orders-0005", "Data Not Available"), 400),
}


@pytest.mark.parametrize("response", EMPTY.values(), ids=EMPTY)
def test_book_is_empty_in_three_forms(response: HttpResponse) -> None:
    """`[]`, null and the error code all mean "no orders" (xts.md 4.5, behaviour 4.4)."""
    assert read_book(response) == ()


BAD_BOOKS = {
    "result-missing": (reply({"type": "success", "code": "s-user-0001"}), BrokerUnavailable),
    "result-dict": (reply(success({"orders": []})), BrokerUnavailable),
    "result-empty-dict": (reply(success({})), BrokerUnavailable),
    "result-text": (reply(success("")), BrokerUnavailable),
    "result-number": (reply(success(0)), BrokerUnavailable),
    "other-code": (reply(error("e-orders-0001", "Data Not Available"), 400), ReadRefused),
    "validation": (reply(error("e-property-validation-failed", "Bad Request"), 400), ReadRefused),
    "session-in-other-words": (reply(error("e-user-0009", "You have been logged out"), 400), ReadRefused),
    "limit": (reply(LIMIT, 429), RateLimited),
    "limit-nested": (reply({"data": LIMIT}, 429), RateLimited),
    "limit-page": (reply("slow down", 429), RateLimited),
    "limit-401": (reply(LIMIT, 401), RateLimited),
    "limit-403": (reply(LIMIT, 403), RateLimited),
    "dead-token": (reply(error("e-session-0007", "Invalid Token"), 400), SessionRefused),
    "dead-token-200": (reply(error("", "Token/Authorization not found")), SessionRefused),
    "page-401": (reply(HTML, 401), SessionRefused),
    "page-403": (reply(HTML, 403), SessionRefused),
    "page-502": (reply(HTML, 502), BrokerUnavailable),
    "error-500": (reply(error("e-orders-0009", "Internal"), 500), ReadRefused),
    "empty-body": (reply("", 200), BrokerUnavailable),
    "cut": (reply(json.dumps(success([row()]))[:-5]), BrokerUnavailable),
    "bare-list": (reply([row()]), BrokerUnavailable),
}


@pytest.mark.parametrize(("response", "kind"), BAD_BOOKS.values(), ids=BAD_BOOKS)
def test_book_that_was_not_read_is_never_empty(response: HttpResponse, kind: type[BrokerError]) -> None:
    """A failed book must not look like "my orders are gone" (behaviour 4.4, failures.md II.12)."""
    with pytest.raises(BrokerError) as caught:
        read_book(response)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (reply(error("e-user-0001", "Invalid appKey"), 400), SessionRefused),
        (reply(error("e-user-0001", "Invalid appKey"), 200), SessionRefused),
        (reply(error("e-user-0001", "Invalid appKey"), 500), BrokerUnavailable),
        (reply(LIMIT, 429), RateLimited),
        (reply({"data": LIMIT}, 429), RateLimited),
        (reply(HTML, 502), BrokerUnavailable),
        (reply(""), BrokerUnavailable),
        (reply(success({})), BrokerUnavailable),
        (reply(success(None)), BrokerUnavailable),
        (login_reply(token=""), BrokerUnavailable),
        (login_reply(token="two\r\nX-Lines: 1"), BrokerUnavailable),
    ],
    ids=["400", "200", "500", "limit", "nested", "502", "empty", "no-token", "null", "blank", "header-injection"],
)
def test_login_that_gave_no_session_says_why(response: HttpResponse, kind: type[BrokerError]) -> None:
    """Wrong credentials are told from a server in trouble, which another try may mend (xts.md 4.1)."""
    with pytest.raises(BrokerError) as caught:
        login_of(answer(response))
    assert type(caught.value) is kind


def test_login_sends_the_sdk_fields() -> None:
    """appKey, secretKey and source, as JSON, without a token (xts.md 9.2)."""
    request = login_request(CREDENTIALS)
    assert (request.method, request.path) == ("POST", "/interactive/user/session")
    assert json.loads(request.body or b"") == {
        "appKey": CREDENTIALS.key,
        "secretKey": CREDENTIALS.secret,
        "source": "WEBAPI",
    }
    assert "Authorization" not in request.headers


def test_placement_sends_exactly_the_body_of_the_fact_sheet() -> None:
    """Every field of xts.md 1.5 for NSE cash, numbers as numbers, the price without float dust."""
    request = calls.place_request(INVESTOR, ORDER, instrument_id=2029, product_type="CNC")
    assert (request.method, request.path, request.params) == ("POST", "/interactive/orders", {})
    assert request.headers == {"Content-Type": "application/json", "Authorization": TOKEN}
    assert request.body == (
        b'{"exchangeSegment":"NSECM","exchangeInstrumentID":2029,"productType":"CNC","orderType":"LIMIT",'
        b'"orderSide":"BUY","timeInForce":"DAY","disclosedQuantity":0,"orderQuantity":100,"limitPrice":49.3,'
        b'"stopPrice":0,"orderUniqueIdentifier":"ab12gd01e1","apiOrderSource":"WebAPI"}'
    )


def test_stop_placement_carries_its_trigger() -> None:
    """A STOPLIMIT has both prices (behaviour 6.1)."""
    stop = OrderRequest(
        client_id="x1", symbol="SBIN", side=Side.SELL, quantity=50, order_type=OrderType.STOPLIMIT,
        limit_price=Decimal("117.90"), trigger_price=Decimal("118.50"),
    )  # fmt: skip
    sent = json.loads(calls.place_request(DEALER, stop, instrument_id=3045, product_type="MIS").body or b"")
    assert (sent["orderType"], sent["orderSide"]) == ("STOPLIMIT", "SELL")
    assert (sent["limitPrice"], sent["stopPrice"], sent["productType"]) == (117.9, 118.5, "MIS")
    assert sent["clientID"] == "AB12"


@given(paise=st.integers(min_value=1, max_value=10**9), decimals=st.integers(min_value=2, max_value=4))
def test_price_on_the_wire_has_the_digits_of_the_decimal(paise: int, decimals: int) -> None:
    """Whatever the price, the JSON number reads back as the same Decimal (xts.md 1.5: up to 4 decimals)."""
    price = Decimal(paise).scaleb(-decimals)
    order = OrderRequest(
        client_id="x", symbol="IRFC", side=Side.BUY, quantity=1, order_type=OrderType.LIMIT, limit_price=price
    )
    body = calls.place_request(INVESTOR, order, instrument_id=1, product_type="MIS").body or b""
    assert json.loads(body, parse_float=Decimal)["limitPrice"] == price


@pytest.mark.parametrize(
    ("build", "method", "path", "params"),
    [
        (calls.book_request, "GET", "/interactive/orders", {}),
        (lambda caller: calls.cancel_request(caller, "71"), "DELETE", "/interactive/orders", {"appOrderID": "71"}),
    ],
    ids=["book", "cancel"],
)  # fmt: skip
def test_dealers_alone_send_their_client_id(
    build: Callable[[Caller], Any], method: str, path: str, params: dict[str, str]
) -> None:
    """GET and DELETE carry it in the query, and nothing in a body (xts.md 1.4, 1.7)."""
    for caller, extra in ((INVESTOR, {}), (DEALER, {"clientID": "AB12"})):
        request = build(caller)
        assert (request.method, request.path, request.body) == (method, path, None)
        assert request.params == params | extra


@pytest.mark.parametrize("order_id", ["", "abc", "12a", "-5", "1.5", "\u0661"])
def test_cancel_without_an_order_id_is_refused_at_home(order_id: str) -> None:
    """A book row may lack a readable AppOrderID; there is nothing to send then."""
    with pytest.raises(BrokerRefused):
        calls.cancel_request(INVESTOR, order_id)


def test_error_texts_are_short_and_without_echoed_secrets() -> None:
    """A server that echoes the secret, even across the cut, does not bring it into our texts (behaviour 16)."""
    secret = "s3cr3t-" + "x" * 40
    echo = error("e-user-0001", f"bad pair {secret} " + "y" * 210 + secret, {"errors": [{"messages": [secret]}]})
    with pytest.raises(SessionRefused) as caught:
        login_of(read_answer(reply(echo, 400), lambda text: text.replace(secret, "[redacted]")))
    assert "s3cr3t" not in str(caught.value)
    assert len(str(caught.value)) < 256 + 80


def test_validation_error_tells_the_operator_the_field() -> None:
    """The validator's own message is part of the text, since "Bad Request" alone helps nobody (xts.md 4.6)."""
    with pytest.raises(BrokerRefused, match="orderSide") as caught:
        calls.placed_order_id(answer(REFUSED["joi-400"][0]))
    assert caught.value.code == "e-property-validation-failed"


def test_unknown_status_word_is_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    """One warning per word, not one a second (behaviour 4.2)."""
    reader = BookReader("trade", lambda text: text)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            reader.read(answer(book(row(OrderStatus="Trigger Pending"), row(OrderStatus="Frozen"))))
    assert len(caplog.records) == 2


def test_bad_rows_are_counted_and_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    """One bad row never spoils the others (behaviour 4.3)."""
    reader = BookReader("trade", lambda text: text)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            orders = reader.read(answer(book(None, row(), 5, {}, [], row(AppOrderID=2))))
    assert [order.order_id for order in orders] == ["1210030180", "2"]
    assert reader.bad_rows == 4
    assert len(caplog.records) == 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["success", "error", "1e9"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "code", "description", "result", "data", "errors", "messages", "token", "userID"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip
_bodies = (
    _json.map(json.dumps) | st.text() | _json.map(lambda result: json.dumps({"type": "success", "result": result}))
)


@given(text=_bodies, status=st.integers(min_value=100, max_value=599))
def test_junk_in_an_answer_raises_nothing_but_broker_errors(text: str, status: int) -> None:
    """Whatever the body and the status, every reader returns or raises a typed error."""
    found, texts = answer(HttpResponse(status=status, text=text)), list[str]()
    readers: list[Callable[[Answer], object]] = [
        calls.placed_order_id, calls.check_cancel, calls.check_read, login_of, BookReader("t", str).read,
    ]  # fmt: skip
    for read in readers:
        try:
            read(found)
        except BrokerError as exc:
            texts.append(str(exc))
    assert all(len(text) < 512 for text in texts)


@given(status=st.integers(min_value=100, max_value=599), code=st.text(max_size=12), words=st.text(max_size=30))
def test_refusal_of_a_placement_needs_a_200_or_a_4xx(status: int, code: str, words: str) -> None:
    """No text of an error envelope makes a 5xx or a redirect into proof that nothing was created (behaviour 3.3)."""
    with pytest.raises(BrokerError) as caught:
        calls.placed_order_id(answer(reply(error(code, words), status)))
    is_proof = 200 <= status < 300 or 400 <= status < 500
    assert isinstance(caught.value, BrokerRefused) == is_proof
    assert isinstance(caught.value, BrokerUnknown) != is_proof
