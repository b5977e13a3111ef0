"""Days as the bot would live them: a start before the open, the session, its end, the night, and again.

Everything that trades is the shipped code: engine, bookkeeper, order desk, store. What is replaced is the wire, the
disk, the feed's socket and time.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tg1.errors import Tg1Error
from tg1.models import Instrument
from tg1.paper.exchange import PaperExchange
from tg1.paper.instruments import PaperInstrument, instrument_for
from tg1.paper.orders import IST
from tg1.paper.quirks import Quirks
from tg1.replay.broker import ReplayBroker
from tg1.replay.clock import VirtualClock
from tg1.replay.exchange import ThroughExchange
from tg1.replay.feed import ReplayFeed
from tg1.replay.market import MICRO, Market, micros_of
from tg1.replay.memory_files import MemoryFiles
from tg1.replay.skipper import NotedEngine, Skipper, WatchedEngine
from tg1.replay.tape import rupees
from tg1.rules.hours import LAST_STOP, OPEN, TradingCalendar
from tg1.state import StateManager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tg1.config import GridOcoConfig
    from tg1.paper.orders import OrderEvent
    from tg1.replay.skipper import Look
    from tg1.replay.tape import DayTape

log = logging.getLogger(__name__)

FOLDER = Path("/replay")
START = time(9, 14)
"""The bot is started a minute before the open, as its unit's timer does."""
PLENTY = 10**9
"""Shares in the demat account: a replay asks what the grid earns, not whether the shares for it are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """How the market of a replay behaves."""

    latency_secs: float = 0.0
    fast_forward: bool = True
    through: bool = False
    """A resting limit order fills only when a price trades a tick beyond it; False: at its touch."""
    square_off_at: time | None = None
    """When the broker closes intraday positions, IST; None: they are kept at the day's last price."""
    ticks: tuple[Decimal | None, Decimal | None] = (None, None)
    """Tick sizes of TokenA and TokenB; None: from the price, as NSE has them (xts.md 6.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayEnd:
    """How the bot's day ended, before anything is reckoned."""

    tape: DayTape
    exit_code: int
    end: str
    """The status, or the sentence of a refusal."""
    cycles: int
    realised: Decimal
    """Rupees that the bot has booked as realised so far, all days together."""
    cancel_reasons: Mapping[str, str]
    """Why the bot cancelled orders, by the exchange's number."""


