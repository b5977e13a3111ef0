"""One process for everything: the whole bot, the exchange's matching core, a disk that forgets, and one seed.

Only sockets, threads and real time are replaced, at the seams that the product has anyway: `Transport`, `FileSystem`,
`Clock`, and the feed's reactor (its policy, `FeedLogic`, is the real one). Whoever waits lets the world move.
"""

from __future__ import annotations

import errno
import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulation.chaos import DEAD_WORDS, DEATHS, FEED, MARKET, NETWORK, Chaos
from tests.support.shared_memory import SharedMemory
from tests.support.simdisk import Died, SimDisk
from tg1.errors import NoAnswer, NotSent
from tg1.findoc_client import FindocMultiClient
from tg1.grid_engine import GridOcoEngine
from tg1.kite.feed_logic import FeedLogic
from tg1.kite.feed_values import FeedAction
from tg1.machine.clock import IST
from tg1.paper.errors import NotWorkingError, PaperUsageError, UnknownOrderError
from tg1.paper.exchange import PaperExchange
from tg1.paper.faults import Fault, FaultPlan
from tg1.paper.instruments import instrument_for
from tg1.paper.orders import PaperSide
from tg1.paper.quirks import Quirks
from tg1.paper.wire import Outcome, WireReply, WireRequest
from tg1.paper.xts_app import XtsApp
from tg1.replay.days import as_listed
from tg1.state import StateManager
from tg1.trading.emergency import cancel_all
from tg1.xts.http import HttpRequest, HttpResponse
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from tg1.config import GridOcoConfig
    from tg1.models import Instrument, Quote
    from tg1.paper.orders import OrderEvent, PaperOrder

FOLDER = Path("/state")
ROOT = "https://sim.example"
TRAIL_LENGTH = 4000
READ_TIMEOUT_SECS = 7.0
HALTED = "Exchange : market halted"
LATENCY_SECS = 0.02
HEARTBEAT_SECS = 2.0
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


