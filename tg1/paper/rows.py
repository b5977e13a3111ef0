"""Rows of the books as Findoc's server prints them (xts.md 2.6 to 2.10), with the quirks applied."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tg1.paper.accounts import Account
from tg1.paper.instruments import PaperInstrument
from tg1.paper.orders import RESPONSE_TYPE, ZERO, Execution, PaperOrder, PaperStatus, Position
from tg1.paper.quirks import Quirks

_NO_EXPIRY = "01-01-1980 00:00:00"
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_QUANTITIES = (
    *("OrderQuantity", "LeavesQuantity", "CumulativeQuantity", "OrderDisclosedQuantity"),
    "LastTradedQuantity",
)
_PRICES = ("OrderPrice", "OrderStopPrice", "LastTradedPrice")


_SAME_IN_EVERY_ORDER = {
    "OrderExpiryDate": _NO_EXPIRY,
    "OrderLegStatus": "SingleOrderLeg",
    "BoLegDetails": 0,
    "IsSpread": False,
    "BoEntryOrderId": "",
    "MessageCode": 9004,
    "MessageVersion": 4,
    "TokenID": 0,
    "ApplicationType": 0,
    "SequenceNumber": 0,
    "IsAMO": False,
}
_SAME_IN_EVERY_POSITION = {
    "Marketlot": "1",
    "Multiplier": "1",
    "statisticsLevel": "ParentLevel",
    "isInterOpPosition": True,
    "childPositions": {},
    "MessageCode": 9002,
    "MessageVersion": 1,
    "TokenID": 0,
    "ApplicationType": 0,
    "SequenceNumber": 0,
}


def rupees_text(amount: Decimal | None, *, comma: bool = False) -> str:
    """Return rupees as the server prints them, two decimals or more; "" for None, as averages are before any fill."""
    if amount is None:
        return ""
    fine = amount.quantize(_FINE)
    plain = fine.quantize(_CENT) if fine == fine.quantize(_CENT) else fine.normalize()
    plain += ZERO  # a negative zero would print its sign
    return f"{plain:,f}" if comma else f"{plain:f}"


def time_text(moment: datetime, *, iso: bool = False) -> str:
    """Return IST wall-clock time without a zone: `dd-MM-yyyy HH:mm:ss`, or the older ISO form."""
    if iso:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "1"
    return moment.strftime("%d-%m-%Y %H:%M:%S")


def order_id(app_order_id: int, quirks: Quirks) -> int | str:
    """Return the AppOrderID as a number or as a string (xts.md 2.3)."""
    return str(app_order_id) if quirks.order_id_as == "str" else app_order_id


def order_row(order: PaperOrder, account: Account, quirks: Quirks) -> dict[str, Any]:
    """Return one row of the account's order book."""
    row = _plain_row(order, account, quirks)
    if order.status is PaperStatus.PENDING_NEW and quirks.fresh_numbers != "clean":
        blank = "" if quirks.fresh_numbers == "empty" else "NaN"
        row.update({name: blank for name in (*_QUANTITIES, *_PRICES, "OrderAverageTradedPrice") if name in row})
    return _with_quirks(row, quirks)


