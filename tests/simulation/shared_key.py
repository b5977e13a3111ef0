"""Whole bots on the same three app keys, on one virtual clock, with the keys' limits on (behaviour 11.3).

`python -m tests.simulation.shared_key --bots 10 --minutes 10`: the engines, clients, limiters and shared files are the
real ones; wire, disk, clock and locks are in memory. Prints what was read, refused, seen and filled.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.support.fakes import HandFeed
from tests.support.shared_memory import SharedMemory
from tests.support.simdisk import SimDisk
from tests.support.stage import Stage
from tg1.config import GridOcoConfig
from tg1.findoc_client import FindocMultiClient
from tg1.grid_engine import GridOcoEngine
from tg1.paper.exchange import PaperExchange
from tg1.paper.instruments import instrument_for
from tg1.paper.quirks import Quirks
from tg1.paper.wire import WireRequest
from tg1.paper.xts_app import XtsApp
from tg1.replay.days import as_listed
from tg1.state import StateManager
from tg1.xts.http import HttpRequest, HttpResponse
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from datetime import datetime

    from tg1.models import BrokerOrder, Instrument
    from tg1.paper.orders import OrderEvent

FOLDER = Path("/state")
PRICES = {"IRFC": Decimal("50.00"), "SBIN": Decimal("120.50")}
ACCOUNTS = ("trade", "upside_oco", "downside_oco")
TOO_MANY = 429
LATENCY_SECS = 0.02
MOVES_EVERY_SECS = 0.7
TICK = Decimal("0.05")
TICK_SECS = 0.05


@dataclass(slots=True)
class Figures:
    """What a run has shown."""

    reads: Counter[str] = field(default_factory=Counter)
    """Requests for a book, by account."""
    refused: int = 0
    """Requests of any kind that the limiter refused."""
    waits: list[float] = field(default_factory=list)
    """Seconds from a cycle's begin to each of its books."""
    books: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """The instants at which a bot had a new book of the account that it always reads, Trade."""
    fill_to_target: list[float] = field(default_factory=list)
    """Seconds from each entry's fill to its target's placement."""

    @property
    def gaps(self) -> list[float]:
        """Seconds between two books of one bot, in order."""
        return sorted(later - earlier for each in self.books.values() for earlier, later in pairwise(each))

    def __str__(self) -> str:
        gaps, waits, delays = self.gaps, sorted(self.waits), sorted(self.fill_to_target)
        return (
            f"{sum(self.reads.values())} reads sent, {self.refused} requests refused; {len(waits)} books seen, "
            f"p50 {at(waits, 50):.2f} max {waits[-1]:.2f} s after the cycle began and p50 {at(gaps, 50):.2f} "
            f"max {gaps[-1]:.2f} s after the one before; {len(delays)} entries filled, fill to target "
            f"p50 {at(delays, 50):.2f} p95 {at(delays, 95):.2f} max {delays[-1]:.2f} s"
        )


def at(ordered: list[float], percent: int) -> float:
    """The value below which so many percent lie."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


class Street:
    """The exchange, its wire and its market, on a stage."""

    def __init__(self, seed: int, jitter_secs: float) -> None:
        self.stage = Stage()
        self.clock = self.stage.clock()
        self.chance = Random(seed)
        self.jitter_secs = jitter_secs
        self.memory = SharedMemory()
        self.disk = SimDisk()
        """Holds the sessions of all."""
        self.figures = Figures()
        self.feed = HandFeed()
        listed = [instrument_for(symbol, price) for symbol, price in PRICES.items()]
        self.listed = {each.symbol: each for each in listed}
        self.exchange = PaperExchange(
            tuple(listed), quirks=Quirks(rate_limit=True), rng=Random(seed), listener=self._note
        )
        for account in ACCOUNTS:
            self.exchange.accounts.declare(account, f"key-{account}", "secret")
        self.app = XtsApp(self.exchange)
        self._filled: dict[str, datetime] = {}
        for symbol, price in PRICES.items():
            self._trade(symbol, price)

    def _trade(self, symbol: str, price: Decimal) -> None:
        self.feed.prices[symbol] = price
        self.exchange.on_price(symbol, price, self.clock.now())

    def market(self) -> None:
        """Prices walk to and fro a tick or two at a time, so that several bots' orders fill at once."""
        while True:
            self.clock.sleep_until(self.clock.monotonic() + self.chance.expovariate(1 / MOVES_EVERY_SECS))
            symbol = self.chance.choice([*PRICES])
            away = self.feed.prices[symbol] - PRICES[symbol]
            step = self.chance.choice((-2, -1, 1, 2)) - (away > 1) + (away < -1)
            self._trade(symbol, self.feed.prices[symbol] + step * TICK)

    def gateway(self) -> None:
        """The exchange acknowledges in its own time, whoever asks."""
        while True:
            self.clock.sleep_until(self.clock.monotonic() + TICK_SECS)
            self.exchange.step(self.clock.now())

    def _note(self, event: OrderEvent) -> None:
        role = event.order.client_id[11:12]
        if role == "E" and event.order.status.value == "Filled":
            self._filled[event.order.client_id[:11]] = event.at
        elif role == "T" and event.previous is None and (began := self._filled.pop(event.order.client_id[:11], None)):
            self.figures.fill_to_target.append((event.at - began).total_seconds())

    def load(self) -> None:
        """The day's dump is always there."""

    def find(self, symbol: str) -> Instrument:
        """The instrument of a symbol."""
        return as_listed(self.listed[symbol])


