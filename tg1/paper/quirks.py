"""How the paper exchange is: its standing quirks, which go over the control API as JSON.

Nothing here acts: the exchange and its wires read these values. `faults.py` has what happens to single requests.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self, TypeVar

from tg1.paper.errors import PaperUsageError

T = TypeVar("T")
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}
_CHOICES: Mapping[str, tuple[object, ...]] = {
    "dead_session_status": (400, 200, 401, 403),
    "book_form": ("whole", "blank", "partial"),
    "balance_form": ("full", "bare", "none"),
    "login_enums": ("full", "bare"),
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
    "kite_historical": ("normal", "no-permission"),
}


def from_mapping(cls: type[T], given: Mapping[str, Any], known: Mapping[str, Any]) -> T:
    """Build a dataclass from JSON values over `known` ones; raises PaperUsageError for a field that it has not."""
    unknown = sorted(set(given) - {field.name for field in fields(cls)})  # type: ignore[arg-type]  # always a dataclass
    if unknown:
        raise PaperUsageError(f"{cls.__name__} has no field {', '.join(unknown)}")
    values = {**known, **given}
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    return cls(**values)


def _check_kind(name: str, value: object, default: object) -> None:
    kind = type(default)
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits or (isinstance(value, int | float) and value < 0):
        raise PaperUsageError(f"quirk {name} must be {_KINDS[kind]}, not {value!r}")
    if isinstance(value, tuple) and not all(isinstance(each, str) for each in value):
        raise PaperUsageError(f"quirk {name} must be a list of texts")


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
    touch_fill_pct: float = 100.0
    """Percent of what is left that fills when the last price is at the limit and not beyond it; 0: nothing does."""
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
    history_after_secs: float = 0.0
    """The history of a new order is e-orders-0001 for so long, whatever the book shows (xts.md 7.5)."""
    book_form: str = "whole"
    """The order book as it is, blank (success and no row), or without the oldest order that works."""
    dealer_clients: tuple[str, ...] = ()
    """Client codes of logins that nobody declared; empty: they are investors'. "*****" alone is a PRO login."""
    login_enums: str = "full"
    """The login's enums with or without tradeConversion, instrumentType and exchangeSegment (xts.md 2.1)."""
    balance_form: str = "full"
    """The balance with or without collateral and MTM, or an error for want of a limit (xts.md 2.11)."""
    session_lifetime_secs: float = 86_400.0
    """A token dies so long after its login (xts.md 2.1: 24 h)."""
    dead_session_status: int = 400
    """HTTP status of the dead-token envelope (xts.md 4.2)."""
    dead_session_text: str = "Invalid Token"
    """Its description: "Session expired" and "Token/Authorization not found" were seen, too (xts.md 4.2, 4.3)."""
    dead_session_code: str = "e-session-0007"
    """Its code."""
    bad_request_errors: bool = True
    """A validator's "Bad Request" lists its complaints in `result.errors` (xts.md 4.6)."""
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
    """Placements, modifications and cancels together, per app key."""
    reads_per_sec: int = 1
    """Requests of one read route, per app key."""
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
    ticker_connections: int = 0
    """Websockets that an api key may have at once, 3 at Zerodha; 0 is no limit (kite.md 2.6)."""
    dump_has_other_exchanges: bool = False
    """`instruments("NSE")` holds rows of other exchanges, too."""
    kite_rest: str = "normal"
    """Kite's REST answers, or refuses with the status named."""
    kite_historical: str = "normal"
    """The api key may read candles, or its plan has none (kite.md 2.7)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_kind(field.name, getattr(self, field.name), field.default)
        if not 0 <= self.touch_fill_pct <= 100:  # noqa: PLR2004 - percent
            raise PaperUsageError("quirk touch_fill_pct must be from 0 to 100")
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise PaperUsageError(f"quirk {name} must be one of {', '.join(map(str, allowed))}")

    def to_json(self) -> dict[str, Any]:
        """Return the quirks as plain JSON values."""
        return asdict(self)

    def updated(self, changes: Mapping[str, Any]) -> "Quirks":
        """Return these quirks with some fields changed; raises PaperUsageError for an unknown one."""
        return from_mapping(Quirks, changes, asdict(self))

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Build quirks from JSON values; fields left out keep their defaults."""
        return from_mapping(cls, given, {})
