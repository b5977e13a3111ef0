"""One row of an XTS book, read with distrust: PURE, and the only place that knows the names of its fields.

Every field may be missing, empty, a string, "NaN" or carry a thousands comma, and words come in any case (behaviour
4.3, xts.md 2.6). A field that can't be read is None or empty in the `BrokerOrder`; it is never guessed.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tg1.errors import BrokerUnavailable
from tg1.models import Balance, BrokerOrder, BrokerPosition, BrokerTrade, OrderStatus, Side

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TEXT = 256
"""Characters of a server's text that may reach a log or the operator."""

_STATUSES = {
    "pendingnew": OrderStatus.PENDING,
    "new": OrderStatus.WORKING,
    "open": OrderStatus.WORKING,
    "replaced": OrderStatus.WORKING,
    "partiallyfilled": OrderStatus.WORKING,
    "pendingreplace": OrderStatus.WORKING,
    # It can still fill: a cancel in flight may lose the race (behaviour 4.2, failures.md V.47).
    "pendingcancel": OrderStatus.WORKING,
    "filled": OrderStatus.FILLED,
    "cancelled": OrderStatus.CANCELLED,
    "rejected": OrderStatus.REJECTED,
    # Fresh rows come with fields not yet filled in (xts.md 2.6): working, but acknowledged by nobody.
    "": OrderStatus.PENDING,
}
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_DAY_FIRST = re.compile(r"(\d\d)-(\d\d)-(\d{4})[ T](\d\d:\d\d:\d\d)", re.ASCII)
_DAY_LAST = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)", re.ASCII)
_ID_DIGITS = 18
_ID = re.compile(rf"\d{{1,{_ID_DIGITS}}}", re.ASCII)

_ORDER_FIELDS = (
    *("AppOrderID", "OrderUniqueIdentifier", "OrderStatus", "OrderSide", "OrderQuantity", "CumulativeQuantity"),
    *("OrderAverageTradedPrice", "OrderPrice", "CancelRejectReason", "TradingSymbol"),
)
"""Those that `from_xts` reads."""

