"""Hedges that a wire held up: given up by their bot for good reason, and at work a while later after all.

Nobody can prevent that, so the bot has to see them and to cancel them (behaviour 3.4). The hard case is brought about:
the order arrives as the last one that its account works is being cancelled, and its own first cancel comes to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import lived
from tests.simulation.chaos import HELD_UP
from tg1.models import Role
from tg1.paper.orders import PaperSide
from tg1.rules import client_ids
from tg1.rules.grid import to_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from typing import Any

    from tests.simulation.street import Street
    from tg1.xts.http import HttpRequest

TIMES = 1.0
"""How much likelier than any other fault it is that a hedge is held up."""
FAR = 2
"""Such an order rests: one that fills at once leaves nothing to be cancelled."""


class LateOrders:
    """The hedges that are under way, on a whole street."""

    def __init__(self, street: Street, is_given_up: Callable[[str], bool]) -> None:
        self._street = street
        self._is_given_up = is_given_up
        self._under_way: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """By client id: account and body."""
        self.arrived: dict[str, str] = {}
        """AppOrderID → client id of those that came late; no level has room for them."""
        self._stubborn: set[str] = set()

    def note(self, account: str, request: HttpRequest, fault_name: str) -> None:
        """A request was carried out, or lost on its way."""
        if fault_name in HELD_UP:
            body = request.json_body or {}
            self._under_way[str(body["orderUniqueIdentifier"])] = (account, body)
        elif request.method == "DELETE" and not fault_name:
            self._arrive(account, request.params.get("appOrderID", ""))

    @staticmethod
    def is_hedge(request: HttpRequest) -> bool:
        """True for the placement of a hedge."""
        if request.method != "POST" or not request.path.endswith("/orders"):
            return False
        named = client_ids.parse_client_id(str((request.json_body or {}).get("orderUniqueIdentifier", "")))
        return named is not None and named.role is Role.OCO

    def is_stubborn(self, request: HttpRequest) -> bool:
        """True for the first cancel of an order that came late: it is answered and comes to nothing."""
        number = request.params.get("appOrderID", "") if request.method == "DELETE" else ""
        if number not in self._stubborn:
            return False
        self._stubborn.discard(number)
        return True

    def _arrive(self, account: str, cancelled: str) -> None:
        """Let one come while nothing else of its bot works in the account but the order that is being cancelled."""
        street = self._street
        working = street.exchange.working_orders(account)
        for client_id, (where, body) in list(self._under_way.items()):
            mine = [order for order in working if order.client_id[:5] == client_id[:5]]
            if where != account or [str(order.app_order_id) for order in mine] != [cancelled]:
                continue
            if not self._is_given_up(client_id):
                continue
            del self._under_way[client_id]
            side, symbol = PaperSide(str(body["orderSide"]).upper()), mine[0].symbol
            number = street.exchange.foreign_order(
                account,
                symbol=symbol,
                side=side,
                quantity=int(body["orderQuantity"]),
                price=self._resting_price(side, symbol),
                now=street.market_time,
                client_id=client_id,
            )
            self.arrived[str(number)] = client_id
            self._stubborn.add(str(number))
            street.lived[lived.LATE_ORDER] += 1
            street.note(f"  {client_id} arrives late as {number}")

    def _resting_price(self, side: PaperSide, symbol: str) -> Decimal:
        last, tick = self._street.exchange.prices[symbol], self._street.listed[symbol].tick
        away = -1 if side is PaperSide.BUY else 1
        return to_tick(last * (100 + away * FAR) / 100, tick)
