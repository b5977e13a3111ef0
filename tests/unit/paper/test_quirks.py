"""Every quirk and fault of the XTS wire shows as the facts describe it (xts.md 2, 4, 10)."""

import io
import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from tests.support.paper_desk import Desk, place_body
from tg1.paper.errors import PaperUsageError
from tg1.paper.faults import Fault, FaultKind, FaultPlan
from tg1.paper.journal import Journal
from tg1.paper.orders import PaperSide, PaperStatus
from tg1.paper.quirks import Quirks
from tg1.paper.wire import Outcome, WireRequest, dumps, loads

ORDERS = "/interactive/orders"


def _filled_desk(**quirks: Any) -> Desk:
    desk = Desk(quirks=Quirks(**quirks))
    desk.placed("BUY", "51.00")
    return desk


def _row(**quirks: Any) -> dict[str, Any]:
    row: dict[str, Any] = _filled_desk(**quirks).book()[-1]
    return row


def test_row_has_findocs_form() -> None:
    """A filled row carries the captured fields: IST times, text average, quantities as numbers (xts.md 2.6)."""
    row = _row()
    assert len(row) == 39
    assert row["OrderGeneratedDateTime"] == "20-11-2026 10:00:00"
    assert (row["OrderAverageTradedPrice"], row["CumulativeQuantity"], row["OrderPrice"]) == ("50.00", 100, 51)
    assert (row["OrderType"], row["OrderSide"], row["OrderStatus"]) == ("Limit", "BUY", "Filled")
    assert (row["OrderExpiryDate"], row["GeneratedBy"]) == ("01-01-1980 00:00:00", "TWSAPI")


def test_row_before_any_fill_has_an_empty_average_and_full_leaves() -> None:
    """`OrderAverageTradedPrice` is "" and Leaves is not zeroed by a reject (xts.md 2.6)."""
    desk = Desk()
    desk.placed("BUY", "49.005")
    row = desk.book()[0]
    assert (row["OrderStatus"], row["OrderAverageTradedPrice"]) == ("Rejected", "")
    assert (row["LeavesQuantity"], row["CumulativeQuantity"], row["ExchangeOrderID"]) == (100, 0, "")


@pytest.mark.parametrize(
    ("quirks", "field", "value"),
    [
        pytest.param({"side_case": "title"}, "OrderSide", "Buy", id="title-case-side"),
        pytest.param({"average_as": "number"}, "OrderAverageTradedPrice", 50, id="average-as-number"),
        pytest.param({"average_as": "blank"}, "OrderAverageTradedPrice", "", id="average-blank-after-fill"),
        pytest.param({"average_as": "zero"}, "OrderAverageTradedPrice", "0.00", id="average-zero-after-fill"),
        pytest.param({"average_as": "nan"}, "OrderAverageTradedPrice", "NaN", id="average-nan-after-fill"),
        pytest.param({"numbers_as_strings": True}, "CumulativeQuantity", "100", id="numbers-as-strings"),
        pytest.param({"order_id_as": "str"}, "AppOrderID", "1210000001", id="id-as-string"),
        pytest.param({"big_order_ids": True}, "AppOrderID", 3_210_000_001, id="id-beyond-int32"),
        pytest.param({"iso_times": True}, "OrderGeneratedDateTime", "2026-11-20T10:00:00.0000001"[:-1] + "1", id="iso"),
        pytest.param({"identifier_truncate": 4}, "OrderUniqueIdentifier", "T1L1", id="identifier-truncated"),
    ],
)
def test_row_quirk_shows_in_the_book(quirks: dict[str, Any], field: str, value: object) -> None:
    """Each standing quirk of a row changes that field."""
    assert _row(**quirks)[field] == value


def test_thousands_comma_is_in_averages_of_a_thousand_and_more() -> None:
    """Live averages were seen as "2,853.50" (xts.md 2.6)."""
    desk = Desk(quirks=Quirks(thousands_comma=True, numbers_as_strings=True))
    desk.price("IRFC", "2853.50")
    desk.placed("BUY", "2860.00", 1_500)
    row = desk.book()[0]
    assert (row["OrderAverageTradedPrice"], row["OrderPrice"]) == ("2,853.50", "2,860.00")
    assert row["CumulativeQuantity"] == "1,500"


