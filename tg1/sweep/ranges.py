"""Several values where the bot's flag takes one: `1`, `0.5,1,2`, `0.5:3:0.5`, or these mixed. PURE."""

from __future__ import annotations

from decimal import Decimal

from tg1.errors import ConfigError
from tg1.settings.values import shown, to_decimal, to_int

MOST_VALUES = 10_000
"""Of one flag; more is a slip of the pen."""
_BEGIN_END_STEP = 3


def numbers(flag: str, text: str, *, whole: bool) -> tuple[str, ...]:
    """The values of a flag as the bot would be told them, rising where a range rises, each once.

    A range is `BEGIN:END:STEP` and holds its end when a step meets it; without a step, whole numbers go one by one.
    Raises `ConfigError`.
    """
    found = [value for part in _parts(flag, text) for value in _range(flag, part, whole=whole)]
    return tuple(dict.fromkeys(format(value.normalize(), "f") for value in found))


def words(flag: str, text: str) -> tuple[str, ...]:
    """The words of a comma list, each once. Raises `ConfigError`."""
    return tuple(dict.fromkeys(_parts(flag, text)))


def _parts(flag: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise ConfigError(f"{flag} {shown(text)} has nothing before or after a comma.")
    return parts


def _range(flag: str, part: str, *, whole: bool) -> list[Decimal]:
    cells = part.split(":")
    values = [_number(flag, cell, whole=whole) for cell in cells]
    if len(cells) == 1:
        return values
    if len(cells) == _BEGIN_END_STEP - 1 and whole:
        values.append(Decimal(1))
    if len(values) != _BEGIN_END_STEP:
        raise ConfigError(f"{flag} {shown(part)} is no range: write it as BEGIN:END:STEP, for example 0.5:3:0.5.")
    begin, end, step = values
    if step <= 0:
        raise ConfigError(f"{flag} {shown(part)} has the step {step}: it must be above 0.")
    if end < begin:
        raise ConfigError(f"{flag} {shown(part)} ends below its beginning.")
    count = int((end - begin) / step) + 1
    if count > MOST_VALUES:
        raise ConfigError(f"{flag} {shown(part)} has {count:,} values; at most {MOST_VALUES:,} are taken.")
    return [begin + number * step for number in range(count)]


def _number(flag: str, text: str, *, whole: bool) -> Decimal:
    return Decimal(to_int(flag, text)) if whole else to_decimal(flag, text)
