"""The trades file has each record once, whatever the journal remembers of it (behaviour 9.4)."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.simdisk import SimDisk
from tests.support.states import a_record
from tg1.store.trade_journal import TradeJournal

if TYPE_CHECKING:
    from tg1.models import OrderHistoryRecord

TRADES = Path("/bot/state/B_trades.jsonl")
TRIPS = {"trip": 1, "two trips": 2, "trip on a full disk": 1}
"""Round trips that are over since the last save."""
STEPS = st.sampled_from([*TRIPS, "trim", "looked away", "new process", "new grid"])
KEPT = 3
"""Records of the state, so that few of them already push old ones out."""


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=25))
def test_each_record_is_there_once_in_its_order(steps: list[str]) -> None:
    """Over full disks, restarts, grids that count from 1 again, and a state that keeps only the newest."""
    disk = SimDisk()
    disk.make_dir(TRADES.parent)
    journal = TradeJournal(disk, TRADES)
    history: list[OrderHistoryRecord] = []
    completed = 0
    for step in steps:
        for _ in range(TRIPS.get(step, 0)):
            completed += 1
            history.append(a_record(len(history) + 1, uuid=f"trip {completed}"))
        if step == "new process":
            journal = TradeJournal(disk, TRADES)
        elif step == "looked away":
            journal.forget()
        if step == "trip on a full disk":
            disk.before_op = _no_space
            with pytest.raises(OSError, match="No space left"):
                journal.append_missing(history)
            disk.before_op = lambda _op, _path: None
            continue
        journal.append_missing(history)
        assert _uuids(disk) == [f"trip {number}" for number in range(1, completed + 1)]
        # As the state does, and only now: it never lets go of what is not written down.
        del history[: -KEPT if step == "trim" else len(history) if step == "new grid" else 0]


def _no_space(op: str, path: Path) -> None:
    if op == "write_rest" and path == TRADES:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))


def _uuids(disk: SimDisk) -> list[str]:
    return [json.loads(line)["uuid"] for line in disk.files().get(TRADES, b"").splitlines()]
