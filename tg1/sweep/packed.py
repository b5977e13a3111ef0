"""All days of a pair in three arrays: read once, shared by every process that replays them. PURE."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tg1.replay.tape import DayTape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True, eq=False)
class PackedDays:
    """The tapes of some days, end to end. Arrays are what travels: joblib and Dask hand them over by reference."""

    symbols: tuple[str, ...]
    days: tuple[date, ...]
    ends: tuple[int, ...]
    """The row after each day's last."""
    events: tuple[int, ...]
    """Prices that the source had, of each day."""
    secs: NDArray[np.float64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    digest: str
    """Of everything above: equal digests are equal prices, whatever file they came from."""

    def tapes(self) -> Iterator[DayTape]:
        """The days again, without a copy of their prices."""
        # A view of a mapped file is slower to slice than the plain array over the same memory.
        secs, a, b = (np.asarray(each).view(np.ndarray) for each in (self.secs, self.a, self.b))
        begins = (0, *self.ends[:-1])
        for day, begin, end, events in zip(self.days, begins, self.ends, self.events, strict=True):
            yield DayTape(day=day, secs=secs[begin:end], a=a[begin:end], b=b[begin:end], price_events=events)

    def only(self, days: Iterable[date]) -> PackedDays:
        """These days alone."""
        wanted = set(days)
        if wanted.issuperset(self.days):
            return self
        return packed(self.symbols, (tape for tape in self.tapes() if tape.day in wanted))


def packed(symbols: tuple[str, ...], tapes: Iterable[DayTape]) -> PackedDays:
    """Put the tapes, at least one, end to end."""
    found = list(tapes)
    digest = hashlib.sha256(repr(symbols).encode())
    for tape in found:
        digest.update(f"{tape.day} {len(tape)} {tape.price_events}".encode())
        for cells in (tape.secs, tape.a, tape.b):
            digest.update(np.ascontiguousarray(cells).data)
    return PackedDays(
        symbols=symbols,
        days=tuple(tape.day for tape in found),
        ends=tuple(itertools.accumulate(len(tape) for tape in found)),
        events=tuple(tape.price_events for tape in found),
        secs=np.concatenate([tape.secs for tape in found]),
        a=np.concatenate([tape.a for tape in found]),
        b=np.concatenate([tape.b for tape in found]),
        digest=digest.hexdigest(),
    )
