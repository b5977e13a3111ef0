"""The accounts of a replayed bot: `Broker` on the paper exchange in process, at the real client's cadence.

It says of an order what the XTS client would have read from the wire (`tg1.xts.rows` on `tg1.paper.rows`), without the
JSON in between; a test holds the two together.
"""

from __future__ import annotations

import json
from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.errors import BrokerRefused
from tg1.models import BrokerOrder, OrderStatus, Role, Side
from tg1.paper.errors import NotWorkingError, UnknownOrderError, ValidationRefusedError
from tg1.paper.orders import PaperStatus
from tg1.paper.rows import position_row, trade_row
from tg1.paper.wire import dumps
from tg1.replay.market import MICRO
from tg1.xts.rows import position_from_xts, trade_from_xts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tg1.models import BrokerPosition, BrokerTrade, Instrument, OrderRequest, TradeSide
    from tg1.paper.orders import PaperOrder
    from tg1.replay.clock import VirtualClock
    from tg1.replay.market import Market

ORDER_CALLS_PER_SEC = 8
"""Behaviour 11.3."""
BOOK_EVERY_SECS = 1.0
"""From one answer to the next request (behaviour 11.3)."""
KEPT_FINAL = 16
"""Finished orders that a book still shows. The engine looks at the living ones; a day has thousands of the others."""
_FINE = Decimal("0.0001")
"""What the wire prints of an average price (xts.md 2.6)."""
_STATUS = {
    PaperStatus.PENDING_NEW: OrderStatus.PENDING,
    PaperStatus.FILLED: OrderStatus.FILLED,
    PaperStatus.CANCELLED: OrderStatus.CANCELLED,
    PaperStatus.REJECTED: OrderStatus.REJECTED,
}


