"""A journal of order events, line by line and as orders, read with nothing of TG1."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, Any]


def journal_of(path: Path) -> list[Row]:
    """Every event of an order, in the order of time."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(slots=True, kw_only=True)
class Order:
    """One order, from its events."""

    client_id: str
    account: str
    symbol: str
    side: str
    quantity: int
    limit: Decimal
    stop: Decimal
    placed: float
    ended: float = 0.0
    status: str = ""
    filled: int = 0
    price: Decimal = Decimal(0)
    reason: str = ""

    @property
    def place(self) -> str:
        """Grid, half and level: what the id says without role and attempt (behaviour 3.1)."""
        return self.client_id[:11]

    @property
    def role(self) -> str:
        """E, T or O; empty for the broker's own order."""
        return self.client_id[11:12]

    @property
    def is_filled(self) -> bool:
        """Whole: nothing here fills a part."""
        return self.status == "Filled"

    @property
    def sign(self) -> int:
        """1 for a buy."""
        return 1 if self.side == "BUY" else -1

    def reaches(self, price: Decimal, beyond: Decimal = Decimal(0)) -> bool:
        """The price is at the limit, or so far beyond."""
        return self.sign * (self.limit - price) >= beyond

    def __str__(self) -> str:
        """For whoever has to look at it."""
        hours, rest = divmod(int(self.placed), 3600)
        limit = f"{self.side} {self.quantity} {self.symbol} at {self.limit} (stop {self.stop})"
        return f"{self.client_id or 'the broker'} {hours:02}:{rest // 60:02}:{rest % 60:02} {limit} {self.status}"


def secs_of(stamp: str) -> float:
    """Seconds after midnight."""
    at = datetime.fromisoformat(stamp)
    return at.hour * 3600 + at.minute * 60 + at.second + at.microsecond / 1e6


def orders_of(rows: list[Row]) -> dict[str, list[Order]]:
    """Each day's orders in the order in which they were placed."""
    found: dict[str, dict[str, Order]] = defaultdict(dict)
    for row in rows:
        day, secs = row["at"][:10], secs_of(row["at"])
        order = found[day].setdefault(row["app_order_id"], _order(row, secs))
        order.ended, order.status, order.reason = secs, row["status"], row["reason"]
        if row["traded_quantity"]:
            order.filled += row["traded_quantity"]
            order.price = Decimal(row["traded_price"])
    return {day: list(orders.values()) for day, orders in found.items()}


def _order(row: Row, secs: float) -> Order:
    words: dict[str, Any] = {name: row[name] for name in ("client_id", "account", "symbol", "side", "quantity")}
    return Order(**words, limit=Decimal(row["limit_price"]), stop=Decimal(row["stop_price"]), placed=secs)
