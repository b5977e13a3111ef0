"""The grid as text for a trader's eyes, before any tick is known: two decimals (behaviour 1.2). PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.models import PAISA, OcoOrderType, TradeSide
from tg1.rules.grid import exact_rows, to_tick
from tg1.settings.cautions import cautions
from tg1.settings.printed_money import money_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tg1.rules.grid import GridRow
    from tg1.settings.fields import GridOcoFields

_HEADS = {TradeSide.UPSIDE: "SELL Grid (upside):", TradeSide.DOWNSIDE: "BUY Grid (downside):"}


def grid_layout(config: GridOcoFields, alarm: Callable[[str], str] = str) -> str:
    """Return the whole grid as lines of text; with `auto_entry` the prices are offsets from the centre C.

    `alarm` marks what loses money.
    """
    grid = config.identity()
    rows = exact_rows(grid)
    blocks = [_summary(config)]
    for side in (TradeSide.UPSIDE, TradeSide.DOWNSIDE):
        of_side = [row for row in rows if row.trade_side is side]
        if of_side:
            blocks.append(_half(config, side, of_side))
    blocks.append(_limits(config))
    blocks += money_blocks(grid, rows, config.plans, config.paper_price_b, alarm)
    blocks += [f"Mind: {sentence}" for sentence in cautions(config)]
    return "\n\n".join(blocks)


def _summary(config: GridOcoFields) -> str:
    centre = "C, TokenA's last price at the start" if config.auto_entry else _rupees(config.entry_price)
    hedge = f", hedged with {config.token_b_symbol}" if config.has_oco else ", no hedge"
    return (
        f"{config.bot_name}: {config.trade_type} on {config.token_a_symbol}{hedge} ({config.exchange}, "
        f"{config.product_type})\n"
        f"Entry Price = {centre}, Steps = {config.steps}, Spread = {_rupees(config.spread)}, "
        f"Target Spread = {_rupees(config.target_spread)}, {config.token_a_quantity} shares per level"
    )


def _half(config: GridOcoFields, side: TradeSide, rows: list[GridRow]) -> str:
    cells = [(_price(config, row.entry_price), _price(config, row.target_price)) for row in rows]
    width = max(10, *(len(entry) + 2 for entry, _ in cells))
    lines = [_HEADS[side], f"  {'Level':<9}{'Entry':<{width}}Target"]
    lines += [f"  {row.level:<9}{entry:<{width}}{target}" for row, (entry, target) in zip(rows, cells, strict=True)]
    if config.has_oco:
        lines.append(_oco_rule(config, side))
    return "\n".join(lines)


def _oco_rule(config: GridOcoFields, side: TradeSide) -> str:
    """One line: what hedges an entry of this side (architecture 2, behaviour 6)."""
    direction = side.entry_direction.opposite
    sign = "+" if direction.sign > 0 else "-"
    rule = (
        f"  OCO of each fill: {direction} {config.token_b_quantity} {config.token_b_symbol} at its price then "
        f"{sign} {_rupees(config.oco_spread)}, as {config.oco_order_type}"
    )
    if config.oco_order_type is OcoOrderType.LIMIT:
        return rule
    return f"{rule} (limit {config.oco_limit_offset.normalize():f} % {'above' if direction.sign > 0 else 'below'})"


def _limits(config: GridOcoFields) -> str:
    lines = [f"MaxQuantity = {config.max_quantity} shares of {config.token_a_symbol} (new entries pause there)"]
    if config.has_oco:
        lines.append(f"The bot ends when {config.oco_stop_count} hedges of a side should have filled and have not")
    return "\n".join(lines)


def _price(config: GridOcoFields, price: Decimal) -> str:
    if config.auto_entry:
        return f"C {'-' if price < 0 else '+'} {_rupees(abs(price))}"
    return _rupees(price)


def _rupees(price: Decimal) -> str:
    return f"{to_tick(price, PAISA):.2f}"
