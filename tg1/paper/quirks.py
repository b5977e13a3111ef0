"""How the paper exchange misbehaves: standing quirks, and faults that hit chosen requests.

A `Quirks` value says how the server is; a `Fault` says what happens to the n-th request of a kind. Both go over
the control API as JSON. Nothing here acts: the exchange and its wires read these values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from random import Random
from typing import Any, Self, TypeVar

from tg1.paper.errors import PaperUsageError

T = TypeVar("T")
_CHOICES: Mapping[str, tuple[object, ...]] = {
    "dead_token_status": (400, 200),
    "empty_book": ("list", "null", "error"),
    "cancel_result": ("list", "dict", "empty", "null"),
    "cancel_of_final": ("error", "sent"),
    "order_id_as": ("int", "str"),
    "rate_limit_body": ("flat", "nested"),
    "side_case": ("upper", "title"),
    "fresh_numbers": ("clean", "empty", "nan"),
    "average_as": ("string", "number", "blank", "zero", "nan"),
    "positions_shape": ("dict", "list"),
    "market_orders": ("reject", "fill"),
    "ticker_feed": ("normal", "silent", "heartbeats"),
    "ticker_handshake": ("normal", "403", "429", "ignore"),
    "kite_rest": ("normal", "403", "429", "502"),
}


def _from_mapping(cls: type[T], given: Mapping[str, Any], known: Mapping[str, Any]) -> T:
    unknown = sorted(set(given) - {field.name for field in fields(cls)})  # type: ignore[arg-type]  # always a dataclass
    if unknown:
        raise PaperUsageError(f"{cls.__name__} has no field {', '.join(unknown)}")
    values = {**known, **given}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Standing behaviour of the server; every default is the plain form of xts.md and kite.md."""

    ack_delay_secs: float = 0.05
    """PendingNew to New or Rejected (xts.md 10: tens to hundreds of milliseconds)."""
    cancel_delay_secs: float = 0.05
    """PendingCancel to Cancelled, PendingReplace to Replaced."""
    latency_secs: float = 0.0
    """Added to every answer of the XTS wire."""
    max_fill_per_tick: int = 0
    """Most shares of one order that one price fills; 0 fills whole orders."""
    partial_fill_probability: float = 0.0
    """Chance that a fill takes only a random part of what is left."""
    market_orders: str = "reject"
    """MARKET and STOPMARKET are rejected in the book, or filled at the last price (xts.md 6)."""
    self_trade_check: bool = False
    """An incoming order that would meet one's own is cancelled with 17071 (xts.md 3)."""
    price_band_pct: float = 0.0
    """Orders further than this from the day's first price are rejected; 0 switches it off (xts.md 6.4)."""
    cancel_never_processed: bool = False
    """A cancel is answered "Request sent" and the order stays PendingCancel."""
    cancel_lost_to_fill: bool = False
    """A cancel is answered "Request sent" and the order fills (xts.md 7.12)."""
    big_order_ids: bool = False
    """AppOrderIDs above 2^31 (xts.md 2.3)."""
    visible_after_secs: float = 0.0
    """A new order is missing from book and history for so long (xts.md 7.5)."""
    visible_after_reads: int = 0
    """A new order is missing from so many reads of the book."""
    session_lifetime_secs: float = 86_400.0
    """A token dies so long after its login (xts.md 2.1: 24 h)."""
    dead_token_status: int = 400
    """HTTP status of the dead-token envelope (xts.md 4.2)."""
    empty_book: str = "list"
    """An empty book is `[]`, null, or HTTP 400 e-orders-0005 (xts.md 4.5)."""
    cancel_result: str = "list"
    """Shape of `result` in the answer to a cancel (xts.md 2.4)."""
    cancel_of_final: str = "error"
    """Cancelling a final or unknown order is an error envelope or "Request sent" (xts.md 4.7)."""
    order_id_as: str = "int"
    """AppOrderID as a number or as a string (xts.md 2.3)."""
    reply_has_identifier: bool = True
    """The answer to a placement repeats OrderUniqueIdentifier (Findoc was seen without it, xts.md 2.3)."""
    identifier_truncate: int = 0
    """Store only so many characters of an identifier; 0 keeps it (xts.md 7.1)."""
    identifier_max: int = 20
    """Longer identifiers are refused with a validator's 400 (xts.md 7.1)."""
    refuse_empty_source: bool = True
    """`apiOrderSource: ""` is refused (xts.md 7.3)."""
    refuse_lower_case_side: bool = True
    """`orderSide: "buy"` is refused (xts.md 4.6)."""
    rate_limit: bool = False
    """Enforce the limits below (xts.md 5)."""
    rate_limit_body: str = "flat"
    """Shape of the 429 body (xts.md 4.4)."""
    orders_per_sec: int = 10
    """Placements, modifications and cancels together, per account."""
    reads_per_sec: int = 1
    """Requests of one read route, per account."""
    side_case: str = "upper"
    """`BUY` or the older `Buy` in rows."""
    thousands_comma: bool = False
    """Averages of a thousand rupees and more carry a comma (xts.md 2.6)."""
    fresh_numbers: str = "clean"
    """Numeric fields of rows that are still PendingNew: numbers, "" or "NaN" (xts.md 2.6)."""
    numbers_as_strings: bool = False
    """Every numeric field of a row is a string."""
    average_as: str = "string"
    """How the average of a filled order shows: blank and zero are xts.md 7.11."""
    missing_fields: tuple[str, ...] = ()
    """Fields that rows leave out (xts.md 2.6: every field is optional)."""
    junk_rows: int = 0
    """Rows that are no objects, put in front of the book."""
    newest_first: bool = False
    """Rows in reverse order (xts.md 2.6: row order is not documented)."""
    iso_times: bool = False
    """Times in the older ISO form with seven digits (xts.md 2.6)."""
    positions_shape: str = "dict"
    """`{"positionList": []}` or a bare list (xts.md 2.9)."""
    ticker_feed: str = "normal"
    """The websocket's stall: says nothing at all, or heartbeats only (kite.md 1.9)."""
    ticker_handshake: str = "normal"
    """Handshake answered, refused with 403 or 429, or never answered (kite.md 1.9)."""
    ticker_cached_tick: bool = True
    """A subscription is answered with the last known price (kite.md 0.3)."""
    heartbeat_secs: float = 1.0
    """A one-byte frame after so long without another frame (kite.md 2.6)."""
    kite_rest: str = "normal"
    """Kite's REST answers, or refuses with the status named."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise PaperUsageError(f"quirk {name} must be one of {', '.join(map(str, allowed))}")

    def to_json(self) -> dict[str, Any]:
        """Return the quirks as plain JSON values."""
        return asdict(self)

    def updated(self, changes: Mapping[str, Any]) -> "Quirks":
        """Return these quirks with some fields changed; raises PaperUsageError for an unknown one."""
        return _from_mapping(Quirks, changes, asdict(self))

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Build quirks from JSON values; fields left out keep their defaults."""
        return _from_mapping(cls, given, {})


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
    text: str = ""
    """Description of JSON_ERROR, body of GARBAGE, reason of REJECT."""

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
        return _from_mapping(cls, {**given, "kind": kind}, {})


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
