"""What becomes of orders: acknowledgement, risk checks, matching, cancels, the end of the day.

`OrderEngine` owns the state of the exchange; `PaperExchange` adds what accounts, the market and the broker may ask.
It reads no clock: `now` is an aware IST datetime in every call and must not run back. What is due happens at the
beginning of each call, in the order of time.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from tg1.paper.accounts import Account, Accounts
from tg1.paper.agenda import Agenda
from tg1.paper.errors import NotWorkingError, UnknownOrderError
from tg1.paper.instruments import PaperInstrument
from tg1.paper.ledger import Ledger
from tg1.paper.matching import (
    band_fault,
    crossed_stop_fault,
    improved_price,
    is_reached,
    is_triggered,
    is_waiting_stop,
    price_fault,
    would_self_trade,
)
from tg1.paper.orders import API_GENERATED, Execution, OrderEvent, PaperOrder, PaperOrderType, PaperStatus, Terms
from tg1.paper.quirks import Quirks
from tg1.paper.resting import Resting
from tg1.paper.visibility import Visibility

Listener = Callable[[OrderEvent], None]
_FIRST_ID = 1_210_000_001
_FIRST_BIG_ID = 3_210_000_001
_FIRST_EXCHANGE_ID = 1_300_000_000_000_001
_FIRST_EXECUTION_ID = 2_177_001
_PENDING = frozenset({PaperStatus.PENDING_CANCEL, PaperStatus.PENDING_REPLACE})
SELF_TRADE = "17071 : The order could have resulted in self trade "
"""The exchange's own text, trailing space included (xts.md 3)."""


