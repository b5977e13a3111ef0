"""A replay that skips what can do nothing lives the same day as one that runs every cycle."""

from __future__ import annotations

import os
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.random_days import configs, lived, made_day
from tg1.replay.days import Rig

DAYS = int(os.environ.get("TG1_REPLAY_DAYS", "300"))
"""Random days of a simulation; more of them: `TG1_REPLAY_DAYS=2000 pytest -m simulation tests/replay`."""
random_days = given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from((100.0, 400.0, 1500.0)),
    latency=st.sampled_from((0.0, 0.12)),
    fill=st.sampled_from(("touch", "through")),
    square_off_at=st.sampled_from((None, None, time(9, 20))),
    changes=configs,
)


@settings(max_examples=12, deadline=None)
@random_days
def test_skipping_leaves_no_trace_in_the_journal(**day: Any) -> None:
    """Line by line the two journals are equal, and so are the ends."""
    check_skipping(**day)


@pytest.mark.simulation
@settings(max_examples=DAYS, deadline=None)
@random_days
def test_skipping_leaves_no_trace_on_many_days(**day: Any) -> None:
    """The same on hundreds of days, or on as many as are asked for."""
    check_skipping(**day)


def check_skipping(
    *, seed: int, spread: float, latency: float, fill: str, square_off_at: time | None, changes: dict[str, Any]
) -> None:
    """Live two days with and without skipping."""
    tapes = [
        made_day(seed, rows=400, spread=spread),
        made_day(seed + 1, rows=150, spread=spread, day=date(2026, 11, 24)),
    ]
    same: dict[str, Any] = {"latency_secs": latency, "through": fill == "through", "square_off_at": square_off_at}
    quick, quick_ends = lived(tapes, Rig(**same), **changes)
    whole, whole_ends = lived(tapes, Rig(**same, fast_forward=False), **changes)
    assert quick == whole
    assert [(end.exit_code, end.end) for end in quick_ends] == [(end.exit_code, end.end) for end in whole_ends]
    assert sum(end.cycles for end in quick_ends) <= sum(end.cycles for end in whole_ends)


def test_quiet_day_is_nearly_all_skipped() -> None:
    """Prices that touch nothing cost a handful of cycles, not one a second."""
    tapes = [made_day(3, rows=700, spread=0.1)]
    _, (quick,) = lived(tapes, Rig(), stop_at=time(9, 50))
    _, (whole,) = lived(tapes, Rig(fast_forward=False), stop_at=time(9, 50))
    assert whole.cycles > 2_000
    assert quick.cycles < 20
