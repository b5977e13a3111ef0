"""Which keys a snapshot and an event have, and of which kind each is: rupees as text with two decimals. PURE."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import TYPE_CHECKING, Any

from tg1.models import LevelState, OrderType, Role, Side, TradeSide, TradeType
from tg1.store.json_kinds import COUNT, DAY, FLAG, INSTANT, TEXT, JsonKind, Record, optional, refuse, word
from tg1.store.schema import ATTENTION, STATUS
from tg1.told.events import Event, EventKind
from tg1.told.snapshot import (
    Phase,
    Snapshot,
    ToldAccount,
    ToldEnd,
    ToldFeed,
    ToldLevel,
    ToldMoney,
    ToldOrder,
    ToldPosition,
    ToldPrice,
    ToldProcess,
    ToldSaves,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum


class _Tolerant(Record):
    """A record whose reader leaves unknown keys out and takes missing ones from `defaults`."""

    def __init__(self, of: type, fields: Mapping[str, JsonKind], *, defaults: Mapping[str, Any] | None = None) -> None:
        super().__init__(of, fields, added=defaults)

    def read(self, value: Any, where: str) -> Any:
        """The dataclass of a JSON object."""
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key in self.fields}
        return super().read(value, where)


def rupees(value: Decimal) -> str:
    """Two decimals and never a negative zero, e.g. "-12.50"."""
    text = format(value, ".2f")
    return "0.00" if text == "-0.00" else text


def _write_rupees(value: Any) -> str:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError
    return f'"{rupees(value)}"'


def _read_rupees(value: Any, where: str) -> Decimal:
    try:
        read = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite():
        refuse(where, value, RUPEES.wanted)
    return read


def _write_secs(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not isfinite(value):
        raise ValueError
    return repr(round(value, 3))


def _read_secs(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(where, value, SECS.wanted)
    return float(value)


def _known(enum: type[StrEnum], other: StrEnum) -> JsonKind:
    """A word of `enum`; one that is not known is read as `other`."""
    strict = word(enum)
    words = {member.value for member in enum}

    def read(value: Any, where: str) -> Any:
        return other if isinstance(value, str) and value not in words else strict.read(value, where)

    return JsonKind(strict.wanted, strict.write, read)


def _list(kind: JsonKind) -> JsonKind:
    def write(values: Any) -> str:
        return f"[{', '.join([kind.write(value) for value in values])}]"

    def read(values: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(values, list):
            refuse(where, values, "a list")
        return tuple(kind.read(value, f"{where}[{index}]") for index, value in enumerate(values))

    return JsonKind(f"a list of {kind.wanted}", write, read)


def _lines(record: Record) -> JsonKind:
    """A list with one line of text each."""

    def write(values: Any) -> str:
        return f"[{','.join([f'{chr(10)}  {record.write(value)}' for value in values])}]"

    return JsonKind(record.kind.wanted, write, _list(record.kind).read)


RUPEES = JsonKind('rupees as text, e.g. "-12.50"', _write_rupees, _read_rupees)
SECS = JsonKind("a number", _write_secs, _read_secs)

PROCESS = _Tolerant(ToldProcess, {"pid": COUNT, "birth": TEXT, "boot_id": TEXT})
END = _Tolerant(ToldEnd, {"exit_code": COUNT, "why": TEXT, "is_crash": FLAG}, defaults={"is_crash": False})
PRICE = _Tolerant(ToldPrice, {"symbol": TEXT, "price": optional(RUPEES), "age_secs": optional(SECS), "stale": FLAG})
LEVEL = _Tolerant(
    ToldLevel,
    {
        "level": COUNT,
        "trade_side": word(TradeSide),
        "state": word(LevelState),
        "entry_price": RUPEES,
        "target_price": RUPEES,
        "hedge_price": optional(RUPEES),
        "entry_quantity": COUNT,
        "open_quantity": COUNT,
        "hedge_quantity": COUNT,
        "hedge_filled": COUNT,
        "hedge_state": TEXT,
        "paused": FLAG,
        "note": TEXT,
    },
)
ORDER = _Tolerant(
    ToldOrder,
    {
        "level": TEXT,
        "role": word(Role),
        "account": TEXT,
        "order_id": TEXT,
        "client_id": TEXT,
        "side": word(Side),
        "symbol": TEXT,
        "quantity": COUNT,
        "filled_quantity": COUNT,
        "order_type": word(OrderType),
        "limit_price": RUPEES,
        "trigger_price": optional(RUPEES),
        "placed_at": optional(INSTANT),
        "cancel_sent": FLAG,
    },
)
MONEY = _Tolerant(
    ToldMoney,
    {
        "net": optional(RUPEES),
        "realised": RUPEES,
        "open_a": optional(RUPEES),
        "open_b": optional(RUPEES),
        "squared_off": RUPEES,
        "charges": RUPEES,
        "is_current": FLAG,
    },
)
POSITION = _Tolerant(
    ToldPosition,
    {
        "account": TEXT,
        "symbol": TEXT,
        "quantity": COUNT,
        "average": optional(RUPEES),
        "last": optional(RUPEES),
        "gain": optional(RUPEES),
    },
)
ACCOUNT = _Tolerant(
    ToldAccount,
    {
        "name": TEXT,
        "books_read": COUNT,
        "books_refused": COUNT,
        "good_age_secs": optional(SECS),
        "orders_expected": COUNT,
        "orders_seen": COUNT,
        "is_blank": FLAG,
        "fault": TEXT,
    },
)
FEED = _Tolerant(
    ToldFeed,
    {
        "phase": TEXT,
        "stalled": FLAG,
        "silent_secs": optional(SECS),
        "connections": COUNT,
        "rebuilds": COUNT,
        "callback_errors": COUNT,
        "malformed": COUNT,
        "ignored_ticks": COUNT,
        "fault": TEXT,
    },
)
SAVES = _Tolerant(ToldSaves, {"count": COUNT, "p50_ms": optional(SECS), "p99_ms": optional(SECS), "fault": TEXT})
SNAPSHOT = _Tolerant(
    Snapshot,
    {
        "name": TEXT,
        "program": TEXT,
        "process": PROCESS.kind,
        "run": TEXT,
        "is_paper": FLAG,
        "written_at": INSTANT,
        "written_boot_secs": SECS,
        "cycle": COUNT,
        "poll_interval_secs": SECS,
        "phase": word(Phase),
        "status": STATUS,
        "waits_for": TEXT,
        "end": optional(END.kind),
        "trading_day": optional(DAY),
        "session_ends_at": optional(INSTANT),
        "trade_type": word(TradeType),
        "product_type": TEXT,
        "token_a": TEXT,
        "token_b": TEXT,
        "centre": optional(RUPEES),
        "steps": COUNT,
        "bought_quantity": COUNT,
        "sold_quantity": COUNT,
        "max_quantity": COUNT,
        "max_quantity_reached": FLAG,
        "hedged_buys": COUNT,
        "hedged_sells": COUNT,
        "paused": _list(word(Side)),
        "pause_seen": TEXT,
        "losing": TEXT,
        "held_at": optional(INSTANT),
        "earlier": TEXT,
        "stop": TEXT,
        "money": optional(MONEY.kind),
        "feed": optional(FEED.kind),
        "saves": SAVES.kind,
        "attention": _lines(_Tolerant(ATTENTION.of, ATTENTION.fields)),
        "prices": _lines(PRICE),
        "positions": _lines(POSITION),
        "accounts": _lines(ACCOUNT),
        "levels": _lines(LEVEL),
        "orders": _lines(ORDER),
    },
    defaults={"held_at": None, "earlier": "", "stop": ""},
)
EVENT = _Tolerant(
    Event,
    {
        "run": TEXT,
        "seq": COUNT,
        "at": INSTANT,
        "bot": TEXT,
        "kind": _known(EventKind, EventKind.OTHER),
        "text": TEXT,
        "cycle": COUNT,
        "level": TEXT,
        "role": optional(word(Role)),
        "account": TEXT,
        "symbol": TEXT,
        "side": optional(word(Side)),
        "quantity": optional(COUNT),
        "price": optional(RUPEES),
        "net": optional(RUPEES),
        "order_id": TEXT,
        "client_id": TEXT,
        "key": TEXT,
    },
    defaults={
        "cycle": 0,
        "level": "",
        "role": None,
        "account": "",
        "symbol": "",
        "side": None,
        "quantity": None,
        "price": None,
        "net": None,
        "order_id": "",
        "client_id": "",
        "key": "",
    },
)
