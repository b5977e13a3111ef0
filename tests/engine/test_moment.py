"""One look at clock and prices per cycle: decisions of one cycle never rest on two nows or two prices."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pytest

    from tests.engine.conftest import Bench
    from tg1.models import BrokerOrder, Quote


def test_a_busy_cycle_looks_once_at_the_clock_and_at_each_price(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fill, its target, the next entries and a hedge are decided, stamped and saved on one `now`.

    The second look at the monotonic clock is the cycle's beginning, from which on a shared book may be used (behaviour
    11.3); nothing is decided on it.
    """
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    looks: Counter[str] = Counter()
    clock = bench.engine.clock
    now, monotonic, quote = clock.now, clock.monotonic, bench.feed.quote

    def counted_now() -> datetime:
        looks["now"] += 1
        return now()

    def counted_monotonic() -> float:
        looks["monotonic"] += 1
        return monotonic()

    def counted_quote(symbol: str) -> Quote | None:
        looks[symbol] += 1
        return quote(symbol)

    monkeypatch.setattr(clock, "now", counted_now)
    monkeypatch.setattr(clock, "monotonic", counted_monotonic)
    monkeypatch.setattr(bench.feed, "quote", counted_quote)
    placed = len(bench.broker.placed)
    bench.engine._poll_cycle()
    bench.engine.view()
    assert len(bench.broker.placed) - placed == 2, "a target and its hedge"
    assert looks == {"now": 1, "monotonic": 2, "IRFC": 1, "SBIN": 1}


def test_fill_is_priced_as_of_the_moment_its_book_was_read(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 5.3: reading three books takes seconds on a bad day, and TokenB moves meanwhile."""
    bench = make_bench().begin()
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    read = bench.broker.order_book

    def slow(account: str, *, since: float | None) -> tuple[BrokerOrder, ...]:
        rows = read(account, since=since)
        bench.feed.prices["SBIN"] = Decimal("123.00")
        return rows

    monkeypatch.setattr(bench.broker, "order_book", slow)
    bench.cycle()
    level = bench.level(TradeSide.DOWNSIDE)
    assert f"{level.oco_trade_price:.2f}" == "121.00"
    assert f"{level.hedged_from:.2f}" == "123.00"
