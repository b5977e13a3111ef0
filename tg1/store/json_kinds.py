"""How single values and records are written as JSON and read back, strictly: the alphabet of `schema`. PURE.

A `JsonKind` knows one sort of value, a `Record` one dataclass. Writing refuses what reading would refuse, so that
nothing is ever saved that could not be loaded again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from tg1.errors import InvariantBroken, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

_SHOWN_CHARS = 60
_PLAIN_DIGITS = 60
"""Numbers beyond this many places are no prices; they are written with an exponent, so that no line explodes."""


@dataclass(frozen=True, slots=True)
class JsonKind:
    """One sort of value. `write` and `read` raise `ValueError` for anything that is not `wanted`."""

    wanted: str
    write: Callable[[Any], str]
    read: Callable[[Any, str], Any]
    """Takes the JSON value and where it stands in the file."""


def refuse(where: str, value: object, wanted: str) -> NoReturn:
    """Raise `StateError`: the value at `where` is not what is wanted there."""
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    shown = shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "…"
    raise StateError(f"{where} is {shown}, where {wanted} is expected")


def _plain(wanted: str, check: Callable[[Any], bool], write: Callable[[Any], str]) -> JsonKind:
    def checked(value: Any) -> str:
        if not check(value):
            raise ValueError(wanted)
        return write(value)

    def read(value: Any, where: str) -> Any:
        if not check(value):
            refuse(where, value, wanted)
        return value

    return JsonKind(wanted, checked, read)


def _write_price(value: Any) -> str:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise ValueError
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) > _PLAIN_DIGITS:
        return str(value)
    text = format(value, "f")
    return text if "." in text else f"{text}.0"


def _read_price(value: Any, where: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if type(value) is int:
        return Decimal(value)
    refuse(where, value, PRICE.wanted)


def _write_instant(value: Any) -> str:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise ValueError
    return f'"{value.isoformat()}"'


def _read_instant(value: Any, where: str) -> datetime:
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        refuse(where, value, INSTANT.wanted)
    if instant.utcoffset() is None:
        refuse(where, value, INSTANT.wanted)
    return instant


def _write_day(value: Any) -> str:
    if type(value) is not date:
        raise ValueError
    return f'"{value.isoformat()}"'


def _read_day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        refuse(where, value, DAY.wanted)


TEXT = _plain("a text", lambda value: isinstance(value, str), json.dumps)
COUNT = _plain("a whole number", lambda value: type(value) is int, str)
FLAG = _plain("true or false", lambda value: type(value) is bool, json.dumps)
PRICE = JsonKind("a finite number of rupees", _write_price, _read_price)
"""Decimals keep every digit: no float is in between in either direction."""
INSTANT = JsonKind("a date and time with its offset from UTC", _write_instant, _read_instant)
DAY = JsonKind("a date", _write_day, _read_day)


def word(enum: type[StrEnum]) -> JsonKind:
    """A value of `enum`, by its word."""
    words = {member.value: member for member in enum}
    wanted = "one of " + ", ".join(words)

    def write(value: Any) -> str:
        return json.dumps(enum(value).value)

    def read(value: Any, where: str) -> StrEnum:
        if not isinstance(value, str) or value not in words:
            refuse(where, value, wanted)
        return words[value]

    return JsonKind(wanted, write, read)


def words(enum: type[StrEnum]) -> JsonKind:
    """A list of values of `enum`, by their words."""
    one = word(enum)
    return _several(one, list, f"a list of words, each {one.wanted}")


def list_of(one: JsonKind) -> JsonKind:
    """A list of values of one kind."""
    return _several(one, list, f"a list, each {one.wanted}")


def tuple_of(one: JsonKind) -> JsonKind:
    """The same for a tuple, which a value that never changes holds."""
    return _several(one, tuple, f"a list, each {one.wanted}")


def _several(one: JsonKind, kind: type[list[Any] | tuple[Any, ...]], wanted: str) -> JsonKind:
    def write(values: Any) -> str:
        if not isinstance(values, kind):
            raise TypeError
        return f"[{', '.join([one.write(value) for value in values])}]"

    def read(values: Any, where: str) -> Any:
        if not isinstance(values, list):
            refuse(where, values, "a list")
        return kind(one.read(value, f"{where}[{index}]") for index, value in enumerate(values))

    return JsonKind(wanted, write, read)


def optional(kind: JsonKind) -> JsonKind:
    """Null for None, or a value of `kind`."""

    def write(value: Any) -> str:
        return "null" if value is None else kind.write(value)

    def read(value: Any, where: str) -> Any:
        return None if value is None else kind.read(value, where)

    return JsonKind(f"{kind.wanted} or null", write, read)


class Record:
    """A dataclass as a JSON object with exactly these keys, in this order.

    `derived` keys are properties: written for readers of the file, and compared with their sources when read back.
    `added` keys came later: a file of an earlier TG1 lacks them, and is read as if it held these JSON values.
    """

    def __init__(
        self,
        of: type,
        fields: Mapping[str, JsonKind],
        *,
        derived: tuple[str, ...] = (),
        added: Mapping[str, Any] | None = None,
    ) -> None:
        self.of = of
        self.fields = fields
        self._added = added or {}
        self._stored = [name for name in fields if name not in derived]
        self._derived = derived
        self._writers = [(name, kind.write) for name, kind in fields.items()]
        self.kind = JsonKind(f"an object with the keys {', '.join(fields)}", self.write, self.read)

    def pairs(self, value: Any) -> dict[str, str]:
        """The JSON text of each field, by key; `InvariantBroken` for a value that could not be read back."""
        texts = {}
        for name, write in self._writers:
            try:
                texts[name] = write(getattr(value, name))
            except (ValueError, TypeError, ArithmeticError) as exc:
                shown = "a sum beyond all numbers" if isinstance(exc, ArithmeticError) else repr(getattr(value, name))
                sentence = f"{self.of.__name__}.{name} is {shown}, not {self.fields[name].wanted}"
                raise InvariantBroken(f"the state can't be written: {sentence}") from exc
        return texts

    def write(self, value: Any) -> str:
        """One line of JSON; raises `InvariantBroken` as `pairs` does."""
        return "{" + ", ".join([f'"{name}": {text}' for name, text in self.pairs(value).items()]) + "}"

    def read(self, value: Any, where: str) -> Any:
        """The dataclass of a JSON object; `StateError` names the first thing that is wrong."""
        if not isinstance(value, dict):
            refuse(where, value, "an object")
        value = {**self._added, **value}
        check_keys(value, self.fields, where)
        prefix = f"{where}." if where else ""
        read = {name: kind.read(value[name], prefix + name) for name, kind in self.fields.items()}
        made = self.of(**{name: read[name] for name in self._stored})
        for name in self._derived:
            try:
                derived = getattr(made, name)
            except ArithmeticError:
                refuse(prefix + name, value[name], "a sum of the other fields that can be reckoned")
            if derived != read[name]:
                refuse(prefix + name, value[name], f"{derived!s} by the other fields")
        return made


def check_keys(value: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    """Raise `StateError` when a key is missing or unknown."""
    place = where or "the top level"
    for key in wanted:
        if key not in value:
            raise StateError(f'{place} lacks the key "{key}"')
    for key in value:
        if key not in wanted:
            raise StateError(f"{place} has an unknown key {key[:_SHOWN_CHARS]!r}")
