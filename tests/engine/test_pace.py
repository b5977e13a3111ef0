"""How fast cycles follow one another, whatever happens to the machine in between."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.grid_engine import GridOcoEngine
from tg1.kite.feed_logic import FeedLogic
from tg1.models import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandClock
    from tg1.errors import ExitCode
    from tg1.models import Quote


def moments_of_cycles(bench: Bench, during: Mapping[int, float], *, cycles: int) -> list[float]:
    """Run the real loop for so many cycles; cycle number N takes `during[N]` seconds. When each began, in seconds."""
    engine, clock, begun = bench.engine, bench.clock, []
    poll = engine._poll_cycle

    def timed() -> ExitCode | None:
        begun.append(clock.mono)
        code = poll()
        clock.advance(during.get(len(begun), 0.0))
        clock.stopping = len(begun) == cycles
        return code

    engine._poll_cycle = timed  # type: ignore[method-assign]
    GridOcoEngine._run_loop(engine)
    return [moment - begun[0] for moment in begun]


def test_cycle_of_five_intervals_is_followed_by_one_cycle_and_not_by_five(make_bench: Callable[..., Bench]) -> None:
    """A slow read of the books must not end in a burst against the broker's limits (behaviour 11.3)."""
    bench = make_bench().begin()
    assert moments_of_cycles(bench, {2: 5.0}, cycles=6) == [0.0, 1.0, 6.0, 7.0, 8.0, 9.0]


def test_short_cycle_does_not_stretch_the_interval(make_bench: Callable[..., Bench]) -> None:
    """A cycle's own work is part of its second."""
    bench = make_bench().begin()
    assert moments_of_cycles(bench, {1: 0.25, 2: 0.5}, cycles=4) == [0.0, 1.0, 2.0, 3.0]


def test_two_hours_of_sleep_are_followed_by_one_cycle_a_second(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.1: the clock goes on while the machine sleeps, and what was missed is missed."""
    bench = make_bench().begin()
    assert moments_of_cycles(bench, {2: 7200.0}, cycles=5) == [0.0, 1.0, 7201.0, 7202.0, 7203.0]


class LogicFeed:
    """The feed's real judgement of freshness on a line that a test drives."""

    def __init__(self, clock: HandClock, prices: Mapping[str, str]) -> None:
        self.logic = FeedLogic({})
        self._clock = clock
        self._tokens: dict[int, str] = {}
        self.prices = dict(prices)

    def start(self, symbols: Mapping[int, str]) -> None:
        self._tokens = dict(symbols)
        self.logic.serve(symbols)
        self.reconnect()
        self.tick()

    def reconnect(self) -> None:
        self.logic.on_start(self._clock.mono)
        self.logic.on_open(self._clock.mono)

    def tick(self) -> None:
        known = [(token, self.prices[symbol]) for token, symbol in self._tokens.items()]
        ticks = [{"instrument_token": token, "last_price": Decimal(price)} for token, price in known]
        self.logic.on_ticks(self._clock.mono, ticks)

    def stop(self) -> None:
        """Go on: the bench ends the start before its cycles begin."""

    def quote(self, symbol: str) -> Quote | None:
        return self.logic.quote(symbol, self._clock.mono)

    def fault(self) -> str:
        return self.logic.fault(self._clock.mono)


def test_nothing_is_traded_on_the_prices_from_before_a_suspend(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 10.1, 10.2: no entry and no hedge until the line was made anew and a tick came."""
    bench = make_bench(stop_at="15:30")
    feed = bench.feed = LogicFeed(bench.clock, {"IRFC": "50.00", "SBIN": "120.50"})  # type: ignore[assignment]
    bench.begin()
    bench.cycle()
    feed.tick()
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.clock.advance(7200.0)
    feed.tick()
    before = len(bench.broker.placed)
    bench.cycle(2)
    assert [order.side for order in bench.broker.placed[before:]] == [Side.SELL], "the target, and nothing else"
    feed.prices["SBIN"] = "119.00"
    feed.reconnect()
    feed.tick()
    bench.cycle()
    assert bench.broker.working("downside_oco")
    assert len(bench.broker.placed) > before + 2
