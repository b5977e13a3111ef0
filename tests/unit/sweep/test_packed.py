"""Days end to end, and taken apart again."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.replay.random_days import made_day
from tg1.sweep.packed import packed

DAYS = [made_day(seed, rows=30 + seed, day=date(2026, 11, 20 + seed)) for seed in range(3)]


def test_days_come_back_as_they_were() -> None:
    """Prices, times, days and counts."""
    for before, after in zip(DAYS, packed(("IRFC", "SBIN"), DAYS).tapes(), strict=True):
        assert (before.day, before.price_events) == (after.day, after.price_events)
        for name in ("secs", "a", "b"):
            assert np.array_equal(getattr(before, name), getattr(after, name))


def test_days_share_one_memory() -> None:
    """No price is copied for a replay."""
    whole = packed(("IRFC", "SBIN"), DAYS)
    assert all(np.shares_memory(tape.a, whole.a) for tape in whole.tapes())


def test_some_days_of_many() -> None:
    """As if the others had never been read; all of them are the same thing again."""
    whole = packed(("IRFC", "SBIN"), DAYS)
    some = whole.only([DAYS[0].day, DAYS[2].day])
    assert some.digest == packed(("IRFC", "SBIN"), [DAYS[0], DAYS[2]]).digest
    assert whole.only(whole.days) is whole


@pytest.mark.parametrize("other", [[DAYS[0], DAYS[1]], [*DAYS[:2], made_day(9, rows=32, day=DAYS[2].day)]])
def test_digest_tells_days_apart(other: list[object]) -> None:
    """Fewer days, other prices, other symbols; the same days have the same digest."""
    whole = packed(("IRFC", "SBIN"), DAYS)
    assert packed(("IRFC", "SBIN"), DAYS).digest == whole.digest
    assert packed(("IRFC", "SBIN"), other).digest != whole.digest  # type: ignore[arg-type]  # tapes
    assert packed(("IRFC", "PNB"), DAYS).digest != whole.digest
