"""What a bot's days came to, one line each: the trader's own account and what his tax sheet asks for. PURE.

The money of a day is its sheet's (`tg1.rules.day_sheets`); its trips are counted from their records. A day of an
earlier TG1 has no sheet: it is summed from its trips, and lacks what neither target nor hedge has closed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from tg1.models import NO_CHARGES, ZERO, Charges
from tg1.rules.charges import INTRADAY_PRODUCT
from tg1.told.tables import rupees

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from tg1.models import DaySheet, HeldShares, OrderHistoryRecord

CHARGE_ITEMS = tuple(one.name for one in fields(Charges))
HEADER = (
    *("date", "bot", "paper", "round_trips", "hedged", "bought", "sold", "realised", "squared_off", "by_broker"),
    *("left_open", "charges", *CHARGE_ITEMS, "net", "held", "unknown", "trips_only"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One bot's day; rupees."""

    day: str
    """The date in IST, e.g. "2026-11-25"; "total" for a sum."""
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
    """By targets."""
    squared_off: Decimal = ZERO
    """By the operator's square-off."""
    by_broker: Decimal = ZERO
    """About: of MIS shares that the day left to the broker, at the last prices that the bot saw."""
    left_open: Decimal = ZERO
    """What is still open has won, at the last prices; less what it had won by the evening before."""
    charges: Charges = NO_CHARGES
    """As the rates of the bot say; the contract note decides."""
    held: tuple[HeldShares, ...] = ()
    """What the day left open."""
    is_brokers: bool = False
    """True when the broker has closed what the day left open."""
    unknown: int = 0
    """Trips and held shares of which nobody kept what they are worth: they are missing in `net`."""
    is_of_trips: bool = False
    """True for a day without a sheet."""

    @property
    def net(self) -> Decimal:
        """All parts less charges (behaviour 15)."""
        return self.realised + self.squared_off + self.by_broker + self.left_open - self.charges.total

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
            squared_off=self.squared_off + other.squared_off,
            by_broker=self.by_broker + other.by_broker,
            left_open=self.left_open + other.left_open,
            charges=self.charges + other.charges,
            held=self.held + other.held,
            is_brokers=self.is_brokers or other.is_brokers,
            unknown=self.unknown + other.unknown,
            is_of_trips=self.is_of_trips or other.is_of_trips,
        )


def lines_of_bot(
    sheets: Iterable[DaySheet], trips: Iterable[OrderHistoryRecord], *, is_paper: bool, today: date
) -> list[DayLine]:
    """A line for each day of one bot; `sheets` have each of their keys once."""
    lines: dict[str, DayLine] = {}
    for sheet in sheets:
        if not sheet.is_blank:
            _add(lines, line_of_sheet(sheet, is_paper=is_paper, today=today))
    with_sheet = frozenset(lines)
    for record in trips:
        line = line_of_trip(record, is_paper=is_paper)
        if line.day in with_sheet:
            line = replace(DayLine(day=line.day, bot=line.bot), round_trips=line.round_trips, hedged=line.hedged)
        _add(lines, line)
    return [lines[day] for day in sorted(lines)]


def _add(lines: dict[str, DayLine], line: DayLine) -> None:
    lines[line.day] = lines[line.day].plus(line) if line.day in lines else line


def total_of(lines: Iterable[DayLine], *, is_paper: bool) -> DayLine:
    """The sum of the lines of one kind: real money and paper are never added up, and nothing is held by a sum."""
    total = DayLine(day="total", bot="", is_paper=is_paper)
    for line in lines:
        if line.is_paper is is_paper:
            total = replace(total.plus(line), held=())
    return total


def line_of_sheet(sheet: DaySheet, *, is_paper: bool, today: date) -> DayLine:
    """One sheet as a line: once its day is over, the broker has closed what an MIS grid left open."""
    is_over = sheet.product == INTRADAY_PRODUCT and sheet.day < today
    won = sum((one.gain or ZERO for one in sheet.held), ZERO)
    return DayLine(
        day=sheet.day.isoformat(),
        bot=sheet.bot_name,
        is_paper=is_paper,
        bought=sheet.bought,
        sold=sheet.sold,
        realised=sheet.realised,
        squared_off=sheet.squared_off,
        by_broker=won if is_over else ZERO,
        left_open=(ZERO if is_over else won) - sheet.open_before,
        charges=sum((one.closing for one in sheet.held if is_over), sheet.charges),
        held=sheet.held,
        is_brokers=is_over and bool(sheet.held),
        unknown=sum(1 for one in sheet.held if one.gain is None),
    )


def line_of_trip(record: OrderHistoryRecord, *, is_paper: bool) -> DayLine:
    """One trip as a line, for a day without a sheet."""
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
        is_of_trips=True,
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
        "squared_off": rupees(line.squared_off),
        "by_broker": rupees(line.by_broker),
        "left_open": rupees(line.left_open),
        "charges": rupees(line.charges.total),
        **{item: rupees(getattr(line.charges, item)) for item in CHARGE_ITEMS},
        "net": rupees(line.net),
        "held": [_held_as_json(one, is_brokers=line.is_brokers) for one in line.held],
        "unknown": line.unknown,
        "trips_only": line.is_of_trips,
    }


def _held_as_json(one: HeldShares, *, is_brokers: bool) -> dict[str, Any]:
    position = one.position
    return {
        "account": position.account,
        "symbol": position.symbol,
        "quantity": position.quantity,
        "average": None if position.average is None else rupees(position.average),
        "price": None if one.last is None else rupees(one.last.price),
        "priced_at": None if one.last is None else one.last.at.isoformat(),
        "won": None if one.gain is None else rupees(one.gain),
        "closed_by_broker": is_brokers,
    }
