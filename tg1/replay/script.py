"""A recorded run as the script of its replay: when each cycle looked, what it saw, and what the market did. PURE.

A bot hears of a price and of the fill that it caused on two ways, and not in the order in which they happened. So where
the record has a fill, it is a price, too: the market was there before the book that showed it was read.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tg1.models import OrderStatus, Side
from tg1.replay.order_lives import filled_so_far
from tg1.replay.tape import SCALE, DayTape, rupees

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from tg1.models import OrderTerms
    from tg1.record.reading import Run
    from tg1.record.values import Cycle, Row

LATE_US = 100_000
"""A price may be heard before a book is there that was made before it: so much earlier, at most."""
HEARD_US = 1_500_000
"""A feed tells a symbol's price about once a second, and a busy machine hears it later."""
ACK_US = 50_000
"""From an order's answer to the moment at which it meets the market (xts.md 10)."""
LEAD_US = 1_000_000
"""The market of a run begins so long before its first cycle."""

Heard = tuple[int, int, str, int]
"""Microseconds since the day's midnight, a number that keeps the order, symbol, price in units of the tape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One cycle; instants in microseconds since the day's midnight."""

    read_at: int
    """When its books were there."""
    at: int
    price_a: Decimal | None
    price_b: Decimal | None
    calls: tuple[int, ...]
    """When each order call was answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One run."""

    begins_at: int
    steps: tuple[Step, ...]
    tape: DayTape


def script_of(run: Run, day: date) -> Script:
    """The script of a run that has at least one cycle, on the clock of `day`."""
    steps = tuple(_step(cycle, day) for cycle in run.cycles)
    begins_at = max(0, steps[0].read_at - LEAD_US)
    market = _Market(begins_at)
    symbols = tuple(run.begun.tick_sizes)
    for cycle, step in zip(run.cycles, steps, strict=True):
        market.hear(cycle, step, symbols)
    _settle(run, steps, market)
    return Script(begins_at=begins_at, steps=steps, tape=market.tape(day, symbols))


def micros_at(at: datetime, day: date) -> int:
    """Microseconds since the midnight of `day`."""
    return (at - datetime.combine(day, time(0), at.tzinfo)) // timedelta(microseconds=1)


def _step(cycle: Cycle, day: date) -> Step:
    at = micros_at(cycle.at, day)
    return Step(
        read_at=at - max(0, cycle.read_us),
        at=at,
        price_a=cycle.price_a,
        price_b=cycle.price_b,
        calls=tuple(sorted(at + us for us in _calls(cycle))),
    )


def _calls(cycle: Cycle) -> list[int]:
    return [*(one.after_us for one in cycle.sent), *(one.after_us for one in cycle.asked)]


class _Market:
    """What the market did, as far as the bot heard of it."""

    def __init__(self, begins_at: int) -> None:
        self._begins_at = begins_at
        self._last: dict[str, int] = {}
        self._count = 0
        self.heard: dict[str, list[Heard]] = {}

    def hear(self, cycle: Cycle, step: Step, symbols: tuple[str, ...]) -> None:
        """Its prices, each when it came; the first of a symbol has been there from the beginning."""
        for tick in cycle.ticks:
            self._note(step.at - tick.before_us, tick.symbol, _units(tick.price))
        for symbol, price in zip(symbols, (step.price_a, step.price_b), strict=False):
            if price is not None and self._last.get(symbol) != _units(price):
                self._note(step.at, symbol, _units(price))

    def _note(self, at: int, symbol: str, price: int) -> None:
        is_first = symbol not in self._last
        self._last[symbol] = price
        self.add(self._begins_at if is_first else max(at, self._begins_at), symbol, price)

    def add(self, at: int, symbol: str, price: int) -> None:
        """One price."""
        self._count += 1
        insort(self.heard.setdefault(symbol, []), (at, self._count, symbol, price))

    def move(self, heard: Heard, at: int) -> None:
        """Let a price have come at another time."""
        self.heard[heard[2]].remove(heard)
        self.add(at, heard[2], heard[3])

    def first(self, symbol: str, terms: _Order, since: int) -> Heard | None:
        """The first price from `since` on at which an order would have traded: the one that stood then, or a later."""
        heard = self.heard.get(symbol, [])
        begin = max(0, bisect_right(heard, (since, self._count + 1, "", 0)) - 1)
        return next((one for one in heard[begin:] if terms.trades_at(one[3])), None)

    def around(self, symbol: str, at: int) -> tuple[Heard | None, Heard | None]:
        """The price that stood at an instant, and the one after it."""
        heard = self.heard.get(symbol, [])
        place = bisect_right(heard, (at, self._count + 1, "", 0))
        return heard[place - 1] if place else None, heard[place] if place < len(heard) else None

    def tape(self, day: date, symbols: tuple[str, ...]) -> DayTape:
        """All prices as a day."""
        rows = sorted(one for heard in self.heard.values() for one in heard)
        secs = np.array([one[0] for one in rows], dtype=np.float64) / 1e6
        columns = [_forward(rows, symbol) for symbol in symbols]
        none = np.zeros(len(rows), dtype=np.int64)
        return DayTape(
            day=day, secs=secs, a=columns[0], b=columns[1] if len(columns) > 1 else none, price_events=len(rows)
        )