class OrderEngine:
    """The orders, prices and accounts of one simulated exchange, and the rules by which they change."""

    def __init__(
        self,
        instruments: Iterable[PaperInstrument],
        *,
        quirks: Quirks | None = None,
        rng: Random | None = None,
        listener: Listener | None = None,
        open_to_all: bool = True,
    ) -> None:
        self.rng = rng or Random(0)
        self.quirks = quirks or Quirks()
        self.listener = listener
        self.accounts = Accounts(self.rng, open_to_all=open_to_all)
        self.ledger = Ledger()
        self.orders: dict[int, PaperOrder] = {}
        self.history: dict[int, list[PaperOrder]] = {}
        self.prices: dict[str, Decimal] = {}
        self.instruments: dict[str, PaperInstrument] = {}
        self._by_token: dict[int, PaperInstrument] = {}
        for instrument in instruments:
            self.add_instrument(instrument)
        self.resting = Resting()
        self._references: dict[str, Decimal] = {}
        self.agenda = Agenda()
        self.visibility = Visibility()
        self._amendments: dict[int, Terms] = {}
        self._doomed: dict[int, str] = {}
        self._events: list[OrderEvent] = []
        self._day: date | None = None
        self._executions = 0

    def add_instrument(self, instrument: PaperInstrument) -> None:
        """Make one more instrument tradable."""
        self.instruments[instrument.symbol] = instrument
        self._by_token[instrument.exchange_token] = instrument

    def working_orders(self, account: str) -> list[PaperOrder]:
        """Return what can still fill, in order of arrival."""
        return [self.orders[each] for each in sorted(self.accounts.by_name[account].working)]

    def expire_day(self, now: datetime) -> None:
        """Cancel every working order: DAY validity has ended (xts.md 6.2)."""
        for order in self._all_working():
            self._change(order, now, status=PaperStatus.CANCELLED, reason="DAY validity has expired")

    def _begin(self, now: datetime) -> None:
        self._events = []
        if now.date() != self._day:
            self._roll_day(now)
        while (entry := self.agenda.take(now)) is not None:
            deed, app_order_id, due = entry
            if self.orders[app_order_id].is_working:
                deed(app_order_id, due)

    def _roll_day(self, now: datetime) -> None:
        if self._day is not None:
            self.expire_day(now)
            self.ledger.close_day()
            self.visibility.clear()
            self._references = dict(self.prices)
            for account in self.accounts.by_name.values():
                account.day_orders.clear()
                account.version += 1
        self._day = now.date()

    def _create(self, account: str, terms: Terms, now: datetime, generated_by: str = API_GENERATED) -> PaperOrder:
        instrument = self._by_token.get(terms.instrument_id)
        if instrument is None:
            raise UnknownOrderError(f"Instrument {terms.instrument_id} not found")
        first = _FIRST_BIG_ID if self.quirks.big_order_ids else _FIRST_ID
        order = PaperOrder(
            app_order_id=first + len(self.orders),
            account=account,
            symbol=instrument.symbol,
            terms=terms,
            placed_at=now,
            updated_at=now,
            generated_by=generated_by,
        )
        owner = self.accounts.by_name[account]
        self.orders[order.app_order_id] = order
        self.history[order.app_order_id] = [order]
        owner.day_orders.append(order.app_order_id)
        owner.working.add(order.app_order_id)
        owner.version += 1
        if owner.reject_reasons:
            self._doomed[order.app_order_id] = owner.reject_reasons.popleft()
        self._tell(OrderEvent(at=now, order=order, previous=None))
        self.agenda.plan(now, self.quirks.ack_delay_secs, self._acknowledge, order.app_order_id)
        return order

    def _acknowledge(self, app_order_id: int, now: datetime) -> None:
        order = self.orders[app_order_id]
        if order.is_acknowledged:
            return
        reason = self._risk_fault(order) or self._exchange_fault(order)
        if reason:
            self._change(order, now, status=PaperStatus.REJECTED, reason=reason)
            return
        status = order.status if order.status in _PENDING else PaperStatus.NEW
        order = self._change(order, now, status=status, exchange_order_id=self._exchange_id(order))
        resting = [each for each in self.resting.of(order.symbol) if each is not order]
        if self.quirks.self_trade_check and would_self_trade(order, resting):
            self._change(order, now, status=PaperStatus.CANCELLED, reason=SELF_TRADE)
            return
        self._match(order, now)
        order = self.orders[app_order_id]
        if order.terms.validity == "IOC" and order.is_working:
            self._change(order, now, status=PaperStatus.CANCELLED)

    def _risk_fault(self, order: PaperOrder) -> str:
        doomed = self._doomed.pop(order.app_order_id, "")
        if doomed or order.is_foreign:
            return doomed
        owner = self.accounts.by_name[order.account]
        others = [self.orders[each] for each in owner.working if each != order.app_order_id]
        return self.ledger.holding_fault(order, others) or self.ledger.margin_fault(order, others, owner.margin)

    def _exchange_fault(self, order: PaperOrder) -> str:
        terms, last = order.terms, self.prices.get(order.symbol)
        if terms.order_type is PaperOrderType.MARKET and (self.quirks.market_orders == "fill" or order.is_foreign):
            return "" if last is not None else "Exchange : No last traded price"
        return (
            price_fault(terms, self.instruments[order.symbol])
            or band_fault(terms, self._references.get(order.symbol), self.quirks.price_band_pct)
            or crossed_stop_fault(terms, last)
        )

    def _match(self, order: PaperOrder, now: datetime) -> None:
        last = self.prices.get(order.symbol)
        if last is None or not order.is_acknowledged or not order.is_working:
            return
        terms = order.terms
        if terms.order_type is PaperOrderType.MARKET:
            self._fill(order, order.leaves, last, now)
            return
        if is_waiting_stop(order):
            if not is_triggered(terms, last):
                return
            order = self._change(order, now, triggered=True)
        if is_reached(terms, last):
            self._fill(order, self._fill_quantity(order), improved_price(terms, last), now)

    def _fill_quantity(self, order: PaperOrder) -> int:
        most = min(order.leaves, self.quirks.max_fill_per_tick or order.leaves)
        chance = self.quirks.partial_fill_probability
        if chance and most > 1 and self.rng.random() < chance:
            return self.rng.randint(1, most - 1)
        return most

    def _fill(self, order: PaperOrder, quantity: int, price: Decimal, now: datetime) -> None:
        self._executions += 1
        cumulative = order.cumulative + quantity
        value = order.traded_value + quantity * price
        execution = Execution(
            execution_id=str(_FIRST_EXECUTION_ID + self._executions),
            quantity=quantity,
            price=price,
            at=now,
            cumulative=cumulative,
            average=value / cumulative,
        )
        status = order.status if order.status in _PENDING else PaperStatus.PARTIALLY_FILLED
        self.ledger.book(order, quantity, price)
        self._change(
            order,
            now,
            execution,
            status=PaperStatus.FILLED if cumulative == order.quantity else status,
            cumulative=cumulative,
            traded_value=value,
            executions=(*order.executions, execution),
        )

    def _finish_cancel(self, app_order_id: int, now: datetime) -> None:
        self._change(self.orders[app_order_id], now, status=PaperStatus.CANCELLED)

    def _lose_cancel(self, app_order_id: int, now: datetime) -> None:
        order = self.orders[app_order_id]
        if not order.is_acknowledged:
            self._acknowledge(app_order_id, now)
            order = self.orders[app_order_id]
        if order.is_working:
            last = self.prices.get(order.symbol)
            reached = last is not None and is_reached(order.terms, last) and not is_waiting_stop(order)
            price = improved_price(order.terms, last) if reached and last is not None else order.terms.limit_price
            self._fill(order, order.leaves, price, now)

    def _finish_modify(self, app_order_id: int, now: datetime) -> None:
        terms = self._amendments.pop(app_order_id, None)
        order = self.orders[app_order_id]
        if terms is None:
            return
        fault = price_fault(terms, self.instruments[order.symbol])
        if terms.quantity <= order.cumulative:
            fault = f"Exchange : Quantity [{terms.quantity}] is already traded"
        status = PaperStatus.REPLACED if order.status is PaperStatus.PENDING_REPLACE else order.status
        if fault:
            self._change(order, now, status=status, reason=fault)
            return
        self._match(self._change(order, now, status=status, terms=terms), now)

    def _change(
        self, order: PaperOrder, now: datetime, execution: Execution | None = None, **changes: Any
    ) -> PaperOrder:
        new = replace(order, updated_at=now, **changes)
        self.orders[new.app_order_id] = new
        self.history[new.app_order_id].append(new)
        owner = self.accounts.by_name[new.account]
        owner.version += 1
        if not new.is_working:
            self._forget(new, owner)
        elif new.is_acknowledged:
            self.resting.put(new)
        self._tell(OrderEvent(at=now, order=new, previous=order.status, execution=execution))
        return new

    def _forget(self, order: PaperOrder, owner: Account) -> None:
        owner.working.discard(order.app_order_id)
        self.resting.drop(order)
        self._amendments.pop(order.app_order_id, None)
        self._doomed.pop(order.app_order_id, None)

    def _tell(self, event: OrderEvent) -> None:
        self._events.append(event)
        if self.listener is not None:
            self.listener(event)

    def _exchange_id(self, order: PaperOrder) -> str:
        return str(_FIRST_EXCHANGE_ID + order.app_order_id % _FIRST_ID)

    def _working_order(self, app_order_id: int) -> PaperOrder:
        order = self.orders.get(app_order_id)
        if order is None:
            raise UnknownOrderError(f"Order [{app_order_id}] not found")
        if not order.is_working:
            raise NotWorkingError(f"Order [{app_order_id}] is {order.status} and cannot be changed")
        return order

    def _all_working(self) -> list[PaperOrder]:
        return [order for name in self.accounts.by_name for order in self.working_orders(name)]
