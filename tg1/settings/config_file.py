"""`--config FILE`: a bot's settings as TOML, keyed by the names of the flags. PURE.

A key is a flag without its dashes. Keys and secrets are refused, so that the file can be shown and kept under version
control: `trade-key-file` names a file that holds one. What each value means is judged where the flags' values are.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tg1.errors import ConfigError
from tg1.settings.flag_table import ALIASES, GROUPS, REPEATABLE
from tg1.settings.flags import CREDENTIALS, TURNED_OFF, env_of, flag_of
from tg1.settings.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

ONCE = ("fresh", "clear_attention")
"""Switches for one start, given by hand: in a file they would act again at every restart."""
_KEY = re.compile(r"""^[ \t]*(?:\[\[?)?[ \t]*(["']?)([A-Za-z0-9_-]+)\1[ \t]*[=.\]]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What a file of settings says."""

    name: str = ""
    """As the user wrote it; empty: there is no file."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """By field name, in the form in which flags bring them: text, a switch, or a tuple of texts."""
    secret_files: Mapping[str, str] = field(default_factory=dict)
    """Names of files with a key or a secret, by the field that it is for."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of each of these fields, from 1."""

    def place(self, name: str) -> str:
        """Where a field is set, e.g. "bots/irfc.toml, line 7"."""
        return f"{self.name}, line {self.lines[name]}"


NO_FILE = ConfigFile()


def parse(text: str, name: str) -> ConfigFile:
    """Understand the text of a file. Raises `ConfigError` with file and line, and for a strange key the nearest."""
    table = _table(text, name)
    lines = _lines(text, table)
    values: dict[str, Any] = {}
    secret_files: dict[str, str] = {}
    placed: dict[str, int] = {}
    for key, value in table.items():
        where = f"{name}, line {lines[key]}"
        if isinstance(value, dict):
            raise ConfigError(f"{where}: {shown(key)} is a table; the settings of a bot stand without any.")
        one = _field(key, where)
        if one in placed:
            raise ConfigError(f"{where}: {key} is set a second time (first in line {placed[one]}).")
        placed[one] = lines[key]
        if one in CREDENTIALS:
            secret_files[one] = _path(key, value, where)
        elif (plain := _plain(one, key, value, where)) is not None:
            values[one] = plain
    return ConfigFile(name=name, values=values, secret_files=secret_files, lines=placed)


def _table(text: str, name: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  # a bot without a file of settings starts without it

    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{name} is not TOML: {exc}; text needs quotes, and no key stands twice.") from exc


def _lines(text: str, table: Mapping[str, Any]) -> dict[str, int]:
    """The line of each key; the text is known to be TOML, so a key's first "key =" is its own but in odd texts."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _KEY.match(line):
            found.setdefault(match[2], number)
    return {key: found.get(key, 1) for key in table}


def _fields() -> dict[str, str]:
    """Field names by the keys that a file may hold."""
    flags = [flag.field for group in GROUPS.values() for flag in group]
    named = {flag_of(name).removeprefix("--"): name for name in flags if name not in CREDENTIALS}
    aliases = {alias.removeprefix("--"): name for name, those in ALIASES.items() for alias in those}
    return named | aliases | {f"{flag_of(name).removeprefix('--')}-file": name for name in CREDENTIALS}


_FIELDS = _fields()


def _field(key: str, where: str) -> str:
    plain = key.replace("_", "-")
    if plain.replace("-", "_") in CREDENTIALS:
        raise ConfigError(
            f"{where}: {key} does not belong into this file: name a file that holds it ({plain}-file), or use the "
            f"environment ({env_of(plain.replace('-', '_'))})."
        )
    one = _FIELDS.get(plain)
    if one is None:
        near = difflib.get_close_matches(plain, _FIELDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "the keys are the flags of tg1 run, without their dashes."
        raise ConfigError(f"{where}: {shown(key)} is no setting of a bot; {hint}")
    if one in ONCE:
        raise ConfigError(f"{where}: {key} is for one start: give it as a flag, by hand, or it acts at every restart.")
    return one


def _plain(one: str, key: str, value: object, where: str) -> object:
    """The value as its flag would have brought it; None for a switch that is off."""
    if one in _SWITCHES:
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: {key} is a switch, true or false.")
        return (one not in TURNED_OFF) if value else None
    if one in REPEATABLE and isinstance(value, list):
        return tuple(_text(key, each, where) for each in value)
    return _text(key, value, where)


_SWITCHES = {flag.field for group in GROUPS.values() for flag in group if not flag.metavar}


def _text(key: str, value: object, where: str) -> str:
    if isinstance(value, time):
        return value.isoformat("minutes" if not (value.second or value.microsecond) else "auto")
    if isinstance(value, str | Decimal | int | date) and not isinstance(value, bool | datetime):
        return str(value)
    raise ConfigError(f"{where}: {key} takes one value, a text or a number.")


def _path(key: str, value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where}: {key} takes the name of a file.")
    return value.strip()
