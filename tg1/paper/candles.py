"""Candles of the past: what the tape saw, and made days before it, as Kite's historical endpoint gives them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from math import exp, sqrt
from random import Random

from tg1.paper.errors import KiteInputError
from tg1.paper.instruments import PaperInstrument
from tg1.paper.orders import IST
from tg1.paper.prices import NOISE_MEMORY_SECS, NOISE_PCT, SWING_MEMORY_SECS, SWING_PCT, on_tick
from tg1.paper.tape import Candle, Tape

_OPEN, _MINUTES_A_DAY = time(9, 15), 375
_SATURDAY = 5
_STEP_SECS = 15
_STEPS_A_MINUTE = 60 // _STEP_SECS
_STEPS = _MINUTES_A_DAY * _STEPS_A_MINUTE
_NIGHT = 0.15
"""How far a swing moves over a night, where its usual size is 1."""
_MOST_SHARES = 20_000
_INTERVALS = {
    "minute": (1, 60),
    "3minute": (3, 100),
    "5minute": (5, 100),
    "10minute": (10, 100),
    "15minute": (15, 200),
    "30minute": (30, 200),
    "60minute": (60, 400),
    "day": (_MINUTES_A_DAY, 2000),
}
"""Minutes of a candle, and the most days that one request may ask for; Kite's documentation of the endpoint."""


class Past:
    """Minute candles of every instrument that the exchange lists: made ones until it opened, then the tape's."""

    def __init__(self, tape: Tape, *, centres: Mapping[str, Decimal], seed: int, is_made: bool = True) -> None:
        self._tape = tape
        self._centres = centres
        self._seed = seed
        self._is_made = is_made
        self._opened_at: datetime | None = None

    def open(self, now: datetime) -> None:
        """Note when the exchange opened; minutes before it are made up, unless a file is replayed."""
        self._opened_at = now.replace(second=0, microsecond=0)

    def candles(self, instrument: PaperInstrument, interval: str, since: datetime, until: datetime) -> list[Candle]:
        """Return the candles that begin from `since` to `until`; raises KiteInputError for what Kite refuses."""
        minutes, most_days = _INTERVALS.get(interval, (0, 0))
        if not minutes:
            raise KiteInputError("invalid interval")
        if since > until:
            raise KiteInputError("invalid from and to dates: from is after to")
        if until - since > timedelta(days=most_days):
            raise KiteInputError(f"interval exceeds max limit: {most_days} days")
        return list(_merged(self._minutes(instrument, since, until), minutes))

    def _minutes(self, instrument: PaperInstrument, since: datetime, until: datetime) -> Iterator[Candle]:
        if self._is_made and self._opened_at is not None:
            last = min(until, self._opened_at - timedelta(minutes=1))
            day = since.date()
            while day <= last.date():
                if is_trading_day(day):
                    yield from (candle for candle in self._made(instrument, day) if since <= candle.at <= last)
                day += timedelta(days=1)
        yield from self._tape.candles(instrument.key, since, until)

    def _made(self, instrument: PaperInstrument, day: date) -> Iterator[Candle]:
        """One day by its seed: all instruments follow one swing, each with a small noise of its own."""
        centre = float(self._centres.get(instrument.key, usual_price(instrument)))
        swings = _swings(f"{self._seed}", day, exp(-_STEP_SECS / SWING_MEMORY_SECS))
        noises = _swings(f"{self._seed} {instrument.key}", day, exp(-_STEP_SECS / NOISE_MEMORY_SECS))
        shares = Random(f"{self._seed} {instrument.key} {day} shares")
        levels = [1 + (SWING_PCT / sqrt(2) * a + NOISE_PCT * b) / 100 for a, b in zip(swings, noises, strict=True)]
        at = datetime.combine(day, _OPEN, IST)
        for minute in range(_MINUTES_A_DAY):
            first = minute * _STEPS_A_MINUTE
            prices = [on_tick(centre * each, instrument.tick) for each in levels[first : first + _STEPS_A_MINUTE]]
            yield Candle(
                at=at + timedelta(minutes=minute),
                open=prices[0],
                high=max(prices),
                low=min(prices),
                close=prices[-1],
                volume=shares.randrange(1, _MOST_SHARES),
            )


@lru_cache(maxsize=256)
def _swings(seed: str, day: date, memory: float) -> tuple[float, ...]:
    """A day's steps of a reverting walk of size 1, which ends where the next trading day begins, but for the night."""
    rng = Random(f"{seed} {day}")
    at = _anchor(seed, day)
    jolt = sqrt(1 - memory * memory)
    walk = []
    for _ in range(_STEPS):
        walk.append(at)
        at = at * memory + jolt * rng.gauss(0, 1)
    missed = _anchor(seed, _next_trading_day(day)) + _NIGHT * rng.gauss(0, 1) - walk[-1]
    return tuple(each + missed * step / _STEPS for step, each in enumerate(walk))


def _anchor(seed: str, day: date) -> float:
    return Random(f"{seed} {day} open").gauss(0, 1)


def is_trading_day(day: date) -> bool:
    """Return whether NSE trades on that day, as far as the package `holidays` knows."""
    return day.weekday() < _SATURDAY and day not in _holidays(day.year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    # 70 ms, which an exchange that nobody asks for its past does not pay.
    from holidays.financial.national_stock_exchange_of_india import NationalStockExchangeOfIndia  # noqa: PLC0415

    return frozenset(NationalStockExchangeOfIndia(years=year))


def _next_trading_day(day: date) -> date:
    day += timedelta(days=1)
    while not is_trading_day(day):
        day += timedelta(days=1)
    return day


def usual_price(instrument: PaperInstrument) -> Decimal:
    """Return a price for an instrument of which none is known, in rupees: the same one every time."""
    return on_tick(100 + instrument.exchange_token % 900, instrument.tick)


def _merged(candles: Iterable[Candle], minutes: int) -> Iterator[Candle]:
    """Join minute candles into longer ones, which begin at 09:15 of each day."""
    current: Candle | None = None
    for candle in candles:
        begins = _begin(candle.at, minutes)
        if current is not None and current.at == begins:
            current.take(candle.high, candle.low, candle.close, candle.volume)
            continue
        if current is not None:
            yield current
        current = replace(candle, at=begins)
    if current is not None:
        yield current


def _begin(at: datetime, minutes: int) -> datetime:
    if minutes == _MINUTES_A_DAY:
        return datetime.combine(at.date(), time(0), IST)
    passed = at - datetime.combine(at.date(), _OPEN, IST)
    return at - passed % timedelta(minutes=minutes)
