"""`kill -9` around every broker call of a bot's life: the coarse crash matrix over real sockets (behaviour 3)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import DOWNSIDE, ORDERS, TRADE, UPSIDE, Bot, Exchange, doubled, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOMENTS = [*(("POST", number) for number in range(1, 10)), ("DELETE", 1), ("DELETE", 2)]
"""The broker calls of the story below that change something, but for the last two legs: four entries, the two legs of
a level, its re-entry, two legs of the other half; and the cancels of a hedge and of a target."""
TELLING = [("POST", 1), ("POST", 5), ("POST", 6), ("DELETE", 1), ("DELETE", 2)]
"""An entry, a target, a hedge and both cancels; each other moment is like one of these."""

POSITIONS = ((TRADE, "IRFC"), (UPSIDE, "SBIN"), (DOWNSIDE, "SBIN"))


class _Victim:
    """A bot that is killed while the exchange holds its n-th call of a kind, and started again at once."""

    def __init__(self, folder: Path, when: str, method: str, number: int) -> None:
        self.exchange = Exchange(folder / "exchange")
        self.exchange.fault("timeout", when=when, method=method, path=ORDERS, after=number - 1)
        self.bot = Bot(self.exchange, folder / "bot").start()
        self.kills = 0

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        until(lambda: self._strike() or condition(), what, self.bot, self.exchange, look_every=0.25)

    def _strike(self) -> bool:
        if not self.kills and self.exchange.was_hit():
            self.bot.kill()
            self.kills = 1
            self.exchange.heal()
            self.bot.start()
        return False

    def places(self, *places: str) -> None:
        self.wait_for(lambda: self.bot.has(*places), f"working orders {places}")

    def end(self) -> None:
        if self.bot.is_running:
            self.bot.kill()
        self.exchange.close()


def _live_through(folder: Path, when: str, method: str, number: int) -> str:
    """One life with one death; what is wrong afterwards, or nothing."""
    victim = _Victim(folder / f"{when}-{method}-{number}", when, method, number)
    exchange, bot = victim.exchange, victim.bot
    try:
        victim.places("D01E", "D02E", "U01E", "U02E")
        exchange.price("IRFC", "49.00")
        victim.places("D01T", "D01O", "D02E", "U01E", "U02E")
        exchange.price("IRFC", "49.50")
        victim.places("D01E", "D02E", "U01E", "U02E")
        exchange.price("IRFC", "51.00")
        victim.places("D01E", "D02E", "U01T", "U01O", "U02E")
        exchange.price("SBIN", "122.50")
        victim.places("D01E", "D02E", "U02E")
        exchange.price("IRFC", "49.00")
        victim.places("D01T", "D01O", "D02E", "U02E")
        assert victim.kills == 1, "the call never came"
        assert doubled(exchange) == ""
        assert bot.counters() == (100, 100, 1, 0)
        assert bot.state()["total_pnl"] == 50
        held = [exchange.position(account, symbol) for account, symbol in POSITIONS]
        assert held == [0, 50, 0], "sold 100 and bought 100 of IRFC, one hedge bought"
    except AssertionError as exc:
        return f"killed at {method} {number}, {when} the exchange took it: {exc}"
    finally:
        victim.end()
    return ""


def _live_through_all(folder: Path, when: str, moments: list[tuple[str, int]]) -> list[str]:
    with ThreadPoolExecutor(len(moments)) as pool:
        lives = list(pool.map(lambda moment: _live_through(folder, when, *moment), moments))
    return [what for what in lives if what]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_an_order_call_doubles_and_loses_nothing(tmp_path: Path, when: str) -> None:
    """Behaviour 3.1 to 3.5: every client id at most once, one order per level and role, state and books agree."""
    assert _live_through_all(tmp_path, when, TELLING) == []


@pytest.mark.simulation
@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_at_any_order_call_doubles_and_loses_nothing(tmp_path: Path, when: str) -> None:
    """The same at each of the other calls."""
    assert _live_through_all(tmp_path, when, [each for each in MOMENTS if each not in TELLING]) == []
