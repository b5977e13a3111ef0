"""What a bot tells of itself, as values: the snapshot of a cycle, `state/NAME_status.json`. PURE.

Rupees are `Decimal` with two decimals, quantities are shares, times are aware and in IST. What is not known is None,
never 0. A newer TG1 may tell more; what a reader does not know, it leaves out (`tg1.told.codec`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from tg1.models import Attention, LevelState, OrderType, Role, Side, Status, TradeSide, TradeType

PROGRAM = "1.0.0"
"""This TG1, as pyproject.toml has it."""

BLIND_SECS = 30.0
"""A stale price and an unread book need a person from then on."""


class Phase(StrEnum):
    """What the bot's process is about."""

    STARTING = "starting"
    """Logging in, waiting for prices, settling what happened meanwhile: no order is placed yet."""
    WAITING = "waiting"
    """For the session's open."""
    TRADING = "trading"
    STOPPING = "stopping"
    """Cancelling and confirming; whatever ends the bot."""
    ENDED = "ended"
    """The process has said its last word: `end` tells how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldProcess:
    """Which process wrote it. A pid given away again has another birth."""

    pid: int
    birth: str
    """Its start in clock ticks since the boot; empty where the system has no /proc."""
    boot_id: str
    """Seconds since the boot compare within one boot only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEnd:
    """How a process ended."""

    exit_code: int
    """Of behaviour 14."""
    why: str
    """A sentence."""
    is_crash: bool = False
    """True for an end that nobody asked for and no rule knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPrice:
    """The last price of a symbol as the bot saw it."""

    symbol: str
    price: Decimal | None
    age_secs: float | None
    """Since the tick arrived, when the snapshot was written."""
    stale: bool
    """True when the bot decides nothing on it (behaviour 10.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLevel:
    """One level of the grid."""

    level: int
    """1 is next to the centre."""
    trade_side: TradeSide
    state: LevelState
    entry_price: Decimal
    target_price: Decimal
    hedge_price: Decimal | None
    """TokenB's price at which the hedge is due; None without a hedge or while its price waits for TokenB's."""
    entry_quantity: int
    """Shares of an entry order of this level."""
    open_quantity: int
    """TokenA shares that its entry opened and no target closed."""
    hedge_quantity: int
    """TokenB shares of a whole hedge."""
    hedge_filled: int
    """TokenB shares that its hedge has filled."""
    hedge_state: str
    """"pending", "waits", "works", "cancel", "?", "paused", "filled", or empty where none is due."""
    paused: bool
    """True while its entries are off: five rejections in a row, or the operator's pause of this side."""
    note: str
    """Why it pauses or backs off; empty when it does not."""

    @property
    def name(self) -> str:
        """Its half's letter and its number, e.g. "B3"."""
        return self.trade_side.named(self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldOrder:
    """An order of the bot that works or may work."""

    level: str
    """Name of its level, e.g. "B3"; empty for an order of a square-off."""
    role: Role
    account: str
    order_id: str
    """AppOrderID; empty while nobody knows whether the order exists."""
    client_id: str
    side: Side
    symbol: str
    quantity: int
    filled_quantity: int
    order_type: OrderType
    limit_price: Decimal
    trigger_price: Decimal | None
    placed_at: datetime | None
    cancel_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMoney:
    """The bot's money (behaviour 15). `net` is the trader's number, None while a price that it needs is missing."""

    net: Decimal | None
    realised: Decimal
    open_a: Decimal | None
    """What open TokenA shares have won at the last price."""
    open_b: Decimal | None
    """What TokenB shares of hedges have won at the last price."""
    squared_off: Decimal
    """An estimate of what the broker's own square-off made of positions that were left to it."""
    charges: Decimal
    """What everything executed so far cost; to be taken away."""
    is_current: bool
    """True when `net` rests on fresh prices of all that is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPosition:
    """What one account holds of one symbol through this bot."""

    account: str
    symbol: str
    quantity: int
    """Signed: below 0 when more is sold than bought."""
    average: Decimal | None
    """None when it is flat."""
    last: Decimal | None
    gain: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAccount:
    """How well the bot sees one of its accounts."""

    name: str
    books_read: int
    """Since the process began."""
    books_refused: int
    """Reads that failed, rate limits included."""
    good_age_secs: float | None
    """Since its book was last read whole; None before that, and not counted while nothing of ours works there."""
    orders_expected: int
    """Orders of ours that must be in its book."""
    orders_seen: int
    """Those of them that its last book showed."""
    is_blank: bool
    """Its book shows no row at all although it must: it counts as unread (behaviour 4.4)."""
    fault: str
    """Why the last read failed; empty when it worked, and while nothing of ours can be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFeed:
    """The price feed's own health (`tg1.kite.feed_values.FeedHealth`)."""

    phase: str
    stalled: bool
    silent_secs: float | None
    connections: int
    rebuilds: int
    callback_errors: int
    malformed: int
    ignored_ticks: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSaves:
    """How the state file is doing."""

    count: int
    """Saves that wrote something, since the process began."""
    p50_ms: float | None
    p99_ms: float | None
    """Of the last thousand of them; None before the first."""
    fault: str
    """Why the last save failed: nothing is placed until one works. Empty when it worked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A bot at the end of one cycle, or at a turn of its life."""

    name: str
    program: str
    """TG1's version."""
    process: ToldProcess
    run: str
    """Names this life of the bot; events carry the same."""
    is_paper: bool
    written_at: datetime
    written_boot_secs: float
    """Seconds since the boot, asleep or awake: ages are reckoned from it."""
    cycle: int
    """0 before the first."""
    poll_interval_secs: float
    phase: Phase
    status: Status
    """The state's own; "Active" for a bot that has none yet."""
    waits_for: str
    """What it waits for, in words: the open, a login's back-off; empty when it does not."""
    end: ToldEnd | None
    """None until the process ends."""
    trading_day: date | None
    session_ends_at: datetime | None
    """When it cancels and ends; None when it never does by itself."""
    trade_type: TradeType
    product_type: str
    token_a: str
    token_b: str
    """Empty without a hedge."""
    centre: Decimal | None
    steps: int
    prices: tuple[ToldPrice, ...]
    levels: tuple[ToldLevel, ...]
    """Highest entry price first."""
    orders: tuple[ToldOrder, ...]
    bought_quantity: int
    sold_quantity: int
    """TokenA shares that entries opened and no target closed, per half of the grid."""
    max_quantity: int
    """Shares of a half at which new entries pause by rule."""
    max_quantity_reached: bool
    hedged_buys: int
    hedged_sells: int
    """Levels per half that a hedge has closed; at `steps` of one half the bot ends."""
    paused: tuple[Side, ...]
    """Sides whose entries the operator has paused."""
    pause_seen: str
    """Id of the operator's last request that the bot has carried out; empty before the first."""
    money: ToldMoney | None
    """None before there is a state."""
    positions: tuple[ToldPosition, ...]
    accounts: tuple[ToldAccount, ...]
    feed: ToldFeed | None
    """None for a feed that does not tell."""
    saves: ToldSaves
    attention: tuple[Attention, ...]
    losing: str
    """Why the grid's round trips lose money; empty when they pay."""
    held_at: datetime | None = None
    """When orders, money and what is held were known last; None when this snapshot's own look told them."""
    earlier: str = ""
    """How the life before this start ended, where that needs a person; empty from the first cycle on."""
    stop: str = ""
    """The command of the emergency stop that wrote this; empty when the bot itself did."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Which way the entries of this grid go."""
        return tuple(half.entry_direction for half in self.trade_type.trade_sides)

    @property
    def is_paused(self) -> bool:
        """True when the operator's pause leaves no entry to be placed."""
        return bool(self.paused) and set(self.sides) <= set(self.paused)
