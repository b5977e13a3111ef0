"""Keeps secrets out of everything that is written (behaviour 16).

A `Redactor` knows the secrets of this process and scrubs text; a `SecretFilter` applies it to log records. Nothing here
reads a clock, a file or the network, and nothing here ever raises because of what a log record holds.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

MASK = "[redacted]"

# Shorter texts are no credentials, and masking them would garble every line.
_SHORTEST_SECRET = 4

# Where a credential may stand before anyone could register it: the query of a Kite socket URL (kite.md 1.1), the
# header of a Kite or XTS request (kite.md 2.1). A second line of defence, for tokens that a server has just handed out.
_IN_QUERY = re.compile(r"(?i)\b(api_key|api_secret|access_token|request_token|enctoken|checksum)=[^&\s'\"<>)\]]+")
_IN_HEADER = re.compile(
    r"(?i)\b(authorization['\"]?\s*[:=]\s*b?['\"]?)(?!\[redacted\])(?:(?:token|bearer)\s+)?[^\s'\",}]+"
)

_KNOWN_FIELDS = frozenset(vars(logging.makeLogRecord({})))


_PLACEHOLDER = re.compile(r"[.…*]+|[xX]{3,}|[<\[{].*[>\]}]|(?i:your|my)[-_ ].*")


def is_placeholder(secret: str) -> bool:
    """True for what stands in an example where a key belongs: "…", "xxxx", "<key>", "YOUR_KEY"."""
    return _PLACEHOLDER.fullmatch(secret) is not None


class Redactor:
    """Replaces every registered secret in a text by `[redacted]`. May be used from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._forms)} forms)"

    def add(self, secret: str) -> None:
        """Mask this secret from now on, plain and quoted. Texts under 4 characters are left alone."""
        if len(secret) < _SHORTEST_SECRET:
            return
        with self._lock:
            self._forms |= _forms(secret)
            # The longest first: one secret may begin another.
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))

    def scrub(self, text: str) -> str:
        """Return the text without secrets: the registered ones, and whatever stands where a Kite credential would."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(MASK, text)
        text = _IN_QUERY.sub(rf"\1={MASK}", text)
        return _IN_HEADER.sub(rf"\1{MASK}", text)


class SecretFilter(logging.Filter):
    """Scrubs a record's message, arguments, traceback, stack and extra fields. Lets every record pass.

    It belongs on handlers, not on loggers: a logger's filter doesn't see what its children log.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; always True."""
        scrub = self.redactor.scrub
        record.msg = scrub(_rendered(record))
        record.args = None
        if record.exc_info:
            record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            # A formatter would render the raw exception again.
            record.exc_info = None
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        for name, value in vars(record).items():
            if name not in _KNOWN_FIELDS:
                setattr(record, name, _scrubbed_extra(value, self.redactor))
        return True


def install(redactor: Redactor, places: Iterable[logging.Filterer]) -> None:
    """Put a `SecretFilter` of this redactor on each handler (or logger, for that one's own records), once."""
    for place in places:
        if not any(isinstance(present, SecretFilter) and present.redactor is redactor for present in place.filters):
            place.addFilter(SecretFilter(redactor))


def install_excepthooks(redactor: Redactor) -> None:
    """Scrub what Python itself prints of an exception that nobody caught, in the main thread and in the others."""

    def print_scrubbed(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
        print(redactor.scrub("".join(traceback.format_exception(kind, error, where))), end="", file=sys.stderr)  # noqa: T201  # it takes the place of the interpreter's own print

    def print_thread_scrubbed(args: threading.ExceptHookArgs) -> None:
        if not issubclass(args.exc_type, SystemExit):
            print_scrubbed(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = print_scrubbed
    threading.excepthook = print_thread_scrubbed


def _forms(secret: str) -> set[str]:
    """Return the secret as it may appear: plain, in a URL, in a repr, in JSON, as bytes were printed."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower_hex = {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in quoted}
    escaped = {repr(secret)[1:-1], repr(secret.encode())[2:-1], json.dumps(secret)[1:-1]}
    return {secret} | quoted | lower_hex | escaped


def _rendered(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError, IndexError):
        # logging would print the unformatted arguments to stderr itself, past every filter.
        return f"{record.msg} {record.args!r}"


def _scrubbed_extra(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.scrub(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    shown = repr(value)
    scrubbed = redactor.scrub(shown)
    return value if scrubbed == shown else scrubbed
