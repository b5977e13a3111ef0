"""History, positions, trades and balance as the wire really writes them (xts.md 2.7 to 2.9, 2.11, 4.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.xts_doubles import TOKEN, error, reply, row, success
from tg1.errors import BrokerError, BrokerRefused, BrokerUnavailable, RateLimited, ReadRefused, SessionRefused
from tg1.models import Balance, BrokerPosition, BrokerTrade, OrderStatus, Side
from tg1.xts import calls
from tg1.xts.answer import Answer, read_answer
from tg1.xts.login import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.xts.http import HttpResponse

INVESTOR = Caller(token=TOKEN)
DEALER = Caller(token=TOKEN, client_id="AB12")
ID = "1210030180"
HTML = "<html><title>502 Bad Gateway</title></html>"


def answer(response: HttpResponse) -> Answer:
    """The answer as a client without secrets reads it."""
    return read_answer(response, lambda text: text)


def history(*rows: Any) -> Answer:
    """An order's states, oldest first."""
    return answer(reply(success(list(rows), "s-orders-0001", "Success order history")))


def test_history_ends_with_the_order_as_it_stands() -> None:
    """The last row is the current one (behaviour 4.4, xts.md 2.7)."""
    order = calls.order_now(
        history(row(OrderStatus="PendingNew"), row(), row(OrderStatus="PartiallyFilled", CumulativeQuantity=60)), ID
    )
    assert order is not None
    assert (order.status, order.filled_quantity) == (OrderStatus.WORKING, 60)


@pytest.mark.parametrize(
    "late",
    [row(OrderStatus="New"), row(OrderStatus="PartiallyFilled", CumulativeQuantity=40), row(OrderStatus="PendingNew")],
    ids=["new", "partly", "pending"],
)
def test_history_never_takes_back_an_end_or_a_fill(late: dict[str, Any]) -> None:
    """Events come out of order; an order that ended stays ended, and a fill stays a fill (xts.md 3)."""
    ended = row(OrderStatus="Cancelled", CumulativeQuantity=60)
    order = calls.order_now(history(row(), ended, late), ID)
    assert order is not None
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELLED, 60)


UNKNOWN = {
    "not-found": reply(
        error("e-orders-0001", "Order history not found for AppOrderID [1210030180] given."), 400
    ),
    "not-found-in-a-200": reply(error("E-Orders-0001", "Order history not found")),
    "no-data": reply(error("e-orders-0005", "Data Not Available"), 400),
    "empty": reply(success([])),
    "null": reply(success(None)),
    "of-another-order": reply(success([row(AppOrderID=7)])),
    "junk": reply(success(["junk", None, {}])),
}  # fmt: skip


@pytest.mark.parametrize("response", UNKNOWN.values(), ids=UNKNOWN)
def test_history_of_an_order_that_the_server_does_not_know_is_none(response: HttpResponse) -> None:
    """Unknown, or not known yet for up to 3 s after the placement (xts.md 4.7, 7.5); never another order's state."""
    assert calls.order_now(answer(response), ID) is None


def test_history_is_asked_for_by_order_id() -> None:
    """`GET /orders?appOrderID=`, with the dealer's client (xts.md 1.4); an id that is none never leaves."""
    asked = calls.history_request(DEALER, ID)
    assert (asked.method, asked.path) == ("GET", "/interactive/orders")
    assert asked.params == {"appOrderID": ID, "clientID": "AB12"}
    with pytest.raises(BrokerRefused):
        calls.history_request(INVESTOR, "x")


def position(**changes: Any) -> dict[str, Any]:
    """A live row: strings with thousands commas (xts.md 2.9)."""
    return {
        "AccountID": "ABC123", "TradingSymbol": "IRFC", "ExchangeSegment": "NSECM", "ExchangeInstrumentId": "2029",
        "ProductType": "MIS", "Quantity": "-1,870", "BuyAveragePrice": "0.00", "SellAveragePrice": "1,049.35",
        "SumOfTradedQuantityAndPriceBuy": "0.00", "MTM": "-1,870.00", **changes,
    }  # fmt: skip


