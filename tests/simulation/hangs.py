"""One account hangs while TokenB passes the hedges of another: the same made minute, at every phase of the hang.

Four entries filled at one price of TokenB, so that two hedges rest and two wait for a place. Then TokenB slides through
their price, or falls beyond their limits, while the book of the trade account gets no answer.
"""

from __future__ import annotations

import errno
from datetime import datetime, time
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.engine.conftest import EXAMPLE
from tests.simulation.chaos import NETWORK, Chaos, Weather
from tests.simulation.invariants import Checker
from tests.simulation.street import Market
from tests.simulation.world import World
from tg1.config import GridOcoConfig
from tg1.machine.clock import IST
from tg1.paper.quirks import Quirks

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from pathlib import Path

    from tg1.paper.faults import Fault
    from tg1.xts.http import HttpRequest

SLIDE, FALL = "118.40", "117.00"
"""TokenB just beyond the hedges' price of 118.50, where their orders still fill, and beyond their limits."""

_BOT = "Hanging"
_CALM = Weather(network=0.0, storm=0.0, market=0.0, disk=0.0, deaths_per_step=0.0)
_HANGS_AT = 40.0
_WATCHED_SECS = 12.0
_SETTINGS: dict[str, Any] = {
    **EXAMPLE,
    "bot_name": _BOT,
    "trade_type": "buyocots",
    "steps": 4,
    "oco_stop_count": 9,
    "stop_at": time(9, 30),
    "allow_off_centre": True,
}


class HangingWorld(World):
    """A world in which the books of some accounts get no answer for a while, and the disk may be full."""

    def __init__(self, accounts: frozenset[str], secs: float, full_secs: float = 0.0) -> None:
        super().__init__(
            Chaos(seed=0, weather=_CALM, enabled=frozenset()), quirks=Quirks(), market=Market(move_secs=0.0)
        )
        self.street.wall = datetime(2026, 11, 23, 9, 14, 50, tzinfo=IST)
        self.began = self.mono + 10.0
        self._accounts = accounts
        self._hangs = (self.began + _HANGS_AT, self.began + _HANGS_AT + secs)
        self._full_until = self.began + _HANGS_AT + full_secs
        self._asked = ""

    def act(self, after: float, what: Callable[[], None]) -> None:
        """Let something happen so many seconds after the open."""
        self.street.script.append((self.began + after, what))

    def ask_to_stop(self) -> None:
        """The operator has seen enough."""
        self.stop_requested = True

    def on_request(self, account: str, request: HttpRequest) -> None:
        """Remember who is asked."""
        self._asked = account
        super().on_request(account, request)

    def draw_network_fault(self, request: HttpRequest) -> tuple[str, Fault | None]:
        """Silence, where and while it is told."""
        hangs = self._hangs[0] <= self.mono < self._hangs[1]
        if hangs and request.method == "GET" and self._asked in self._accounts:
            return "lost-before", NETWORK["lost-before"]
        return "", None

    def _file_step(self, op: str, path: Path) -> None:
        super()._file_step(op, path)
        if op != "read" and self.began + _HANGS_AT <= self.mono < self._full_until:
            raise OSError(errno.ENOSPC, "simulated", str(path))


def hedges_met(
    passed_after: float,
    *,
    price: str,
    hang_secs: float = 0.0,
    full_secs: float = 0.0,
    accounts: frozenset[str] = frozenset({"trade"}),
) -> Counter[str]:
    """What became of the hedges whose price TokenB passed so many seconds after hang and full disk began."""
    world = HangingWorld(accounts, hang_secs, full_secs)
    checker = Checker(world, _BOT)
    for number in range(4):
        world.act(10.0 + 5 * number, partial(world.set_price, "IRFC", Decimal(49 - number)))
    world.act(_HANGS_AT + passed_after, partial(world.set_price, "SBIN", Decimal(price)))
    world.act(_HANGS_AT + passed_after + _WATCHED_SECS, world.ask_to_stop)
    engine = world.boot(GridOcoConfig(**_SETTINGS))
    checker.attach(engine)
    engine.start()
    return checker.watch.hedges
