"""How one level moves: every row of architecture 6's summary, and what can't happen (behaviour 5, 6.5, 8, 15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.states import NOW, a_level, an_order
from tg1.models import (
    NO_BACKOFF,
    NOTHING_TRADED,
    Backoff,
    BrokerOrder,
    LegOrder,
    LevelState,
    OpenOrder,
    OrderStatus,
    OrderType,
    Role,
    Side,
    Traded,
    TradeSide,
)
from tg1.rules.reconcile import resolve
from tg1.rules.transitions import (
    Change,
    Moment,
    Rules,
    apply_reading,
    never_arrived,
    next_backoff,
    realised,
    refused,
    set_pending_hedge,
)

RULES = Rules(
    token_a_symbol="IRFC",
    token_b_symbol="SBIN",
    has_oco=True,
    auto_reenter=True,
    oco_spread=Decimal(2),
    tick_b=Decimal("0.05"),
    new_uuid=lambda: "another",
)
MOMENT = Moment(now=NOW, token_b_price=Decimal("120.50"))
BLIND = Moment(now=NOW, token_b_price=None)


def see(
    level: OpenOrder,
    role: Role,
    status: OrderStatus,
    filled: int = 0,
    price: str = "49.00",
    *,
    rules: Rules = RULES,
    moment: Moment = MOMENT,
    reason: str = "",
) -> Change:
    """The change that a row of the level's order makes."""
    order = level.oco_order if role is Role.OCO else level.order
    assert order is not None
    row = BrokerOrder(
        order_id=order.order_id or "777",
        client_id=order.client_id,
        status=status,
        raw_status=status,
        side=order.side,
        quantity=order.quantity,
        filled_quantity=filled,
        average_price=Decimal(price) if filled else None,
        limit_price=order.limit_price,
        reason=reason,
    )
    return apply_reading(level, resolve(order, row), rules, moment, 7)


def entry_placed() -> OpenOrder:
    """ENTRY_PLACED: BUY 100 @ 49.00."""
    return a_level().with_order(an_order())


def target_ready() -> OpenOrder:
    """TARGET_READY: hedge price 118.50."""
    return see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100).level


def target_placed(*, quantity: int = 100, cancelling: bool = False) -> OpenOrder:
    """TARGET_PLACED with its OCO at work."""
    target = an_order(
        "TAGXXGENUD01T000", role=Role.TARGET, side=Side.SELL, quantity=quantity, limit_price=Decimal("49.50")
    )
    return target_ready().with_order(replace(target, cancel_sent=cancelling)).with_order(an_oco())


def an_oco(*, cancelling: bool = False) -> LegOrder:
    """SELL 50 SBIN at 118.50."""
    return an_order(
        "TAGXXGENUD01O000",
        role=Role.OCO,
        side=Side.SELL,
        symbol="SBIN",
        quantity=50,
        order_type=OrderType.STOPLIMIT,
        limit_price=Decimal("117.90"),
        trigger_price=Decimal("118.50"),
        order_id="999",
        cancel_sent=cancelling,
    )


def test_entry_that_fills_turns_into_its_target_and_hedge() -> None:
    """Architecture 6 row 2 and 8: the example, 49.00 with TokenB at 120.50."""
    change = see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100)
    level = change.level
    assert level.state is LevelState.TARGET_READY
    assert (level.entry_trade_direction, level.entry_trade_price) == (Side.SELL, Decimal("49.50"))
    assert (level.oco_trade_direction, level.oco_trade_price) == (Side.SELL, Decimal("118.50"))
    assert (level.entry_order_id, level.token_b_price, level.opened_seq) == (None, None, 7)
    assert (change.quantity, change.entered, change.pnl) == (100, True, Decimal(0))


@pytest.mark.parametrize(
    ("noted", "moment", "expected"),
    [
        pytest.param("119.00", MOMENT, "118.50", id="fresh-price-wins"),
        pytest.param("119.00", BLIND, "117.00", id="noted-price-is-the-fallback"),
        pytest.param(None, BLIND, None, id="neither-is-pending"),
    ],
)
def test_hedge_price_comes_from_the_fill_then_the_placement(
    noted: str | None, moment: Moment, expected: str | None
) -> None:
    """Behaviour 5.3."""
    level = replace(entry_placed(), token_b_price=None if noted is None else Decimal(noted))
    found = see(level, Role.ENTRY, OrderStatus.FILLED, 100, moment=moment).level.oco_trade_price
    assert found == (None if expected is None else Decimal(expected))


def test_pending_hedge_is_set_from_the_first_price() -> None:
    """Behaviour 5.3, 5.4."""
    level = see(entry_placed(), Role.ENTRY, OrderStatus.FILLED, 100, moment=BLIND).level
    hedged = set_pending_hedge(level, RULES, Decimal("130.00")).level
    assert (hedged.oco_trade_price, hedged.hedged_from, hedged.token_b_price) == (Decimal(128), Decimal(130), None)


def test_partly_filled_entry_waits_and_counts() -> None:
    """Behaviour 5.2, 5.1."""
    change = see(entry_placed(), Role.ENTRY, OrderStatus.WORKING, 40)
    assert change.level.state is LevelState.ENTRY_PLACED
    assert change.quantity == 40


