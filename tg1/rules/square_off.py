"""What a broker's own square-off made of positions that a bot left to it overnight: an estimate (behaviour 9.5). PURE.

Nobody tells the bot at which prices MIS positions were closed. Without an estimate the loss of the day before would be
gone from the next morning's net; so it is taken at the last price that the bot has seen, and called an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.models import NO_CHARGES, ZERO, Charges, Executed, Side
from tg1.rules.charges import charges, square_off_fee
from tg1.rules.positions import positions

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.models import BotState, LastPrice, Position
    from tg1.rules.charges import Plans
    from tg1.rules.ledger import AccountOf


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredOff:
    """One position that the broker closed."""

    position: Position
    last: LastPrice | None
    """None when no price of the symbol was ever kept: then nothing can be estimated."""

    @property
    def gain(self) -> Decimal:
        """Rupees won at the last price; 0 when there is none."""
        return self.position.gain(self.last.price if self.last else None) or ZERO

    def charges(self, state: BotState, plans: Plans) -> Charges:
        """What closing it cost: an order at the last price, and the broker's fee for doing it himself."""
        quantity = abs(self.position.quantity)
        if not quantity or self.last is None:
            return NO_CHARGES
        closing = Executed(
            day=state.trading_day,
            account=self.position.account,
            symbol=self.position.symbol,
            side=Side.SELL if self.position.quantity > 0 else Side.BUY,
            product=state.grid.product_type,
            quantity=quantity,
            value=quantity * self.last.price,
        )
        return charges([closing], plans) + square_off_fee(self.position.account, state.trading_day, plans)


def left_to_broker(state: BotState, account_of: AccountOf) -> tuple[SquaredOff, ...]:
    """The positions with which the state's trading day ended."""
    last = {one.symbol: one for one in state.last_prices}
    return tuple(SquaredOff(position=held, last=last.get(held.symbol)) for held in positions(state, account_of))
