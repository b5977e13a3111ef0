"""A new trading day as pure functions (behaviour 9.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.support.level_life import MOMENT, RULES, entry_placed, target_filled, target_placed
from tests.support.states import NOW, a_level, a_state, an_execution, an_order, with_order
from tg1.models import Backoff, Charges, LastPrice, LevelState, Position, Role, Side, Traded
from tg1.rules.change import Change
from tg1.rules.charges import Plans, charges
from tg1.rules.day_roll import carried_over, expire, expired_orders, refresh
from tg1.rules.square_off import SquaredOff


def test_entry_that_lapsed_unfilled_is_fresh_without_a_rejection() -> None:
    """A DAY order's end at the close is nobody's fault."""
    change = expire(entry_placed(), Role.ENTRY, RULES, MOMENT, 1)
    assert change.level.state is LevelState.FRESH
    assert change.level.backoff.rejections == 0
    assert change.settled is None


def test_entry_that_lapsed_in_part_goes_to_its_target_with_what_filled() -> None:
    """Behaviour 5.2."""
    order = an_order(filled_quantity=40, filled_value=Decimal(1960))
    level = with_order(replace(a_level(), entry_traded=Traded(quantity=40, value=Decimal(1960))), order)
    change = expire(level, Role.ENTRY, RULES, MOMENT, 1)
    assert change.level.state is LevelState.TARGET_READY
    assert change.level.open_quantity == 40
    assert change.quantity == 0


@pytest.mark.parametrize("roles", [(Role.TARGET, Role.OCO), (Role.OCO, Role.TARGET)])
def test_open_level_keeps_its_position_and_its_hedge_price(roles: tuple[Role, ...]) -> None:
    """CNC/NRML: both legs are placed again, in whatever order they lapsed."""
    level = target_placed()
    for role in roles:
        level = expire(level, role, RULES, MOMENT, 1).level
    assert level.state is LevelState.TARGET_READY
    assert (level.open_quantity, level.oco_trade_price, level.orders) == (100, Decimal("118.50"), ())


def test_pauses_are_over_in_the_morning() -> None:
    """Reference.md 31."""
    tired = Backoff(rejections=5, paused=True)
    level = refresh(replace(a_level(), backoff=tired, oco_backoff=tired), RULES, MOMENT).level
    assert (level.backoff, level.oco_backoff) == (Backoff(), Backoff())


def test_orders_that_todays_books_still_show_have_not_expired() -> None:
    """Failures.md V.48: only what no book shows any more is unheard."""
    state = a_state()
    order = next(iter(state.levels.values())).order
    assert order is not None
    assert expired_orders(state, {order.client_id}) == []
    [gone] = expired_orders(state, set())
    assert gone.order == order
    assert "12345" in gone.sentence


def test_intraday_morning_carries_result_history_and_attention_and_nothing_else() -> None:
    """Behaviour 9.5: counters start at zero."""
    old = a_state(record_count=2, upside_oco_net_count=3, max_quantity_reached=True)
    new = a_state(
        level_count=0,
        record_count=0,
        trading_day=date(2026, 2, 17),
        downside_net_quantity=0,
        downside_oco_net_count=0,
        total_pnl=Decimal(0),
        attention=[],
        settled=[],
    )
    carried = carried_over(old, new, [], Plans())
    assert (carried.total_pnl, carried.order_history, carried.attention) == (
        old.total_pnl,
        old.order_history,
        old.attention,
    )
    assert carried.next_record_seq == 3
    assert (carried.downside_net_quantity, carried.upside_oco_net_count, carried.max_quantity_reached) == (0, 0, False)
    assert carried.levels == {}
    assert carried.trading_day > NOW.date()


def test_intraday_morning_keeps_what_the_days_before_cost_and_what_the_square_off_made() -> None:
    """Behaviour 15: a loss that was left to the broker's square-off is not gone from the next morning's net."""
    last = LastPrice(symbol="IRFC", price=Decimal("47.90"), at=NOW)
    old = a_state(charges_before=Charges(stamp=Decimal(5)), squared_off_pnl=Decimal(10), last_prices=[last])
    held = Position(account="trade", symbol="IRFC", long=Traded(quantity=100, value=Decimal(4900)))
    squared_off = [SquaredOff(position=held, last=last)]
    carried = carried_over(old, a_state(charges_before=Charges(), executed=[]), squared_off, Plans())
    assert carried.squared_off_pnl == 10 - 110
    day = charges([an_execution()], Plans())
    closing = charges([an_execution("", Side.SELL, value=Decimal(4790))], Plans())
    assert carried.charges_before.total == 5 + day.total + closing.total + 59
    assert carried.last_prices == [last]
    assert carried.executed == []


def test_level_without_the_order_is_left_as_it_is() -> None:
    """Nothing lapses where nothing worked."""
    assert expire(a_level(), Role.OCO, RULES, MOMENT, 1) == Change(level=a_level())


def test_entry_that_lapsed_in_part_has_its_rank_among_the_hedges() -> None:
    """Behaviour 6.3: of equal prices the older hedge wins, over the night, too."""
    order = an_order(filled_quantity=40, filled_value=Decimal(1960))
    level = with_order(replace(a_level(), entry_traded=Traded(quantity=40, value=Decimal(1960))), order)
    assert expire(level, Role.ENTRY, RULES, MOMENT, 9).level.opened_seq == 9


def test_round_trip_that_waited_for_its_hedges_last_word_is_over_in_the_morning() -> None:
    """Behaviour 4.6, 9.5: yesterday's cancel has its last word by the night, and the level enters again."""
    waiting = replace(target_filled(), oco_order=None)
    change = refresh(waiting, RULES, MOMENT)
    assert change.level.state is LevelState.FRESH
    assert change.record is not None
    assert (change.record.outcome, change.record.completed_at) == ("target", NOW.isoformat())
