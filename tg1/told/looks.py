"""Bots of a folder with their judgement, and what is said of each in JSON and in words. PURE."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tg1.models import LevelState
from tg1.screen.money import account_name, age_text, counted, signed, signed_if_known
from tg1.screen.view import WORDS
from tg1.told.codec import encode_snapshot
from tg1.told.judge import Judgement, Life, judge
from tg1.told.tables import rupees

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from decimal import Decimal

    from tg1.told.found import Found
    from tg1.told.judge import Instant
    from tg1.told.snapshot import Snapshot, ToldAccount, ToldLevel

MARKS = {
    Life.ACTIVE: "green",
    Life.WAITING: "cyan",
    Life.PAUSED: "yellow",
    Life.STOPPING: "yellow",
    Life.HUNG: "bold red",
    Life.DEAD: "bold red",
    Life.TERMINATED: "bold red",
    Life.STOPPED: "dim",
    Life.COMPLETED: "dim",
}
"""The style of each state's word."""
UNSEEN_SECS = 3.0
"""One read that fails is no blindness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One bot and how it is."""

    found: Found
    judged: Judgement

    @property
    def net(self) -> Decimal | None:
        """The trader's number, as of the last snapshot; None when nobody has told it."""
        snapshot = self.found.snapshot
        return None if snapshot is None or snapshot.money is None or self.found.is_unread else snapshot.money.net

    @property
    def why(self) -> list[str]:
        """What a person has to see to, a sentence each."""
        return [concern.text for concern in self.judged.concerns]

    @property
    def word(self) -> str:
        """The state as it is shown, with a pause of one side."""
        snapshot = self.found.snapshot
        if self.judged.life is Life.ACTIVE and snapshot is not None and snapshot.paused:
            return f"{self.judged.life}, no {'/'.join(snapshot.paused)}"
        return str(self.judged.life)


def look_at(every: Iterable[Found], at: Instant) -> list[Looked]:
    """Judge each bot."""
    return [Looked(found=found, judged=judge(found, at)) for found in every]


def as_json(looked: Iterable[Looked]) -> dict[str, Any]:
    """What `tg1 status --json` prints."""
    return {"bots": [_bot_json(one) for one in looked]}


def _bot_json(one: Looked) -> dict[str, Any]:
    found, judged = one.found, one.judged
    snapshot = found.snapshot
    age = judged.age_secs
    return {
        "name": found.name,
        "state": str(judged.life),
        "needs_person": judged.needs_person,
        "why": one.why,
        "pid": found.pid,
        "age_secs": None if age is None else round(age, 1),
        "cycle": None if snapshot is None else snapshot.cycle,
        "net": None if one.net is None else rupees(one.net),
        "attention": [entry.text for entry in found.attention if not entry.is_over],
        "attention_over": [entry.text for entry in found.attention if entry.is_over],
        "status": str(found.status) if found.status is not None else None,
        "paused": [] if snapshot is None else [str(side) for side in snapshot.paused],
        "paper": found.is_paper,
        "folder": str(found.folder),
        "snapshot": None if snapshot is None else json.loads(encode_snapshot(snapshot)),
    }


def net_of(one: Looked) -> str:
    """The net as text, never a 0 for what nobody knows."""
    if one.net is not None:
        return signed(one.net)
    saved = one.found.saved
    return "unknown" if saved is None else f"realised {signed(saved.state.total_pnl)}"


def age_of_look(one: Looked) -> str:
    """How old its last word is."""
    return "" if one.judged.age_secs is None else age_text(one.judged.age_secs)


def held_by(snapshot: Snapshot | None) -> str:
    """What its accounts hold, e.g. "Trade +100 IRFC"."""
    if snapshot is None:
        return ""
    held = [position for position in snapshot.positions if position.quantity]
    return ", ".join(f"{account_name(one.account)} {one.quantity:+d} {one.symbol}" for one in held)


def held_of(one: Looked) -> str:
    """What is held and, where nobody can see it now, as of when; never "nothing" for what nobody knows."""
    snapshot = one.found.snapshot
    if snapshot is None:
        return "unknown"
    told = told_held(snapshot)
    if not one.found.is_unread or snapshot.money is None:
        return told
    since = "" if held_since(snapshot) else f", as of {_moment(snapshot.written_at, snapshot.written_at)}"
    return f"unknown: its state can't be read (told last: {told}{since})"


def told_held(snapshot: Snapshot) -> str:
    """What the snapshot itself knows of it."""
    if snapshot.money is None:
        return "unknown"
    since = held_since(snapshot)
    return f"{held_by(snapshot) or 'nothing'}{f', {since}' if since else ''}"


