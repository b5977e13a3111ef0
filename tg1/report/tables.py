"""The tables of a report: a line per day, per level and per account, as text. PURE."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.report.story import LevelStory
from tg1.report.words import NOTHING, clock, gain, held_in_short, rupees, short_end
from tg1.screen.money import account_name

if TYPE_CHECKING:
    from tg1.report.story import DayStory, Margin, RunStory

DAY_HEAD = (
    "Day",
    "Net",
    "Gross",
    "Charges",
    "Realised",
    "Round trips",
    "Hedges",
    "Fills",
    "Worst open",
    "Most bound",
    "Held",
    "End",
)
LEVEL_HEAD = ("Level", "Net", "Gross", "Charges", "Entry", "Target", "Round trips", "Hedges", "Holds at the end")
NO_LEVEL = "not a level's"
"""The broker's square-off, and what charges of a day come to beyond those of its orders each alone."""


def day_line(day: DayStory) -> list[str]:
    """A day's cells under `DAY_HEAD`."""
    return [
        day.day.isoformat(),
        gain(day.net),
        gain(day.gross),
        rupees(day.charges),
        gain(day.realised),
        str(sum(level.trips for level in day.levels)),
        str(sum(level.hedges for level in day.levels)),
        str(day.fills),
        gain(day.worst_open),
        rupees(day.margin.total),
        held_in_short(day) or NOTHING,
        short_end(day.end),
    ]


def total_line(run: RunStory) -> list[str]:
    """The sums of a run under `DAY_HEAD`."""
    levels = [level for day in run.days for level in day.levels]
    return [
        "All days",
        gain(run.net),
        gain(run.gross),
        rupees(run.charges),
        gain(sum((day.realised for day in run.days), Decimal(0))),
        str(sum(level.trips for level in levels)),
        str(sum(level.hedges for level in levels)),
        str(sum(day.fills for day in run.days)),
        gain(min(day.worst_open for day in run.days)),
        rupees(max(day.margin.total for day in run.days)),
        "",
        "",
    ]


def level_line(level: LevelStory) -> list[str]:
    """A level's cells under `LEVEL_HEAD`."""
    return [
        level.name or NO_LEVEL,
        gain(level.net),
        gain(level.gross),
        rupees(level.charges),
        NOTHING if level.entry is None else f"{level.entry:,.2f}",
        NOTHING if level.target is None else f"{level.target:,.2f}",
        str(level.trips),
        str(level.hedges),
        level.held or NOTHING,
    ]


def run_levels(run: RunStory) -> list[LevelStory]:
    """Each level's days together, in the order of the first day that has it; its prices are the last day's."""
    by_name: dict[str, list[LevelStory]] = defaultdict(list)
    for day in run.days:
        for level in day.levels:
            by_name[level.name].append(level)
    return [
        LevelStory(
            name=name,
            entry=some[-1].entry,
            target=some[-1].target,
            trips=sum(level.trips for level in some),
            hedges=sum(level.hedges for level in some),
            held=some[-1].held,
            gross=sum((level.gross for level in some), Decimal(0)),
            charges=sum((level.charges for level in some), Decimal(0)),
        )
        for name, some in by_name.items()
    ]


def margin_lines(margin: Margin) -> list[list[str]]:
    """A line per account, and all of them together."""
    most = dict(margin.most)
    lines = [[account_name(account), rupees(amount), rupees(most[account])] for account, amount in margin.then]
    return [*lines, [f"together, at {clock(margin.secs)}", rupees(margin.total), NOTHING]]


def run_tiles(run: RunStory) -> list[tuple[str, str, str]]:
    """A run's figures: what, how much, and a remark."""
    best, worst = (pick(run.days, key=lambda day: day.net) for pick in (max, min))
    deepest = min(run.days, key=lambda day: day.worst_open)
    dearest = max(run.days, key=lambda day: day.margin.total)
    won = sum(1 for day in run.days if day.net > 0)
    return [
        ("Days with a gain", f"{won} of {len(run.days)}", "net of charges"),
        ("Best day", gain(best.net), best.day.isoformat()),
        ("Worst day", gain(worst.net), worst.day.isoformat()),
        ("Worst open loss", gain(deepest.worst_open), f"{deepest.day} {clock(deepest.worst_open_at)}"),
        ("Most money bound", rupees(dearest.margin.total), f"{dearest.day} {clock(dearest.margin.secs)}"),
        ("Realised", gain(sum((day.realised for day in run.days), Decimal(0))), "by round trips, before charges"),
    ]
