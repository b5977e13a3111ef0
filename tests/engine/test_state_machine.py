"""The engine against a hostile broker, disk and clock: random histories, invariants after every step.

Rules play cycles, fills, parts, rejections, lost and late answers, lagging, empty and failed books, dead sessions,
429s, price moves, staleness, cancels by the broker, foreign orders, new days, deaths at any step of the disk or at
either side of any request, and restarts. Failures.md calls these invariants the highest known standard.
"""

from __future__ import annotations

import errno
import logging
import os
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.conftest import EXAMPLE
from tests.support.fakes import HandBroker, HandClock, HandFeed, HandOrder
from tests.support.simdisk import Died, SimDisk
from tg1.config import GridOcoConfig
from tg1.errors import BrokerUnavailable, ExitCode, FeedError, SaveFailed, StateError
from tg1.grid_engine import GridOcoEngine
from tg1.machine.clock import IST
from tg1.models import (
    COMPLETED,
    LegOrder,
    LevelState,
    OpenOrder,
    OrderRequest,
    OrderStatus,
    OrderType,
    Role,
    Side,
    TradeSide,
)
from tg1.rules import client_ids
from tg1.state import StateManager
from tg1.store.codec import decode

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path("/sim/state")
START = datetime(2026, 11, 23, 9, 20, tzinfo=IST)
DEATHS = (
    "never",
    "never",
    "full",
    "disk",
    "before_place",
    "after_place",
    "before_cancel",
    "after_cancel",
    "before_read",
)
CYCLES = st.integers(0, 3)
ANSWERS = ("refused", "limited", "session", "unavailable", "unknown-lost", "unknown-accepted")