class StreetWire:
    """`Transport` with a latency that varies, there and back."""

    def __init__(self, street: Street, account: str) -> None:
        self._street, self._account = street, account

    def send(self, request: HttpRequest) -> HttpResponse:
        street = self._street
        self._wait()
        if (request.method, request.path) == ("GET", "/interactive/orders"):
            street.figures.reads[self._account] += 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = WireRequest(
            method=request.method,
            path=request.path,
            query=dict(request.params),
            headers=headers,
            body=request.body or b"",
        )
        reply = street.app.handle(asked, street.clock.now())
        street.figures.refused += reply.status == TOO_MANY
        self._wait()
        return HttpResponse(status=reply.status, text=reply.body.decode())

    def _wait(self) -> None:
        street = self._street
        street.clock.sleep_until(
            street.clock.monotonic() + LATENCY_SECS / 2 + street.chance.random() * street.jitter_secs
        )


class _Watched(FindocMultiClient):
    """A client that notes when it had a book."""

    street: Street
    number: int

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        clock, figures = self.street.clock, self.street.figures
        began = clock.monotonic() if since is None else since
        book = super().order_book(account, since=since)
        figures.waits.append(clock.monotonic() - began)
        if account == "trade":
            figures.books[self.number].append(clock.monotonic())
        return book


def bot(street: Street, number: int) -> GridOcoEngine:
    """One of the bots: a hedged grid whose levels are a little off those of the others."""
    config = GridOcoConfig(
        bot_name=f"Bot {number}",
        token_a_symbol="IRFC",
        token_b_symbol="SBIN",
        entry_price=PRICES["IRFC"],
        steps=3,
        spread=Decimal("0.40") + number % 3 * Decimal("0.05"),
        target_spread=Decimal("0.20"),
        oco_spread=Decimal(20),
        token_a_quantity=10,
        token_b_quantity=5,
        oco_stop_count=999,
        ignore_market_hours=True,
        allow_off_centre=True,
    )
    disk = SimDisk()
    disk.make_dir(FOLDER)
    client = _Watched(
        **{role: XtsCredentials(key=f"key-{role}", secret="secret") for role in ACCOUNTS},  # type: ignore[arg-type]
        root="https://street.example",
        product_type="MIS",
        instruments=street,
        transport_factory=lambda account: StreetWire(street, account),
        store=SessionStore(fs=street.disk, folder=FOLDER / "sessions", shared=street.memory.process()),
        clock=street.clock,
    )
    client.street, client.number = street, number
    return GridOcoEngine(
        config=config,
        client=client,
        feed=street.feed,
        state=StateManager(disk, FOLDER, config.bot_name),
        clock=street.clock,
    )


def run(bots: int, secs: float, *, seed: int = 1, jitter_secs: float = 0.005) -> Figures:
    """Let so many bots trade for so long."""
    street = Street(seed, jitter_secs)

    def life(number: int) -> None:
        street.clock.sleep_until(street.clock.monotonic() + 0.73 * number)
        bot(street, number).start()

    actors = [lambda number=number: life(number) for number in range(bots)]
    street.stage.run(street.market, street.gateway, *actors, secs=secs)
    return street.figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bots", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.bots} bots, {given.minutes:g} min: {run(given.bots, given.minutes * 60, seed=given.seed)}")
