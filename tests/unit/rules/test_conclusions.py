"""What a round trip has won (behaviour 15)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import a_level
from tg1.models import Traded, TradeSide
from tg1.rules.conclusions import realised


@given(
    entry=st.decimals("40", "60", places=2),
    target=st.decimals("40", "60", places=2),
    opened=st.integers(1, 500),
    closed=st.integers(0, 500),
    side=st.sampled_from(TradeSide),
)
def test_result_is_of_the_matched_quantity_only(
    entry: Decimal, target: Decimal, opened: int, closed: int, side: TradeSide
) -> None:
    """Behaviour 15, reference.md 30: shares both bought and sold, at their real prices."""
    closed = min(opened, closed)
    level = a_level(
        trade_side=side,
        entry_traded=Traded(quantity=opened, value=opened * entry),
        target_traded=Traded(quantity=closed, value=closed * target),
    )
    gain = (target - entry) * closed * level.entry_direction.sign
    assert abs(realised(level) - gain) < Decimal("1e-15")