def test_average_of_several_fills_keeps_more_than_two_decimals() -> None:
    """An average that needs them shows four decimals."""
    desk = Desk()
    order = desk.placed("BUY", "49.00", 3)
    desk.exchange.fill(order.app_order_id, 2, Decimal("49.00"), desk.now)
    desk.exchange.fill(order.app_order_id, 1, Decimal("48.99"), desk.now)
    assert desk.book()[0]["OrderAverageTradedPrice"] == "48.9967"


@pytest.mark.parametrize("blank", [pytest.param("empty", id="empty"), pytest.param("nan", id="nan")])
def test_fresh_rows_can_have_no_numbers(blank: str) -> None:
    """Rows not yet processed were seen with "" in numeric fields (xts.md 2.6)."""
    desk = Desk(quirks=Quirks(fresh_numbers=blank))
    desk.place()
    text = "" if blank == "empty" else "NaN"
    assert {desk.book()[0][name] for name in ("OrderQuantity", "CumulativeQuantity", "OrderPrice")} == {text}
    desk.wait()
    assert desk.book()[0]["OrderQuantity"] == 100


def test_rows_can_miss_fields_be_junk_and_come_newest_first() -> None:
    """Every field is optional, and one bad row may stand beside good ones (behaviour 4.3)."""
    desk = Desk(quirks=Quirks(missing_fields=("LeavesQuantity", "GeneratedBy"), junk_rows=1, newest_first=True))
    desk.placed()
    desk.placed()
    first, second, junk = desk.book()
    assert "LeavesQuantity" not in first
    assert (first["AppOrderID"] > second["AppOrderID"], junk) == (True, "junk")


@pytest.mark.parametrize(
    ("form", "status", "result"),
    [
        pytest.param("list", 200, [], id="list"),
        pytest.param("null", 200, None, id="null"),
        pytest.param("error", 400, {}, id="error"),
    ],
)
def test_empty_book_has_three_forms(form: str, status: int, result: object) -> None:
    """An empty book is [], null, or 400 e-orders-0005 (xts.md 4.5)."""
    desk = Desk(quirks=Quirks(empty_book=form))
    reply = desk.send("GET", "orders")
    body = json.loads(reply.body)
    assert (reply.status, body["result"]) == (status, result)
    assert (body["code"] == "e-orders-0005") == (form == "error")
    for path, code in (("orders/trades", "e-tradebook-0005"), ("portfolio/holdings", "e-holdings-0005")):
        assert (desk.ask("GET", path)["code"] == code) == (form == "error")


@pytest.mark.parametrize("shape", ["list", "dict", "empty", "null"])
def test_cancel_result_has_four_shapes(shape: str) -> None:
    """Sources disagree on a cancel's result, so all are offered (xts.md 2.4)."""
    desk = Desk(quirks=Quirks(cancel_result=shape))
    order = desk.placed()
    body = json.loads(desk.cancel(order.app_order_id).body)
    row = {"AppOrderID": order.app_order_id, "ClientID": desk.account}
    assert body["result"] == {"list": [row], "dict": row, "empty": "", "null": None}[shape]
    assert (body["type"], body["description"]) == ("success", "Request sent")


def test_cancel_of_a_final_order_is_an_error_or_request_sent() -> None:
    """No capture exists, so both are offered; nothing changes either way (xts.md 4.7)."""
    desk = _filled_desk()
    order = desk.exchange.orders[1_210_000_001]
    assert json.loads(desk.cancel(order.app_order_id).body)["code"] == "e-orders-0001"
    desk.quirk(cancel_of_final="sent")
    assert json.loads(desk.cancel(order.app_order_id).body)["description"] == "Request sent"
    assert json.loads(desk.cancel(99).body)["description"] == "Request sent"
    assert desk.exchange.orders[order.app_order_id] is order


@pytest.mark.parametrize("status", [400, 200])
def test_dead_token_comes_as_400_or_as_200(status: int) -> None:
    """The same condition has different HTTP codes at different brokers (xts.md 4.2)."""
    desk = Desk(quirks=Quirks(dead_session_status=status))
    desk.exchange.accounts.kill(desk.account)
    reply = desk.send("GET", "orders")
    assert (reply.status, json.loads(reply.body)["description"]) == (status, "Invalid Token")


def test_missing_header_has_its_own_code() -> None:
    """No token at all is e-token-0002 (xts.md 4.2)."""
    desk = Desk()
    desk.token = ""
    assert desk.ask("GET", "orders")["code"] == "e-token-0002"


