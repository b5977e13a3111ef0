"""Price events per second through the production engine: a made day of real size, and a real second's day.

`python -m bench.replay [FILE]`; FILE is a CSV of one day's last prices a second with SBIN and ICICIBANK.
"""

from __future__ import annotations

import cProfile
import logging
import pstats
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from tg1.config import GridOcoConfig
from tg1.models import TradeType
from tg1.replay.command import parse
from tg1.replay.days import Replay, Rig
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.tape import DayTape

ROWS = 112_500
"""Five prices a second from 09:15 to 15:30."""
OPEN_SECS = 9 * 3600 + 15 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One replay: what happened, and how long it took."""

    events: int
    cycles: int
    fills: int
    secs: float

    def __str__(self) -> str:
        return (
            f"{self.events:,} price events, {self.cycles:,} cycles run, {self.fills:,} fills: "
            f"{self.secs:.2f} s of CPU, {self.events / self.secs:,.0f} events/s, "
            f"{1000 * self.secs / max(1, self.cycles):.2f} ms a cycle"
        )


def made_day(sigma: float, rows: int = ROWS) -> DayTape:
    """Two independent mean-reverting walks around 50 and 120.50 rupees; `sigma` in ten-thousandths a step."""
    rng = np.random.default_rng(7)
    return DayTape(
        day=date(2026, 11, 23),
        secs=OPEN_SECS + np.arange(rows) / 5.0,
        a=_walk(rng, rows, 500_000, 100, sigma),
        b=_walk(rng, rows, 1_205_000, 500, sigma),
        price_events=2 * rows,
    )


def _walk(
    rng: np.random.Generator, rows: int, centre: int, tick: int, sigma: float
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    path, at = np.empty(rows), 0.0
    for row, move in enumerate(rng.normal(0.0, sigma, rows)):
        at = 0.9995 * at + move
        path[row] = at
    return np.asarray(np.round((centre + path) / tick) * tick, dtype=np.int64)


def grid(**changes: object) -> GridOcoConfig:
    """2 x 8 levels around 50 rupees."""
    said: dict[str, object] = {
        "bot_name": "Bench",
        "trade_type": TradeType.GRIDOCOTS,
        "token_a_symbol": "IRFC",
        "token_b_symbol": "SBIN",
        "auto_entry": True,
        "steps": 8,
        "spread": "0.50",
        "target_spread": "0.50",
        "oco_spread": "20",
        "token_a_quantity": 100,
        "token_b_quantity": 50,
    }
    return GridOcoConfig(**{**said, **changes})  # type: ignore[arg-type]  # texts are what the fields take


def measure(config: GridOcoConfig, tape: DayTape, *, fast_forward: bool = True) -> Measured:
    """Replay one day; CPU seconds of this process."""
    fills = 0

    def count(event: object) -> None:
        nonlocal fills
        fills += getattr(event, "execution", None) is not None

    begun = time.process_time()
    replay = Replay(config, Rig(fast_forward=fast_forward), tape, count)
    (end,) = replay.days([tape])
    return Measured(events=tape.price_events, cycles=end.cycles, fills=fills, secs=time.process_time() - begun)


def main() -> None:
    """Print the figures; the first as a ratio to the same replay without fast forward."""
    logging.getLogger("tg1").addHandler(logging.NullHandler())
    logging.getLogger("tg1").propagate = False
    day = made_day(650.0)
    quick = measure(grid(), day)
    print(f"made day: {quick}")
    whole = measure(grid(), day, fast_forward=False)
    print(
        f"  every cycle: {whole.cycles:,} cycles in {whole.secs:.2f} s; "
        f"fast forward is {whole.secs / quick.secs:.1f} times as fast"
    )
    if len(sys.argv) > 1 and sys.argv[1] != "--profile":
        args = ["--bot-name", "B", "--token-a", "SBIN", "--token-b", "ICICIBANK", "--auto-entry", "--steps", "8"]
        args += ["--spread", "0.5", "--target-spread", "0.5", "--oco-spread", "2", "--qty-a", "100", "--qty-b", "50"]
        command = parse(["--prices", sys.argv[1], *args])
        begun = time.process_time()
        (tape,) = day_tapes(price_files([Path(sys.argv[1])]), command.wanted)
        read = time.process_time() - begun
        print(f"real day: {measure(command.config, tape)}; read in {read:.2f} s")
    if "--profile" in sys.argv:
        with cProfile.Profile() as profile:
            measure(grid(), day)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
