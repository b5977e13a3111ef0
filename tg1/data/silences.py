"""Stretches of a day in which no price came: a feed that was down, or a share that nobody traded. PURE.

Whoever carries a last price forward across one invents prices: it is found here, for the check and for the statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tg1.report.words import clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

OUTAGE_SECS = 60.0
"""Without a price of any symbol that the file has: the feed was down."""
QUIET_SECS = 300.0
"""Without a price of one symbol while others have some."""
_QUIET_BARS = 3
"""Bars are missing for want of trades sooner than seconds are for want of a feed."""


class Silence(NamedTuple):
    """From the last price before it to the first one after it, in seconds after midnight IST."""

    begin: float
    end: float

    @property
    def secs(self) -> float:
        """How long it lasted."""
        return self.end - self.begin

    def __str__(self) -> str:
        """Times of day."""
        return f"{clock(self.begin)} to {clock(self.end)}"


def longest_of(bar_secs: float, *, whole_file: bool) -> float:
    """The longest silence that is nothing special; `bar_secs` is 0 for last prices."""
    if not bar_secs:
        return OUTAGE_SECS if whole_file else QUIET_SECS
    return max(QUIET_SECS, _QUIET_BARS * bar_secs)


def silences(secs: NDArray[np.float64], bar_secs: float, longest_secs: float) -> list[Silence]:
    """The stretches between prices at `secs`, rising, that are longer; a bar speaks for its own length."""
    gaps = np.diff(secs) - bar_secs
    return [Silence(float(secs[at]) + bar_secs, float(secs[at + 1])) for at in np.flatnonzero(gaps > longest_secs)]
