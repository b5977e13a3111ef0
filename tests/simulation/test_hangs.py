"""Whole simulated minutes in which an account hangs, or the disk is full, while TokenB passes the hedges of another."""

from __future__ import annotations

import logging
from collections import Counter

import pytest

from tests.simulation.effectiveness import ALARMED, FILLED
from tests.simulation.hangs import FALL, SLIDE, hedges_met

pytestmark = pytest.mark.usefixtures("quiet_logs")


@pytest.fixture
def quiet_logs(caplog: pytest.LogCaptureFixture) -> None:
    """A whole simulated minute has little to say."""
    caplog.set_level(logging.CRITICAL, "tg1")


def phases(**scene: float | str) -> Counter[str]:
    """What became of the hedges, passed from a second before the hang to seven after its beginning."""
    found: Counter[str] = Counter()
    for eighth in (-8, 1, 9, 23, 31, 47):
        found += hedges_met(eighth / 8, **scene)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("hang_secs", [1.0, 60.0], ids=["one-answer-lost", "for-a-minute"])
@pytest.mark.parametrize(("price", "passed"), [(SLIDE, 18), (FALL, 24)], ids=["slides", "falls"])
def test_hedges_are_filled_or_alarmed_in_five_seconds_though_another_account_hangs(
    price: str, passed: int, hang_secs: float
) -> None:
    """Behaviour 7.4, 11.6: the bot waits for one account, and the others' hedges do not."""
    found = phases(price=price, hang_secs=hang_secs)
    assert found.total() == found[FILLED] + found[ALARMED] == passed


@pytest.mark.parametrize("hang_secs", [0.0, 1.0], ids=["nobody-hangs", "another-account-hangs"])
def test_hedges_are_alarmed_in_five_seconds_though_the_disk_is_full(hang_secs: float) -> None:
    """Behaviour 9.2: no order may be placed; that a level is naked is said all the same."""
    found = phases(price=FALL, hang_secs=hang_secs, full_secs=11.0)
    assert found == {ALARMED: 24}
