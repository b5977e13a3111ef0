"""Books that lag behind for an order whose placement nobody answered: read after read, not by the clock.

The same trouble that swallowed the answer keeps the order out of the book for a read or two, or shows its row before it
has a number. Never so often that behaviour 3.3 would call it absent: a bot that places it again has miscounted.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.simulation import lived
from tests.simulation.answers import is_book, is_success
from tests.simulation.chaos import SLOW, SLOW_AVERAGES
from tg1.models import Role
from tg1.rules import client_ids

if TYPE_CHECKING:
    from collections import Counter
    from typing import Any

    from tests.simulation.chaos import Chaos
    from tg1.paper.wire import WireReply
    from tg1.xts.http import HttpRequest

CHANCE = 0.5
"""That an order that arrived without an answer is late in the book, too."""
CHANCE_OF_LATE_AVERAGE = 0.3
"""That what has newly filled of an order is shown without an average at first."""
UNANSWERED = frozenset({"lost-after", "reset-after", "html-after", "json-500-after", "garbage-after", "no-order-id"})
LEFT_OUT, NAMELESS = "left out", "without its number"
WAYS = ((LEFT_OUT, LEFT_OUT), (LEFT_OUT, LEFT_OUT, NAMELESS, LEFT_OUT))
"""What the next reads show of it; after those it is shown whole."""


class SlowBooks:
    """The orders whose rows are late, on a whole street."""

    def __init__(self, chaos: Chaos, lived_: Counter[str]) -> None:
        self._chaos = chaos
        self._lived = lived_
        self._late: dict[str, tuple[str, deque[str]]] = {}
        """By client id: the account, and what its next reads show."""

    @property
    def is_behind(self) -> bool:
        """True while some order is late: no other lie may be added to this one."""
        return bool(self._late)

    def note(self, account: str, request: HttpRequest, fault_name: str) -> None:
        """A request was carried out and its answer was spoilt: an order in it may be late from now on."""
        if request.method != "POST" or fault_name not in UNANSWERED:
            return
        client_id = str((request.json_body or {}).get("orderUniqueIdentifier", ""))
        named = client_ids.parse_client_id(client_id)
        rng = self._chaos.stream("slow-book")
        ways = rng.choice(WAYS)
        wanted = rng.random() < CHANCE and named is not None and named.role is not Role.CLOSE
        if wanted and self._chaos.pick("slow-book", SLOW):
            self._late[client_id] = (account, deque(ways))

    def forget(self) -> None:
        """Nothing is late any more."""
        self._late.clear()

    def shown(self, account: str, request: HttpRequest, reply: WireReply) -> WireReply:
        """The book as it lags; the very reply when it doesn't."""
        late = {client_id: ways for client_id, (where, ways) in self._late.items() if where == account}
        if not late or not is_book(request) or not is_success(reply.body):
            return reply
        try:
            told = json.loads(reply.body)
        except ValueError:
            return reply  # cut short by another fault
        rows = []
        for row in told["result"] or []:
            ways = late.get(str(row.get("OrderUniqueIdentifier"))) if isinstance(row, dict) else None
            if ways is None:
                rows.append(row)
            elif ways[0] == NAMELESS:
                rows.append({**row, "AppOrderID": ""})
        self._lived[lived.SLOW_BOOK] += 1
        for client_id, ways in late.items():
            ways.popleft()
            if not ways:
                del self._late[client_id]
        return replace(reply, body=json.dumps({**told, "result": rows}, separators=(",", ":")).encode())


class LateAverages:
    """Parts of orders that are shown filled a read or two before their average is (xts.md 7.11)."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos
        self._reads: dict[tuple[str, str], int] = {}
        """By order and what has filled of it: how many reads still lack the average."""

    def shown(self, request: HttpRequest, reply: WireReply) -> WireReply:
        """The book with averages left out; the very reply when none is."""
        if not is_book(request) or b'"PartiallyFilled"' not in reply.body or not is_success(reply.body):
            return reply
        try:
            told = json.loads(reply.body)
        except ValueError:
            return reply  # cut short by another fault
        rows = [self._row(row) if isinstance(row, dict) else row for row in told["result"] or []]
        if rows == told["result"]:
            return reply
        return replace(reply, body=json.dumps({**told, "result": rows}, separators=(",", ":")).encode())

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        if row.get("OrderStatus") != "PartiallyFilled":
            return row
        key = str(row.get("AppOrderID")), str(row.get("CumulativeQuantity"))
        if key not in self._reads:
            rng = self._chaos.stream("slow-average")
            reads, strikes = rng.randint(1, 2), rng.random() < CHANCE_OF_LATE_AVERAGE
            is_late = strikes and self._chaos.pick("slow-average", SLOW_AVERAGES)
            self._reads[key] = reads if is_late else 0
        self._reads[key] -= 1
        return {**row, "OrderAverageTradedPrice": ""} if self._reads[key] >= 0 else row
