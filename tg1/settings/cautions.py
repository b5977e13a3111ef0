"""What is allowed, and still weakens a bot: a sentence for each, said at every start and in the dry run. PURE."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import OcoOrderType
from tg1.settings.delivery import to_be_held

if TYPE_CHECKING:
    from tg1.models import GridIdentity
    from tg1.settings.fields import GridOcoFields

FAR = Decimal("0.20")
"""NSE's widest daily price band, as a part of the last close; stocks with F&O may go beyond, in steps."""
SMALL_HEDGE = Decimal("0.1")
LARGE_HEDGE = Decimal(10)
"""A hedge's worth as a part of what it hedges: outside these bounds it is a typing error or a bet."""


def cautions(config: GridOcoFields) -> tuple[str, ...]:
    """The sentences that the configuration alone deserves; none for a usual bot."""
    said = (_hours(config), _stop(config), _limit_hedge(config), _target(config), _levels(config), *_delivery(config))
    return wire_cautions(config) + tuple(sentence for sentence in said if sentence)


def wire_cautions(config: GridOcoFields) -> tuple[str, ...]:
    """What is to be said of the wires, whatever they are used for (behaviour 11.4)."""
    if not config.insecure_tls:
        return ()
    return ("--insecure-tls: certificates are not verified; whoever sits on the wire can read keys and change orders.",)


def _hours(config: GridOcoFields) -> str:
    if not config.ignore_market_hours or config.paper:
        return ""
    return "--ignore-market-hours: the bot knows no end of the session and cancels nothing when the market closes."


def _stop(config: GridOcoFields) -> str:
    if config.product_type != "MIS" or config.stop_at is None or config.stop_at <= config.default_stop_at:
        return ""
    return (
        f"--stop-at {config.stop_at:%H:%M} is later than brokers begin to square MIS off (15:00 to 15:20): their "
        "orders and the bot's may meet."
    )


def _limit_hedge(config: GridOcoFields) -> str:
    if not config.has_oco or config.oco_order_type is not OcoOrderType.LIMIT:
        return ""
    return (
        "--oco-order-type limit: such an order is normally marketable, so every entry is hedged, and its level closed, "
        "at once."
    )


def _target(config: GridOcoFields) -> str:
    if config.auto_entry or config.target_spread < FAR * config.entry_price:
        return ""
    return (
        f"--target-spread {config.target_spread} is {_percent(config.target_spread, config.entry_price)} of the entry "
        "price: most days the exchange accepts no order that far away, and no target fills."
    )


def _levels(config: GridOcoFields) -> str:
    if config.auto_entry:
        return ""
    distance = config.steps * config.spread
    if distance < FAR * config.entry_price:
        return ""
    return (
        f"The level {config.steps} lies {distance:.2f} rupees, {_percent(distance, config.entry_price)}, from the "
        "entry price: most days the exchange accepts no order that far away."
    )


_SOLD = {
    "trade": "SELL entries sell {count} {symbol} out of the Trade account",
    "downside_oco": "the hedges of BUY entries sell {count} {symbol} out of the Downside OCO account",
}


def _delivery(config: GridOcoFields) -> list[str]:
    """The centre is of no matter here, so `--auto-entry` gets them, too."""
    return [
        f"--product {config.product_type}: {_SOLD[role].format(count=count, symbol=symbol)}. They have to lie there "
        f"beforehand: without them the broker rejects {'the entry' if role == 'trade' else 'every hedge'}."
        for role, (count, symbol) in to_be_held(config.identity()).items()
    ]


def hedge_cautions(grid: GridIdentity, token_b_price: Decimal) -> tuple[str, ...]:
    """What the spread and the quantity of a hedge mean at TokenB's price (rupees)."""
    return tuple(sentence for sentence in (_distance(grid, token_b_price), _worth(grid, token_b_price)) if sentence)


def _distance(grid: GridIdentity, token_b_price: Decimal) -> str:
    if grid.oco_spread < FAR * token_b_price:
        return ""
    return (
        f"{spread_text(grid)} is {_percent(grid.oco_spread, token_b_price)} of {grid.token_b_symbol}'s "
        f"price of {token_b_price:.2f}: on most days no hedge triggers."
    )


def _worth(grid: GridIdentity, token_b_price: Decimal) -> str:
    hedge = grid.token_b_quantity * token_b_price
    hedged = grid.token_a_quantity * grid.entry_price
    if SMALL_HEDGE * hedged <= hedge <= LARGE_HEDGE * hedged:
        return ""
    return (
        f"A hedge of --qty-b {grid.token_b_quantity} {grid.token_b_symbol} is worth {hedge:.2f} rupees, the "
        f"{grid.token_a_quantity} {grid.token_a_symbol} that it hedges {hedged:.2f}."
    )


def _percent(part: Decimal, whole: Decimal) -> str:
    return f"{part / whole * 100:.0f} %"


def spread_text(grid: GridIdentity) -> str:
    """The flag as it was typed, however the state file spells the number."""
    return f"--oco-spread {grid.oco_spread.normalize():f}"
