"""Trading days of one or more bots on a street: starts, deaths, restarts, ends, mornings, and what operators do."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import time
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation import lived
from tests.simulation.chaos import ALL_KINDS, CALM, HELL, ROUGH, Chaos, Weather
from tests.simulation.invariants import ALL_INVARIANTS, LAST_WORD, TRADES, Checker, Violation
from tests.simulation.street import ACCOUNTS, Street
from tests.simulation.world import FOLDER, World
from tests.support.simdisk import Died
from tests.support.stage import Stage
from tg1.config import GridOcoConfig
from tg1.errors import ConfigError, ExitCode, StateError, Tg1Error
from tg1.models import COMPLETED, StatusKind
from tg1.paper.quirks import Quirks
from tg1.state import StateManager
from tg1.store.codec import decode
from tg1.trading.closing_orders import SQUARED_OFF

if TYPE_CHECKING:
    from datetime import date

    from tg1.grid_engine import GridOcoEngine
    from tg1.models import BotState
    from tg1.store.paths import StatePaths

MAX_STARTS_PER_DAY = 400
CHANCE_OF_SECOND_LOOK = 0.1
CHANCE_OF_EMERGENCY = 0.15
CHANCE_OF_FLATTEN = 0.35
"""That the emergency stop is also to close what the bot holds."""
CHANCE_OF_INTERRUPTION = 0.3
"""That the square-off's own process is killed on the way."""
CHANCE_OF_AGAIN = 0.7
"""That a square-off that was interrupted, or left shares, is typed once more, as the bot's refusal says."""
CHANCE_OF_COPY = 0.4
CHANCE_OF_RESTORE = 0.15
"""That the operator puts an older copy of the state file back after a death."""
CHANCE_OF_FRESH = 0.3
"""That he gives --fresh to an MIS bot which was completed the day before."""
CHANCE_OF_ENOUGH = 0.4
"""That the operator leaves it at a termination for the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about a run that its seed decides."""

    seed: int
    weather: Weather
    bots: tuple[dict[str, Any], ...]
    """The settings of each bot on the three keys."""
    keys: tuple[str, str, str]
    quirks: Quirks


def bots_of(seed: int) -> int:
    """Most seeds have one bot, some two, a few ten on the same keys (behaviour 11.3)."""
    return 10 if seed % 50 == 49 else 2 if seed % 10 == 4 else 1


def plan_of(seed: int) -> Plan:
    """The run of a seed."""
    rng = Random(f"{seed}:plan")
    first = _settings(rng, f"Sim {seed}")
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
    weather = rng.choice((CALM, ROUGH, ROUGH, HELL))
    others = tuple(_settings(rng, f"Sim {seed} bot {number}") for number in range(1, bots_of(seed)))
    return Plan(seed=seed, weather=weather, bots=(first, *others), keys=keys, quirks=quirks)


def _settings(rng: Random, name: str) -> dict[str, Any]:
    trade_type = rng.choice(("gridocots", "gridocots", "gridocots", "buyocots", "sellocots", "buyts", "sellts"))
    settings: dict[str, Any] = {
        "bot_name": name,
        "trade_type": trade_type,
        "token_a_symbol": "IRFC",
        **rng.choice(({"entry_price": "50.00"}, {"entry_price": "50.00"}, {"auto_entry": True})),
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
            "oco_spread": rng.choice(("0.5", "0.5", "1.0", "2.0", "4.0")),
            "token_b_quantity": rng.choice((7, 50)),
            "oco_stop_count": rng.choice((3, 6, 20)),
            "oco_order_type": rng.choice(("stop-limit", "stop-limit", "limit")),
        }
    return settings


