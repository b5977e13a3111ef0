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
    *("date", "bot", "paper", "round_trips", "hedged", "bought", "sold", "realised", "left_open", "charges"),
    *(*CHARGE_ITEMS, "net", "unknown"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One bot's day; rupees."""

    day: str
    """The date in IST on which the trips were completed, e.g. "2026-11-25"; "total" for a sum."""
    bot: str
    is_paper: bool = False
    """True for what was traded on the embedded exchange, with nobody's money."""
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
            is_paper=self.is_paper,
            round_trips=self.round_trips + other.round_trips,
            hedged=self.hedged + other.hedged,
            bought=self.bought + other.bought,
            sold=self.sold + other.sold,
            realised=self.realised + other.realised,
            left_open=self.left_open + other.left_open,
            charges=self.charges + other.charges,
            unknown=self.unknown + other.unknown,
        )


def lines_of_days(trips: Iterable[tuple[OrderHistoryRecord, bool]]) -> list[DayLine]:
    """A line for each bot and day, by day; a trip is a record and whether it was made on paper."""
    lines: dict[tuple[str, str, bool], DayLine] = {}
    for record, is_paper in trips:
        line = line_of(record, is_paper=is_paper)
        key = (line.day, line.bot, is_paper)
        lines[key] = lines[key].plus(line) if key in lines else line
    return [lines[key] for key in sorted(lines)]


def total_of(lines: Iterable[DayLine], *, is_paper: bool) -> DayLine:
    """The sum of the lines of one kind: real money and paper are never added up."""
    total = DayLine(day="total", bot="", is_paper=is_paper)
    for line in lines:
        if line.is_paper is is_paper:
            total = total.plus(line)
    return total


def line_of(record: OrderHistoryRecord, *, is_paper: bool) -> DayLine:
    """One trip as a line."""
    entry = record.entry_quantity * record.entry_average
    exits = record.target_quantity * record.target_average + record.oco_quantity * record.oco_average
    is_buy = record.entry_direction == "BUY"
    known = record.open_pnl is not None and record.charges is not None
    return DayLine(
        day=record.completed_at[:10],
        bot=record.bot_name,
        is_paper=is_paper,
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
        "paper": line.is_paper,
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
