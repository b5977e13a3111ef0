"""How a round trip ends: what it has won, what is written down, what its level does next (architecture 9, 10)."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import RULES
from tests.support.states import NOW, a_level, an_order
from tg1.models import (
    NOTHING_TRADED,
    Backoff,
    OpenOrder,
    OrderHistoryRecord,
    OrderSide,
    Role,
    Side,
    Traded,
    TradeSide,
)
from tg1.rules.change import Change, Note
from tg1.rules.conclusions import conclude, realised


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


def a_round_trip(**changes: object) -> OpenOrder:
    """100 bought at 49.10 and sold at 49.60, hedged from 120.50 at 118.50 by an order that has not filled."""
    values: dict[str, object] = {
        "order_side": OrderSide.TARGET,
        "entry_traded": Traded(quantity=100, value=Decimal(4910)),
        "target_traded": Traded(quantity=100, value=Decimal(4960)),
        "oco_trade_price": Decimal("118.50"),
        "hedged_from": Decimal("120.50"),
        "opened_seq": 7,
        "opened_at": NOW - timedelta(minutes=5),
        "attempts": 4,
        "backoff": Backoff(rejections=2),
        "oco_backoff": Backoff(rejections=3),
        **changes,
    }
    return a_level(1, **values)


def a_trip_record(**changes: object) -> OrderHistoryRecord:
    """What is written down of it, but for what a hedge adds."""
    record = OrderHistoryRecord(
        seq=0,
        uuid="level0001",
        bot_name="IRFC-SBIN Grid",
        trade_side=TradeSide.DOWNSIDE,
        level=1,
        outcome="target",
        entry_direction=Side.BUY,
        entry_price=Decimal(49),
        entry_quantity=100,
        entry_average=Decimal("49.1"),
        entry_time="2026-02-16T10:25:00+05:30",
        target_price=Decimal("49.50"),
        target_quantity=100,
        target_average=Decimal("49.6"),
        oco_price=Decimal("118.50"),
        oco_quantity=0,
        oco_average=Decimal(0),
        token_b_price=Decimal("120.50"),
        realised_pnl=Decimal(50),
        completed_at="2026-02-16T10:30:00+05:30",
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def test_round_trip_is_written_down_whole_and_its_level_enters_again() -> None:
    """Architecture 9, behaviour 1.1, 3.1: its own price under a new uuid; only the attempts go on counting."""
    level = a_round_trip(token_b_price=Decimal(119))
    assert conclude(level, RULES, NOW) == Change(
        level=a_level(uuid="another", attempts=4),
        record=a_trip_record(),
        notes=(Note(text="[downside] Level reset for re-entry: BUY @ 49.00"),),
    )


def test_round_trip_without_reentry_closes_its_level() -> None:
    """Behaviour 1.5: closed for good, and said."""
    change = conclude(a_round_trip(), replace(RULES, auto_reenter=False), NOW)
    assert change.level == a_level(uuid="another", attempts=4, closed=True)
    assert change.record == a_trip_record()
    assert change.notes == (Note(text="[downside] Level closed, no re-entry: BUY @ 49.00"),)


def test_level_that_opened_before_times_were_kept_says_none() -> None:
    """A state of an earlier TG1 has no time of the entry."""
    record = conclude(a_round_trip(opened_at=None), RULES, NOW).record
    assert record == a_trip_record(entry_time="")


@pytest.mark.parametrize(
    "level",
    [
        pytest.param(a_level(), id="fresh"),
        pytest.param(a_round_trip(target_traded=Traded(quantity=99, value=Decimal(4910))), id="a-share-is-open"),
        pytest.param(a_round_trip(oco_order=an_order(role=Role.OCO)), id="its-hedge-may-still-fill"),
        pytest.param(a_round_trip(closed=True, oco_filled=True), id="concluded-already"),
    ],
)
def test_level_that_is_not_over_is_left_as_it_is(level: OpenOrder) -> None:
    """Behaviour 4.6: both legs have had their last word, or nothing is concluded."""
    assert conclude(level, RULES, NOW) == Change(level=level)


HALF = Traded(quantity=50, value=Decimal(5920))
SOLD_60 = Traded(quantity=60, value=Decimal(2976))


@pytest.mark.parametrize(
    ("target", "hedge", "outcome", "realised_pnl", "excess"),
    [
        pytest.param(NOTHING_TRADED, HALF, "oco", 0, "", id="hedged"),
        pytest.param(SOLD_60, Traded(quantity=20, value=Decimal(2368)), "both", 30, "", id="hedge-of-what-is-left"),
        pytest.param(
            SOLD_60,
            HALF,
            "both",
            30,
            "downside level 1: target and OCO both filled; SELL of 30 SBIN is an unhedged position, close it by hand",
            id="part-sold-and-hedged-whole",
        ),
        pytest.param(
            NOTHING_TRADED,
            Traded(quantity=51, value=Decimal(6000)),
            "oco",
            0,
            "downside level 1: its OCO filled more than it needs; SELL of 1 SBIN is an unhedged position, "
            "close it by hand",
            id="a-share-too-many",
        ),
    ],
)
def test_hedged_level_is_closed_and_what_hedges_nothing_is_the_operators(
    target: Traded, hedge: Traded, outcome: str, realised_pnl: int, excess: str
) -> None:
    """Behaviour 6.3, 6.5: both are booked, the level is closed, the unhedged quantity is said at ERROR and kept."""
    level = a_round_trip(target_traded=target, oco_traded=hedge, oco_filled=True)
    change = conclude(level, RULES, NOW)
    assert change.level == replace(level, closed=True)
    assert change.record == a_trip_record(
        outcome=outcome,
        realised_pnl=Decimal(realised_pnl),
        target_quantity=target.quantity,
        target_average=target.average,
        oco_quantity=hedge.quantity,
        oco_average=hedge.average,
    )
    note = Note(text=f"[downside] BOTH SIDES FILLED: {excess}", severity=logging.ERROR)
    assert change.notes == ((note,) if excess else ())
    assert change.attention == ((("both-filled level0001", excess),) if excess else ())


def test_part_of_a_hedge_beside_a_filled_target_retires_the_level() -> None:
    """Behaviour 6.5: 20 TokenB hedge nothing; nothing re-enters until somebody has looked."""
    level = a_round_trip(oco_traded=Traded(quantity=20, value=Decimal(2368)))
    change = conclude(level, RULES, NOW)
    assert change.level == replace(level, closed=True)
    assert change.record == a_trip_record(outcome="both", oco_quantity=20, oco_average=Decimal("118.4"))
    [(_, text)] = change.attention
    assert "SELL of 20 SBIN is an unhedged position" in text
