"""Trading days of one bot in one world: starts, deaths, restarts, ends, mornings. What an operator would do is here."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import time
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.chaos import ALL_KINDS, CALM, HELL, ROUGH, Chaos, Weather
from tests.simulation.invariants import ALL_INVARIANTS, Checker, Violation
from tests.simulation.world import ACCOUNTS, World
from tests.support.simdisk import Died
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError, ExitCode, Tg1Error
from tg1.models import COMPLETED, StatusKind
from tg1.paper.quirks import Quirks

if TYPE_CHECKING:
    from tg1.grid_engine import GridOcoEngine

MAX_STARTS_PER_DAY = 400
CHANCE_OF_SECOND_LOOK = 0.1
CHANCE_OF_EMERGENCY = 0.15
CHANCE_OF_ENOUGH = 0.4
"""That the operator leaves it at a termination for the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about a run that its seed decides."""

    seed: int
    weather: Weather
    settings: dict[str, Any]
    keys: tuple[str, str, str]
    quirks: Quirks


def plan_of(seed: int) -> Plan:
    """The run of a seed."""
    rng = Random(f"{seed}:plan")
    trade_type = rng.choice(("gridocots", "gridocots", "gridocots", "buyocots", "sellocots", "buyts", "sellts"))
    settings: dict[str, Any] = {
        "bot_name": f"Sim {seed}",
        "trade_type": trade_type,
        "token_a_symbol": "IRFC",
        "entry_price": "50.00",
        "steps": rng.choice((2, 3, 5)),
        "spread": rng.choice(("0.5", "1.0")),
        "target_spread": rng.choice(("0.3", "0.5")),
        "token_a_quantity": 100,
        "product_type": rng.choice(("MIS", "MIS", "CNC")),
        "max_open_entries": rng.choice((0, 0, 1)),
        "auto_reenter": rng.random() < 0.9,
        "allow_off_centre": True,
    }
    if trade_type not in ("buyts", "sellts"):
        settings |= {
            "token_b_symbol": "SBIN",
            "oco_spread": rng.choice(("1.0", "2.0", "4.0")),
            "token_b_quantity": rng.choice((7, 50)),
            "oco_stop_count": rng.choice((3, 6, 20)),
            "oco_order_type": rng.choice(("stop-limit", "stop-limit", "limit")),
        }
    keys = rng.choice((ACCOUNTS, ("trade", "upside_oco", "upside_oco"), ("trade", "trade", "trade")))
    quirks = Quirks(
        partial_fill_probability=rng.choice((0.0, 0.3)),
        max_fill_per_tick=rng.choice((0, 0, 30)),
        ack_delay_secs=rng.choice((0.05, 1.5)),
        cancel_delay_secs=rng.choice((0.05, 1.5, 40.0)),
        empty_book=rng.choice(("list", "null", "error")),
        cancel_result=rng.choice(("list", "dict", "empty", "null")),
        order_id_as=rng.choice(("int", "str")),
        reply_has_identifier=rng.random() < 0.5,
        fresh_numbers=rng.choice(("clean", "empty", "nan")),
        junk_rows=rng.choice((0, 0, 2)),
        newest_first=rng.random() < 0.3,
        side_case=rng.choice(("upper", "title")),
        touch_fill_pct=rng.choice((100.0, 100.0, 40.0)),
        rate_limit=True,
    )
    return Plan(seed=seed, weather=rng.choice((CALM, ROUGH, ROUGH, HELL)), settings=settings, keys=keys, quirks=quirks)


@dataclass
class Tally:
    """What a run came to."""

    days: int = 0
    cycles: int = 0
    starts: int = 0
    checks: int = 0
    trips: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Sum two runs."""
        self.days += other.days
        self.cycles += other.cycles
        self.starts += other.starts
        self.checks += other.checks
        self.trips += other.trips
        self.ends.update(other.ends)
        self.injected.update(other.injected)


