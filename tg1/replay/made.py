"""Days of made prices: the paper exchange's own seeded pair, for who has no file of real ones yet.

They show how a grid trades. They say nothing about what a share does, and no result on them means anything in rupees.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

import numpy as np

from tg1.paper.candles import is_trading_day
from tg1.paper.instruments import instrument_for
from tg1.paper.prices import DEFAULT_CENTRES, Leg, SeededPair
from tg1.paper_process import price_b_of
from tg1.replay.tape import DayTape, units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tg1.config import GridOcoConfig

OPEN_SECS = 9 * 3600 + 15 * 60
SECS = 375 * 60
"""From the open to the close at 15:30."""
FIRST_DAY = date(2026, 11, 23)
"""Of made days, unless another is asked for: charges have dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Made days that were asked for."""

    days: int
    seed: int
    first_day: date = FIRST_DAY


def made_days(config: GridOcoConfig, made: Made) -> Iterator[DayTape]:
    """One day after another, a price of each symbol a second; the same for the same seed and symbols' first prices."""
    day = made.first_day
    for number in range(made.days):
        while not is_trading_day(day):
            day += timedelta(days=1)
        yield _made_day(config, day, made.seed + number)
        day += timedelta(days=1)


def _made_day(config: GridOcoConfig, day: date, seed: int) -> DayTape:
    centres = {config.token_a_symbol: config.entry_price or DEFAULT_CENTRES[0]}
    if config.has_oco:
        centres[config.token_b_symbol] = price_b_of(config)
    legs = [Leg(symbol=name, centre=at, tick=instrument_for(name, at).tick) for name, at in centres.items()]
    pair = SeededPair(*legs, seed=seed)
    prices = {leg.symbol: [units(pair.first[leg.symbol])] for leg in legs}
    for event in takewhile(lambda each: each.at_secs < SECS, pair.events()):
        prices[event.symbol].append(units(event.price))
    first, *second = (np.array(cells, dtype=np.int64) for cells in prices.values())
    secs: NDArray[np.float64] = OPEN_SECS + np.arange(SECS, dtype=np.float64)
    return DayTape(
        day=day,
        secs=secs,
        a=first,
        b=second[0] if second else np.zeros(SECS, dtype=np.int64),
        price_events=SECS * len(legs),
    )
