"""Waits by the wall clock, which may be put right, or have no beginning that anyone knows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.states import NOW
from tg1.rules.timing import has_waited, is_recent


@pytest.mark.parametrize(("secs", "waited"), [(0, False), (29.9, False), (30, True), (90, True), (-1, True)])
def test_wait_is_over_after_its_time_and_when_the_clock_ran_back(secs: float, waited: bool) -> None:  # noqa: FBT001
    """A clock that was put back holds nothing longer than the wait itself."""
    assert has_waited(NOW - timedelta(seconds=secs), NOW, 30.0) is waited


@pytest.mark.parametrize(("secs", "recent"), [(0, True), (60, True), (60.1, False), (-1, False)])
def test_recent_is_what_surely_was(secs: float, recent: bool) -> None:  # noqa: FBT001
    """Behaviour 5.3: a price of unknown age is no fallback."""
    assert is_recent(NOW - timedelta(seconds=secs), NOW, 60.0) is recent


def test_nobody_knows_since_when() -> None:
    """A state of an earlier TG1 names no times: waits are over, and nothing is recent."""
    assert has_waited(None, NOW, 30.0)
    assert not is_recent(None, NOW, 30.0)
