"""The door through which every configured value comes in: text and numbers become checked types, or a `ConfigError`.

PURE. Whatever Python's own constructors accept beyond plain notation ("1_000", "٣", "1e400", "inf", True) is refused: a
number that a trader would not write on an order slip is a mistake.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tg1.errors import ConfigError
from tg1.machine.hosts import is_host, is_loopback
from tg1.models import OcoOrderType, TradeType

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_LONGEST_NUMBER = 30
_LONGEST_SHOWN = 60
_SECURE_SCHEMES = {"https": "http", "wss": "ws"}


def shown(value: object) -> str:
    """Return a value as an error sentence may quote it: one line, cut to 60 characters, quoted when it is odd."""
    text = str(value)
    if not text or not text.isprintable() or text != text.strip():
        text = repr(text)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def to_decimal(flag: str, value: object) -> Decimal:
    """Return an exact number by its decimal notation, so that the float 0.1 is a tenth. Raises `ConfigError`."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ConfigError(f"{flag} {value} is not a finite number.")
        return value
    return Decimal(_numeral(flag, value, _DECIMAL, "a plain decimal number such as 49.50"))


def to_optional_decimal(flag: str, value: object) -> Decimal | None:
    """Return an exact number, or None when none is configured. Raises `ConfigError`."""
    return None if value is None else to_decimal(flag, value)


def to_float(flag: str, value: object) -> float:
    """Return a finite number of seconds or a factor. Raises `ConfigError`."""
    return float(to_decimal(flag, value))


def to_int(flag: str, value: object) -> int:
    """Return a whole number; "2.5" and "2.0" are refused. Raises `ConfigError`."""
    return int(_numeral(flag, value, _INTEGER, "a whole number"))


def _numeral(flag: str, value: object, pattern: re.Pattern[str], what: str) -> str:
    if isinstance(value, float) and math.isfinite(value):
        text = format(Decimal(str(value)), "f")
    else:
        text = "" if isinstance(value, bool) else str(value).strip(" ")
    if not pattern.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise ConfigError(f"{flag} {shown(value)} is not {what}.")
    return text


def to_text(_flag: str, value: object) -> str:
    """Return the text as it is."""
    return str(value)


def to_flag(flag: str, value: object) -> bool:
    """Return a switch; anything but True and False is refused, for "False" would be true. Raises `ConfigError`."""
    if not isinstance(value, bool):
        raise ConfigError(f"{flag} {shown(value)} is a switch and takes only True or False here.")
    return value


def to_optional_time(flag: str, value: object) -> time | None:
    """Return an IST time of day from HH:MM, or None when none is configured. Raises `ConfigError`."""
    if value is None or isinstance(value, time):
        return value
    match = _CLOCK.fullmatch(str(value))
    if match:
        hour, minute = int(match[1]), int(match[2])
        if hour < 24 and minute < 60:  # noqa: PLR2004  # a day's hours and an hour's minutes need no name
            return time(hour, minute)
    raise ConfigError(f"{flag} {shown(value)} is not a time of day in the form HH:MM.")


def to_days(flag: str, value: object) -> tuple[date, ...]:
    """Return calendar days from dates or texts in the form YYYY-MM-DD, sorted and each once. Raises `ConfigError`."""
    given = [value] if isinstance(value, str | date) else value
    if not isinstance(given, Iterable):
        raise ConfigError(f"{flag} {shown(value)} is not a list of days.")
    return tuple(sorted({_to_day(flag, one) for one in given}))


def _to_day(flag: str, value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value) if _DAY.fullmatch(str(value)) else "")
    except ValueError as error:
        raise ConfigError(f"{flag} {shown(value)} is not a day in the form YYYY-MM-DD.") from error


def _to_member(kind: type[StrEnum]) -> Callable[[str, object], Any]:
    def convert(flag: str, value: object) -> StrEnum:
        for member in kind:
            if value == member.value:
                return member
        raise ConfigError(f"{flag} {shown(value)} is not one of {', '.join(kind)}.")

    return convert


to_trade_type = _to_member(TradeType)
to_oco_order_type = _to_member(OcoOrderType)


def to_root(flag: str, value: object, scheme: str) -> str:
    """Return `scheme://host[:port]` of a server (behaviour 11.4).

    `scheme` is "https" or "wss" and is the default; its plain form is accepted for loopback addresses only, because
    credentials go over it. Raises `ConfigError`.
    """
    text = str(value).strip()
    plain = _SECURE_SCHEMES[scheme]
    wrong = f"{flag} {shown(_without_login(text))} is not a host, {scheme}://host[:port] or {plain}://127.0.0.1:port."
    try:
        parts = urlsplit(text if "://" in text else f"{scheme}://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(wrong) from error
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in (scheme, plain) or extra or port == 0 or not is_host(host):
        raise ConfigError(wrong)
    if parts.scheme == plain and not is_loopback(host):
        raise ConfigError(f"{flag} {shown(text)} would send credentials unencrypted: use {scheme}://.")
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def _without_login(text: str) -> str:
    return re.sub(r"[^/]*@", "…@", text)
