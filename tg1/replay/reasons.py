"""Why a live order differs from its replay's, as far as the record tells. PURE."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tg1.models import OrderStatus, Role, Side
from tg1.replay.compare import Kind, is_cancelled_by_broker
from tg1.screen.money import account_name
from tg1.told.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tg1.record.reading import Run
    from tg1.record.values import Cycle
    from tg1.replay.compare import Difference
    from tg1.replay.order_lives import OrderLife

AROUND = timedelta(seconds=3)
"""What happened so near to an order may be why."""
HUNG_CYCLES = 3
"""Intervals without a cycle from which on the bot was not there."""
BY_SIGNAL = "Stopped: by signal"
UNKNOWN = "the record does not say why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that kept the bot from what it would have done."""

    since: datetime
    until: datetime
    text: str
    account: str = ""
    """Whose orders it concerns; empty: every account's."""
    side: Side | None = None
    """Whose entries it concerns; None: not entries alone."""
    symbol: str = ""

    def concerns(self, order: OrderLife, since: datetime, until: datetime) -> bool:
        """Whether it may have to do with this order, and was there at that time."""
        if self.side is not None and (order.role is not Role.ENTRY or order.side is not self.side):
            return False
        if self.account not in ("", order.account):
            return False
        # TokenB's price makes the hedges, TokenA's the entries; a target needs none (behaviour 10.2).
        if self.symbol and (order.role is Role.TARGET or order.symbol != self.symbol):
            return False
        return self.since - AROUND <= until and since <= self.until + AROUND


@dataclass
class _Spans:
    """Troubles that cycles show one by one, joined where they follow each other."""

    open: dict[tuple[str, str], tuple[datetime, datetime, str]] = field(default_factory=dict)
    done: list[Trouble] = field(default_factory=list)

    def note(self, kind: str, name: str, at: datetime, text: str) -> None:
        since, _, first = self.open.get((kind, name), (at, at, text))
        self.open[kind, name] = (since, at, first)

    def close(self, still: set[tuple[str, str]]) -> None:
        for key in [key for key in self.open if key not in still]:
            since, until, text = self.open.pop(key)
            kind, name = key
            self.done.append(
                Trouble(
                    since=since,
                    until=until,
                    text=text,
                    account=name if kind == "unread" else "",
                    symbol=name if kind == "stale" else "",
                )
            )


def troubles_of(run: Run, poll_secs: float) -> list[Trouble]:
    """Everything in a run's record that may have kept the bot from an order."""
    return [*_shown_by_cycles(run), *_told(run), *_gaps(run, poll_secs)]


def _shown_by_cycles(run: Run) -> list[Trouble]:
    spans = _Spans()
    symbols = list(run.begun.tick_sizes)
    for cycle in run.cycles:
        now = set()
        for kind, name, text in _of_cycle(cycle, symbols):
            spans.note(kind, name, cycle.at, text)
            now.add((kind, name))
        spans.close(now)
    spans.close(set())
    return spans.done


