"""The words of a report: orders, money and hours as a trader says them. PURE.

Plain text throughout: whoever puts it into a page escapes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.screen.money import account_name, counted, signed

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.report.story import DayStory, Held, OrderStory

NOTHING = "-"
NOT_MODELLED = (
    (
        "Your place in the queue: an order fills as soon as the price reaches its limit (--fill touch), or only a tick "
        "beyond it (--fill through). Run both, and believe the worse."
    ),
    "Your own weight in the market: a fill moves no price, whatever its size.",
    "The other side's depth: every order fills whole at one price.",
    "What the broker may refuse: margin is shown here, and never held against an order.",
)
_DONE = {"BUY": "bought", "SELL": "sold"}


def clock(secs: float) -> str:
    """The hour of the day, e.g. "09:15:03"."""
    whole = int(secs)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def rupees(amount: Decimal) -> str:
    """An amount without a sign of its own, e.g. "₹23,500.00"."""
    return f"₹{amount:,.2f}" if amount >= 0 else f"-₹{-amount:,.2f}"


def gain(amount: Decimal) -> str:
    """A gain or a loss, e.g. "+₹89.26"."""
    text = signed(amount)
    return f"{text[0]}₹{text[1:]}" if text[0] in "+-" else f"₹{text}"


def title(order: OrderStory) -> str:
    """Which order it is, e.g. "B2 entry: BUY 100 IRFC, Trade"."""
    whose = f"{order.level} {order.role}" if order.level else order.role
    return f"{whose}: {order.side} {order.quantity} {order.symbol}, {account_name(order.account)}"


def prices(order: OrderStory) -> str:
    """At which price, e.g. "trigger 118.50, limit 117.90"."""
    if order.limit is None:
        return "at the market"
    limit = f"limit {order.limit:,.2f}"
    return limit if order.trigger is None else f"trigger {order.trigger:,.2f}, {limit}"


def filled(order: OrderStory) -> str:
    """What traded: each execution, or how many and at what average."""
    if not order.fills:
        return NOTHING
    at = clock(order.fills[-1].secs)
    pieces = f" in {len(order.fills)} pieces" if len(order.fills) > 1 else ""
    return f"{_DONE[order.side]} {order.filled} at {order.average:,.2f}{pieces}, {at}"


def ended(order: OrderStory) -> str:
    """How it ended, and why where it did not fill."""
    if order.end == "filled":
        return f"filled {clock(order.ended)}"
    return f"{order.end} {clock(order.ended)}" + (f": {order.why}" if order.why else "")


def charges(order: OrderStory) -> str:
    """What it cost."""
    return rupees(order.charges) if order.fills else NOTHING


def tiles(day: DayStory) -> list[tuple[str, str, str]]:
    """A day's figures: what, how much, and a remark."""
    margin = day.margin
    then = ", ".join(f"{account_name(account)} {rupees(amount)}" for account, amount in margin.then if amount)
    at = f"at {clock(margin.secs)}: {then}" if then else ""
    trips = sum(level.trips for level in day.levels)
    hedged = sum(level.hedges for level in day.levels)
    hedged_remark = "each closes its level and leaves two positions" if hedged else ""
    return [
        ("Net", gain(day.net), f"gross {gain(day.gross)} - charges {rupees(day.charges)}"),
        ("Realised", gain(day.realised), f"by {counted(trips, 'round trip')}, before charges"),
        *([] if day.price_b is None else [("Hedges filled", f"{hedged}", hedged_remark)]),
        ("Worst open loss", gain(day.worst_open), f"at {clock(day.worst_open_at)}" if day.worst_open else ""),
        ("Most money bound", rupees(margin.total), at),
        ("Held at the end", held_in_short(day) or "nothing", short_end(day.end)),
    ]


def account(day: DayStory, symbol_a: str, symbol_b: str) -> list[str]:
    """How the day's net came about, a sentence each."""
    trips = sum(level.trips for level in day.levels)
    hedged = sum(level.hedges for level in day.levels)
    closed = sum(1 for order in day.orders if order.role == "square-off" and order.fills)
    told = [f"{counted(trips, 'round trip')} earned {gain(day.realised)}."]
    if hedged:
        each = "It closed its level" if hedged == 1 else "Each closed its level"
        told.append(
            f"{counted(hedged, 'hedge')} filled. {each} and left a position in {symbol_a} and one in {symbol_b} behind."
        )
    if day.gross != day.realised:
        what = "These, and all else that no target closed," if hedged else "What no target closed"
        told.append(f"{what} came to {gain(day.gross - day.realised)}.")
    told.append(f"Charges took {rupees(day.charges)}, which leaves {gain(day.net)}.")
    if closed:
        told.append(f"The broker himself closed {counted(closed, 'position')}, with a fee for each.")
    if day.held:
        told.append(f"At the end it held {'; '.join(map(held_text, day.held))}. To close that costs charges, too.")
    if short_end(day.end) != day.end:
        told.append(f"How it ended: {day.end.rstrip('.')}.")
    return told


def held_text(one: Held) -> str:
    """E.g. "+500 SBIN in the Trade account, bought at 253.65, last 252.10"."""
    done = "bought" if one.quantity > 0 else "sold"
    return (
        f"{one.quantity:+d} {one.symbol} in the {account_name(one.account)} account, {done} at {one.average:,.2f}, "
        f"last {one.last:,.2f}"
    )


def held_in_short(day: DayStory) -> str:
    """Signed shares alone; empty when nothing is held."""
    return ", ".join(f"{one.quantity:+d} {one.symbol}" for one in day.held)


def short_end(end: str) -> str:
    """How the bot ended, without its reasons."""
    return end.partition(" (")[0].partition(" — ")[0]
