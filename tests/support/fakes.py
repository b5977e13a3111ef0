"""Hand-driven stand-ins for the engine's ports: a clock, a feed and a broker that do what a test says."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.errors import (
    BrokerRefused,
    BrokerUnavailable,
    BrokerUnknown,
    RateLimited,
    SessionRefused,
)
from tg1.machine.clock import IST
from tg1.models import (
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    Instrument,
    OrderRequest,
    OrderStatus,
    Quote,
    Role,
    Side,
    TradeSide,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MONDAY = datetime(2026, 11, 23, 9, 20, tzinfo=IST)


class HandClock:
    """Time moves only when somebody waits, or when the test says so."""

    def __init__(self, start: datetime = MONDAY) -> None:
        self.wall = start
        self.mono = 1000.0
        self.stopping = False
        self.on_wait: Callable[[], None] | None = None

    @property
    def stop_requested(self) -> bool:
        return self.stopping

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def advance(self, secs: float) -> None:
        self.mono += secs
        self.wall += timedelta(seconds=secs)

    def wait_until(self, deadline: float) -> None:
        if not self.stopping:
            self.sleep_until(deadline)

    def sleep_until(self, deadline: float) -> None:
        self.advance(max(0.0, deadline - self.mono))
        if self.on_wait is not None:
            self.on_wait()


class HandFeed:
    """Prices by hand; `stale` names symbols whose price is old, `cached` those that have not ticked again."""

    def __init__(self, **prices: str) -> None:
        self.prices = {symbol: Decimal(price) for symbol, price in prices.items()}
        self.stale: set[str] = set()
        self.cached: set[str] = set()
        self.steps: dict[str, tuple[tuple[float, Decimal], ...]] = {}
        """How the price of a symbol changed lately: seconds ago, and rupees."""
        self.started: dict[int, str] = {}

    def start(self, symbols: Mapping[int, str]) -> None:
        self.started = dict(symbols)

    def stop(self) -> None:
        self.started = {}

    def quote(self, symbol: str) -> Quote | None:
        price = self.prices.get(symbol)
        if price is None:
            return None
        fresh, cached = symbol not in self.stale, symbol in self.cached
        steps = self.steps.get(symbol, ())
        return Quote(symbol=symbol, price=price, age_secs=0.0, fresh=fresh, cached=cached, steps=steps)

    def fault(self) -> str:
        return "the test holds the price back" if self.stale else ""


@dataclass
class HandOrder:
    """The broker's truth about one order."""

    order_id: str
    account: str
    request: OrderRequest
    status: OrderStatus = OrderStatus.WORKING
    filled: int = 0
    value: Decimal = Decimal(0)
    reason: str = ""
    hidden_reads: int = 0
    foreign: bool = False
    seen_reads: int = 0
    """Book reads that showed the order."""
    triggered: bool = False
    """A stop whose trigger was reached is a limit order from then on."""
    no_average: bool = False
    """The row lacks its average price (xts.md 2.6)."""
    shrunk_to: int | None = None
    """The quantity to which somebody modified the order at a terminal."""
    shown: dict[str, object] = field(default_factory=dict)
    """Fields that its row shows instead of the truth."""

    @property
    def quantity(self) -> int:
        return self.request.quantity if self.shrunk_to is None else self.shrunk_to

    @property
    def is_working(self) -> bool:
        return not self.status.is_final

    def is_reached(self, last: Decimal) -> bool:
        """True when the order fills at that price: its stop, if it has one, has triggered, and its limit pays it."""
        request, sign = self.request, self.request.side.sign
        if request.trigger_price is not None:
            self.triggered = self.triggered or (last - request.trigger_price) * sign >= 0
            if not self.triggered:
                return False
        return (request.limit_price - last) * sign >= 0

    def row(self) -> BrokerOrder:
        row = BrokerOrder(
            order_id=self.order_id,
            client_id=self.request.client_id,
            status=self.status,
            raw_status=self.status,
            side=self.request.side,
            quantity=self.quantity,
            filled_quantity=self.filled,
            average_price=self.value / self.filled if self.filled and not self.no_average else None,
            limit_price=self.request.limit_price,
            reason=self.reason,
            symbol=self.request.symbol,
        )
        return replace(row, **self.shown)  # type: ignore[arg-type]


