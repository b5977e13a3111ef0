"""What a square-off may close, and at which price (behaviour 13). Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from tg1.models import Side
from tg1.rules.grid import to_tick
from tg1.rules.positions import positions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tg1.models import BotState, BrokerPosition, Instrument
    from tg1.rules.ledger import AccountOf

Place = tuple[str, str]
"""(account, symbol)."""

_CHEAP, _DEAR = Decimal(100), Decimal(500)
_PERCENT = Decimal(100)
CASH_SEGMENT = "NSECM"


def held(state: BotState, account_of: AccountOf) -> dict[Place, int]:
    """Signed shares that the bot's own orders opened and none has closed, without the flat places."""
    return {(one.account, one.symbol): one.quantity for one in positions(state, account_of) if one.quantity}


def at_broker(rows: Iterable[BrokerPosition], instrument: Instrument, product: str) -> int | None:
    """The account's own net position of the instrument in the product; None when a row of it can't be read."""
    found = [
        row.quantity
        for row in rows
        if row.instrument_id == instrument.exchange_token
        and row.product_type == product
        and row.segment in ("", CASH_SEGMENT)
    ]
    return None if None in found else sum(quantity or 0 for quantity in found)


def closable(ours: int, net: int) -> int:
    """Signed shares of ours that can be closed: no more than the account holds in that direction.

    The rest of the account is somebody else's, or what we hold has been closed already.
    """
    if ours * net <= 0:
        return 0
    return min(ours, net) if ours > 0 else max(ours, net)


def marketable_limit(side: Side, last: Decimal, tick: Decimal) -> Decimal:
    """A limit in rupees that fills at once unless the market has gone, on tick and above 0.

    It lies beyond the last price by 2 % below ₹100, 1 % up to ₹500 and 0.5 % above: the usual market protection of
    Indian brokers (xts.md 6), which stays inside all but the narrowest price bands (xts.md 6.4).
    """
    percent = Decimal(2) if last < _CHEAP else Decimal(1) if last <= _DEAR else Decimal("0.5")
    price = last * (1 + side.sign * percent / _PERCENT)
    return max(tick, to_tick(price, tick, ROUND_CEILING if side is Side.BUY else ROUND_FLOOR))