SHORT = BrokerPosition(
    symbol="IRFC",
    segment="NSECM",
    instrument_id=2029,
    product_type="MIS",
    quantity=-1870,
    sell_average=Decimal("1049.35"),
)


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"positionList": rows}], ids=["bare", "list"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"ExchangeInstrumentId": 2029, "Quantity": -1870, "SellAveragePrice": 1049.35}, {"ProductType": "mis"}],
    ids=["live", "numbers", "case"],
)
def test_positions_are_read_in_both_shapes(wrap: Callable[[Any], Any], changes: dict[str, Any]) -> None:
    """A bare list or one in an object, strings with commas or numbers (xts.md 2.9)."""
    assert calls.net_positions(answer(reply(success(wrap([position(**changes)]))))) == (SHORT,)


def test_position_is_found_under_both_spellings_of_its_instrument() -> None:
    """`ExchangeInstrumentId` and `ExchangeInstrumentID` (xts.md 2.9)."""
    other = position()
    other["ExchangeInstrumentID"] = other.pop("ExchangeInstrumentId")
    assert calls.net_positions(answer(reply(success([other])))) == (SHORT,)


def test_position_that_can_not_be_read_has_no_quantity() -> None:
    """Nobody may take an unreadable position for none, or for half of one (behaviour 13)."""
    for quantity in ("", "NaN", None, "1.5", "2,5", True):
        (found,) = calls.net_positions(answer(reply(success([position(Quantity=quantity)]))))
        assert found.quantity is None


NO_POSITIONS = {
    "bare": reply(success([])),
    "list": reply(success({"positionList": []})),
    "null": reply(success(None)),
    "null-list": reply(success({"positionList": None})),
    "e-portfolio-0005": reply(error("e-portfolio-0005", "Data Not Available"), 400),
}


@pytest.mark.parametrize("response", NO_POSITIONS.values(), ids=NO_POSITIONS)
def test_positions_are_empty_in_every_form(response: HttpResponse) -> None:
    """`[]`, `{"positionList": []}`, null and the error code (xts.md 2.9, 4.5)."""
    assert calls.net_positions(answer(response)) == ()


def trade(**changes: Any) -> dict[str, Any]:
    """An execution: the order's row and what was traded (xts.md 2.8)."""
    return row(
        OrderStatus="Filled", LastTradedPrice="2,853.50", LastTradedQuantity="60",
        LastExecutionTransactTime="04-02-2026 13:45:23", ExecutionID="2177829", **changes,
    )  # fmt: skip


def test_trade_is_read_whole() -> None:
    """Price and quantity of this execution, not of the order (xts.md 2.8)."""
    assert calls.day_trades(answer(reply(success([trade(OrderSide="Sell")])))) == (
        BrokerTrade(
            order_id=ID,
            client_id="ab12gd01e1",
            symbol="IRFC",
            segment="NSECM",
            instrument_id=2029,
            side=Side.SELL,
            quantity=60,
            price=Decimal("2853.50"),
            traded_at="2026-02-04 13:45:23",
        ),
    )


def test_trades_come_oldest_first_whatever_the_servers_order() -> None:
    """The last one is the last traded price; both forms of time are read (xts.md 2.6, 2.8)."""
    times = ["04-02-2026 13:45:23", "2026-02-04T09:15:00.12", "03-02-2026 15:29:59", ""]
    rows = [trade() | {"LastExecutionTransactTime": time} for time in times]
    assert [found.traded_at for found in calls.day_trades(answer(reply(success(rows))))] == [
        "", "2026-02-03 15:29:59", "2026-02-04 09:15:00", "2026-02-04 13:45:23",
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["e-tradebook-0005", "e-tradeBook-0005"])
def test_no_trades_is_no_failure(code: str) -> None:
    """The code's case varies (xts.md 4.5)."""
    assert calls.day_trades(answer(reply(error(code, "Data Not Available"), 400))) == ()