class Replay:
    """One bot, one disk, one exchange over several days."""

    def __init__(
        self,
        config: GridOcoConfig,
        rig: Rig,
        first: DayTape,
        listener: Callable[[OrderEvent], None] | None,
        look: Look | None = None,
    ) -> None:
        self.config = config
        self.rig = rig
        self.files = MemoryFiles()
        self._look = look
        listed = _listed(config.symbols, first, rig.ticks)
        self.exchange = (ThroughExchange if rig.through else PaperExchange)(
            tuple(listed.values()),
            quirks=Quirks(ack_delay_secs=0.0, cancel_delay_secs=0.0),
            rng=Random(0),  # noqa: S311  # nothing is drawn from it
            listener=listener,
        )
        self.accounts = _accounts(config)
        for account in dict.fromkeys(self.accounts):
            self.exchange.accounts.declare(account, account, "replay")
            for symbol in listed:
                self.exchange.set_holdings(account, symbol, PLENTY)
        self.market = Market(self.exchange, config.token_a_symbol, config.token_b_symbol if config.has_oco else "")
        self.instruments = {symbol: as_listed(each) for symbol, each in listed.items()}
        self._realised_before = Decimal(0)
        """Rupees that grids before a `--fresh` had realised."""

    def days(self, tapes: Iterable[DayTape]) -> Iterator[DayEnd]:
        """Live one day after another."""
        for number, tape in enumerate(tapes):
            self.market.begin(tape, _start_of(tape), number)
            at = self.rig.square_off_at
            self.market.appointment = None if at is None else (micros_of(at), self._square_off)
            end = self._one_process(tape)
            self._to_the_close(tape)
            yield end

    def _one_process(self, tape: DayTape) -> DayEnd:
        store = StateManager(self.files, FOLDER, self.config.bot_name)
        before, archived = StateManager(self.files, FOLDER, self.config.bot_name).load(), self._archived(store)
        engine = self._engine(tape, store)
        try:
            code, end = engine.start(), ""
        except Tg1Error as exc:
            code, end = exc.exit_code, str(exc)
        state = store.load()
        if before is not None and self.config.fresh and self._archived(store) > archived:
            self._realised_before += before.total_pnl
        return DayEnd(
            tape=tape,
            exit_code=int(code),
            end=end or (str(state.bot_status) if state else "nothing to do"),
            cycles=engine.cycles,
            realised=self._realised_before + (state.total_pnl if state else Decimal(0)),
            cancel_reasons=engine.cancel_reasons,
        )

    def _engine(self, tape: DayTape, store: StateManager) -> WatchedEngine:
        clock = VirtualClock(self.market)
        broker = ReplayBroker(
            market=self.market,
            clock=clock,
            accounts=self.accounts,
            instruments=self.instruments,
            product_type=self.config.product_type,
            latency_secs=self.rig.latency_secs,
        )
        engine = (WatchedEngine if self._look is None else NotedEngine)(
            config=self.config,
            client=broker,
            feed=ReplayFeed(self.market),
            state=store,
            clock=clock,
            # A day that has prices was traded on, whatever the calendar said.
            calendar=TradingCalendar(trading_days=frozenset({tape.day})),
        )
        if isinstance(engine, NotedEngine):
            engine.look = self._look
        if self.rig.fast_forward:
            clock.skip = Skipper(engine, self.market, broker)
        return engine

    def _archived(self, store: StateManager) -> int:
        return len(self.files.names(store.paths.archive))

    def _square_off(self) -> None:
        """What the broker does at his cut-off: he closes what is open intraday and takes no such order any more."""
        now = self.market.now()
        for account in dict.fromkeys(self.accounts):
            self.exchange.square_off(account, now)
        if self.config.product_type == "MIS":
            self.exchange.step(now)
            self.exchange.halt("RMS: MIS orders are not taken after the square-off", now + timedelta(hours=12))

    def _to_the_close(self, tape: DayTape) -> None:
        self.market.advance(max(round(float(tape.secs[-1]) * MICRO), micros_of(LAST_STOP)))
        self.exchange.expire_day(self.market.now())


def _listed(symbols: Sequence[str], first: DayTape, ticks: Sequence[Decimal | None]) -> dict[str, PaperInstrument]:
    """The exchange's instruments: by their first price, unless their tick is said."""
    found = {}
    for symbol, prices, tick in zip(symbols, (first.a, first.b), ticks, strict=False):
        listed = instrument_for(symbol, rupees(int(prices[prices > 0][0])))
        found[symbol] = listed if tick is None else replace(listed, tick=tick)
    return found


def as_listed(instrument: PaperInstrument) -> Instrument:
    """The exchange's instrument as the bot finds it in the day's dump."""
    return Instrument(
        symbol=instrument.symbol,
        exchange=instrument.exchange,
        exchange_token=instrument.exchange_token,
        instrument_token=instrument.instrument_token,
        tick_size=instrument.tick,
        lot_size=1,
    )


def _accounts(config: GridOcoConfig) -> tuple[str, str, str]:
    """Names of the three roles' accounts; roles with one key share one (architecture 3)."""
    first: dict[str, str] = {}
    keys = (
        config.trade_key or "trade",
        config.upside_oco_key or "upside_oco",
        config.downside_oco_key or "downside_oco",
    )
    names = [
        first.setdefault(key, name) for key, name in zip(keys, ("trade", "upside_oco", "downside_oco"), strict=True)
    ]
    return names[0], names[1], names[2]


def _start_of(tape: DayTape) -> time:
    """Before the open; at the first price where a file begins later, since nobody starts a bot without prices."""
    first = float(tape.secs[0])
    open_secs = micros_of(OPEN) / MICRO
    if first <= open_secs:
        return START
    return (datetime.min.replace(tzinfo=IST) + timedelta(seconds=first)).time()
