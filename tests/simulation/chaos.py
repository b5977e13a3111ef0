"""What can go wrong in a simulated day, and how often. Each kind draws from its own stream of random numbers.

So one kind can be switched off without changing what the others do: that is how a failing run is made small.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tg1.paper.faults import Fault, FaultKind

NETWORK: dict[str, Fault | None] = {
    "not-sent": None,
    "lost-before": Fault(kind=FaultKind.TIMEOUT, when="before"),
    "lost-after": Fault(kind=FaultKind.TIMEOUT, when="after"),
    "reset-before": Fault(kind=FaultKind.RESET, when="before"),
    "reset-after": Fault(kind=FaultKind.RESET, when="after"),
    "html-before": Fault(kind=FaultKind.HTML, when="before"),
    "html-after": Fault(kind=FaultKind.HTML, when="after"),
    "json-500-before": Fault(kind=FaultKind.JSON_ERROR, when="before"),
    "json-500-after": Fault(kind=FaultKind.JSON_ERROR, when="after"),
    "garbage-after": Fault(kind=FaultKind.GARBAGE, when="after", text="<<<"),
    "truncated": Fault(kind=FaultKind.TRUNCATED),
    "no-order-id": Fault(kind=FaultKind.NO_ORDER_ID),
    "no-identifier": Fault(kind=FaultKind.NO_IDENTIFIER),
    "rate-flat": Fault(kind=FaultKind.RATE_FLAT),
    "rate-nested": Fault(kind=FaultKind.RATE_NESTED),
    "dead-token-400": Fault(kind=FaultKind.DEAD_TOKEN, status=400),
    "dead-token-200": Fault(kind=FaultKind.DEAD_TOKEN, status=200),
    "foreign-login": Fault(kind=FaultKind.KILL_TOKEN, when="before"),
    "foreign-login-after": Fault(kind=FaultKind.KILL_TOKEN, when="after"),
    "hidden-order": Fault(kind=FaultKind.HIDE, secs=3.0),
    "rms-rejection": Fault(kind=FaultKind.REJECT, text="OEMS:RMS : Margin Exceeds :  - Set Limit:[0]"),
    "cancel-lost-to-fill": Fault(kind=FaultKind.CANCEL_LOST),
    "cancel-ignored": Fault(kind=FaultKind.CANCEL_IGNORED),
    "empty-book": Fault(kind=FaultKind.EMPTY_BOOK),
    "stale-book": Fault(kind=FaultKind.STALE_BOOK),
}
"""Faults of one request; None never leaves the machine."""

REFUSALS = ("refused-cancel",)
REFUSED = Fault(kind=FaultKind.JSON_ERROR, status=400, code="e-orders-0010", text="Order is being squared off")
"""A cancel that the broker refuses outright, because it is about to cancel the order itself."""
RATED = ("rate-403",)
RATED_403 = Fault(kind=FaultKind.JSON_ERROR, when="before", status=403, code="e-apirl-0004", text="Too many requests")
"""A limiter that speaks under the status of a dead session: a login would not help (xts.md 4.4)."""
HELD_UP = ("held-up-order",)
"""A hedge that nobody answered for works a while after its bot has given it up (`late_orders.py`)."""
UNANSWERED = Fault(kind=FaultKind.TIMEOUT, when="before")
SLOW = ("slow-book",)
"""An order that nobody answered for is late in the book, too (`slow_books.py`)."""
SLOW_AVERAGES = ("slow-average",)
LYING_BOOKS = ("hidden-order", "empty-book", "stale-book")
"""Faults after which a book does not show what it should."""
MARKET = (
    "gap",
    "flat",
    "partial-fill",
    "partial-fill-then-cancel",
    "filled-by-hand",
    "broker-cancel",
    "square-off",
    "foreign-order",
    "halt",
    "blank-books",
    "partial-books",
    "strange-words",
    "suspend",
    "late-averages",
)
MORNING = ("open-gap",)
TICKS = ("new-ticks",)
OPERATOR = ("restored-backup", "flatten")
"""What whoever runs the bot does to it, after it died."""
FEED = ("feed-silent", "feed-heartbeats-only", "feed-drop", "feed-quiet-reconnect")
DEAD_WORDS = ("Session expired", "You have been logged out by another user.", "Please login again")
"""Words of a dead session that no list of ours knows (behaviour 11.1)."""
MACHINE = ("clock-jump", "disk-ENOSPC", "disk-EIO", "disk-EACCES")
DEATHS = ("killed", "power-cut")
ALL_KINDS = (
    *NETWORK,
    *REFUSALS,
    *SLOW,
    *SLOW_AVERAGES,
    *HELD_UP,
    *MARKET,
    *MORNING,
    *RATED,
    *TICKS,
    *FEED,
    *MACHINE,
    *DEATHS,
    *OPERATOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How rough a run is: chances per request, per market move, per file step and per step of any kind."""

    network: float
    storm: float
    """Chance per request that a storm begins, in which every tenth request fails for a minute."""
    market: float
    disk: float
    deaths_per_step: float
    dirty_rows: bool = True


CALM = Weather(network=0.002, storm=0.0, market=0.002, disk=0.0, deaths_per_step=0.00002)
ROUGH = Weather(network=0.02, storm=0.0005, market=0.01, disk=0.001, deaths_per_step=0.0002)
HELL = Weather(network=0.08, storm=0.002, market=0.03, disk=0.01, deaths_per_step=0.0015)


@dataclass
class Chaos:
    """Draws faults by seed; counts what it injected."""

    seed: int | str
    weather: Weather
    enabled: frozenset[str] = frozenset(ALL_KINDS)
    injected: Counter[str] = field(default_factory=Counter)
    quiet: bool = False
    """True while an invariant wants an undisturbed look."""
    _streams: dict[str, Random] = field(default_factory=dict)

    def stream(self, name: str) -> Random:
        """The random numbers of one purpose."""
        if name not in self._streams:
            self._streams[name] = Random(f"{self.seed}:{name}")
        return self._streams[name]

    def strikes(self, group: str, chance: float) -> bool:
        """Draw once from a group's stream, quiet or not, so that switching things off moves nothing else."""
        return self.stream(group).random() < chance and not self.quiet

    def pick(self, group: str, kinds: tuple[str, ...]) -> str:
        """One kind of a group; empty when the one drawn is switched off."""
        kind = self.stream(group).choice(kinds)
        if kind not in self.enabled:
            return ""
        self.injected[kind] += 1
        return kind
