"""What a report tells beyond a day's result, noted while the day is lived; without a report there is no notebook.

It listens in two places: the exchange tells each change of an order, and the engine's cycles show where the hedges of
the levels stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.replay.tape import secs_of
from tg1.replay.telling import Seen, Told, day_story
from tg1.replay.worth import LevelPurses

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.models import BotState
    from tg1.paper.orders import OrderEvent
    from tg1.replay.days import DayEnd
    from tg1.replay.result import DayResult
    from tg1.report.story import DayStory


class Notebook:
    """Collects one day after another; `days` are the stories of those that are over."""

    def __init__(self, config: GridOcoConfig) -> None:
        self.days: list[DayStory] = []
        self._config = config
        self._events: list[OrderEvent] = []
        self._hedges: list[Seen] = []
        self._prices: dict[str, Decimal | None] = {}
        self._grid: dict[str, tuple[Decimal, Decimal]] = {}
        self._attention: list[str] = []
        self._until = 0.0
        self._purses = LevelPurses(config.plans, config.product_type)

    def order(self, event: OrderEvent) -> None:
        """Note one change of one order."""
        self._events.append(event)

    def look(self, state: BotState, now: datetime) -> None:
        """Note which hedge prices have changed with this cycle."""
        secs = self._until = secs_of(now)
        for level in state.levels.values():
            price = level.oco_trade_price if level.is_open else None
            name = f"{level.entry_direction[0]}{level.level}"
            if self._prices.get(name) != price:
                self._prices[name] = price
                self._hedges.append(Seen(secs=secs, level=name, side=level.oco_trade_direction, price=price))
        if not self._grid:
            self._grid = {
                f"{level.entry_direction[0]}{level.level}": (level.entry_price, level.target_price)
                for level in state.levels.values()
            }
        self._attention = [f"{one.at[11:19]} {one.text}" for one in state.attention]

    def close(self, end: DayEnd, result: DayResult) -> None:
        """The day is over and reckoned: make its story, and begin the next page."""
        told = Told(
            tape=end.tape,
            result=result,
            symbols=self._config.symbols,
            events=self._events,
            hedges=self._hedges,
            why=end.cancel_reasons,
            grid=self._grid,
            attention=tuple(self._attention),
            until=self._until,
        )
        self.days.append(day_story(told, self._config, self._purses))
        self._events = []
        # A position that is kept over the night keeps its hedge's price.
        self._hedges = []
        self._prices = {}
        self._grid, self._attention = {}, []
