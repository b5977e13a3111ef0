"""Which keys the state file has, in which order, and of which kind each is (architecture 17). PURE."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from tg1.models import (
    NO_CHARGES,
    ZERO,
    Attention,
    Backoff,
    BotState,
    Charges,
    ClosingOrder,
    DaySheet,
    DayStart,
    Executed,
    GridIdentity,
    HeldShares,
    LastPrice,
    LegOrder,
    OpenOrder,
    OrderHistoryRecord,
    OrderSide,
    OrderType,
    Position,
    Role,
    SettledOrder,
    Side,
    Status,
    StatusKind,
    Traded,
    TradeSide,
    TradeType,
)
from tg1.store.json_kinds import (
    COUNT,
    DAY,
    FLAG,
    INSTANT,
    PRICE,
    TEXT,
    JsonKind,
    Record,
    list_of,
    optional,
    refuse,
    tuple_of,
    word,
    words,
)

_STATUS_WORDS = {kind.value: kind for kind in StatusKind}


def _write_status(value: Any) -> str:
    if not isinstance(value, Status):
        raise TypeError
    return TEXT.write(str(value))


def _read_status(value: Any, where: str) -> Status:
    word, colon, reason = TEXT.read(value, where).partition(": ")
    if word not in _STATUS_WORDS or (colon and not reason):
        refuse(where, value, STATUS.wanted)
    return Status(kind=_STATUS_WORDS[word], reason=reason)


STATUS = JsonKind(f'one of {", ".join(_STATUS_WORDS)}, with ": " before a reason', _write_status, _read_status)
LEG = Record(
    LegOrder,
    {
        "client_id": TEXT,
        "role": word(Role),
        "side": word(Side),
        "symbol": TEXT,
        "quantity": COUNT,
        "order_type": word(OrderType),
        "limit_price": PRICE,
        "trigger_price": optional(PRICE),
        "order_id": optional(TEXT),
        "filled_quantity": COUNT,
        "filled_value": PRICE,
        "acknowledged": FLAG,
        "cancel_sent": FLAG,
        "placed_at": optional(INSTANT),
        "first_fill_at": optional(INSTANT),
        "last_fill_at": optional(INSTANT),
    },
    added={"placed_at": None, "first_fill_at": None, "last_fill_at": None},
)
BACKOFF = Record(Backoff, {"rejections": COUNT, "retry_at": optional(INSTANT), "paused": FLAG, "reason": TEXT})
TRADED = Record(Traded, {"quantity": COUNT, "value": PRICE})
LEVEL = Record(
    OpenOrder,
    {
        "uuid": TEXT,
        "bot_name": TEXT,
        "entry_order_id": optional(TEXT),
        "oco_order_id": optional(TEXT),
        "entry_trade_direction": word(Side),
        "entry_trade_price": PRICE,
        "oco_trade_price": optional(PRICE),
        "oco_trade_direction": word(Side),
        "trade_side": word(TradeSide),
        "oco_filled": FLAG,
        "order_side": word(OrderSide),
        "token_a_quantity": COUNT,
        "token_b_quantity": COUNT,
        "token_b_price": optional(PRICE),
        "hedged_from": optional(PRICE),
        "level": COUNT,
        "entry_price": PRICE,
        "target_price": PRICE,
        "order": optional(LEG.kind),
        "oco_order": optional(LEG.kind),
        "closed": FLAG,
        "entry_traded": TRADED.kind,
        "target_traded": TRADED.kind,
        "oco_traded": TRADED.kind,
        "attempts": COUNT,
        "backoff": BACKOFF.kind,
        "oco_backoff": BACKOFF.kind,
        "opened_seq": COUNT,
        "opened_at": optional(INSTANT),
    },
    derived=("entry_order_id", "oco_order_id", "entry_trade_direction", "entry_trade_price", "oco_trade_direction"),
)
CHARGES = Record(
    Charges,
    dict.fromkeys(("total", "brokerage", "stt", "exchange", "sebi", "stamp", "dp", "gst"), PRICE),
    derived=("total",),
)
EXECUTED = Record(
    Executed,
    {
        "day": DAY,
        "account": TEXT,
        "symbol": TEXT,
        "side": word(Side),
        "product": TEXT,
        "quantity": COUNT,
        "value": PRICE,
        "orders": COUNT,
        "trip": TEXT,
    },
)
RECORD = Record(
    OrderHistoryRecord,
    {
        "seq": COUNT,
        "uuid": TEXT,
        "bot_name": TEXT,
        "trade_side": word(TradeSide),
        "level": COUNT,
        "outcome": TEXT,
        "entry_direction": word(Side),
        "entry_price": PRICE,
        "entry_quantity": COUNT,
        "entry_average": PRICE,
        "entry_time": TEXT,
        "target_price": PRICE,
        "target_quantity": COUNT,
        "target_average": PRICE,
        "oco_price": optional(PRICE),
        "oco_quantity": COUNT,
        "oco_average": PRICE,
        "token_b_price": optional(PRICE),
        "net_pnl": optional(PRICE),
        "realised_pnl": PRICE,
        "open_pnl": optional(PRICE),
        "charges": optional(CHARGES.kind),
        "completed_at": TEXT,
    },
    derived=("net_pnl",),
    added={"net_pnl": None, "open_pnl": None, "charges": None},
)
ATTENTION = Record(Attention, {"key": TEXT, "text": TEXT, "at": TEXT})
SETTLED = Record(SettledOrder, {"client_id": TEXT, "account": TEXT, "booked_quantity": COUNT})
LAST_PRICE = Record(LastPrice, {"symbol": TEXT, "price": PRICE, "at": INSTANT})
GRID = Record(
    GridIdentity,
    {
        "trade_type": word(TradeType),
        "token_a_symbol": TEXT,
        "token_b_symbol": TEXT,
        "entry_price": PRICE,
        "max_quantity": COUNT,
        "exchange": TEXT,
        "product_type": TEXT,
        "steps": COUNT,
        "spread": PRICE,
        "target_spread": PRICE,
        "oco_spread": PRICE,
        "token_a_quantity": COUNT,
        "token_b_quantity": COUNT,
    },
    derived=("max_quantity",),
)
CLOSING = Record(ClosingOrder, {"account": TEXT, "order": LEG.kind, "day": DAY, "is_over": FLAG})
DAY_START = Record(DayStart, {"realised": PRICE, "open_gain": PRICE})
POSITION = Record(Position, {"account": TEXT, "symbol": TEXT, "long": TRADED.kind, "short": TRADED.kind})
HELD = Record(HeldShares, {"position": POSITION.kind, "last": optional(LAST_PRICE.kind), "closing": CHARGES.kind})
DAY_SHEET = Record(
    DaySheet,
    {
        "bot_name": TEXT,
        "day": DAY,
        "generation": TEXT,
        "product": TEXT,
        "bought": PRICE,
        "sold": PRICE,
        "realised": PRICE,
        "squared_off": PRICE,
        "charges": CHARGES.kind,
        "held": tuple_of(HELD.kind),
        "open_before": PRICE,
    },
)
SCALARS: dict[str, JsonKind] = {
    "bot_name": TEXT,
    "bot_status": STATUS,
    "upside_net_quantity": COUNT,
    "downside_net_quantity": COUNT,
    "upside_oco_net_count": COUNT,
    "downside_oco_net_count": COUNT,
    "total_pnl": PRICE,
    "generation": TEXT,
    "trading_day": DAY,
    "max_quantity_reached": FLAG,
    "next_opened_seq": COUNT,
    "next_record_seq": COUNT,
    "charges_before": CHARGES.kind,
    "squared_off_pnl": PRICE,
    "paused_sides": words(Side),
    "pause_seen": TEXT,
    "day_start": optional(DAY_START.kind),
    "charges_given": list_of(TEXT),
    "account_names": list_of(TEXT),
}
HEAD = Record(BotState, SCALARS)
LISTS = {
    "attention": ATTENTION,
    "settled": SETTLED,
    "executed": EXECUTED,
    "last_prices": LAST_PRICE,
    "closing": CLOSING,
    "open_orders": LEVEL,
    "order_history": RECORD,
}
ADDED: dict[str, Any] = {
    "executed": [],
    "charges_before": json.loads(CHARGES.write(NO_CHARGES), parse_float=Decimal),
    "squared_off_pnl": ZERO,
    "paused_sides": [],
    "pause_seen": "",
    "last_prices": [],
    "closing": [],
    "day_start": None,
    "charges_given": [],
    "account_names": [],
}
"""What a file of an earlier TG1 lacks at its top level, and what it means by that."""
BEFORE_TIME = (
    *("bot_name", "bot_status", "trade_type", "token_a_symbol", "token_b_symbol", "entry_price", "max_quantity"),
    *("upside_net_quantity", "downside_net_quantity", "upside_oco_net_count", "downside_oco_net_count", "total_pnl"),
)
"""Architecture 17's order; `last_updated` follows, then what §17 does not name, then the lists."""
KEYS = dict.fromkeys(("schema_version", *SCALARS, *GRID.fields, "last_updated", *LISTS, "checksum"))
