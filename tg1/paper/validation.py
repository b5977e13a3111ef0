"""The gateway's validator: place and modify bodies, refused in Joi's words (xts.md 1.5, 1.6, 4.6)."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tg1.paper.errors import FieldFault, ValidationRefusedError
from tg1.paper.orders import PaperOrderType, PaperSide, Terms
from tg1.paper.quirks import Quirks

_SEGMENTS = ("NSECM", "NSEFO", "NSECD", "MCXFO", "BSECM", "BSEFO")
_PRODUCTS = ("MIS", "NRML", "CNC")
_VALIDITIES = ("DAY", "IOC")
_LARGEST = Decimal(10**10)
_ORDER_TYPES = tuple(PaperOrderType)
_SIDES = tuple(PaperSide)


class _Reader:
    """Reads fields one by one and keeps every complaint, as Joi does with abortEarly off."""

    def __init__(self, body: Mapping[str, Any], location: str = "body") -> None:
        self._body = body
        self._location = location
        self.faults: list[FieldFault] = []

    def fail(self, field: str, message: str, kind: str) -> None:
        message = f'"{field}" {message}'
        self.faults.append(FieldFault(field=field, message=message, type=kind, location=self._location))

    def one_of(self, field: str, allowed: tuple[str, ...], fold: Callable[[str], str] = str) -> str:
        if field not in self._body:
            self.fail(field, "is required", "any.required")
            return allowed[0]
        value = fold(str(self._body[field]))
        if value not in allowed:
            self.fail(field, f"must be one of [{', '.join(allowed)}]", "any.allowOnly")
            return allowed[0]
        return value

    def number(self, field: str, *, positive: bool = False, whole: bool = False) -> Decimal:
        if field not in self._body:
            self.fail(field, "is required", "any.required")
            return Decimal(0)
        value = self._body[field]
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite():
            self.fail(field, "must be a number", "number.base")
        elif number < 0:
            self.fail(field, "must be larger than or equal to 0", "number.min")
        elif number > _LARGEST:
            self.fail(field, f"must be less than or equal to {_LARGEST}", "number.max")
        elif whole and number != number.to_integral_value():
            self.fail(field, "must be an integer", "number.integer")
        elif positive and number == 0:
            self.fail(field, "must be a positive number", "number.positive")
        else:
            return number
        return Decimal(0)

    def whole(self, field: str, *, positive: bool = False) -> int:
        return int(self.number(field, positive=positive, whole=True))

    def text(self, field: str, longest: int) -> str:
        value = self._body.get(field, "")
        if not isinstance(value, str):
            self.fail(field, "must be a string", "string.base")
            return ""
        if longest and len(value) > longest:
            message = f"length must be less than or equal to {longest} characters long"
            self.fail(field, message, "string.max")
        return value

    def check(self) -> None:
        if self.faults:
            raise ValidationRefusedError(self.faults)


def read_place(body: Mapping[str, Any], quirks: Quirks) -> Terms:
    """Return the terms of a place body; raises ValidationRefusedError with every complaint."""
    read = _Reader(body)
    if quirks.refuse_empty_source and body.get("apiOrderSource") == "":
        read.fail("apiOrderSource", "is not allowed to be empty", "any.empty")
    client_id = read.text("orderUniqueIdentifier", quirks.identifier_max)
    terms = Terms(
        segment=read.one_of("exchangeSegment", _SEGMENTS),
        instrument_id=read.whole("exchangeInstrumentID"),
        product=read.one_of("productType", _PRODUCTS),
        order_type=PaperOrderType(read.one_of("orderType", _ORDER_TYPES)),
        side=PaperSide(read.one_of("orderSide", _SIDES, str if quirks.refuse_lower_case_side else str.upper)),
        validity=read.one_of("timeInForce", _VALIDITIES),
        disclosed=read.whole("disclosedQuantity"),
        quantity=read.whole("orderQuantity", positive=True),
        limit_price=read.number("limitPrice"),
        stop_price=read.number("stopPrice"),
        client_id=client_id[: quirks.identifier_truncate or None],
        api_source=read.text("apiOrderSource", 0),
    )
    read.check()
    return terms


def read_modify(body: Mapping[str, Any], old: Terms) -> Terms:
    """Return the full new terms of a modify body (xts.md 1.6); raises ValidationRefusedError."""
    read = _Reader(body)
    read.one_of("modifiedTimeInForce", _VALIDITIES)
    terms = Terms(
        segment=old.segment,
        instrument_id=old.instrument_id,
        product=read.one_of("modifiedProductType", (old.product,)),
        order_type=PaperOrderType(read.one_of("modifiedOrderType", _ORDER_TYPES)),
        side=old.side,
        validity=old.validity,
        disclosed=read.whole("modifiedDisclosedQuantity"),
        quantity=read.whole("modifiedOrderQuantity", positive=True),
        limit_price=read.number("modifiedLimitPrice"),
        stop_price=read.number("modifiedStopPrice"),
        client_id=old.client_id,
        api_source=old.api_source,
    )
    read.check()
    return terms


def read_day_or_net(query: Mapping[str, Any]) -> str:
    """Return the mandatory `dayOrNet` of the positions (xts.md 1.4); raises ValidationRefusedError."""
    read = _Reader(query, location="query")
    wanted = read.one_of("dayOrNet", ("DayWise", "NetWise"))
    read.check()
    return wanted


def read_cancel_all(body: Mapping[str, Any]) -> tuple[str, int]:
    """Return segment and instrument number (0: the whole segment) of a cancel-all; raises ValidationRefusedError."""
    read = _Reader(body)
    wanted = (read.one_of("exchangeSegment", _SEGMENTS), read.whole("exchangeInstrumentID"))
    read.check()
    return wanted


def read_order_id(value: Any) -> int:
    """Return an AppOrderID given as a number or as digits; raises ValidationRefusedError otherwise."""
    try:
        return int(str(value))
    except ValueError as exc:
        fault = FieldFault(field="appOrderID", message='"appOrderID" must be a number', type="number.base")
        raise ValidationRefusedError([fault]) from exc
