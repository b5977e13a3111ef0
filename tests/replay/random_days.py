"""Made days for replays: two random walks, short enough to be walked second by second."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from tg1.config import GridOcoConfig
from tg1.replay.days import DayEnd, Replay, Rig
from tg1.replay.tape import DayTape

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.paper.orders import OrderEvent, PaperOrder

OPEN_SECS = 9 * 3600 + 15 * 60
SETTINGS: dict[str, Any] = {
    "bot_name": "Replayed",
    "token_a_symbol": "IRFC",
    "token_b_symbol": "SBIN",
    "entry_price": "50.00",
    "steps": 4,
    "spread": "0.50",
    "target_spread": "0.50",
    "oco_spread": "1.00",
    "token_a_quantity": 100,
    "token_b_quantity": 50,
    "allow_off_centre": True,
    "stop_at": time(9, 25),
}


def walk(
    rng: np.random.Generator, rows: int, centre: int, step: int, spread: float
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A mean-reverting path around `centre` on a tick of `step`, with a gap now and then."""
    moves = rng.normal(0.0, spread, rows) + (rng.random(rows) < 0.01) * rng.normal(0.0, 12 * spread, rows)
    path, at = np.empty(rows), 0.0
    for row, move in enumerate(moves):
        at = 0.995 * at + move
        path[row] = at
    return np.maximum(np.round((centre + path) / step) * step, step).astype(np.int64)


def made_day(seed: int, *, rows: int = 700, spread: float = 700.0, day: date = date(2026, 11, 23)) -> DayTape:
    """A seeded day whose first rows lie at 09:15."""
    rng = np.random.default_rng(seed)
    secs = OPEN_SECS + np.sort(rng.choice(rows * 4, rows, replace=False)) / 4.0
    return DayTape(
        day=day,
        secs=secs,
        a=walk(rng, rows, 500_000, 100, spread),
        b=walk(rng, rows, 1_205_000, 500, spread * 1.5),
        price_events=2 * rows,
    )


def csv_of(tapes: list[DayTape], path: Path) -> Path:
    """The tapes as a file of last prices a second."""
    lines = ["ist_second,IRFC,SBIN"]
    for tape in tapes:
        for secs, a, b in zip(tape.secs, tape.a, tape.b, strict=True):
            hours, rest = divmod(float(secs), 3600)
            minutes, seconds = divmod(rest, 60)
            stamp = f"{tape.day} {int(hours):02}:{int(minutes):02}:{seconds:06.3f}"
            lines.append(f"{stamp},{Decimal(int(a)) / 10_000},{Decimal(int(b)) / 10_000}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def lived(
    tapes: list[DayTape], rig: Rig, orders: list[PaperOrder] | None = None, **changes: Any
) -> tuple[list[str], list[DayEnd]]:
    """The journal of a replay, a line for each order event, and how its days ended; `orders` takes each new value."""
    journal: list[str] = []

    def note(event: OrderEvent) -> None:
        order, trade = event.order, event.execution
        if orders is not None:
            orders.append(order)
        traded = f"{trade.quantity} @ {trade.price}" if trade else ""
        journal.append(
            f"{event.at.isoformat()} {order.account} {order.app_order_id} {order.terms} {order.status} {traded}"
        )

    replay = Replay(GridOcoConfig(**{**SETTINGS, **changes}), rig, tapes[0], note)
    ends = list(replay.days(tapes))
    return journal, ends


configs = st.fixed_dictionaries(
    {
        "trade_type": st.sampled_from(("gridocots", "gridocots", "buyocots", "sellocots")),
        "steps": st.integers(2, 6),
        "spread": st.sampled_from(("0.20", "0.50", "1.00")),
        "target_spread": st.sampled_from(("0.20", "0.50")),
        "oco_spread": st.sampled_from(("0.50", "1.00", "3.00")),
        "product_type": st.sampled_from(("MIS", "CNC")),
        "oco_order_type": st.sampled_from(("stop-limit", "stop-limit", "limit")),
        "max_open_entries": st.sampled_from((0, 0, 1)),
        "auto_reenter": st.sampled_from((True, True, False)),
        "poll_interval": st.sampled_from((1.0, 1.0, 0.5, 3.0)),
        "oco_stop_count": st.sampled_from((2, 3)),
    }
)
