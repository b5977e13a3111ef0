"""What happened to a bot, as values: one line each in `state/NAME_events.jsonl`. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tg1.models import Role, Side


class EventKind(StrEnum):
    """What sort of thing happened."""

    STARTED = "started"
    TRADING = "trading"
    """The first cycle begins."""
    PLACED = "placed"
    """An order was accepted, or its answer is not known (the text says which)."""
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    """An order ended without being filled whole, whoever ended it."""
    FILL = "fill"
    ROUND_TRIP = "round_trip"
    """A level's trip is over: target or hedge filled. `net` is what it came to."""
    HEDGE_PASSED = "hedge_passed"
    """TokenB's price has passed a hedge's and the hedge has not filled."""
    ATTENTION = "attention"
    ATTENTION_OVER = "attention_over"
    PRICE_STALE = "price_stale"
    PRICE_FRESH = "price_fresh"
    ACCOUNT_BLIND = "account_blind"
    ACCOUNT_SEEN = "account_seen"
    SAVE_FAILING = "save_failing"
    SAVE_OK = "save_ok"
    PAUSED = "paused"
    RESUMED = "resumed"
    SESSION_END = "session_end"
    TERMINATED = "terminated"
    COMPLETED = "completed"
    STOPPING = "stopping"
    """An emergency stop began: a process of its own, that tells from here on."""
    STOPPED = "stopped"
    REFUSED = "refused"
    """A start that was not made: unreachable, state refused."""
    CRASHED = "crashed"
    OTHER = "other"
    """Of a newer TG1, in words that this one does not know: its text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. `run` and `seq` name it: no other event ever has both."""

    run: str
    """The life of the bot that it belongs to, as in the snapshot."""
    seq: int
    """1, 2, 3 … within the run."""
    at: datetime
    """Aware, IST."""
    bot: str
    kind: EventKind
    text: str
    """One sentence for a person, without the bot's name."""
    cycle: int = 0
    level: str = ""
    """Name of the level, e.g. "B3"; empty where none is concerned."""
    role: Role | None = None
    account: str = ""
    symbol: str = ""
    side: Side | None = None
    quantity: int | None = None
    """Shares: of the order, or of this fill."""
    price: Decimal | None = None
    """Rupees: of the order, or the average of this fill."""
    net: Decimal | None = None
    """Rupees: of the round trip, or of the bot at an end; None when not known."""
    order_id: str = ""
    client_id: str = ""
    key: str = ""
    """Of an attention entry, so that its end can be matched."""

    @property
    def id(self) -> str:
        """The same for every reading of this event, and for no other."""
        return f"{self.run}:{self.seq}"
