"""What is due when: the exchange's own deeds on single orders, in the order of time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from heapq import heappop, heappush

Deed = Callable[[int, datetime], None]
"""Does something to the order of an AppOrderID at the time at which it was due."""


class Agenda:
    """Deeds that wait for their time; those of one time come in the order in which they were planned."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Deed, int]] = []
        self._planned = 0

    def plan(self, now: datetime, secs: float, deed: Deed, app_order_id: int) -> None:
        """Let a deed be due `secs` seconds from now."""
        self._planned += 1
        heappush(self._waiting, (now + timedelta(seconds=secs), self._planned, deed, app_order_id))

    def take(self, now: datetime) -> tuple[Deed, int, datetime] | None:
        """Return the earliest deed that is due by `now`, with its order and its time; None when there is none."""
        if not self._waiting or self._waiting[0][0] > now:
            return None
        due, _, deed, app_order_id = heappop(self._waiting)
        return deed, app_order_id, due

    def next_due(self) -> datetime | None:
        """When the next deed is due; None when nothing waits."""
        return self._waiting[0][0] if self._waiting else None