def _forward(rows: list[Heard], symbol: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    cells, last = np.zeros(len(rows), dtype=np.int64), 0
    for number, (_, _, name, price) in enumerate(rows):
        last = price if name == symbol else last
        cells[number] = last
    return cells


def _units(price: Decimal) -> int:
    return int((price * SCALE).to_integral_value())


@dataclass(slots=True)
class _Order:
    """An order of the record, as far as its fills go."""

    symbol: str
    side: Side
    limit: int
    trigger: int | None
    since: int
    """When it met the market."""
    filled: int = 0
    value: Decimal = Decimal(0)
    seen_at: int = 0
    """When its account's books were last read; 0 before."""
    is_seen: bool = False
    """A book has shown it at the exchange."""
    until: int | None = None
    """When its cancel was asked for."""

    def trades_at(self, price: int) -> bool:
        """Whether this last price trades it; a stop's trigger is told from its limit by neither record nor book."""
        if self.side is Side.BUY:
            return price <= self.limit and (self.trigger is None or price >= self.trigger)
        return price >= self.limit and (self.trigger is None or price <= self.trigger)


def _settle(run: Run, steps: tuple[Step, ...], market: _Market) -> None:
    """Bring each recorded fill and the price that caused it to the same side of the book that showed it."""
    orders = dict(_carried(run, steps[0].read_at))
    for cycle, step in zip(run.cycles, steps, strict=True):
        for row in cycle.rows:
            order = orders.get(row.client_id)
            if order is not None:
                _see(market, order, row, step.read_at)
            if row.status.is_final:
                orders.pop(row.client_id, None)
        for order in orders.values():
            order.seen_at = step.read_at if cycle.read_us else order.seen_at
        for sent in cycle.sent:
            orders[sent.request.client_id] = _order(sent.request, step.at + sent.after_us + ACK_US)
        for asked in cycle.asked:
            if asked.client_id in orders:
                orders[asked.client_id].until = step.at + asked.after_us


def _see(market: _Market, order: _Order, row: Row, read_at: int) -> None:
    """A book that was there at `read_at` shows the order so."""
    filled, value = filled_so_far(row, rupees(order.limit), (order.filled, order.value))
    is_first = not order.is_seen and row.status is not OrderStatus.PENDING
    order.is_seen = order.is_seen or is_first
    new, worth = filled - order.filled, value - order.value
    order.filled, order.value = filled, value
    if new > 0:
        price = _units(worth / new)
        if is_first and row.average is not None:
            _arrive(market, order, price)
        _place(market, order, read_at, price)
    elif is_first and row.status is OrderStatus.WORKING:
        _arrive(market, order, None)


def _arrive(market: _Market, order: _Order, price: int | None) -> None:
    """What an order met was the market's price, which may be heard a second later, and somewhat more.

    An order that would have traded at the price that was heard, and rests or has traded at another one (`price`), has
    met the next one.
    """
    stood, after = market.around(order.symbol, order.since)
    if stood is None or after is None or after[0] - order.since > HEARD_US or not order.trades_at(stood[3]):
        return
    is_other = price != stood[3] and (price == after[3] or not order.trades_at(after[3]))
    if is_other:
        market.move(after, order.since - 1)


def _carried(run: Run, since: int) -> Iterator[tuple[str, _Order]]:
    for level in run.begun.state.levels.values():
        for leg in level.orders:
            order = _order(leg, since)
            order.filled, order.value = leg.filled_quantity, leg.filled_value
            yield leg.client_id, order


def _order(terms: OrderTerms, since: int) -> _Order:
    trigger = None if terms.trigger_price is None else _units(terms.trigger_price)
    return _Order(terms.symbol, terms.side, _units(terms.limit_price), trigger, since)


def _place(market: _Market, order: _Order, read_at: int, price: int) -> None:
    """The price at which an order traded, between the book that did not show it yet and the one that does."""
    found = market.first(order.symbol, order, order.since)
    last = read_at - 1 if order.until is None else min(read_at - 1, order.until + 1)
    if found is None or found[0] > last:
        market.add(max(last, order.since), order.symbol, price)
    elif order.since < found[0] <= order.seen_at and order.seen_at - found[0] <= LATE_US:
        market.move(found, order.seen_at + 1)
