"""What the figures of a pair come to: is it a hedge, how many shares, how far away, which flags. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING

from tg1.models import Side
from tg1.pair.passages import Passages, passages
from tg1.pair.reach import GridAdvice, Reach, grid_for, money_step, on_step, reach_of
from tg1.pair.statistics import HorizonStats, horizons_of, over_days, over_nights, resolution
from tg1.rules.round_trips import Trade

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tg1.pair.series import PairDay
    from tg1.replay.jumps import Confirmed
    from tg1.rules.charges import ChargesPlan

GOOD, WEAK = 0.6, 0.3
"""Correlations from which on a share is a hedge, and a weak one."""
CANDIDATES = (0.15, 0.3, 0.5, 0.75, 1.0)
"""OCO spreads that are looked at, as parts of B's median daily range."""
LEAST_MOVES = 10
"""Fewer moves say nothing about an OCO spread."""
SELDOM = 1.0
"""Moves a day at most of an OCO spread whose hedges fire on the unusual day alone."""
HALF = 0.5
"""A share that goes its own way is on the wrong side so often."""


class Verdict(StrEnum):
    """Whether B hedges A."""

    HEDGE = "a hedge"
    WEAK = "a weak hedge"
    NONE = "no hedge"
    WRONG = "the opposite of a hedge"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked for."""

    symbol_a: str
    symbol_b: str
    quantity_a: int
    steps: int
    """The most levels a side."""
    product: str
    plan: ChargesPlan
    oco_spreads: tuple[Decimal, ...] = ()
    """Rupees; empty: parts of B's daily range."""
    confirmed: Confirmed = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything that is known of a pair."""

    question: Question
    days: tuple[PairDay, ...]
    horizons: tuple[HorizonStats, ...]
    reach_a: Reach
    reach_b: Reach
    moves: tuple[Passages, ...]
    grid: GridAdvice | None
    judged: HorizonStats | None
    """The horizon that the verdict and the ratio rest on: the longest within a day that is known."""

    @property
    def resolution(self) -> str:
        """How fine the prices are."""
        return resolution(self.days)

    @property
    def prices(self) -> tuple[float, float]:
        """The last prices of A and B, in rupees."""
        return self.days[-1].a.last, self.days[-1].b.last

    @property
    def verdict(self) -> Verdict:
        """Whether B hedges A."""
        if self.judged is None or self.judged.correlation is None:
            return Verdict.UNKNOWN
        median = self.judged.correlation.median
        if median <= -WEAK:
            return Verdict.WRONG
        if median < WEAK:
            return Verdict.NONE
        return Verdict.HEDGE if median >= GOOD else Verdict.WEAK

    @property
    def is_usable(self) -> bool:
        """B may be given as TokenB."""
        return self.verdict in (Verdict.HEDGE, Verdict.WEAK)

    @property
    def ratio(self) -> float:
        """Shares of B that move in rupees as one share of A: beta times the prices' ratio; 0 when it is not known."""
        if self.judged is None or self.judged.beta is None:
            return 0.0
        a, b = self.prices
        return self.judged.beta.median * a / b

    @property
    def quantity_b(self) -> int:
        """Shares of B against `quantity_a` of A; 0 where B is no hedge."""
        return max(1, round(self.ratio * self.question.quantity_a)) if self.is_usable else 0

    @property
    def left_over(self) -> float:
        """Part of A's moves that a full hedge of the best size leaves; 1 when nothing is known."""
        if self.judged is None or self.judged.correlation is None:
            return 1.0
        return sqrt(1 - self.judged.correlation.median**2)

    @property
    def best_move(self) -> Passages | None:
        """The OCO spread to take: the smallest that B moves by at most once a day, or the widest.

        A tighter one fires in the day's ordinary swings: each time a level is closed for good, and so many on one side
        as there are steps end the bot (architecture 13). Only spreads count whose moves surely come with a loss in A
        more often than not; None when there is none.
        """
        sure = [each for each in self.moves if each.moves >= LEAST_MOVES and each.sure[0] > HALF]
        seldom = [each for each in sure if each.a_day <= SELDOM]
        return min(seldom, key=_width, default=max(sure, key=_width, default=None))

    @property
    def flags(self) -> str:
        """The flags to type; empty where B is no hedge, or nothing pays."""
        if not self.is_usable or self.grid is None or self.best_move is None:
            return ""
        asked, spread = self.question, plain(float(self.grid.spread))
        return (
            f"--token-a {asked.symbol_a} --token-b {asked.symbol_b} --auto-entry --steps {self.grid.steps} "
            f"--spread {spread} --target-spread {spread} --qty-a {asked.quantity_a} --qty-b {self.quantity_b} "
            f"--oco-spread {plain(self.best_move.oco_spread)}"
        ) + ("" if asked.product == "MIS" else f" --product {asked.product}")


def _width(each: Passages) -> float:
    return each.oco_spread


def plain(rupees: float) -> str:
    """An amount as a flag takes it, with two decimals at most."""
    return f"{rupees:.2f}"


def answer(days: Sequence[PairDay], question: Question) -> Answer:
    """Reckon everything."""
    horizons = [over_days(days, secs) for secs in horizons_of(days)]
    nights = over_nights(days, (question.symbol_a, question.symbol_b), question.confirmed)
    known = [each for each in horizons if each.correlation is not None]
    reach_a, reach_b = reach_of([day.a for day in days]), reach_of([day.b for day in days])
    trade = Trade(
        side=Side.BUY,
        entry_price=on_step(days[-1].a.last, money_step(days[-1].a.last)),
        quantity=question.quantity_a,
        product=question.product,
        day=days[-1].day,
    )
    return Answer(
        question=question,
        days=tuple(days),
        horizons=(*horizons, nights),
        reach_a=reach_a,
        reach_b=reach_b,
        moves=tuple(passages(days, spread) for spread in _spreads(question, reach_b, days[-1].b.last)),
        grid=grid_for(reach_a, question.steps, trade, question.plan),
        judged=known[-1] if known else None,
    )


def _spreads(question: Question, reach: Reach, price: float) -> list[float]:
    if question.oco_spreads:
        return [float(each) for each in question.oco_spreads]
    step = money_step(price)
    return [float(each) for each in sorted({on_step(part * reach.range_median, step) for part in CANDIDATES})]
