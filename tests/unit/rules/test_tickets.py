"""Which order is placed for a level: type, prices and quantity, for all levels and markets (behaviour 1.2, 2, 6)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.level_life import MOMENT, RULES, target_ready
from tests.support.states import a_level
from tg1.models import OcoOrderType, OrderTerms, OrderType, Role, Side, Traded, TradeSide
from tg1.rules.tickets import entry_ticket, oco_ticket, target_ticket

TICKS = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal("0.10"), Decimal(1)])
PRICES = st.decimals("1", "5000", places=2)


def test_entry_is_a_limit_at_the_levels_price_and_notes_token_bs() -> None:
    """Architecture 7, behaviour 5.3: the price of the placement is the fallback of the hedge."""
    ticket = entry_ticket(a_level(), RULES, MOMENT)
    assert ticket.terms == OrderTerms(
        symbol="IRFC", side=Side.BUY, quantity=100, order_type=OrderType.LIMIT, limit_price=Decimal("49.00")
    )
    assert (ticket.role, ticket.level.token_b_price) == (Role.ENTRY, Decimal("120.50"))


def test_target_is_for_what_the_level_holds_open() -> None:
    """Architecture 8, behaviour 5.2: what filled, less what the target sold already."""
    level = replace(target_ready(), target_traded=Traded(quantity=30, value=Decimal(1485)))
    ticket = target_ticket(level, RULES)
    assert ticket.terms == OrderTerms(
        symbol="IRFC", side=Side.SELL, quantity=70, order_type=OrderType.LIMIT, limit_price=Decimal("49.50")
    )
    assert (ticket.role, ticket.level) == (Role.TARGET, level)


def test_prices_are_put_on_the_tick_of_the_day() -> None:
    """Behaviour 1.2: the tick may have changed since the level was made."""
    level = a_level(entry_price=Decimal("49.05"))
    assert entry_ticket(level, replace(RULES, tick_a=Decimal("0.10")), MOMENT).terms.limit_price == Decimal("49.10")


def test_hedges_prices_are_put_on_the_tick_of_the_day() -> None:
    """Behaviour 1.2: 117.95 and its limit, 0.5 % off, on a tick of 0.10 that came after the level was filled."""
    level = replace(target_ready(), oco_trade_price=Decimal("117.95"))
    terms = oco_ticket(level, replace(RULES, tick_b=Decimal("0.10")), Decimal("120.50")).terms
    assert (terms.trigger_price, terms.limit_price) == (Decimal("118.00"), Decimal("117.40"))


@pytest.mark.parametrize(
    ("price_b", "order_type", "limit", "trigger"),
    [
        pytest.param("120.50", OrderType.STOPLIMIT, "117.90", "118.50", id="ahead"),
        pytest.param("118.50", OrderType.LIMIT, "117.90", None, id="reached"),
        pytest.param("117.00", OrderType.LIMIT, "117.90", None, id="passed"),
    ],
)
def test_hedge_of_a_buy_waits_below_the_market(
    price_b: str, order_type: OrderType, limit: str, trigger: str | None
) -> None:
    """Behaviour 6.1: SELL 118.50, and 0.5 % of it, 0.59, in the paying direction, on a tick of 0.05."""
    ticket = oco_ticket(target_ready(), RULES, Decimal(price_b))
    terms = ticket.terms
    assert (ticket.role, ticket.level, terms.symbol) == (Role.OCO, target_ready(), "SBIN")
    assert (terms.side, terms.quantity, terms.order_type) == (Side.SELL, 50, order_type)
    assert terms.limit_price == Decimal(limit)
    assert terms.trigger_price == (None if trigger is None else Decimal(trigger))


def test_crossed_hedge_of_a_sell_is_a_limit_above_its_price() -> None:
    """Behaviour 6.1: BUY 122.50 and 0.5 % of it, 0.61, in the paying direction, on a tick of 0.05."""
    level = replace(target_ready(), trade_side=TradeSide.UPSIDE, oco_trade_price=Decimal("122.50"))
    terms = oco_ticket(level, RULES, Decimal("122.60")).terms
    assert (terms.order_type, terms.limit_price, terms.trigger_price) == (OrderType.LIMIT, Decimal("123.15"), None)


@given(TICKS, st.sampled_from(TradeSide), st.integers(100, 4000), st.integers(1, 200))
def test_crossed_hedge_has_the_limit_that_its_stop_had(tick: Decimal, side: TradeSide, steps: int, past: int) -> None:
    """Behaviour 6.1: the same order, but for its trigger."""
    rules = replace(RULES, tick_b=tick)
    level = replace(target_ready(), trade_side=side, oco_trade_price=steps * tick)
    away = past * tick * level.oco_trade_direction.sign
    ahead = oco_ticket(level, rules, steps * tick - away).terms
    crossed = oco_ticket(level, rules, steps * tick + away).terms
    assert (ahead.order_type, crossed.order_type) == (OrderType.STOPLIMIT, OrderType.LIMIT)
    assert replace(ahead, order_type=OrderType.LIMIT, trigger_price=None) == crossed


@pytest.mark.parametrize(
    ("sold", "hedged", "quantity"),
    [(0, 0, 50), (30, 0, 35), (90, 0, 5), (99, 0, 1), (0, 20, 30), (50, 20, 5), (31, 0, 35), (29, 0, 36)],
)
def test_hedge_is_for_what_the_level_still_needs(sold: int, hedged: int, quantity: int) -> None:
    """Behaviour 6.3: max(1, round(50 x open / 100)), a half rounded up, less what the hedge has filled."""
    level = replace(
        target_ready(),
        target_traded=Traded(quantity=sold, value=sold * Decimal("49.50")),
        oco_traded=Traded(quantity=hedged, value=hedged * Decimal("118.40")),
    )
    assert oco_ticket(level, RULES, Decimal("120.50")).terms.quantity == quantity


def test_plain_limits_are_never_stops() -> None:
    """Behaviour 6.2."""
    terms = oco_ticket(target_ready(), replace(RULES, oco_order_type=OcoOrderType.LIMIT), Decimal("120.50")).terms
    assert (terms.order_type, terms.limit_price, terms.trigger_price) == (OrderType.LIMIT, Decimal("118.50"), None)


@given(
    side=st.sampled_from(TradeSide), oco_price=PRICES, price_b=PRICES, tick=TICKS, kind=st.sampled_from(OcoOrderType)
)
def test_every_hedge_is_on_tick_above_nothing_and_a_stop_only_ahead_of_the_market(
    side: TradeSide, oco_price: Decimal, price_b: Decimal, tick: Decimal, kind: OcoOrderType
) -> None:
    """Behaviour 1.2, 6.1, 6.2, 6.4: two order types, prices on tick, a limit that pays at least the trigger."""
    level = replace(target_ready(), trade_side=side, oco_trade_price=oco_price)
    terms = oco_ticket(level, replace(RULES, tick_b=tick, oco_order_type=kind), price_b).terms
    assert terms.side is (Side.BUY if side is TradeSide.UPSIDE else Side.SELL)
    assert terms.limit_price % tick == 0
    if terms.order_type is OrderType.STOPLIMIT:
        assert terms.trigger_price is not None
        assert terms.trigger_price % tick == 0
        assert (terms.trigger_price - price_b) * terms.side.sign > 0
        assert (terms.limit_price - terms.trigger_price) * terms.side.sign >= 0 or terms.limit_price == tick
    else:
        assert terms.trigger_price is None
