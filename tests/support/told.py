"""Snapshots and events for tests of whoever reads what a bot tells, and folders that hold them."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.support.states import BOT, HEDGED, NOW
from tg1.config import GridOcoConfig
from tg1.machine.process import birth_of
from tg1.models import LevelState, OrderType, Role, Side, TradeSide
from tg1.told.codec import encode_snapshot
from tg1.told.events import Event, EventKind
from tg1.told.judge import Instant
from tg1.told.paths import ToldPaths
from tg1.told.portrait import blank_snapshot
from tg1.told.snapshot import (
    Phase,
    ToldAccount,
    ToldFeed,
    ToldLevel,
    ToldMoney,
    ToldOrder,
    ToldPosition,
    ToldPrice,
    ToldProcess,
    ToldSaves,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.told.snapshot import Snapshot

BOOT = "the-boot-of-the-test"
BOOT_SECS = 5000.0
HERE = ToldProcess(pid=os.getpid(), birth=birth_of(os.getpid()), boot_id=BOOT)

LEVEL = ToldLevel(
    level=1,
    trade_side=TradeSide.DOWNSIDE,
    state=LevelState.TARGET_PLACED,
    entry_price=Decimal("49.00"),
    target_price=Decimal("49.50"),
    hedge_price=Decimal("118.50"),
    entry_quantity=100,
    open_quantity=100,
    hedge_quantity=50,
    hedge_filled=0,
    hedge_state="works",
    paused=False,
    note="",
)
ORDER = ToldOrder(
    level="B1",
    role=Role.TARGET,
    account="trade",
    order_id="1100000007",
    client_id="T1ab0001t1",
    side=Side.SELL,
    symbol="IRFC",
    quantity=100,
    filled_quantity=0,
    order_type=OrderType.LIMIT,
    limit_price=Decimal("49.50"),
    trigger_price=None,
    placed_at=NOW,
    cancel_sent=False,
)
ACCOUNT = ToldAccount(
    name="trade",
    books_read=60,
    books_refused=1,
    good_age_secs=0.4,
    orders_expected=3,
    orders_seen=3,
    is_blank=False,
    fault="",
)
FEED = ToldFeed(
    phase="connected",
    stalled=False,
    silent_secs=0.5,
    connections=1,
    rebuilds=0,
    callback_errors=0,
    malformed=0,
    ignored_ticks=0,
    fault="",
)
_TEMPLATE = replace(
    blank_snapshot(GridOcoConfig(**HEDGED), HERE, "r1", NOW),
    written_boot_secs=BOOT_SECS,
    cycle=61,
    phase=Phase.TRADING,
    trading_day=date(2026, 2, 16),
    session_ends_at=NOW.replace(hour=15, minute=0),
    centre=Decimal("50.00"),
    prices=(
        ToldPrice(symbol="IRFC", price=Decimal("49.20"), age_secs=0.3, stale=False),
        ToldPrice(symbol="SBIN", price=Decimal("120.50"), age_secs=1.2, stale=False),
    ),
    levels=(LEVEL,),
    orders=(ORDER,),
    bought_quantity=100,
    money=ToldMoney(
        net=Decimal("-12.50"),
        realised=Decimal("50.00"),
        open_a=Decimal("-50.00"),
        open_b=Decimal("0.00"),
        squared_off=Decimal("0.00"),
        charges=Decimal("12.50"),
        is_current=True,
    ),
    positions=(
        ToldPosition(
            account="trade",
            symbol="IRFC",
            quantity=100,
            average=Decimal("49.00"),
            last=Decimal("49.20"),
            gain=Decimal("20.00"),
        ),
    ),
    accounts=(ACCOUNT,),
    feed=FEED,
    saves=ToldSaves(count=7, p50_ms=4.2, p99_ms=9.8, fault=""),
)


def a_snapshot(**changes: Any) -> Snapshot:
    """A trading bot with one open level, all well; of this very process."""
    return replace(_TEMPLATE, **changes)


def an_event(seq: int = 1, **changes: Any) -> Event:
    """A filled target."""
    event = Event(
        run="r1",
        seq=seq,
        at=NOW,
        bot=BOT,
        kind=EventKind.FILL,
        text="target filled: sold 100 IRFC at 49.50",
        cycle=61,
        level="B1",
        role=Role.TARGET,
        account="trade",
        symbol="IRFC",
        side=Side.SELL,
        quantity=100,
        price=Decimal("49.50"),
        order_id="1100000007",
        client_id="T1ab0001t1",
    )
    return replace(event, **changes)


def an_instant(after_secs: float = 0.5, *, boot_id: str = BOOT) -> Instant:
    """So long after `a_snapshot` was written."""
    return Instant(now=NOW + timedelta(seconds=after_secs), boot_secs=BOOT_SECS + after_secs, boot_id=boot_id)


def write_snapshot(folder: Path, snapshot: Snapshot) -> Path:
    """Put a snapshot where its bot would; returns the file."""
    path = ToldPaths(folder, snapshot.name).snapshot
    path.write_bytes(encode_snapshot(snapshot))
    return path


@contextmanager
def held_lock(folder: Path, name: str = BOT) -> Iterator[None]:
    """Hold the lock of a bot, as its live process does."""
    path = ToldPaths(folder, name).lock
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = {"pid": HERE.pid, "since": NOW.isoformat(), "host": socket.gethostname(), "birth": HERE.birth}
        file.write(json.dumps(said))
        file.flush()
        yield
