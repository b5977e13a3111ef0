"""Moves of the OCO spread in B, and what the entry on A stood at."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.pair.made import linked, pair
from tg1.pair.passages import passages


def test_fall_of_both_is_a_loss_of_the_buy_entry() -> None:
    """B falls by 2, A by 1: the hedge of a BUY entry, which has lost 1."""
    found = passages([pair([50, 49.5, 49], [100, 99, 98])], 2.0)
    assert (found.moves, found.with_loss, found.median_loss) == (1, 1, 1.0)


def test_rise_of_both_is_a_loss_of_the_sell_entry() -> None:
    """B rises by 2, A by 1."""
    found = passages([pair([50, 50.5, 51], [100, 101, 102])], 2.0)
    assert (found.moves, found.with_loss, found.median_loss) == (1, 1, 1.0)


def test_opposite_moves_are_no_loss() -> None:
    """The sign is wrong: A has won when the hedge fires."""
    found = passages([pair([50, 50.5, 51], [100, 99, 98])], 2.0)
    assert (found.moves, found.with_loss, found.median_loss) == (1, 0, -1.0)


def test_no_move_counts_twice() -> None:
    """The next watch begins where the last one ended."""
    b = [100, 99, 98, 97, 96, 95]
    assert passages([pair(b, b)], 2.0).moves == 2
    assert passages([pair(b, b), pair(b, b)], 2.0).moves == 4


def test_watch_ends_at_an_outage() -> None:
    """What moved while nobody looked is not counted."""
    assert passages([pair([50, 50, 48, 48], [100, 100, 98, 98], [0, 1, 400, 401])], 2.0).moves == 0


def test_without_a_move_nothing_is_known() -> None:
    """From 0 to 100 %."""
    found = passages([pair([50, 50], [100, 100])], 2.0)
    assert (found.moves, found.share, found.sure) == (0, 0.0, (0.0, 1.0))


@given(beta=st.sampled_from([-1.0, 1.0]), seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_linked_shares_lose_together(beta: float, seed: int) -> None:
    """Nearly always with the right sign, nearly never with the wrong one."""
    found = passages(linked(seed, beta, 0.1, days=2), 0.25)
    assert found.moves > 5
    assert found.share > 0.9 if beta > 0 else found.share < 0.1
    assert np.sign(found.median_loss) == np.sign(beta)
