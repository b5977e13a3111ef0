"""Recorded days for tests of whoever writes and reads them: a small one by hand, and Hypothesis strategies for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.support.states import BOT, HEDGED, NOW, a_state, instants
from tests.support.told import an_event
from tg1.config import GridOcoConfig
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.record.codec import encode_begun, encode_cycle, encode_ended
from tg1.record.paths import RecordPaths
from tg1.record.settings import told_settings
from tg1.record.values import Asked, Begun, Cycle, Ended, Row, Sent, Tick
from tg1.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tg1.record.values import Entry

DAY = date(2026, 2, 16)
ACCOUNTS = ("trade", "upside_oco", "downside_oco")

rupees = st.decimals("0.0001", "99999", places=4)
us = st.integers(-(10**9), 10**9)
texts = st.text(max_size=12)
names = st.text(min_size=1, max_size=12)
requests = st.builds(
    OrderRequest,
    symbol=names,
    side=st.sampled_from(Side),
    quantity=st.integers(1, 10**6),
    order_type=st.sampled_from(OrderType),
    limit_price=rupees,
    trigger_price=st.none() | rupees,
    client_id=names,
)
cycles = st.builds(
    Cycle,
    at=instants,
    read_us=us,
    price_a=st.none() | rupees,
    price_b=st.none() | rupees,
    ticks=st.lists(st.builds(Tick, before_us=us, symbol=names, price=rupees), max_size=4).map(tuple),
    sent=st.lists(
        st.builds(Sent, after_us=us, account=names, request=requests, order_id=texts, fault=texts), max_size=3
    ).map(tuple),
    asked=st.lists(st.builds(Asked, after_us=us, account=names, client_id=names, fault=texts), max_size=3).map(tuple),
    rows=st.lists(
        st.builds(
            Row,
            account=names,
            client_id=names,
            order_id=names,
            status=st.sampled_from(OrderStatus),
            filled=st.integers(0, 10**6),
            average=st.none() | rupees,
            reason=texts,
        ),
        max_size=3,
    ).map(tuple),
    unread=st.dictionaries(names, names, max_size=2),
    events=st.lists(st.builds(an_event, st.integers(1, 1000)), max_size=2).map(tuple),
)


def a_begun(**changes: object) -> Begun:
    """The start of a hedged bot that has one entry in the market."""
    begun = Begun(
        at=NOW,
        tg1="1.0.0",
        settings=told_settings(GridOcoConfig(**HEDGED)),
        accounts=ACCOUNTS,
        tick_sizes={"IRFC": Decimal("0.01"), "SBIN": Decimal("0.05")},
        state=replace(a_state(), order_history=[]),
    )
    return replace(begun, **changes)  # type: ignore[arg-type]


def a_cycle(second: int = 0, **changes: object) -> Cycle:
    """A quiet cycle, that many seconds after the start."""
    cycle = Cycle(at=NOW + timedelta(seconds=second), read_us=50, price_a=Decimal("50.00"), price_b=Decimal("120.50"))
    return replace(cycle, **changes)  # type: ignore[arg-type]


def an_end(second: int = 60) -> Ended:
    """A stop by a signal."""
    return Ended(at=NOW + timedelta(seconds=second), why="Stopped: by signal", exit_code=0)


def line_of(entry: Entry) -> bytes:
    """An entry as its line."""
    if isinstance(entry, Begun):
        return encode_begun(entry, encode(entry.state, entry.at))
    return encode_cycle(entry) if isinstance(entry, Cycle) else encode_ended(entry)


def written(folder: Path, entries: Iterable[Entry], day: date = DAY) -> Path:
    """A record with these entries."""
    path = RecordPaths(folder, BOT).plain(day)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(line_of, entries)))
    return path
