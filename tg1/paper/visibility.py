"""Orders that the book does not show yet: until a time and for so many reads (xts.md 7.5)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class _Hidden:
    until: datetime
    reads_left: int

    def is_over(self, now: datetime) -> bool:
        return now >= self.until and self.reads_left <= 0


class Visibility:
    """Which fresh orders are still out of sight; an order that was never hidden is not known here."""

    def __init__(self) -> None:
        self._hidden: dict[int, _Hidden] = {}

    def hide(self, app_order_id: int, until: datetime, reads: int) -> None:
        """Keep an order out of book and history until then, and for so many reads of the book."""
        self._hidden[app_order_id] = _Hidden(until, reads)

    def hides(self, app_order_id: int, now: datetime) -> bool:
        """The order is out of sight; looking does not count as a read."""
        hidden = self._hidden.get(app_order_id)
        return hidden is not None and not hidden.is_over(now)

    def read(self, app_order_ids: list[int], now: datetime) -> list[int]:
        """Return the orders that one read of the book shows."""
        if not self._hidden:
            return app_order_ids
        return [each for each in app_order_ids if not self._passes_over(each, now)]

    def clear(self) -> None:
        """Hide nothing any more."""
        self._hidden.clear()

    @property
    def is_complete(self) -> bool:
        """Nothing is hidden, so that a rendered book may be kept."""
        return not self._hidden

    def _passes_over(self, app_order_id: int, now: datetime) -> bool:
        hidden = self._hidden.get(app_order_id)
        if hidden is None:
            return False
        if hidden.is_over(now):
            del self._hidden[app_order_id]
            return False
        hidden.reads_left -= 1
        return True