def test_order_reply_can_lack_the_identifier() -> None:
    """Findoc was seen to answer without OrderUniqueIdentifier (xts.md 2.3)."""
    assert "OrderUniqueIdentifier" in Desk().ask("POST", "orders", body=place_body())["result"]
    desk = Desk(quirks=Quirks(reply_has_identifier=False, order_id_as="str"))
    assert desk.ask("POST", "orders", body=place_body())["result"] == {
        "AppOrderID": "1210000001",
        "ClientID": desk.account,
    }


@pytest.mark.parametrize(
    ("change", "field", "kind"),
    [
        pytest.param({"orderSide": "buy"}, "orderSide", "any.allowOnly", id="lower-case-side"),
        pytest.param({"apiOrderSource": ""}, "apiOrderSource", "any.empty", id="empty-source"),
        pytest.param({"orderUniqueIdentifier": "x" * 21}, "orderUniqueIdentifier", "string.max", id="long-identifier"),
        pytest.param({"orderQuantity": 0}, "orderQuantity", "number.positive", id="no-quantity"),
        pytest.param({"orderQuantity": "ten"}, "orderQuantity", "number.base", id="quantity-text"),
        pytest.param({"productType": "BTST"}, "productType", "any.allowOnly", id="product"),
    ],
)
def test_malformed_order_is_refused_as_findoc_does(change: dict[str, Any], field: str, kind: str) -> None:
    """The body captured on Findoc: status, statusText, errors with field, messages and types (xts.md 4.6)."""
    desk = Desk()
    reply = desk.send("POST", "orders", body=place_body(**change))
    body = json.loads(reply.body)
    errors = body["result"]["errors"]
    assert (reply.status, body["description"], body["result"]["status"]) == (400, "Bad Request", 400)
    assert [(error["field"], error["types"]) for error in errors] == [([field], [kind])]
    assert desk.exchange.orders == {}


def test_lower_case_side_message_is_the_captured_one() -> None:
    """The message is word for word the one of xts.md 4.6."""
    body = Desk().ask("POST", "orders", body=place_body(orderSide="buy"))
    assert body["result"]["errors"][0]["messages"] == ['"orderSide" must be one of [BUY, SELL]']


def test_duplicates_of_an_identifier_are_accepted() -> None:
    """The server does not de-duplicate (xts.md 7.2)."""
    desk = Desk()
    assert desk.place() != desk.place()
    assert [row["OrderUniqueIdentifier"] for row in desk.book()] == ["T1L1E1", "T1L1E1"]


def test_history_grows_by_one_row_a_change_and_is_unknown_for_other_ids() -> None:
    """One snapshot per change, the last being current; unknown ids give e-orders-0001 (xts.md 2.7, 4.7)."""
    desk = _filled_desk()
    rows = desk.ask("GET", "orders", appOrderID="1210000001")["result"]
    assert [row["OrderStatus"] for row in rows] == ["PendingNew", "New", "Filled"]
    missing = desk.ask("GET", "orders", appOrderID="9")
    assert (missing["code"], missing["description"]) == (
        "e-orders-0001",
        "Order history not found for AppOrderID [9] given.",
    )


def test_trade_book_has_a_row_for_each_execution() -> None:
    """Values are as of that execution (xts.md 2.8)."""
    desk = Desk(quirks=Quirks(max_fill_per_tick=60))
    desk.placed("BUY", "49.00")
    desk.price("IRFC", "49.00")
    desk.price("IRFC", "48.90")
    rows = desk.ask("GET", "orders/trades")["result"]
    assert [(row["LastTradedQuantity"], row["CumulativeQuantity"], row["OrderStatus"]) for row in rows] == [
        (60, 60, "PartiallyFilled"),
        (40, 100, "Filled"),
    ]


def test_positions_are_text_and_need_day_or_net() -> None:
    """Values are strings; the parameter is mandatory (xts.md 1.4, 2.9)."""
    desk = _filled_desk()
    row = desk.ask("GET", "portfolio/positions", dayOrNet="NetWise")["result"]["positionList"][0]
    assert (row["Quantity"], row["BuyAmount"], row["ExchangeInstrumentId"]) == ("100", "5,000.00", "2029")
    assert desk.ask("GET", "portfolio/positions")["type"] == "error"
    desk.quirk(positions_shape="list")
    assert isinstance(desk.ask("GET", "portfolio/positions", dayOrNet="DayWise")["result"], list)


