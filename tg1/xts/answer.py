"""An HTTP answer read as an XTS envelope (xts.md 2): PURE, and it never raises, whatever the server sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from tg1.xts.rows import LONGEST_TEXT, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.xts.http import HttpResponse

_OK = range(200, 300)
_CLIENT_ERRORS = range(400, 500)
FORBIDDEN = 403
AUTH_STATUSES = (401, FORBIDDEN)
TOO_MANY = 429

_RATE_LIMIT_CODE = "e-apirl-0004"
_AUTH_CODES = ("e-session-0007", "e-token")
_AUTH_WORDS = ("invalid", "expired", "not found", "provide")


_JSON = json.JSONDecoder(parse_float=str, parse_constant=str)


class Kind(Enum):
    """What the answer's envelope says, whatever the HTTP status."""

    SUCCESS = "success"
    ERROR = "error"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer read as an XTS envelope (xts.md 2)."""

    kind: Kind
    status: int
    code: str = ""
    """An error's, in lower case: servers differ in it."""
    description: str = ""
    """An error's, at most 256 characters without a secret."""
    complaints: str = ""
    """The validator's messages (xts.md 4.6), without which "Bad Request" tells the operator nothing."""
    result: Any = None
    has_result: bool = False
    """False when the envelope had no such key, which is not the same as null."""

    @property
    def said(self) -> str:
        """The answer in an operator's words."""
        if self.kind is Kind.UNREADABLE:
            return f"HTTP {self.status} with an unreadable body"
        if self.kind is Kind.SUCCESS:
            return f"success (HTTP {self.status})"
        words = f"{self.description} {self.complaints}".strip()[:LONGEST_TEXT]
        return f"{words or 'no reason given'} (HTTP {self.status}{', ' + self.code if self.code else ''})"

    @property
    def is_refusal(self) -> bool:
        """A readable "no" that proves that nothing was done (behaviour 3.3)."""
        return self.kind is Kind.ERROR and (self.status in _OK or self.status in _CLIENT_ERRORS)

    @property
    def is_rate_limit(self) -> bool:
        """The server's limiter spoke (xts.md 4.4)."""
        return self.kind is Kind.ERROR and (self.code == _RATE_LIMIT_CODE or self.status == TOO_MANY)

    @property
    def is_auth_failure(self) -> bool:
        """The token is dead, unknown or missing (xts.md 4.2)."""
        if self.kind is not Kind.ERROR or self.is_rate_limit:
            return False
        return self.status in AUTH_STATUSES or self._names_the_session

    @property
    def is_forbidden(self) -> bool:
        """A 403 that may just as well be about this machine's address: no XTS words for a wrong IP are known."""
        return self.is_auth_failure and self.status == FORBIDDEN and not self._names_the_session

    @property
    def _names_the_session(self) -> bool:
        words = self.description.lower()
        # "Invalid instrument token" is about the order; a login would not help.
        names_token = ("token" in words or "authorization" in words) and "instrument" not in words
        return self.code.startswith(_AUTH_CODES) or (names_token and any(word in words for word in _AUTH_WORDS))


def read_answer(response: HttpResponse, scrub: Callable[[str], str]) -> Answer:
    """Return the answer's envelope; `scrub` takes the account's secrets out of texts that the server echoes.

    Content types are ignored (JSON comes as text/html, too, xts.md 4.8). Never raises.
    """
    envelope = _envelope(_json(response.text))
    kind = _kind(envelope, response.status)
    if kind is Kind.UNREADABLE:
        return Answer(kind=kind, status=response.status)
    result, has_result = envelope.get("result"), "result" in envelope
    if kind is Kind.SUCCESS:
        return Answer(kind=kind, status=response.status, result=result, has_result=has_result)
    return Answer(
        kind=kind,
        status=response.status,
        code=_scrubbed(envelope.get("code"), scrub).lower()[:64],
        description=_scrubbed(envelope.get("description"), scrub),
        complaints=plain_text(" ".join(_complaints(envelope, scrub))),
        result=result,
        has_result=has_result,
    )


def _json(text: str) -> Any:
    """Return the parsed text, fractions as text so that they stay exact; None when it is not JSON."""
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):
        return None


def _envelope(parsed: Any) -> dict[str, Any]:
    """Return the object that holds the envelope, out of a one-element list (xts.md 2) or of `data` (xts.md 4.4)."""
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return {}
    nested = parsed.get("data")
    return nested if "type" not in parsed and isinstance(nested, dict) else parsed


def _kind(envelope: dict[str, Any], status: int) -> Kind:
    word = plain_text(envelope.get("type")).lower()
    if word in ("success", "error"):
        return Kind(word)
    has_error_code = plain_text(envelope.get("code")).lower().startswith("e-")
    # A bare validation report (xts.md 4.6) is as readable a "no" as one in an envelope.
    is_bad_request = status in _CLIENT_ERRORS and isinstance(envelope.get("errors"), list)
    return Kind.ERROR if not word and (has_error_code or is_bad_request) else Kind.UNREADABLE


def _complaints(envelope: dict[str, Any], scrub: Callable[[str], str]) -> list[str]:
    result = envelope.get("result")
    report = result if isinstance(result, dict) else envelope
    errors = report.get("errors")
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    messages = [entry["messages"] for entry in entries if isinstance(entry.get("messages"), list)]
    return [_scrubbed(message, scrub) for group in messages for message in group[:4]][:4]


def _scrubbed(value: Any, scrub: Callable[[str], str]) -> str:
    # Scrubbed whole, then cut: half a secret would not be recognised.
    return plain_text(scrub(value)) if isinstance(value, str) else plain_text(value)
