"""What a measured value means for a bot that trades real money. PURE: values in, findings out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.doctor.finding import Finding, green, red, yellow
from tg1.models import TradeSide
from tg1.settings.delivery import to_be_held

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tg1.models import Balance, BrokerPosition, GridIdentity

MEGABYTE = 1024 * 1024
FULL_BYTES = 100 * MEGABYTE
"""Less than this is used up by a day of logs; a full disk stops every new order (behaviour 9.2)."""
TIGHT_BYTES = 1024 * MEGABYTE
SLOW_SAVE_SECS = 0.05
STUCK_SAVE_SECS = 0.5
"""A cycle saves several times and has a second (behaviour 4.1, 9.2)."""
CLOCK_OFF_SECS = 1.5
"""A `Date` header tells whole seconds."""
CLOCK_WRONG_SECS = 10.0
"""Orders would go out before the open, or after the end of the session (behaviour 12)."""
SLOW_ANSWER_SECS = 0.5
STUCK_ANSWER_SECS = 2.0
"""A book is read once a second, and a hedge waits for its answer (behaviour 4.1)."""
MARGIN_SHARE = {"MIS": Decimal("0.2"), "CNC": Decimal(1), "NRML": Decimal(1)}
"""Of the turnover: the least that the exchange asks for (behaviour 15); a broker may ask for more."""


def disk(free_bytes: int, kind: str, place: str) -> Finding:
    """Room on the disk of the state, and whether it outlives a reboot; `kind` is the file system's name."""
    if kind in ("tmpfs", "ramfs"):
        return red("disk", f"{place} is in memory ({kind}): a reboot forgets what the bot holds", "Move --state-dir.")
    room = f"{free_bytes / (1024 * MEGABYTE):.1f} GB free at {place}"
    if free_bytes < FULL_BYTES:
        return red("disk", room, "Make room: on a full disk the bot places no order.")
    return yellow("disk", room, "Make room soon.") if free_bytes < TIGHT_BYTES else green("disk", room)


def saving(secs: Sequence[float]) -> Finding:
    """How long the state takes to reach the disk, from several tries."""
    worst = max(secs)
    told = f"a save takes {sorted(secs)[len(secs) // 2] * 1000:.1f} ms, at worst {worst * 1000:.1f} ms"
    if worst > STUCK_SAVE_SECS:
        return red("saving", told, "Put --state-dir on a local disk that is not busy.")
    return (
        yellow("saving", told, "A bot saves before each order: a quicker disk trades sooner.")
        if (worst > SLOW_SAVE_SECS)
        else green("saving", told)
    )


def clock(offset_secs: float | None, source: str) -> Finding:
    """How far this machine's clock is from another one; None: nobody could be asked."""
    if offset_secs is None:
        return yellow("clock", "no time server and no broker could be asked", "Compare it by hand: timedatectl")
    told = f"{abs(offset_secs):.1f} s {'ahead of' if offset_secs > 0 else 'behind'} {source}"
    if abs(offset_secs) > CLOCK_WRONG_SECS:
        return red("clock", told, "Set it: sudo timedatectl set-ntp true")
    if abs(offset_secs) > CLOCK_OFF_SECS:
        return yellow("clock", told, "Let it be kept: sudo timedatectl set-ntp true")
    return green("clock", told)


def latency(account: str, secs: float) -> Finding:
    """How long the book of an account took to arrive."""
    check, told = f"latency {account}", f"the order book arrives after {secs * 1000:.0f} ms"
    if secs > STUCK_ANSWER_SECS:
        return red(check, told, "Find out what is slow before a bot depends on it: the line, or the broker.")
    return yellow(check, told, "A hedge waits as long.") if secs > SLOW_ANSWER_SECS else green(check, told)


def strangers(
    account: str, positions: Iterable[BrokerPosition], ours: Mapping[int, int], symbols: Mapping[int, str]
) -> Finding:
    """Positions in the bot's shares beside what it knows of; both by the exchange's number of the instrument."""
    rows = [row for row in positions if row.quantity and row.instrument_id in symbols and row.segment == "NSECM"]
    held = {number: sum(row.quantity or 0 for row in rows if row.instrument_id == number) for number in symbols}
    other = {symbols[number]: held[number] - ours.get(number, 0) for number in symbols}
    told = ", ".join(f"{count:+} {symbol}" for symbol, count in other.items() if count)
    check = f"positions {account}"
    if told:
        return yellow(check, f"beside the bot's own: {told}", "The bot leaves them alone; so does --square-off.")
    return green(check, "nothing in these shares but what the bot knows of")


def need(grid: GridIdentity, price_b: Decimal | None) -> dict[str, Decimal]:
    """Rupees of margin at the worst moment, by role: one side of the grid full, and all its hedges filled.

    Both sides can't be full at once, so the dearer one counts. `price_b` is rupees; without it the
    hedges' part is left out. Delivery is sold out of holdings, so its sales take no margin (`holdings`).
    """
    share, steps = MARGIN_SHARE[grid.product_type], range(1, grid.steps + 1)
    sign = {TradeSide.DOWNSIDE: -1, TradeSide.UPSIDE: 1}
    sides, sold = grid.trade_type.trade_sides, to_be_held(grid)
    bought = [side for side in sides if "trade" not in sold or side is TradeSide.DOWNSIDE]
    entries = [sum((grid.entry_price + sign[side] * n * grid.spread for n in steps), Decimal(0)) for side in bought]
    needed = {"trade": max(entries) * grid.token_a_quantity * share} if entries else {}
    if grid.trade_type.has_oco and price_b is not None:
        hedged = price_b * grid.token_b_quantity * grid.steps * share
        names = {TradeSide.UPSIDE: "upside_oco", TradeSide.DOWNSIDE: "downside_oco"}
        needed |= {names[side]: hedged for side in sides if names[side] not in sold}
    return needed


def holdings(account: str, sold: Iterable[tuple[int, str]]) -> Finding:
    """Shares that have to lie in an account for its SELL orders; the doctor doesn't read holdings, so he asks."""
    told = ", ".join(f"{count} {symbol}" for count, symbol in sold)
    return yellow(
        f"holdings {account}",
        f"a delivery grid sells {told} out of this account",
        "Look at the broker's page that they lie there: without them entries or hedges are rejected.",
    )


def margin(account: str, balance: Balance, needed: Decimal) -> Finding:
    """Whether the account can carry its worst case (behaviour 15)."""
    check, have = f"margin {account}", balance.margin_available
    if have is None:
        return yellow(check, "the broker told no sum", f"Look yourself: the worst case takes {needed:.2f} rupees.")
    told = f"{have:.2f} rupees available, the worst case takes {needed:.2f}"
    if have < needed:
        return red(check, told, "Add funds, or lower --steps or the quantities: orders beyond it are rejected.")
    return green(check, told)
