"""One process for everything: a whole bot, the exchange's matching core, a disk that forgets, and one seed.

Only sockets, threads and real time are replaced, at the seams that the product has anyway: `Transport`, `FileSystem`,
`Clock`, and the feed's reactor (its policy, `FeedLogic`, is the real one). Whoever waits lets the street move.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulation import late_orders, lived
from tests.simulation.answers import is_book, is_success
from tests.simulation.chaos import (
    DEAD_WORDS,
    DEATHS,
    HELD_UP,
    LYING_BOOKS,
    NETWORK,
    RATED,
    RATED_403,
    REFUSALS,
    REFUSED,
    UNANSWERED,
    Chaos,
)
from tests.simulation.street import ACCOUNTS, Market, Street
from tests.support.simdisk import Died
from tg1.errors import BrokerError, NoAnswer, NotSent
from tg1.findoc_client import FindocMultiClient
from tg1.grid_engine import GridOcoEngine
from tg1.kite.feed_logic import FeedLogic
from tg1.kite.feed_values import FeedAction
from tg1.paper.faults import Fault, FaultPlan
from tg1.paper.wire import Outcome, WireRequest
from tg1.replay.days import as_listed
from tg1.state import StateManager
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all
from tg1.xts.http import HttpRequest, HttpResponse
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore
from tg1.xts.transport import silence_secs

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from tg1.config import GridOcoConfig
    from tg1.models import BrokerOrder, Instrument, Quote
    from tg1.paper.exchange import PaperExchange
    from tg1.paper.quirks import Quirks

FOLDER = Path("/state")
ROOT = "https://sim.example"
LATENCY_SECS = 0.02


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
        street = world.street
        world.told_to_slow_down[self._account] = fault_name in RATED
        street.app.faults = FaultPlan((fault,), rng=world.chaos.stream("fault")) if fault else street.no_faults
        reply = street.app.handle(_on_wire(request), street.market_time)
        street.app.faults = street.no_faults
        street.note_carried_out(self._account, request, fault_name)
        honest = street.averages.shown(request, reply)
        reply = street.without_hidden(honest, request, self._account)
        street.lived[lived.LIMITED] += street.exchange.quirks.rate_limit
        street.lived[lived.STRANGE_WORDS] += any(words.encode() in reply.body[:400] for words in DEAD_WORDS)
        if is_book(request):
            is_whole = reply is honest and not street.is_blank(request, reply) and self._account not in street.hiding
            is_clean = not fault_name and is_whole and is_success(reply.body)
            street.note_served(self._account, reply.body, is_clean=is_clean)
        if request.method == "GET":
            street.note_averages(self._account, reply.body)
        world.step(f"handled {request.method} {request.path}")
        if reply.outcome is not Outcome.ANSWER:
            world.hanging_on = self._account if reply.outcome is Outcome.SILENCE else ""
            world.move(silence_secs(request) if world.hanging_on else LATENCY_SECS)
            world.hanging_on = ""
            world.step(f"unanswered {request.method} {request.path}")
            raise NoAnswer(f"simulated: {reply.outcome}")
        world.move(LATENCY_SECS)
        world.step(f"answered {request.method} {request.path}")
        world.answer_seen(self._account, request, is_success(reply.body))
        if request.method == "POST" and b"AppOrderID" in reply.body and is_success(reply.body):
            street.accepted.add(str((request.json_body or {}).get("orderUniqueIdentifier", "")))
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
            self._world.street.lived[lived.HEARTBEATS] += self.mode == "feed-heartbeats-only"
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


class SimClient(FindocMultiClient):
    """The real accounts, which tell the invariants what book the bot was given, its own reading or another bot's."""

    world: World

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        try:
            rows = super().order_book(account, since=since)
        except BrokerError:
            self.world.book_shown(account, None)
            raise
        self.world.book_shown(account, rows)
        return rows


