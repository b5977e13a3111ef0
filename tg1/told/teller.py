"""Tells of one bot while it runs: a snapshot after each cycle, a line per event, systemd's pings.

It stands beside the engine, which knows nothing of it: it is handed what the ladder is handed, and reads the rest off
the counted edges. Whatever goes wrong here is said once in the log, and trading goes on.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tg1.errors import ExitCode, Tg1Error
from tg1.machine.harmless import Harmless
from tg1.models import ACTIVE, NO_BACKOFF, StatusKind
from tg1.ports import price_of
from tg1.rules.hours import SessionPhase, phase_of
from tg1.screen.view import status_line
from tg1.told.events import Event, EventKind
from tg1.told.happenings import ended, happened, seen_of
from tg1.told.portrait import Around, Portrait, blank_snapshot, told_feed
from tg1.told.prior import Prior
from tg1.told.sighting import NO_SAVES, AccountWatch, told_saves
from tg1.told.snapshot import BLIND_SECS, Phase, ToldEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.config import GridOcoConfig
    from tg1.kite.feed_values import FeedHealth
    from tg1.machine.clock import Clock
    from tg1.models import BotState, Statement
    from tg1.rules.hours import TradingCalendar
    from tg1.screen.view import LadderView
    from tg1.told.disk import ToldDisk
    from tg1.told.edges import CountedBroker, CountedStore
    from tg1.told.happenings import Seen, Told
    from tg1.told.notify import Notifier
    from tg1.told.snapshot import Snapshot, ToldProcess, ToldSaves

log = logging.getLogger(__name__)

BEAT_SECS = 0.9
CLOSE_SECS = 2.0
"""How long a process that ends waits for a disk to take its last words."""


@dataclass(kw_only=True)
class Teller:
    """One bot's voice. For the engine's thread."""

    config: GridOcoConfig
    process: ToldProcess
    clock: Clock
    calendar: TradingCalendar
    broker: CountedBroker
    store: CountedStore
    health: Callable[[], FeedHealth] | None
    disk: ToldDisk
    notifier: Notifier | None
    """None where no service manager listens."""
    scrub: Callable[[str], str]
    """Takes secrets out of a text (behaviour 16)."""
    last: Snapshot | None = None
    """What was told of the bot before this life; None where nothing was."""
    also: Callable[[list[Event]], None] | None = None
    """Who else is told of the events."""
    _snapshot: Snapshot | None = field(default=None, init=False)
    _seen: Seen | None = field(default=None, init=False)
    _money: Statement | None = field(default=None, init=False)
    _seq: int = field(default=0, init=False)
    _saves: tuple[int, str, ToldSaves] = field(default=(0, "", NO_SAVES), init=False)
    _beat_at: float = field(default=0.0, init=False)
    _guarded: Harmless = field(
        default_factory=lambda: Harmless(log, "The bot can't tell how it is; it trades on. More of this is not said"),
        init=False,
    )

    def __post_init__(self) -> None:
        """Make what depends on the parts."""
        self._run = f"{self.process.boot_id[:8]}-{self.process.birth}-{self.process.pid}"
        blank = blank_snapshot(self.config, self.process, self._run, self.clock.now())
        self._portrait = Portrait(blank, self.broker.account_of)
        self._prior = Prior(blank, self.last, self._portrait, self.config.plans)
        self._accounts = AccountWatch(lambda: self.broker.accounts, self.broker.account_of)

    def tell_of(self, start: Callable[[], ExitCode]) -> ExitCode:
        """Run the bot and tell of its whole life; returns and raises what `start` does."""
        self._guarded(self._begin)
        try:
            code = start()
        except BaseException as exc:
            self._end_by(exc)
            raise
        self._guarded(lambda: self._end(code, self._kind_of_end(code), self._why(code)))
        return code

    def look(self, view: LadderView) -> None:
        """After a cycle, and once more before the last words are saved."""
        self._guarded(lambda: self._look(view))

    def beat(self) -> None:
        """During a wait: a bot that waits on purpose shows that it lives. Between two cycles this does nothing."""
        if self.clock.monotonic() - self._beat_at >= BEAT_SECS:
            self._beat_at = self.clock.monotonic()
            self._guarded(self._beat)

    # -- the turns of its life -----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._show(self._before(self._around(Phase.STARTING, None), "the accounts' logins"))
        self._tell([{"kind": EventKind.STARTED, "text": "the bot was started"}])

    def _look(self, view: LadderView) -> None:
        state = self.store.state
        is_first = self._seen is None
        phase = Phase.TRADING if state.bot_status == ACTIVE else Phase.STOPPING
        around = self._around(phase, state)
        if self.notifier is not None:
            # Before anything is drawn or told: a fault of that is no fault of the cycle.
            self.notifier.cycle(around, status_line(view))
        snapshot = self._portrait.of(view, state, around)
        self._money = view.money
        self._show(snapshot)
        seen = self._see(view, state, snapshot)
        before = self._seen or self._before_the_first(seen)
        self._seen = seen
        told: list[Told] = [{"kind": EventKind.TRADING, "text": "the first cycle is done"}] if is_first else []
        self._tell([*told, *happened(before, seen, self.broker.account_of)])

    def _see(self, view: LadderView, state: BotState, snapshot: Snapshot) -> Seen:
        return seen_of(
            state,
            price_b=price_of(view.quote_b),
            save_fault=self.store.fault,
            stale=frozenset(price.symbol for price in snapshot.prices if price.stale),
            blind=frozenset(
                account.name
                for account in snapshot.accounts
                if account.orders_expected and (account.good_age_secs or 0.0) > BLIND_SECS
            ),
        )

    def _before_the_first(self, seen: Seen) -> Seen:
        """The state as it was on disk; a fresh grid begins without an order."""
        if self.store.loaded is not None and not self.config.fresh:
            return self.store.loaded
        bare = {
            place: replace(level, order=None, oco_order=None, backoff=NO_BACKOFF, oco_backoff=NO_BACKOFF)
            for place, level in seen.levels.items()
        }
        return replace(seen, levels=bare, attention={}, paused=(), stale=frozenset())

    def _beat(self) -> None:
        phase = self._phase_of_wait()
        if phase is Phase.TRADING:
            return
        around = self._around(phase, self.store.known)
        waits_for = self._waits_for(phase) if self._seen is None else ""
        if self.notifier is not None:
            status = f"{phase}: {waits_for}" if waits_for else str(phase)
            self.notifier.beat(around, status, is_logged_in=self.broker.is_connected)
        if self._seen is None or self._snapshot is None:
            snapshot = self._before(around, waits_for)
        else:
            snapshot = replace(self._snapshot, phase=phase, written_at=around.now, written_boot_secs=around.boot_secs)
        self._show(snapshot)

    def _phase_of_wait(self) -> Phase:
        now, session = self.clock.now(), self._session()
        if self._seen is not None:
            is_trading = self.store.state.bot_status == ACTIVE and session is SessionPhase.OPEN
            return Phase.TRADING if is_trading else Phase.STOPPING
        known = self.store.known
        if known is not None and known.bot_status.kind is StatusKind.TERMINATING:
            return Phase.STOPPING
        before_open = session is SessionPhase.BEFORE_OPEN and now.tzinfo is not None
        return Phase.WAITING if before_open and self.broker.is_connected else Phase.STARTING

    def _waits_for(self, phase: Phase) -> str:
        if phase is Phase.WAITING:
            return "the market's open at 09:15"
        return "prices and order books" if self.broker.is_connected else "the accounts' logins"

    def _session(self) -> SessionPhase:
        stop = self.config.effective_stop
        if self.calendar.is_over():
            return SessionPhase.CLOSED
        return SessionPhase.OPEN if stop is None else phase_of(self.clock.now(), stop, self.calendar)

    def _before(self, around: Around, waits_for: str) -> Snapshot:
        state = None if self.store.loaded is None else self.store.known
        return self._prior.told(around, waits_for, state, self.broker.account_of)

    # -- its end -------------------------------------------------------------------------------------------------------

    def _end_by(self, exc: BaseException) -> None:
        """A refused start is no crash; anything that ends a trading bot by an exception is."""
        is_refusal = isinstance(exc, Tg1Error) and self._seen is None
        code = exc.exit_code if isinstance(exc, Tg1Error) else ExitCode.FAILED
        kind = EventKind.REFUSED if is_refusal else EventKind.CRASHED
        why = str(exc) or type(exc).__name__
        if not isinstance(exc, Tg1Error):
            why = f"it crashed by {type(exc).__name__}: {exc}"
        self._guarded(lambda: self._end(code, kind, self.scrub(" ".join(why.split())), is_crash=not is_refusal))

    def _end(self, code: int, kind: EventKind, why: str, *, is_crash: bool = False) -> None:
        end = ToldEnd(exit_code=int(code), why=why, is_crash=is_crash)
        state = self.store.known
        around = self._around(Phase.ENDED, state)
        # What a start has read meanwhile is newer than what its last wait told.
        before = self._snapshot if self._seen and self._snapshot else self._before(around, "")
        self._show(
            replace(
                before,
                phase=Phase.ENDED,
                end=end,
                waits_for="",
                status=before.status if state is None or self._seen is None else state.bot_status,
                attention=before.attention if state is None or self._seen is None else tuple(state.attention),
                written_at=around.now,
                written_boot_secs=around.boot_secs,
            )
        )
        self._tell([ended(kind, why, self._money)])
        if self.notifier is not None and self._snapshot is not None:
            self.notifier.beat(self._snapshot, why, is_logged_in=False)
        if not self.disk.close(CLOSE_SECS):
            log.warning("The bot's last words could not be written for tg1 status; its log has them")

    def _kind_of_end(self, code: int) -> EventKind:
        state = self.store.known
        status = ACTIVE if state is None else state.bot_status
        if code == ExitCode.TERMINATED:
            return EventKind.TERMINATED
        if status.kind is StatusKind.COMPLETED:
            return EventKind.COMPLETED
        return EventKind.SESSION_END if status.reason == "session end" else EventKind.STOPPED

    def _why(self, code: int) -> str:
        state = self.store.known
        status = "" if state is None else str(state.bot_status)
        if self._seen is None:
            return f"it ended before its first cycle{f' ({status})' if status else ''}"
        left = "" if code in (ExitCode.OK, ExitCode.TERMINATED) else "; what is left on the exchange is in its log"
        return f"{status}{left}"

    # -- telling -------------------------------------------------------------------------------------------------------

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.disk.show(snapshot)

    def _tell(self, told: list[Told]) -> None:
        if not told:
            return
        now, cycle = self.clock.now(), 0 if self._snapshot is None else self._snapshot.cycle
        events = [self._event(now, cycle, one) for one in told]
        self.disk.tell(events)
        if self.also is not None:
            self.also(events)

    def _event(self, now: datetime, cycle: int, told: dict[str, Any]) -> Event:
        self._seq += 1
        told = {**told, "text": self.scrub(told["text"])}
        return Event(run=self._run, seq=self._seq, at=now, bot=self.config.bot_name, cycle=cycle, **told)

    def _around(self, phase: Phase, state: BotState | None) -> Around:
        now, boot_secs = self.clock.now(), self.clock.monotonic()
        accounts = () if state is None else self._accounts.look(state, self.broker.readings, boot_secs)
        return Around(
            now=now,
            boot_secs=boot_secs,
            phase=phase,
            session_ends_at=self._session_end(now),
            accounts=tuple(replace(one, fault=self.scrub(one.fault)) if one.fault else one for one in accounts),
            feed=None if self.health is None else told_feed(self.health()),
            saves=self._told_saves(),
        )

    def _told_saves(self) -> ToldSaves:
        """Reckoned anew only after a save: a quiet bot has none."""
        count, fault = self.store.count, self.store.fault
        if self._saves[:2] != (count, fault):
            self._saves = (count, fault, told_saves(count, self.store.secs, fault))
        return self._saves[2]

    def _session_end(self, now: datetime) -> datetime | None:
        stop = self.config.effective_stop
        return None if stop is None else datetime.combine(now.date(), stop, tzinfo=now.tzinfo)