def test_other_reads_have_their_envelopes() -> None:
    """Profile, balance, holdings and status answer in the documented codes (xts.md 2.10 to 2.12)."""
    desk = Desk()
    desk.exchange.set_holdings(desk.account, "IRFC", 7)
    holdings = desk.ask("GET", "portfolio/holdings")["result"]["RMSHoldings"]["Holdings"]
    assert [each["HoldingQuantity"] for each in holdings.values()] == [7]
    assert desk.ask("GET", "user/balance")["code"] == "s-user-0002"
    assert desk.ask("GET", "user/profile")["type"] == "success"
    assert desk.ask("GET", "status/exchange")["code"] == "s-status-0001"
    assert desk.send("GET", "nowhere").status == 404


def test_cancel_all_cancels_the_accounts_working_orders() -> None:
    """Foreign orders go, too: the route knows no owner but the account (xts.md 2.5)."""
    desk = Desk()
    desk.placed()
    desk.exchange.foreign_order(
        desk.account, symbol="IRFC", side=PaperSide.BUY, quantity=1, price=Decimal(49), now=desk.now
    )
    desk.wait()
    reply = desk.ask("POST", "orders/cancelall", body={"exchangeSegment": "NSECM", "exchangeInstrumentID": 0})
    desk.wait()
    assert reply["code"] == "s-cancelall-0001"
    assert {row["OrderStatus"] for row in desk.book()} == {"Cancelled"}


def test_login_takes_a_form_as_well() -> None:
    """The official SDK sends the login form-encoded (xts.md 9.1)."""
    desk = Desk()
    form = WireRequest(
        method="POST",
        path="/interactive/user/session",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=b"appKey=form-key&secretKey=form+secret&source=WEBAPI",
    )
    assert json.loads(desk.app.handle(form, desk.now).body)["type"] == "success"
    refused = desk.ask("POST", "user/session", body={"appKey": "form-key", "secretKey": "other"})
    assert (refused["type"], refused["result"]) == ("error", {})


def test_order_hides_for_seconds_and_for_reads() -> None:
    """A fresh order may be missing from book and history for up to three seconds (xts.md 7.5)."""
    desk = Desk(quirks=Quirks(visible_after_secs=3))
    desk.place()
    assert desk.book() == []
    assert desk.ask("GET", "orders", appOrderID="1210000001")["code"] == "e-orders-0001"
    desk.wait(3)
    assert len(desk.book()) == 1
    desk.quirk(visible_after_secs=0, visible_after_reads=2)
    desk.place()
    assert [len(desk.book()) for _ in range(3)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("shape", "has_type"), [pytest.param("flat", True, id="flat"), pytest.param("nested", False, id="nested")]
)
def test_limiter_answers_429_in_both_shapes(shape: str, *, has_type: bool) -> None:
    """One book a second and ten orders a second per account, code e-apirl-0004 (xts.md 4.4, 5)."""
    desk = Desk(quirks=Quirks(rate_limit=True, rate_limit_body=shape))
    assert desk.send("GET", "orders").status == 200
    reply = desk.send("GET", "orders")
    body = json.loads(reply.body)
    assert (reply.status, "type" in body) == (429, has_type)
    assert (body if has_type else body["data"])["code"] == "e-apirl-0004"
    assert [desk.send("POST", "orders", body=place_body()).status for _ in range(11)] == [200] * 10 + [429]
    desk.wait(1)
    assert desk.send("GET", "orders").status == 200
    assert len(desk.exchange.orders) == 10


