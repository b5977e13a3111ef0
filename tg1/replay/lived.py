"""One bot over days that are already read, lived and reckoned: what `tg1 replay` and `tg1 sweep` both stand on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tg1.errors import InvariantBroken
from tg1.paper.orders import PaperSide
from tg1.replay.days import Replay
from tg1.replay.reckoning import Trade
from tg1.replay.result import Reckoner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tg1.config import GridOcoConfig
    from tg1.paper.orders import OrderEvent
    from tg1.replay.days import Rig
    from tg1.replay.notebook import Notebook
    from tg1.replay.result import DayResult
    from tg1.replay.tape import DayTape


def lived(
    config: GridOcoConfig,
    rig: Rig,
    tapes: Iterable[DayTape],
    journal: Callable[[OrderEvent], None] | None = None,
    notebook: Notebook | None = None,
) -> Iterator[DayResult]:
    """The result of each day, as soon as it is over; `journal` hears of every order event, `notebook` of all it wants.

    `tapes` are at least one, in the order of their days, and of the symbols that `config` trades.
    """
    days = iter(tapes)
    first = next(days)
    trades: list[Trade] = []
    note = _listener(trades, journal, notebook)
    reckoner = Reckoner(config.symbols, config.product_type, config.plans)
    look = None if notebook is None else notebook.look
    for end in Replay(config, rig, first, note, look).days(itertools.chain([first], days)):
        result = reckoner.day(end, tuple(trades))
        if notebook is not None:
            notebook.close(end, result)
        yield result
        trades.clear()


def _listener(
    trades: list[Trade], journal: Callable[[OrderEvent], None] | None, notebook: Notebook | None
) -> Callable[[OrderEvent], None]:
    """What the exchange calls with each order event: `trades` takes the executions."""

    def note(event: OrderEvent) -> None:
        if event.execution is not None:
            trades.append(_trade_of(event))
        if journal is not None:
            journal(event)
        if notebook is not None:
            notebook.order(event)

    return note


def _trade_of(event: OrderEvent) -> Trade:
    order, execution = event.order, event.execution
    if execution is None:
        raise InvariantBroken("a trade was to be made of an event that is none")
    return Trade(
        at=event.at,
        account=order.account,
        symbol=order.symbol,
        order_id=str(order.app_order_id),
        client_id=order.client_id,
        quantity=execution.quantity * (1 if order.side is PaperSide.BUY else -1),
        price=execution.price,
        by_broker=order.generated_by == "RMS",
    )
