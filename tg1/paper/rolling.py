"""Limits that count the requests of a rolling second (xts.md 5, kite.md 2.6)."""

from collections import deque
from collections.abc import Hashable
from datetime import datetime, timedelta

_ONE_SECOND = timedelta(seconds=1)


class RollingSeconds:
    """For each key the requests that were let in within the last second; a refused one does not count."""

    def __init__(self) -> None:
        self._let_in: dict[Hashable, deque[datetime]] = {}

    def admits(self, key: Hashable, most: int, now: datetime) -> bool:
        """Count a request and return True, or return False when `most` were let in within the second before it."""
        window = self._let_in.setdefault(key, deque())
        while window and now - window[0] >= _ONE_SECOND:
            window.popleft()
        if len(window) >= most:
            return False
        window.append(now)
        return True