def test_limiter_does_not_answer_a_dead_token() -> None:
    """The limiter runs after authentication (xts.md 4.4)."""
    desk = Desk(quirks=Quirks(rate_limit=True))
    desk.token = "dead"
    assert {desk.ask("GET", "orders")["code"] for _ in range(5)} == {"e-session-0007"}


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        pytest.param("timeout", lambda reply: reply.outcome is Outcome.SILENCE, id="timeout"),
        pytest.param("reset", lambda reply: reply.outcome is Outcome.RESET, id="reset"),
        pytest.param("html", lambda reply: (reply.status, reply.body[:6]) == (502, b"<html>"), id="html"),
        pytest.param("json_error", lambda reply: reply.status == 500 and b'"error"' in reply.body, id="json-error"),
        pytest.param("garbage", lambda reply: reply.status == 200 and b"not json" in reply.body, id="garbage"),
        pytest.param("rate_flat", lambda reply: reply.status == 429, id="rate-flat"),
        pytest.param("rate_nested", lambda reply: b'{"data"' in reply.body, id="rate-nested"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_before_creates_nothing_and_after_creates_the_order(
    kind: str, check: Callable[[Any], bool], when: str
) -> None:
    """The same answer may hide a created order or none: that is what makes it unknown (behaviour 3.3)."""
    desk = Desk()
    desk.fault(kind=kind, when=when, method="POST", path=ORDERS)
    assert check(desk.send("POST", "orders", body=place_body()))
    assert len(desk.exchange.orders) == (1 if when == "after" else 0)
    assert desk.ask("POST", "orders", body=place_body())["type"] == "success"


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        pytest.param("truncated", lambda reply: reply.body.count(b"{") > reply.body.count(b"}"), id="truncated"),
        pytest.param("content_type", lambda reply: reply.headers["Content-Type"] == "text/html", id="content-type"),
        pytest.param("no_order_id", lambda reply: b"AppOrderID" not in reply.body, id="no-order-id"),
        pytest.param("no_identifier", lambda reply: b"OrderUniqueIdentifier" not in reply.body, id="no-identifier"),
    ],
)
def test_spoilt_answer_hides_a_created_order(kind: str, check: Callable[[Any], bool]) -> None:
    """These faults spoil a real answer, so the order exists (xts.md 2.3, 4.8)."""
    desk = Desk()
    desk.fault(kind=kind)
    reply = desk.send("POST", "orders", body=place_body())
    assert (check(reply), len(desk.exchange.orders)) == (True, 1)


def test_latency_is_added_up() -> None:
    """A standing latency and a fault's both delay the answer."""
    desk = Desk(quirks=Quirks(latency_secs=0.25))
    desk.fault(kind="latency", secs=2)
    assert desk.send("GET", "orders").delay_secs == 2.25


def test_token_fault_refuses_once_and_kill_ends_the_session() -> None:
    """A dead-token answer may be an accident; a killed token stays dead (xts.md 4.2)."""
    desk = Desk()
    desk.fault(kind="dead_token", status=200)
    assert desk.send("GET", "orders").status == 200
    assert desk.ask("GET", "orders")["type"] == "success"
    desk.fault(kind="kill_token")
    assert [desk.ask("GET", "orders")["code"] for _ in range(2)] == ["e-session-0007"] * 2


def test_kill_after_lets_the_request_through() -> None:
    """The order is created and answered, and the session is dead from then on."""
    desk = Desk()
    desk.fault(kind="kill_token", when="after", method="POST")
    assert desk.ask("POST", "orders", body=place_body())["type"] == "success"
    assert desk.ask("GET", "orders")["type"] == "error"


def test_hide_reject_and_cancel_faults_reach_the_exchange() -> None:
    """Faults can hit one order: hidden for reads, rejected by RMS, cancel lost or ignored."""
    desk = Desk()
    desk.fault(kind="hide", reads=1)
    desk.place()
    assert [len(desk.book()), len(desk.book())] == [0, 1]
    desk.fault(kind="reject", text="OEMS:RMS : blocked")
    assert desk.placed().reason == "OEMS:RMS : blocked"
    for kind, status in (("cancel_lost", PaperStatus.FILLED), ("cancel_ignored", PaperStatus.PENDING_CANCEL)):
        order = desk.placed()
        desk.fault(kind=kind, method="DELETE")
        desk.cancel(order.app_order_id)
        desk.wait()
        assert desk.exchange.orders[order.app_order_id].status is status


def test_standing_cancel_quirks_act_on_every_cancel() -> None:
    """Cancels can be lost to fills or never processed as a rule."""
    for quirk, status in (
        ("cancel_lost_to_fill", PaperStatus.FILLED),
        ("cancel_never_processed", PaperStatus.PENDING_CANCEL),
    ):
        desk = Desk(quirks=Quirks().updated({quirk: True}))
        order = desk.placed()
        desk.cancel(order.app_order_id)
        desk.wait()
        assert desk.exchange.orders[order.app_order_id].status is status


