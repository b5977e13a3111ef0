"""Fixtures of the acceptance tests: exchanges and bots in processes of their own, ended with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.driver import Bot, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """An exchange with IRFC at 50.00 and SBIN at 120.50, as in architecture 8's example."""
    exchange = Exchange(tmp_path / "exchange")
    yield exchange
    exchange.close()


@pytest.fixture
def make_bot(exchange: Exchange, tmp_path: Path) -> Iterator[Callable[..., Bot]]:
    """Make bots that trade on the test's exchange; those that still run at the end are killed."""
    bots: list[Bot] = []

    def make(**flags: Any) -> Bot:
        bot = Bot(exchange, tmp_path / f"bot{len(bots)}", **flags)
        bots.append(bot)
        return bot

    yield make
    for bot in bots:
        if bot.is_running:
            bot.kill()


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    """The bot of architecture 4's example with two levels per side; not started."""
    return make_bot()