def _changed(settings: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The settings with some changed; None takes one away."""
    return {name: value for name, value in {**settings, **changes}.items() if value is not None}


@dataclass
class Tally:
    """What a run came to."""

    days: int = 0
    bot_days: int = 0
    cycles: int = 0
    starts: int = 0
    checks: int = 0
    trips: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    lived: Counter[str] = field(default_factory=Counter)
    """What the days really had in them (`lived.py`)."""
    hedges: Counter[str] = field(default_factory=Counter)
    """How the hedges ended whose price TokenB passed (`effectiveness.py`)."""

    def add(self, other: Tally) -> None:
        """Sum two runs."""
        self.days += other.days
        self.bot_days += other.bot_days
        self.cycles += other.cycles
        self.starts += other.starts
        self.checks += other.checks
        self.trips += other.trips
        self.ends.update(other.ends)
        self.injected.update(other.injected)
        self.lived.update(other.lived)
        self.hedges.update(other.hedges)


class Run:
    """A number of days with one seed: a street, and one or more bots on the same keys."""

    def __init__(
        self,
        seed: int,
        *,
        enabled: frozenset[str] = frozenset(ALL_KINDS),
        weather: Weather | None = None,
        changes: dict[str, Any] | None = None,
        only: frozenset[str] = frozenset(ALL_INVARIANTS),
    ) -> None:
        plan = plan_of(seed)
        weather = weather or plan.weather
        self.chaos = Chaos(seed=seed, weather=weather, enabled=enabled)
        street = self.street = Street(self.chaos, quirks=plan.quirks)
        if len(plan.bots) == 1:
            worlds = [World(self.chaos, street=street)]
        else:
            # Each bot's power cut is everybody's.
            weather = replace(weather, deaths_per_step=weather.deaths_per_step / len(plan.bots))
            street.stage = Stage(street.mono, street.pass_to)
            chances = [
                Chaos(seed=f"{seed}:{number}", weather=weather, enabled=enabled, injected=self.chaos.injected)
                for number in range(len(plan.bots))
            ]
            worlds = [World(chance, street=street) for chance in chances]
        self.operators = [
            Operator(world, _changed(settings, changes or {}), plan.keys, only)
            for world, settings in zip(worlds, plan.bots, strict=True)
        ]

    @property
    def tally(self) -> Tally:
        """What all bots have come to so far."""
        total = Tally()
        for operator in self.operators:
            total.add(operator.tally)
        total.days = max(operator.tally.bot_days for operator in self.operators)
        total.injected = self.chaos.injected
        total.lived = self.street.lived
        return total

    def days(self, count: int) -> Tally:
        """Run so many trading days; raises `Violation`."""
        street = self.street
        street.awake = len(self.operators)
        if street.stage is None:
            self.operators[0].days(count)
        else:
            lives = [lambda operator=operator: self._live(operator, count) for operator in self.operators]
            street.stage.run(*lives, secs=float("inf"))
            street.lived[lived.TWO_BOTS if len(lives) == 2 else lived.TEN_BOTS] += count
        return self.tally

    def _live(self, operator: Operator, count: int) -> None:
        try:
            operator.days(count)
        finally:
            self.street.awake -= 1


class Operator:
    """Whoever runs one of the bots."""

    def __init__(
        self, world: World, settings: dict[str, Any], keys: tuple[str, str, str], only: frozenset[str]
    ) -> None:
        self.world = world
        self.chaos = world.chaos
        self.checker = Checker(world, settings["bot_name"], only)
        self.tally = Tally()
        self.tally.hedges = self.checker.watch.hedges
        self.rng = self.chaos.stream("operator")
        self._completed = self.chaos.stream("completed")
        self._settings = settings
        self._keys = keys
        self._fresh = False
        self._ended = ""

    def days(self, count: int) -> None:
        """Live so many trading days; raises `Violation`."""
        for _ in range(count):
            self._one_day()
            self.tally.bot_days += 1
            self.world.next_morning()
            self.tally.checks = self.checker.checks

    def _one_day(self) -> None:
        interval = self.world.street.poll_interval()
        # Second by second for a quarter of an hour, or all day in longer steps.
        self._stop_at = time(9, 30) if interval == 1.0 else None
        for _ in range(MAX_STARTS_PER_DAY):
            outcome = self._one_process(interval)
            self.tally.ends[outcome] += 1
            if outcome in ("died", "exit 4", "exit 1", "stopped"):
                self.world.move(self.rng.uniform(1, 90))
                if self.rng.random() < CHANCE_OF_EMERGENCY:
                    self._emergency()
                elif outcome == "died":
                    self._look_after_backups()
                continue
            if outcome == "exit 3":
                self._fresh = True
                self.world.move(self.rng.uniform(60, 600))
                if self.rng.random() < CHANCE_OF_ENOUGH:
                    return
                continue
            if outcome == "done for good":
                # A new day of an MIS bot begins anew by itself; some operators give --fresh all the same.
                self._fresh = self._settings["product_type"] != "MIS" or self._completed.random() < CHANCE_OF_FRESH
            return
        raise Violation("liveness", f"{MAX_STARTS_PER_DAY} starts on one day")

    def _config(self, interval: float) -> GridOcoConfig:
        return GridOcoConfig(
            **{
                **self._settings,
                "poll_interval": interval,
                "stop_at": self._stop_at,
                "fresh": self._fresh,
                "clear_attention": not self._fresh and self.rng.random() < 0.3,
            }
        )

    def _one_process(self, interval: float) -> str:
        world, checker = self.world, self.checker
        self.tally.starts += 1
        world.stop_requested = False
        saved = self._saved()
        self._is_second_morning = saved is not None and saved.trading_day != world.wall.date()
        self._was_completed = saved is not None and saved.bot_status == COMPLETED and not self._fresh
        self._found = saved.generation if saved is not None else ""
        engine = world.boot(self._config(interval), self._keys)
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
            if self._is_squared_off():
                # Its square-off may have died before its last order had ended; a second one and --fresh look at that.
                if "--square-off once more" in str(exc) and self.rng.random() < CHANCE_OF_AGAIN:
                    self._emergency(again=True)
                return self._count(engine, "exit 3")
            if "was terminated by its own rules" in str(exc):
                checker.nothing_left("a termination of which only the last word was left to say")
                return self._count(engine, "exit 3")
            if exc.exit_code in (2, 5, 6):
                raise Violation("refusal", f"{type(exc).__name__}: {exc}") from exc
            return self._count(engine, f"exit {exc.exit_code}")
        return self._count(engine, self._after_end(engine, code))

    def _count(self, engine: GridOcoEngine, outcome: str) -> str:
        self.tally.cycles += engine._cycle
        self.world.street.lived[lived.SECONDS] += engine._cycle * (engine.config.poll_interval == 1.0)
        if outcome not in ("died", "exit 4", "exit 1"):
            self.world.street.restoring.discard(self._settings["bot_name"])
        self.checker.detach()
        return outcome

    def _after_end(self, engine: GridOcoEngine, code: int) -> str:
        world, checker = self.world, self.checker
        state = engine.store._state
        world.note(f"EXIT {code} {state.bot_status if state else ''}")
        self._check_morning(engine, code)
        if state is None:
            return "nothing to do"
        saved = self._saved()
        if saved is None or (saved.bot_status, saved.levels) != (state.bot_status, state.levels):
            checker.fail(LAST_WORD, f"the process ended with {code}, and the disk says {saved and saved.bot_status}")
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

    def _check_morning(self, engine: GridOcoEngine, code: int) -> None:
        """A bot that is started in the session of a new day trades, whatever became of its grid the day before.

        But for one that keeps its positions: its levels are closed for good (behaviour 1.5).
        """
        is_over = engine._session.is_over(engine.clock.now())
        is_intraday = engine.config.product_type == "MIS"
        if code == 0 and is_intraday and self._is_second_morning and not engine._has_state and not is_over:
            self.checker.fail(TRADES, f"started on a new day, and ended with {code} before it had a grid")

    def _look_twice_at_resume(self, engine: GridOcoEngine) -> None:
        """After a start, sometimes, reconcile once more and compare; and note what P&L a new grid begins with."""
        run_loop = engine._run_loop
        # Where others trade on, something may well have changed.
        look = self.rng.random() < CHANCE_OF_SECOND_LOOK and self.world.street.stage is None

        def wrapped() -> ExitCode:
            state, street, name = engine._parts.state, self.world.street, self._settings["bot_name"]
            street.lived[lived.RESTORED] += name in street.restoring
            street.lived[lived.MORNING] += self._is_second_morning
            street.lived[lived.COMPLETED] += self._is_second_morning and self._was_completed
            street.restoring.discard(name)
            if state.generation != self._generation:
                self._generation = state.generation
                self.checker.carry(state)
                if state.generation != self._found:
                    self.checker.centred(engine, state)
                street.lived[lived.AUTO_ENTRY] += engine.config.auto_entry
                self.tally.trips = state.next_record_seq
            if look:
                self.checker.reconcile_again()
            return run_loop()

        engine._run_loop = wrapped  # type: ignore[method-assign]
        terminate = engine._ending.terminate

        def judged(reason: str) -> ExitCode:
            self.checker.judge_end(engine, reason)
            return terminate(reason)

        engine._ending.terminate = judged  # type: ignore[method-assign]

    _generation = ""
    _found = ""
    """The generation that this process found on the disk: a process before may have made it and died."""
    _is_second_morning = False
    _was_completed = False
    _stop_at: time | None = None

    def _emergency(self, *, again: bool = False) -> None:
        """The operator types --cancel-all; it may fail and it may die, but a 0 is a promise (behaviour 13)."""
        self.checker.detach()
        flattens = (again or self.rng.random() < CHANCE_OF_FLATTEN) and bool(self.chaos.pick("flatten", ("flatten",)))
        name = "flatten" if flattens else "cancel-all"
        if flattens and self.rng.random() < CHANCE_OF_INTERRUPTION and "killed" in self.chaos.enabled:
            self.world.die_at = (self.world.steps + self.rng.randint(20, 120), "killed")
        try:
            code = self.world.cancel_all(self._config(30.0), self._keys, flattens=flattens)
        except Died:
            self.tally.ends[f"{name} died"] += 1
            self.world.street.lived[lived.INTERRUPTED] += flattens and self._is_squared_off()
            return
        finally:
            self.world.die_at = None
            self.world.feed = None
            self.checker.never_beyond_its_own()
        self.world.note(f"--{name} EXIT {code}")
        self.tally.ends[f"{name} exit {code}"] += 1
        if code == 0:
            self.checker.nothing_left(f"--{name}")
            if flattens:
                self.checker.nothing_held(self._saved())

    def _look_after_backups(self) -> None:
        """Now and then the operator keeps a copy of the state file, and now and then he puts one back."""
        now = self._saved()
        if now is None or now.trading_day != self.world.wall.date():
            return
        path = self._paths.state
        if self.rng.random() < CHANCE_OF_COPY:
            self._copy = (now.generation, now.trading_day, self.world.disk.files()[path])
            return
        # A copy of an earlier day lacks what no book of today can tell.
        is_wanted = self._copy[:2] == (now.generation, now.trading_day) and self.rng.random() < CHANCE_OF_RESTORE
        if is_wanted and self.chaos.pick("backup", ("restored-backup",)):
            self.world.note("MISHAP the operator restores an older state file")
            self.world.disk.put(path, self._copy[2])
            self.checker.has_restored = True
            self.world.street.restoring.add(self._settings["bot_name"])

    _copy: tuple[str, date | None, bytes] = ("", None, b"")

    @property
    def _paths(self) -> StatePaths:
        return StateManager(self.world.disk, FOLDER, self._settings["bot_name"]).paths

    def _saved(self) -> BotState | None:
        """The state as it stands on the disk; None when there is none, or none that can be read."""
        try:
            return decode(self.world.disk.files()[self._paths.state])
        except (KeyError, StateError):
            return None

    def _is_squared_off(self) -> bool:
        saved = self._saved()
        return saved is not None and saved.bot_status == SQUARED_OFF

    def _cancel_all_by_hand(self) -> None:
        """The operator follows the refusal's advice; the emergency stop has its own tests."""
        for order, _ in self.checker.own_working():
            self.world.exchange.broker_cancel(order.app_order_id, self.world.street.market_time)


def silence_logs() -> None:
    """The bot's log lines are not what a simulation is read by."""
    logging.getLogger("tg1").setLevel(logging.CRITICAL)
