"""One account's order book of one reading, indexed by what we ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.rules.client_ids import parse_client_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tg1.models import BrokerOrder, LegOrder


class Book:
    """The rows of one account, as one `GET /orders` showed them."""

    def __init__(self, account: str, rows: Iterable[BrokerOrder], tag: str) -> None:
        self.account = account
        self.by_order_id: dict[str, BrokerOrder] = {}
        self.ours: dict[str, list[BrokerOrder]] = {}
        """Rows with this bot's tag, by client id; more than one only when a broker doubled an order."""
        for row in rows:
            self.by_order_id[row.order_id] = row
            # The whole id has to be one of ours: what merely begins like it is somebody else's (behaviour 3.4).
            if row.client_id.startswith(tag) and parse_client_id(row.client_id) is not None:
                self.ours.setdefault(row.client_id, []).append(row)

    @property
    def is_empty(self) -> bool:
        """True when the account showed no row at all."""
        return not self.by_order_id

    def find(self, order: LegOrder) -> BrokerOrder | None:
        """The row of one of our orders: by AppOrderID, or by client id while its id is not known."""
        if order.order_id is not None:
            return self.by_order_id.get(order.order_id)
        rows = self.ours.get(order.client_id)
        return rows[0] if rows else None

    def strangers(self, live: Mapping[str, str | None]) -> list[BrokerOrder]:
        """Rows with our tag that no live order accounts for; `live` holds the AppOrderIDs by client id.

        A row whose AppOrderID can't be read is the live order's own (behaviour 4.3).
        """
        return [
            row
            for client_id, rows in self.ours.items()
            for row in rows
            if client_id not in live or (row.order_id and live[client_id] not in (None, row.order_id))
        ]

    def is_second(self, row: BrokerOrder, live: Mapping[str, str | None]) -> bool:
        """True when a broker doubled an order and `row` is not the one of the two whose fills a level has booked."""
        rows = self.ours[row.client_id]
        if len(rows) == 1:
            return False
        order_id = live.get(row.client_id)
        booked = [each for each in rows if each.order_id == order_id] or rows
        # By order id: a book that lists one order twice has doubled nothing.
        return row.order_id != max(booked, key=lambda each: each.filled_quantity or 0).order_id
