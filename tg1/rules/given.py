"""What every decision is given besides the levels: the bot's rules and the cycle's moment. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import OcoOrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the command line and the day's instruments have settled for the whole run."""

    token_a_symbol: str
    token_b_symbol: str
    has_oco: bool
    auto_reenter: bool
    oco_spread: Decimal
    """Rupees."""
    oco_order_type: OcoOrderType
    oco_limit_offset: Decimal
    """Percent of the OCO price (behaviour 6.1)."""
    tick_a: Decimal
    tick_b: Decimal
    """Rupees, from the day's dump (behaviour 1.2)."""
    new_uuid: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The one look at clock and prices that all decisions of a cycle share.

    It is taken right after the books were read: a fill that they show is priced as of when it was seen (behaviour
    5.3), and no decision rests on a price that is older than the books.
    """

    now: datetime
    """Aware, IST."""
    monotonic: float
    """Seconds of a clock that never runs back, for waits of seconds."""
    price_a: Decimal | None
    price_b: Decimal | None
    """Rupees; None when stale or missing (behaviour 10.2)."""
