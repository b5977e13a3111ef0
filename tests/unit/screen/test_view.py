"""What an operator is shown of a running bot: the money first, and every count in a trader's words (behaviour 15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.support.states import GRID, NOW, a_level, a_state, an_order
from tg1.models import (
    BotState,
    Charges,
    OrderSide,
    Quote,
    Role,
    Side,
    Traded,
    TradeSide,
    TradeType,
)
from tg1.rules.charges import Plans
from tg1.rules.ledger import charges_so_far
from tg1.rules.positions import statement
from tg1.screen.view import LadderView, entries_text, hedges_text, status_line, view_of


def account_of(role: Role, trade_side: TradeSide) -> str:
    """Architecture 3."""
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def a_quote(symbol: str, price: str, *, fresh: bool = True, age_secs: float = 0.4) -> Quote:
    """The last price of a symbol."""
    return Quote(symbol=symbol, price=Decimal(price), age_secs=age_secs, fresh=fresh)


def seen(state: BotState, irfc: Quote | None = None, sbin: Quote | None = None) -> LadderView:
    """The view at 10:30, by default without prices."""
    cost = charges_so_far(state, account_of, Plans())
    money = statement(state, quotes=[irfc, sbin], account_of=account_of, charges=cost)
    return view_of(state, money, now=NOW, cycle=93)


def a_bot() -> BotState:
    """A bot with an open level, a hedged one, and one whose entry works."""
    bought = {"order_side": OrderSide.TARGET, "entry_traded": Traded(quantity=100, value=Decimal(4900))}
    hedged = {"oco_filled": True, "closed": True, "oco_traded": Traded(quantity=50, value=Decimal(5850))}
    levels = [
        a_level(1, **bought, order=an_order("T", role=Role.TARGET, side=Side.SELL)),
        a_level(2, **bought, **hedged),
        a_level(3, order=an_order("E", order_id=None)),
    ]
    return a_state(
        levels={level.uuid: level for level in levels},
        total_pnl=Decimal("123.40"),
        executed=[],
        charges_before=Charges(brokerage=Decimal(40)),
        max_quantity_reached=True,
    )


def test_status_line_has_the_money_first_and_every_account_signed() -> None:
    """Behaviour 15: net, its parts, positions; then prices, counts and what needs a person."""
    assert status_line(seen(a_bot(), a_quote("IRFC", "49.85"), a_quote("SBIN", "120.50"))) == (
        "Active | net +78.40 (realised +123.40, open -5.00, charges -40.00) | "
        "Downside OCO -50 SBIN at 117.00, -175.00 | Trade +200 IRFC at 49.00, +170.00 | IRFC 49.85 | SBIN 120.50 | "
        "entries open: 0 sold, 200 bought of 500 | "
        "hedged levels: 0 sell, 1 buy of 5 | 2 orders working, 1 in doubt | max quantity reached | "
        "1 for your attention | cycle 93"
    )


def test_status_line_says_what_it_does_not_know() -> None:
    """Behaviour 10.2, 15: never a silent 0, and an old price with its age."""
    text = status_line(seen(a_bot(), a_quote("IRFC", "49.85", fresh=False, age_secs=42)))
    assert "net unknown: no price of SBIN yet (realised +123.40, open unknown" in text
    assert "IRFC 49.85 (stale, 42 s) | SBIN no price" in text
    old = status_line(seen(a_bot(), a_quote("IRFC", "49.85", fresh=False, age_secs=42), a_quote("SBIN", "120.50")))
    assert "net +78.40 at old prices: IRFC 49.85 of 42 s ago" in old


def test_counts_are_told_in_a_traders_words() -> None:
    """Architecture 12: what entries opened on each side and where new ones pause, and the hedges that filled."""
    view = seen(replace_counts(a_bot(), 100, 300, 1, 2))
    assert entries_text(view) == "entries open: 100 sold, 300 bought of 500"
    assert hedges_text(view) == "hedged levels: 1 sell, 2 buy of 5"


def replace_counts(state: BotState, sold: int, bought: int, sell_hedges: int, buy_hedges: int) -> BotState:
    """The state with these counters."""
    state.upside_net_quantity, state.downside_net_quantity = sold, bought
    state.upside_oco_net_count, state.downside_oco_net_count = sell_hedges, buy_hedges
    return state


def test_bot_without_hedge_speaks_of_no_hedges() -> None:
    """Architecture 5."""
    state = a_state(grid=replace(GRID, trade_type=TradeType.BUYTS, token_b_symbol=""))
    text = status_line(seen(state, a_quote("IRFC", "49.85")))
    assert "hedged levels" not in text
    assert "SBIN" not in text
