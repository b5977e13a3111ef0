"""When the next order call may go: PURE, `now` in, the instant out; nothing here waits or reads a clock.

Behaviour 11.3 allows 8 order calls a second and app key; rule and server allow 10 (xts.md 5, 6). The distance is for
people and programs that use the key beside our bots.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    @sent.setter
    def sent(self, instants: Iterable[float]) -> None:
        """What is known from elsewhere to have been sent; only the last `limit` count."""
        self._sent = deque(sorted(instants), maxlen=self._limit)

    def next_send_time(self, now: float) -> float | None:
        """Return None for "go", otherwise the instant at which to ask again. Seconds of one monotonic clock."""
        if len(self._sent) < self._limit:
            return None
        due = self._sent[0] + self._window_secs
        return due if now < due else None

    def note_sent(self, now: float) -> None:
        """Count a send at `now`; call it just before the request goes."""
        self._sent.append(now)

    def note_answered(self, sent_at: float, now: float) -> None:
        """Count that send from its answer on: it reached the server no later, whatever the wire's delays.

        Harmless when the send is so old that it does not count any more.
        """
        if sent_at in self._sent:
            self._sent.remove(sent_at)
            self._sent.append(now)

    def close(self, now: float) -> None:
        """Let nothing go for a whole window: the server's limiter counts more than we know of."""
        self._sent.extend([now] * self._limit)
