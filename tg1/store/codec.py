"""Turns a `BotState` into the bytes of its file and back (behaviour 9, architecture 17). Pure: no disk, no clock.

The file is JSON with one line per level and record, and ends with the SHA-256 of everything before it: what can't be
trusted to the last bit is refused with a sentence, never repaired and never taken for "no state".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from operator import is_
from typing import TYPE_CHECKING, Any

from tg1.errors import InvariantBroken, StateError
from tg1.models import BotState, Role
from tg1.store import schema
from tg1.store.json_kinds import INSTANT, check_keys, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tg1.models import DaySheet, GridIdentity, OpenOrder, OrderHistoryRecord
    from tg1.store.json_kinds import Record

SCHEMA_VERSION = 1
HISTORY_KEPT = 500
"""Architecture 17: the file holds the last 500 records; the trades file holds all (behaviour 9.4)."""

_CHECKSUM_HEAD = b',\n"checksum": "'


@dataclass(frozen=True, slots=True)
class StateText:
    """A state's JSON but for the time of the save: two states with equal texts need no second save."""

    before_time: str
    after_time: str

    def sealed(self, now: datetime) -> bytes:
        """The bytes of the file, saved at `now` (aware), with their checksum."""
        body = f"{self.before_time}{INSTANT.write(now)}{self.after_time}".encode("ascii")
        return body + _tail(body)


class StateEncoder:
    """Encodes states, remembering the lines of levels and records that did not change since the last time.

    They are immutable, so the same object has the same line: of a thousand levels only the moved ones are written anew.
    """

    def __init__(self) -> None:
        self._lists: dict[str, _Written] = {}
        self._grid: tuple[GridIdentity | None, dict[str, str]] = (None, {})

    def text(self, state: BotState) -> StateText:
        """The state's JSON; `InvariantBroken` when it holds what could not be read back."""
        _check_books(state, state.levels.values(), InvariantBroken)
        for key, level in state.levels.items():
            if key != level.uuid:
                raise InvariantBroken(f"the level {level.uuid} is kept under the uuid {key}")
        if state.grid is not self._grid[0]:
            self._grid = (state.grid, schema.GRID.pairs(state.grid))
        texts = schema.HEAD.pairs(state) | self._grid[1]
        before = "".join(f'"{key}": {texts.pop(key)},\n' for key in schema.BEFORE_TIME)
        after = "".join(f',\n"{key}": {text}' for key, text in texts.items())
        return StateText(
            f'{{\n"schema_version": {SCHEMA_VERSION},\n{before}"last_updated": ', after + self._all_lists(state)
        )

    def _all_lists(self, state: BotState) -> str:
        lists: tuple[Iterable[object], ...] = (
            state.attention,
            state.settled,
            state.executed,
            state.last_prices,
            state.closing,
            state.levels.values(),
            state.order_history[-HISTORY_KEPT:],
        )
        return "".join(
            f',\n"{key}": [{self._joined(key, record, tuple(items))}]'
            for (key, record), items in zip(schema.LISTS.items(), lists, strict=True)
        )

    def _joined(self, key: str, record: Record, items: tuple[object, ...]) -> str:
        known = self._lists.get(key, _NOTHING_WRITTEN)
        if len(items) != len(known.items) or not all(map(is_, items, known.items)):
            # The objects are kept beside their lines, so an id can't pass to another one in the meantime.
            before = dict(zip(map(id, known.items), known.lines, strict=True))
            lines = [before.get(id(item)) or record.write(item) for item in items]
            known = self._lists[key] = _Written(items, lines, "\n" + ",\n".join(lines) + "\n" if lines else "")
        return known.text


@dataclass(frozen=True, slots=True)
class _Written:
    """A list as it was written last: a day's records are many, and most saves change none of them."""

    items: tuple[object, ...]
    lines: list[str]
    text: str


_NOTHING_WRITTEN = _Written((), [], "")


def encode(state: BotState, now: datetime) -> bytes:
    """The bytes of the state file, saved at `now`; `InvariantBroken` when they could not be read back."""
    return StateEncoder().text(state).sealed(now)


def decode(data: bytes) -> BotState:
    """The state that `encode` wrote; `StateError` says in a sentence what is wrong with anything else."""
    document = _document(data)
    lists: dict[str, Any] = {key: _read_list(record, document[key], key) for key, record in schema.LISTS.items()}
    levels: dict[str, OpenOrder] = {level.uuid: level for level in lists.pop("open_orders")}
    if len(levels) != len(document["open_orders"]):
        raise StateError("two levels in open_orders have the same uuid")
    state = BotState(
        grid=schema.GRID.read({key: document[key] for key in schema.GRID.fields}, ""),
        levels=levels,
        **{key: kind.read(document[key], key) for key, kind in schema.SCALARS.items()},
        **lists,
    )
    _check_books(state, levels.values(), StateError)
    return state


