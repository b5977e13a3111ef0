"""The market of a replayed day: the paper exchange's matching core fed from a tape, in virtual time.

Time moves only when somebody waits. While it moves, every price that could touch a working order and every timer of the
exchange happens in its order; prices in between only become the last price.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from tg1.errors import InvariantBroken
from tg1.paper.orders import IST
from tg1.replay.tape import NO_BOUNDS, rupees, units

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.paper.exchange import PaperExchange
    from tg1.replay.tape import Bounds, DayTape

MICRO = 1_000_000


def micros_of(at: time) -> int:
    """Microseconds since midnight."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * MICRO + at.microsecond


class Market:
    """Exchange, tape and clock of one day after another."""

    def __init__(self, exchange: PaperExchange, symbol_a: str, symbol_b: str) -> None:
        self.exchange = exchange
        self._symbols = (symbol_a, symbol_b) if symbol_b else (symbol_a,)
        self._tape: DayTape | None = None
        self._midnight = datetime.min.replace(tzinfo=IST)
        self._days_before = 0
        self._row = 0
        self._micros = 0
        """Since the midnight of the tape's day."""
        self._skipped = 0
        """Microseconds that the monotonic clock leaves out: whole cycles in which nothing could happen."""
        self.appointment: tuple[int, Callable[[], None]] | None = None
        """What somebody else does at an hour of today, in microseconds since midnight; it is kept once."""

    # -- time ----------------------------------------------------------------------------------------------------------

    def begin(self, tape: DayTape, start: time, day_number: int) -> None:
        """Move to `start` (IST) of the tape's day."""
        self._tape = tape
        self._midnight = datetime.combine(tape.day, time(0), IST)
        self._days_before = day_number
        self._row = 0
        self._skipped = 0
        self._micros = micros_of(start)
        self.exchange.step(self.now())
        # Yesterday's close is no price of today.
        self.exchange.prices.clear()
        self._set_last(tape.index_after(self.secs))

    @property
    def tape(self) -> DayTape:
        """Today's prices."""
        if self._tape is None:
            raise InvariantBroken("the market was asked for a day before one began")
        return self._tape

    @property
    def row(self) -> int:
        """The first row of the tape that has not happened yet."""
        return self._row

    @property
    def secs(self) -> float:
        """Seconds since midnight IST."""
        return self._micros / MICRO

    def now(self) -> datetime:
        """IST wall time."""
        return self._midnight + timedelta(microseconds=self._micros)

    def monotonic(self) -> float:
        """Seconds that go on over nights, each of which counts as a whole day."""
        return self._days_before * 86_400 + (self._micros - self._skipped) / MICRO

    def at(self, monotonic: float) -> int:
        """Microseconds since today's midnight of a monotonic instant."""
        return round((monotonic - self._days_before * 86_400) * MICRO) + self._skipped

    @property
    def micros(self) -> int:
        """Microseconds since today's midnight."""
        return self._micros

    def skip(self, micros: int) -> None:
        """Be that much later without anything having happened; no waiter's deadline comes nearer by it."""
        if micros:
            self._micros += micros
            self._skipped += micros
            self._set_last(self.tape.index_after(self.secs))

    # -- the passing of time -------------------------------------------------------------------------------------------

    def advance(self, micros: int) -> None:
        """Let everything happen that is due until then, and then be there."""
        while (due := self._next_event(micros)) is not None:
            self._micros = max(self._micros, due)
        self._set_last(self.tape.index_after(max(micros, self._micros) / MICRO))
        self._micros = max(self._micros, micros)

    def _next_event(self, micros: int) -> int | None:
        """Carry out the next thing that happens by `micros` and return when it did; None when nothing does."""
        tape = self.tape
        end = tape.index_after(micros / MICRO)
        touch = tape.first_outside(self._row, end, *self.bounds())
        timer_at = self.next_timer()
        if touch < end:
            touched_at = round(float(tape.secs[touch]) * MICRO)
            if timer_at is None or touched_at <= timer_at:
                self._trade(touch, touched_at)
                return touched_at
        if timer_at is None or timer_at > micros:
            return None
        self._set_last(tape.index_after(timer_at / MICRO))
        self._micros = max(self._micros, timer_at)
        if self.appointment is not None and self.appointment[0] <= timer_at:
            (_, deed), self.appointment = self.appointment, None
            deed()
        else:
            self.exchange.step(self.now())
        return timer_at

    def next_timer(self) -> int | None:
        """When time alone changes something, in microseconds since today's midnight; None when it never does."""
        due = self.exchange.next_due()
        found = [] if due is None else [round((due - self._midnight).total_seconds() * MICRO)]
        if self.appointment is not None:
            found.append(self.appointment[0])
        return min(found, default=None)

    def _trade(self, row: int, micros: int) -> None:
        """The prices of one row, as trades in the market."""
        self._set_last(row)
        moment = self._midnight + timedelta(microseconds=micros)
        for symbol, price in self._prices(row):
            self.exchange.on_price(symbol, price, moment)
        self._row = row + 1

    def _set_last(self, end: int) -> None:
        """Rows before `end` have happened without touching anything."""
        if end > self._row:
            self.exchange.prices.update(self._prices(end - 1))
            self._row = end

    def _prices(self, row: int) -> list[tuple[str, Decimal]]:
        tape = self.tape
        cells = (int(tape.a[row]), int(tape.b[row]))
        return [(symbol, rupees(cell)) for symbol, cell in zip(self._symbols, cells, strict=False) if cell]

    def bounds(self) -> tuple[Bounds, Bounds]:
        """Between which prices nothing happens at the exchange."""
        found = [self._bounds_of(symbol) for symbol in self._symbols]
        return found[0], found[1] if len(found) > 1 else NO_BOUNDS

    def _bounds_of(self, symbol: str) -> Bounds:
        low, high = self.exchange.resting.quiet(symbol)
        return (
            NO_BOUNDS[0] if low is None else units(low),
            NO_BOUNDS[1] if high is None else units(high),
        )
