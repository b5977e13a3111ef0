"""What is assumed of positions that were left to the broker's own square-off (behaviour 9.5, 15; charges.md)."""

from __future__ import annotations

from decimal import Decimal

from tests.support.states import NOW, a_level, a_state
from tg1.models import NO_CHARGES, Charges, LastPrice, OpenOrder, OrderSide, Position, Role, Traded, TradeSide
from tg1.rules.charges import FREE, ChargesPlan, Plans
from tg1.rules.square_off import SquaredOff, left_to_broker

LAST = LastPrice(symbol="SBIN", price=Decimal(120), at=NOW)
SHORT = Position(account="downside_oco", symbol="SBIN", short=Traded(quantity=50, value=Decimal(5850)))


def account_of(role: Role, trade_side: TradeSide) -> str:
    """Architecture 3."""
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def hedged_level() -> OpenOrder:
    """100 bought at 49 and hedged with 50 sold at 117."""
    return a_level(
        order_side=OrderSide.TARGET,
        entry_traded=Traded(quantity=100, value=Decimal(4900)),
        oco_traded=Traded(quantity=50, value=Decimal(5850)),
        oco_filled=True,
        closed=True,
    )


def test_positions_of_the_days_end_are_closed_at_the_last_price_that_was_seen() -> None:
    """TokenB sold at 117 and last seen at 120 lost 150; of TokenA no price was ever kept."""
    state = a_state(levels={"level0001": hedged_level()}, last_prices=[LAST])
    hedge, grid = left_to_broker(state, account_of)
    assert (hedge.position, hedge.last, hedge.gain) == (SHORT, LAST, Decimal(-150))
    assert (grid.position.symbol, grid.last, grid.gain) == ("IRFC", None, Decimal(0))


def test_closing_costs_an_order_and_the_brokers_fee() -> None:
    """Charges.md: a purchase of 6,000 intraday, and ₹50 with GST for the broker's own hand."""
    cost = SquaredOff(position=SHORT, last=LAST).charges(a_state(), Plans())
    assert cost.brokerage == Decimal("1.8") + 50
    assert (cost.stt, cost.stamp) == (Decimal(0), Decimal("0.18"))
    assert cost.gst == Decimal("0.18") * (cost.brokerage + cost.exchange + cost.sebi)


def test_what_is_flat_or_has_no_price_costs_nothing_that_is_known() -> None:
    """Nothing is made up."""
    flat = Position(
        account="trade",
        symbol="SBIN",
        long=Traded(quantity=50, value=Decimal(5900)),
        short=Traded(quantity=50, value=Decimal(6000)),
    )
    assert SquaredOff(position=flat, last=LAST).charges(a_state(), Plans()) == NO_CHARGES == Charges()
    assert SquaredOff(position=flat, last=None).gain == 100
    assert SquaredOff(position=SHORT, last=None).charges(a_state(), Plans()) == NO_CHARGES


def test_single_share_that_is_sold_off_pays_by_its_own_accounts_plan() -> None:
    """Charges.md: a sale is taxed and not stamped; brokerage and the broker's fee are those of the account's plan."""
    one = Position(account="upside_oco", symbol="SBIN", long=Traded(quantity=1, value=Decimal(121)))
    plans = Plans(by_account={"upside_oco": ChargesPlan(intraday=FREE, square_off_fee=Decimal(30))})
    cost = SquaredOff(position=one, last=LAST).charges(a_state(), plans)
    assert (cost.brokerage, cost.stt, cost.stamp) == (Decimal(30), Decimal("0.03"), Decimal(0))
