"""Grid arithmetic: where levels and targets lie, on the tick and inside the rules (architecture 4, behaviour 1).

Pure. Prices are `Decimal` rupees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.models import GridIdentity, OpenOrder, Side, TradeSide

if TYPE_CHECKING:
    from collections.abc import Callable

PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One level before any tick is known: exact arithmetic in rupees."""

    level: int
    """1 is nearest to the centre."""
    trade_side: TradeSide
    entry_price: Decimal
    target_price: Decimal


def exact_rows(identity: GridIdentity) -> tuple[GridRow, ...]:
    """The grid's rows by the formulas of architecture 4: active halves only, downside first, level 1 first."""
    rows: list[GridRow] = []
    for trade_side in identity.trade_type.trade_sides:
        away = -trade_side.entry_direction.sign
        for level in range(1, identity.steps + 1):
            entry = identity.entry_price + away * level * identity.spread
            target = entry - away * identity.target_spread
            rows.append(GridRow(level=level, trade_side=trade_side, entry_price=entry, target_price=target))
    return tuple(rows)


def to_tick(price: Decimal, tick: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
    """`price` moved to a multiple of `tick`; halves go up unless told otherwise."""
    return (price / tick).quantize(Decimal(1), rounding=rounding) * tick


def on_tick(rows: tuple[GridRow, ...], tick: Decimal) -> tuple[GridRow, ...]:
    """The rows rounded to the instrument's tick and checked; `ConfigError` when rounding breaks the grid."""
    rounded = tuple(
        replace(row, entry_price=to_tick(row.entry_price, tick), target_price=to_tick(row.target_price, tick))
        for row in rows
    )
    check_rows(rounded, f" on the tick of {tick.normalize():f}")
    return rounded


def rows_of(identity: GridIdentity, tick: Decimal) -> tuple[GridRow, ...]:
    """The rows around the centre nearest on the tick; `ConfigError` when rounding breaks the grid.

    The identity keeps the centre that was asked for, so that the same command line resumes the grid (behaviour 9.3).
    """
    return on_tick(exact_rows(replace(identity, entry_price=to_tick(identity.entry_price, tick))), tick)


def check_rows(rows: tuple[GridRow, ...], where: str = "") -> None:
    """Refuse colliding levels, targets on or behind their entries, and prices at or below 0 (behaviour 1.2)."""
    for row in rows:
        _check_row(row, where)
    for lower, upper in pairwise(rows):
        if lower.trade_side is upper.trade_side and lower.entry_price == upper.entry_price:
            raise ConfigError(
                f"--spread puts {lower.trade_side} levels {lower.level} and {upper.level} "
                f"at the same price {lower.entry_price:.2f}{where}; use a larger --spread."
            )


def _check_row(row: GridRow, where: str) -> None:
    name = f"{row.trade_side} level {row.level}"
    if min(row.entry_price, row.target_price) <= 0:
        raise ConfigError(
            f"The {name} lies at {row.entry_price:.2f} with its target at {row.target_price:.2f}{where}; "
            "prices must stay above 0: use fewer --steps or a smaller --spread or --target-spread."
        )
    gain = (row.target_price - row.entry_price) * row.trade_side.entry_direction.sign
    if gain <= 0:
        raise ConfigError(
            f"The target of the {name} at {row.target_price:.2f} is on or behind its entry at "
            f"{row.entry_price:.2f}{where}; use a larger --target-spread."
        )


def create_levels(
    identity: GridIdentity, rows: tuple[GridRow, ...], bot_name: str, new_uuid: Callable[[], str]
) -> dict[str, OpenOrder]:
    """Fresh levels for the rows, by uuid and in the rows' order."""
    levels: dict[str, OpenOrder] = {}
    for row in rows:
        uuid = new_uuid()
        levels[uuid] = OpenOrder(
            uuid=uuid,
            bot_name=bot_name,
            level=row.level,
            trade_side=row.trade_side,
            entry_price=row.entry_price,
            target_price=row.target_price,
            token_a_quantity=identity.token_a_quantity,
            token_b_quantity=identity.token_b_quantity,
        )
    return levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Centring:
    """Where TokenA trades relative to a fresh grid (behaviour 1.4)."""

    outside: str
    """A sentence when the price is beyond the outermost level of an active side; otherwise empty."""
    crossed: int
    """Entries that would fill at once because the price is already beyond them."""


def centring(rows: tuple[GridRow, ...], price: Decimal) -> Centring:
    """Judge TokenA's price against a grid that is about to start."""
    outside = ""
    crossed = 0
    outermost = max(row.level for row in rows)
    for row in rows:
        beyond = (row.entry_price - price) * row.trade_side.entry_direction.sign > 0
        crossed += beyond
        if beyond and row.level == outermost:
            outside = (
                f"TokenA trades at {price:.2f}, beyond the outermost {row.trade_side} level at {row.entry_price:.2f}; "
                "choose another --entry-price, or give --allow-off-centre to start all the same."
            )
    return Centring(outside=outside, crossed=crossed)


def oco_price(entry_direction: Side, token_b_price: Decimal, oco_spread: Decimal, tick: Decimal) -> Decimal:
    """TokenB's price minus the spread for a BUY entry, plus the spread for a SELL entry (architecture 2), on tick.

    Never below one tick: a spread wider than the price would otherwise ask for a price that can't exist.
    """
    return max(to_tick(token_b_price - entry_direction.sign * oco_spread, tick), tick)


def oco_limit_price(side: Side, trigger: Decimal, offset_percent: Decimal, tick: Decimal) -> Decimal:
    """The limit of a stop-limit: the trigger moved by `offset_percent` in the paying direction (behaviour 6.1)."""
    moved = trigger * (1 + side.sign * offset_percent / PERCENT)
    rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
    return max(to_tick(moved, tick, rounding), tick)


def hedge_need(level: OpenOrder) -> int:
    """TokenB shares that hedge what the level holds open, whatever its hedge has filled already (behaviour 6.3).

    `qty_b x open_a / qty_a`, a half share rounded up, at least one share; nothing for nothing.
    """
    if level.open_quantity <= 0:
        return 0
    doubled = 2 * level.token_b_quantity * level.open_quantity + level.token_a_quantity
    return max(1, doubled // (2 * level.token_a_quantity))


def hedge_rest(level: OpenOrder) -> int:
    """TokenB shares that a new hedge order has to be for: 0 or less when what filled is enough."""
    return hedge_need(level) - level.oco_traded.quantity
