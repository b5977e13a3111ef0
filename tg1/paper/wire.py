"""Requests and replies without sockets, and the one JSON reader and writer of the paper exchange."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from tg1.paper.errors import PaperUsageError
from tg1.paper.faults import Fault, FaultKind

OK = 200
BAD_REQUEST = 400
TOO_MANY = 429
_SERVER_ERROR = 500
_BAD_GATEWAY = 502
JSON_TYPE = "application/json; charset=utf-8"
_HTML = b"<html><head><title>%d</title></head><body><h1>%d Bad Gateway</h1></body></html>"
_NESTED = {"type": "error", "code": "e-apirl-0004", "description": "Request rejected: max limit reached"}


class Outcome(StrEnum):
    """What the client sees: the reply, a connection that breaks, or nothing until its own timeout."""

    ANSWER = "answer"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request; header names in lower case, query values as decoded text."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    raw_query: str = ""
    """The same, undecoded, for parameters that repeat."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireReply:
    """One answer, to be given `delay_secs` after the request, in the way that `outcome` says."""

    status: int = OK
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": JSON_TYPE})
    body: bytes = b""
    delay_secs: float = 0.0
    outcome: Outcome = Outcome.ANSWER


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        # repr of a double gives back every price of up to 15 digits exactly as it was
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: Any) -> bytes:
    """Return compact JSON; a Decimal becomes the number with the same digits."""
    return json.dumps(value, default=_plain, separators=(",", ":")).encode()


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def loads(body: bytes) -> Any:
    """Return the value of a JSON text, fractions as Decimal; raises PaperUsageError when it is none."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise PaperUsageError("the body is no JSON") from exc


def loads_object(request: WireRequest, *, unwrap: bool = False) -> dict[str, Any]:
    """Return the body's fields, from JSON or from a form; an empty body has none. Raises PaperUsageError.

    `unwrap` also takes a list of one object (xts.md 2.5).
    """
    if not request.body:
        return {}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    value = loads(request.body)
    if unwrap and isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise PaperUsageError("the body is no JSON object")
    return value


def json_reply(value: Any, status: int = OK) -> WireReply:
    """Return a reply with this value as its JSON body."""
    return WireReply(status=status, body=dumps(value))


def stand_in(fault: Fault) -> WireReply | None:
    """Return what the client gets in place of the real answer, or None when this fault spoils nothing wholly."""
    make = _STAND_INS.get(fault.kind)
    return make(fault) if make is not None else None


def _html(fault: Fault) -> WireReply:
    status = fault.status or _BAD_GATEWAY
    return WireReply(status=status, headers={"Content-Type": "text/html"}, body=_HTML % (status, status))


def _json_error(fault: Fault) -> WireReply:
    error = {"type": "error", "code": fault.code or "e-app-0001", "description": fault.text, "result": {}}
    return json_reply(error, fault.status or _SERVER_ERROR)


def rate_reply(shape: str) -> WireReply:
    """Return the 429 answer, flat or nested without a top-level type (xts.md 4.4)."""
    if shape == "nested":
        return json_reply({"data": _NESTED}, TOO_MANY)
    return json_reply({**_NESTED, "description": "Rate limit exceeded", "result": {}}, TOO_MANY)


_STAND_INS: Mapping[FaultKind, Callable[[Fault], WireReply]] = {
    FaultKind.TIMEOUT: lambda _: WireReply(outcome=Outcome.SILENCE),
    FaultKind.RESET: lambda _: WireReply(outcome=Outcome.RESET),
    FaultKind.HTML: _html,
    FaultKind.JSON_ERROR: _json_error,
    FaultKind.GARBAGE: lambda fault: WireReply(body=(fault.text or "\x00\ufffd{{not json").encode()),
    FaultKind.RATE_FLAT: lambda _: rate_reply("flat"),
    FaultKind.RATE_NESTED: lambda _: rate_reply("nested"),
}


def spoil(reply: WireReply, fault: Fault) -> WireReply:
    """Return the real answer as this fault leaves it."""
    if fault.kind is FaultKind.LATENCY:
        return replace(reply, delay_secs=reply.delay_secs + fault.secs)
    if fault.kind is FaultKind.TRUNCATED:
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    if fault.kind is FaultKind.CONTENT_TYPE:
        return replace(reply, headers={"Content-Type": "text/html"})
    if fault.when == "after":
        return stand_in(fault) or reply
    return reply
