"""The bot's edges with somebody at them who counts: the broker, the store and the clock, as the engine has them.

Each fulfils the part that it stands before and changes nothing of what passes through it.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tg1.errors import BrokerError, SaveFailed
from tg1.state import StateManager
from tg1.told.happenings import seen_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from tg1.machine.clock import Clock
    from tg1.models import (
        BotState,
        BrokerOrder,
        BrokerPosition,
        BrokerTrade,
        Instrument,
        OrderRequest,
        Role,
        TradeSide,
    )
    from tg1.ports import Broker, FileSystem
    from tg1.told.happenings import Seen

SAVES_KEPT = 1000
LONGEST_STEP_SECS = 1.0
"""A wait is cut into steps of so many seconds, so that a bot that waits shows life."""


@dataclass
class Readings:
    """How the books of one account were read."""

    read: int = 0
    refused: int = 0
    at: float | None = None
    """Monotonic seconds of the last one that was read."""
    rows: tuple[BrokerOrder, ...] = ()
    """Of it."""
    fault: str = ""
    """Why the last reading failed; empty when it did not."""


class CountedBroker:
    """A broker whose readings are counted. Fulfils `Broker`."""

    def __init__(self, broker: Broker, monotonic: Callable[[], float]) -> None:
        self._broker = broker
        self._monotonic = monotonic
        self.readings: dict[str, Readings] = {}
        self.is_connected = False

    @property
    def accounts(self) -> tuple[str, ...]:
        """Names of the distinct accounts."""
        return self._broker.accounts

    def account_of(self, role: Role, trade_side: TradeSide) -> str:
        """The account that carries orders of this role and side."""
        return self._broker.account_of(role, trade_side)

    def connect(self) -> None:
        """Log every account in and load the day's instruments."""
        self._broker.connect()
        self.is_connected = True

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of `symbol`."""
        return self._broker.instrument(symbol)

    def place_order(self, account: str, request: OrderRequest) -> str:
        """Send one order, once."""
        return self._broker.place_order(account, request)

    def cancel_order(self, account: str, order_id: str, client_id: str) -> None:
        """Ask for a cancel."""
        self._broker.cancel_order(account, order_id, client_id)

    def order_book(self, account: str, *, since: float | None = None) -> tuple[BrokerOrder, ...]:
        """All orders of the account's trading day."""
        seen = self.readings.setdefault(account, Readings())
        try:
            rows = self._broker.order_book(account, since=since)
        except BrokerError as exc:
            seen.refused += 1
            seen.fault = str(exc)
            raise
        seen.read += 1
        seen.at, seen.rows, seen.fault = self._monotonic(), rows, ""
        return rows

    def order_history(self, account: str, order_id: str) -> BrokerOrder | None:
        """One order as it stands now."""
        return self._broker.order_history(account, order_id)

    def positions(self, account: str) -> tuple[BrokerPosition, ...]:
        """The account's net positions."""
        return self._broker.positions(account)

    def trades(self, account: str) -> tuple[BrokerTrade, ...]:
        """The day's executions of the account."""
        return self._broker.trades(account)


class CountedStore(StateManager):
    """A store whose saves are timed."""

    def __init__(self, fs: FileSystem, folder: Path, bot_name: str, *, monotonic: Callable[[], float]) -> None:
        super().__init__(fs, folder, bot_name)
        self._monotonic = monotonic
        self.count = 0
        self.secs: deque[float] = deque(maxlen=SAVES_KEPT)
        self.fault = ""
        """Why the last save failed; empty when it worked."""
        self.loaded: Seen | None = None
        """The state as it was found on disk; None without one."""

    @property
    def known(self) -> BotState | None:
        """The state, or None before there is one."""
        return self._state

    def load(self) -> BotState | None:
        """Read the state, as `StateManager.load`."""
        state = super().load()
        self.loaded = None if state is None else seen_of(state)
        return state

    def archive(self, now: datetime, why: str, *, keep: bool = False) -> Path:
        """Put the state away, as `StateManager.archive`."""
        archived = super().archive(now, why, keep=keep)
        if not keep:
            self.loaded = None
        return archived

    def save(self, now: datetime) -> bool:
        """Bring the state to disk, as `StateManager.save`."""
        begun = self._monotonic()
        try:
            wrote = super().save(now)
        except SaveFailed as exc:
            self.fault = str(exc)
            raise
        self.fault = ""
        if wrote:
            self.count += 1
            self.secs.append(self._monotonic() - begun)
        return wrote


@dataclass
class BeatingClock:
    """A clock during whose waits the bot shows life: `beat` is called at least once a second. Fulfils `Clock`.

    Only the thread that made it beats: another one's wait would hide that the engine hangs.
    """

    clock: Clock
    beat: Callable[[], None] = lambda: None
    _thread: int = field(default_factory=threading.get_ident)

    def now(self) -> datetime:
        """Wall time of the clock below."""
        return self.clock.now()

    def monotonic(self) -> float:
        """Seconds of the clock below."""
        return self.clock.monotonic()

    @property
    def stop_requested(self) -> bool:
        """True once the clock below was asked to stop."""
        return self.clock.stop_requested

    def wait_until(self, deadline: float) -> None:
        """Wait as the clock below does."""
        self._step(self.clock.wait_until, deadline, until=lambda: self.clock.stop_requested)

    def sleep_until(self, deadline: float) -> None:
        """Sleep as the clock below does."""
        self._step(self.clock.sleep_until, deadline, until=lambda: False)

    def _step(self, wait: Callable[[float], None], deadline: float, until: Callable[[], bool]) -> None:
        if threading.get_ident() != self._thread:
            wait(deadline)
            return
        while (now := self.clock.monotonic()) < deadline and not until():
            self.beat()
            wait(min(deadline, now + LONGEST_STEP_SECS))
