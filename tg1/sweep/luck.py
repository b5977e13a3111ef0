"""What the best of so many worthless grids would have shown on these days by luck alone. PURE.

Each combination's daily nets are taken about their own mean, so that none of them is worth anything; then a coin is
tossed for every day, the same for all combinations, and the best sum is noted. Since the day's sign is shared, grids
that move together stay together: a hundred copies of one grid have the luck of one. Repeated, the best sums say what
luck does (a wild bootstrap of White's reality check).

What days have not shown, no toss can show: of grids that win often and rarely lose much, the true luck is larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TOSSES = 2_000
SEED = 20_251_123
FEWEST_DAYS = 10
"""With fewer, chance exceeds the 95 % figure in over one of ten trials instead of one of twenty (bench/luck.py)."""
FEW_DAYS = 20
"""From here on the figures about keep what they promise, where losses are not rarer than wins."""
_CELLS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """Paise, over the first days."""

    typical: int
    """What the best of so many worthless combinations shows on average."""
    high: int
    """What it exceeds in one of twenty trials."""
    share: float
    """In how many of the trials the best worthless one did at least as well as the best that was found, 0 to 1."""
    independent: float
    """How many combinations without anything in common would differ as much; below the number of days."""
    is_rough: bool
    """True when there are few days."""


def luck(nets: Sequence[Sequence[int]]) -> Luck | None:
    """The luck in `nets` (paise; a row for each combination, a column for each day); None for too few days."""
    if not nets or len(nets[0]) < FEWEST_DAYS:
        return None
    table = np.asarray(nets, dtype=np.float64)
    days = table.shape[1]
    centred = table - table.mean(axis=1, keepdims=True)
    best = _best_sums(centred) * np.sqrt(days / (days - 1))
    found = float(table.sum(axis=1).max())
    return Luck(
        typical=round(float(best.mean())),
        high=round(float(np.quantile(best, 0.95))),
        share=float((np.count_nonzero(best >= found) + 1) / (TOSSES + 1)),
        independent=_independent(centred),
        is_rough=days < FEW_DAYS,
    )


def _best_sums(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    count, days = centred.shape
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], size=(days, TOSSES))
    width = max(1, _CELLS_AT_ONCE // count)
    parts = [(centred @ signs[:, begin : begin + width]).max(axis=0) for begin in range(0, TOSSES, width)]
    best: NDArray[np.float64] = np.concatenate(parts)
    return best


def _independent(centred: NDArray[np.float64]) -> float:
    """The participation ratio of the correlations: their eigenvalues' sum, squared, over the sum of their squares."""
    sizes = np.linalg.norm(centred, axis=1)
    moving = centred[sizes > 0] / sizes[sizes > 0, None]
    if not len(moving):
        return 1.0
    # The days' matrix has the same eigenvalues as the combinations', and is small.
    gram = moving.T @ moving
    return float(len(moving) ** 2 / np.sum(gram**2))