class EngineMachine(RuleBasedStateMachine):
    """One bot over many lives."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock(START)
        self.feed = HandFeed(IRFC="50.00", SBIN="120.50")
        self.broker = MortalBroker()
        self.disk = SimDisk()
        self.engine: GridOcoEngine | None = None
        self.store: StateManager | None = None
        self.over = False
        self.broker.before_place = self._before_place
        self.proved_absent: set[str] = set()

    # -- lives ---------------------------------------------------------------------------------------------------------

    @initialize(
        product=st.sampled_from(["MIS", "CNC"]),
        accounts=st.sampled_from([3, 2, 1]),
        trade_type=st.sampled_from(["gridocots", "gridocots", "gridocots", "buyocots", "sellts"]),
        max_open=st.sampled_from([0, 0, 1]),
        kind=st.sampled_from(["stop-limit", "limit"]),
    )
    def begin(self, product: str, accounts: int, trade_type: str, max_open: int, kind: str) -> None:
        """A fresh bot."""
        self.broker.account_names = ("trade", "upside_oco", "downside_oco")[:accounts]
        chosen: dict[str, Any] = {
            **EXAMPLE,
            "product_type": product,
            "trade_type": trade_type,
            "max_open_entries": max_open,
            "oco_order_type": kind,
            "oco_stop_count": 4,
            "ignore_market_hours": True,
            "allow_off_centre": True,
        }
        if trade_type == "sellts":
            for name in ("token_b_symbol", "oco_spread", "token_b_quantity", "oco_order_type", "oco_stop_count"):
                chosen.pop(name)
        self.config = GridOcoConfig(**chosen)
        self.start()

    def start(self) -> None:
        """A new process: it may die, or be refused for a reason that the specification knows."""
        self.store = StateManager(self.disk, FOLDER, self.config.bot_name)
        self.engine = GridOcoEngine(
            config=self.config, client=self.broker, feed=self.feed, state=self.store, clock=self.clock
        )
        self.engine._run_loop = lambda: ExitCode.OK  # type: ignore[method-assign]
        try:
            code = self.engine.start()
        except Died:
            self.engine = None
        except (BrokerUnavailable, FeedError, SaveFailed):
            self.engine = None
        except StateError as exc:
            if "terminated by its own rules" not in str(exc):
                raise
            self.over = True
            self.engine = None
        else:
            if code == ExitCode.TERMINATED:
                self.engine = None

    def live(self, act: Callable[[GridOcoEngine], int | None]) -> None:
        """Let the process do something; it may die of it."""
        if self.engine is None:
            return
        try:
            code = act(self.engine)
        except (Died, SaveFailed):
            # SaveFailed leaves the cycle only where a terminating bot can't save its last word.
            self.engine = None
        else:
            if code is not None:
                self.over = code == ExitCode.OK
                assert code == ExitCode.TERMINATED or self._is_completed()
                self.engine = None

    def _is_completed(self) -> bool:
        """Behaviour 1.5: every level is closed and nothing works; both legs of some filled, so no rule has ended it."""
        assert self.store is not None
        are_closed = all(level.state in (LevelState.CLOSED, LevelState.OCO_FILLED) for level in self.levels)
        return self.store.state.bot_status == COMPLETED and are_closed and not self.broker.working()

    @precondition(lambda self: self.engine is None and not self.over)
    @rule(seed=st.integers(0, 2**16), power=st.booleans(), then=CYCLES)
    def restart(self, seed: int, power: bool, then: int) -> None:  # noqa: FBT001  # Hypothesis passes by name
        """The machine comes back, after a power cut or a plain kill."""
        if power:
            self.disk.crash(Random(seed))
        self.disk = self.disk.restart()
        self.broker.mortal_at = None
        self.start()
        self._cycles(then)

    @precondition(lambda self: self.engine is not None)
    @rule(times=st.integers(1, 6), death=st.tuples(st.sampled_from(DEATHS), st.integers(0, 24)), slow=st.booleans())
    def cycle(self, times: int, death: tuple[str, int], slow: bool) -> None:  # noqa: FBT001
        """Some cycles, with a death on the way when the draw says so."""
        self._arm(*death)
        self._cycles(times, 3.0 if slow else 1.0)
        self._disarm()

    def _cycles(self, times: int, secs: float = 1.0) -> None:
        for _ in range(times):
            if self.engine is not None:
                self._one_cycle()
                self.clock.advance(secs)

    @precondition(lambda self: self.engine is not None)
    @rule()
    def die_between_cycles(self) -> None:
        """A `kill -9` while the bot waits."""
        self.disk.kill()
        self.engine = None

    def _one_cycle(self) -> None:
        before = len(self.broker.placed)
        self.live(lambda engine: engine._poll_cycle())
        entries = Counter(
            request.side
            for request in self.broker.placed[before:]
            if (named := client_ids.parse_client_id(request.client_id)) and named.role is Role.ENTRY
        )
        assert all(count <= 1 for count in entries.values()), "behaviour 2.2: one new entry per direction and cycle"

    def _arm(self, where: str, after: int) -> None:
        if where == "full":

            def refuse(op: str, _path: Path) -> None:
                if op != "read":
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            self.disk.before_op = refuse
        elif where == "disk":
            left = after * 3

            def die_at(_op: str, _path: Path) -> None:
                nonlocal left
                if left == 0:
                    raise Died
                left -= 1

            self.disk.before_op = die_at
        elif where != "never":
            self.broker.mortal_at = (where, after // 3)

    def _disarm(self) -> None:
        self.disk.before_op = lambda _op, _path: None
        self.broker.mortal_at = None

    def _before_place(self, request: OrderRequest) -> None:
        inode = self.disk._platter.durable[FOLDER / f"{self.config.bot_name}_state.json"]
        saved = decode(bytes(inode.content[: inode.synced]))
        intents = {order.client_id: order for level in saved.levels.values() for order in level.orders}
        assert request.client_id in intents, "behaviour 3.2: intent before action"
        assert intents[request.client_id] == request

    # -- the market and the broker -------------------------------------------------------------------------------------

    def _pick(self, number: int) -> HandOrder | None:
        working = self.broker.working()
        return working[number % len(working)] if working else None

    @rule(number=st.integers(0, 11), part=st.sampled_from([None, None, 1, 30]), then=CYCLES)
    def fill(self, number: int, part: int | None, then: int) -> None:
        """An order fills, whole or in part, at its price."""
        order = self._pick(number)
        if order is not None:
            left = order.request.quantity - order.filled
            self.broker.fill(order.order_id, min(part or left, left))
        self._cycles(then)

    @rule(numbers=st.lists(st.integers(0, 11), min_size=2, max_size=4), then=CYCLES)
    def fill_several(self, numbers: list[int], then: int) -> None:
        """Orders fill in the same second: targets and hedges of one level among them."""
        for number in numbers:
            order = self._pick(number)
            if order is not None:
                self.broker.fill(order.order_id)
        self._cycles(then)

    @rule(number=st.integers(0, 11), status=st.sampled_from([OrderStatus.REJECTED, OrderStatus.CANCELLED]), then=CYCLES)
    def end(self, number: int, status: OrderStatus, then: int) -> None:
        """The broker rejects or cancels an order on its own account."""
        order = self._pick(number)
        if order is not None:
            self.broker.end(order.order_id, status, "RMS says no")
        self._cycles(then)

    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3), lag=st.integers(0, 2), then=CYCLES)
    def answer(self, answers: list[str], lag: int, then: int) -> None:
        """The next placements go wrong; new orders stay out of the book for fewer reads than prove absence."""
        self.broker.hide_new_for_reads = lag
        self.broker.answers.extend(answers)
        self._cycles(then)

    @rule(
        answers=st.lists(st.sampled_from(["sent", "refused", "unknown", "filled"]), min_size=1, max_size=3), then=CYCLES
    )
    def answer_cancels(self, answers: list[str], then: int) -> None:
        """The next cancels go wrong."""
        self.broker.cancels.extend(answers)
        self._cycles(then)

    @rule(broken=st.booleans(), empty=st.booleans(), account=st.integers(0, 2), then=st.integers(0, 8))
    def spoil_a_book(self, broken: bool, empty: bool, account: int, then: int) -> None:  # noqa: FBT001
        """A book fails, or comes empty, or is whole again; it comes empty only where an order is known to be in it."""
        name = self.broker.accounts[account % len(self.broker.accounts)]
        known = self._knows_an_order_in(name)
        for books, on in ((self.broker.broken_books, broken), (self.broker.empty_books, empty and known)):
            (books.add if on else books.discard)(name)
        self._cycles(then)

    def _knows_an_order_in(self, account: str) -> bool:
        """True when the state holds an order id of today for that account."""
        if self.store is None or self.engine is None or self.store.state.trading_day != self.clock.now().date():
            return False
        live = ((level, order) for level in self.levels for order in level.orders if order.order_id)
        return any(self.broker.account_of(order.role, level.trade_side) == account for level, order in live)

    @rule()
    def heal(self) -> None:
        """Every wire is well again."""
        self.broker.broken_books.clear()
        self.broker.empty_books.clear()
        self.broker.answers.clear()
        self.broker.cancels.clear()
        self.broker.hide_new_for_reads = 0

    @rule(a=st.integers(-3, 3), b=st.integers(-3, 3), then=CYCLES)
    def move_prices(self, a: int, b: int, then: int) -> None:
        """Both prices move a little."""
        self.feed.prices["IRFC"] = max(Decimal(45), min(Decimal(55), self.feed.prices["IRFC"] + a))
        self.feed.prices["SBIN"] = max(Decimal(115), min(Decimal(126), self.feed.prices["SBIN"] + b))
        self._cycles(then)

    @rule(symbol=st.sampled_from(["IRFC", "SBIN"]), stale=st.booleans())
    def stale(self, symbol: str, stale: bool) -> None:  # noqa: FBT001
        """A price goes stale or comes back."""
        (self.feed.stale.add if stale else self.feed.stale.discard)(symbol)

    @rule(text=st.sampled_from(["", "MANUAL", "HVFKBmine", "AAAAABBBD01E0001"]), account=st.integers(0, 2))
    def foreign_order(self, text: str, account: int) -> None:
        """Somebody else trades in the account."""
        request = OrderRequest(
            client_id=text,
            symbol="IRFC",
            side=Side.BUY,
            quantity=1,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(40),
        )
        self.broker.add(self.broker.accounts[account % len(self.broker.accounts)], request, foreign=True)

    @rule()
    def next_day(self) -> None:
        """The exchange closes, DAY orders lapse, the books are cleared, the date changes."""
        for order in self.broker.working():
            order.status = OrderStatus.CANCELLED
        self.broker.forget_the_day()
        if self.config.product_type == "MIS":
            self.broker.everything.clear()
            self.broker.cancelled.clear()
        self.clock.advance(timedelta(days=1).total_seconds())
        self.heal()

    # -- what must hold ------------------------------------------------------------------------------------------------

    @property
    def levels(self) -> list[OpenOrder]:
        """The levels as the living process, or else its disk, knows them."""
        if self.engine is not None and self.store is not None:
            return list(self.store.state.levels.values())
        return []

    @invariant()
    def client_ids_are_never_reused(self) -> None:
        """Behaviour 3.1, for as long as a book can hold them."""
        ids = [request.client_id for request in self.broker.placed]
        assert len(set(ids)) == len(ids)
        assert all(len(one) <= 16 and one.isalnum() for one in ids)

    @invariant()
    def foreign_orders_are_untouched(self) -> None:
        """Behaviour 3.4."""
        assert all(order.is_working for order in self.broker.orders.values() if order.foreign)
        assert not any(self.broker.everything[one].foreign for one in self.broker.cancelled)

    @invariant()
    def one_order_per_level_and_role(self) -> None:
        """No doubled order, whatever was lost or died on the way; orders proved absent can't come back here."""
        slots = Counter(
            (named.generation, named.trade_side, named.level, named.role is Role.OCO)
            for order in self.broker.working()
            if (named := client_ids.parse_client_id(order.request.client_id))
        )
        assert all(count == 1 for count in slots.values()), slots

    @invariant()
    def working_orders_are_known(self) -> None:
        """Every working order of ours is a level's, by order id or as a doubt."""
        if self.engine is None or self.store is None:
            return
        known: dict[str, LegOrder] = {o.client_id: o for level in self.levels for o in level.orders}
        for order in self.broker.working():
            mine = known.get(order.request.client_id)
            assert mine is not None, f"{order.request.client_id} is unknown"
            assert mine.order_id in (None, order.order_id)

    @invariant()
    def hedges_are_bounded(self) -> None:
        """Behaviour 6.3: at most two working OCO orders per direction."""
        sides = Counter(order.request.side for order in self.broker.working() if order.request.symbol == "SBIN")
        assert all(count <= 2 for count in sides.values())

    @invariant()
    def books_and_counters_agree_once_polled(self) -> None:
        """What the state has booked for a live order is never more than the broker's truth."""
        for level in self.levels:
            for order in level.orders:
                if order.order_id in self.broker.orders:
                    truth = self.broker.orders[order.order_id]
                    assert order.filled_quantity <= truth.filled

    def teardown(self) -> None:
        """All wires heal: the bot settles, its books equal the broker's, and two more looks change nothing."""
        self._disarm()
        self.heal()
        self.feed.stale.clear()
        for order in self.broker.everything.values():
            order.hidden_reads = 0
        if not hasattr(self, "config"):
            return
        if self.engine is None and not self.over:
            self.disk = self.disk.restart()
            self.start()
        if self.engine is None or self.store is None:
            return
        for _ in range(12):
            self._one_cycle()
            self.clock.advance(1.0)
        if self.engine is None:
            return
        self._compare_with_the_broker()
        self.live(self._look)
        before = self._picture()
        self.live(self._look)
        assert self._picture() == before, "reconciling twice changes something"

    def _look(self, engine: GridOcoEngine) -> None:
        parts = engine._parts
        parts.take_books(parts.keeper.read(parts.client.accounts, since=0.0), parts.moment())

    def _picture(self) -> object:
        assert self.store is not None
        state = self.store.state
        return (
            dict(state.levels),
            state.total_pnl,
            state.upside_net_quantity,
            state.downside_net_quantity,
            list(state.order_history),
            len(state.attention),
        )

    def _compare_with_the_broker(self) -> None:
        """Counters equal what the books of the grid's days have shown filled; attention names what they can't hold."""
        assert self.store is not None
        state = self.store.state
        if any("late-fill" in item.key or "expired" in item.key for item in state.attention):
            return
        net = dict.fromkeys(TradeSide, 0)
        for order in self.broker.everything.values():
            named = client_ids.parse_client_id(order.request.client_id)
            if order.foreign or named is None or named.generation != state.generation or named.role is Role.OCO:
                continue
            net[named.trade_side] += order.filled if named.role is Role.ENTRY else -order.filled
        assert state.upside_net_quantity == net[TradeSide.UPSIDE]
        assert state.downside_net_quantity == net[TradeSide.DOWNSIDE]
        opened = dict.fromkeys(TradeSide, 0)
        for level in state.levels.values():
            opened[level.trade_side] += level.open_quantity
        assert opened == net, "every open share is in a level"
        assert state.total_pnl == sum((record.realised_pnl for record in state.order_history), Decimal(0)) + sum(
            (self._partial_pnl(level) for level in state.levels.values()), Decimal(0)
        )

    @staticmethod
    def _partial_pnl(level: OpenOrder) -> Decimal:
        from tg1.rules.conclusions import realised  # noqa: PLC0415  # used by this one check

        concluded = level.closed or level.state.value in ("FRESH", "ENTRY_PLACED")
        return Decimal(0) if concluded else realised(level)


