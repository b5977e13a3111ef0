"""What `tg1 pair` says: the figures, what they mean, and the flags that follow. PURE."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from tg1.pair.advice import LEAST_MOVES, Verdict, plain
from tg1.pair.statistics import ENOUGH_DAYS

if TYPE_CHECKING:
    from tg1.pair.advice import Answer
    from tg1.pair.passages import Passages
    from tg1.pair.reach import GridAdvice
    from tg1.pair.statistics import HorizonStats, Spread

FEW_DAYS = 20
"""Fewer days say little of the next one."""
_WIDTH = 110
"""Columns of prose."""
_LATEST_BEGIN = 9.5 * 3600
"""A day whose prices begin later is not whole."""


def as_text(found: Answer) -> str:
    """The whole report; its last line are the flags, where there are any."""
    parts = (_head(found), _horizons(found), _verdict(found), _ratio(found), _moves(found), _grid(found), _end(found))
    return "\n\n".join("\n".join(map(_wrapped, lines)) for lines in parts if lines)


def _wrapped(line: str) -> str:
    """Prose that is too long for a line, as several; tables and flags stay whole."""
    if len(line) <= _WIDTH or line.startswith("-"):
        return line
    return "\n".join(wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _head(found: Answer) -> list[str]:
    days, asked = found.days, found.question
    count = "1 day" if len(days) == 1 else f"{len(days)} days"
    lines = [
        f"{asked.symbol_a} hedged on {asked.symbol_b}: {count}, {days[0].day} to {days[-1].day}, {found.resolution}"
    ]
    late = sum(day.a.secs[0] > _LATEST_BEGIN for day in days)
    if late:
        lines.append(f"{late} of them began after 09:30: their ranges are smaller than a whole day's.")
    if len(days) < FEW_DAYS:
        lines.append(f"Few days: {FEW_DAYS} or more would tell how the pair behaves when it matters.")
    return lines


def _horizons(found: Answer) -> list[str]:
    asked = found.question
    lines = [
        f"{'returns over':<13}{'correlation':<24}{f'beta of {asked.symbol_a} on {asked.symbol_b}':<28}days   returns",
        f"{'':<13}{'median   8 days of 10':<24}{'median   8 days of 10':<28}",
    ]
    lines += [_horizon(each) for each in found.horizons]
    lines.append(f"(a day, and fewer than {ENOUGH_DAYS} days: the range is that of the estimate)")
    return lines


def _horizon(stats: HorizonStats) -> str:
    if stats.correlation is None or stats.beta is None:
        return f"{stats.label:<13}{stats.note}"
    return (
        f"{stats.label:<13}{_spread(stats.correlation):<24}{_spread(stats.beta):<28}{stats.days:4}{stats.returns:10,}"
    )


def _spread(spread: Spread) -> str:
    return f"{spread.median:6.2f}   {spread.low:.2f} to {spread.high:.2f}"


def _verdict(found: Answer) -> list[str]:
    a, b = found.question.symbol_a, found.question.symbol_b
    if found.judged is None or found.judged.correlation is None:
        return [f"Whether {b} hedges {a} is not known: no horizon within a day has returns."]
    spread, over = found.judged.correlation, found.judged.label
    sure = "on 9 days of 10" if found.judged.days >= ENOUGH_DAYS else "in 9 of 10 such samples"
    first = f"{b} is {found.verdict} for {a}: over {over} their correlation is {spread.median:.2f}"
    lines = [f"{first}, and above {spread.low:.2f} {sure}."]
    if found.verdict is Verdict.WRONG:
        lines.append(
            f"The sign is wrong: when {a} falls, {b} rises. A BUY entry of {a} is hedged by SELLING {b} after it has "
            f"fallen, and then both legs lose together. Don't hedge {a} on {b}."
        )
    elif found.verdict is Verdict.NONE:
        lines.append(f"{b} goes its own way: hedging {a} on it adds its moves to those of {a}.")
    else:
        lines.append(
            f"The sign is right: they fall together. A BUY entry of {a} is hedged by SELLING {b} after it has fallen, "
            "a SELL entry by buying it after it has risen."
        )
        lines.append(
            f"A full hedge would leave {found.left_over:.0%} of the size of {a}'s moves over {over}; "
            f"{1 - found.left_over**2:.0%} of their variance would be gone."
        )
    return lines


def _ratio(found: Answer) -> list[str]:
    if not found.is_usable or found.judged is None or found.judged.beta is None:
        return []
    a, b = found.question.symbol_a, found.question.symbol_b
    price_a, price_b = found.prices
    why = f"beta {found.judged.beta.median:.2f} over {found.judged.label}, times {price_a:,.2f} / {price_b:,.2f}"
    return [
        f"One share of {a} moves as {found.ratio:.2f} shares of {b}: {why}.",
        f"  --qty-a {found.question.quantity_a} needs --qty-b {found.quantity_b}",
        *_ratio_of_a_day(found),
    ]


def _ratio_of_a_day(found: Answer) -> list[str]:
    beta = found.horizons[-1].beta
    if beta is None or beta.median <= 0:
        return []
    price_a, price_b = found.prices
    shares = max(1, round(beta.median * price_a / price_b * found.question.quantity_a))
    return [f"  (kept overnight, by the beta of a day, {beta.median:.2f}: --qty-b {shares})"]


def _moves(found: Answer) -> list[str]:
    a, b = found.question.symbol_a, found.question.symbol_b
    lines = [
        f"When {b} had moved by the OCO spread, the entry on {a} that it hedges had lost:",
        f"{'spread':>9}  {'moves (a day)':>15}  {'with a loss':>16}  {'95 % sure':>14}  median loss a share",
    ]
    lines += [_move(each) for each in found.moves]
    best = found.best_move
    if best is not None:
        often = f"{b} moves so far {best.a_day:.1f} times a day"
        lost = f"{best.share:.0%} of these moves came with a loss in {a}"
        lines.append(f"  --oco-spread {plain(best.oco_spread)}: {often}, and {lost}")
    else:
        lines.append(f"No spread is surely better than a coin (or has {LEAST_MOVES} moves): none is suggested.")
    return lines


def _move(each: Passages) -> str:
    low, high = each.sure
    often = f"{each.moves:,} ({each.a_day:.1f})"
    return (
        f"{each.oco_spread:9,.2f}  {often:>15}  {f'{each.with_loss:,} = {each.share:.0%}':>16}  "
        f"{f'{low:.0%} to {high:.0%}':>14}  {each.median_loss:8,.2f}"
    )


def _grid(found: Answer) -> list[str]:
    asked, reach = found.question, found.reach_a
    went = f"{asked.symbol_a} went {reach.median:,.2f} from its first price of the day (median)"
    lines = [f"{went}, and no more than {reach.most:,.2f} on 9 days of 10."]
    grid = found.grid
    if grid is None:
        return [*lines, f"No spread pays for a round trip of {asked.quantity_a} shares."]
    lines.append(
        f"  --steps {grid.steps} --spread {grid.spread:.2f} reaches {grid.reach:,.2f}; a round trip of "
        f"{grid.quantity} nets {grid.trip.net:,.2f} of {grid.trip.gross:,.2f} ({asked.product})"
    )
    if grid.steps < asked.steps:
        lines.append(
            f"  ({grid.steps} instead of {asked.steps} steps: narrower ones would leave less than half of the gross)"
        )
    return lines


def _end(found: Answer) -> list[str]:
    if not found.flags:
        return ["No flags are suggested."]
    closed = " --square-off-at 15:17" if found.question.product == "MIS" else ""
    return [
        "All of this is what these days were. Judge the grid on other days, by tg1 sweep, or with its flags:",
        f"  tg1 replay --prices FILE|FOLDER --from DAY --fill through --fresh{closed}",
        "Suggested flags:",
        found.flags,
    ]


def as_json(found: Answer) -> dict[str, Any]:
    """The object of `--json`; rupees as text with two decimals, figures as numbers."""
    asked, best = found.question, found.best_move
    return {
        "symbol_a": asked.symbol_a,
        "symbol_b": asked.symbol_b,
        "days": len(found.days),
        "from": found.days[0].day.isoformat(),
        "to": found.days[-1].day.isoformat(),
        "prices_are": found.resolution,
        "verdict": str(found.verdict),
        "horizons": [_horizon_json(each) for each in found.horizons],
        "ratio": round(found.ratio, 4),
        "qty_a": asked.quantity_a,
        "qty_b": found.quantity_b,
        "left_over": round(found.left_over, 4),
        "moves": [_move_json(each) for each in found.moves],
        "oco_spread": None if best is None else plain(best.oco_spread),
        "range": {
            "median": plain(found.reach_a.median),
            "nine_days_of_ten": plain(found.reach_a.most),
            "low_to_high": plain(found.reach_a.range_median),
        },
        "grid": None if found.grid is None else _grid_json(found.grid),
        "flags": found.flags,
    }


def _grid_json(grid: GridAdvice) -> dict[str, Any]:
    return {
        "steps": grid.steps,
        "spread": plain(float(grid.spread)),
        "gross": plain(float(grid.trip.gross)),
        "net": plain(float(grid.trip.net)),
    }


def _horizon_json(stats: HorizonStats) -> dict[str, Any]:
    def figures(spread: Spread | None) -> dict[str, float] | None:
        return None if spread is None else {name: round(value, 4) for name, value in spread._asdict().items()}

    return {
        "over": stats.label,
        "days": stats.days,
        "returns": stats.returns,
        "correlation": figures(stats.correlation),
        "beta": figures(stats.beta),
        "note": stats.note,
    }


def _move_json(each: Passages) -> dict[str, Any]:
    low, high = each.sure
    return {
        "oco_spread": plain(each.oco_spread),
        "moves": each.moves,
        "with_loss": each.with_loss,
        "share": round(each.share, 4),
        "sure": [round(low, 4), round(high, 4)],
        "median_loss": plain(each.median_loss),
    }
