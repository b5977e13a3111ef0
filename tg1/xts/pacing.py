"""When the next order call may go: PURE, `now` in, the instant out; nothing here waits or reads a clock.

Behaviour 11.3 allows 8 order calls a second and app key; rule and server allow 10 (xts.md 5, 6). The distance is for
what arrives closer together than it was sent.
"""

from __future__ import annotations

from collections import Counter, deque

ORDER_CALLS_PER_SECOND = 8
"""Place, modify and cancel together (behaviour 11.3)."""


class SlidingWindow:
    """At most `limit` sends in any `window_secs` seconds, wherever that window begins (its end not included).

    A bucket that refills would allow twice the limit across its refill; this remembers the last `limit` instants.
    """

    def __init__(self, *, limit: int, window_secs: float = 1.0) -> None:
        if limit < 1 or not window_secs > 0:
            raise ValueError(f"can't pace {limit} sends in {window_secs} s")
        self._limit = limit
        self._window_secs = window_secs
        self._sent: deque[float] = deque(maxlen=limit)

    @property
    def sent(self) -> list[float]:
        """The last instants of sending, oldest first."""
        return list(self._sent)

    def next_send_time(self, now: float) -> float | None:
        """Return None for "go", otherwise the instant at which to ask again. Seconds of one monotonic clock."""
        if len(self._sent) < self._limit:
            return None
        due = self._sent[0] + self._window_secs
        return due if now < due else None

    def note_sent(self, now: float) -> None:
        """Count a send at `now`; call it just before the request goes."""
        self._sent.append(now)

    def close(self, now: float) -> None:
        """Let nothing go for a whole window: the server's limiter counts more than we know of."""
        self._sent.extend([now] * self._limit)

    def merge(self, others: list[float]) -> None:
        """Take in instants at which others have sent."""
        if others != self.sent:
            both = Counter(self._sent) | Counter(others)
            self._sent = deque(sorted(both.elements()), maxlen=self._limit)
