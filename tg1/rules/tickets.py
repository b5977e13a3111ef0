"""Which order is placed for a level: its type, prices and quantity (architecture 8, 11; behaviour 1.2, 6). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tg1.models import OcoOrderType, OrderTerms, OrderType, Role
from tg1.rules import grid

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.models import OpenOrder
    from tg1.rules.given import Moment, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One order to be placed; its client id is given when the intent is written."""

    level: OpenOrder
    """As it will be once the intent is written, but for the order itself."""
    role: Role
    terms: OrderTerms


def entry_ticket(level: OpenOrder, rules: Rules, moment: Moment) -> Ticket:
    """The level's entry, with TokenB's price of the placement noted as the fallback of behaviour 5.3."""
    noted = replace(level, token_b_price=moment.price_b)
    return Ticket(level=noted, role=Role.ENTRY, terms=_token_a_terms(noted, rules, level.token_a_quantity))


def target_ticket(level: OpenOrder, rules: Rules) -> Ticket:
    """The target of what the level holds open."""
    return Ticket(level=level, role=Role.TARGET, terms=_token_a_terms(level, rules, level.open_quantity))


def _token_a_terms(level: OpenOrder, rules: Rules, quantity: int) -> OrderTerms:
    return OrderTerms(
        symbol=rules.token_a_symbol,
        side=level.entry_trade_direction,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        # The tick may have changed since the level was made (docs/data.md): SBIN's did.
        limit_price=grid.to_tick(level.entry_trade_price, rules.tick_a),
    )


def oco_ticket(level: OpenOrder, rules: Rules, price_b: Decimal) -> Ticket:
    """The hedge of what the level still needs: a stop-limit while its trigger is ahead of the market, else a limit.

    A crossed one is a limit at the very limit of its stop-limit: at the OCO price itself it would lie behind the market
    and never fill (behaviour 6.1).
    """
    side = level.oco_trade_direction
    oco_price = _oco_price(level, rules, price_b)
    stop = rules.oco_order_type is OcoOrderType.STOP_LIMIT and (oco_price - price_b) * side.sign > 0
    terms = OrderTerms(
        symbol=rules.token_b_symbol,
        side=side,
        quantity=grid.hedge_rest(level),
        order_type=OrderType.STOPLIMIT if stop else OrderType.LIMIT,
        limit_price=oco_limit(level, rules, price_b),
        trigger_price=oco_price if stop else None,
    )
    return Ticket(level=level, role=Role.OCO, terms=terms)


def oco_limit(level: OpenOrder, rules: Rules, price_b: Decimal) -> Decimal:
    """The limit of the level's hedge in rupees, whether it goes as a stop-limit or as a limit (behaviour 6.1, 6.2)."""
    oco_price = _oco_price(level, rules, price_b)
    if rules.oco_order_type is OcoOrderType.LIMIT:
        return oco_price
    return grid.oco_limit_price(level.oco_trade_direction, oco_price, rules.oco_limit_offset, rules.tick_b)


def _oco_price(level: OpenOrder, rules: Rules, price_b: Decimal) -> Decimal:
    return grid.to_tick(level.oco_trade_price or price_b, rules.tick_b)
