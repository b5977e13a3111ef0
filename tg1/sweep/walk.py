"""Walk-forward: the first days on which is chosen, the rest on which is judged. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from tg1.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL_PART = Decimal("0.6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """How many of the days are the first part: exactly one of the three is given."""

    part: Decimal | None = None
    """Above 0 and below 1."""
    days: int | None = None
    until: date | None = None
    """The last day of the first part."""
    is_default: bool = False
    """True when nobody asked for it: then a single day is no mistake."""


def train_of(text: str | None) -> Train:
    """What `--train` says. Raises `ConfigError`."""
    if text is None:
        return Train(part=USUAL_PART, is_default=True)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return Train(until=date.fromisoformat(text))
        except ValueError as exc:
            raise ConfigError(f"--train {text} is no day of the calendar.") from exc
    if re.fullmatch(r"[1-9][0-9]{0,5}", text):
        return Train(days=int(text))
    if re.fullmatch(r"0?\.[0-9]{1,9}", text) and (part := Decimal(text)) > 0:
        return Train(part=part)
    raise ConfigError(
        f"--train {text[:40]!r} is neither a part of the days such as 0.6, nor a number of days, nor a date."
    )


def first_part(days: Sequence[date], train: Train) -> int:
    """How many days are chosen on; the others, if there are any, are judged on.

    Raises `ConfigError` when somebody asked for a split that leaves a part without days.
    """
    if train.is_default and len(days) == 1:
        return 1
    count = _count(days, train)
    if not 0 < count < len(days):
        empty = "first part has no day to choose on" if count <= 0 else "rest has no day to judge on"
        raise ConfigError(f"--train leaves {count} of {len(days)} days ({days[0]} to {days[-1]}): the {empty}.")
    return count


def _count(days: Sequence[date], train: Train) -> int:
    if train.until is not None:
        return sum(day <= train.until for day in days)
    if train.days is not None:
        return train.days
    part = USUAL_PART if train.part is None else train.part
    rounded = int((part * len(days)).to_integral_value(ROUND_HALF_UP))
    return min(max(rounded, 1), len(days) - 1) if len(days) > 1 else rounded
