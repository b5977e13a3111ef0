"""XTS envelopes: success, error, dead token, validator's refusal and the three forms of no rows (xts.md 2, 4)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tg1.paper.accounts import Account
from tg1.paper.errors import ValidationRefusedError
from tg1.paper.faults import Fault
from tg1.paper.wire import BAD_REQUEST, OK, WireReply, WireRequest, json_reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated request with the faults that hit it."""

    request: WireRequest
    account: Account
    faults: tuple[Fault, ...]
    now: datetime


def success(code: str, description: str, result: Any) -> WireReply:
    """Return a success envelope; codes overlap, so clients judge by `type`."""
    return json_reply({"type": "success", "code": code, "description": description, "result": result})


def failure(code: str, description: str, status: int = BAD_REQUEST, result: Any = None) -> WireReply:
    """Return an error envelope: a readable refusal, nothing was created."""
    return json_reply({"type": "error", "code": code, "description": description, "result": result or {}}, status)


def malformed(refusal: ValidationRefusedError, *, with_errors: bool = True) -> WireReply:
    """Return the validator's refusal, with every complaint or without any (xts.md 4.6)."""
    if not with_errors:
        return failure("e-property-validation-failed", "Bad Request")
    # the body captured on Findoc (xts.md 4.6)
    errors = [
        {"field": [fault.field], "location": fault.location, "messages": [fault.message], "types": [fault.type]}
        for fault in refusal.faults
    ]
    result = {"status": BAD_REQUEST, "statusText": "Bad Request", "errors": errors}
    return failure("e-property-validation-failed", "Bad Request", BAD_REQUEST, result)


def no_rows(form: str, code: str, success_code: str, description: str) -> WireReply:
    """Return an empty book as `[]`, null, or an error with `code` (xts.md 4.5)."""
    if form == "error":
        return failure(code, "Data Not Available")
    return json_reply(
        {"type": "success", "code": success_code, "description": description, "result": [] if form == "list" else None},
        OK,
    )