class ReplayBroker:
    """Up to three accounts; `latency_secs` is what each request takes until it has arrived, and its answer as much."""

    def __init__(
        self,
        *,
        market: Market,
        clock: VirtualClock,
        accounts: tuple[str, str, str],
        instruments: Mapping[str, Instrument],
        product_type: str,
        latency_secs: float = 0.0,
    ) -> None:
        self._market = market
        self._clock = clock
        self._trade, self._upside, self._downside = accounts
        self._instruments = instruments
        self._product_type = product_type
        self._latency_secs = latency_secs
        self._calls: dict[str, deque[float]] = {name: deque() for name in accounts}
        self._answered: dict[str, float] = {}
        self._rows: dict[str, dict[int, tuple[PaperOrder, BrokerOrder]]] = {name: {} for name in accounts}
        self._finished: dict[str, deque[int]] = {name: deque() for name in accounts}
        self._listed: dict[str, int] = dict.fromkeys(accounts, 0)
        self._seen: dict[str, int] = {}
        self.actions = 0
        """Orders and cancels sent so far."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The distinct accounts."""
        return tuple(dict.fromkeys((self._trade, self._upside, self._downside)))

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account that carries orders of this role and side (architecture 10)."""
        if role is not Role.OCO:
            return self._trade
        return self._upside if trade_side.entry_direction is Side.SELL else self._downside

    def connect(self) -> None:
        """There is nobody to log in to."""

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of a symbol of the replay."""
        return self._instruments[symbol]

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order; raises `BrokerRefused` when the exchange's validator says no."""
        self._pace(account)
        body = {
            "exchangeSegment": "NSECM",
            "exchangeInstrumentID": self._instruments[request.symbol].exchange_token,
            "productType": self._product_type,
            "orderType": request.order_type.value,
            "orderSide": request.side.value,
            "timeInForce": "DAY",
            "disclosedQuantity": 0,
            "orderQuantity": request.quantity,
            "limitPrice": request.limit_price,
            "stopPrice": request.trigger_price or 0,
            "orderUniqueIdentifier": request.client_id,
        }
        try:
            number = self._market.exchange.place(account, body, self._market.now())
        except (ValidationRefusedError, UnknownOrderError) as exc:
            raise BrokerRefused(str(exc)) from exc
        finally:
            self._clock.pass_secs(self._latency_secs)
        return str(number)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:  # noqa: ARG002  # part of `Broker`
        """Ask for a cancel; raises `BrokerRefused` for an order that is final."""
        self._pace(account)
        try:
            self._market.exchange.cancel(account, int(order_id), self._market.now())
        except (NotWorkingError, UnknownOrderError) as exc:
            raise BrokerRefused(str(exc)) from exc
        finally:
            self._clock.pass_secs(self._latency_secs)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:  # noqa: ARG002  # part of `Broker`
        """The account's day: every order that may still do something, and the last that no longer can."""
        due = self._answered.get(account)
        if due is not None and due + BOOK_EVERY_SECS > self._clock.monotonic():
            self._clock.sleep_until(due + BOOK_EVERY_SECS)
        self._clock.pass_secs(self._latency_secs)
        self._market.exchange.step(self._market.now())
        rows = self._current_rows(account)
        self._clock.pass_secs(self._latency_secs)
        self._answered[account] = self._clock.monotonic()
        return rows

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """One order as it stands now; None when the account has none of that number today."""
        exchange = self._market.exchange
        number = int(order_id)
        return row_of(exchange.orders[number]) if number in exchange.accounts.by_name[account].day_orders else None

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """The account's net positions of the day."""
        exchange = self._market.exchange
        return tuple(
            position_from_xts(
                position_row(
                    product,
                    position,
                    exchange.accounts.by_name[account],
                    exchange.instruments[symbol],
                    last=exchange.prices.get(symbol),
                    comma=False,
                )
            )
            for (_, symbol, product), position in exchange.ledger.today_of(account).items()
        )

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """The day's executions of the account, oldest first."""
        exchange = self._market.exchange
        known = exchange.accounts.by_name[account]
        orders = [exchange.orders[number] for number in known.day_orders]
        done = [(each, order) for order in orders for each in order.executions]
        done.sort(key=lambda pair: pair[0].at)
        rows = [trade_row(order, each, known, exchange.quirks) for each, order in done]
        return tuple(trade_from_xts(json.loads(dumps(row))) for row in rows)

    @property
    def has_news(self) -> bool:
        """True when some order changed after its account's book was read."""
        accounts = self._market.exchange.accounts.by_name
        return any(accounts[name].version != self._seen.get(name, 0) for name in self.accounts)

    def offsets(self) -> tuple[int, ...]:
        """How long ago each account was asked, in microseconds, as far as it still holds the next request back."""
        now = self._clock.monotonic()
        asked = [self._answered.get(name, -BOOK_EVERY_SECS) for name in self.accounts]
        called = [calls[-1] for calls in self._calls.values() if calls]
        return tuple(round(min(now - each, 1.0) * MICRO) for each in (*asked, *called))

    def _pace(self, account: str) -> None:
        calls, now = self._calls[account], self._clock.monotonic()
        if len(calls) == ORDER_CALLS_PER_SEC:
            if calls[0] + 1.0 > now:
                self._clock.sleep_until(calls[0] + 1.0)
            calls.popleft()
        calls.append(self._clock.monotonic())
        self.actions += 1
        self._clock.pass_secs(self._latency_secs)

    def _current_rows(self, account: str) -> tuple[BrokerOrder, ...]:
        orders = self._market.exchange.orders
        self._seen[account] = self._market.exchange.accounts.by_name[account].version
        rows, finished = self._rows[account], self._finished[account]
        day = self._market.exchange.accounts.by_name[account].day_orders
        if len(day) < self._listed[account]:
            rows.clear()
            finished.clear()
            self._listed[account] = 0
        for number in day[self._listed[account] :]:
            rows[number] = (orders[number], row_of(orders[number]))
            if not orders[number].is_working:
                finished.append(number)
        self._listed[account] = len(day)
        # What ended since the last read is shown at least once, however much ended together.
        while len(finished) > KEPT_FINAL:
            del rows[finished.popleft()]
        for number, (known, _) in rows.items():
            now = orders[number]
            if now is not known:
                rows[number] = (now, row_of(now))
                if known.is_working and not now.is_working:
                    finished.append(number)
        return tuple(row for _, row in rows.values())


def row_of(order: PaperOrder) -> BrokerOrder:
    """What the client makes of the order's row in the book."""
    average = order.average_price
    return BrokerOrder(
        order_id=str(order.app_order_id),
        client_id=order.client_id,
        status=_STATUS.get(order.status, OrderStatus.WORKING),
        raw_status=order.status.value,
        side=Side(order.side.value),
        quantity=order.quantity,
        filled_quantity=order.cumulative,
        average_price=None if average is None else average.quantize(_FINE),
        limit_price=order.terms.limit_price or None,
        reason=order.reason,
        symbol=order.symbol,
    )