# Digits with or without grouping commas, Indian (1,23,456.50) or Western. Bounded, so that "1e999999999" can't fill
# the memory; a comma that groups nothing ("2,5") may be a decimal one and is refused.
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}|\d{1,3}(?:,\d{2,3}){1,5})(?:\.\d{0,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def from_xts(row: Any) -> BrokerOrder:
    """Return a book row as a `BrokerOrder`.

    A row whose AppOrderID can't be read but that carries an identifier comes with an empty `order_id`: it proves that
    the order arrived. Raises `BrokerUnavailable` for a row with neither, which nobody can tell apart from another.
    """
    if not isinstance(row, dict):
        raise BrokerUnavailable("a row of the order book is not an object")
    order_id, client_id = order_id_of(row.get("AppOrderID")), plain_text(row.get("OrderUniqueIdentifier"))
    if not order_id and not client_id:
        raise BrokerUnavailable("a row of the order book has neither AppOrderID nor OrderUniqueIdentifier")
    raw_status = plain_text(row.get("OrderStatus"))
    return BrokerOrder(
        order_id=order_id,
        client_id=client_id,
        status=_STATUSES.get(raw_status.lower(), OrderStatus.WORKING),
        raw_status=raw_status,
        side=_SIDES.get(plain_text(row.get("OrderSide")).lower()),
        quantity=_quantity(row.get("OrderQuantity")),
        filled_quantity=_quantity(row.get("CumulativeQuantity")),
        average_price=_price(row.get("OrderAverageTradedPrice")),
        limit_price=_price(row.get("OrderPrice")),
        reason=plain_text(row.get("CancelRejectReason")),
        symbol=plain_text(row.get("TradingSymbol")),
    )


def essence(row: Any, scrub: Callable[[str], str]) -> dict[str, Any] | None:
    """Return what `from_xts` reads of a row, with secrets scrubbed and nothing but JSON's plain values; None for junk.

    It is what one bot hands on to the others of its key.
    """
    if not isinstance(row, dict):
        return None
    return {name: _plain(row[name], scrub) for name in _ORDER_FIELDS if name in row}


def _plain(value: Any, scrub: Callable[[str], str]) -> Any:
    # Scrubbed whole, then cut: half a secret would not be recognised.
    if isinstance(value, str):
        return plain_text(scrub(value))
    return value if isinstance(value, int | float) else None


def position_from_xts(row: dict[str, Any]) -> BrokerPosition:
    """Return a row of the positions; servers spell the instrument's number in two ways (xts.md 2.9)."""
    return BrokerPosition(
        symbol=plain_text(row.get("TradingSymbol")),
        segment=plain_text(row.get("ExchangeSegment")).upper(),
        instrument_id=_whole(row.get("ExchangeInstrumentId", row.get("ExchangeInstrumentID"))),
        product_type=plain_text(row.get("ProductType")).upper(),
        quantity=_whole(row.get("Quantity")),
        buy_average=_price(row.get("BuyAveragePrice")),
        sell_average=_price(row.get("SellAveragePrice")),
    )


def trade_from_xts(row: dict[str, Any]) -> BrokerTrade:
    """Return a row of the trade book (xts.md 2.8)."""
    return BrokerTrade(
        order_id=order_id_of(row.get("AppOrderID")),
        client_id=plain_text(row.get("OrderUniqueIdentifier")),
        symbol=plain_text(row.get("TradingSymbol")),
        segment=plain_text(row.get("ExchangeSegment")).upper(),
        instrument_id=_whole(row.get("ExchangeInstrumentID", row.get("ExchangeInstrumentId"))),
        side=_SIDES.get(plain_text(row.get("OrderSide")).lower()),
        quantity=_quantity(row.get("LastTradedQuantity")),
        price=_price(row.get("LastTradedPrice")),
        traded_at=_time_text(row.get("LastExecutionTransactTime")),
    )


def balance_from_xts(limits: dict[str, Any]) -> Balance:
    """Return an account's `RMSSubLimits`, any of which may be missing or "NaN" (xts.md 2.11)."""
    return Balance(
        cash=number(limits.get("cashAvailable")),
        margin_available=number(limits.get("netMarginAvailable")),
        margin_used=number(limits.get("marginUtilized")),
        collateral=number(limits.get("collateral")),
    )


def is_known_status(raw_status: str) -> bool:
    """Return True for the words of behaviour 4.2, and for none at all."""
    return raw_status.lower() in _STATUSES


def number(value: Any) -> Decimal | None:
    """Return a number that may be written as text; None for anything else ("", "NaN", "NA", null, true)."""
    if isinstance(value, float):
        value = repr(value) if math.isfinite(value) else ""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value) if abs(value) < 10**_ID_DIGITS else None
    if isinstance(value, str) and _NUMBER.fullmatch(text := plain_text(value)):
        return Decimal(text.replace(",", ""))
    return None


def order_id_of(value: Any) -> str:
    """Return an AppOrderID as text, e.g. "1210049745"; empty when it is not a whole number above 0 (xts.md 2.3)."""
    if type(value) is int:  # as nearly every row of every book has it
        return str(value) if 0 < value < 10**_ID_DIGITS else ""
    if isinstance(value, str) and _ID.fullmatch(text := plain_text(value)):
        return str(int(text) or "")
    found = number(value)
    return str(int(found)) if found is not None and found > 0 and found == found.to_integral_value() else ""


def plain_text(value: Any) -> str:
    """Return a text on one line of at most 256 printable characters; numbers as text, anything else as empty."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_ID_DIGITS:
        return str(value)
    if not isinstance(value, str):
        return ""
    # A line break or an escape sequence from outside must not forge a line of our log.
    text = value[: LONGEST_TEXT * 4]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())[:LONGEST_TEXT]


def _quantity(value: Any) -> int | None:
    found = _whole(value)
    return found if found is not None and found >= 0 else None


def _whole(value: Any) -> int | None:
    found = number(value)
    if found is None or abs(found) >= 10**_ID_DIGITS or found != found.to_integral_value():
        return None
    return int(found)


def _time_text(value: Any) -> str:
    """Return `04-02-2026 13:45:23` and `2026-02-04T13:45:23.1` as "2026-02-04 13:45:23"."""
    text = plain_text(value)
    if found := _DAY_FIRST.match(text):
        return f"{found[3]}-{found[2]}-{found[1]} {found[4]}"
    return f"{found[1]} {found[2]}" if (found := _DAY_LAST.match(text)) else ""


def _price(value: Any) -> Decimal | None:
    """Return rupees; None for 0, which stands for "none yet" in these fields (failures.md V.50)."""
    found = number(value)
    return found if found is not None and found > 0 else None
