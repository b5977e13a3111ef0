"""What all bots of a simulation share: the exchange and its wire, prices, mishaps, time, the disk, and one seed.

One bot moves time itself; several are actors of a stage, and whoever is due next waits until the street is there.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.simulation import lived
from tests.simulation.answers import is_book, is_success
from tests.simulation.chaos import DEAD_WORDS, FEED, MARKET, MORNING, REFUSALS, TICKS
from tests.simulation.late_orders import LateOrders
from tests.simulation.slow_books import LateAverages, SlowBooks
from tests.support.shared_memory import SharedMemory
from tests.support.simdisk import SimDisk
from tg1.errors import StateError
from tg1.machine.clock import IST
from tg1.paper.errors import NotWorkingError, PaperUsageError, UnknownOrderError
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import FaultPlan
from tg1.paper.instruments import instrument_for
from tg1.paper.orders import PaperSide
from tg1.paper.quirks import Quirks
from tg1.paper.xts_app import XtsApp
from tg1.store.codec import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from random import Random

    from tests.simulation.chaos import Chaos
    from tests.simulation.world import World
    from tests.support.stage import Stage
    from tg1.paper.orders import OrderEvent, PaperOrder
    from tg1.paper.wire import WireReply
    from tg1.xts.http import HttpRequest

TRAIL_LENGTH = 4000
HALTED = "Exchange : market halted"
HEARTBEAT_SECS = 2.0
CHANCE_OF_NEW_TICKS = 0.1
"""That the exchange changes the ticks of both symbols overnight, as it does when prices have moved on (xts.md 6.3)."""
COARSER = {Decimal("0.01"): Decimal("0.05"), Decimal("0.05"): Decimal("0.10")}
ACCOUNTS = ("trade", "upside_oco", "downside_oco")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The prices of a run."""

    symbol_a: str = "IRFC"
    symbol_b: str = "SBIN"
    centre_a: Decimal = Decimal("50.00")
    centre_b: Decimal = Decimal("120.50")
    move_secs: float = 5.0
    """Mean time between two price moves; 0: only a script moves prices."""
    sigma_a: float = 0.12
    sigma_b: float = 0.18
    reversion: float = 0.004
    chance_of_open_gap: float = 0.4
    """That both prices open elsewhere than they closed."""
    open_gap_pct: float = 4.0


class Served(NamedTuple):
    """What the last book of an account told whoever asked."""

    is_clean: bool
    filled: dict[str, int]
    """Cumulative shares of the day's orders by client id."""


