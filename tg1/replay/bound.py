"""The money that each account had bound over a day: what it held, and what it had asked for. PURE."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tg1.replay.tape import secs_of
from tg1.report.story import Margin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tg1.replay.reckoning import Place, Trade
    from tg1.replay.tape import DayTape
    from tg1.report.story import OrderStory


def margin_of(
    tape: DayTape,
    worth_of: Mapping[str, NDArray[np.float64]],
    morning: Mapping[Place, int],
    trades: Sequence[Trade],
    orders: Iterable[OrderStory],
) -> Margin:
    """Full value, by `marks`, of what each account held, and of its working entries and hedges, at the worst moment."""
    bound: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(tape)))
    for (account, symbol), held in _held(tape, morning, trades).items():
        bound[account] += np.abs(held) * worth_of[symbol]
    for order in orders:
        if order.role in ("entry", "hedge"):
            bound[order.account] += _asked(tape, order)
    total = np.sum(list(bound.values()), axis=0) if bound else np.zeros(len(tape))
    worst = int(total.argmax())
    return Margin(
        secs=float(tape.secs[worst]),
        total=_rupees(total[worst]),
        then=tuple((account, _rupees(rows[worst])) for account, rows in bound.items()),
        most=tuple((account, _rupees(rows.max())) for account, rows in bound.items()),
    )


def _rupees(value: float) -> Decimal:
    return Decimal(float(value)).quantize(Decimal("0.01"))


def _held(
    tape: DayTape,
    morning: Mapping[Place, int],
    trades: Sequence[Trade],
) -> dict[Place, NDArray[np.float64]]:
    """Signed shares by account and symbol at each row."""
    held = {place: np.full(len(tape), float(quantity)) for place, quantity in morning.items()}
    for trade in trades:
        rows = held.setdefault((trade.account, trade.symbol), np.zeros(len(tape)))
        rows[tape.index_from(secs_of(trade.at)) :] += trade.quantity
    return held


def _asked(tape: DayTape, order: OrderStory) -> NDArray[np.float64]:
    """Rupees that an order asks for at each row, while it works."""
    rows = np.zeros(len(tape))
    first, last = tape.index_from(order.placed), tape.index_from(order.ended)
    rows[first:last] = order.quantity
    for fill in order.fills:
        rows[tape.index_from(fill.secs) : last] -= fill.quantity
    return rows * float(order.limit or order.price)
