"""The nouns of TG1: sides, roles, levels, orders and what a broker's book says.

Prices are `Decimal` rupees, quantities are shares, times are aware and in IST. The values are frozen: a level
changes by `dataclasses.replace`, so a half-made change can never be saved.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

ZERO = Decimal(0)
PAISA = Decimal("0.01")
"""No NSE price is finer; an instrument's own tick is often coarser."""


class Side(StrEnum):
    """Which way an order goes, in the spelling that XTS enforces (xts.md 1.5)."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """The side that undoes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1


class TradeSide(StrEnum):
    """The half of the grid that a level belongs to; it also names the OCO account (architecture 10)."""

    UPSIDE = "upside"
    DOWNSIDE = "downside"

    @property
    def entry_direction(self) -> Side:
        """SELL above the centre, BUY below it."""
        return Side.SELL if self is TradeSide.UPSIDE else Side.BUY

    def named(self, level: int) -> str:
        """The name of a level, e.g. "B3" for the third BUY level."""
        return f"{self.entry_direction[0]}{level}"


class TradeType(StrEnum):
    """Which halves of the grid are active and whether entries are hedged (architecture 5)."""

    GRIDOCOTS = "gridocots"
    BUYOCOTS = "buyocots"
    SELLOCOTS = "sellocots"
    BUYTS = "buyts"
    SELLTS = "sellts"

    @property
    def has_oco(self) -> bool:
        """True when entries are hedged on TokenB."""
        return self not in (TradeType.BUYTS, TradeType.SELLTS)

    @property
    def trade_sides(self) -> tuple[TradeSide, ...]:
        """The active halves, downside first."""
        if self is TradeType.GRIDOCOTS:
            return (TradeSide.DOWNSIDE, TradeSide.UPSIDE)
        if self in (TradeType.BUYOCOTS, TradeType.BUYTS):
            return (TradeSide.DOWNSIDE,)
        return (TradeSide.UPSIDE,)


class OrderSide(StrEnum):
    """Architecture's `order_side`: which half of its round trip a level is in."""

    ENTRY = "entry"
    TARGET = "target"


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "entry"
    TARGET = "target"
    OCO = "oco"
    CLOSE = "close"
    """Of a square-off; belongs to no level (behaviour 13)."""

    @property
    def word(self) -> str:
        """As a trader reads it."""
        return "hedge" if self is Role.OCO else self.value


class OrderType(StrEnum):
    """The only two order types that TG1 sends (behaviour 6.4), in XTS's request spelling."""

    LIMIT = "LIMIT"
    STOPLIMIT = "STOPLIMIT"


class OcoOrderType(StrEnum):
    """How an OCO order rests in the market (behaviour 6.1, 6.2)."""

    STOP_LIMIT = "stop-limit"
    LIMIT = "limit"


class OrderStatus(StrEnum):
    """A broker's order status, reduced to what decisions need (behaviour 4.2)."""

    PENDING = "pending"
    """Accepted by the gateway, not yet acknowledged by RMS and exchange (PendingNew). Working."""
    WORKING = "working"
    """At the exchange and able to fill; PendingCancel and any word that we don't know count as this."""
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """True when nothing more can happen to the order."""
        return self in (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED)