def held_since(snapshot: Snapshot) -> str:
    """As of when it is known what is held; empty when the snapshot's own cycle saw it."""
    written = snapshot.written_at
    if snapshot.held_at is not None:
        return f"as of {_moment(snapshot.held_at, written)}"
    if not snapshot.cycle and snapshot.trading_day is not None and snapshot.trading_day < written.date():
        return f"as of {snapshot.trading_day:%d %b}"
    unseen = [account for account in snapshot.accounts if _is_unseen(account)]
    if not unseen:
        return ""
    ages = [account.good_age_secs for account in unseen if account.good_age_secs is not None]
    when = f" at {_moment(written - timedelta(seconds=max(ages)), written)}" if ages else ""
    return f"as {' and '.join(account_name(account.name) for account in unseen)} was last seen{when}"


def _is_unseen(account: ToldAccount) -> bool:
    if not account.orders_expected:
        return False
    return account.is_blank or (bool(account.fault) and (account.good_age_secs or 0.0) > UNSEEN_SECS)


def _moment(at: datetime, written: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.date() == written.date() else f"{at:%d %b %H:%M:%S}"


def lines_of(one: Looked) -> Iterator[str]:
    """One bot in full, a line each; what can be a table is left to the screen."""
    found, snapshot = one.found, one.found.snapshot
    process = f"process {found.pid}" if found.pid is not None else "no process"
    age = age_of_look(one)
    yield f"{found.title}: {one.word}; {process}; {f'last word {age} ago' if age else 'no word of it can be read'}"
    yield from (f"NEEDS YOU: {text}" for text in one.why)
    yield from (f"over: {entry.text}" for entry in found.attention if entry.is_over)
    yield f"status: {found.status if found.status is not None else 'unknown'}; net {net_of(one)}"
    if snapshot is None:
        yield "it has written no snapshot: an earlier TG1, or it has only begun; its state file says the rest"
        return
    yield from _money_lines(one, snapshot)
    yield from _edge_lines(snapshot)


def _money_lines(one: Looked, snapshot: Snapshot) -> Iterator[str]:
    money = snapshot.money
    if money is not None:
        parts = [
            f"realised {signed(money.realised)}",
            f"{snapshot.token_a} open {signed_if_known(money.open_a)}",
            *([f"{snapshot.token_b} open {signed_if_known(money.open_b)}"] if snapshot.token_b else []),
            *([f"squared off by the broker about {signed(money.squared_off)}"] if money.squared_off else []),
            f"charges {signed(-money.charges)}",
        ]
        yield f"made of: {', '.join(parts)}{'' if money.is_current else '; at old prices'}"
    yield f"held: {held_of(one)}"
    for price in snapshot.prices:
        shown = "no price" if price.price is None else f"{price.price:.2f}"
        age = "" if price.age_secs is None else f", {age_text(price.age_secs)} old"
        yield f"{price.symbol} {shown}{age}{' STALE' if price.stale else ''}"


def _edge_lines(snapshot: Snapshot) -> Iterator[str]:
    for account in snapshot.accounts:
        read = f"{counted(account.books_read, 'book')} read, {account.books_refused} refused"
        age = "" if account.good_age_secs is None else f", seen {age_text(account.good_age_secs)} ago"
        orders = f"{account.orders_seen} of {account.orders_expected} orders seen"
        yield f"{account_name(account.name)}: {orders}; {read}{age}"
    saves = snapshot.saves
    if saves.p50_ms is not None and saves.p99_ms is not None:
        yield f"saves: {saves.count}, half within {saves.p50_ms:.0f} ms, 99 % within {saves.p99_ms:.0f} ms"
    if snapshot.feed is not None:
        feed = snapshot.feed
        yield f"feed: {feed.phase}, {counted(feed.connections, 'connection')}, {feed.rebuilds} rebuilt" + (
            f"; {feed.fault}" if feed.fault else ""
        )
    ends = "never by itself" if snapshot.session_ends_at is None else f"{snapshot.session_ends_at:%H:%M} IST"
    yield f"cycle {snapshot.cycle}, every {snapshot.poll_interval_secs:g} s; session ends {ends}"


def level_cells(level: ToldLevel) -> tuple[str, ...]:
    """A level as cells: name, state, entry, target, hedge, open shares, note."""
    hedge = "" if level.hedge_price is None else f"{level.hedge_price:.2f} {level.hedge_state}".strip()
    filled = f" ({level.hedge_filled} of {level.hedge_quantity or level.hedge_filled})" if level.hedge_filled else ""
    state = "paused" if level.paused and level.state is LevelState.FRESH else WORDS[level.state]
    return (
        level.name,
        state,
        f"{level.entry_price:.2f}",
        f"{level.target_price:.2f}",
        f"{hedge}{filled}",
        str(level.open_quantity) if level.open_quantity else "",
        level.note,
    )
