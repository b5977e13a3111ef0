"""Value types of the paper exchange: orders, executions, positions and the events that change them."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

IST = timezone(timedelta(hours=5, minutes=30), "IST")
ZERO = Decimal(0)


class PaperStatus(StrEnum):
    """Order states as XTS spells them (xts.md 3)."""

    PENDING_NEW = "PendingNew"
    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    PENDING_REPLACE = "PendingReplace"
    REPLACED = "Replaced"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    REJECTED = "Rejected"


FINAL = frozenset({PaperStatus.FILLED, PaperStatus.CANCELLED, PaperStatus.REJECTED})


class PaperSide(StrEnum):
    """BUY or SELL, upper case as the place request wants it."""

    BUY = "BUY"
    SELL = "SELL"


class PaperOrderType(StrEnum):
    """Order types in the request's spelling (xts.md 1.5)."""

    LIMIT = "LIMIT"
    STOPLIMIT = "STOPLIMIT"
    MARKET = "MARKET"
    STOPMARKET = "STOPMARKET"


STOP_TYPES = frozenset({PaperOrderType.STOPLIMIT, PaperOrderType.STOPMARKET})
MARKET_TYPES = frozenset({PaperOrderType.MARKET, PaperOrderType.STOPMARKET})

RESPONSE_TYPE = {
    PaperOrderType.LIMIT: "Limit",
    PaperOrderType.STOPLIMIT: "StopLimit",
    PaperOrderType.MARKET: "Market",
    PaperOrderType.STOPMARKET: "StopMarket",
}
"""The same types in the answers' spelling (xts.md 1.5)."""

API_GENERATED = "TWSAPI"
"""GeneratedBy of orders that came through the API (xts.md 2.6)."""


class CancelFate(StrEnum):
    """What becomes of a cancel request that was answered "Request sent"."""

    PROCESSED = "processed"
    LOST_TO_FILL = "lost_to_fill"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One trade of one order: shares, rupees, and the order's running totals after it."""

    execution_id: str
    quantity: int
    price: Decimal
    at: datetime
    cumulative: int
    average: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A validated place request: quantities in shares, prices in rupees."""

    instrument_id: int
    side: PaperSide
    order_type: PaperOrderType
    product: str
    quantity: int
    limit_price: Decimal
    stop_price: Decimal
    segment: str = "NSECM"
    validity: str = "DAY"
    disclosed: int = 0
    client_id: str = ""
    api_source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOrder:
    """One order as it stands now; every change makes a new value, so old ones are its history."""

    app_order_id: int
    account: str
    symbol: str
    """The instrument's key: "SBIN" on NSE, "BSE:SBIN" elsewhere."""
    terms: Terms
    placed_at: datetime
    updated_at: datetime
    status: PaperStatus = PaperStatus.PENDING_NEW
    cumulative: int = 0
    traded_value: Decimal = ZERO
    executions: tuple[Execution, ...] = ()
    exchange_order_id: str = ""
    reason: str = ""
    generated_by: str = API_GENERATED
    triggered: bool = False

    @property
    def client_id(self) -> str:
        """The `orderUniqueIdentifier` as the exchange stored it."""
        return self.terms.client_id

    @property
    def side(self) -> PaperSide:
        """BUY or SELL."""
        return self.terms.side

    @property
    def quantity(self) -> int:
        """Shares ordered."""
        return self.terms.quantity

    @property
    def leaves(self) -> int:
        """Shares not filled; not zeroed by a cancel or reject (xts.md 2.6)."""
        return self.terms.quantity - self.cumulative

    @property
    def average_price(self) -> Decimal | None:
        """Rupees per share of what was filled; None before any fill."""
        return self.traded_value / self.cumulative if self.cumulative else None

    @property
    def is_working(self) -> bool:
        """The order can still fill; PendingCancel counts (behaviour 4.2)."""
        return self.status not in FINAL

    @property
    def is_acknowledged(self) -> bool:
        """The exchange has it: before this it matches nothing."""
        return self.exchange_order_id != ""

    @property
    def is_foreign(self) -> bool:
        """It did not come through the API: placed by hand or by the broker."""
        return self.generated_by != API_GENERATED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One change of one order: `previous` is None when it was created, `execution` is set when it traded."""

    at: datetime
    order: PaperOrder
    previous: PaperStatus | None
    execution: Execution | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one account bought and sold of one instrument in one product: shares and rupees."""

    buy_quantity: int = 0
    buy_value: Decimal = ZERO
    sell_quantity: int = 0
    sell_value: Decimal = ZERO

    @property
    def net(self) -> int:
        """Shares held; negative when short."""
        return self.buy_quantity - self.sell_quantity

    @property
    def buy_average(self) -> Decimal:
        """Rupees per share bought; 0 when none was."""
        return self.buy_value / self.buy_quantity if self.buy_quantity else ZERO

    @property
    def sell_average(self) -> Decimal:
        """Rupees per share sold; 0 when none was."""
        return self.sell_value / self.sell_quantity if self.sell_quantity else ZERO

    @property
    def realized(self) -> Decimal:
        """Rupees that the shares bought and sold again brought."""
        return min(self.buy_quantity, self.sell_quantity) * (self.sell_average - self.buy_average)

    def unrealized(self, last: Decimal) -> Decimal:
        """Rupees that the shares still held are worth at `last` beyond what they cost."""
        return self.sell_value - self.buy_value + self.net * last - self.realized

    def with_trade(self, side: PaperSide, quantity: int, price: Decimal) -> "Position":
        """Return this position after one more trade."""
        if side is PaperSide.BUY:
            return Position(
                buy_quantity=self.buy_quantity + quantity,
                buy_value=self.buy_value + quantity * price,
                sell_quantity=self.sell_quantity,
                sell_value=self.sell_value,
            )
        return Position(
            buy_quantity=self.buy_quantity,
            buy_value=self.buy_value,
            sell_quantity=self.sell_quantity + quantity,
            sell_value=self.sell_value + quantity * price,
        )