def test_entry_that_ended_unfilled_is_fresh_again_and_backs_off() -> None:
    """Architecture 6, "Any PLACED, order rejected: previous state"; behaviour 8."""
    change = see(entry_placed(), Role.ENTRY, OrderStatus.REJECTED, reason="Margin Exceeds")
    assert change.level.state is LevelState.FRESH
    assert change.level.backoff == Backoff(rejections=1, retry_at=NOW, reason="Margin Exceeds")


def test_target_that_fills_resets_the_level_once_its_hedge_has_ended() -> None:
    """Architecture 6 row 4 and 9; behaviour 4.6: not before the hedge's last word."""
    filled = see(target_placed(), Role.TARGET, OrderStatus.FILLED, 100, "49.50")
    assert filled.level.state is LevelState.TARGET_FILLED
    assert (filled.quantity, filled.pnl, filled.target_filled, filled.record) == (-100, Decimal(50), True, None)
    waiting = filled.level.with_order(an_oco(cancelling=True))
    reset = see(waiting, Role.OCO, OrderStatus.CANCELLED)
    level = reset.level
    assert level.state is LevelState.FRESH
    assert (level.uuid, level.entry_trade_price, level.entry_trade_direction) == ("another", Decimal("49.00"), Side.BUY)
    assert (level.oco_trade_price, level.hedged_from, level.entry_traded) == (None, None, NOTHING_TRADED)
    assert reset.record is not None
    assert (reset.record.outcome, reset.record.realised_pnl) == ("target", Decimal(50))
    assert (reset.quantity, reset.pnl) == (0, Decimal(0))


def test_level_without_reentry_closes_after_its_trip() -> None:
    """Behaviour 1.5."""
    rules = replace(RULES, auto_reenter=False)
    level = replace(target_placed(), oco_order=None)
    assert see(level, Role.TARGET, OrderStatus.FILLED, 100, "49.50", rules=rules).level.state is LevelState.CLOSED


def test_hedge_that_fills_closes_the_level_and_concludes_after_the_target() -> None:
    """Architecture 6 row 5 and 10: counted at once, recorded once."""
    change = see(target_placed(cancelling=True), Role.OCO, OrderStatus.FILLED, 50, "118.40")
    assert change.level.state is LevelState.OCO_FILLED
    assert (change.oco_count, change.quantity, change.pnl, change.record) == (1, 0, Decimal(0), None)
    done = see(change.level, Role.TARGET, OrderStatus.CANCELLED)
    assert done.level.closed
    assert done.oco_count == 0
    assert done.record is not None
    assert (done.record.outcome, done.record.oco_average) == ("oco", Decimal("118.40"))


@pytest.mark.parametrize("first", [Role.TARGET, Role.OCO])
def test_both_sides_filled_close_the_level_with_attention_whichever_is_seen_first(first: Role) -> None:
    """Behaviour 6.5."""
    fills = {Role.TARGET: (100, "49.50"), Role.OCO: (50, "118.40")}
    second = Role.OCO if first is Role.TARGET else Role.TARGET
    one = see(target_placed(), first, OrderStatus.FILLED, *fills[first])
    two = see(one.level, second, OrderStatus.FILLED, *fills[second])
    assert two.level.closed
    assert one.oco_count + two.oco_count == 1
    assert one.quantity + two.quantity == -100
    assert one.pnl + two.pnl == 50
    assert two.record is not None
    assert two.record.outcome == "both"
    assert "50 SBIN" in two.attention[0][1]


def test_never_arrived_frees_the_leg_without_a_backoff() -> None:
    """Behaviour 3.3: a new attempt is free at once."""
    level = entry_placed()
    assert level.order is not None
    change = never_arrived(level, level.order)
    assert change.level.state is LevelState.FRESH
    assert change.level.backoff == NO_BACKOFF
    assert change.settled == level.order


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


events = st.tuples(
    st.sampled_from([Role.TARGET, Role.OCO]),
    st.sampled_from([OrderStatus.WORKING, OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED]),
    st.integers(0, 100),
)


@given(st.lists(events, max_size=8))
def test_no_history_of_rows_breaks_the_books_of_a_level(history: list[tuple[Role, OrderStatus, int]]) -> None:
    """Architecture 6, behaviour 6.5: shares, P&L and hedges always follow from what traded; closed is for good."""
    level, quantity, pnl, hedges, records = target_placed(), 100, Decimal(0), 0, 0
    for role, status, filled in history:
        order = level.oco_order if role is Role.OCO else level.order
        if order is None:
            continue
        change = see(level, role, status, min(filled, order.quantity), "49.50")
        was_closed = level.closed
        level = change.level
        quantity += change.quantity
        pnl += change.pnl
        hedges += change.oco_count
        records += change.record is not None
        assert level.closed or not was_closed
        assert hedges == int(level.oco_filled)
        if level.uuid == "another":
            assert (quantity, records, level.orders) == (0, 1, ())
            return
        assert quantity == level.open_quantity
        assert pnl == realised(level)
    assert records == int(level.closed)
