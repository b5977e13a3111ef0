"""Prices at the same instants, and returns that never reach across a silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.pair.made import OPEN, pair, track
from tg1.errors import ConfigError
from tg1.pair.series import pair_day
from tg1.replay.day_rows import day_rows
from tg1.replay.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path


def test_last_price_stands_for_a_while_and_no_longer() -> None:
    """Until the carry is over; before the first price there is none."""
    seen = track([10, 11], [0, 5]).at(OPEN + np.array([-1.0, 0.0, 4.0, 5.0, 65.0, 66.0]), 60.0)
    assert np.array_equal(seen, [np.nan, 10, 10, 11, 11, np.nan], equal_nan=True)


def test_outage_has_no_return() -> None:
    """Sixty-one seconds without a price: neither zero returns inside nor a jump across it."""
    before, after = list(range(120)), list(range(400, 520))
    prices = [100.0] * 120 + [200.0] * 120
    a, b = pair(prices, prices, [*before, *after]).returns(1.0)
    assert len(a) == 119 + 60 + 119
    assert not a.any()
    assert not b.any()


def test_horizon_finer_than_the_bars_is_unknown(tmp_path: Path) -> None:
    """Bars of a minute know a minute and five, not a second; their closes are known at their ends."""
    head = "ist," + ",".join(f"{point}_{symbol}" for symbol in "AB" for point in ("open", "high", "low", "close"))
    rows = [f"2026-11-02 09:{15 + each}:00,{100 + each},{103 + each},99,{101 + each},50,60,40,50" for each in range(20)]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    (loaded,) = day_rows([path], Wanted(symbol_a="A", symbol_b="B"))
    day = pair_day(loaded, "A", "B")
    assert [day.has(secs) for secs in (1.0, 60.0, 300.0, 90.0)] == [False, True, True, False]
    assert (day.a.first, day.a.last, day.a.high, day.a.low) == (100, 120, 122, 99)
    assert day.a.farthest == 22
    assert day.a.secs[:3].tolist() == [OPEN, OPEN + 60, OPEN + 120]
    a, _ = day.returns(60.0)
    assert len(a) == 20
    assert a[0] == pytest.approx(0.01)


def test_day_of_one_price_is_refused_with_its_line(tmp_path: Path) -> None:
    """As a replay refuses it."""
    path = tmp_path / "p.csv"
    path.write_text("ist_second,A,B\n2026-11-02 09:15:00,1,2\n2026-11-02 09:15:01,1,\n", encoding="utf-8")
    (loaded,) = day_rows([path], Wanted(symbol_a="A", symbol_b="B"))
    with pytest.raises(ConfigError, match="line 2: 2026-11-02 has 1 price of B; a day needs two"):
        pair_day(loaded, "A", "B")
