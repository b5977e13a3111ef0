"""The operator's pause: no new entries of a side, resting ones withdrawn, everything that protects left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import NOW, a_level, an_order, with_order
from tg1.models import OrderSide, Role, Side, TradeSide
from tg1.rules.decide import entries_due, targets_due
from tg1.rules.pausing import entries_to_withdraw, may_open

BUY = a_level(1)
SELL = replace(a_level(2), trade_side=TradeSide.UPSIDE)


@pytest.mark.parametrize(
    ("paused", "due"), [([], [BUY, SELL]), ([Side.BUY], [SELL]), ([Side.SELL], [BUY]), ([Side.BUY, Side.SELL], [])]
)
def test_a_paused_side_has_no_candidates(paused: list[Side], due: list[object]) -> None:
    """The other side goes on."""
    assert entries_due([BUY, SELL], NOW, 0, paused) == due
    assert [may_open(level, paused) for level in (BUY, SELL)] == [BUY in due, SELL in due]


def test_a_resting_entry_of_a_paused_side_is_withdrawn() -> None:
    """A trader who pauses buys wants no more buys; in doubt it is withdrawn once the book shows it."""
    resting = with_order(BUY, an_order(role=Role.ENTRY))
    assert entries_to_withdraw([resting, SELL], [Side.BUY]) == [resting]
    assert entries_to_withdraw([resting, SELL], [Side.SELL]) == []


@given(paused=st.lists(st.sampled_from(Side), unique=True))
def test_targets_and_hedges_know_no_pause(paused: list[Side]) -> None:
    """What is open keeps its target, on either side; it is due whatever is paused, and never withdrawn."""
    opened = replace(BUY, order_side=OrderSide.TARGET)
    assert targets_due([opened], NOW) == [opened]
    working = with_order(opened, an_order(role=Role.TARGET))
    hedged = replace(opened, oco_order=an_order(role=Role.OCO))
    assert entries_to_withdraw([working, hedged], paused) == []
