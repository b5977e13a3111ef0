"""How often the best of worthless grids exceeds what `tg1.sweep.luck` says it exceeds in one of twenty trials.

`python -m bench.luck [TRIALS]`: worthless grids of three kinds of days, alike (one common cause) and various (five).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from tg1.sweep.luck import luck

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

COMBINATIONS = 100
DAYS = (10, 12, 20, 40)
PAISE = 100_000
Rng = np.random.Generator


def _even(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float64]:
    return rng.normal(size=shape)


def _fat(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float64]:
    return rng.standard_t(3, size=shape)


def _seldom(rng: Rng, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Nine small wins for a loss that takes them all."""
    return np.where(rng.random(shape) < 0.1, -9.0, 1.0) + 0.5 * rng.normal(size=shape)


KINDS: dict[str, Callable[[Rng, tuple[int, int]], NDArray[np.float64]]] = {
    "normal days": _even,
    "fat-tailed days": _fat,
    "small wins, rare losses": _seldom,
}


def exceeded(kind: str, causes: int, days: int, trials: int) -> float:
    """The share of trials in which the best of worthless grids exceeds the 95 % figure."""
    rng = np.random.default_rng(1)
    beyond = 0
    for _ in range(trials):
        weights = rng.normal(size=(COMBINATIONS, causes))
        # What seldom loses does so in every grid that is made of it.
        weights = np.abs(weights) if kind == "small wins, rare losses" else weights
        nets = weights @ KINDS[kind](rng, (causes, days)) + 0.3 * rng.normal(size=(COMBINATIONS, days))
        paise = np.round(nets * PAISE).astype(np.int64).tolist()
        found = luck(paise)
        beyond += found is not None and max(map(sum, paise)) > found.high
    return beyond / trials


def main() -> None:
    """Print a line for each kind of days, a column for each number of them; 5 % is what is promised."""
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{'exceeded, of ' + str(trials) + ' trials':42}" + "".join(f"{days:>4} days" for days in DAYS))
    for kind in KINDS:
        for causes in (1, 5):
            shares = [exceeded(kind, causes, days, trials) for days in DAYS]
            print(f"{kind + ', causes: ' + str(causes):42}" + "".join(f"{share:9.1%}" for share in shares))


if __name__ == "__main__":
    main()
