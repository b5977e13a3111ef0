"""What reads show: history, blank and partial books, trades, positions, balance, enums (xts.md 2.7 to 2.11)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.support.paper_desk import Desk
from tg1.paper.quirks import Quirks

POSITIONS = "portfolio/positions"


def _ids(desk: Desk) -> list[int]:
    return [row["AppOrderID"] for row in desk.book()]


def _positions(desk: Desk) -> Any:
    return desk.ask("GET", POSITIONS, dayOrNet="NetWise")


# History


def test_history_can_be_unknown_for_seconds_while_the_book_shows_the_order() -> None:
    """A just-placed id gives e-orders-0001 for 0 to 3 s (xts.md 4.7, 7.5)."""
    desk = Desk(quirks=Quirks(history_after_secs=3))
    number = desk.place()
    assert _ids(desk) == [number]
    unknown = desk.send("GET", "orders", appOrderID=str(number))
    assert (unknown.status, json.loads(unknown.body)["code"]) == (400, "e-orders-0001")
    desk.wait(3)
    rows = desk.ask("GET", "orders", appOrderID=str(number))["result"]
    assert [row["OrderStatus"] for row in rows] == ["PendingNew", "New"]


def test_history_and_book_share_one_limit() -> None:
    """`/orders` is one read a second, whichever of the two is asked for (xts.md 5)."""
    desk = Desk(quirks=Quirks(rate_limit=True))
    number = desk.place()
    assert desk.send("GET", "orders").status == 200
    assert desk.send("GET", "orders", appOrderID=str(number)).status == 429


# Blank and partial books


def test_blank_book_is_a_success_without_rows_although_orders_exist() -> None:
    """For as long as it is switched on; history tells the truth meanwhile (behaviour 4.4)."""
    desk = Desk(quirks=Quirks(book_form="blank", empty_book="error"))
    order = desk.placed()
    answer = desk.ask("GET", "orders")
    assert (answer["type"], answer["result"]) == ("success", [])
    assert len(desk.ask("GET", "orders", appOrderID=str(order.app_order_id))["result"]) == 2
    desk.quirk(book_form="whole")
    assert _ids(desk) == [order.app_order_id]


def test_blank_book_can_last_for_so_many_reads() -> None:
    """As a fault it counts reads; the book that was kept rendered comes back whole."""
    desk = Desk()
    order = desk.placed()
    assert _ids(desk) == [order.app_order_id]
    desk.fault(kind="blank_book", path="/interactive/orders", method="GET", times=2)
    assert [_ids(desk), _ids(desk), _ids(desk)] == [[], [], [order.app_order_id]]


def test_trades_and_positions_can_be_blank_too() -> None:
    """A square-off that reads a blank answer must not take it for nothing held (behaviour 13)."""
    desk = Desk()
    desk.placed("BUY", "51.00")
    desk.fault(kind="blank_book", times=2)
    assert desk.ask("GET", "orders/trades")["result"] == []
    assert _positions(desk)["result"] == {"positionList": []}
    assert len(_positions(desk)["result"]["positionList"]) == 1


def test_partial_book_lacks_one_accepted_order() -> None:
    """Standing: the oldest that works. As a fault: the one that is named (behaviour 4.4)."""
    desk = Desk(quirks=Quirks(book_form="partial"))
    filled = desk.placed("BUY", "51.00")
    first = desk.placed(orderUniqueIdentifier="FIRST")
    second = desk.placed(orderUniqueIdentifier="SECOND")
    assert _ids(desk) == [filled.app_order_id, second.app_order_id]
    desk.quirk(book_form="whole")
    for name in ("SECOND", str(second.app_order_id)):
        desk.fault(kind="partial_book", text=name)
        assert _ids(desk) == [filled.app_order_id, first.app_order_id]
    assert len(_ids(desk)) == 3


# Positions


def test_positions_say_what_was_traded_at_which_value() -> None:
    """Sums, averages and MTM are texts with commas; shares too where the server prints them so (xts.md 2.9)."""
    desk = Desk(quirks=Quirks(thousands_comma=True))
    desk.placed("BUY", "51.00", 1_500)
    desk.price("IRFC", "51.00")
    desk.placed("SELL", "50.50", 500)
    (row,) = _positions(desk)["result"]["positionList"]
    assert (row["SumOfTradedQuantityAndPriceBuy"], row["SumOfTradedQuantityAndPriceSell"]) == ("75,000.00", "25,500.00")
    assert (row["Quantity"], row["OpenBuyQuantity"], row["ProductType"]) == ("1,000", "1,500", "MIS")
    assert (row["RealizedMTM"], row["UnrealizedMTM"], row["MTM"]) == ("500.00", "1,000.00", "1,500.00")
    assert row["NetAmount"] == "-49,500.00"


@pytest.mark.parametrize(
    ("quirks", "status", "result"),
    [
        pytest.param({}, 200, {"positionList": []}, id="position-list"),
        pytest.param({"positions_shape": "list"}, 200, [], id="bare-list"),
        pytest.param({"empty_book": "null"}, 200, None, id="null"),
        pytest.param({"empty_book": "error"}, 400, {}, id="error"),
    ],
)
def test_no_positions_have_four_forms(quirks: dict[str, Any], status: int, result: object) -> None:
    """`{"positionList": []}`, `[]`, null, or 400 e-portfolio-0005 (xts.md 2.9, 4.5)."""
    reply = Desk(quirks=Quirks(**quirks)).send("GET", POSITIONS, dayOrNet="NetWise")
    body = json.loads(reply.body)
    assert (reply.status, body["result"]) == (status, result)
    assert (body["code"] == "e-portfolio-0005") == (status == 400)


@pytest.mark.parametrize(
    ("quirk", "has_errors"), [pytest.param(True, True, id="with"), pytest.param(False, False, id="without")]
)
def test_bad_request_comes_with_and_without_its_errors(quirk: bool, *, has_errors: bool) -> None:  # noqa: FBT001
    """The SDK reads `result.errors`, which not every "Bad Request" has (xts.md 4.6, 9.1)."""
    reply = Desk(quirks=Quirks(bad_request_errors=quirk)).send("GET", POSITIONS)
    body = json.loads(reply.body)
    assert (reply.status, body["code"], body["description"]) == (400, "e-property-validation-failed", "Bad Request")
    assert ("errors" in body["result"]) == has_errors


# Trades


def test_trades_can_have_texts_for_numbers() -> None:
    """Values may be strings or empty (xts.md 2.8)."""
    desk = Desk(quirks=Quirks(numbers_as_strings=True, average_as="blank"))
    desk.placed("BUY", "51.00")
    (row,) = desk.ask("GET", "orders/trades")["result"]
    assert (row["LastTradedPrice"], row["LastTradedQuantity"], row["OrderAverageTradedPrice"]) == ("50.00", "100", "")


# The user


def test_balance_has_collateral_and_mtm_or_not() -> None:
    """Values are strings; some servers leave the two out (xts.md 2.11)."""
    desk = Desk()
    desk.exchange.set_margin(desk.account, Decimal(20_000))
    desk.placed("BUY", "51.00", 100, productType="CNC")
    desk.placed("BUY", "49.00", 100, productType="CNC")
    desk.price("IRFC", "50.50")
    full = _sub_limits(desk)
    assert (full["cashAvailable"], full["marginUtilized"], full["netMarginAvailable"]) == (
        *("20000.00", "9900.00", "10100.00"),
    )
    assert (full["collateral"], full["MTM"], full["UnrealizedMTM"], full["RealizedMTM"]) == (
        *("0.00", "50.00", "50.00", "0.00"),
    )
    desk.quirk(balance_form="bare")
    assert set(_sub_limits(desk)) == {"cashAvailable", "marginUtilized", "netMarginAvailable"}
    desk.quirk(balance_form="none")
    assert desk.ask("GET", "user/balance")["description"] == "No RMS Limit assign to user"


def test_balance_without_a_limit_is_no_number() -> None:
    """Servers print "NaN" there (xts.md 2.11)."""
    assert _sub_limits(Desk())["netMarginAvailable"] == "NaN"


def _sub_limits(desk: Desk) -> dict[str, str]:
    limits: dict[str, str] = desk.ask("GET", "user/balance")["result"]["BalanceList"][0]["limitObject"]["RMSSubLimits"]
    return limits


def test_login_enums_can_lack_what_the_sdk_reads() -> None:
    """tradeConversion, instrumentType and exchangeSegment are not everywhere (xts.md 2.1)."""
    desk = Desk()
    full = desk.ask("GET", "user/enums")["result"]
    assert ("tradeConversion" in full["socketEvent"], full["instrumentType"], full["exchangeSegment"]) == (True, [], [])
    desk.quirk(login_enums="bare")
    bare = desk.ask("POST", "user/session", body={"appKey": "k", "secretKey": "s"})["result"]["enums"]
    assert "tradeConversion" not in bare["socketEvent"]
    assert not {"instrumentType", "exchangeSegment"} & set(bare)
    assert bare["exchangeInfo"] == full["exchangeInfo"]


@pytest.mark.parametrize("path", ["Orders", "ORDERS", "/orders"])
def test_routes_know_no_case_and_no_doubled_slash(path: str) -> None:
    """Clients write /Orders, and Findoc serves //interactive (xts.md 1.1)."""
    desk = Desk()
    desk.placed()
    assert len(desk.ask("GET", path)["result"]) == 1
    assert desk.app.counters[desk.account, "GET", "/interactive/orders"] == 1
