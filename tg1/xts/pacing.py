"""When the next request may go: PURE, `now` in, the instant out; nothing here waits or reads a clock.

Behaviour 11.3 asks for at most 8 order calls a second through one limiter per account, 4.1 for at most one book a
second. Both count what this process sends: two bots that share an app key have a limiter each, and only the distance
between 8 and the 10 that rule and server allow (xts.md 5, 6) is left for them. A 429 tells when that is too little.
"""

from __future__ import annotations

from collections import deque

ORDER_CALLS_PER_SECOND = 8
"""Place, modify and cancel together (behaviour 11.3)."""
BOOK_READS_PER_SECOND = 1
"""`GET /orders` (behaviour 4.1, xts.md 5)."""


class SlidingWindow:
    """At most `limit` sends in any `window_secs` seconds, wherever that window begins (its end not included).

    A bucket that refills would allow twice the limit across its refill; this remembers the last `limit` instants.
    """

    def __init__(self, *, limit: int, window_secs: float = 1.0) -> None:
        if limit < 1 or not window_secs > 0:
            raise ValueError(f"can't pace {limit} sends in {window_secs} s")
        self._window_secs = window_secs
        self._sent: deque[float] = deque(maxlen=limit)

    def next_send_time(self, now: float) -> float | None:
        """Return None for "go", otherwise the instant at which to ask again. Seconds of one monotonic clock."""
        if self._sent.maxlen is None or len(self._sent) < self._sent.maxlen:
            return None
        due = self._sent[0] + self._window_secs
        return due if now < due else None

    def note_sent(self, now: float) -> None:
        """Count a send at `now`; call it just before the request goes."""
        self._sent.append(now)
