"""Records one bot while it trades: a line a cycle, handed to a thread that writes. For the engine's thread.

It stands beside the engine, as the teller does. Whatever goes wrong here is said once in the log, and trading goes on.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tg1.kite.last_prices import readable_price
from tg1.machine.harmless import Harmless
from tg1.models import Role, TradeSide
from tg1.record.codec import encode_begun, encode_cycle, encode_ended
from tg1.record.settings import told_settings
from tg1.record.values import Asked, Begun, Cycle, Ended, Row, Sent, Tick
from tg1.store.codec import encode
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.models import BotState
    from tg1.record.broker import Noted, NotingBroker
    from tg1.record.disk import RecordDisk
    from tg1.rules.given import Moment
    from tg1.told.events import Event

    Heard = tuple[float, Iterable[Mapping[str, Any]]]

log = logging.getLogger(__name__)

MOST_TICKS = 5000
"""Kept from one cycle to the next; a hung bot hears thousands."""
_IN_ROWS = frozenset({EventKind.PLACED, EventKind.FILL, EventKind.ROUND_TRIP, EventKind.STARTED, EventKind.TRADING})
"""Kinds of events that a record tells by its orders and rows."""
CLOSE_SECS = 2.0
"""How long a process that ends waits for a disk to take its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCycle:
    """One cycle as it was handed over: what is made of it is made in the writer's thread."""

    moment: Moment
    noted: Noted
    heard: tuple[Heard, ...] = ()
    events: tuple[Event, ...] = ()
    symbols: Mapping[int, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Recorder:
    """One bot's record."""

    config: GridOcoConfig
    broker: NotingBroker
    disk: RecordDisk
    scrub: Callable[[str], str]
    """Takes secrets out of a text (behaviour 16)."""
    version: Callable[[], str]
    """TG1's own; asked in the writer's thread."""
    _heard: deque[Heard] = field(default_factory=lambda: deque(maxlen=MOST_TICKS), init=False)
    _events: list[Event] = field(default_factory=list, init=False)
    _day: date | None = field(default=None, init=False)
    _last: Moment | None = field(default=None, init=False)
    _symbols: Mapping[int, str] = field(default_factory=dict, init=False)
    _guarded: Harmless = field(
        default_factory=lambda: Harmless(log, "The bot can't record its day; it trades on. More of this is not said"),
        init=False,
    )

    def heard(self, now: float, ticks: Iterable[Mapping[str, Any]]) -> None:
        """Take in KiteTicker's ticks, in its thread; `now` in monotonic seconds."""
        self._heard.append((now, ticks))

    def told(self, events: list[Event]) -> None:
        """Take in what the bot tells."""
        self._events += [event for event in events if event.kind not in _IN_ROWS]

    def before(self, state: BotState, clock: Clock) -> None:
        """Before a cycle: begin the record of a start, and of a day."""
        self._guarded(lambda: self._before(state, clock))

    def after(self, moment: Moment | None) -> None:
        """After a cycle that looked at this moment; one that looked at none left nothing to tell."""
        self._guarded(lambda: self._after(moment))

    def end(self, why: str, exit_code: int, now: datetime) -> None:
        """The bot has ended; waits for the disk, but not for long."""
        self._guarded(lambda: self._end(why, exit_code, now))

    def _before(self, state: BotState, clock: Clock) -> None:
        if self._day == state.trading_day and not self.disk.take_gap():
            return
        now = clock.now()
        if self._day is None:
            # What came before the first cycle is in its state, but for what became of orders that it knows no more.
            self.broker.put_back(self.broker.take().rows)
            self._heard.clear()
        self._day = state.trading_day
        listed = {symbol: self.broker.instrument(symbol) for symbol in self.config.symbols}
        self._symbols = {each.instrument_token: symbol for symbol, each in listed.items()}
        begun = Begun(
            at=now,
            tg1="",
            settings=told_settings(self.config),
            accounts=self._accounts(),
            tick_sizes={symbol: each.tick_size for symbol, each in listed.items()},
            state=replace(state, order_history=[]),
        )
        # The state is the engine's own and changes: its text is made here.
        text = encode(begun.state, now)
        self.disk.write(self._day, lambda: encode_begun(replace(begun, tg1=self.version()), text))

    def _accounts(self) -> tuple[str, str, str]:
        of = self.broker.account_of
        trade = of(Role.ENTRY, TradeSide.DOWNSIDE)
        if not self.config.has_oco:
            return trade, trade, trade
        return trade, of(Role.OCO, TradeSide.UPSIDE), of(Role.OCO, TradeSide.DOWNSIDE)

    def _after(self, moment: Moment | None) -> None:
        if moment is None or moment is self._last or self._day is None:
            return
        self._last = moment
        events, self._events = self._events, []
        heard = tuple(self._heard.popleft() for _ in range(len(self._heard)))
        seen = SeenCycle(
            moment=moment, noted=self.broker.take(), heard=heard, events=tuple(events), symbols=self._symbols
        )
        self.disk.write(self._day, partial(self._encoded, seen))

    def leave(self) -> None:
        """The bot has come to no end of its own; waits for the disk, but not for long."""
        self._guarded(self._leave)

    def _end(self, why: str, exit_code: int, now: datetime) -> None:
        if self._day is not None:
            ended = Ended(at=now, why=self.scrub(why), exit_code=exit_code)
            self.disk.write(self._day, lambda: encode_ended(ended))
        self._leave()

    def _leave(self) -> None:
        if not self.disk.close(CLOSE_SECS):
            log.warning("The end of the day's record could not be written")

    # The writer's thread.

    def _encoded(self, seen: SeenCycle) -> bytes:
        return encode_cycle(cycle_of(seen, self.scrub))


def cycle_of(seen: SeenCycle, scrub: Callable[[str], str]) -> Cycle:
    """The cycle as a record has it."""
    moment, noted = seen.moment, seen.noted

    def after(at: float) -> int:
        return round((at - moment.monotonic) * 1e6)

    return Cycle(
        at=moment.now,
        read_us=0 if noted.read_at is None else -after(noted.read_at),
        price_a=moment.price_a,
        price_b=moment.price_b,
        ticks=tuple(_ticks(seen)),
        sent=tuple(
            Sent(after_us=after(at), account=account, request=request, order_id=order_id, fault=scrub(fault))
            for at, account, request, order_id, fault in noted.sent
        ),
        asked=tuple(
            Asked(after_us=after(at), account=account, client_id=client_id, fault=scrub(fault))
            for at, account, client_id, fault in noted.asked
        ),
        rows=tuple(
            Row(
                account=account,
                client_id=row.client_id,
                order_id=row.order_id,
                status=row.status,
                filled=row.filled_quantity or 0,
                average=row.average_price,
                reason=scrub(row.reason),
            )
            for account, row in noted.rows
        ),
        unread={account: scrub(why) for account, why in noted.unread.items()},
        events=seen.events,
    )


def _ticks(seen: SeenCycle) -> Iterator[Tick]:
    for at, ticks in seen.heard:
        for tick in ticks:
            symbol = seen.symbols.get(tick.get("instrument_token", -1))
            price = readable_price(tick.get("last_price"))
            if symbol is not None and price is not None:
                yield Tick(before_us=round((seen.moment.monotonic - at) * 1e6), symbol=symbol, price=price)
