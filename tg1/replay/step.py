"""What one step of a replayed grid nets: an entry and its target, at the price of the first entry that filled. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import Role, Side
from tg1.rules.client_ids import parse_client_id
from tg1.rules.round_trips import Trade, round_trip
from tg1.screen.money import signed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tg1.config import GridOcoConfig
    from tg1.replay.reckoning import Trade as Execution
    from tg1.replay.result import DayResult
    from tg1.rules.round_trips import RoundTrip


def step_of(config: GridOcoConfig, days: Iterable[DayResult]) -> RoundTrip | None:
    """The round trip of a whole level, by the trade account's plan; None when no entry filled."""
    first = next((one for day in days for one in day.trades if role_of(one.client_id) is Role.ENTRY), None)
    return None if first is None else _round_trip(config, first)


def _round_trip(config: GridOcoConfig, first: Execution) -> RoundTrip:
    trade = Trade(
        side=Side.BUY if first.quantity > 0 else Side.SELL,
        entry_price=first.price,
        quantity=config.token_a_quantity,
        product=config.product_type,
        day=first.at.date(),
    )
    return round_trip(trade, config.target_spread, config.plans.of(first.account))


def step_sentence(config: GridOcoConfig, trip: RoundTrip) -> str:
    """What one step nets, without a full stop."""
    return (
        f"one round trip of {config.token_a_quantity} {config.token_a_symbol} brings {trip.gross:,.2f} and costs "
        f"{trip.charges.total:,.2f} in charges: net {signed(trip.net)}"
    )


def role_of(client_id: str) -> Role | None:
    """What an order was for; None for one that is not a bot's."""
    parsed = parse_client_id(client_id)
    return parsed.role if parsed else None
