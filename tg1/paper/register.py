"""The register of one simulated exchange: every order with its history, whose it is, and who hears of a change.

It decides nothing about what becomes of an order; `OrderEngine` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from tg1.paper.accounts import Accounts
from tg1.paper.errors import NotWorkingError, UnknownOrderError
from tg1.paper.ledger import Ledger
from tg1.paper.orders import API_GENERATED, OrderEvent, PaperOrder
from tg1.paper.quirks import Quirks
from tg1.paper.resting import Resting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from tg1.paper.accounts import Account
    from tg1.paper.instruments import PaperInstrument
    from tg1.paper.orders import Execution, Terms

Listener = Callable[[OrderEvent], None]
_FIRST_ID = 1_210_000_001
_FIRST_BIG_ID = 3_210_000_001
_FIRST_EXCHANGE_ID = 1_300_000_000_000_001


class OrderRegister:
    """Orders by AppOrderID, accounts, instruments and last prices."""

    def __init__(
        self,
        instruments: Iterable[PaperInstrument],
        *,
        quirks: Quirks | None = None,
        rng: Random | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.rng = rng or Random(0)
        self.quirks = quirks or Quirks()
        self.listener = listener
        self.accounts = Accounts(self.rng)
        self.orders: dict[int, PaperOrder] = {}
        self.history: dict[int, list[PaperOrder]] = {}
        self.prices: dict[str, Decimal] = {}
        self.ledger = Ledger(self.prices)
        self.resting = Resting()
        self.instruments: dict[str, PaperInstrument] = {}
        self._listed: dict[tuple[str, int], PaperInstrument] = {}
        for instrument in instruments:
            self.add_instrument(instrument)
        self._doomed: dict[int, str] = {}
        self._amendments: dict[int, Terms] = {}
        self._events: list[OrderEvent] = []

    def add_instrument(self, instrument: PaperInstrument) -> None:
        """Make one more instrument tradable."""
        self.instruments[instrument.key] = instrument
        self._listed[instrument.segment, instrument.exchange_token] = instrument

    def working_orders(self, account: str) -> list[PaperOrder]:
        """Return what can still fill, in order of arrival."""
        return [self.orders[each] for each in sorted(self.accounts.by_name[account].working)]

    def _all_working(self) -> list[PaperOrder]:
        return [order for name in self.accounts.by_name for order in self.working_orders(name)]

    def _working_order(self, app_order_id: int) -> PaperOrder:
        order = self.orders.get(app_order_id)
        if order is None:
            raise UnknownOrderError(f"Order [{app_order_id}] not found")
        if not order.is_working:
            raise NotWorkingError(f"Order [{app_order_id}] is {order.status} and cannot be changed")
        return order

    def _enter(self, account: str, terms: Terms, now: datetime, generated_by: str = API_GENERATED) -> PaperOrder:
        instrument = self._listed.get((terms.segment, terms.instrument_id))
        if instrument is None:
            raise UnknownOrderError(f"Instrument {terms.instrument_id} not found in {terms.segment}")
        first = _FIRST_BIG_ID if self.quirks.big_order_ids else _FIRST_ID
        order = PaperOrder(
            app_order_id=first + len(self.orders),
            account=account,
            symbol=instrument.key,
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
        return order

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
