"""Minute candles of the past through the real `KiteConnect` (kite.md 2.7): one question, one answer, no retry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from tg1.kite.rest import KITE_ROOT, answer_of, kite_connect
from tg1.machine.clock import IST
from tg1.machine.redact import Redactor

if TYPE_CHECKING:
    from datetime import date
    from types import TracebackType
    from typing import Self

MOST_DAYS = 60
"""Days of minutes in one request (kite.md 2.7)."""
REQUESTS_PER_SECOND = 3
"""Of one api key (kite.md 2.6)."""
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One candle; rupees and shares."""

    at: datetime
    """Its beginning, naive IST."""
    open: float
    high: float
    low: float
    close: float
    volume: int


class KiteHistory:
    """Kite's historical endpoint for one user; a context manager that closes the connection."""

    def __init__(self, *, api_key: str, access_token: str, root: str | None, insecure_tls: bool = False) -> None:
        self._redactor = Redactor((api_key, access_token))
        self._kite = kite_connect(
            api_key=api_key, access_token=access_token, root=root or KITE_ROOT, insecure_tls=insecure_tls
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kite.reqsession.close()

    def minutes(self, instrument_token: int, first: date, last: date) -> list[Minute]:
        """The minutes of some days, both included, at most 60; none where nothing traded.

        Raises what `answer_of` raises.
        """
        since, until = datetime.combine(first, time(0)), datetime.combine(last, _LAST_SECOND)
        candles: list[Minute] = answer_of(
            lambda: [_minute(row) for row in self._kite.historical_data(instrument_token, since, until, "minute")],
            f"the candles of {first} to {last}",
            self._redactor,
        )
        return candles


def _minute(row: dict[str, Any]) -> Minute:
    return Minute(
        at=row["date"].astimezone(IST).replace(tzinfo=None),
        open=float(row["open"]),
        high=float(row["high"]),
        low=float(row["low"]),
        close=float(row["close"]),
        volume=int(row["volume"]),
    )