def _of_cycle(cycle: Cycle, symbols: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for account, why in cycle.unread.items():
        yield "unread", account, f"the {account_name(account)} account could not be read: {why}"
    for symbol, price in zip(symbols, (cycle.price_a, cycle.price_b), strict=False):
        if price is None:
            yield "stale", symbol, f"there was no fresh price of {symbol}"


def _told(run: Run) -> Iterator[Trouble]:
    """Pauses and failing saves, from their event to the one that ends them."""
    begun: dict[object, tuple[datetime, str]] = {
        side: (run.begun.at, f"{side} entries were paused by the operator") for side in run.begun.state.paused_sides
    }
    for cycle in run.cycles:
        for event in cycle.events:
            if event.kind is EventKind.PAUSED:
                begun[event.side] = (cycle.at, f"{event.side} entries were paused by the operator")
            elif event.kind is EventKind.SAVE_FAILING:
                begun["save"] = (cycle.at, event.text)
            elif event.kind in (EventKind.RESUMED, EventKind.SAVE_OK):
                key = event.side if event.kind is EventKind.RESUMED else "save"
                if key in begun:
                    since, text = begun.pop(key)
                    yield _one(key, since, cycle.at, text)
            elif event.kind is EventKind.ATTENTION:
                yield Trouble(since=cycle.at, until=cycle.at, text=event.text, account=event.account)
    last = run.cycles[-1].at if run.cycles else run.begun.at
    yield from (_one(key, since, last, text) for key, (since, text) in begun.items())


def _one(key: object, since: datetime, until: datetime, text: str) -> Trouble:
    return Trouble(since=since, until=until, text=text, side=key if isinstance(key, Side) else None)


def _gaps(run: Run, poll_secs: float) -> Iterator[Trouble]:
    longest = timedelta(seconds=HUNG_CYCLES * max(poll_secs, 1.0))
    for before, after in zip(run.cycles, run.cycles[1:], strict=False):
        if after.at - before.at > longest:
            secs = (after.at - before.at).total_seconds()
            yield Trouble(since=before.at, until=after.at, text=f"the bot had no cycle for {secs:.0f} s")


@dataclass(kw_only=True)
class Reasons:
    """Tells why, one difference after another in the order of time."""

    troubles: Sequence[Trouble]
    ended: tuple[datetime, str] | None
    """When and how the replay ended before the record did; None when it did not."""
    stopped: datetime | None = None
    """The last cycle of a bot that was stopped by a signal."""
    _first: datetime | None = None
    _of_level: dict[str, datetime] = field(default_factory=dict)

    def why(self, one: Difference) -> str:
        """The reason for a difference."""
        found = (
            self._own(one)
            or self._stopped(one)
            or self._around(one)
            or self._end(one)
            or self._before(one)
            or self._market(one)
            or UNKNOWN
        )
        self._first = self._first or one.at
        if one.order.level:
            self._of_level.setdefault(one.order.level, one.at)
        return found

    def _own(self, one: Difference) -> str:
        """What the broker said of the live order."""
        live = one.live
        if live is None:
            return ""
        if live.fault:
            return f"the order was refused or never answered: {live.fault}"
        if live.status is OrderStatus.REJECTED:
            return f"the broker rejected it: {live.reason or 'no reason given'}"
        if is_cancelled_by_broker(live) and one.kind is not Kind.TERMS:
            return f"the broker cancelled it: {live.reason or 'no reason given'}"
        return ""

    def _stopped(self, one: Difference) -> str:
        """A signal that comes in the middle of a cycle ends it there: nothing more is sent."""
        return "the bot was being stopped" if one.kind is Kind.ONLY_REPLAY and one.at == self.stopped else ""

    def _around(self, one: Difference) -> str:
        since, until = _span(one)
        found = dict.fromkeys(trouble.text for trouble in self.troubles if trouble.concerns(one.order, since, until))
        return "; ".join(found)

    def _end(self, one: Difference) -> str:
        if self.ended is None or one.at < self.ended[0]:
            return ""
        return f"the replay had ended at {self.ended[0]:%H:%M:%S}: {self.ended[1]}"

    def _before(self, one: Difference) -> str:
        at = self._of_level.get(one.order.level)
        if at is not None:
            return f"it follows from this level's difference at {at:%H:%M:%S}"
        if self._first is not None and one.kind in (Kind.ONLY_LIVE, Kind.ONLY_REPLAY, Kind.TIME):
            return f"it may follow from the first difference, at {self._first:%H:%M:%S}"
        return ""

    def _market(self, one: Difference) -> str:
        """The market's own: the replay fills at the touch, and an exchange when it is your turn."""
        live, again = one.live, one.again
        if live is None or again is None or one.kind not in (Kind.FILL, Kind.TIME):
            return ""
        if again.filled > live.filled:
            touched = f"{again.fills[-1].at:%H:%M:%S}"
            return f"its price was touched at {touched} and the market did not fill it: your place in the queue"
        if live.filled > again.filled:
            return "the market filled it, though no price that was heard had touched it"
        if not live.fills or live.average != again.average:
            return "the market filled it at another price than the one that was heard"
        secs = (live.fills[-1].at - again.fills[-1].at).total_seconds()
        if secs > 0:
            return f"the market filled it {secs:.0f} s after its price was touched: your place in the queue"
        return f"the market filled it {-secs:.0f} s before its price was heard"


def _span(one: Difference) -> tuple[datetime, datetime]:
    """The time that a cause of the difference lies in."""
    both = [life for life in (one.live, one.again) if life is not None]
    times = [life.at for life in both]
    if one.kind in (Kind.FILL, Kind.END, Kind.TIME):
        times += [fill.at for life in both for fill in life.fills]
        times += [life.ended_at for life in both if life.ended_at is not None]
    return min(times), max(times)


def causes(run: Run, poll_secs: float, ended: tuple[datetime, str] | None, down: Iterable[Trouble] = ()) -> Reasons:
    """The reasons of one run; `ended` is when and how its replay ended before it, `down` what the record lacks."""
    is_stopped = run.ended is not None and run.ended.why == BY_SIGNAL
    stopped = run.cycles[-1].at if is_stopped else None
    return Reasons(troubles=[*troubles_of(run, poll_secs), *down], ended=ended, stopped=stopped)
