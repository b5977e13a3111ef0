"""What a record holds, as values: starts, cycles and ends of one bot. PURE.

Instants within a cycle are whole microseconds before or after its moment, which is the one look at clock and prices
that all its decisions share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import BotState, OrderRequest, OrderStatus
    from tg1.told.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A start, or the first cycle of another day: everything that the cycles after it stand on."""

    at: datetime
    """Aware, IST."""
    tg1: str
    """Version of TG1."""
    settings: Mapping[str, object]
    """By the names of the fields of `GridOcoConfig`, as text, list of texts or switch; nothing secret among them."""
    accounts: tuple[str, str, str]
    """Names of the accounts that trade TokenA, hedge SELL entries and hedge BUY entries; shared ones have one name.

    A bot without hedges has the first one's name three times.
    """
    tick_sizes: Mapping[str, Decimal]
    """Of each symbol in rupees, TokenA's first."""
    state: BotState
    """As the first cycle found it, but for its history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One price as it came in."""

    before_us: int
    """Before the moment of the cycle that it stands in."""
    symbol: str
    price: Decimal
    """Rupees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One order that was sent, and what the answer was."""

    after_us: int
    """When the answer was there."""
    account: str
    request: OrderRequest
    order_id: str = ""
    """AppOrderID; empty when it was refused, or when nobody knows."""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One cancel that was asked for."""

    after_us: int
    account: str
    client_id: str
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One of our orders as a book showed it, when it had changed."""

    account: str
    client_id: str
    order_id: str
    status: OrderStatus
    filled: int
    average: Decimal | None
    """Rupees; None before a fill."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One cycle."""

    at: datetime
    """Its moment, aware, IST."""
    read_us: int
    """How long before it the last of its books was there; 0 when none was read."""
    price_a: Decimal | None
    price_b: Decimal | None
    """Rupees as the engine saw them; None when stale or missing (behaviour 10.2)."""
    ticks: tuple[Tick, ...] = ()
    """Since the cycle before, oldest first."""
    sent: tuple[Sent, ...] = ()
    asked: tuple[Asked, ...] = ()
    rows: tuple[Row, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    """Why the books of these accounts could not be read."""
    events: tuple[Event, ...] = ()
    """What was told of it beside orders and fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended."""

    at: datetime
    why: str
    exit_code: int


Entry = Begun | Cycle | Ended