class World:
    """One bot's machine on a street; `boot` makes the bot."""

    def __init__(
        self,
        chaos: Chaos,
        *,
        quirks: Quirks | None = None,
        market: Market | None = None,
        street: Street | None = None,
    ) -> None:
        self.chaos = chaos
        self.street = street or Street(chaos, quirks=quirks, market=market)
        self.name = f"#{len(self.street.worlds)} " if self.street.stage else ""
        self.clock = SimClock(self)
        self.disk = self.street.disk.another()
        self.process = self.street.shared.process()
        self.stop_requested = False
        self.feed: SimFeed | None = None
        self.steps = 0
        self.die_at: tuple[int, str] | None = None
        self.storm_ends = 0.0
        self.hanging_on = ""
        """The account whose answer the bot waits for in vain."""
        self.told_to_slow_down: dict[str, bool] = {}
        """By account: whether its last answer was a limiter's, and no more than that."""
        self.on_quiet: Callable[[bool], None] = lambda _in_the_middle: None
        """Called whenever the bot waits: the place for invariants."""
        self.on_step: Callable[[str], None] = lambda _what: None
        self.on_market: Callable[[], None] = lambda: None
        """Called whenever the market has moved or time has passed."""
        self.request_seen: Callable[[str, HttpRequest], None] = lambda _account, _request: None
        self.answer_seen: Callable[[str, HttpRequest, bool], None] = lambda _account, _request, _is_success: None
        """Called with what was answered, before the bot has the answer."""
        self.book_shown: Callable[[str, tuple[BrokerOrder, ...] | None], None] = lambda _account, _rows: None
        """What the bot makes of an account's book: its rows, or None when it can't read it."""
        self.street.worlds.append(self)

    # -- the street ----------------------------------------------------------------------------------------------------

    @property
    def exchange(self) -> PaperExchange:
        return self.street.exchange

    @property
    def market(self) -> Market:
        return self.street.market

    @property
    def wall(self) -> datetime:
        return self.street.wall

    @property
    def mono(self) -> float:
        return self.street.mono

    @property
    def trail(self) -> deque[str]:
        return self.street.trail

    def set_price(self, symbol: str, price: Decimal) -> None:
        """One trade in the market."""
        self.street.set_price(symbol, price)

    def note(self, what: str) -> None:
        """One line of the trail, with the bot's number where there are several."""
        self.street.note(f"{self.name}{what}")

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

    def cancel_all(
        self, config: GridOcoConfig, keys: tuple[str, str, str] = ACCOUNTS, *, flattens: bool = False
    ) -> int:
        """The emergency stop as a process of its own, with --square-off or without; returns its exit code."""
        client = self.client(config, keys)
        store = StateManager(self.disk, FOLDER, config.bot_name)
        self.feed = SimFeed(self) if flattens else None
        prices = ClosingPrices(client=client, feed=self.feed, clock=self.clock)
        flatten = Flatten(confirm=lambda _question: True, prices=prices) if flattens else None
        return cancel_all(config, client, store, self.clock, flatten=flatten)

    def client(self, config: GridOcoConfig, keys: tuple[str, str, str]) -> FindocMultiClient:
        """The accounts as a new process sees them, on a disk that lives again."""
        self.disk = self.disk.restart()
        self.process.kill()
        self.process = self.street.shared.process()
        self.told_to_slow_down.clear()
        self.disk.before_op = self._file_step
        credentials = [XtsCredentials(key=f"key-{name}", secret=f"secret-{name}") for name in keys]
        hedged = config.has_oco
        client = SimClient(
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
        client.world = self
        return client

    def load(self) -> None:
        """The day's dump is always there."""

    def find(self, symbol: str) -> Instrument:
        return as_listed(self.street.listed[symbol])

    # -- time --------------------------------------------------------------------------------------------------------

    def wait(self, deadline: float, *, in_the_middle: bool = False) -> None:
        """The bot waits, between two cycles or in the middle of something: invariants, then the street moves on."""
        if self.disk.dead:
            raise Died
        self.on_quiet(in_the_middle)
        self.step("wait")
        self.move(max(0.0, deadline - self.mono))

    def move(self, secs: float) -> None:
        """Let time pass."""
        self.street.advance(secs)

    def next_morning(self) -> None:
        """A little before the next weekday's open."""
        self.street.sleep(self.street.secs_to_morning(self.chaos.stream("morning")))

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
        """End the process here; a power cut ends those of all bots, and drops what was not synced."""
        self.note(f"{kind.upper()} at step {self.steps}: {where}")
        self.die_at = None
        if kind == "power-cut":
            self.street.power_cut(self.chaos.stream("power"))
        else:
            self.disk.kill()
            self.process.kill()
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
            return self._draw_more(request, chance)
        name = self.chaos.pick("network", tuple(NETWORK))
        if not name or (name in LYING_BOOKS and (self.street.restoring or self.street.slow.is_behind)):
            return "", None
        self.note(f"FAULT {name} on {request.method} {request.path}")
        return name, NETWORK[name]

    def _draw_more(self, request: HttpRequest, chance: float) -> tuple[str, Fault | None]:
        """Faults of single kinds of requests, with streams of their own."""
        if self.street.late.is_stubborn(request):
            return "cancel-ignored", NETWORK["cancel-ignored"]
        if request.method == "DELETE" and request.path.endswith("/orders"):
            kinds, fault = REFUSALS, REFUSED
        elif self.street.late.is_hedge(request):
            kinds, fault, chance = HELD_UP, UNANSWERED, chance * late_orders.TIMES
        elif request.method == "GET":
            kinds, fault, chance = RATED, RATED_403, chance / 8
        else:
            return "", None
        name = self.chaos.pick(kinds[0], kinds) if self.chaos.strikes(kinds[0], chance) else ""
        return name, fault if name else None

    def on_request(self, account: str, request: HttpRequest) -> None:
        """Tell the invariants, before anything is done with it."""
        if request.method != "GET":
            self.note(f"{account}: {request.method} {_brief(request)}")
        self.request_seen(account, request)


def _brief(request: HttpRequest) -> str:
    body = request.json_body or {}
    if "orderUniqueIdentifier" in body:
        keys = ("orderUniqueIdentifier", "orderSide", "orderQuantity", "orderType", "limitPrice", "stopPrice")
        return json.dumps({key: body.get(key) for key in keys}, default=str)
    return request.path if not request.params else f"{request.path} {dict(request.params)}"
