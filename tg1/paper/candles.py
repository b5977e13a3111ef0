"""Candles of the past: what the tape saw, and made days before it, as Kite's historical endpoint gives them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
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
                if day.weekday() < _SATURDAY:
                    yield from (candle for candle in self._made(instrument, day) if since <= candle.at <= last)
                day += timedelta(days=1)
        yield from self._tape.candles(instrument.key, since, until)

    def _made(self, instrument: PaperInstrument, day: date) -> Iterator[Candle]:
        """One day by its seed: all instruments follow one swing, each with a small noise of its own."""
        common, own = Random(f"{self._seed} {day}"), Random(f"{self._seed} {day} {instrument.key}")
        centre = float(self._centres.get(instrument.key, usual_price(instrument)))
        at = datetime.combine(day, _OPEN, IST)
        swing, noise = common.gauss(0, 1), own.gauss(0, 1)
        slow, fast = exp(-_STEP_SECS / SWING_MEMORY_SECS), exp(-_STEP_SECS / NOISE_MEMORY_SECS)
        for minute in range(_MINUTES_A_DAY):
            prices = []
            for _ in range(60 // _STEP_SECS):
                swing = swing * slow + sqrt(1 - slow * slow) * common.gauss(0, 1)
                noise = noise * fast + sqrt(1 - fast * fast) * own.gauss(0, 1)
                level = 1 + (SWING_PCT / sqrt(2) * swing + NOISE_PCT * noise) / 100
                prices.append(on_tick(centre * level, instrument.tick))
            yield Candle(
                at=at + timedelta(minutes=minute),
                open=prices[0],
                high=max(prices),
                low=min(prices),
                close=prices[-1],
                volume=own.randrange(1, _MOST_SHARES),
            )


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
        current = Candle(
            at=begins,
            open=candle.open,
            high=candle.high,
            low=candle.low,
            close=candle.close,
            volume=candle.volume,
        )
    if current is not None:
        yield current


def _begin(at: datetime, minutes: int) -> datetime:
    if minutes == _MINUTES_A_DAY:
        return datetime.combine(at.date(), time(0), IST)
    passed = at - datetime.combine(at.date(), _OPEN, IST)
    return at - passed % timedelta(minutes=minutes)