class Street:
    """The exchange, its wire and market, and the time of everybody."""

    def __init__(self, chaos: Chaos, *, quirks: Quirks | None = None, market: Market | None = None) -> None:
        self.chaos = chaos
        self.market = market or Market()
        self.market_time = datetime(2026, 11, 23, 9, 0, tzinfo=IST)
        """The exchange's clock; the machine's own may be wrong."""
        self._clock_error = timedelta()
        self.mono = 10_000.0
        self.disk = SimDisk()
        self.shared = SharedMemory()
        self.no_faults = FaultPlan()
        symbols = ((self.market.symbol_a, self.market.centre_a), (self.market.symbol_b, self.market.centre_b))
        self.listed = {symbol: instrument_for(symbol, price) for symbol, price in symbols}
        self.lived: Counter[str] = Counter()
        """What these days really had in them (`lived.py`)."""
        self.exchange = PaperExchange(
            tuple(self.listed.values()),
            quirks=quirks or Quirks(),
            rng=chaos.stream("exchange"),
            listener=lambda event: lived.note_order(self.lived, event, self.exchange.quirks, HALTED),
        )
        for account in ACCOUNTS:
            self.exchange.accounts.declare(account, f"key-{account}", f"secret-{account}")
            for symbol in self.listed:
                self.exchange.set_holdings(account, symbol, 10_000_000)
        self._usual = self.exchange.quirks
        self.app = XtsApp(self.exchange)
        self.worlds: list[World] = []
        self.stage: Stage | None = None
        self.awake = 0
        """Bots whose operators are not asleep; with several, the night is skipped when nobody is awake."""
        self.trail: deque[str] = deque(maxlen=TRAIL_LENGTH)
        self.script: deque[tuple[float, Callable[[], None]]] = deque()
        """(monotonic second, what happens then), in order: for scenarios that are told, not drawn."""
        self.flat_until = 0.0
        self.hiding: dict[str, tuple[str, float]] = {}
        """By account: the client id that its book leaves out, and until when."""
        self.slow = SlowBooks(chaos, self.lived)
        self.averages = LateAverages(chaos)
        self.late = LateOrders(self, self._is_given_up)
        self.squared_off: dict[str, int] = {}
        """AppOrderIDs that the broker cancelled, with how often it had refused their cancel."""
        self.blank_until = 0.0
        """Until when books are blank, where that can be told from orders that never arrived."""
        self.restoring: set[str] = set()
        """Bots whose state file is older than their orders and that have not resumed with it yet."""
        self.accepted: set[str] = set()
        """Client ids whose placement was answered with an order id that its bot has received."""
        self.calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        """When requests of a kind went to an account, whichever bot sent them."""
        self.shown_without_average: set[str] = set()
        """Client ids of orders whose fill was shown without an average at some time."""
        self.served: dict[str, Served] = {}
        self._intervals: dict[date, float] = {}
        self._next_move = self.mono
        self.set_price(self.market.symbol_a, self.market.centre_a)
        self.set_price(self.market.symbol_b, self.market.centre_b)

    @property
    def wall(self) -> datetime:
        """What the machine's clock says."""
        return self.market_time + self._clock_error

    @wall.setter
    def wall(self, told: datetime) -> None:
        self.market_time, self._clock_error = told, timedelta()

    # -- time --------------------------------------------------------------------------------------------------------

    def advance(self, secs: float) -> None:
        """Let time pass for the bot that waits; others act meanwhile."""
        if self.stage is None:
            self.pass_to(self.mono + secs)
        else:
            self.stage.wait(self.mono + secs)

    def pass_to(self, target: float) -> None:
        """Move everybody's time, with heartbeats, price moves and mishaps in it."""
        if self.stage is not None and not self.awake:
            self._skip_night(target)
        while self.mono < target:
            due = min(target, self.mono + HEARTBEAT_SECS, max(self._next_move, self.mono))
            if self.script:
                due = min(due, max(self.script[0][0], self.mono))
            self._pass(due - self.mono)
            while self.script and self.script[0][0] <= self.mono:
                self.script.popleft()[1]()
            if self.mono >= self._next_move and not self.chaos.quiet and self.market.move_secs:
                self._market_moves()
            for world in self.worlds:
                if world.feed is not None:
                    world.feed.look()
            if self._next_move <= self.mono:
                self._next_move = self.mono + 0.5
        self.exchange.step(self.market_time)
        self._look()

    def _pass(self, secs: float) -> None:
        self.mono += secs
        self.market_time += timedelta(seconds=secs)

    def _look(self) -> None:
        for world in self.worlds:
            world.on_market()

    def secs_to_morning(self, rng: Random) -> float:
        """Seconds to a little before the next weekday's open."""
        day = self.wall.date() + timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        morning = datetime(day.year, day.month, day.day, 9, 0, tzinfo=self.wall.tzinfo)
        morning += timedelta(minutes=rng.randint(0, 14))
        return (morning - self.wall).total_seconds()

    def poll_interval(self) -> float:
        """The seconds between two polls of today's bots; half of the days are seen second by second."""
        day = self.wall.date()
        if day not in self._intervals:
            self._intervals[day] = self.chaos.stream("interval").choice((1.0, 1.0, 15.0, 30.0, 60.0))
        return self._intervals[day]

    def sleep(self, secs: float) -> None:
        """One bot's night."""
        self.awake -= 1
        if self.stage is None:
            self._skip_night(self.mono + secs)
            self.exchange.step(self.market_time)
        else:
            self.stage.wait(self.mono + secs)
        self.awake += 1

    def _skip_night(self, target: float) -> None:
        day = self.wall.date()
        self._pass(max(0.0, target - self.mono))
        self._clock_error = timedelta()
        self._next_move = self.mono
        if self.wall.date() != day:
            self._change_ticks()
            self._open_elsewhere()

    def _change_ticks(self) -> None:
        """Make both ticks coarser, or as they were."""
        is_new = self.chaos.stream("ticks").random() < CHANCE_OF_NEW_TICKS
        if not (self.market.move_secs and is_new and self.chaos.pick("ticks", TICKS)):
            return
        for symbol, listed in self.listed.items():
            usual = instrument_for(symbol, self.exchange.prices[symbol])
            finer = listed.tick == usual.tick
            self.listed[symbol] = replace(usual, tick=COARSER[usual.tick]) if finer else usual
            self.exchange.add_instrument(self.listed[symbol])
            self.set_price(symbol, self._on_tick(symbol, float(self.exchange.prices[symbol])))
        self.note("MISHAP new ticks")
        self.lived[lived.NEW_TICKS] += 1

    def _open_elsewhere(self) -> None:
        """The market opens where the night's news wants it, often far from the close."""
        rng, market = self.chaos.stream("open"), self.market
        if not market.move_secs or rng.random() >= market.chance_of_open_gap or not self.chaos.pick("open", MORNING):
            return
        for symbol in self.listed:
            gap = rng.uniform(-market.open_gap_pct, market.open_gap_pct)
            self.set_price(symbol, self._on_tick(symbol, float(self.exchange.prices[symbol]) * (1 + gap / 100)))
        self.note("MISHAP gap at the open")
        self.lived[lived.GAP] += 1

    # -- the machine that all bots share -------------------------------------------------------------------------------

    def power_cut(self, rng: Random) -> None:
        """Every process of the machine ends, and what was not synced is gone."""
        for number, world in enumerate(self.worlds):
            if not number:
                world.disk.crash(rng)
            world.disk.dead = True
            world.process.kill()
        self.shared.boot_id = f"boot-{self.mono}"
        # Only a reboot forgets what earlier processes have sent (behaviour 11.3).
        self.calls.clear()

    # -- the market --------------------------------------------------------------------------------------------------

    def set_price(self, symbol: str, price: Decimal) -> None:
        """One trade in the market."""
        events = self.exchange.on_price(symbol, price, self.market_time)
        if events:
            self.note(f"{symbol} {price}: " + ", ".join(map(_told, events)))
        for world in self.worlds:
            if world.feed is not None:
                world.feed.on_price(symbol)
        self._look()

    def _on_tick(self, symbol: str, price: float) -> Decimal:
        tick = self.listed[symbol].tick
        return max(tick, Decimal(str(round(price, 4))) // tick * tick)

    def _working(self) -> list[PaperOrder]:
        return [order for account in ACCOUNTS for order in self.exchange.working_orders(account)]

    def _market_moves(self) -> None:
        rng, market = self.chaos.stream("prices"), self.market
        # Where bots look every second, the market is as lively as a real one.
        self._next_move = self.mono + rng.expovariate(1 / min(market.move_secs, self.poll_interval()))
        is_a = rng.random() < 0.5
        symbol, centre, sigma = (
            (market.symbol_a, market.centre_a, market.sigma_a)
            if is_a
            else (market.symbol_b, market.centre_b, market.sigma_b)
        )
        step = rng.gauss(0.0, sigma)
        if self.chaos.strikes("market", self.chaos.weather.market):
            step += self._mishap(self.chaos.pick("market", (*MARKET, *FEED, "clock-jump")), sigma)
        if self.mono < self.flat_until:
            return
        last = self.exchange.prices[symbol]
        pull = float(centre - last) * market.reversion
        price = self._on_tick(symbol, float(last) + step + pull)
        if price != last:
            self.set_price(symbol, price)

    def _mishap(self, kind: str, sigma: float) -> float:
        """Something happens in the market; returns what it adds to the price."""
        rng = self.chaos.stream("mishap")
        if kind:
            self.note(f"MISHAP {kind}")
        if kind == "gap":
            return rng.choice((-1, 1)) * sigma * rng.uniform(10, 30)
        if kind in self._servers_mishaps:
            self._servers_mishaps[kind](rng)
        elif kind in FEED:
            feed = rng.choice(self.worlds).feed
            if feed is not None:
                feed.disturb(kind, rng.uniform(1, 120))
        elif kind == "clock-jump":
            jumped = self.wall + timedelta(seconds=rng.uniform(-240, 240))
            if jumped.date() == self.wall.date() and jumped.hour >= 9:
                self._clock_error += jumped - self.wall
        elif kind:
            self._orders_mishap(kind)
        return 0.0

    @cached_property
    def _servers_mishaps(self) -> dict[str, Callable[[Random], None]]:
        """What the exchange or the machine does to everybody at once."""
        return {
            "flat": lambda rng: setattr(self, "flat_until", self.mono + rng.uniform(60, 900)),
            "halt": lambda rng: self.exchange.halt(HALTED, self.market_time + timedelta(seconds=rng.uniform(20, 60))),
            "blank-books": lambda rng: setattr(self, "blank_until", self.mono + rng.uniform(10, 300)),
            "partial-books": lambda rng: self._hide_an_order(rng.uniform(10, 300)),
            "strange-words": self._die_in_strange_words,
            "late-averages": self._leave_out_averages,
            "suspend": self._suspend,
        }

    def _suspend(self, rng: Random) -> None:
        """The machine sleeps: time passes, and nobody is there to look at it."""
        self._pass(rng.uniform(15, 600))
        self.lived[lived.SLEPT] += any(world.feed is not None for world in self.worlds)

    def _die_in_strange_words(self, rng: Random) -> None:
        self._for_a_while(rng.uniform(60, 600), dead_session_text=rng.choice(DEAD_WORDS))
        self.exchange.accounts.kill(rng.choice(ACCOUNTS))

    def _leave_out_averages(self, rng: Random) -> None:
        """Fills are shown without an average, which comes later (xts.md 7.11)."""
        self._for_a_while(rng.uniform(5, 60), average_as=rng.choice(("blank", "zero", "nan")))

    def _for_a_while(self, secs: float, **quirks: Any) -> None:
        """Change how the server is, and back again."""
        usual = {name: getattr(self._usual, name) for name in quirks}
        self.exchange.quirks = replace(self.exchange.quirks, **quirks)

        def back() -> None:
            self.exchange.quirks = replace(self.exchange.quirks, **usual)

        self.script.append((self.mono + secs, back))
        self.script = deque(sorted(self.script, key=lambda pair: pair[0]))

    def _hide_an_order(self, secs: float) -> None:
        """Leave an order that its bot's state knows to be accepted out of its account's book.

        One that is in doubt and hidden for minutes can't be told from one that never arrived (behaviour 3.3).
        """
        saved = b"".join(self._saved_states())
        known = [order for order in self._working() if f'"{order.app_order_id}"'.encode() in saved]
        if known:
            order = self.chaos.stream("orders").choice(known)
            self.hiding[order.account] = (order.client_id, self.mono + secs)

    def note_carried_out(self, account: str, request: HttpRequest, fault_name: str) -> None:
        """What a fault leaves behind once the exchange has done with its request."""
        self.slow.note(account, request, fault_name)
        self.late.note(account, request, fault_name)
        if fault_name in REFUSALS:
            number = request.params["appOrderID"]
            try:
                self.exchange.broker_cancel(int(number), self.market_time)
            except (NotWorkingError, UnknownOrderError) as exc:
                self.note(f"  (nothing to do: {exc})")
            else:
                self.squared_off[number] = 1
                self.lived[lived.REFUSED_CANCEL] += 1

    def without_hidden(self, reply: WireReply, request: HttpRequest, account: str) -> WireReply:
        """The reply without the row, or all rows, that its book leaves out for a while.

        Books are honest to a bot that reads them with an older state file: there nothing else could tell it.
        """
        if self.restoring:
            self.slow.forget()
            return reply
        reply = self.slow.shown(account, request, reply)
        if self.is_blank(request, reply):
            self.lived[lived.BLANK] += bool(self.exchange.accounts.by_name[account].day_orders)
            return replace(
                reply, body=json.dumps({**json.loads(reply.body), "result": []}, separators=(",", ":")).encode()
            )
        client_id, until = self.hiding.get(account, ("", 0.0))
        if client_id and self.mono >= until:
            del self.hiding[account]
        elif client_id and is_book(request) and is_success(reply.body):
            try:
                told = json.loads(reply.body)
            except ValueError:
                return reply  # cut short by another fault
            rows = [row for row in told["result"] or [] if not _names(row, client_id)]
            self.lived[lived.PARTIAL] += len(rows) < len(told["result"] or [])
            return replace(reply, body=json.dumps({**told, "result": rows}, separators=(",", ":")).encode())
        return reply

    def is_blank(self, request: HttpRequest, reply: WireReply) -> bool:
        """True while books are blank; not while some order is in doubt, which ten such books over 30 s would free."""
        if self.mono >= self.blank_until or not is_book(request) or not is_success(reply.body):
            return False
        try:
            json.loads(reply.body)
        except ValueError:
            return False  # cut short by another fault
        return not any(map(_has_doubts, self._saved_states()))

    def _is_given_up(self, client_id: str) -> bool:
        """True when a bot's state holds the order to have never arrived."""
        for data in self._saved_states():
            try:
                state = decode(data)
            except StateError:
                continue
            live = {order.client_id for level in state.levels.values() for order in level.orders}
            if client_id not in live and any(each.client_id == client_id for each in state.settled):
                return True
        return False

    def _saved_states(self) -> list[bytes]:
        return [data for path, data in self.disk.files().items() if path.name.endswith("_state.json")]

    def _orders_mishap(self, kind: str) -> None:
        rng = self.chaos.stream("orders")
        working = self._working()
        if kind == "foreign-order":
            symbol = rng.choice(list(self.listed))
            self.exchange.foreign_order(
                rng.choice(ACCOUNTS),
                symbol=symbol,
                side=rng.choice((PaperSide.BUY, PaperSide.SELL)),
                quantity=rng.randint(1, 500),
                price=self.exchange.prices[symbol] + rng.randint(-50, 50) * self.listed[symbol].tick,
                now=self.market_time,
                client_id=rng.choice(("", "manual", "OTHERBOTD01E0001", "openalgo")),
            )
        elif kind == "square-off":
            self.exchange.square_off(rng.choice(ACCOUNTS), self.market_time)
        elif working:
            order = rng.choice(working)
            self._order_mishap(kind, order, rng.random())

    def _order_mishap(self, kind: str, order: PaperOrder, share: float) -> None:
        leaves = order.terms.quantity - order.cumulative
        try:
            if kind == "broker-cancel":
                self.exchange.broker_cancel(order.app_order_id, self.market_time)
            else:
                part = leaves if kind == "filled-by-hand" else max(1, int(leaves * share))
                price = order.terms.limit_price
                self.exchange.fill(order.app_order_id, part, price, self.market_time)
                if kind == "partial-fill-then-cancel":
                    self.exchange.broker_cancel(order.app_order_id, self.market_time, "17071 : self trade ")
        except (NotWorkingError, PaperUsageError, UnknownOrderError) as exc:
            self.note(f"  (nothing to do: {exc})")
        else:
            self.note(f"  {kind} {order.client_id} {order.terms.side} {order.terms.quantity}")
            if kind in ("broker-cancel", "partial-fill-then-cancel"):
                self.squared_off[str(order.app_order_id)] = 0

    # -- what a book has shown -----------------------------------------------------------------------------------------

    def note_served(self, account: str, body: bytes, *, is_clean: bool) -> None:
        """A bot is being shown this account's book; others of the key may get the same one."""
        numbers = self.exchange.accounts.by_name[account].day_orders
        orders = [self.exchange.orders[number] for number in numbers]
        if not self.exchange.visibility.is_complete:
            orders = [order for order in orders if order.client_id.encode() in body]
        self.served[account] = Served(is_clean, {order.client_id: order.cumulative for order in orders})

    def note_averages(self, account: str, body: bytes) -> None:
        """A bot is being shown rows of this account, in the book or in one order's history."""
        if self.exchange.quirks.average_as not in ("blank", "zero", "nan"):
            return
        orders = (self.exchange.orders[number] for number in self.exchange.accounts.by_name[account].day_orders)
        shown = {order.client_id for order in orders if order.cumulative and order.client_id.encode() in body}
        self.lived[lived.NO_AVERAGE] += bool(shown)
        self.shown_without_average |= shown

    # -- telling -------------------------------------------------------------------------------------------------------

    def note(self, what: str) -> None:
        """One line of the trail."""
        self.trail.append(f"{self.wall:%a %H:%M:%S.%f}"[:-3] + f" {what}")


def _has_doubts(data: bytes) -> bool:
    try:
        state = decode(data)
    except StateError:
        return True
    orders = [order for level in state.levels.values() for order in level.orders]
    orders += [one.order for one in state.closing if not one.is_over]
    return any(order.order_id is None for order in orders)


def _names(row: object, client_id: str) -> bool:
    return isinstance(row, dict) and row.get("OrderUniqueIdentifier") == client_id


def _told(event: OrderEvent) -> str:
    order = event.order
    filled = f" {event.execution.quantity} @ {event.execution.price}" if event.execution else ""
    return f"{order.client_id or order.app_order_id} {event.previous or 'new'}>{order.status}{filled}"