class LevelState(StrEnum):
    """Where a level stands (architecture 6). Derived from its fields, never stored."""

    FRESH = "FRESH"
    """Waiting for its entry to be placed."""
    ENTRY_PLACED = "ENTRY_PLACED"
    """The entry is working, or its placement is in doubt."""
    TARGET_READY = "TARGET_READY"
    """The entry filled; the target waits to be placed."""
    TARGET_PLACED = "TARGET_PLACED"
    """The target is working, or its placement is in doubt."""
    TARGET_FILLED = "TARGET_FILLED"
    """The target filled; the level waits for its OCO order's final word before it is reset (behaviour 4.6)."""
    OCO_FILLED = "OCO_FILLED"
    """The hedge filled: permanently closed; its target, if still working, is being cancelled."""
    CLOSED = "CLOSED"
    """Closed for good: `--no-reenter` after its round trip, or both sides filled (behaviour 1.5, 6.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One row of an exchange's instrument dump of the day (kite.md 2.2)."""

    symbol: str
    exchange: str
    exchange_token: int
    """The exchange's own number, which XTS calls exchangeInstrumentID."""
    instrument_token: int
    """Zerodha's number, which the ticker speaks; exchange_token * 256 + segment (kite.md 2.2)."""
    tick_size: Decimal
    """Rupees; 0 for indices, which can't be traded."""
    lot_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The last price of one symbol as the feed knows it."""

    symbol: str
    price: Decimal
    """Rupees."""
    age_secs: float
    """Seconds since the tick arrived (LTP packets carry no time of their own, kite.md 0.3)."""
    fresh: bool
    """Behaviour 10.1: the connection shows life, and the tick came after the last (re)connect."""
    cached: bool = False
    """True while the only tick since the subscription is the answer to it: maybe yesterday's close (behaviour 1.4)."""
    steps: tuple[tuple[float, Decimal], ...] = field(default=(), compare=False, repr=False)
    """The last changes of the price on this connection, oldest first: how many seconds ago, and rupees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What an order says to the market; it is good for the day and has no id yet."""

    symbol: str
    side: Side
    quantity: int
    """Shares."""
    order_type: OrderType
    limit_price: Decimal
    """Rupees, on tick."""
    trigger_price: Decimal | None = None
    """Rupees, on tick; only for STOPLIMIT."""

    @property
    def shown_price(self) -> Decimal:
        """The price that a person knows the order by: its trigger, or its limit when it has none."""
        return self.trigger_price or self.limit_price


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPrice:
    """A price that a bot has seen and keeps, for when there is no feed to ask."""

    symbol: str
    price: Decimal
    """Rupees."""
    at: datetime
    """Aware, IST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest(OrderTerms):
    """What is asked of a broker: terms under a client order id."""

    client_id: str
    """At most 16 characters [A-Za-z0-9]; goes into `orderUniqueIdentifier` (behaviour 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """One row of an account's order book, cleaned (behaviour 4.3). Fields that were unreadable are None or empty."""

    order_id: str
    """AppOrderID as text."""
    client_id: str
    """OrderUniqueIdentifier; empty for orders that carry none."""
    status: OrderStatus
    raw_status: str
    side: Side | None
    quantity: int | None
    filled_quantity: int | None
    """CumulativeQuantity; None when the row did not hold a number."""
    average_price: Decimal | None
    """Average traded price in rupees; None before a fill and when empty, "NaN" or 0."""
    limit_price: Decimal | None
    reason: str = ""
    """CancelRejectReason, cut to 256 characters."""
    symbol: str = ""
    """TradingSymbol as the broker writes it; for the operator's eyes only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """One row of an account's net positions, cleaned (xts.md 2.9): one instrument in one product."""

    symbol: str
    """TradingSymbol as the broker writes it."""
    segment: str
    """E.g. "NSECM"; BSE's share of the same name is another row."""
    instrument_id: int | None
    """The exchange's own number, `Instrument.exchange_token`."""
    product_type: str
    """MIS, CNC or NRML; upper case."""
    quantity: int | None
    """Shares, negative when short; None when the row did not hold a whole number."""
    buy_average: Decimal | None = None
    """Rupees; None without a purchase."""
    sell_average: Decimal | None = None
    """Rupees; None without a sale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerTrade:
    """One execution of an order, cleaned (xts.md 2.8)."""

    order_id: str
    client_id: str
    symbol: str
    segment: str
    instrument_id: int | None
    side: Side | None
    quantity: int | None
    """Shares of this execution."""
    price: Decimal | None
    """Rupees per share."""
    traded_at: str = ""
    """The exchange's wall time, "2026-02-04 13:45:23" in IST, so that texts sort as times; empty when unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account may spend, in rupees; None where the server gave no number (xts.md 2.11)."""

    cash: Decimal | None
    margin_available: Decimal | None
    """Net of what is used: what the next order may take."""
    margin_used: Decimal | None
    collateral: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegOrder(OrderRequest):
    """One order of ours, from the intent on disk to its final status."""

    role: Role
    order_id: str | None = None
    """AppOrderID; None while it is an intent whose outcome is not known (behaviour 3.2)."""
    filled_quantity: int = 0
    """Shares of this order that are already booked (behaviour 3.5)."""
    filled_value: Decimal = ZERO
    """Rupees of this order that are already booked."""
    acknowledged: bool = False
    """True once the book showed it beyond PendingNew."""
    placed_at: datetime | None = None
    """When its intent was written; None in a state of an earlier TG1."""
    first_fill_at: datetime | None = None
    last_fill_at: datetime | None = None
    """When its first and its latest fill were seen; None before, and in a state of an earlier TG1."""
    cancel_sent: bool = False
    """A cancel request was accepted; the book has the last word (behaviour 4.6)."""

    @property
    def in_doubt(self) -> bool:
        """True while nobody knows whether the order exists."""
        return self.order_id is None

    @property
    def remaining(self) -> int:
        """Shares not yet filled."""
        return self.quantity - self.filled_quantity

    @classmethod
    def intent(cls, terms: OrderTerms, *, role: Role, client_id: str, placed_at: datetime) -> LegOrder:
        """An order that is about to be asked for."""
        said = {item.name: getattr(terms, item.name) for item in fields(OrderTerms)}
        return cls(role=role, client_id=client_id, placed_at=placed_at, **said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often in a row orders of one leg were rejected, and when the next may go (behaviour 8)."""

    rejections: int = 0
    retry_at: datetime | None = None
    paused: bool = False
    """True for an entry after five in a row; only `--clear-attention` or a new trading day ends it."""
    reason: str = ""
    """The broker's own words for the last rejection."""


NO_BACKOFF = Backoff()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """Shares and rupees that one leg of the current round trip really traded."""

    quantity: int = 0
    value: Decimal = ZERO

    def plus(self, quantity: int, value: Decimal) -> Traded:
        """This plus one more execution."""
        return Traded(quantity=self.quantity + quantity, value=self.value + value)

    @property
    def average(self) -> Decimal:
        """Rupees per share; 0 when nothing traded."""
        return self.value / self.quantity if self.quantity else ZERO


NOTHING_TRADED = Traded()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """One grid level, cycling between entry and target (architecture 6).

    `entry_order_id`, `entry_trade_direction` and `entry_trade_price` speak of the entry first and of the target
    afterwards, as architecture 15 has it; `entry_price` is the level's own and never changes (behaviour 1.1).
    """

    uuid: str
    bot_name: str
    level: int
    """1 is nearest to the centre."""
    trade_side: TradeSide
    entry_price: Decimal
    target_price: Decimal
    token_a_quantity: int
    token_b_quantity: int
    order_side: OrderSide = OrderSide.ENTRY
    order: LegOrder | None = None
    """The entry's order, later the target's; None when none is placed."""
    oco_order: LegOrder | None = None
    oco_trade_price: Decimal | None = None
    """None in a target state of a hedged bot means "hedge pending" (behaviour 5.3)."""
    token_b_price: Decimal | None = None
    """TokenB's price noted when the entry was placed: the fallback; cleared after use (behaviour 5.4)."""
    hedged_from: Decimal | None = None
    """TokenB's price that `oco_trade_price` was reckoned from; the history record keeps it."""
    oco_filled: bool = False
    closed: bool = False
    entry_traded: Traded = NOTHING_TRADED
    target_traded: Traded = NOTHING_TRADED
    oco_traded: Traded = NOTHING_TRADED
    attempts: int = 0
    """Client ids used so far; never goes back, so that none is used twice (behaviour 3.1)."""
    backoff: Backoff = NO_BACKOFF
    oco_backoff: Backoff = NO_BACKOFF
    opened_seq: int = 0
    """Rank of the entry fill among all of the bot's: the smaller is the older hedge (behaviour 6.3)."""
    opened_at: datetime | None = None

    @property
    def name(self) -> str:
        """Its half's letter and its number, e.g. "B3"."""
        return self.trade_side.named(self.level)

    @property
    def entry_direction(self) -> Side:
        """The side of the level's entry, whatever half of the trip it is in."""
        return self.trade_side.entry_direction

    @property
    def entry_trade_direction(self) -> Side:
        """The side of the order that the level places next or has placed (flips on the entry's fill)."""
        return self.entry_direction if self.order_side is OrderSide.ENTRY else self.entry_direction.opposite

    @property
    def entry_trade_price(self) -> Decimal:
        """The price of that order, in rupees."""
        return self.entry_price if self.order_side is OrderSide.ENTRY else self.target_price

    @property
    def entry_order_id(self) -> str | None:
        """AppOrderID of the entry or target; None when not placed or in doubt."""
        return self.order.order_id if self.order else None

    @property
    def oco_order_id(self) -> str | None:
        """AppOrderID of the OCO order; None when not placed or in doubt."""
        return self.oco_order.order_id if self.oco_order else None

    @property
    def oco_trade_direction(self) -> Side:
        """The OCO's side: the target's (architecture 2)."""
        return self.entry_direction.opposite

    @property
    def open_quantity(self) -> int:
        """TokenA shares that the entry opened and no target closed yet."""
        return self.entry_traded.quantity - self.target_traded.quantity

    @property
    def state(self) -> LevelState:
        """The level's place in the state machine."""
        if self.oco_filled:
            return LevelState.OCO_FILLED
        if self.closed:
            return LevelState.CLOSED
        if self.order_side is OrderSide.ENTRY:
            return LevelState.ENTRY_PLACED if self.order else LevelState.FRESH
        if self.entry_traded.quantity and not self.open_quantity:
            return LevelState.TARGET_FILLED
        return LevelState.TARGET_PLACED if self.order else LevelState.TARGET_READY

    @property
    def is_open(self) -> bool:
        """True while an entry's position waits for its target or hedge."""
        return self.state in (LevelState.TARGET_READY, LevelState.TARGET_PLACED)

    @property
    def orders(self) -> tuple[LegOrder, ...]:
        """The level's orders that are working or in doubt."""
        return tuple(order for order in (self.order, self.oco_order) if order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """Orders of ours that traded on one day, alike in everything: a broker charges by executed order (charges.md)."""

    day: date
    """IST."""
    account: str
    symbol: str
    side: Side
    product: str
    """MIS, CNC or NRML."""
    quantity: int
    """Shares that each of them traded."""
    value: Decimal
    """Rupees that each of them traded."""
    orders: int = 1
    """How many of them; an order counts once, in however many pieces it filled."""
    trip: str = ""
    """The uuid of the level's round trip that they belong to; empty once that trip is recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges:
    """What orders cost besides their price, in rupees and unrounded unless said otherwise."""

    brokerage: Decimal = ZERO
    stt: Decimal = ZERO
    """Securities transaction tax."""
    exchange: Decimal = ZERO
    """The exchange's transaction charge."""
    sebi: Decimal = ZERO
    """SEBI's turnover fee."""
    stamp: Decimal = ZERO
    """Stamp duty."""
    dp: Decimal = ZERO
    """The depository participant's charge for shares that leave the demat account."""
    gst: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All parts together."""
        return self.brokerage + self.stt + self.exchange + self.sebi + self.stamp + self.dp + self.gst

    def __add__(self, other: Charges) -> Charges:
        return Charges(
            brokerage=self.brokerage + other.brokerage,
            stt=self.stt + other.stt,
            exchange=self.exchange + other.exchange,
            sebi=self.sebi + other.sebi,
            stamp=self.stamp + other.stamp,
            dp=self.dp + other.dp,
            gst=self.gst + other.gst,
        )


NO_CHARGES = Charges()


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one account holds of one symbol through this bot."""

    account: str
    symbol: str
    long: Traded = NOTHING_TRADED
    """Shares bought and not sold again."""
    short: Traded = NOTHING_TRADED
    """Shares sold and not bought back."""

    @property
    def quantity(self) -> int:
        """Signed shares, as the broker nets them: below 0 when more is sold than bought."""
        return self.long.quantity - self.short.quantity

    @property
    def cost(self) -> Decimal:
        """Rupees paid for it; below 0 when more was received."""
        return self.long.value - self.short.value

    @property
    def average(self) -> Decimal | None:
        """The price at which it would earn nothing, in rupees; None when it is flat."""
        return self.cost / self.quantity if self.quantity else None

    def gain(self, price: Decimal | None) -> Decimal | None:
        """Rupees won if it were closed at `price`; a flat one needs no price, any other has None without one."""
        if not self.quantity:
            return -self.cost
        return None if price is None else self.quantity * price - self.cost


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A bot's money at one moment, in rupees. What is not known is None, never 0."""

    realised: Decimal
    """Of shares that were both bought and sold."""
    charges: Charges
    """Of everything executed so far."""
    squared_off: Decimal = ZERO
    """An estimate of what the broker's square-off made of positions that were left to it (behaviour 9.5)."""
    positions: tuple[Position, ...]
    """By account and symbol; those that never were are left out."""
    quotes: Mapping[str, Quote]
    """The last price of every symbol that has one, fresh or not."""

    def gain(self, position: Position) -> Decimal | None:
        """What a position has won at its symbol's last price; None without one."""
        quote = self.quotes.get(position.symbol)
        return position.gain(quote.price if quote else None)

    @cached_property
    def unrealised(self) -> Decimal | None:
        """What all positions have won at the last prices; None when one that is needed has never come."""
        gains = [self.gain(position) for position in self.positions]
        return None if None in gains else sum((gain for gain in gains if gain is not None), ZERO)

    @property
    def gross(self) -> Decimal | None:
        """All cash flows and positions at the last prices, before charges."""
        return None if self.unrealised is None else self.realised + self.squared_off + self.unrealised

    @property
    def net(self) -> Decimal | None:
        """The trader's number: gross less charges (behaviour 15)."""
        return None if self.gross is None else self.gross - self.charges.total

    @cached_property
    def held(self) -> tuple[str, ...]:
        """Symbols of which some account holds shares: their prices decide the net."""
        return tuple(sorted({position.symbol for position in self.positions if position.quantity}))

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Held symbols without any price: while there are some, the net is not known."""
        return tuple(symbol for symbol in self.held if symbol not in self.quotes)

    @property
    def stale(self) -> tuple[Quote, ...]:
        """Prices of held symbols that are not fresh: the net is as old as they are."""
        quotes = [self.quotes[symbol] for symbol in self.held if symbol in self.quotes]
        return tuple(quote for quote in quotes if not quote.fresh)

    @property
    def is_current(self) -> bool:
        """True when the net is known and of this moment: a limit of loss may be judged on it."""
        return not self.unpriced and not self.stale


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHistoryRecord:
    """A round trip or a hedge that is complete: what was really traded, in rupees and shares."""

    seq: int
    """1, 2, 3 … in the order of completion within one grid; the same record never gets a second number."""
    uuid: str
    bot_name: str
    trade_side: TradeSide
    level: int
    outcome: str
    """"target", "oco" or "both"."""
    entry_direction: Side
    entry_price: Decimal
    """The level's price; `entry_average` is what was paid."""
    entry_quantity: int
    entry_average: Decimal
    entry_time: str
    """IST, ISO 8601."""
    target_price: Decimal
    target_quantity: int
    target_average: Decimal
    oco_price: Decimal | None
    oco_quantity: int
    oco_average: Decimal
    token_b_price: Decimal | None
    """TokenB's price when the entry's fill was seen."""
    realised_pnl: Decimal
    """Of the matched quantity only (behaviour 15)."""
    completed_at: str
    """IST, ISO 8601."""
    open_pnl: Decimal | None = None
    """Of what a hedge left open on both tokens, at the last prices then; None when a price was missing."""
    charges: Charges | None = None
    """Of the trip's orders, but for the DP charge of the day; None in records of an earlier TG1."""

    @property
    def key(self) -> tuple[int, str]:
        """Names the record among all of its bot: a fresh grid counts from 1 again, so the number alone does not."""
        return self.seq, self.uuid

    @property
    def net_pnl(self) -> Decimal | None:
        """Realised and open less charges (behaviour 15); None when one of them is not known."""
        if self.open_pnl is None or self.charges is None:
            return None
        return self.realised_pnl + self.open_pnl - self.charges.total


@dataclass(frozen=True, slots=True, kw_only=True)
class GridIdentity:
    """What makes two runs the same grid: a resume with any of these different is refused (behaviour 9.3)."""

    trade_type: TradeType
    exchange: str
    product_type: str
    token_a_symbol: str
    token_b_symbol: str
    entry_price: Decimal
    steps: int
    spread: Decimal
    target_spread: Decimal
    oco_spread: Decimal
    token_a_quantity: int
    token_b_quantity: int

    @property
    def max_quantity(self) -> int:
        """Shares of TokenA at which new entries pause (architecture 4)."""
        return self.token_a_quantity * self.steps


OVER = " (over at "
"""Begins what is added to the sentence of an attention that ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Something that only a person can put right; kept until `--clear-attention` (behaviour 6.5, 8)."""

    key: str
    """One entry per key: a second report of the same thing changes nothing."""
    text: str
    at: str
    """IST, ISO 8601."""

    @property
    def is_over(self) -> bool:
        """True for a thing that ended by itself: its sentence stays to be read, and nobody is waited for."""
        return OVER in self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledOrder:
    """An order of ours that left its level without being filled whole; a fill that shows up later is alarmed."""

    client_id: str
    account: str
    booked_quantity: int
    """Shares of it that were booked before it left."""


class StatusKind(StrEnum):
    """What a bot is doing, in the words of architecture 13 and 17."""

    ACTIVE = "Active"
    STOPPED = "Stopped"
    """Its process ended; a start resumes it."""
    TERMINATING = "Terminating"
    """Ended by its own rules, but the books have not confirmed yet that nothing works: a start goes on with it."""
    TERMINATED = "Terminated"
    """Ended by its own rules, confirmed; only `--fresh` begins again (behaviour 7.3)."""
    COMPLETED = "Completed"
    """Every level is closed (behaviour 1.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a bot is doing and why; as text it is "Stopped: session end" (the file's way is `tg1.store.codec`'s)."""

    kind: StatusKind
    reason: str = ""

    def __str__(self) -> str:
        """As an operator reads it."""
        return f"{self.kind}: {self.reason}" if self.reason else str(self.kind)


ACTIVE = Status(kind=StatusKind.ACTIVE)
COMPLETED = Status(kind=StatusKind.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator wants of the entries from now on; it stays until he wishes otherwise."""

    id: str
    """Names this wish; the bot answers with it once it is carried out."""
    paused: frozenset[Side]
    """Sides that open nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingOrder:
    """One order of a square-off (behaviour 13): it belongs to an account, not to a level."""

    account: str
    order: LegOrder
    day: date
    """The day that it is charged on: the trading day's or, for shares of an earlier day, its own."""
    is_over: bool = False
    """True once the book gave its last word, or it is known never to have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStart:
    """Where the money of a trading day begins: what earlier days came to is taken off."""

    realised: Decimal = ZERO
    """`total_pnl` in the morning."""
    open_gain: Decimal = ZERO
    """Rupees that the shares carried into the day had won by the evening before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldShares:
    """What a day left open in one account, at the last price that the bot has kept."""

    position: Position
    last: LastPrice | None
    """None when no price of the symbol was ever kept: then its worth is not known."""
    closing: Charges = NO_CHARGES
    """What the broker's own square-off of it costs by the rates, its fee included; nothing where he does none."""

    @property
    def gain(self) -> Decimal | None:
        """Rupees won at the last price; None without one."""
        return self.position.gain(self.last.price if self.last else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySheet:
    """What one grid did on one trading day, by the fills of its orders. Rupees."""

    bot_name: str
    day: date
    """IST."""
    generation: str
    """The grid's: a fresh one on the same day has a sheet of its own."""
    product: str
    """MIS, CNC or NRML."""
    bought: Decimal
    """Turnover of everything bought, TokenA and TokenB."""
    sold: Decimal
    realised: Decimal
    """By targets, of shares that were both bought and sold."""
    squared_off: Decimal
    """By the operator's square-off."""
    charges: Charges
    held: tuple[HeldShares, ...] = ()
    """What the day left open; with MIS it is the broker's to close."""
    open_before: Decimal = ZERO
    """What the shares carried into the day had won by the evening before."""

    @property
    def key(self) -> tuple[date, str]:
        """Names the sheet among all of its bot: a later one of the same key takes its place."""
        return self.day, self.generation

    @property
    def is_blank(self) -> bool:
        """True for a day on which nothing traded and nothing was held."""
        return not (self.bought or self.sold or self.held)


@dataclass(slots=True, kw_only=True)
class BotState:
    """Everything that has to survive a crash. `StateManager` owns the one instance and brings it to disk."""

    bot_name: str
    bot_status: Status
    grid: GridIdentity
    generation: str
    """Three characters in every client id, so that a fresh grid never reuses an id of the same day."""
    trading_day: date
    """The IST day that the order ids belong to."""
    upside_net_quantity: int = 0
    downside_net_quantity: int = 0
    upside_oco_net_count: int = 0
    downside_oco_net_count: int = 0
    total_pnl: Decimal = ZERO
    max_quantity_reached: bool = False
    next_opened_seq: int = 1
    next_record_seq: int = 1
    levels: dict[str, OpenOrder] = field(default_factory=dict)
    """By uuid, in grid order; `open_orders` in the file."""
    order_history: list[OrderHistoryRecord] = field(default_factory=list)
    """The last 500."""
    attention: list[Attention] = field(default_factory=list)
    settled: list[SettledOrder] = field(default_factory=list)
    """Of the current trading day only, newest last, at most 500."""
    executed: list[Executed] = field(default_factory=list)
    """Orders that traded and have left their level: the trading day's, and earlier ones of trips that are not over."""
    charges_before: Charges = NO_CHARGES
    """What the trading days before this one cost."""
    squared_off_pnl: Decimal = ZERO
    """Rupees, about: what positions that were left to the broker's square-off stood at when they were last seen."""
    last_prices: list[LastPrice] = field(default_factory=list)
    """One of each symbol, as of the last fill or the last end."""
    paused_sides: list[Side] = field(default_factory=list)
    """Sides whose entries the operator has paused."""
    pause_seen: str = ""
    """Id of his last wish that was carried out."""
    closing: list[ClosingOrder] = field(default_factory=list)
    """Orders of square-offs, oldest first: what they filled is held no more."""
    day_start: DayStart | None = DayStart()
    """Where the trading day's money begins; None in a state of an earlier TG1."""
    charges_given: list[str] = field(default_factory=list)
    """What `--charges` said, so that a reader of the file reckons as the bot does."""
    account_names: list[str] = field(default_factory=list)
    """Of the entries, then of the hedges of each half, in the order of `TradeType.trade_sides`; empty: unknown."""
