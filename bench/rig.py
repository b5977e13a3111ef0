"""A whole bot in one process: the real engine, client and store on the paper exchange's XTS gateway, without sockets.

Time is virtual, so that a cycle takes nothing but its own work; what the exchange's side of a request costs is counted
apart and taken out.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, SupportsBytes
from urllib.parse import urlencode

from tg1.config import GridOcoConfig
from tg1.errors import ExitCode
from tg1.findoc_client import FindocMultiClient
from tg1.grid_engine import GridOcoEngine
from tg1.machine.clock import IST
from tg1.machine.files import OsFileSystem
from tg1.machine.shared_files import OsSharedFolder
from tg1.models import Instrument, LevelState, Quote
from tg1.paper import wire
from tg1.paper.exchange import PaperExchange
from tg1.paper.instruments import built_in
from tg1.paper.xts_app import XtsApp
from tg1.replay.days import as_listed
from tg1.state import StateManager
from tg1.xts.http import HttpResponse
from tg1.xts.login import XtsCredentials
from tg1.xts.sessions import SessionStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tg1.paper.quirks import Quirks
    from tg1.xts.http import HttpRequest

PRICES = {"SBIN": Decimal("900.00"), "IRFC": Decimal("50.00")}
"""The grid trades SBIN here: at 900.00 there is room for 500 levels of 0.25 on either side."""
GRID, HEDGE = PRICES
ROOT = "https://bench.invalid"
ANY = "any"
"""The paper exchange takes any secret."""


class VirtualClock:
    """A Monday's morning that passes only when it is told to."""

    stop_requested = False

    def __init__(self) -> None:
        self._wall = datetime(2026, 11, 23, 9, 20, tzinfo=IST)
        self._mono = 0.0

    def now(self) -> datetime:
        """The wall clock."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._mono

    def advance(self, secs: float) -> None:
        """Let time pass."""
        self._wall += timedelta(seconds=secs)
        self._mono += secs

    def wait_until(self, deadline: float) -> None:
        """Be there at once."""
        self.advance(max(0.0, deadline - self._mono))

    def sleep_until(self, deadline: float) -> None:
        """Be there at once."""
        self.wait_until(deadline)


class ExchangePrices:
    """A feed that always has the exchange's last prices, fresh."""

    def __init__(self, exchange: PaperExchange) -> None:
        self._exchange = exchange

    def start(self, symbols: Mapping[int, str]) -> None:
        """Nothing to connect to."""

    def stop(self) -> None:
        """Nothing to close."""

    def quote(self, symbol: str) -> Quote:
        """The last price of one of `PRICES`."""
        return Quote(symbol=symbol, price=self._exchange.prices[symbol], age_secs=0.0, fresh=True)

    def fault(self) -> str:
        """Nothing is ever wrong."""
        return ""


class QuickDisk(OsFileSystem):
    """The real disk without its syncs: for the minutes before a measurement."""

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Write without syncing."""
        path.write_bytes(bytes(data))

    def sync_dir(self, path: Path) -> None:
        """Sync nothing."""


class InProcess:
    """A transport whose server is a function call; `spent_secs` is CPU time on the server's side of it."""

    def __init__(self, app: XtsApp, clock: VirtualClock, latency_secs: float = 0.0) -> None:
        """`latency_secs` is the virtual time that a request takes, half of it there and half back."""
        self._app = app
        self._clock = clock
        self._latency_secs = latency_secs
        self.spent_secs = 0.0
        self.body_bytes = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer, in virtual time."""
        body = request.body or b""
        self._clock.advance(self._latency_secs / 2)
        begun = time.process_time()
        reply = self._app.handle(
            wire.WireRequest(
                method=request.method,
                path=request.path,
                query=dict(request.params),
                raw_query=urlencode(dict(request.params)),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=body,
            ),
            self._clock.now(),
        )
        text = reply.body.decode()
        self.spent_secs += time.process_time() - begun
        self.body_bytes = len(reply.body)
        self._clock.advance(self._latency_secs / 2)
        return HttpResponse(status=reply.status, text=text, content_type="application/json")


class Dump:
    """The day's instruments, as the paper exchange knows them."""

    def load(self) -> None:
        """Nothing to fetch."""

    def find(self, symbol: str) -> Instrument:
        """The instrument of `symbol`."""
        found = next(one for one in built_in() if one.symbol == symbol)
        return as_listed(found)


class Rig:
    """One bot with `steps` levels on either side, all of whose entries rest on the exchange."""

    def __init__(
        self, folder: Path, steps: int, *, quirks: Quirks | None = None, latency_secs: float = 0.0, **settings: Any
    ) -> None:
        self.clock = VirtualClock()
        self.folder = folder
        self.exchange = PaperExchange(built_in(), quirks=quirks)
        for symbol, price in PRICES.items():
            self.exchange.on_price(symbol, price, self.clock.now())
        self.transport = InProcess(XtsApp(self.exchange), self.clock, latency_secs)
        self.feed = ExchangePrices(self.exchange)
        self.config = GridOcoConfig(
            **{
                "bot_name": f"bench {steps}",
                "token_a_symbol": GRID,
                "token_b_symbol": HEDGE,
                "entry_price": PRICES["SBIN"],
                "steps": steps,
                "spread": Decimal("0.25"),
                "target_spread": Decimal("0.25"),
                "oco_spread": Decimal("2.00"),
                "token_a_quantity": 1,
                "token_b_quantity": 1,
                **settings,
            }
        )
        self.disk: Any = QuickDisk()
        self.store = StateManager(self.disk, folder, self.config.bot_name)
        self.engine = GridOcoEngine(
            config=self.config, client=self.client(), feed=self.feed, state=self.store, clock=self.clock
        )
        self.levels = steps * len(self.config.identity().trade_type.trade_sides)
        self._place_everything()

    def client(self) -> FindocMultiClient:
        """The three accounts as a new process sees them."""
        sessions = self.folder / "sessions"
        return FindocMultiClient(
            trade=XtsCredentials(key="bench-trade", secret=ANY),
            upside_oco=XtsCredentials(key="bench-up", secret=ANY),
            downside_oco=XtsCredentials(key="bench-down", secret=ANY),
            root=ROOT,
            product_type="MIS",
            instruments=Dump(),
            transport_factory=lambda _account: self.transport,
            store=SessionStore(fs=self.disk, folder=sessions, shared=OsSharedFolder(sessions)),
            clock=self.clock,
        )

    def _place_everything(self) -> None:
        self.engine._run_loop = lambda: ExitCode.OK  # type: ignore[method-assign]  # noqa: SLF001 - cycles are run one by one here
        self.engine.start()
        while any(level.state is LevelState.FRESH for level in self.store.state.levels.values()):
            self.cycle()
        for _ in range(3):
            self.cycle()

    def cycle(self) -> float:
        """Run one cycle; the CPU seconds that it took without the exchange's."""
        self.clock.advance(1.0)
        server, begun = self.transport.spent_secs, time.process_time()
        code = self.engine._poll_cycle()  # noqa: SLF001 - the loop's own step
        spent = time.process_time() - begun - (self.transport.spent_secs - server)
        if code is not None:
            raise RuntimeError(f"the bot ended with {code} in the middle of a measurement")
        return spent

    def save_after_a_change(self) -> float:
        """Change the state as a fill does and save it; seconds until it is on disk."""
        self.store.state.total_pnl += Decimal("0.05")
        begun = time.perf_counter()
        self.store.save(self.clock.now())
        return time.perf_counter() - begun
