"""Rows of the books as Findoc's server prints them (xts.md 2.6 to 2.10), with the quirks applied."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from tg1.paper.ledger import Key
from tg1.paper.orders import RESPONSE_TYPE, ZERO, Execution, PaperOrder, PaperStatus, Position
from tg1.paper.quirks import Quirks

_NO_EXPIRY = "01-01-1980 00:00:00"
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_QUANTITIES = ("OrderQuantity", "LeavesQuantity", "CumulativeQuantity", "OrderDisclosedQuantity")
_PRICES = ("OrderPrice", "OrderStopPrice")


def average_text(average: Decimal | None, *, comma: bool = False) -> str:
    """Return an average price in rupees as the server prints it: "" before any fill, two decimals or more."""
    if average is None:
        return ""
    fine = average.quantize(_FINE)
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


def order_row(order: PaperOrder, quirks: Quirks) -> dict[str, Any]:
    """Return one row of the order book."""
    row = _plain_row(order, quirks)
    if order.status is PaperStatus.PENDING_NEW and quirks.fresh_numbers != "clean":
        blank = "" if quirks.fresh_numbers == "empty" else "NaN"
        row.update(dict.fromkeys((*_QUANTITIES, *_PRICES, "OrderAverageTradedPrice"), blank))
    if quirks.numbers_as_strings:
        comma = quirks.thousands_comma
        for name in _QUANTITIES:
            row[name] = f"{row[name]:,d}" if comma and isinstance(row[name], int) else str(row[name])
        for name in _PRICES:
            row[name] = average_text(row[name], comma=comma) if isinstance(row[name], Decimal) else row[name]
    for name in quirks.missing_fields:
        row.pop(name, None)
    return row


def _plain_row(order: PaperOrder, quirks: Quirks) -> dict[str, Any]:
    terms, iso = order.terms, quirks.iso_times
    updated = time_text(order.updated_at, iso=iso)
    return {
        "LoginID": order.account,
        "ClientID": order.account,
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
        "OrderExpiryDate": _NO_EXPIRY,
        "CancelRejectReason": order.reason,
        "OrderUniqueIdentifier": terms.client_id,
        "OrderLegStatus": "SingleOrderLeg",
        "BoLegDetails": 0,
        "IsSpread": False,
        "BoEntryOrderId": "",
        "ApiOrderSource": terms.api_source,
        "MessageCode": 9004,
        "MessageVersion": 4,
        "TokenID": 0,
        "ApplicationType": 0,
        "SequenceNumber": 0,
        "IsAMO": False,
    }


def _average(average: Decimal | None, quirks: Quirks) -> Any:
    if average is None or quirks.average_as == "blank":
        return ""
    if quirks.average_as == "number":
        return average.quantize(_FINE)
    fixed = {"zero": "0.00", "nan": "NaN"}.get(quirks.average_as)
    return fixed or average_text(average, comma=quirks.thousands_comma)


def trade_row(order: PaperOrder, execution: Execution, quirks: Quirks) -> dict[str, Any]:
    """Return one row of the trade book: the order as of that execution (xts.md 2.8)."""
    filled = execution.cumulative == order.quantity
    return {
        **_plain_row(order, quirks),
        "OrderStatus": PaperStatus.FILLED.value if filled else PaperStatus.PARTIALLY_FILLED.value,
        "CumulativeQuantity": execution.cumulative,
        "LeavesQuantity": order.quantity - execution.cumulative,
        "OrderAverageTradedPrice": average_text(execution.average, comma=quirks.thousands_comma),
        "LastTradedPrice": execution.price,
        "LastTradedQuantity": execution.quantity,
        "LastExecutionTransactTime": time_text(execution.at, iso=quirks.iso_times),
        "ExecutionID": execution.execution_id,
        "ExecutionReportIndex": order.executions.index(execution) + 1,
        "MessageCode": 9005,
    }


def position_row(key: Key, position: Position, instrument_id: int, last: Decimal | None) -> dict[str, Any]:
    """Return one row of the positions: values are strings with commas (xts.md 2.9)."""
    account, symbol, product = key
    buy = position.buy_value / position.buy_quantity if position.buy_quantity else ZERO
    sell = position.sell_value / position.sell_quantity if position.sell_quantity else ZERO
    realized = min(position.buy_quantity, position.sell_quantity) * (sell - buy)
    total = position.sell_value - position.buy_value + position.net * (last if last is not None else ZERO)
    return {
        "AccountID": account,
        "LoginID": account,
        "TradingSymbol": symbol,
        "ExchangeSegment": "NSECM",
        "ExchangeInstrumentId": str(instrument_id),
        "ProductType": product,
        "Marketlot": "1",
        "Multiplier": "1",
        "BuyAveragePrice": average_text(buy, comma=True),
        "SellAveragePrice": average_text(sell, comma=True),
        "OpenBuyQuantity": str(position.buy_quantity),
        "OpenSellQuantity": str(position.sell_quantity),
        "Quantity": str(position.net),
        "BuyAmount": average_text(position.buy_value, comma=True),
        "SellAmount": average_text(position.sell_value, comma=True),
        "NetAmount": average_text(position.sell_value - position.buy_value, comma=True),
        "RealizedMTM": average_text(realized, comma=True),
        "UnrealizedMTM": average_text(total - realized, comma=True),
        "MTM": average_text(total, comma=True),
        "BEP": "0.00",
        "statisticsLevel": "ParentLevel",
        "isInterOpPosition": True,
        "childPositions": {},
        "MessageCode": 9002,
        "MessageVersion": 1,
        "TokenID": 0,
        "ApplicationType": 0,
        "SequenceNumber": 0,
    }


def holdings_result(account: str, shares: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
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
    return {"ClientId": account, "RMSHoldings": {"Holdings": holdings}}
