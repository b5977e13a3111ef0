"""Tells of an emergency stop as a bot tells of itself: its snapshot after each step, its events (behaviour 13).

The stop knows nothing of it: it saves its state after every step that changes what is known, and each save is told.
Whatever goes wrong here is said once in the log, and the stop goes on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tg1.errors import ExitCode
from tg1.machine.harmless import Harmless
from tg1.told.edges import CountedBroker, CountedStore
from tg1.told.events import Event, EventKind
from tg1.told.happenings import happened, seen_of
from tg1.told.portrait import Around, Portrait, blank_snapshot
from tg1.told.prior import Prior
from tg1.told.sighting import AccountWatch, told_saves
from tg1.told.snapshot import Phase, ToldEnd

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tg1.config import GridOcoConfig
    from tg1.errors import BrokerError
    from tg1.machine.clock import Clock
    from tg1.models import BotState
    from tg1.ports import Accounts
    from tg1.rules.ledger import AccountOf
    from tg1.told.disk import ToldDisk
    from tg1.told.happenings import Seen
    from tg1.told.snapshot import Snapshot, ToldProcess

log = logging.getLogger(__name__)

BEAT_SECS = 0.9
CLOSE_SECS = 2.0
"""How long a stop that ends waits for a disk to take its last words."""


class CountedAccounts(CountedBroker):
    """The accounts of an emergency stop with their readings counted."""

    def __init__(self, accounts: Accounts, monotonic: Callable[[], float]) -> None:
        super().__init__(accounts, monotonic)
        self._of_a_stop = accounts

    def connect_all(self) -> dict[str, BrokerError]:
        """Log in to each; returns why some can't be reached."""
        return self._of_a_stop.connect_all()


class TellingStore(CountedStore):
    """A store each of whose saves is told, done or failed; `found` is the state that was read last."""

    found: BotState | None = None
    tell: Callable[[], None] = staticmethod(lambda: None)

    def load(self) -> BotState | None:
        """Read the state, as `StateManager.load`."""
        self.found = super().load()
        return self.found

    def save(self, now: datetime) -> bool:
        """Bring the state to disk, as `StateManager.save`."""
        try:
            return super().save(now)
        finally:
            self.tell()


