"""What a grid would earn and what it may come to hold, in rupees, before anything is risked (behaviour 15). PURE.

Prices are those of the printed grid, before any tick is known; rates are the latest that TG1 knows.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.models import TradeSide
from tg1.rules.round_trips import Trade, least_paying_spread, losing, paying_spread, round_trip, trade_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tg1.models import GridIdentity
    from tg1.rules.charges import Brokerage, ChargesPlan, Plans
    from tg1.rules.grid import GridRow

    Alarm = Callable[[str], str]

LATEST = date.max - timedelta(days=2)
"""A day on which every rate that has ever been given is in force, with room for a target on the day after."""
SAMPLE_PRICES = tuple(Decimal(price) for price in (50, 100, 200, 500, 1000, 2000))
"""Centres for which a round trip is shown while the real one is not known."""
_OCO_NAMES = {TradeSide.UPSIDE: "Upside OCO", TradeSide.DOWNSIDE: "Downside OCO"}
_DONE = {"BUY": "bought", "SELL": "sold"}
_MARGINS = {
    "MIS": "a fifth of it at least (SEBI, intraday); your broker may ask for more",
    "CNC": "all of it; what is sold comes out of holdings",
    "NRML": "all of it; what is sold comes out of holdings",
}
HEAD = "  {:<9}{:>10}{:>10}{:>10}"


def money_blocks(
    grid: GridIdentity, rows: Sequence[GridRow], plans: Plans, price_b: Decimal | None, alarm: Alarm
) -> list[str]:
    """Return the round trips of every level and each account's worst case; `alarm` marks what loses money.

    `price_b` is TokenB's price in rupees, None when nobody knows it. A centre of 0 is one that is not known yet.
    """
    plan = plans.of("trade")
    if not grid.entry_price:
        return [_samples(grid, plan, alarm), _worst_case(grid, [], price_b)]
    return [_trips(grid, rows, plan, alarm), _worst_case(grid, rows, price_b)]


def _trips(grid: GridIdentity, rows: Sequence[GridRow], plan: ChargesPlan, alarm: Alarm) -> str:
    carried = grid.product_type != "MIS"
    head = HEAD.format("Level", "Gross", "Charges", "Net") + (f"{'Next day':>10}" if carried else "")
    lines = [_title(grid, plan), head]
    for row in _highest_first(rows):
        trade = trade_of(row, grid, LATEST)
        trip = round_trip(trade, grid.target_spread, plan)
        cells = [row.trade_side.named(row.level), *_money(trip.gross, trip.charges.total, trip.net)]
        line = HEAD.format(*cells)
        if carried:
            line += f"{round_trip(trade_of(row, grid, LATEST, overnight=True), grid.target_spread, plan).net:>10.2f}"
        lines.append(alarm(line) if trip.net <= 0 else line)
    least = paying_spread(rows, grid, plan, LATEST)
    lines.append("No --target-spread pays" if least is None else f"Smallest --target-spread that pays: {least:.2f}")
    if carried:
        lines.append("Next day: the net of a target that fills on a later day")
    if warning := losing(rows, grid, plan, LATEST):
        lines.append(alarm(warning.sentence))
    return "\n".join(lines)


def _samples(grid: GridIdentity, plan: ChargesPlan, alarm: Alarm) -> str:
    """Round trips at some prices, since the centre is TokenA's price of the start."""
    lines = [
        _title(grid, plan, ", by TokenA's price"),
        HEAD.format("Price", "Gross", "Charges", "Net") + "  Pays from",
    ]
    for price in SAMPLE_PRICES:
        trade = Trade(
            side=grid.trade_type.trade_sides[0].entry_direction,
            entry_price=price,
            quantity=grid.token_a_quantity,
            product=grid.product_type,
            day=LATEST,
        )
        if grid.target_spread >= price:
            continue
        trip = round_trip(trade, grid.target_spread, plan)
        least = least_paying_spread(trade, plan)
        line = HEAD.format(f"{price:.2f}", *_money(trip.gross, trip.charges.total, trip.net))
        line += f"{'never' if least is None else f'{least:.2f}':>11}"
        lines.append(alarm(line) if trip.net <= 0 else line)
    return "\n".join(lines)


def _title(grid: GridIdentity, plan: ChargesPlan, of: str = "") -> str:
    brokerage = plan.delivery if grid.product_type == "CNC" else plan.intraday
    return (
        f"A round trip of {grid.token_a_quantity} {grid.token_a_symbol}, in rupees{of}\n"
        f"(brokerage: {_brokerage(brokerage)}; --charge changes it)"
    )


def _brokerage(brokerage: Brokerage) -> str:
    flat = None if brokerage.rupees is None else f"{brokerage.rupees.normalize():f}"
    if brokerage.percent is None:
        return f"{flat} an order" if flat and brokerage.rupees else "none"
    share = f"{brokerage.percent.normalize():f} %"
    return f"{share} of an order" + ("" if flat is None else f", at most {flat}")


def _money(*amounts: Decimal) -> list[str]:
    return [f"{amount:.2f}" for amount in amounts]


def _highest_first(rows: Sequence[GridRow]) -> list[GridRow]:
    return sorted(rows, key=lambda row: row.entry_price, reverse=True)


def _worst_case(grid: GridIdentity, rows: Sequence[GridRow], price_b: Decimal | None) -> str:
    """What each account may come to hold when every level, or every hedge, of a side has filled."""
    lines = ["Worst case, by account:"]
    lines += [f"  Trade: {_token_a(grid, rows, side)}" for side in grid.trade_type.trade_sides]
    if grid.trade_type.has_oco:
        lines += [f"  {_OCO_NAMES[side]}: {_token_b(grid, side, price_b)}" for side in grid.trade_type.trade_sides]
    lines.append(f"  Margin: {_MARGINS[grid.product_type]}")
    return "\n".join(lines)


def _token_a(grid: GridIdentity, rows: Sequence[GridRow], side: TradeSide) -> str:
    text = f"{grid.max_quantity} {grid.token_a_symbol} {_DONE[side.entry_direction]}"
    entries = [row.entry_price for row in rows if row.trade_side is side]
    return f"{text} for {sum(entries, Decimal(0)) * grid.token_a_quantity:.2f}" if entries else text


def _token_b(grid: GridIdentity, side: TradeSide, price_b: Decimal | None) -> str:
    shares = grid.token_b_quantity * grid.steps
    text = f"{shares} {grid.token_b_symbol} {_DONE[side.entry_direction.opposite]}"
    if price_b is None:
        return f"{text}; rupees unknown, since no price of {grid.token_b_symbol} is given"
    return f"{text}, about {shares * price_b:.2f} at {price_b:.2f}"
