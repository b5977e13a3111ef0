"""Reads `--zerodha-config FILE`: Zerodha's api key and access token of the day (behaviour 16).

The file is an INI with a section `[API_CREDENTIALS_<user>]`. No message made here ever holds a value of it.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.kite.feed_values import HOW_TO_RENEW
from tg1.machine.files import read_given
from tg1.machine.redact import is_placeholder

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.machine.files import GivenFile

SECTION_PREFIX = "API_CREDENTIALS_"
LARGEST_BYTES = 65536
_NAMES = ("api_key", "api_secret", "access_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZerodhaCredentials:
    """One user's way into Kite. The repr shows no value."""

    user: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    """Only a login needs it, which a person does (kite.md 2.5): empty when the file has none; kept to be redacted."""
    access_token: str = field(repr=False)
    warnings: tuple[str, ...] = field(default=(), repr=False)
    """Sentences for the operator, to be said at a start."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written anywhere."""
        return (self.api_key, self.api_secret, self.access_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZerodhaConfigFile:
    """The file and the user in it, to be read again whenever the token may have been renewed."""

    path: Path
    user: str

    def load(self) -> ZerodhaCredentials:
        """Read the file as it is now. Raises `ConfigError` naming the file and the section or field that is wrong."""
        given = self._read()
        section = self._section(given)
        return ZerodhaCredentials(
            user=self.user,
            api_key=self._required(section, "api_key"),
            api_secret=_cleaned(section.get("api_secret", "")),
            access_token=self._required(section, "access_token", hint=f"; to get one, {HOW_TO_RENEW}"),
            warnings=() if given.is_private else (f"{self.path} can be read by other users: chmod 600 it.",),
        )

    def app(self) -> tuple[str, str]:
        """The api key and secret, which a login needs; the token may be missing. Raises `ConfigError`."""
        section = self._section(self._read())
        return self._required(section, "api_key"), self._required(section, "api_secret")

    def access_token(self) -> str:
        """Read the access token as it is now: the feed's token source. Raises `ConfigError`."""
        return self.load().access_token

    def _section(self, given: GivenFile) -> configparser.SectionProxy:
        name = f"{SECTION_PREFIX}{self.user}"
        parser = self._parsed(given.data)
        if not parser.has_section(name):
            present = ", ".join(f"[{each}]" for each in parser.sections() if each.startswith(SECTION_PREFIX)) or "none"
            raise ConfigError(f"{self.path} has no section [{name}] for --zerodha-user {self.user} (found: {present}).")
        return parser[name]

    def _read(self) -> GivenFile:
        try:
            return read_given(self.path, LARGEST_BYTES)
        except OSError as exc:
            raise ConfigError(
                f"--zerodha-config {self.path} can't be read: {exc.strerror or type(exc).__name__}."
            ) from exc

    def _parsed(self, data: bytes) -> configparser.ConfigParser:
        # A token may hold a %, and a comment sign inside a value belongs to the value.
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(data.decode("utf-8-sig"))
        except (configparser.Error, UnicodeDecodeError) as exc:
            # The parser's own message quotes the line, and the line may hold a token; so does a chained traceback.
            raise ConfigError(f"--zerodha-config {self.path} is not a valid INI file: {_what_is_wrong(exc)}.") from None
        return parser

    def _required(self, section: configparser.SectionProxy, name: str, *, hint: str = "") -> str:
        value = _cleaned(section.get(name, ""))
        if not value:
            raise ConfigError(f"{self.path} has no {name} in section [{section.name}]{hint}.")
        if is_placeholder(value):
            raise ConfigError(f"{name} in section [{section.name}] of {self.path} is an example's placeholder{hint}.")
        if not value.isascii() or not value.isprintable() or " " in value:
            # Kite's socket address carries both unescaped (kite.md 1.1).
            raise ConfigError(
                f"{name} in section [{section.name}] of {self.path} holds a character that can't be right."
            )
        return value


def _what_is_wrong(exc: configparser.Error | UnicodeDecodeError) -> str:
    """Say which line is wrong and how, in words that quote none of it."""
    match exc:
        case configparser.DuplicateOptionError(lineno=line, option=name):
            return f"line {line} gives {name if name in _NAMES else 'a name'} a second time"
        case configparser.DuplicateSectionError(lineno=line):
            return f"line {line} begins a section that is there already"
        case configparser.MissingSectionHeaderError(lineno=line):
            return f"line {line} stands before any [section]"
        case configparser.ParsingError(errors=[(line, _), *_]):
            return f"line {line} is neither a [section] nor a name = value"
        case UnicodeDecodeError():
            return "it is no UTF-8 text"
        case _:
            return type(exc).__name__


def _cleaned(value: str) -> str:
    """Return the value without blanks around it and without one pair of quotes, which people like to write."""
    stripped = value.strip()
    for mark in ('"', "'"):
        if len(stripped) > 1 and stripped.startswith(mark) and stripped.endswith(mark):
            return stripped[1:-1].strip()
    return stripped