@dataclass(kw_only=True)
class StopTeller:
    """The voice of one emergency stop of a bot whose state is here and whose lock the stop holds."""

    config: GridOcoConfig
    command: str
    """What to type when this stop is cut off."""
    process: ToldProcess
    clock: Clock
    broker: CountedBroker
    account_of: AccountOf
    store: TellingStore
    disk: ToldDisk
    last: Snapshot | None
    """What the bot told last."""
    scrub: Callable[[str], str]
    waits_for: str = ""
    """What it waits for, such as the operator's answer; empty while it does not."""
    _seen: Seen | None = field(default=None, init=False)
    _snapshot: Snapshot | None = field(default=None, init=False)
    _seq: int = field(default=0, init=False)
    _beat_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Make what depends on the parts."""
        self._run = f"{self.process.boot_id[:8]}-{self.process.birth}-{self.process.pid}"
        blank = blank_snapshot(self.config, self.process, self._run, self.clock.now())
        self._prior = Prior(blank, self.last, Portrait(blank, self.account_of), self.config.plans)
        self._accounts = AccountWatch(lambda: self.broker.accounts, self.account_of)
        said = "The emergency stop can't tell tg1 status how it goes; it goes on. More of this is not said"
        self._guarded = Harmless(log, said)

    def tell_of(self, stop: Callable[[], ExitCode]) -> ExitCode:
        """Make the stop and tell of it; returns and raises what `stop` does."""
        self._guarded(self._begin)
        self.store.tell = lambda: self._guarded(self._look)
        try:
            code = stop()
        except BaseException as exc:
            why = self.scrub(" ".join(f"the emergency stop failed: {str(exc) or type(exc).__name__}".split()))
            self._guarded(lambda: self._end(ExitCode.FAILED, f"{why}; type it again: {self.command}"))
            raise
        self._guarded(lambda: self._end(code, self._why(code)))
        return code

    def beat(self) -> None:
        """During a wait: a stop that waits for its books lives.

        What was asked for before the wait is noted even where nothing is shown: a cancel is then no rejection.
        """
        if self._seen is None:
            return
        is_due = self.clock.monotonic() - self._beat_at >= BEAT_SECS
        self._guarded(self._look if is_due else self._note)

    def wait_for(self, what: str) -> None:
        """Say what it waits for from now on; empty when that has come."""
        self.waits_for = what
        self._guarded(self._look)

    def _begin(self) -> None:
        state = self._state
        self._seen = seen_of(state)
        self._show(self._drawn(Phase.STOPPING, state))
        self._tell([{"kind": EventKind.STOPPING, "text": "an emergency stop began"}])

    @property
    def _state(self) -> BotState:
        """The bot's own, also where the stop works with a blank one (the morning after)."""
        if self.store.found is None:
            return self.store.state
        return self.store.found

    def _look(self) -> None:
        self._show(self._drawn(Phase.STOPPING, self._state))
        self._note()

    def _note(self) -> None:
        state = self._state
        before, self._seen = self._seen, seen_of(state)
        if before is not None:
            self._tell(happened(before, self._seen, self.account_of))

    def _end(self, code: ExitCode, why: str) -> None:
        self.waits_for = ""
        self._look()
        snapshot = self._drawn(Phase.ENDED, self._state)
        self._show(replace(snapshot, end=ToldEnd(exit_code=int(code), why=why)))
        net = None if snapshot.money is None else snapshot.money.net
        self._tell([{"kind": EventKind.STOPPED, "text": why, "net": net}])
        if not self.disk.close(CLOSE_SECS):
            log.warning("What became of it could not be written for tg1 status; the state file and this log have it")

    def _why(self, code: ExitCode) -> str:
        status = f"{self._state.bot_status}"
        if code == ExitCode.OK:
            return f"{status}: the books of every account confirm that no order of it works"
        why = f"{status}, but the emergency stop could not do all of it, and its log says why"
        return f"{why}; type it again: {self.command}"

    # -- telling -------------------------------------------------------------------------------------------------------

    def _drawn(self, phase: Phase, state: BotState) -> Snapshot:
        now, boot_secs = self.clock.now(), self.clock.monotonic()
        is_todays = state.trading_day == now.date()
        accounts = self._accounts.look(state, self.broker.readings, boot_secs) if is_todays else ()
        around = Around(
            now=now,
            boot_secs=boot_secs,
            phase=phase,
            session_ends_at=None,
            accounts=tuple(replace(one, fault=self.scrub(one.fault)) if one.fault else one for one in accounts),
            feed=None,
            saves=told_saves(self.store.count, self.store.secs, self.store.fault),
        )
        told = self._prior.told(around, self.waits_for, state, self.account_of)
        # What an account held is known anew once its book was read.
        held_at = None if is_todays and self._has_read_all() else told.held_at
        return replace(told, stop=self.command, earlier="", held_at=held_at)

    def _has_read_all(self) -> bool:
        readings = self.broker.readings
        return all(name in readings and readings[name].at is not None for name in self.broker.accounts)

    def _show(self, snapshot: Snapshot) -> None:
        self._beat_at = self.clock.monotonic()
        self._snapshot = snapshot
        self.disk.show(snapshot)

    def _tell(self, told: list[dict[str, Any]]) -> None:
        now = self.clock.now()
        events = []
        for one in told:
            self._seq += 1
            scrubbed = {**one, "text": self.scrub(one["text"])}
            events.append(Event(run=self._run, seq=self._seq, at=now, bot=self.config.bot_name, **scrubbed))
        if events:
            self.disk.tell(events)