def balance(*entries: Any) -> Answer:
    """A balance of these headers."""
    return answer(reply(success({"BalanceList": list(entries)}, "s-user-0002", "OK")))


def limits(header: str = "ALL|ALL|ALL", **sums: Any) -> dict[str, Any]:
    """One entry of the list."""
    return {"limitHeader": header, "limitObject": {"RMSSubLimits": sums, "AccountID": "ABC123"}}


def test_balance_is_that_of_all_segments() -> None:
    """Strings, some of them "NaN", collateral and MTM missing at some servers (xts.md 2.11)."""
    one = limits("CASH|NSE|ALL", cashAvailable="1", netMarginAvailable="1")
    whole = limits(cashAvailable="1,00,000.50", netMarginAvailable="99,000", marginUtilized="NaN")
    assert calls.account_balance(balance(one, whole)) == Balance(
        cash=Decimal("100000.50"), margin_available=Decimal(99000), margin_used=None, collateral=None
    )


@pytest.mark.parametrize("entries", [[], ["x"], [{}], [{"limitObject": None}], [{"limitObject": {"RMSSubLimits": 5}}]])
def test_balance_without_numbers_names_none(entries: list[Any]) -> None:
    """Unknown is not zero."""
    assert calls.account_balance(balance(*entries)) == Balance(
        cash=None, margin_available=None, margin_used=None, collateral=None
    )


FAILED = {
    "page": (reply(HTML, 502), BrokerUnavailable),
    "other-code": (reply(error("e-x-0009", "no"), 400), ReadRefused),
    "text": (reply(success("none")), BrokerUnavailable),
    "missing": (reply({"type": "success"}), BrokerUnavailable),
    "limit": (reply(error("e-apirl-0004", "limit"), 429), RateLimited),
    "limit-403": (reply(error("e-apirl-0004", "limit"), 403), RateLimited),
    "dead": (reply(error("e-session-0007", "Invalid Token"), 400), SessionRefused),
}


@pytest.mark.parametrize("read", [calls.net_positions, calls.day_trades, lambda found: calls.order_now(found, ID)])
@pytest.mark.parametrize(("response", "kind"), FAILED.values(), ids=FAILED)
def test_read_that_failed_is_never_empty(
    read: Callable[[Answer], Any], response: HttpResponse, kind: type[BrokerError]
) -> None:
    """A failed read must not look like "nothing held" (behaviour 4.4, 13)."""
    with pytest.raises(BrokerError) as caught:
        read(answer(response))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("build", "path", "params"),
    [
        (calls.positions_request, "/interactive/portfolio/positions", {"dayOrNet": "NetWise"}),
        (calls.trades_request, "/interactive/orders/trades", {}),
        (calls.balance_request, "/interactive/user/balance", {}),
    ],
    ids=["positions", "trades", "balance"],
)
def test_dealers_alone_name_their_client(build: Callable[[Caller], Any], path: str, params: dict[str, str]) -> None:
    """`dayOrNet` is mandatory, and a dealer's clientID goes with every read (xts.md 1.4, 1.7)."""
    for caller, extra in ((INVESTOR, {}), (DEALER, {"clientID": "AB12"})):
        request = build(caller)
        assert (request.method, request.path, request.body) == ("GET", path, None)
        assert request.params == params | extra


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.sampled_from([*position(), *trade(), "positionList", "BalanceList", "limitObject", "RMSSubLimits"])


@given(rows=st.lists(st.dictionaries(_NAMES, _JUNK, max_size=6) | _JUNK, max_size=4))
def test_no_row_of_any_shape_raises(rows: list[Any]) -> None:
    """One bad row never spoils the others (behaviour 4.3)."""
    for read in (calls.net_positions, calls.day_trades, lambda found: calls.order_now(found, ID)):
        read(answer(reply(success(rows))))
    calls.account_balance(answer(reply(success({"BalanceList": rows}))))
