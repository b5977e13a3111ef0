"""What becomes of orders: acknowledgement, risk checks, matching, cancels, the end of the day.

`OrderEngine` adds the rules to the register; `PaperExchange` adds what accounts, the market and the broker may ask.
It reads no clock: `now` is an aware IST datetime in every call and must not run back. What is due happens at the
beginning of each call, in the order of time.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from random import Random

from tg1.paper.agenda import Agenda
from tg1.paper.instruments import PaperInstrument
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
from tg1.paper.orders import API_GENERATED, MARKET_TYPES, Execution, PaperOrder, PaperStatus, Terms
from tg1.paper.quirks import Quirks
from tg1.paper.register import Listener, OrderRegister
from tg1.paper.visibility import Visibility

_FIRST_EXECUTION_ID = 2_177_001
_PENDING = frozenset({PaperStatus.PENDING_CANCEL, PaperStatus.PENDING_REPLACE})
_WHOLE_PCT = 100
SELF_TRADE = "17071 : The order could have resulted in self trade "
"""The exchange's own text, trailing space included (xts.md 3)."""


class OrderEngine(OrderRegister):
    """The rules by which the orders of one simulated exchange change."""

    def __init__(
        self,
        instruments: Iterable[PaperInstrument],
        *,
        quirks: Quirks | None = None,
        rng: Random | None = None,
        listener: Listener | None = None,
    ) -> None:
        super().__init__(instruments, quirks=quirks, rng=rng, listener=listener)
        self.agenda = Agenda()
        self.visibility = Visibility()
        self._references: dict[str, Decimal] = {}
        self._halt: tuple[datetime, str] | None = None
        self._day: date | None = None
        self._executions = 0

    def expire_day(self, now: datetime) -> None:
        """Cancel every working order: DAY validity has ended (xts.md 6.2)."""
        for order in self._all_working():
            self._change(order, now, status=PaperStatus.CANCELLED, reason="DAY validity has expired")

    def reaches(self, order: PaperOrder, last: Decimal) -> bool:
        """The last price fills a limit order; a stricter exchange may ask for more than the touch."""
        return is_reached(order.terms, last)

    def price_of(self, terms: Terms, last: Decimal, *, arrives: bool) -> Decimal:  # noqa: ARG002  # for stricter ones
        """Rupees that a reached limit order pays or gets: the better of its limit and the last price (behaviour 17).

        `arrives` tells an order that meets the market now from one that rested in the book; a stricter exchange may
        treat the two differently.
        """
        return improved_price(terms, last)

    # Time

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

    # The door

    def _create(self, account: str, terms: Terms, now: datetime, generated_by: str = API_GENERATED) -> PaperOrder:
        order = self._enter(account, terms, now, generated_by)
        self.agenda.plan(now, self.quirks.ack_delay_secs, self._acknowledge, order.app_order_id)
        return order

    def _acknowledge(self, app_order_id: int, now: datetime) -> None:
        order = self.orders[app_order_id]
        if order.is_acknowledged:
            return
        reason = self._halt_fault(now) or self._risk_fault(order) or self._exchange_fault(order)
        if reason:
            self._change(order, now, status=PaperStatus.REJECTED, reason=reason)
            return
        status = order.status if order.status in _PENDING else PaperStatus.NEW
        order = self._change(order, now, status=status, exchange_order_id=self._exchange_id(order))
        if self._cancelled_as_self_trade(order, now):
            return
        self._match(order, now, arrives=True)
        order = self.orders[app_order_id]
        if order.terms.validity == "IOC" and order.is_working:
            self._change(order, now, status=PaperStatus.CANCELLED)

    def _halt_fault(self, now: datetime) -> str:
        return self._halt[1] if self._halt is not None and now < self._halt[0] else ""

    def _risk_fault(self, order: PaperOrder) -> str:
        doomed = self._doomed.pop(order.app_order_id, "")
        if doomed or order.is_foreign:
            return doomed
        owner = self.accounts.by_name[order.account]
        others = [self.orders[each] for each in owner.working if each != order.app_order_id]
        return self.ledger.holding_fault(order, others) or self.ledger.margin_fault(order, others, owner.margin)

    def _exchange_fault(self, order: PaperOrder) -> str:
        terms, last = order.terms, self.prices.get(order.symbol)
        return (
            self._terms_fault(order, terms)
            or band_fault(terms, self._references.get(order.symbol), self.quirks.price_band_pct)
            or crossed_stop_fault(terms, last)
        )

    def _terms_fault(self, order: PaperOrder, terms: Terms) -> str:
        allowed = self.quirks.market_orders == "fill" or order.is_foreign
        fault = price_fault(terms, self.instruments[order.symbol], market_allowed=allowed)
        if not fault and terms.order_type in MARKET_TYPES and order.symbol not in self.prices:
            return "Exchange : No last traded price"
        return fault

    def _cancelled_as_self_trade(self, order: PaperOrder, now: datetime) -> bool:
        if not self.quirks.self_trade_check:
            return False
        others = [each for each in self.resting.of(order.symbol) if each.app_order_id != order.app_order_id]
        if not would_self_trade(order, others):
            return False
        self._change(order, now, status=PaperStatus.CANCELLED, reason=SELF_TRADE)
        return True

    # Matching

    def _match(self, order: PaperOrder, now: datetime, *, arrives: bool) -> None:
        last = self.prices.get(order.symbol)
        if last is None or not order.is_acknowledged or not order.is_working:
            return
        if is_waiting_stop(order):
            if not is_triggered(order.terms, last):
                return
            order, arrives = self._change(order, now, triggered=True), True
            if self._cancelled_as_self_trade(order, now):
                return
        if order.terms.order_type in MARKET_TYPES:
            self._fill(order, order.leaves, last, now)
        elif self.reaches(order, last):
            quantity = self._fill_quantity(order, last)
            if quantity:
                self._fill(order, quantity, self.price_of(order.terms, last, arrives=arrives), now)

    def _fill_quantity(self, order: PaperOrder, last: Decimal) -> int:
        quirks = self.quirks
        most = min(order.leaves, quirks.max_fill_per_tick or order.leaves)
        if quirks.touch_fill_pct < _WHOLE_PCT and last == order.terms.limit_price:
            # rounded up, so that what is left of an order is not touched for ever
            most = min(most, -int(-order.leaves * quirks.touch_fill_pct // _WHOLE_PCT))
        chance = quirks.partial_fill_probability
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

    # What a cancel or a modification comes to

    def _finish_cancel(self, app_order_id: int, now: datetime) -> None:
        self._change(self.orders[app_order_id], now, status=PaperStatus.CANCELLED)

    def _lose_cancel(self, app_order_id: int, now: datetime) -> None:
        order = self.orders[app_order_id]
        if not order.is_acknowledged:
            self._acknowledge(app_order_id, now)
            order = self.orders[app_order_id]
        if order.is_working:
            self._fill(order, order.leaves, self._price_of_a_lost_cancel(order), now)

    def _price_of_a_lost_cancel(self, order: PaperOrder) -> Decimal:
        # the market came to the order in the moment of the cancel: to its limit, or to the trigger of a market stop
        terms, last = order.terms, self.prices.get(order.symbol)
        if terms.order_type in MARKET_TYPES:
            return terms.stop_price if is_waiting_stop(order) or last is None else last
        reached = last is not None and is_reached(terms, last) and not is_waiting_stop(order)
        return improved_price(terms, last) if reached and last is not None else terms.limit_price

    def _finish_modify(self, app_order_id: int, now: datetime) -> None:
        terms = self._amendments.pop(app_order_id, None)
        order = self.orders[app_order_id]
        if terms is None:
            return
        fault = self._halt_fault(now) or self._terms_fault(order, terms)
        if terms.quantity <= order.cumulative:
            fault = f"Exchange : Quantity [{terms.quantity}] is already traded"
        status = PaperStatus.REPLACED if order.status is PaperStatus.PENDING_REPLACE else order.status
        if fault:
            self._change(order, now, status=status, reason=fault)
            return
        self._match(self._change(order, now, status=status, terms=terms), now, arrives=True)
