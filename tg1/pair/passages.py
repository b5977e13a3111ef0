"""How often a move of the OCO spread in B came with a loss in A. PURE.

From a moment on, B is watched until it has moved by the spread, one way or the other: there a hedge would fire. If B
fell, it is the hedge of a BUY entry, and A has lost when it fell, too; if B rose, that of a SELL entry. The next watch
begins where that one ended, so that no move counts twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from tg1.pair.statistics import wilson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tg1.pair.series import PairDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """What happened when B moved by one OCO spread."""

    oco_spread: float
    """Rupees."""
    days: int
    moves: int
    with_loss: int
    """Moves after which the entry on A that B hedges stood at a loss."""
    median_loss: float
    """Rupees a share of A that such an entry had lost by then; negative: it had won."""

    @property
    def share(self) -> float:
        """Part of the moves that came with a loss; 0 without a move."""
        return self.with_loss / self.moves if self.moves else 0.0

    @property
    def a_day(self) -> float:
        """Moves a day."""
        return self.moves / self.days

    @property
    def sure(self) -> tuple[float, float]:
        """The 95 % interval of the share."""
        return wilson(self.with_loss, self.moves)


def passages(days: Sequence[PairDay], oco_spread: float) -> Passages:
    """Count over all days; no watch goes on over a night or an outage."""
    losses = [loss for day in days for loss in _losses(day, oco_spread)]
    return Passages(
        oco_spread=oco_spread,
        days=len(days),
        moves=len(losses),
        with_loss=sum(loss > 0 for loss in losses),
        median_loss=float(np.median(losses)) if losses else 0.0,
    )


def _losses(day: PairDay, oco_spread: float) -> Iterator[float]:
    """What an entry on A had lost, in rupees a share, at each move of B."""
    secs = np.union1d(day.a.secs, day.b.secs)
    a, b = day.sampled(secs)
    both = ~(np.isnan(a) | np.isnan(b))
    for begin, end in _stretches(both, secs, day.carry_secs):
        yield from _watched(a[begin:end], b[begin:end], oco_spread)


def _stretches(both: NDArray[np.bool_], secs: NDArray[np.float64], carry_secs: float) -> Iterator[tuple[int, int]]:
    """Rows in which both prices are known, without a silence between them."""
    rows = np.flatnonzero(both)
    if not len(rows):
        return
    breaks = np.flatnonzero((np.diff(rows) > 1) | (np.diff(secs[rows]) > carry_secs))
    edges = [0, *(breaks + 1).tolist(), len(rows)]
    for begin, end in pairwise(edges):
        yield int(rows[begin]), int(rows[end - 1]) + 1


def _watched(a: NDArray[np.float64], b: NDArray[np.float64], oco_spread: float) -> Iterator[float]:
    at = 0
    while at < len(b):
        moved = np.abs(b[at:] - b[at]) >= oco_spread - 1e-9
        step = int(moved.argmax())
        if not moved[step]:
            return
        hit = at + step
        fell = b[hit] < b[at]
        yield float(a[at] - a[hit] if fell else a[hit] - a[at])
        at = hit
