"""Ten lines on a replay for the terminal: net first, then where it came from, then what is not in it. PURE."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from tg1.replay.result import to_paisa
from tg1.replay.step import step_of, step_sentence
from tg1.screen.money import counted, signed

if TYPE_CHECKING:
    from tg1.config import GridOcoConfig
    from tg1.replay.result import DayResult

NOT_MODELLED = (
    "Not modelled: your place in the queue, your own weight in the market, and the other side's depth. "
    "Run --fill touch and --fill through, and believe the worse."
)


def summary(config: GridOcoConfig, days: list[DayResult], wall_secs: float) -> str:
    """The lines, without a last line feed."""
    gross = sum((to_paisa(day.gross) for day in days), Decimal(0))
    charges = sum((to_paisa(day.charges.total) for day in days), Decimal(0))
    ends = Counter(_end(day) for day in days) if len(days) > 1 else {days[0].end: 1}
    pair = config.token_a_symbol + (f" hedged on {config.token_b_symbol}" if config.has_oco else "")
    lines = [
        f"NET {signed(gross - charges)} = gross {signed(gross)} - charges {charges:,.2f}",
        f"{config.bot_name}: {pair}, {_span(days)}",
        f"of the gross, realised by round trips {signed(sum((day.realised for day in days), Decimal(0)))}",
        *_step(config, days),
        *_extremes(days),
        f"worst open loss {min(day.worst_open for day in days):,.2f}",
        f"fills {sum(day.fills for day in days):,}; held at the end: {days[-1].held or 'nothing'}",
        "the bot ended: " + ", ".join(end + (f" ({number})" if len(days) > 1 else "") for end, number in ends.items()),
        (
            f"{sum(day.price_events for day in days):,} prices, {sum(day.cycles_run for day in days):,} cycles run, "
            f"{wall_secs:.1f} s"
        ),
        *_left_open(days),
        NOT_MODELLED,
    ]
    return "\n".join(lines)


def _span(days: list[DayResult]) -> str:
    first, last = days[0].day, days[-1].day
    return f"{first}" if first == last else f"{first} to {last}, {len(days)} days"


def _end(day: DayResult) -> str:
    """How the bot ended, without its details: they are in the report."""
    return day.end.partition(":" if day.exit_code in (0, 3) else " (")[0]


def _step(config: GridOcoConfig, days: list[DayResult]) -> list[str]:
    trip = step_of(config, days)
    return [] if trip is None else [step_sentence(config, trip)]


def _extremes(days: list[DayResult]) -> list[str]:
    if len(days) == 1:
        return []
    best, worst = (pick(days, key=lambda day: day.net) for pick in (max, min))
    return [f"best day {best.day} {signed(best.net)}; worst day {worst.day} {signed(worst.net)}"]


def _left_open(days: list[DayResult]) -> list[str]:
    left = sum(bool(day.open) for day in days)
    if not left:
        return []
    return [f"{counted(left, 'day')} ended with open positions, at the last price and without charges for closing them"]