@dataclass
class HandBroker:
    """Accounts whose orders fill, end and vanish when the test says so.

    `answers` scripts the next placements: "ok", "refused", "unknown-accepted", "unknown-lost", "unavailable",
    "limited", "session". `cancels` scripts the next cancels: "ok", "sent" (nothing happens), "refused", "unknown",
    "filled" (the fill wins).
    """

    account_names: tuple[str, ...] = ("trade", "upside_oco", "downside_oco")
    ticks: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[str, HandOrder] = field(default_factory=dict)
    answers: deque[str] = field(default_factory=deque)
    cancels: deque[str] = field(default_factory=deque)
    broken_books: set[str] = field(default_factory=set)
    empty_books: set[str] = field(default_factory=set)
    hide_new_for_reads: int = 0
    reads: dict[str, int] = field(default_factory=dict)
    placed: list[OrderRequest] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    before_place: Callable[[OrderRequest], None] | None = None
    after_place: Callable[[OrderRequest], None] | None = None
    """Called once the order is in the book, before its answer arrives."""
    nameless_rows: bool = False
    """Rows come without an AppOrderID, as `from_xts` leaves one that can't be read."""
    histories: list[str] = field(default_factory=list)
    """Order ids whose history was asked for."""
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    """Signed shares by account and symbol that are not this bot's."""
    product_type: str = "MIS"
    market: dict[str, Decimal] = field(default_factory=dict)
    """Last prices by symbol, shared with the feed; a symbol without one fills whatever the test says."""
    matching: bool = False
    """New orders meet the market at once, as at an exchange: what is marketable fills, a crossed stop is refused."""
    next_id: int = 1210000001

    @property
    def accounts(self) -> tuple[str, ...]:
        return self.account_names

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        if role is not Role.OCO or len(self.account_names) == 1:
            return self.account_names[0]
        if len(self.account_names) == 2:
            return self.account_names[1]
        return self.account_names[1 if trade_side is TradeSide.UPSIDE else 2]

    def connect(self) -> None:
        """Always there."""

    def instrument(self, symbol: str) -> Instrument:
        token = sum(ord(letter) for letter in symbol)
        return Instrument(
            symbol=symbol,
            exchange="NSE",
            exchange_token=token,
            instrument_token=token * 256 + 1,
            tick_size=self.ticks.get(symbol, Decimal("0.05")),
            lot_size=1,
        )

    def place_order(self, account: str, request: OrderRequest) -> str:
        if self.before_place is not None:
            self.before_place(request)
        self.placed.append(request)
        answer = self.answers.popleft() if self.answers else "ok"
        if answer == "refused":
            raise BrokerRefused("the order was refused", code="e-orders-0001")
        if answer == "limited":
            raise RateLimited("too many requests", code="e-apirl-0004")
        if answer == "session":
            raise SessionRefused("Invalid Token")
        if answer == "unavailable":
            raise BrokerUnavailable("connection refused")
        if answer == "unknown-lost":
            raise BrokerUnknown("no answer")
        order = self.add(account, request)
        order.hidden_reads = self.hide_new_for_reads
        if self.after_place is not None:
            self.after_place(request)
        if answer == "unknown-accepted":
            raise BrokerUnknown("no answer")
        return order.order_id

    def add(self, account: str, request: OrderRequest, *, foreign: bool = False) -> HandOrder:
        order = HandOrder(order_id=str(self.next_id), account=account, request=request, foreign=foreign)
        self.next_id += 1
        self.orders[order.order_id] = order
        last = self.market.get(request.symbol)
        if self.matching and last is not None:
            self._meet_the_market(order, last)
        return order

    def _meet_the_market(self, order: HandOrder, last: Decimal) -> None:
        is_reached = order.is_reached(last)
        if order.triggered:
            self.end(order.order_id, OrderStatus.REJECTED, "16284 : Trigger price is crossed")
        elif is_reached:
            self.fill(order.order_id, price=last)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        self.cancelled.append(order_id)
        order = self.orders.get(order_id)
        if order is None:
            raise BrokerRefused(f"no such order: {order_id}")
        assert (order.account, order.request.client_id) == (account, client_id)
        answer = self.cancels.popleft() if self.cancels else "ok"
        if not order.is_working or answer == "refused":
            raise BrokerRefused(f"cannot cancel {client_id}")
        if answer == "filled":
            self.fill(order_id)
        elif answer != "sent":
            order.status = OrderStatus.CANCELLED
        if answer == "unknown":
            raise BrokerUnknown("no answer")

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:  # noqa: ARG002  # every read is new here
        if account in self.broken_books:
            raise BrokerUnavailable("502")
        self.reads[account] = self.reads.get(account, 0) + 1
        if account in self.empty_books:
            return ()
        rows = []
        for order in self.orders.values():
            if order.account != account:
                continue
            if order.hidden_reads > 0:
                order.hidden_reads -= 1
            else:
                order.seen_reads += 1
                rows.append(replace(order.row(), order_id="") if self.nameless_rows else order.row())
        return tuple(rows)

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """The truth about one order, whatever the book shows; None for a stranger's."""
        self.histories.append(order_id)
        if account in self.broken_books:
            raise BrokerUnavailable("502")
        order = self.orders.get(order_id)
        return order.row() if order is not None and order.account == account else None

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """What the fills of an account add up to; `held` adds what others hold there."""
        net: Counter[str] = Counter(self.held.get(account, {}))
        for order in self.orders.values():
            if order.account == account:
                net[order.request.symbol] += order.request.side.sign * order.filled
        return tuple(
            BrokerPosition(
                symbol=symbol,
                segment="NSECM",
                instrument_id=self.instrument(symbol).exchange_token,
                product_type=self.product_type,
                quantity=quantity,
            )
            for symbol, quantity in net.items()
        )

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """One execution for each order that has filled."""
        return tuple(
            BrokerTrade(
                order_id=order.order_id,
                client_id=order.request.client_id,
                symbol=order.request.symbol,
                segment="NSECM",
                instrument_id=self.instrument(order.request.symbol).exchange_token,
                side=order.request.side,
                quantity=order.filled,
                price=order.value / order.filled,
            )
            for order in self.orders.values()
            if order.account == account and order.filled
        )

    # -- the market -----------------------------------------------------------------------------------------------

    def trade(self, symbol: str, price: Decimal | str) -> None:
        """The symbol trades at a price: stops that it reaches trigger, limits that it reaches fill at it."""
        self.market[symbol] = Decimal(price)
        for order in list(self.orders.values()):
            if order.is_working and order.request.symbol == symbol and order.is_reached(self.market[symbol]):
                self.fill(order.order_id, price=self.market[symbol])

    def fill(self, order_id: str, quantity: int | None = None, price: Decimal | str | None = None) -> None:
        """The market comes to the order and fills it: nothing fills at a price at which its symbol does not trade."""
        order = self.orders[order_id]
        last = self.market.get(order.request.symbol)
        if last is not None and not order.is_reached(last):
            self.market[order.request.symbol] = order.request.shown_price
            order.triggered = True
        more = quantity if quantity is not None else order.quantity - order.filled
        at = Decimal(price) if price is not None else order.request.limit_price
        order.filled += more
        order.value += more * at
        if order.filled == order.quantity:
            order.status = OrderStatus.FILLED

    def shrink(self, order_id: str, quantity: int) -> None:
        self.orders[order_id].shrunk_to = quantity

    def end(self, order_id: str, status: OrderStatus = OrderStatus.CANCELLED, reason: str = "") -> None:
        self.orders[order_id].status = status
        self.orders[order_id].reason = reason

    def working(self, account: str | None = None) -> list[HandOrder]:
        return [
            order
            for order in self.orders.values()
            if order.is_working and not order.foreign and account in (None, order.account)
        ]

    def working_at(self, side: Side, price: str, account: str = "trade") -> HandOrder:
        """The one working order with that side and trigger or limit price."""
        found = [
            order
            for order in self.working(account)
            if order.request.side is side
            and (order.request.trigger_price or order.request.limit_price) == Decimal(price)
        ]
        assert len(found) == 1, f"{len(found)} orders {side} @ {price}"
        return found[0]
