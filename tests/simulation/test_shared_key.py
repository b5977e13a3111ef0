"""Whole bots on shared app keys with the keys' limits on: nothing refused, nobody blind, and it can fail."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from tests.simulation.shared_key import at, run
from tg1.xts.turns import Turn


@pytest.mark.parametrize("bots", [1, 3])
def test_no_request_of_a_few_bots_is_refused(bots: int) -> None:
    """Two virtual minutes with 5 ms of jitter (behaviour 11.3)."""
    figures = run(bots, 120.0)
    assert figures.refused == 0
    assert max(figures.waits) <= 2.0
    assert sum(figures.reads.values()) >= 110


def test_reads_counted_from_their_sending_are_refused() -> None:
    """The simulation can fail: with a second from sending to sending, jitter alone brings refusals (behaviour 11.3)."""
    with patch.object(Turn, "due", property(lambda turn: turn.asked_at + 1.0)):
        assert run(1, 120.0).refused > 10


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(1, 6))
def test_ten_bots_of_one_key_see_every_book_and_place_their_targets(seed: int) -> None:
    """Ten virtual minutes: no refusal, every book within 2 s, fill to target under 2.5 s at p95 (behaviour 11.3)."""
    figures = run(10, 600.0, seed=seed)
    assert figures.refused == 0
    assert max(figures.waits) <= 2.0
    assert at(sorted(figures.fill_to_target), 95) < 2.5


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(1, 6))
def test_one_bot_is_not_refused_in_ten_minutes(seed: int) -> None:
    """One bot alone lost a quarter of its reads when they were counted from the sending (behaviour 11.3)."""
    assert run(1, 600.0, seed=seed).refused == 0