def test_book_faults_serve_an_empty_or_an_older_book() -> None:
    """An empty or lagging book says nothing about the orders (behaviour 4.4)."""
    desk = Desk()
    desk.placed()
    before = desk.book()
    desk.price("IRFC", "49.00")
    desk.fault(kind="stale_book", method="GET")
    assert desk.book() == before
    desk.fault(kind="empty_book", method="GET")
    assert desk.book() == []
    assert desk.book()[0]["OrderStatus"] == "Filled"


def test_fault_hits_the_request_it_names() -> None:
    """It can be said that the fourth order POST times out after it was accepted."""
    desk = Desk()
    desk.fault(kind="timeout", when="after", method="POST", path=ORDERS, after=3, times=1)
    desk.book()
    outcomes = [desk.send("POST", "orders", body=place_body()).outcome for _ in range(5)]
    assert outcomes == [Outcome.ANSWER] * 3 + [Outcome.SILENCE] + [Outcome.ANSWER]
    assert len(desk.exchange.orders) == 5


def test_fault_can_be_bound_to_an_account_or_to_a_text() -> None:
    """Two accounts and two client ids can be told apart."""
    desk = Desk()
    desk.fault(kind="html", account="SOMEONE", times=0)
    desk.fault(kind="reset", contains='"T1L9E1"')
    assert desk.send("GET", "orders").status == 200
    assert desk.send("POST", "orders", body=place_body()).outcome is Outcome.ANSWER
    assert desk.send("POST", "orders", body=place_body(orderUniqueIdentifier="T1L9E1")).outcome is Outcome.RESET


def test_fault_plan_counts_and_draws_by_seed() -> None:
    """A probabilistic fault hits the same requests for the same seed; `times` 0 never ends."""

    def hits(seed: int) -> list[bool]:
        plan = FaultPlan((Fault(kind=FaultKind.RESET, times=0, probability=0.5),), rng=Random(seed))
        return [bool(plan.draw(method="GET", path="/", account="", content="")) for _ in range(40)]

    assert hits(7) == hits(7)
    assert 5 < sum(hits(7)) < 35


def test_quirks_and_faults_travel_as_json() -> None:
    """Both survive the control API's JSON, and refuse what they do not know."""
    quirks = Quirks(empty_book="null", missing_fields=("LeavesQuantity",), latency_secs=0.5)
    assert Quirks.from_json(json.loads(json.dumps(quirks.to_json()))) == quirks
    fault = Fault(kind=FaultKind.HIDE, reads=3, method="POST")
    assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault
    for quirks_given in ({"empty_book": "maybe"}, {"no_such": 1}):
        with pytest.raises(PaperUsageError):
            Quirks.from_json(quirks_given)
    for fault_given in ({"kind": "meteor"}, {"kind": "hide", "no_such": 1}, {"kind": "hide", "when": "never"}):
        with pytest.raises(PaperUsageError):
            Fault.from_json(fault_given)


def test_requests_are_counted_by_account_and_route() -> None:
    """The count of book reads can be asserted (behaviour 4.1)."""
    desk = Desk()
    desk.book()
    desk.book()
    assert desk.app.counters[desk.account, "GET", ORDERS] == 2


def test_journal_holds_requests_and_events_but_no_secret() -> None:
    """One JSON line each, flushed; token, key and secret never appear (behaviour 16)."""
    out = io.StringIO()
    journal = Journal(out)
    desk = Desk(listener=journal.event, journal=journal)
    order = desk.placed("BUY", "51.00")
    desk.cancel(order.app_order_id)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    placed = next(line for line in lines if line["kind"] == "request" and line["path"] == ORDERS)
    assert (placed["account"], placed["client_id"], placed["status"]) == (desk.account, "T1L1E1", 200)
    assert [line["status"] for line in lines if line["kind"] == "order"] == ["PendingNew", "New", "Filled"]
    assert lines[-1]["app_order_id"] == str(order.app_order_id)
    for secret in (desk.token, "desk-key", "desk-secret"):
        assert secret not in out.getvalue()


def test_json_keeps_prices_exact() -> None:
    """A price goes through the wire's JSON with the digits it had."""
    for text in ("0.01", "49.05", "12345.65", "100000", "0.1"):
        assert loads(dumps({"price": Decimal(text)}))["price"] == Decimal(text)
    with pytest.raises(PaperUsageError):
        loads(b'{"price": NaN}')