class SimClock:
    """Virtual time; waiting moves the world."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def stop_requested(self) -> bool:
        return self._world.stop_requested

    def now(self) -> datetime:
        return self._world.wall

    def monotonic(self) -> float:
        return self._world.mono

    def wait_until(self, deadline: float) -> None:
        if not self.stop_requested:
            self._world.wait(deadline)

    def sleep_until(self, deadline: float) -> None:
        self._world.wait(deadline, in_the_middle=True)


class SimTransport:
    """`Transport` over the in-process exchange, with every fault that a wire has."""

    def __init__(self, world: World, account: str) -> None:
        self._world = world
        self._account = account

    def send(self, request: HttpRequest) -> HttpResponse:
        world = self._world
        world.step(f"before {request.method} {request.path}")
        world.on_request(self._account, request)
        fault_name, fault = world.draw_network_fault(request)
        if fault_name == "not-sent":
            raise NotSent("simulated: no connection")
        world.app.faults = FaultPlan((fault,), rng=world.chaos.stream("fault")) if fault else world.no_faults
        reply = world.app.handle(_on_wire(request), world.wall)
        world.app.faults = world.no_faults
        reply = world.without_hidden(reply, request, self._account)
        is_whole = world.exchange.quirks.book_form == "whole" and self._account not in world.hiding
        world.on_reply(self._account, request, is_clean=not fault_name and is_whole and _is_success(reply.body))
        if _is_book(request):
            world.book_shown(self._account, _ids_shown(reply))
        world.step(f"handled {request.method} {request.path}")
        if reply.outcome is not Outcome.ANSWER:
            world.move(READ_TIMEOUT_SECS if reply.outcome is Outcome.SILENCE else LATENCY_SECS)
            world.step(f"unanswered {request.method} {request.path}")
            raise NoAnswer(f"simulated: {reply.outcome}")
        world.move(LATENCY_SECS)
        world.step(f"answered {request.method} {request.path}")
        if request.method == "POST" and b"AppOrderID" in reply.body and _is_success(reply.body):
            world.accepted.add(str((request.json_body or {}).get("orderUniqueIdentifier", "")))
        return HttpResponse(
            status=reply.status,
            text=reply.body.decode("utf-8", "replace"),
            content_type=reply.headers.get("Content-Type", ""),
        )


def _on_wire(request: HttpRequest) -> WireRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers.setdefault("content-type", "application/json")
    return WireRequest(
        method=request.method,
        path=request.path,
        query=dict(request.params),
        headers=headers,
        body=request.body or b"",
    )


class SimFeed:
    """The feed's real policy under virtual time; what the reactor would do is done here."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.logic = FeedLogic({})
        self.tokens: dict[int, str] = {}
        self.connected = False
        self.mode = "normal"
        self.mode_ends = 0.0
        self.reconnect_at: float | None = None

    def start(self, symbols: Mapping[int, str]) -> None:
        self.tokens = dict(symbols)
        self.logic.serve(symbols)
        self.logic.on_start(self._world.mono)
        self.reconnect_at = self._world.mono + 0.1

    def stop(self) -> None:
        self.logic.on_stop()
        self.connected, self.reconnect_at = False, None

    def quote(self, symbol: str) -> Quote | None:
        return self.logic.quote(symbol, self._world.mono)

    def fault(self) -> str:
        return self.logic.fault(self._world.mono)

    def disturb(self, kind: str, secs: float) -> None:
        """A stall, or a drop, for so long."""
        if kind in ("feed-drop", "feed-quiet-reconnect"):
            self._lose(secs if kind == "feed-drop" else 1.0)
        else:
            self.mode, self.mode_ends = kind, self._world.mono + secs

    def _lose(self, secs: float) -> None:
        if self.connected:
            self.connected = False
            self.logic.on_close(self._world.mono, 1006, "simulated drop")
            self.reconnect_at = self._world.mono + secs

    def look(self) -> None:
        """What watchdog and reactor do in a moment."""
        now = self._world.mono
        if self.mode != "normal" and now >= self.mode_ends:
            self.mode = "normal"
            self._tick(self.tokens.values())
        if self.reconnect_at is not None and now >= self.reconnect_at:
            self.reconnect_at = None
            self.connected = True
            self.logic.on_open(now)
            self._tick(self.tokens.values())
        if self.connected and self.mode != "feed-silent":
            self.logic.on_message(now)
        action = self.logic.next_action(now)
        if action is FeedAction.DROP_CONNECTION:
            self._lose(1.2)
        elif action is FeedAction.REBUILD_TICKER:
            self._lose(1.0)
            self.reconnect_at = self.reconnect_at or now + 1.0
        elif action in (FeedAction.RESUBSCRIBE, FeedAction.RENEW_SUBSCRIPTION) and self.connected:
            self._tick(self.tokens[token] for token in self.logic.asked)
        self.logic.take_notes()

    def _tick(self, symbols: Any) -> None:
        """Last prices, as the server sends on a subscription (kite.md 0.3) or on a change."""
        if self.connected and self.mode == "normal":
            tokens = {symbol: token for token, symbol in self.tokens.items()}
            ticks = [
                {"instrument_token": tokens[symbol], "last_price": float(self._world.exchange.prices[symbol])}
                for symbol in symbols
                if symbol in tokens
            ]
            self.logic.on_ticks(self._world.mono, ticks)

    def on_price(self, symbol: str) -> None:
        self._tick([symbol])