def _with_quirks(row: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    if quirks.numbers_as_strings:
        comma = quirks.thousands_comma
        for name, value in row.items():
            if name in _QUANTITIES:
                row[name] = quantity_text(value, comma=comma) if isinstance(value, int) else value
            elif name in _PRICES:
                row[name] = rupees_text(value, comma=comma) if isinstance(value, Decimal) else value
    for name in quirks.missing_fields:
        row.pop(name, None)
    return row


def quantity_text(quantity: int, *, comma: bool) -> str:
    """Return shares as text."""
    return f"{quantity:,d}" if comma else str(quantity)


def _plain_row(order: PaperOrder, account: Account, quirks: Quirks) -> dict[str, Any]:
    terms, iso = order.terms, quirks.iso_times
    updated = time_text(order.updated_at, iso=iso)
    return {
        "LoginID": account.login_id,
        "ClientID": account.shown_code,
        "AppOrderID": order_id(order.app_order_id, quirks),
        "OrderReferenceID": "",
        "GeneratedBy": order.generated_by,
        "ExchangeOrderID": order.exchange_order_id,
        "OrderCategoryType": "NORMAL",
        "ExchangeSegment": terms.segment,
        "ExchangeInstrumentID": terms.instrument_id,
        "TradingSymbol": order.symbol.rpartition(":")[2],
        "OrderSide": terms.side.title() if quirks.side_case == "title" else terms.side.value,
        "OrderType": RESPONSE_TYPE[terms.order_type],
        "ProductType": terms.product,
        "TimeInForce": terms.validity,
        "OrderPrice": terms.limit_price,
        "OrderQuantity": terms.quantity,
        "OrderStopPrice": terms.stop_price,
        "OrderStatus": order.status.value,
        "OrderAverageTradedPrice": _average(order.average_price, quirks),
        "LeavesQuantity": order.leaves,
        "CumulativeQuantity": order.cumulative,
        "OrderDisclosedQuantity": terms.disclosed,
        "OrderGeneratedDateTime": time_text(order.placed_at, iso=iso),
        "ExchangeTransactTime": updated,
        "LastUpdateDateTime": updated,
        "CancelRejectReason": order.reason,
        "OrderUniqueIdentifier": terms.client_id,
        "ApiOrderSource": terms.api_source,
        **_SAME_IN_EVERY_ORDER,
    }


def _average(average: Decimal | None, quirks: Quirks) -> Any:
    if average is None or quirks.average_as == "blank":
        return ""
    if quirks.average_as == "number":
        return average.quantize(_FINE)
    fixed = {"zero": "0.00", "nan": "NaN"}.get(quirks.average_as)
    return fixed or rupees_text(average, comma=quirks.thousands_comma)


def trade_row(order: PaperOrder, execution: Execution, account: Account, quirks: Quirks) -> dict[str, Any]:
    """Return one row of the trade book: the order as of that execution (xts.md 2.8)."""
    filled = execution.cumulative == order.quantity
    row = {
        **_plain_row(order, account, quirks),
        "OrderStatus": PaperStatus.FILLED.value if filled else PaperStatus.PARTIALLY_FILLED.value,
        "CumulativeQuantity": execution.cumulative,
        "LeavesQuantity": order.quantity - execution.cumulative,
        "OrderAverageTradedPrice": _average(execution.average, quirks),
        "LastTradedPrice": execution.price,
        "LastTradedQuantity": execution.quantity,
        "LastExecutionTransactTime": time_text(execution.at, iso=quirks.iso_times),
        "ExecutionID": execution.execution_id,
        "ExecutionReportIndex": order.executions.index(execution) + 1,
        "MessageCode": 9005,
    }
    return _with_quirks(row, quirks)


def position_row(
    product: str,
    position: Position,
    account: Account,
    instrument: PaperInstrument,
    *,
    last: Decimal | None,
    comma: bool,
) -> dict[str, Any]:
    """Return one row of the positions: every value is a string, rupees with commas (xts.md 2.9)."""
    shares = {
        "OpenBuyQuantity": position.buy_quantity,
        "OpenSellQuantity": position.sell_quantity,
        "Quantity": position.net,
    }
    return {
        "AccountID": account.shown_code,
        "LoginID": account.login_id,
        "TradingSymbol": instrument.symbol,
        "ExchangeSegment": instrument.segment,
        "ExchangeInstrumentId": str(instrument.exchange_token),
        "ProductType": product,
        **{name: rupees_text(amount, comma=True) for name, amount in _rupees_of(position, last or ZERO).items()},
        **{name: quantity_text(quantity, comma=comma) for name, quantity in shares.items()},
        **_SAME_IN_EVERY_POSITION,
    }


def _rupees_of(position: Position, last: Decimal) -> dict[str, Decimal]:
    unrealized = position.unrealized(last)
    return {
        "BuyAveragePrice": position.buy_average,
        "SellAveragePrice": position.sell_average,
        "BuyAmount": position.buy_value,
        "SellAmount": position.sell_value,
        "NetAmount": position.sell_value - position.buy_value,
        "SumOfTradedQuantityAndPriceBuy": position.buy_value,
        "SumOfTradedQuantityAndPriceSell": position.sell_value,
        "RealizedMTM": position.realized,
        "UnrealizedMTM": unrealized,
        "MTM": position.realized + unrealized,
        "BEP": ZERO,
    }


def holdings_result(client_code: str, shares: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Return the holdings by ISIN; `shares` gives each symbol's instrument number and quantity (xts.md 2.10)."""
    holdings = {
        f"INE{number:09d}": {
            "ISIN": f"INE{number:09d}",
            "HoldingQuantity": quantity,
            "UsedQuantity": 0,
            "BuyAvgPrice": 0,
            "ExchangeNSEInstrumentId": number,
            "AuthorizeQuantity": 0,
        }
        for number, quantity in shares.values()
    }
    return {"ClientId": client_code, "RMSHoldings": {"Holdings": holdings}}
