"""What has to lie in an account before a delivery grid can sell it: CNC and NRML can't be sold short. PURE.

The broker rejects such a SELL in the book, so the bot learns of it by the order that it needed (xts.md 7.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import TradeSide

if TYPE_CHECKING:
    from tg1.models import GridIdentity

INTRADAY = "MIS"


def to_be_held(grid: GridIdentity) -> dict[str, tuple[int, str]]:
    """Shares and symbol that each account must hold beforehand, by its role, when a whole side fills.

    SELL entries sell TokenA out of the Trade account. The hedges of BUY entries sell TokenB out of the Downside OCO
    account. A target sells what its entry has bought.
    """
    sides = grid.trade_type.trade_sides
    held: dict[str, tuple[int, str]] = {}
    if grid.product_type == INTRADAY:
        return held
    if TradeSide.UPSIDE in sides:
        held["trade"] = (grid.max_quantity, grid.token_a_symbol)
    if TradeSide.DOWNSIDE in sides and grid.trade_type.has_oco:
        held["downside_oco"] = (grid.token_b_quantity * grid.steps, grid.token_b_symbol)
    return held