class World:
    """Exchange, disk, time and chance; `boot` makes a bot in it."""

    def __init__(self, chaos: Chaos, *, quirks: Quirks | None = None, market: Market | None = None) -> None:
        self.chaos = chaos
        self.market = market or Market()
        self.wall = datetime(2026, 11, 23, 9, 0, tzinfo=IST)
        self.mono = 10_000.0
        self.clock = SimClock(self)
        self.disk = SimDisk()
        self.shared = SharedMemory()
        self.process = self.shared.process()
        self.no_faults = FaultPlan()
        symbols = ((self.market.symbol_a, self.market.centre_a), (self.market.symbol_b, self.market.centre_b))
        self.listed = {symbol: instrument_for(symbol, price) for symbol, price in symbols}
        self.exchange = PaperExchange(
            tuple(self.listed.values()), quirks=quirks or Quirks(), rng=chaos.stream("exchange"), listener=None
        )
        for account in ACCOUNTS:
            self.exchange.accounts.declare(account, f"key-{account}", f"secret-{account}")
            for symbol in self.listed:
                self.exchange.set_holdings(account, symbol, 10_000_000)
        self._usual = self.exchange.quirks
        self.app = XtsApp(self.exchange)
        self.stop_requested = False
        self.feed: SimFeed | None = None
        self.trail: deque[str] = deque(maxlen=TRAIL_LENGTH)
        self.steps = 0
        self.die_at: tuple[int, str] | None = None
        self.cycles = 0
        self.storm_ends = 0.0
        self.flat_until = 0.0
        self.on_quiet: Callable[[bool], None] = lambda _in_the_middle: None
        """Called whenever the bot waits: the place for invariants."""
        self.on_step: Callable[[str], None] = lambda _what: None
        self.request_seen: Callable[[str, HttpRequest], None] = lambda _account, _request: None
        self.book_served: Callable[[str, bool], None] = lambda _account, _is_clean: None
        self.book_shown: Callable[[str, frozenset[str] | None], None] = lambda _account, _ids: None
        """What the bot makes of an account's book: the client ids in it, or None when it can't read it."""
        self.hiding: dict[str, tuple[str, float]] = {}
        """By account: the client id that its book leaves out, and until when."""
        self.accepted: set[str] = set()
        """Client ids whose placement was answered with an order id that the bot has received."""
        self._next_move = self.mono
        self.script: deque[tuple[float, Callable[[], None]]] = deque()
        """(monotonic second, what happens then), in order: for scenarios that are told, not drawn."""
        self.set_price(self.market.symbol_a, self.market.centre_a)
        self.set_price(self.market.symbol_b, self.market.centre_b)

    # -- the bot -----------------------------------------------------------------------------------------------------

    def boot(self, config: GridOcoConfig, keys: tuple[str, str, str] = ACCOUNTS) -> GridOcoEngine:
        """A new process on the same disk; `keys` names the account behind each of the three roles."""
        client = self.client(config, keys)
        self.feed = SimFeed(self)
        store = StateManager(self.disk, FOLDER, config.bot_name)
        uuids = self.chaos.stream("uuid")
        return GridOcoEngine(
            config=config,
            client=client,
            feed=self.feed,
            state=store,
            clock=self.clock,
            new_uuid=lambda: f"{uuids.getrandbits(48):012x}",
        )

    def cancel_all(self, config: GridOcoConfig, keys: tuple[str, str, str] = ACCOUNTS) -> int:
        """The emergency stop as a process of its own; returns its exit code."""
        client = self.client(config, keys)
        return cancel_all(config, client, StateManager(self.disk, FOLDER, config.bot_name), self.clock)

    def client(self, config: GridOcoConfig, keys: tuple[str, str, str]) -> FindocMultiClient:
        """The accounts as a new process sees them, on a disk that lives again."""
        self.disk = self.disk.restart()
        self.process.kill()
        self.process = self.shared.process()
        self.disk.before_op = self._file_step
        credentials = [XtsCredentials(key=f"key-{name}", secret=f"secret-{name}") for name in keys]
        hedged = config.has_oco
        return FindocMultiClient(
            trade=credentials[0],
            upside_oco=credentials[1] if hedged else None,
            downside_oco=credentials[2] if hedged else None,
            root=ROOT,
            product_type=config.product_type,
            instruments=self,
            transport_factory=lambda account: SimTransport(self, account),
            store=SessionStore(fs=self.disk, folder=FOLDER / "sessions", shared=self.process),
            clock=self.clock,
        )

    def load(self) -> None:
        """The day's dump is always there."""

    def find(self, symbol: str) -> Instrument:
        return as_listed(self.listed[symbol])

    # -- time --------------------------------------------------------------------------------------------------------

    def wait(self, deadline: float, *, in_the_middle: bool = False) -> None:
        """The bot waits, between two cycles or in the middle of something: invariants, then the world moves on."""
        self.on_quiet(in_the_middle)
        self.step("wait")
        self.move(max(0.0, deadline - self.mono))

    def move(self, secs: float) -> None:
        """Let time pass, with heartbeats, price moves and mishaps in it."""
        target = self.mono + secs
        while self.mono < target:
            due = min(target, self.mono + HEARTBEAT_SECS, max(self._next_move, self.mono))
            if self.script:
                due = min(due, max(self.script[0][0], self.mono))
            self._pass(due - self.mono)
            while self.script and self.script[0][0] <= self.mono:
                self.script.popleft()[1]()
            if self.mono >= self._next_move and not self.chaos.quiet and self.market.move_secs:
                self._market_moves()
            if self.feed is not None:
                self.feed.look()
            if self._next_move <= self.mono:
                self._next_move = self.mono + 0.5
        self.exchange.step(self.wall)

    def _pass(self, secs: float) -> None:
        self.mono += secs
        self.wall += timedelta(seconds=secs)

    def next_morning(self) -> None:
        """A little before the next weekday's open."""
        day = self.wall.date() + timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
        morning = datetime(day.year, day.month, day.day, 9, 0, tzinfo=self.wall.tzinfo)
        morning += timedelta(minutes=self.chaos.stream("morning").randint(0, 14))
        self.mono += (morning - self.wall).total_seconds()
        self.wall = morning
        self._next_move = self.mono
        self.exchange.step(self.wall)

    # -- steps, and dying at one -------------------------------------------------------------------------------------

    def step(self, what: str) -> None:
        """One point at which a process can die. Raises `Died` at the one that was chosen."""
        self.steps += 1
        self.on_step(what)
        if self.disk.dead:
            raise Died
        if self.die_at is not None and self.steps >= self.die_at[0]:
            self.die(self.die_at[1], what)
        if self.chaos.strikes("death", self.chaos.weather.deaths_per_step):
            kind = self.chaos.pick("death", DEATHS)
            if kind:
                self.die(kind, what)

    def die(self, kind: str, where: str) -> None:
        """End the process here; a power cut drops what was not synced."""
        self.note(f"{kind.upper()} at step {self.steps}: {where}")
        self.die_at = None
        if kind == "power-cut":
            self.disk.crash(self.chaos.stream("power"))
            self.shared.boot_id = f"boot-{self.steps}"
        else:
            self.disk.kill()
        self.feed = None
        raise Died

    def _file_step(self, op: str, path: Path) -> None:
        self.step(f"{op} {path.name}")
        if op != "read" and self.chaos.strikes("disk", self.chaos.weather.disk):
            kind = self.chaos.pick("disk", ("disk-ENOSPC", "disk-EIO", "disk-EACCES"))
            if kind:
                self.note(f"{kind} at {op} {path.name}")
                raise OSError(getattr(errno, kind.removeprefix("disk-")), "simulated", str(path))

    # -- the wire ----------------------------------------------------------------------------------------------------

    def draw_network_fault(self, request: HttpRequest) -> tuple[str, Fault | None]:
        """The fault that hits this request; in a storm every tenth request is hit."""
        weather = self.chaos.weather
        if self.chaos.strikes("storm", weather.storm):
            self.storm_ends = self.mono + 60.0
        chance = 0.1 if self.mono < self.storm_ends else weather.network
        if not self.chaos.strikes("network", chance):
            return "", None
        name = self.chaos.pick("network", tuple(NETWORK))
        if not name:
            return "", None
        self.note(f"FAULT {name} on {request.method} {request.path}")
        return name, NETWORK[name]

    def on_request(self, account: str, request: HttpRequest) -> None:
        """Tell the invariants, before anything is done with it."""
        if request.method != "GET":
            self.note(f"{account}: {request.method} {_brief(request)}")
        self.request_seen(account, request)

    def on_reply(self, account: str, request: HttpRequest, *, is_clean: bool) -> None:
        """Tell the invariants which book the bot has been shown."""
        if request.method == "GET":
            self.book_served(account, is_clean)

    # -- the market --------------------------------------------------------------------------------------------------

    def set_price(self, symbol: str, price: Decimal) -> None:
        """One trade in the market."""
        events = self.exchange.on_price(symbol, price, self.wall)
        if events:
            self.note(f"{symbol} {price}: " + ", ".join(map(_told, events)))
        if self.feed is not None:
            self.feed.on_price(symbol)

    def _working(self) -> list[PaperOrder]:
        return [order for account in ACCOUNTS for order in self.exchange.working_orders(account)]

    def _market_moves(self) -> None:
        rng, market = self.chaos.stream("prices"), self.market
        self._next_move = self.mono + rng.expovariate(1 / market.move_secs)
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
        tick = self.listed[symbol].tick
        price = max(tick, (last + Decimal(str(round(step + pull, 4)))) // tick * tick)
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
        elif kind in FEED and self.feed is not None:
            self.feed.disturb(kind, rng.uniform(1, 120))
        elif kind == "clock-jump":
            jumped = self.wall + timedelta(seconds=rng.uniform(-240, 240))
            if jumped.date() == self.wall.date() and jumped.hour >= 9:
                self.wall = jumped
        elif kind:
            self._orders_mishap(kind)
        return 0.0

    @cached_property
    def _servers_mishaps(self) -> dict[str, Callable[[Random], None]]:
        """What the exchange or the machine does to everybody at once."""
        return {
            "flat": lambda rng: setattr(self, "flat_until", self.mono + rng.uniform(60, 900)),
            "halt": lambda rng: self.exchange.halt(HALTED, self.wall + timedelta(seconds=rng.uniform(20, 60))),
            "blank-books": lambda rng: self._for_a_while(rng.uniform(10, 300), book_form="blank"),
            "partial-books": lambda rng: self._hide_an_order(rng.uniform(10, 300)),
            "strange-words": self._die_in_strange_words,
            # The machine sleeps: time passes, and nobody is there to look at it.
            "suspend": lambda rng: self._pass(rng.uniform(15, 600)),
        }

    def _die_in_strange_words(self, rng: Random) -> None:
        self._for_a_while(rng.uniform(60, 600), dead_session_text=rng.choice(DEAD_WORDS))
        self.exchange.accounts.kill(rng.choice(ACCOUNTS))

    def _for_a_while(self, secs: float, **quirks: Any) -> None:
        """Change how the server is, and back again."""
        usual = {name: getattr(self._usual, name) for name in quirks}
        self.exchange.quirks = replace(self.exchange.quirks, **quirks)

        def back() -> None:
            self.exchange.quirks = replace(self.exchange.quirks, **usual)

        self.script.append((self.mono + secs, back))
        self.script = deque(sorted(self.script, key=lambda pair: pair[0]))

    def _hide_an_order(self, secs: float) -> None:
        """Leave an order that the bot knows to be accepted out of its account's book.

        One that is in doubt and hidden for minutes can't be told from one that never arrived (behaviour 3.3).
        """
        known = [order for order in self._working() if order.client_id in self.accepted]
        if known:
            order = self.chaos.stream("orders").choice(known)
            self.hiding[order.account] = (order.client_id, self.mono + secs)

    def without_hidden(self, reply: WireReply, request: HttpRequest, account: str) -> WireReply:
        """The reply without the row that its book leaves out for a while."""
        client_id, until = self.hiding.get(account, ("", 0.0))
        if client_id and self.mono >= until:
            del self.hiding[account]
        elif client_id and _is_book(request) and _is_success(reply.body):
            try:
                told = json.loads(reply.body)
            except ValueError:
                return reply  # cut short by another fault
            rows = [row for row in told["result"] or [] if not _names(row, client_id)]
            return replace(reply, body=json.dumps({**told, "result": rows}, separators=(",", ":")).encode())
        return reply

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
                now=self.wall,
                client_id=rng.choice(("", "manual", "OTHERBOTD01E0001", "openalgo")),
            )
        elif kind == "square-off":
            self.exchange.square_off(rng.choice(ACCOUNTS), self.wall)
        elif working:
            order = rng.choice(working)
            self._order_mishap(kind, order, rng.random())

    def _order_mishap(self, kind: str, order: PaperOrder, share: float) -> None:
        leaves = order.terms.quantity - order.cumulative
        try:
            if kind == "broker-cancel":
                self.exchange.broker_cancel(order.app_order_id, self.wall)
            else:
                part = leaves if kind == "filled-by-hand" else max(1, int(leaves * share))
                price = order.terms.limit_price
                self.exchange.fill(order.app_order_id, part, price, self.wall)
                if kind == "partial-fill-then-cancel":
                    self.exchange.broker_cancel(order.app_order_id, self.wall, "17071 : self trade ")
        except (NotWorkingError, PaperUsageError, UnknownOrderError) as exc:
            self.note(f"  (nothing to do: {exc})")
        else:
            self.note(f"  {kind} {order.client_id} {order.terms.side} {order.terms.quantity}")

    # -- telling -----------------------------------------------------------------------------------------------------

    def note(self, what: str) -> None:
        """One line of the trail."""
        self.trail.append(f"{self.wall:%a %H:%M:%S.%f}"[:-3] + f" {what}")


