"""Price sources for the paper exchange: pure generators of prices, the same for the same seed.

`SeededPair` makes a correlated, mean-reverting pair. `Playback` turns any source into "what happened until now";
its caller alone knows how fast time passes. `replay.py` holds the source that reads real prices.
"""

from cmath import exp
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import exp as real_exp
from math import pi, sqrt
from random import Random
from typing import Protocol

DEFAULT_CENTRES = (Decimal("50.00"), Decimal("120.50"))
SWING_PCT = 4.0
_PERIOD_SECS = 1_800.0
SWING_MEMORY_SECS = 5_400.0
NOISE_PCT = 0.25
NOISE_MEMORY_SECS = 300.0
_SECOND_LEG_OFFSET_SECS = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEvent:
    """One last price in rupees; `at_secs` counts market seconds from the start of the source."""

    at_secs: float
    symbol: str
    price: Decimal
    market_time: datetime | None = None
    """When it traded in the market, IST; None for made prices, whose market is here and now."""


class PriceSource(Protocol):
    """A pair's prices: the first ones at once, the rest in the order of `at_secs`."""

    @property
    def begins_at(self) -> datetime | None:
        """Market time of the first price of a file, IST; None for made prices, whose market is here and now."""

    @property
    def length_secs(self) -> float:
        """Market seconds until the last event; 0 for a source without end."""

    @property
    def first(self) -> Mapping[str, Decimal]:
        """The price of each symbol at second zero, in rupees."""

    def events(self) -> Iterator[PriceEvent]:
        """Yield the prices after second zero; a new iterator starts from the beginning."""


class Playback:
    """Hands out a source's events as market time passes."""

    def __init__(self, source: PriceSource) -> None:
        self.source = source
        self.elapsed_secs = 0.0
        """Market seconds since the start of the source, as last asked for."""
        self.market_time = source.begins_at
        """When the last event traded, IST; None where the market is here and now."""
        self._events = source.events()
        self._next = next(self._events, None)

    def until(self, elapsed_secs: float) -> list[PriceEvent]:
        """Return the events not yet handed out, up to `elapsed_secs` market seconds from the start."""
        self.elapsed_secs = max(self.elapsed_secs, elapsed_secs)
        due = []
        while self._next is not None and self._next.at_secs <= elapsed_secs:
            due.append(self._next)
            self.market_time = self._next.market_time or self.market_time
            self._next = next(self._events, None)
        return due

    @property
    def played(self) -> float:
        """How much of a source that ends has been handed out, from 0 to 1; 0 for one without end."""
        if self.is_over:
            return 1.0
        length_secs = self.source.length_secs
        return min(self.elapsed_secs / length_secs, 1.0) if length_secs else 0.0

    @property
    def is_over(self) -> bool:
        """A file has been played to its end; made prices never are."""
        return self._next is None and self.source.begins_at is not None


class _Endless:
    """A source whose market is here and now."""

    begins_at: datetime | None = None
    length_secs = 0.0


class ManualPrices(_Endless):
    """Fixed first prices; every later one comes through the control API."""

    def __init__(self, first: Mapping[str, Decimal]) -> None:
        self._first = dict(first)

    @property
    def first(self) -> Mapping[str, Decimal]:
        """The price of each symbol at second zero, in rupees."""
        return self._first

    def events(self) -> Iterator[PriceEvent]:
        """Yield nothing."""
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One instrument of the pair: symbol, the price it reverts to, and its tick, both in rupees."""

    symbol: str
    centre: Decimal
    tick: Decimal


class SeededPair(_Endless):
    """Correlated prices, one leg's or two, that swing about their centres, one price a second each, on tick, by seed.

    Both legs follow one damped random oscillation (about 4 % either way in a period of half an hour) and each adds
    its own small reverting noise (0.25 %), so that moves of minutes are strongly correlated and those of seconds
    hardly, as in real prices. At speed 1 that is a lively but slow day; at speed 60 a swing takes half a minute, so
    that a grid of 1.00 about 50.00 with a hedge 2.00 away sees entries, targets and a hedge within the first minute.
    """

    def __init__(self, *legs: Leg, seed: int = 1) -> None:
        self._legs = legs
        self._seed = seed

    @property
    def first(self) -> Mapping[str, Decimal]:
        """Each leg starts at its centre."""
        return {leg.symbol: on_tick(float(leg.centre), leg.tick) for leg in self._legs}

    def events(self) -> Iterator[PriceEvent]:
        """Yield prices without end."""
        rng = Random(self._seed)
        turn = exp(complex(-1 / SWING_MEMORY_SECS, 2 * pi / _PERIOD_SECS))
        kick = sqrt(1 - abs(turn) ** 2)
        fade = real_exp(-1 / NOISE_MEMORY_SECS)
        jolt = sqrt(1 - fade * fade)
        swing = complex(0, rng.choice((-1.0, 1.0)))
        noises = [0.0] * len(self._legs)
        second = 0
        while True:
            second += 1
            swing = swing * turn + kick * complex(rng.gauss(0, 1), rng.gauss(0, 1)) / sqrt(2)
            for index, leg in enumerate(self._legs):
                noises[index] = noises[index] * fade + jolt * rng.gauss(0, 1)
                level = 1 + (SWING_PCT * swing.real + NOISE_PCT * noises[index]) / 100
                at_secs = second + index * _SECOND_LEG_OFFSET_SECS
                yield PriceEvent(
                    at_secs=at_secs,
                    symbol=leg.symbol,
                    price=on_tick(float(leg.centre) * level, leg.tick),
                )


def on_tick(value: float, tick: Decimal) -> Decimal:
    """Return the price nearest to `value` that lies on the tick, one tick at least."""
    return max(round(value / float(tick)), 1) * tick
