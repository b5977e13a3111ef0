"""A whole bot on hand-driven ports, cycle by cycle."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fakes import HandBroker, HandClock, HandFeed
from tg1.config import GridOcoConfig
from tg1.errors import ExitCode
from tg1.grid_engine import GridOcoEngine
from tg1.machine.files import OsFileSystem
from tg1.state import StateManager

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tg1.models import BotState, LevelState, OpenOrder, TradeSide

EXAMPLE = {
    "bot_name": "IRFC-SBIN Grid",
    "trade_type": "gridocots",
    "token_a_symbol": "IRFC",
    "token_b_symbol": "SBIN",
    "entry_price": "50.00",
    "steps": 2,
    "spread": "1.0",
    "target_spread": "0.50",
    "oco_spread": "2.0",
    "token_a_quantity": 100,
    "token_b_quantity": 50,
}


class DeathError(BaseException):
    """The process died here; no `Exception`, so that no boundary of the bot catches it."""


class Bench:
    """The engine with its ports in reach; `cycle` runs one cycle and one second."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        settings = {**EXAMPLE, **changes}
        if str(settings["trade_type"]) in ("buyts", "sellts"):
            for name in ("token_b_symbol", "oco_spread", "token_b_quantity"):
                settings.pop(name, None)
        self.settings = settings
        self.folder = folder
        self.clock = HandClock()
        self.feed = HandFeed(IRFC="50.00", SBIN="120.50")
        self.broker = HandBroker(market=self.feed.prices)
        self.fs: Any = OsFileSystem()
        self.engine = self._engine()

    def _engine(self, **changes: Any) -> GridOcoEngine:
        config = GridOcoConfig(**{**self.settings, **changes})
        self.store = StateManager(self.fs, self.folder, config.bot_name)
        return GridOcoEngine(config=config, client=self.broker, feed=self.feed, state=self.store, clock=self.clock)

    def begin(self, **changes: Any) -> Bench:
        """Start or resume, up to the first cycle."""
        self.engine = self._engine(**changes)
        self.clock.stopping = False
        self.engine._run_loop = lambda: ExitCode.OK  # type: ignore[method-assign]
        self.code = self.engine.start()
        return self

    def cycle(self, times: int = 1) -> int | None:
        """Run cycles; the last one's exit code."""
        code = None
        for _ in range(times):
            code = self.engine._poll_cycle()
            if code is not None:
                break
            self.clock.advance(1.0)
        return code

    def trade(self, **prices: str) -> None:
        """The market moves: symbols trade at these prices, and what they reach at the broker fills."""
        for symbol, price in prices.items():
            self.broker.trade(symbol, price)

    def overnight(self, days: int = 1) -> None:
        """DAY orders lapse, the books are cleared, it is the same time of the next day."""
        self.broker.orders.clear()
        self.clock.wall += timedelta(days=days)

    def on_disk(self) -> BotState:
        """The state as another process reads it."""
        saved = StateManager(self.fs, self.folder, self.settings["bot_name"]).load()
        assert saved is not None
        return saved

    @property
    def state(self) -> Any:
        return self.store.state

    def level(self, side: TradeSide, number: int = 1) -> OpenOrder:
        found: list[OpenOrder] = [
            lv for lv in self.state.levels.values() if lv.trade_side is side and lv.level == number
        ]
        return found[0]

    def states(self) -> dict[str, LevelState]:
        return {f"{lv.trade_side[0]}{lv.level}": lv.state for lv in self.state.levels.values()}


@pytest.fixture
def make_bench(tmp_path: Path) -> Callable[..., Bench]:
    """Benches on a temporary folder."""

    def make(**changes: Any) -> Bench:
        return Bench(tmp_path / "state", **changes)

    return make
