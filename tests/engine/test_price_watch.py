"""A price that goes stale is said with what it holds back, and so is its end (behaviour 10.2)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.engine.conftest import Bench


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """What was said of prices, with its severity."""
    return [(each.levelname, each.getMessage()) for each in caplog.records if "The price of" in each.getMessage()]


def test_each_stale_price_is_said_with_what_waits_for_it(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 10.2: TokenA's holds entries, TokenB's holds hedges; one warning each, then one line at its end."""
    bench = make_bench().begin()
    with caplog.at_level(logging.INFO):
        bench.cycle(2)
        bench.feed.stale.add("SBIN")
        bench.cycle(3)
        bench.feed.stale.add("IRFC")
        bench.cycle(3)
        bench.feed.stale.clear()
        bench.cycle(2)
    why = "the test holds the price back"
    assert said(caplog) == [
        ("WARNING", f"The price of SBIN is stale: no OCO is placed or cancelled until it is fresh; {why}"),
        ("WARNING", f"The price of IRFC is stale: no new entries until it is fresh; {why}"),
        ("INFO", "The price of IRFC is fresh again"),
        ("INFO", "The price of SBIN is fresh again"),
    ]


def test_second_silence_is_said_again(make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    """Behaviour 10.2: once at each start and once at each end."""
    bench = make_bench().begin()
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            bench.feed.stale.add("SBIN")
            bench.cycle(2)
            bench.feed.stale.clear()
            bench.cycle(2)
    assert [severity for severity, _ in said(caplog)] == ["WARNING", "INFO", "WARNING", "INFO"]


def test_bot_without_hedges_misses_no_price_of_token_b(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 10.2: it never asks for that price, so nothing waits for it."""
    bench = make_bench(trade_type="buyts").begin()
    with caplog.at_level(logging.INFO):
        bench.feed.stale.add("SBIN")
        bench.cycle(3)
    assert said(caplog) == []
