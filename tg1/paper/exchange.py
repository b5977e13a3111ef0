"""The paper exchange as its users see it: a plain, deterministic object driven by its caller (behaviour 17).

It keeps the truth about every order. It reads no clock, starts no thread and draws chance only from the
`random.Random` it is given; `now` is an aware IST datetime in every call and must not run back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tg1.paper.accounts import Session
from tg1.paper.engine import OrderEngine
from tg1.paper.errors import PaperUsageError, UnknownOrderError
from tg1.paper.matching import is_waiting_stop
from tg1.paper.orders import CancelFate, OrderEvent, PaperOrder, PaperOrderType, PaperSide, PaperStatus, Terms
from tg1.paper.validation import read_modify, read_place


class PaperExchange(OrderEngine):
    """Orders, prices and accounts of one simulated exchange.

    `orders` holds every order ever by AppOrderID and `history` its earlier values, the current one last; `ledger`
    holds positions and holdings. `listener` hears of every change as it happens. Any key and secret open
    an account at their first login.
    """

    # Sessions

    def login(self, app_key: str, secret: str, now: datetime) -> Session:
        """Open a session, ending the key's previous one; raises LoginRefusedError."""
        quirks = self.quirks
        return self.accounts.login(app_key, secret, now, quirks.session_lifetime_secs, quirks.dealer_clients)

    # Requests of the account's owner

    def place(
        self,
        account: str,
        request: Mapping[str, Any],
        now: datetime,
        *,
        hide_secs: float = 0.0,
        hide_reads: int = 0,
    ) -> int:
        """Accept a place body (xts.md 1.5) for processing and return its AppOrderID.

        Risk checks and the exchange answer later, in the book. `hide_secs` and `hide_reads` keep this order out of
        the book beyond what the quirks say. Raises ValidationRefusedError, UnknownOrderError for the instrument.
        """
        self._begin(now)
        order = self._create(account, read_place(request, self.quirks), now)
        until = now + timedelta(seconds=max(hide_secs, self.quirks.visible_after_secs))
        reads = max(hide_reads, self.quirks.visible_after_reads)
        if until > now or reads:
            self.visibility.hide(order.app_order_id, until, reads)
        return order.app_order_id

    def cancel(self, account: str, app_order_id: int, now: datetime, fate: CancelFate | None = None) -> None:
        """Accept a cancel request; `fate` overrides the quirks. Raises UnknownOrderError, NotWorkingError."""
        self._begin(now)
        order = self._own(account, app_order_id)
        if order.status is not PaperStatus.PENDING_CANCEL:
            self._change(order, now, status=PaperStatus.PENDING_CANCEL)
        actions = {CancelFate.PROCESSED: self._finish_cancel, CancelFate.LOST_TO_FILL: self._lose_cancel}
        action = actions.get(fate or self._usual_fate())
        if action is not None:
            self.agenda.plan(now, self.quirks.cancel_delay_secs, action, app_order_id)

    def modify(self, account: str, app_order_id: int, request: Mapping[str, Any], now: datetime) -> None:
        """Accept a modify body (xts.md 1.6). Raises UnknownOrderError, NotWorkingError, ValidationRefusedError."""
        self._begin(now)
        order = self._own(account, app_order_id)
        self._amendments[app_order_id] = read_modify(request, order.terms)
        self._change(order, now, status=PaperStatus.PENDING_REPLACE)
        self.agenda.plan(now, self.quirks.cancel_delay_secs, self._finish_modify, app_order_id)

    def cancel_all(self, account: str, now: datetime, segment: str = "NSECM", instrument_id: int = 0) -> None:
        """Cancel every working order of the account in a segment, or of one instrument of it (xts.md 2.5)."""
        for order in self.working_orders(account):
            if order.terms.segment == segment and instrument_id in (0, order.terms.instrument_id):
                self.cancel(account, order.app_order_id, now)

    def book(self, account: str, now: datetime) -> list[PaperOrder]:
        """Return the account's orders of the current trading day, counting as one read of the book."""
        self._begin(now)
        day_orders = self.accounts.by_name[account].day_orders
        return [self.orders[each] for each in self.visibility.read(day_orders, now)]

    def order_history(self, account: str, app_order_id: int, now: datetime) -> Sequence[PaperOrder]:
        """Return the values of one order of today, the current one last; raises UnknownOrderError."""
        self._begin(now)
        day_orders = self.accounts.by_name[account].day_orders
        is_unknown = app_order_id not in day_orders or self.visibility.hides(app_order_id, now)
        if is_unknown or now < self.orders[app_order_id].placed_at + timedelta(seconds=self.quirks.history_after_secs):
            raise UnknownOrderError(f"Order history not found for AppOrderID [{app_order_id}] given.")
        return self.history[app_order_id]

    # The market and the passing of time

    def on_price(self, symbol: str, price: Decimal, now: datetime) -> list[OrderEvent]:
        """Set the last price in rupees and match; returns every change that it and the time caused."""
        self._begin(now)
        self.prices[symbol] = price
        self._references.setdefault(symbol, price)
        low, high = self.resting.quiet(symbol)
        if (low is not None and price <= low) or (high is not None and price >= high):
            for order in self.resting.of(symbol):
                self._match(self.orders[order.app_order_id], now, arrives=False)
        return self._events

    def step(self, now: datetime) -> list[OrderEvent]:
        """Carry out what is due by `now`: acknowledgements, cancels, modifications, the change of the day."""
        self._begin(now)
        return self._events

    def next_due(self) -> datetime | None:
        """When `step` next has something to do; None when nothing is under way."""
        return self.agenda.next_due()

    def halt(self, reason: str, until: datetime) -> None:
        """Let every placement and modification be rejected with this text until then; cancels and fills go on."""
        self._halt = (until, reason)

    def cancel_stops(self, now: datetime) -> None:
        """Cancel stops that wait and orders with a disclosed quantity, as the exchange does at 15:15 (xts.md 6.1)."""
        for order in self._all_working():
            if is_waiting_stop(order) or order.terms.disclosed:
                self._change(order, now, status=PaperStatus.CANCELLED, reason="Exchange : closing auction session")

    # What others do to the account

    def foreign_order(
        self,
        account: str,
        *,
        symbol: str,
        side: PaperSide,
        quantity: int,
        price: Decimal,
        now: datetime,
        product: str = "MIS",
        client_id: str = "",
        generated_by: str = "TWS",
    ) -> int:
        """Place a LIMIT order by hand or by another bot, with any identifier; returns its AppOrderID."""
        self._begin(now)
        instrument = self.instruments[symbol]
        terms = Terms(
            instrument_id=instrument.exchange_token,
            segment=instrument.segment,
            side=side,
            order_type=PaperOrderType.LIMIT,
            product=product,
            quantity=quantity,
            limit_price=price,
            stop_price=Decimal(0),
            client_id=client_id,
        )
        return self._create(account, terms, now, generated_by).app_order_id

    def square_off(self, account: str, now: datetime) -> None:
        """Do as the broker does at its MIS cut-off: cancel pending MIS orders, then close positions (xts.md 6.2)."""
        self._begin(now)
        for order in self.working_orders(account):
            if order.terms.product == "MIS":
                self._change(order, now, status=PaperStatus.CANCELLED, reason="OEMS:RMS : Auto square off")
        for (_, symbol, product), position in self.ledger.today_of(account).items():
            if product == "MIS" and position.net:
                self._close_position(account, symbol, position.net, now)

    def broker_cancel(self, app_order_id: int, now: datetime, reason: str = "OEMS:RMS : Cancelled by admin") -> None:
        """Cancel an order from the broker's side at once; raises UnknownOrderError, NotWorkingError."""
        self._begin(now)
        self._change(self._working_order(app_order_id), now, status=PaperStatus.CANCELLED, reason=reason)

    def fill(self, app_order_id: int, quantity: int, price: Decimal, now: datetime) -> None:
        """Fill shares of a working order at that price whatever the market says; raises PaperUsageError."""
        self._begin(now)
        order = self._working_order(app_order_id)
        if not 0 < quantity <= order.leaves:
            raise PaperUsageError(f"order {app_order_id} has {order.leaves} shares left to fill")
        if not order.is_acknowledged:
            order = self._change(order, now, status=PaperStatus.NEW, exchange_order_id=self._exchange_id(order))
        self._fill(order, quantity, price, now)

    def reject_next(self, account: str, reason: str) -> None:
        """Let the risk system reject the account's next order with this text."""
        self.accounts.by_name[account].reject_reasons.append(reason)

    def doom(self, app_order_id: int, reason: str) -> None:
        """Let the risk system reject this order, which is still PendingNew, with this text."""
        self._doomed[app_order_id] = reason

    def set_holdings(self, account: str, symbol: str, quantity: int) -> None:
        """Give the account shares in its demat account."""
        self.ledger.holdings[account, symbol] = quantity

    def set_margin(self, account: str, rupees: Decimal | None) -> None:
        """Limit what the account's orders may use; None lifts the limit."""
        self.accounts.by_name[account].margin = rupees

    def margin_used(self, account: str) -> Decimal:
        """Rupees that the account's positions and working orders take."""
        return self.ledger.margin_used(account, self.working_orders(account))

    def _close_position(self, account: str, symbol: str, net: int, now: datetime) -> None:
        instrument = self.instruments[symbol]
        terms = Terms(
            instrument_id=instrument.exchange_token,
            segment=instrument.segment,
            side=PaperSide.SELL if net > 0 else PaperSide.BUY,
            order_type=PaperOrderType.MARKET,
            product="MIS",
            quantity=abs(net),
            limit_price=Decimal(0),
            stop_price=Decimal(0),
        )
        self._create(account, terms, now, "RMS")

    def _usual_fate(self) -> CancelFate:
        if self.quirks.cancel_lost_to_fill:
            return CancelFate.LOST_TO_FILL
        return CancelFate.IGNORED if self.quirks.cancel_never_processed else CancelFate.PROCESSED

    def _own(self, account: str, app_order_id: int) -> PaperOrder:
        order = self._working_order(app_order_id)
        if order.account != account:
            raise UnknownOrderError(f"Order [{app_order_id}] not found")
        return order
