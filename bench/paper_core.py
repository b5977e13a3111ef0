"""`python -m bench.paper_core`: price events a second of the bare matching core, without wires, in virtual time.

Three days of one account: nothing rests; a grid of 16 limits rests and few prices reach it; a grid that trades all the
time. Each price is an event; the figure is the best of `ROUNDS`, as other work on the machine only ever slows it down.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tg1.paper.exchange import PaperExchange
from tg1.paper.instruments import built_in
from tg1.paper.orders import IST

START = datetime(2026, 11, 20, 9, 15, tzinfo=IST)
GRID_SYMBOL, GRID_TOKEN = "IRFC", 2029
STEPS = 8
ROUNDS = 3
CENT = Decimal("0.01")


def walk(count: int, half_width: int, seed: int = 1) -> list[tuple[datetime, Decimal]]:
    """Prices of one second each that wander on tick within `half_width` paise of 50.00."""
    rng = Random(seed)
    paise, prices = 5000, []
    for second in range(count):
        paise = max(5000 - half_width, min(5000 + half_width, paise + rng.choice((-2, -1, 0, 1, 2))))
        prices.append((START + timedelta(milliseconds=200 * second), paise * CENT))
    return prices


def body(side: str, paise: int) -> dict[str, Any]:
    """A LIMIT order of 100 shares."""
    return {
        "exchangeSegment": "NSECM",
        "exchangeInstrumentID": GRID_TOKEN,
        "productType": "MIS",
        "orderType": "LIMIT",
        "orderSide": side,
        "timeInForce": "DAY",
        "disclosedQuantity": 0,
        "orderQuantity": 100,
        "limitPrice": paise * CENT,
        "stopPrice": 0,
        "orderUniqueIdentifier": "BENCH",
    }


def exchange_with_grid(step_paise: int) -> tuple[PaperExchange, str]:
    """An exchange at 50.00 on which `STEPS` limits rest on either side; 0 paise: none."""
    exchange = PaperExchange(built_in())
    account = exchange.login("bench", "any", START).account
    exchange.on_price(GRID_SYMBOL, Decimal("50.00"), START)
    for step in range(1, STEPS + 1) if step_paise else ():
        exchange.place(account, body("BUY", 5000 - step * step_paise), START)
        exchange.place(account, body("SELL", 5000 + step * step_paise), START)
    exchange.step(START + timedelta(seconds=1))
    return exchange, account


def quiet_rate(count: int, step_paise: int) -> float:
    """Price events a second while orders rest (or none) and no price reaches one."""
    exchange, _ = exchange_with_grid(step_paise)
    prices = walk(count, 90)
    begun = time.perf_counter()
    for at, price in prices:
        exchange.on_price(GRID_SYMBOL, price, at)
    return count / (time.perf_counter() - begun)


def trading_rate(count: int) -> tuple[float, int]:
    """Price events a second, and fills, while every fill is answered by an order on the other side ten paise away."""
    exchange, account = exchange_with_grid(10)
    prices = walk(count, 90)
    fills = 0
    begun = time.perf_counter()
    for at, price in prices:
        for event in exchange.on_price(GRID_SYMBOL, price, at):
            if event.execution is not None:
                fills += 1
                side, away = ("SELL", 10) if event.order.side == "BUY" else ("BUY", -10)
                exchange.place(account, body(side, int(event.order.terms.limit_price * 100) + away), at)
    return count / (time.perf_counter() - begun), fills


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.paper_core", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="price events of each measurement")
    count = parser.parse_args().events
    trading = [trading_rate(count) for _ in range(ROUNDS)]
    rows = (
        ("no order rests", max(quiet_rate(count, 0) for _ in range(ROUNDS)), ""),
        (f"{2 * STEPS} limits rest, none is reached", max(quiet_rate(count, 100) for _ in range(ROUNDS)), ""),
        ("a grid that trades", max(rate for rate, _ in trading), f"{trading[0][1]} fills"),
    )
    for what, rate, note in rows:
        print(f"{what:<34} {rate:>12,.0f} price events/s  {note}".rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
