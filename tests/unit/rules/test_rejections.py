"""Orders that are refused again and again (behaviour 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import MOMENT, entry_placed, see
from tests.support.states import NOW
from tg1.models import NO_BACKOFF, Backoff, OrderStatus, Role
from tg1.rules.rejections import is_due, next_backoff, refused

LATER = Backoff(rejections=3, retry_at=NOW + timedelta(seconds=4))
PAUSED = Backoff(rejections=5, retry_at=NOW, paused=True)


@pytest.mark.parametrize(
    ("backoff", "due"),
    [
        pytest.param(Backoff(), True, id="never-rejected"),
        pytest.param(LATER, False, id="backing-off"),
        pytest.param(PAUSED, False, id="paused"),
        pytest.param(Backoff(rejections=2, retry_at=NOW), True, id="time-has-come"),
        pytest.param(Backoff(rejections=2, retry_at=NOW + timedelta(hours=2)), True, id="clock-jumped-back"),
    ],
)
def test_leg_is_due_unless_paused_or_backing_off(backoff: Backoff, due: bool) -> None:  # noqa: FBT001
    """Behaviour 8; failures.md III.29: both sides of the guard."""
    assert is_due(backoff, NOW) is due


def test_rejections_wait_longer_each_time_and_pause_at_the_fifth() -> None:
    """Behaviour 8: next cycle, then 2, 4, 8 s; the fifth pauses the level."""
    backoff, waits = NO_BACKOFF, []
    for _ in range(5):
        backoff = next_backoff(backoff, "no", NOW)
        assert backoff.retry_at is not None
        waits.append((backoff.retry_at - NOW).total_seconds())
    assert waits[:4] == [0, 2, 4, 8]
    assert backoff.paused
    assert all(wait <= 60 for wait in waits)


@given(st.integers(0, 500))
def test_back_off_is_bounded_by_a_minute(rejections: int) -> None:
    """Behaviour 8: … 60 s."""
    after = next_backoff(Backoff(rejections=rejections), "no", NOW)
    assert after.retry_at is not None
    assert timedelta() <= after.retry_at - NOW <= timedelta(seconds=60)


def test_fifth_refusal_calls_for_attention_with_the_brokers_reason() -> None:
    """Behaviour 8."""
    level = replace(entry_placed(), backoff=Backoff(rejections=4, retry_at=NOW))
    assert level.order is not None
    change = refused(level, level.order, "RMS:Rule", NOW)
    assert change.level.backoff.paused
    assert "RMS:Rule" in change.attention[0][1]


def test_fill_clears_the_count_and_being_seen_at_work_does_not() -> None:
    """Behaviour 8: "a success clears the count"; a broker's square-off lets each order live for a moment."""
    level = replace(entry_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    assert see(level, Role.ENTRY, OrderStatus.WORKING).level.backoff.rejections == 3
    assert see(level, Role.ENTRY, OrderStatus.WORKING, 10).level.backoff == NO_BACKOFF


@pytest.mark.parametrize(("rested_secs", "count"), [(59, 4), (61, 1)])
def test_order_that_rested_a_minute_begins_a_new_row_of_rejections(rested_secs: int, count: int) -> None:
    """Behaviour 8: five in a row."""
    level = replace(entry_placed(), backoff=Backoff(rejections=3, retry_at=NOW))
    working = see(level, Role.ENTRY, OrderStatus.WORKING).level
    later = replace(MOMENT, now=NOW + timedelta(seconds=rested_secs))
    assert see(working, Role.ENTRY, OrderStatus.CANCELLED, moment=later).level.backoff.rejections == count
