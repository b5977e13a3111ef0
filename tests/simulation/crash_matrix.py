"""The crash matrix: one told day that visits every kind of event, and a death at each of its steps.

A step is every point of `World.step`: before, during and after each request, each part of each file operation, and
each wait. The process dies there, is started again five seconds later, and every invariant is checked to the end of the
next morning. `python -m tests.simulation.crash_matrix --list` runs and prints all of it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.engine.conftest import EXAMPLE
from tests.simulation.chaos import Chaos, Weather
from tests.simulation.invariants import Checker, Violation
from tests.simulation.street import Market
from tests.simulation.world import World
from tests.support.simdisk import Died
from tg1.config import GridOcoConfig
from tg1.machine.clock import IST
from tg1.paper.orders import PaperSide
from tg1.paper.quirks import Quirks
from tg1.rules import client_ids
from tg1.store.codec import decode

if TYPE_CHECKING:
    from collections.abc import Callable

BOT = "Crash Matrix"
DEATHS = ("killed", "power-cut")
STILL = Weather(network=0.0, storm=0.0, market=0.0, disk=0.0, deaths_per_step=0.0)
RESTART_AFTER_SECS = 5.0
SETTINGS: dict[str, Any] = {
    **EXAMPLE,
    "bot_name": BOT,
    "oco_stop_count": 9,
    "poll_interval": 10.0,
    "stop_at": time(9, 20),
    "allow_off_centre": True,
}


class Story:
    """The told day."""

    def __init__(self) -> None:
        self.world = World(
            Chaos(seed=0, weather=STILL, enabled=frozenset()), quirks=Quirks(), market=Market(move_secs=0.0)
        )
        self.world.street.wall = datetime(2026, 11, 23, 9, 14, 50, tzinfo=IST)
        self.checker = Checker(self.world, BOT)
        self.labels: list[str] = []
        self.world.on_step = self.labels.append
        self.deaths = 0
        self.ends: list[str] = []
        begin = self.world.mono + 10.0
        for at, act in self._events():
            self.world.street.script.append((begin + at, act))

    def _events(self) -> list[tuple[float, Callable[[], None]]]:
        price_a, price_b = self._price_of("IRFC"), self._price_of("SBIN")
        return [
            (25, price_a("49.00")),  # a BUY entry fills: target and hedge
            (37, price_b("121.50")),
            (38, price_a("48.00")),  # the next one, hedged nearer to TokenB's price: the first hedge is stale
            (55, price_a("49.50")),  # both targets fill: the hedge is cancelled, the levels are reset
            (56, price_a("49.20")),
            (75, lambda: self._fill("D", 1, "E", 40)),  # a part of the next entry
            (85, lambda: self._cancel("D", 1, "E")),  # and the broker ends it: a target for 40
            (105, price_b("119.40")),  # its hedge triggers and fills: the target is cancelled
            (125, price_a("52.00")),  # both SELL entries fill: max quantity
            (145, lambda: self._fill("U", 1, "T", 100)),  # target and hedge of one level in one interval
            (146, lambda: self._fill("U", 1, "O", 50)),
            (165, self._reject_next),
            (166, lambda: self._cancel("U", 2, "T")),  # a target is ended by the broker, its successor rejected
            (185, self._orphan),
            (205, price_a("48.00")),  # a target and an entry fill
            (225, lambda: self._fill("D", 2, "T", 30)),  # a part of a target, then the broker ends it
            (235, lambda: self._cancel("D", 2, "T")),
            (236, lambda: self._fill("D", 2, "O", 20)),  # a part of a hedge, which is never stale
            (255, lambda: self._cancel("D", 2, "O")),  # and the broker ends it: the rest is hedged again
        ]

    def _price_of(self, symbol: str) -> Callable[[str], Callable[[], None]]:
        return lambda price: lambda: self.world.set_price(symbol, Decimal(price))

    def _working(self, side: str, level: int, role: str) -> int | None:
        wanted = f"{side}{level:02}{role}"
        found = [order for order, _ in self.checker.own_working() if order.client_id[8:12] == wanted]
        return found[0].app_order_id if found else None

    def _fill(self, side: str, level: int, role: str, quantity: int) -> None:
        self._act(side, level, role, lambda number: self._fill_order(number, quantity))

    def _fill_order(self, number: int, quantity: int) -> None:
        order = self.world.exchange.orders[number]
        part = min(quantity, order.terms.quantity - order.cumulative)
        self.world.exchange.fill(number, part, order.terms.limit_price, self.world.street.market_time)

    def _cancel(self, side: str, level: int, role: str) -> None:
        self._act(
            side, level, role, lambda number: self.world.exchange.broker_cancel(number, self.world.street.market_time)
        )

    def _act(self, side: str, level: int, role: str, act: Callable[[int], None]) -> None:
        self.world.exchange.step(self.world.street.market_time)  # a cancel that is due by now comes first
        number = self._working(side, level, role)
        if number is not None:  # a death may have kept the order from being there: then nothing happens to it
            act(number)

    def _reject_next(self) -> None:
        self.world.exchange.reject_next("trade", "OEMS:RMS : Margin Exceeds")

    def _orphan(self) -> None:
        """An order of an earlier grid of the same name, still working."""
        self.world.exchange.foreign_order(
            "trade",
            symbol="IRFC",
            side=PaperSide.BUY,
            quantity=100,
            price=Decimal("45.00"),
            now=self.world.wall,
            client_id=f"{client_ids.bot_tag(BOT)}ZZZD01E0001",
        )

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """The day to its session end, and the next morning's first cycles."""
        self._until_it_ends()
        self.checker.nothing_left("session end")
        state = self.checker_state
        self.checker.books_agree(state)
        if self._fresh_day:
            return
        self._fresh_day = True
        self.world.next_morning()
        self.world.street.wall = self.world.wall.replace(hour=9, minute=15, second=0)
        self.world.street.script.append((self.world.mono + 35.0, self._ask_to_stop))
        self._until_it_ends()
        self.world.stop_requested = False

    _fresh_day = False

    def _ask_to_stop(self) -> None:
        self.world.stop_requested = True

    @property
    def checker_state(self) -> Any:
        return self._last_state

    def _until_it_ends(self) -> None:
        for _ in range(20):
            engine = self.world.boot(GridOcoConfig(**SETTINGS))
            self.checker.attach(engine)
            try:
                code = engine.start()
            except Died:
                self.deaths += 1
                self.world.move(RESTART_AFTER_SECS)
                if self.world.stop_requested:
                    return
                continue
            self._last_state = decode(self.world.disk.files()[engine.store.paths.state])
            self.ends.append(f"{code} {self._last_state.bot_status}")
            if code != 0:
                raise Violation("liveness", f"the told day ended with exit {code}")
            return
        raise Violation("liveness", "twenty starts were not enough")


