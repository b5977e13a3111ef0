"""The broker with somebody at it who writes down: what was sent, what was answered, how our orders changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.errors import BrokerError
from tg1.rules.client_ids import TAG_LENGTH
from tg1.told.edges import CountedBroker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.models import BrokerOrder, OrderRequest
    from tg1.ports import Broker


@dataclass
class Noted:
    """What went over the wire since the last look; instants in monotonic seconds."""

    read_at: float | None = None
    """When the last book was there; None when none was read."""
    sent: list[tuple[float, str, OrderRequest, str, str]] = field(default_factory=list)
    """When, account, order, AppOrderID, fault."""
    asked: list[tuple[float, str, str, str]] = field(default_factory=list)
    """When, account, client id, fault."""
    rows: list[tuple[str, BrokerOrder]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)


class NotingBroker(CountedBroker):
    """A broker that notes one bot's orders; those of others in the same books are not looked at."""

    def __init__(self, broker: Broker, monotonic: Callable[[], float], tag: str) -> None:
        super().__init__(broker, monotonic)
        self._tag = tag
        self._noted = Noted()
        self._books: dict[str, tuple[BrokerOrder, ...]] = {}
        self._known: dict[str, dict[str, BrokerOrder]] = {}

    def take(self) -> Noted:
        """What was noted since this was asked last."""
        noted, self._noted = self._noted, Noted()
        return noted

    def put_back(self, rows: list[tuple[str, BrokerOrder]]) -> None:
        """Let these rows be noted since the last look."""
        self._noted.rows = [*rows, *self._noted.rows]

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order, once."""
        order_id = fault = ""
        try:
            order_id = super().place_order(account, request)
        except BrokerError as exc:
            fault = str(exc) or type(exc).__name__
            raise
        finally:
            self._noted.sent.append((self._monotonic(), account, request, order_id, fault))
        return order_id

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        """Ask for a cancel."""
        fault = ""
        try:
            super().cancel_order(account, order_id, client_id)
        except BrokerError as exc:
            fault = str(exc) or type(exc).__name__
            raise
        finally:
            self._noted.asked.append((self._monotonic(), account, client_id, fault))

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """All orders of the account's trading day."""
        try:
            rows = super().order_book(account, since=since)
        except BrokerError as exc:
            self._noted.unread[account] = str(exc) or type(exc).__name__
            raise
        self._noted.read_at = self.readings[account].at
        # A book in which nothing happened has the very rows of the last one, so this costs no more than their number.
        if rows != self._books.get(account):
            self._note(account, rows)
            self._books[account] = rows
        return rows

    def _note(self, account: str, rows: tuple[BrokerOrder, ...]) -> None:
        known = self._known.setdefault(account, {})
        for row in rows:
            if row.client_id[:TAG_LENGTH] == self._tag and known.get(row.order_id) != row:
                known[row.order_id] = row
                self._noted.rows.append((account, row))
