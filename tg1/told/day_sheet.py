"""What a bot's completed trips came to, day by day: the trader's own account and what his tax sheet asks for. PURE."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tg1.models import NO_CHARGES, ZERO, Charges
from tg1.told.tables import rupees

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from tg1.models import OrderHistoryRecord

CHARGE_ITEMS = tuple(one.name for one in fields(Charges))
HEADER = (
    *("date", "bot", "round_trips", "hedged", "bought", "sold", "realised", "left_open", "charges"),
    *(*CHARGE_ITEMS, "net", "unknown"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One bot's day; rupees."""

    day: str
    """The date in IST on which the trips were completed, e.g. "2026-11-25"; "total" for a sum."""
    bot: str
    round_trips: int = 0
    """Trips that ended at their target."""
    hedged: int = 0
    """Trips that ended by their hedge."""
    bought: Decimal = ZERO
    """Turnover of everything bought, TokenA and TokenB."""
    sold: Decimal = ZERO
    realised: Decimal = ZERO
    left_open: Decimal = ZERO
    """What hedged trips left open was worth when they ended."""
    charges: Charges = NO_CHARGES
    """As the rates of the bot say; the contract note decides. Without the DP charge, which is the day's."""
    unknown: int = 0
    """Trips whose charges or open value an earlier TG1 did not keep: they are missing in `net`."""

    @property
    def net(self) -> Decimal:
        """Realised and left open less charges (behaviour 15)."""
        return self.realised + self.left_open - self.charges.total

    def plus(self, other: DayLine) -> DayLine:
        """Both lines as one, under this one's day and bot."""
        return DayLine(
            day=self.day,
            bot=self.bot,
            round_trips=self.round_trips + other.round_trips,
            hedged=self.hedged + other.hedged,
            bought=self.bought + other.bought,
            sold=self.sold + other.sold,
            realised=self.realised + other.realised,
            left_open=self.left_open + other.left_open,
            charges=self.charges + other.charges,
            unknown=self.unknown + other.unknown,
        )


def lines_of_days(records: Iterable[OrderHistoryRecord]) -> list[DayLine]:
    """A line for each bot and day, by day."""
    lines: dict[tuple[str, str], DayLine] = {}
    for record in records:
        line = line_of(record)
        key = (line.day, line.bot)
        lines[key] = lines[key].plus(line) if key in lines else line
    return [lines[key] for key in sorted(lines)]


def total_of(lines: Iterable[DayLine]) -> DayLine:
    """The sum of all lines."""
    total = DayLine(day="total", bot="")
    for line in lines:
        total = total.plus(line)
    return total


def line_of(record: OrderHistoryRecord) -> DayLine:
    """One trip as a line."""
    entry = record.entry_quantity * record.entry_average
    exits = record.target_quantity * record.target_average + record.oco_quantity * record.oco_average
    is_buy = record.entry_direction == "BUY"
    known = record.open_pnl is not None and record.charges is not None
    return DayLine(
        day=record.completed_at[:10],
        bot=record.bot_name,
        round_trips=int(record.outcome != "oco"),
        hedged=int(record.outcome == "oco"),
        bought=entry if is_buy else exits,
        sold=exits if is_buy else entry,
        realised=record.realised_pnl,
        left_open=record.open_pnl or ZERO,
        charges=record.charges or NO_CHARGES,
        unknown=int(not known),
    )


def as_json(line: DayLine) -> dict[str, Any]:
    """A line with rupees as text with two decimals."""
    return {
        "date": line.day,
        "bot": line.bot,
        "round_trips": line.round_trips,
        "hedged": line.hedged,
        "bought": rupees(line.bought),
        "sold": rupees(line.sold),
        "realised": rupees(line.realised),
        "left_open": rupees(line.left_open),
        "charges": rupees(line.charges.total),
        **{item: rupees(getattr(line.charges, item)) for item in CHARGE_ITEMS},
        "net": rupees(line.net),
        "unknown": line.unknown,
    }