def count_steps() -> list[str]:
    """The labels of all steps of the told day, in order."""
    story = Story()
    story.run()
    return story.labels


def run_with_death(step: int, kind: str) -> Story:
    """The told day with the process dying at `step` (from 1); raises `Violation`."""
    story = Story()
    story.world.die_at = (step, kind)
    story.run()
    return story


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One death of the matrix."""

    step: int
    label: str
    kind: str
    violation: str
    """Empty when everything held."""


def whole_matrix(jobs: int, tell: Callable[[Cell], None]) -> None:
    """Die at every step in every way, `jobs` at a time. Needs a process with one thread: it forks at each step.

    The told day runs once; at each step a copy of the process dies there and lives the rest of the day.
    """
    runner = _Forks(jobs, tell)
    story = Story()
    story.world.on_step = lambda label: runner.at_step(story, label)
    failure = ""
    try:
        story.run()
    except Violation as exc:
        failure = str(exc)
    except Exception as exc:  # noqa: BLE001 - a child's last word: the matrix shows it as a violation
        failure = f"{type(exc).__name__}: {exc}"
    if runner.is_child:
        runner.report(failure)
    runner.wait_for_all()
    if failure:
        raise Violation("told-day", failure)


class _Forks:
    def __init__(self, jobs: int, tell: Callable[[Cell], None]) -> None:
        self._jobs = jobs
        self._tell = tell
        self._running: dict[int, tuple[int, str, str, int]] = {}
        self.is_child = False
        self._out = -1

    def at_step(self, story: Story, label: str) -> None:
        if self.is_child:
            return
        for kind in DEATHS:
            while len(self._running) >= self._jobs:
                self._collect()
            reader, writer = os.pipe()
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                os.close(reader)
                self.is_child, self._out = True, writer
                story.world.die_at = (story.world.steps, kind)
                return
            os.close(writer)
            self._running[child] = (story.world.steps, label, kind, reader)

    def report(self, failure: str) -> None:
        """A child's end: what went wrong goes to its parent."""
        os.write(self._out, failure.encode())
        os._exit(1 if failure else 0)

    def _collect(self) -> None:
        pid, status = os.wait()
        step, label, kind, reader = self._running.pop(pid)
        with os.fdopen(reader, "rb") as pipe:
            words = pipe.read().decode()
        died = os.waitstatus_to_exitcode(status)
        self._tell(Cell(step=step, label=label, kind=kind, violation=words or (f"exit {died}" if died else "")))

    def wait_for_all(self) -> None:
        while self._running:
            self._collect()


def main() -> int:
    """Run the whole matrix and print it: every cell with --list, otherwise a sum per kind of step."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.crash_matrix", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="print every cell")
    given = parser.parse_args()
    logging.getLogger("tg1").setLevel(logging.CRITICAL)
    sums: Counter[tuple[str, str]] = Counter()
    failed: list[Cell] = []

    def tell(cell: Cell) -> None:
        what = cell.label if "/" in cell.label or cell.label == "wait" else cell.label.split()[0]
        sums[what, cell.kind] += 1
        if cell.violation:
            failed.append(cell)
        if given.list or cell.violation:
            print(f"step {cell.step:5} {cell.label:45} {cell.kind:10} {cell.violation or 'held'}")

    whole_matrix(given.jobs, tell)
    for (what, kind), number in sorted(sums.items()):
        print(f"{number:6} {kind:10} {what}")
    print(f"crash matrix: {sums.total()} deaths, {len(failed)} violations")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
