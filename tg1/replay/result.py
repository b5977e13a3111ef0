"""A replay's days as values, and as the JSON object that `--json` prints: rupees as text with two decimals. PURE."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tg1.models import Executed, Side
from tg1.replay.reckoning import Purse, curve_of, last_prices, marks
from tg1.rules.charges import charges, square_off_fee

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from tg1.models import Charges
    from tg1.replay.days import DayEnd
    from tg1.replay.reckoning import Curve, Trade
    from tg1.rules.charges import Plans

PAISA = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """What one account held of one symbol at the day's end."""

    account: str
    symbol: str
    quantity: int
    """Signed shares."""
    average: Decimal
    """Rupees per share that they cost."""
    last: Decimal
    """Rupees per share that they were worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """One day in rupees."""

    day: date
    price_events: int
    cycles_run: int
    fills: int
    """Executions, the broker's own square-off included."""
    gross: Decimal
    """All cash flows, and positions at the last price, against the morning's."""
    charges: Charges
    realised: Decimal
    """Won by the bot's completed round trips, before charges (behaviour 15)."""
    worst_open: Decimal
    """The deepest that the open positions stood against their cost; 0 or negative."""
    open: tuple[OpenPosition, ...]
    end: str
    """How the bot ended."""
    exit_code: int
    before: Mapping[str, Decimal] = field(repr=False)
    """Last prices of the day before, in rupees; empty on the first day."""
    trades: tuple[Trade, ...] = field(repr=False)
    curve: Curve = field(repr=False)

    @property
    def held(self) -> str:
        """What was open at the day's end, as `+100 SBIN in trade`, comma-separated."""
        return ", ".join(f"{one.quantity:+d} {one.symbol} in {one.account}" for one in self.open)

    @property
    def net(self) -> Decimal:
        """Gross less charges, both to the paisa."""
        return to_paisa(self.gross) - to_paisa(self.charges.total)


def to_paisa(rupees: Decimal) -> Decimal:
    """Two decimals, half a paisa away from zero."""
    return rupees.quantize(PAISA, ROUND_HALF_UP)


class Reckoner:
    """Turns lived days into results, one after another."""

    def __init__(self, symbols: tuple[str, ...], product: str, plans: Plans) -> None:
        self._symbols = symbols
        self._product = product
        self._plans = plans
        self._purse = Purse()
        self._worth = Decimal(0)
        self._last: Mapping[str, Decimal] = {}
        self._realised = Decimal(0)

    def day(self, end: DayEnd, trades: tuple[Trade, ...]) -> DayResult:
        """The result of the next day."""
        before, self._last = self._last, last_prices(end.tape, self._symbols)
        last, morning = self._last, self._worth
        curve = curve_of(end.tape, self._purse, trades, marks(end.tape, self._symbols, before), morning)
        self._worth = self._purse.value(last)
        realised = end.realised - self._realised
        self._realised = end.realised
        result = DayResult(
            day=end.tape.day,
            price_events=end.tape.price_events,
            cycles_run=end.cycles,
            fills=len(trades),
            gross=self._worth - morning,
            charges=self._charges(trades),
            realised=realised,
            worst_open=min(Decimal(0), to_paisa(Decimal(float(curve.unrealised.min())))),
            open=self._open(last),
            end=end.end,
            exit_code=end.exit_code,
            before=before,
            trades=trades,
            curve=curve,
        )
        if self._product == "MIS":
            self._purse.close_all(last)
        return result

    def _open(self, last: Mapping[str, Decimal]) -> tuple[OpenPosition, ...]:
        return tuple(
            OpenPosition(account=account, symbol=symbol, quantity=one.quantity, average=one.average, last=last[symbol])
            for (account, symbol), one in self._purse.open_positions()
        )

    def _charges(self, trades: tuple[Trade, ...]) -> Charges:
        """Of the orders, and of those with which the broker squared off himself."""
        by_broker = {trade.order_id: trade for trade in trades if trade.by_broker}
        fees = (square_off_fee(one.account, one.at.date(), self._plans) for one in by_broker.values())
        return sum(fees, charges(executed_of(trades, self._product), self._plans))


def executed_of(trades: tuple[Trade, ...], product: str) -> list[Executed]:
    """The orders that traded, each once however often it filled: brokerage is per order (charges.md)."""
    orders: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        orders[trade.order_id].append(trade)
    return [
        Executed(
            day=fills[0].at.date(),
            account=fills[0].account,
            symbol=fills[0].symbol,
            side=Side.BUY if fills[0].quantity > 0 else Side.SELL,
            product=product,
            quantity=sum(abs(fill.quantity) for fill in fills),
            value=sum((abs(fill.value) for fill in fills), Decimal(0)),
        )
        for fills in orders.values()
    ]


def as_json(days: list[DayResult], wall_secs: float) -> dict[str, Any]:
    """The object of `--json`."""
    told = [_day_json(day) for day in days]
    total: dict[str, Any] = {name: sum(each[name] for each in told) for name in ("price_events", "cycles_run", "fills")}
    for name in ("gross", "charges", "net", "realised"):
        total[name] = str(sum((Decimal(each[name]) for each in told), Decimal("0.00")))
    total["worst_open"] = str(min((Decimal(each["worst_open"]) for each in told), default=Decimal("0.00")))
    total["open"] = told[-1]["open"] if told else []
    total["end"] = told[-1]["end"] if told else ""
    return {"days": told, "total": total, "wall_secs": round(wall_secs, 3)}


def _day_json(day: DayResult) -> dict[str, Any]:
    return {
        "date": day.day.isoformat(),
        "price_events": day.price_events,
        "cycles_run": day.cycles_run,
        "fills": day.fills,
        "gross": str(to_paisa(day.gross)),
        "charges": str(to_paisa(day.charges.total)),
        "net": str(day.net),
        "realised": str(to_paisa(day.realised)),
        "worst_open": str(to_paisa(day.worst_open)),
        "open": [
            {
                "account": one.account,
                "symbol": one.symbol,
                "quantity": one.quantity,
                "average": str(to_paisa(one.average)),
                "last": str(to_paisa(one.last)),
            }
            for one in day.open
        ],
        "end": day.end,
    }