def _is_book(request: HttpRequest) -> bool:
    return request.method == "GET" and request.path.lower().endswith("/orders") and not request.params.get("appOrderID")


def _names(row: object, client_id: str) -> bool:
    return isinstance(row, dict) and row.get("OrderUniqueIdentifier") == client_id


def _ids_shown(reply: WireReply) -> frozenset[str] | None:
    if reply.outcome is not Outcome.ANSWER:
        return None
    if b"e-orders-0005" in reply.body:
        return frozenset()
    if not _is_success(reply.body):
        return None
    try:
        rows = json.loads(reply.body)["result"] or []
    except (ValueError, KeyError):
        return None
    return frozenset(str(row.get("OrderUniqueIdentifier", "")) for row in rows if isinstance(row, dict))


def _is_success(body: bytes) -> bool:
    return b'"type":"success"' in body[:40]


def _told(event: OrderEvent) -> str:
    order = event.order
    filled = f" {event.execution.quantity} @ {event.execution.price}" if event.execution else ""
    return f"{order.client_id or order.app_order_id} {event.previous or 'new'}>{order.status}{filled}"


def _brief(request: HttpRequest) -> str:
    body = request.json_body or {}
    if "orderUniqueIdentifier" in body:
        keys = ("orderUniqueIdentifier", "orderSide", "orderQuantity", "orderType", "limitPrice", "stopPrice")
        return json.dumps({key: body.get(key) for key in keys}, default=str)
    return request.path if not request.params else f"{request.path} {dict(request.params)}"