def saved_at(data: bytes) -> datetime:
    """When a state file was saved; `StateError` as `decode`, but the lists are not looked into."""
    instant: datetime = INSTANT.read(_document(data)["last_updated"], "last_updated")
    return instant


def encode_record(record: OrderHistoryRecord) -> str:
    """A record as one line of JSON, without the line's end, for the trades file."""
    return schema.RECORD.write(record)


def decode_record(line: bytes) -> OrderHistoryRecord:
    """The record of one line of the trades file; `StateError` says what is wrong with any other."""
    record: OrderHistoryRecord = schema.RECORD.read(_parse(line), "")
    return record


def encode_sheet(sheet: DaySheet) -> str:
    """A day's sheet as one line of JSON, without the line's end, for the days file."""
    return schema.DAY_SHEET.write(sheet)


def decode_sheet(line: bytes) -> DaySheet:
    """The sheet of one line of the days file; `StateError` says what is wrong with any other."""
    sheet: DaySheet = schema.DAY_SHEET.read(_parse(line), "")
    return sheet


def _check_books(state: BotState, levels: Iterable[OpenOrder], error: type[StateError | InvariantBroken]) -> None:
    """Raise when a level is another bot's, an order stands in the wrong place, or a client id is used twice."""
    seen: set[str] = set()
    for level in levels:
        if level.bot_name != state.bot_name:
            raise error(f'the level {level.uuid} says that it belongs to the bot "{level.bot_name}"')
        for order in level.orders:
            if (order is level.oco_order) != (order.role is Role.OCO):
                raise error(f"the level {level.uuid} holds the {order.role} order {order.client_id} in the wrong place")
            if order.client_id in seen:
                raise error(f"the client id {order.client_id} is used by two orders")
            seen.add(order.client_id)


def _read_list(record: Record, items: Any, key: str) -> list[Any]:
    if not isinstance(items, list):
        refuse(key, items, "a list")
    return [record.read(item, f"{key}[{index}]") for index, item in enumerate(items)]


def _document(data: bytes) -> dict[str, Any]:
    """The whole JSON object, with its schema and checksum checked."""
    document = _parse(data)
    if not isinstance(document, dict):
        raise StateError("it is JSON, but not the object that a state is")
    number = document.get("schema_version")
    if number != SCHEMA_VERSION or type(number) is not int:
        said = "names no schema_version" if number is None else f"has schema_version {str(number)[:20]}"
        raise StateError(f"it {said}, and this TG1 reads only schema_version {SCHEMA_VERSION}")
    body, mark, _ = data.rpartition(_CHECKSUM_HEAD)
    if not mark:
        raise StateError("it has no checksum, so it was not written by TG1")
    if data != body + _tail(body):
        raise StateError("its checksum does not fit: it was damaged or edited after it was saved")
    document = {**schema.ADDED, **document}
    check_keys(document, schema.KEYS, "")
    INSTANT.read(document["last_updated"], "last_updated")
    return document


def _tail(body: bytes) -> bytes:
    return _CHECKSUM_HEAD + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def _parse(data: bytes) -> Any:
    """The JSON value of `data`, numbers with a point as `Decimal`; any oddity is a `StateError`."""
    if not data:
        raise StateError("it is empty (zero length)")
    if 0 in data:
        what = "nothing but NUL bytes" if not data.strip(b"\0") else f"NUL bytes, the first at byte {data.index(0)}"
        raise StateError(f"it holds {what}, as files do after a power cut")
    try:
        return json.loads(
            data.decode(), parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except UnicodeDecodeError as exc:
        raise StateError(f"it is damaged: byte {exc.start} is no text") from exc
    except json.JSONDecodeError as exc:
        raise StateError(_what_is_wrong(data, exc)) from exc
    except (ValueError, ArithmeticError, RecursionError) as exc:
        raise StateError(f"it is damaged: it holds what no state holds ({type(exc).__name__})") from exc


def _what_is_wrong(data: bytes, exc: json.JSONDecodeError) -> str:
    if not data.rstrip().endswith(b"}"):
        return f"it is no whole JSON object: cut off or overgrown, it ends after {len(data)} bytes"
    if exc.msg == "Extra data":
        return f"something follows its end, from byte {exc.pos} of {len(data)} on"
    return f"it is damaged: no JSON at byte {exc.pos} of {len(data)} ({exc.msg})"


def _refuse_constant(name: str) -> Any:
    raise StateError(f"it holds {name}, which is no number of rupees or shares")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise StateError("it holds an object with the same key twice")
    return made
