"""Faults that hit chosen requests: a `Fault` says what happens to the n-th request of a kind, a `FaultPlan` draws them.

Both go over the control API as JSON. Nothing here acts: the wires carry out what is drawn.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any, Self

from tg1.paper.errors import PaperUsageError
from tg1.paper.quirks import from_mapping


class FaultKind(StrEnum):
    """What happens to a request that a fault hits."""

    LATENCY = "latency"
    TIMEOUT = "timeout"
    RESET = "reset"
    HTML = "html"
    JSON_ERROR = "json_error"
    GARBAGE = "garbage"
    TRUNCATED = "truncated"
    CONTENT_TYPE = "content_type"
    NO_ORDER_ID = "no_order_id"
    NO_IDENTIFIER = "no_identifier"
    RATE_FLAT = "rate_flat"
    RATE_NESTED = "rate_nested"
    DEAD_TOKEN = "dead_token"  # noqa: S105 - the name of a fault, not a password
    KILL_TOKEN = "kill_token"  # noqa: S105 - the name of a fault, not a password
    HIDE = "hide"
    REJECT = "reject"
    CANCEL_LOST = "cancel_lost"
    CANCEL_IGNORED = "cancel_ignored"
    EMPTY_BOOK = "empty_book"
    BLANK_BOOK = "blank_book"
    PARTIAL_BOOK = "partial_book"
    STALE_BOOK = "stale_book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One injected fault: the requests that match, after the first `after` of them, `times` times (0: for ever).

    `when` is "before" (nothing reaches the exchange) or "after" (the exchange acted, the answer is spoilt). It has
    no meaning for TRUNCATED, CONTENT_TYPE, NO_ORDER_ID and NO_IDENTIFIER, which always spoil a real answer.
    """

    kind: FaultKind
    when: str = "before"
    method: str = ""
    """GET, POST, PUT or DELETE; empty matches all."""
    path: str = ""
    """The whole path, such as `/interactive/orders`; empty matches all."""
    account: str = ""
    """The account's name; empty matches all."""
    contains: str = ""
    """Text that the query or body must contain, such as a client id."""
    after: int = 0
    times: int = 1
    probability: float = 1.0
    secs: float = 0.0
    """Seconds of LATENCY, or for which HIDE keeps an order out of the book."""
    reads: int = 0
    """Reads of the book for which HIDE keeps an order out."""
    status: int = 0
    """HTTP status of HTML, JSON_ERROR and DEAD_TOKEN; 0 takes the usual one."""
    code: str = ""
    """Code of JSON_ERROR and DEAD_TOKEN; empty takes the usual one."""
    text: str = ""
    """Description of JSON_ERROR and DEAD_TOKEN, body of GARBAGE, reason of REJECT; for PARTIAL_BOOK the client id or
    AppOrderID of the order that is missing (empty: the oldest that works)."""

    def __post_init__(self) -> None:
        if self.when not in ("before", "after"):
            raise PaperUsageError("a fault happens before or after the exchange acts")

    def to_json(self) -> dict[str, Any]:
        """Return the fault as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Build a fault from JSON values; raises PaperUsageError for an unknown kind or field."""
        try:
            kind = FaultKind(str(given.get("kind", "")))
        except ValueError as exc:
            raise PaperUsageError(f"there is no fault of kind {given.get('kind')!r}") from exc
        return from_mapping(cls, {**given, "kind": kind}, {})


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    hits: int = 0


class FaultPlan:
    """The faults that are armed, counting what they have seen and hit."""

    def __init__(self, faults: tuple[Fault, ...] = (), *, rng: Random | None = None) -> None:
        self._rng = rng or Random(0)
        self._armed = [_Armed(fault) for fault in faults]

    def add(self, *faults: Fault) -> None:
        """Arm more faults, after those already armed."""
        self._armed.extend(_Armed(fault) for fault in faults)

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def state(self) -> list[dict[str, Any]]:
        """Return every armed fault with what it has seen and hit."""
        return [{**armed.fault.to_json(), "seen": armed.seen, "hits": armed.hits} for armed in self._armed]

    def draw(self, *, method: str, path: str, account: str, content: str) -> list[Fault]:
        """Return the faults that hit this request and count it."""
        return [armed.fault for armed in self._armed if self._hits(armed, method, path, account, content)]

    @property
    def is_empty(self) -> bool:
        """Nothing is armed, so that `draw` need not be asked."""
        return not self._armed

    def _hits(self, armed: _Armed, method: str, path: str, account: str, content: str) -> bool:
        fault = armed.fault
        wanted = ((fault.method, method), (fault.path, path), (fault.account, account))
        if any(want not in ("", got) for want, got in wanted) or fault.contains not in content:
            return False
        armed.seen += 1
        if armed.seen <= fault.after or (fault.times and armed.hits >= fault.times):
            return False
        if self._rng.random() >= fault.probability:
            return False
        armed.hits += 1
        return True