class MortalBroker(HandBroker):
    """A broker at whose calls the bot may die."""

    def __init__(self) -> None:
        super().__init__()
        self.mortal_at: tuple[str, int] | None = None
        self.everything: dict[str, HandOrder] = {}
        """Orders of all days."""

    def _mortal(self, where: str) -> None:
        if self.mortal_at is not None and self.mortal_at[0] == where:
            if self.mortal_at[1] == 0:
                self.mortal_at = None
                raise Died
            self.mortal_at = (where, self.mortal_at[1] - 1)

    def add(self, account: str, request: OrderRequest, *, foreign: bool = False) -> HandOrder:
        order = super().add(account, request, foreign=foreign)
        self.everything[order.order_id] = order
        return order

    def forget_the_day(self) -> None:
        """A book holds the current trading day only (xts.md 2.6), and a client id has to be unique in it."""
        self.orders = {}
        self.placed.clear()

    def place_order(self, account: str, request: OrderRequest) -> str:
        self._mortal("before_place")
        order_id = super().place_order(account, request)
        self._mortal("after_place")
        return order_id

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        self._mortal("before_cancel")
        super().cancel_order(account, order_id, client_id)
        self._mortal("after_cancel")

    def order_book(self, account: str, *, since: float | None = None) -> Any:
        self._mortal("before_read")
        return super().order_book(account, since=since)


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Any:
    """Thousands of log lines of thousands of lives help nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(
    max_examples=int(os.environ.get("TG1_MACHINE_EXAMPLES", "150")),
    stateful_step_count=40,
    deadline=None,
    derandomize="TG1_MACHINE_EXAMPLES" not in os.environ,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