class Run:
    """A number of days with one seed."""

    def __init__(
        self,
        seed: int,
        *,
        enabled: frozenset[str] = frozenset(ALL_KINDS),
        weather: Weather | None = None,
        changes: dict[str, Any] | None = None,
        only: frozenset[str] = frozenset(ALL_INVARIANTS),
    ) -> None:
        self.plan = plan_of(seed)
        self.chaos = Chaos(seed=seed, weather=weather or self.plan.weather, enabled=enabled)
        self.world = World(self.chaos, quirks=self.plan.quirks)
        self.checker = Checker(self.world, self.plan.settings["bot_name"], only)
        self.tally = Tally(injected=self.chaos.injected)
        self.rng = self.chaos.stream("operator")
        self._changes = changes or {}
        self._fresh = False
        self._ended = ""

    def days(self, count: int) -> Tally:
        """Run so many trading days; raises `Violation`."""
        for _ in range(count):
            self._one_day()
            self.tally.days += 1
            self.world.next_morning()
        self.tally.checks = self.checker.checks
        return self.tally

    def _one_day(self) -> None:
        interval = self.rng.choice((1.0, 15.0, 20.0, 30.0, 60.0))
        # Second by second for a quarter of an hour, or all day in longer steps.
        self._stop_at = time(9, 30) if interval == 1.0 else None
        for _ in range(MAX_STARTS_PER_DAY):
            outcome = self._one_process(interval)
            self.tally.ends[outcome] += 1
            if outcome in ("died", "exit 4", "exit 1", "stopped"):
                self.world.move(self.rng.uniform(1, 90))
                if self.rng.random() < CHANCE_OF_EMERGENCY:
                    self._emergency()
                continue
            if outcome == "exit 3":
                self._fresh = True
                self.world.move(self.rng.uniform(60, 600))
                if self.rng.random() < CHANCE_OF_ENOUGH:
                    return
                continue
            if outcome == "done for good":
                self._fresh = True
            return
        raise Violation("liveness", f"{MAX_STARTS_PER_DAY} starts on one day")

    def _config(self, interval: float) -> GridOcoConfig:
        return GridOcoConfig(
            **{
                **self.plan.settings,
                "poll_interval": interval,
                "stop_at": self._stop_at,
                "fresh": self._fresh,
                "clear_attention": not self._fresh and self.rng.random() < 0.3,
                **self._changes,
            }
        )

    def _one_process(self, interval: float) -> str:
        world, checker = self.world, self.checker
        self.tally.starts += 1
        world.stop_requested = False
        engine = world.boot(self._config(interval), self.plan.keys)
        checker.attach(engine)
        self._look_twice_at_resume(engine)
        try:
            code = engine.start()
        except Died:
            return self._count(engine, "died")
        except ConfigError:
            raise
        except Tg1Error as exc:
            world.note(f"REFUSED exit {exc.exit_code}: {exc}")
            if exc.exit_code == 5 and self._fresh and "still working" in str(exc):
                self._cancel_all_by_hand()
                return self._count(engine, "stopped")
            if "was terminated by its own rules" in str(exc):
                checker.nothing_left("a termination of which only the last word was left to say")
                return self._count(engine, "exit 3")
            if exc.exit_code in (2, 5, 6):
                raise Violation("refusal", f"{type(exc).__name__}: {exc}") from exc
            return self._count(engine, f"exit {exc.exit_code}")
        return self._count(engine, self._after_end(engine, code))

    def _count(self, engine: GridOcoEngine, outcome: str) -> str:
        self.tally.cycles += engine._cycle
        self.checker.engine = None
        return outcome

    def _after_end(self, engine: GridOcoEngine, code: int) -> str:
        world, checker = self.world, self.checker
        state = engine.store._state
        world.note(f"EXIT {code} {state.bot_status if state else ''}")
        if state is None:
            return "nothing to do"
        self._fresh = False if engine._has_state or code == 3 else self._fresh
        if code == 1:
            return "exit 1"
        if code == 3 and state.bot_status.kind is StatusKind.TERMINATING:
            return "died"
        if code == 3 or str(state.bot_status) in ("Stopped: session end", "Completed"):
            checker.nothing_left(str(state.bot_status))
            if state.trading_day == world.wall.date():
                checker.books_agree(state)
        if code == 3:
            return "exit 3"
        return "done for good" if state.bot_status == COMPLETED else str(state.bot_status.kind)

    def _look_twice_at_resume(self, engine: GridOcoEngine) -> None:
        """After a start, sometimes, reconcile once more and compare; and note what P&L a new grid begins with."""
        run_loop = engine._run_loop
        look = self.rng.random() < CHANCE_OF_SECOND_LOOK

        def wrapped() -> ExitCode:
            state = engine._parts.state
            if state.generation != self._generation:
                self._generation = state.generation
                self.checker.carry(state)
                self.tally.trips = state.next_record_seq
            if look:
                self.checker.reconcile_again()
            return run_loop()

        engine._run_loop = wrapped  # type: ignore[method-assign]

    _generation = ""
    _stop_at: time | None = None

    def _emergency(self) -> None:
        """The operator types --cancel-all; it may fail and it may die, but a 0 is a promise (behaviour 13)."""
        self.checker.engine = None
        try:
            code = self.world.cancel_all(self._config(30.0), self.plan.keys)
        except Died:
            self.tally.ends["cancel-all died"] += 1
            return
        self.world.note(f"--cancel-all EXIT {code}")
        self.tally.ends[f"cancel-all exit {code}"] += 1
        if code == 0:
            self.checker.nothing_left("--cancel-all")

    def _cancel_all_by_hand(self) -> None:
        """The operator follows the refusal's advice; the emergency stop has its own tests."""
        for order, _ in self.checker.own_working():
            self.world.exchange.broker_cancel(order.app_order_id, self.world.wall)


def silence_logs() -> None:
    """The bot's log lines are not what a simulation is read by."""
    logging.getLogger("tg1").setLevel(logging.CRITICAL)
