"""`python -m bench.stopping`: how long the emergency stop and the flatten take, in seconds of the market.

The whole stop runs against the paper exchange with the documented limits of each key, over a wire of 20 ms, in virtual
time: what the figure holds is waiting, for limits, for answers and for books that confirm, and no machine's speed.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bench.rig import GRID, HEDGE, PRICES, Rig
from tg1.errors import ExitCode
from tg1.paper.orders import PaperSide
from tg1.paper.quirks import Quirks
from tg1.rules.client_ids import bot_tag
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all
from tg1.xts.pacing import ORDER_CALLS_PER_SECOND

LATENCY_SECS = 0.02
EACH = 40
"""Orders on each of the three accounts."""
ABOVE_LIMIT_SECS = 2.0
LEVELS = 30
FLATTEN_GOAL_SECS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured stop."""

    what: str
    secs: float
    goal_secs: float
    is_done: bool

    def __str__(self) -> str:
        done = "confirmed" if self.is_done else "NOT CONFIRMED"
        ratio = self.secs / self.goal_secs
        return f"{self.what:<50} {self.secs:>6.2f} s  goal {self.goal_secs:>5.1f} s  ratio {ratio:.2f}  {done}"

    @property
    def is_met(self) -> bool:
        """In time, and the exchange agrees."""
        return self.is_done and self.secs <= self.goal_secs


def rig(folder: Path, steps: int, trade_type: str) -> Rig:
    """A bot on an exchange that keeps the limits of its keys."""
    quirks = Quirks(rate_limit=True)
    return Rig(folder, steps, quirks=quirks, latency_secs=LATENCY_SECS, trade_type=trade_type, oco_stop_count=999)


def emergency_stop(folder: Path) -> Figure:
    """Forty entries on Trade, and forty orders of the bot on each hedge account that its state does not know."""
    bench = rig(folder, EACH // 2, "gridocots")
    accounts = [account for account in bench.exchange.accounts.by_name if not bench.exchange.working_orders(account)]
    for account in accounts:
        for number in range(EACH):
            bench.exchange.foreign_order(
                account,
                symbol=HEDGE,
                side=PaperSide.BUY,
                quantity=1,
                price=PRICES[HEDGE] - 1 - number * Decimal("0.05"),
                now=bench.clock.now(),
                client_id=f"{bot_tag(bench.config.bot_name)}ZZZD01O{number:04}",
            )
    bench.clock.advance(1.0)
    began = bench.clock.monotonic()
    code = cancel_all(bench.config, bench.client(), bench.store, bench.clock)
    left = sum(len(bench.exchange.working_orders(account)) for account in bench.exchange.accounts.by_name)
    return Figure(
        what=f"emergency stop of {EACH * 3} orders on three accounts",
        secs=bench.clock.monotonic() - began,
        goal_secs=EACH / ORDER_CALLS_PER_SECOND + ABOVE_LIMIT_SECS,
        is_done=code == ExitCode.OK and not left,
    )


def flatten(folder: Path) -> Figure:
    """Thirty levels bought, some of them hedged, and everything sold and bought back."""
    bench = rig(folder, LEVELS, "buyocots")
    bench.exchange.on_price(GRID, PRICES[GRID] - LEVELS * Decimal("0.25"), bench.clock.now())
    for _ in range(5):
        bench.cycle()
    bench.exchange.on_price(HEDGE, PRICES[HEDGE] - Decimal("2.00"), bench.clock.now())
    for _ in range(5):
        bench.cycle()
    held = sum(abs(one.net) for one in bench.exchange.ledger.total.values())
    began = bench.clock.monotonic()
    client = bench.client()
    prices = ClosingPrices(client=client, feed=bench.feed, clock=bench.clock)
    code = cancel_all(
        bench.config,
        client,
        bench.store,
        bench.clock,
        flatten=Flatten(confirm=lambda _question: True, prices=prices),
    )
    left = [one for one in bench.exchange.ledger.total.values() if one.net]
    return Figure(
        what=f"square-off of {LEVELS} levels, {held} shares held",
        secs=bench.clock.monotonic() - began,
        goal_secs=FLATTEN_GOAL_SECS,
        is_done=code == ExitCode.OK and not left,
    )


def main() -> int:
    """Measure and print; returns 1 when a goal is missed."""
    logging.getLogger("tg1").setLevel(logging.CRITICAL)
    figures = []
    for measure in (emergency_stop, flatten):
        with tempfile.TemporaryDirectory(prefix="tg1-bench-") as name:
            figures.append(measure(Path(name)))
            print(figures[-1])
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
