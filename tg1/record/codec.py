"""Records as lines of JSON, both ways. PURE. README tells the format to who reads it with other programs.

A file begins with a start, has one line a cycle and an end where the process came to one. Numbers of rupees are texts.
What is empty is left out. A newer TG1's keys are left out on reading.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tg1.errors import SnapshotDamaged, StateError
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.record.values import Asked, Begun, Cycle, Ended, Row, Sent, Tick
from tg1.store.codec import decode
from tg1.told.codec import decode_event, encode_event

if TYPE_CHECKING:
    from tg1.record.values import Entry

VERSION = 1
"""Goes up when a reader of the old one would misread the new one; new keys alone don't raise it."""
MARK = "tg1_record"
"""The first key of a start, with the version as its value."""
_END = "ended"


def encode_begun(begun: Begun, state: bytes) -> bytes:
    """The line of a start; `state` is the sealed text of its state (`tg1.store.codec`)."""
    return _line(
        {
            MARK: VERSION,
            "tg1": begun.tg1,
            "at": begun.at.isoformat(),
            "settings": dict(begun.settings),
            "accounts": list(begun.accounts),
            "tick_sizes": {symbol: str(tick) for symbol, tick in begun.tick_sizes.items()},
            "state": state.decode("ascii"),
        }
    )


def encode_cycle(cycle: Cycle) -> bytes:
    """The line of a cycle."""
    told: dict[str, Any] = {
        "at": cycle.at.isoformat(),
        "read": cycle.read_us,
        "a": _text(cycle.price_a),
        "b": _text(cycle.price_b),
        "ticks": [[one.before_us, one.symbol, str(one.price)] for one in cycle.ticks],
        "sent": [_sent(one) for one in cycle.sent],
        "asked": [
            _full({"after": one.after_us, "account": one.account, "id": one.client_id, "fault": one.fault})
            for one in cycle.asked
        ],
        "rows": [_row(one) for one in cycle.rows],
        "unread": dict(cycle.unread),
        "events": [json.loads(encode_event(one)) for one in cycle.events],
    }
    return _line({"at": told.pop("at"), **_full(told)})


def encode_ended(ended: Ended) -> bytes:
    """The line of an end."""
    return _line({"at": ended.at.isoformat(), _END: ended.why, "exit": ended.exit_code})


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"


def _full(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value or value == 0}


def _text(price: Decimal | None) -> str:
    return "" if price is None else str(price)


def _sent(sent: Sent) -> dict[str, Any]:
    request = sent.request
    return _full(
        {
            "after": sent.after_us,
            "account": sent.account,
            "id": request.client_id,
            "symbol": request.symbol,
            "side": request.side.value,
            "type": request.order_type.value,
            "quantity": request.quantity,
            "limit": str(request.limit_price),
            "trigger": _text(request.trigger_price),
            "order": sent.order_id,
            "fault": sent.fault,
        }
    )


def _row(row: Row) -> dict[str, Any]:
    return _full(
        {
            "account": row.account,
            "id": row.client_id,
            "order": row.order_id,
            "status": row.status.value,
            "filled": row.filled,
            "average": _text(row.average),
            "reason": row.reason,
        }
    )


def decode_entry(line: bytes) -> Entry:
    """What a line holds; `ValueError` says in a sentence's second half what is wrong with any other."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ValueError("is no JSON") from exc
    if not isinstance(told, dict):
        raise ValueError("is no line of a record")  # noqa: TRY004  # of the file, not of a type
    try:
        return _entry(told)
    except KeyError as exc:
        raise ValueError(f"has no {exc.args[0]}") from exc
    except (TypeError, ArithmeticError, AttributeError, SnapshotDamaged) as exc:
        raise ValueError(f"holds what no record holds ({exc})") from exc


def _entry(told: dict[str, Any]) -> Entry:
    if MARK in told:
        return _begun(told)
    at = _instant(told["at"])
    if _END in told:
        return Ended(at=at, why=str(told[_END]), exit_code=int(told["exit"]))
    return Cycle(
        at=at,
        read_us=_us(told["read"]),
        price_a=_price(told.get("a")),
        price_b=_price(told.get("b")),
        ticks=tuple(
            Tick(before_us=_us(us), symbol=str(symbol), price=_rupees(price))
            for us, symbol, price in told.get("ticks", ())
        ),
        sent=tuple(map(_read_sent, told.get("sent", ()))),
        asked=tuple(
            Asked(after_us=_us(one["after"]), account=one["account"], client_id=one["id"], fault=one.get("fault", ""))
            for one in told.get("asked", ())
        ),
        rows=tuple(map(_read_row, told.get("rows", ()))),
        unread={str(name): str(why) for name, why in told.get("unread", {}).items()},
        events=tuple(decode_event(json.dumps(one).encode()) for one in told.get("events", ())),
    )


def _begun(told: dict[str, Any]) -> Begun:
    version = told[MARK]
    if type(version) is not int or version < 1:
        raise ValueError(f"names the version {str(version)[:20]!r} of records, which there is not")
    if version > VERSION:
        raise ValueError(f"is of a newer TG1 (version {version}; this one reads {VERSION}): update this TG1")
    trade, upside, downside = map(str, told["accounts"])
    try:
        state = decode(told["state"].encode("ascii"))
    except (StateError, UnicodeEncodeError) as exc:
        raise ValueError(f"holds a state that can't be read: {exc}") from exc
    return Begun(
        at=_instant(told["at"]),
        tg1=str(told["tg1"]),
        settings=dict(told["settings"].items()),
        accounts=(trade, upside, downside),
        tick_sizes={str(symbol): _rupees(tick) for symbol, tick in told["tick_sizes"].items()},
        state=state,
    )


def _read_sent(told: dict[str, Any]) -> Sent:
    request = OrderRequest(
        client_id=str(told["id"]),
        symbol=str(told["symbol"]),
        side=Side(told["side"]),
        quantity=int(told["quantity"]),
        order_type=OrderType(told["type"]),
        limit_price=_rupees(told["limit"]),
        trigger_price=_price(told.get("trigger")),
    )
    return Sent(
        after_us=_us(told["after"]),
        account=str(told["account"]),
        request=request,
        order_id=str(told.get("order", "")),
        fault=str(told.get("fault", "")),
    )


def _read_row(told: dict[str, Any]) -> Row:
    return Row(
        account=str(told["account"]),
        client_id=str(told["id"]),
        order_id=str(told.get("order", "")),
        status=OrderStatus(told["status"]),
        filled=int(told["filled"]),
        average=_price(told.get("average")),
        reason=str(told.get("reason", "")),
    )


def _us(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{str(value)[:20]!r} is no number of microseconds")
    return value


def _price(text: str | None) -> Decimal | None:
    return _rupees(text) if text else None


def _rupees(text: object) -> Decimal:
    price = Decimal(str(text))
    if not price.is_finite() or price <= 0:
        raise ValueError(f"holds {str(text)[:20]!r}, which is no price")
    return price


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() is None:
        raise ValueError(f"says {text!r}, which has no time zone")
    return at
