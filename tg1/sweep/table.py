"""What a sweep says on the terminal: how much was tried, who was chosen and how he did afterwards, and luck. PURE."""

from __future__ import annotations

from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from tg1.replay.summary import NOT_MODELLED
from tg1.screen.money import counted
from tg1.settings.flags import flag_of
from tg1.sweep.luck import FEW_DAYS, FEWEST_DAYS, luck
from tg1.sweep.refusals import by_reason

if TYPE_CHECKING:
    from tg1.sweep.combinations import Asked
    from tg1.sweep.command import SweepCommand
    from tg1.sweep.luck import Luck
    from tg1.sweep.reading import Prices
    from tg1.sweep.run import Swept
    from tg1.sweep.standing import Part, Standing, Tried

_MOST_REASONS = 5


def rupees(paise: float) -> str:
    """+1,234.50."""
    return f"{Decimal(round(paise)) / 100:+,.2f}"


def report(command: SweepCommand, prices: Prices, swept: Swept) -> str:
    """The whole text, without a last line feed."""
    tried = swept.tried
    lines = [*_head(command, prices, swept), *_refused(tried)]
    if tried.best_first:
        lines += ["", *_table(command, tried), "", *_verdict(command, tried), *_luck_lines(tried)]
    return "\n".join([*lines, NOT_MODELLED])


def luck_of(tried: Tried) -> Luck | None:
    """By the nets of the first days."""
    return luck([one.nets[: tried.first] for one in tried.best_first])


def _head(command: SweepCommand, prices: Prices, swept: Swept) -> list[str]:
    tried, days = swept.tried, swept.tried.days
    fill = "through" if command.rig.through else "touch, which flatters (judge the choice by --fill through)"
    at = command.rig.square_off_at
    market = f"--fill {fill}, --path {command.wanted.path}" + (f", --square-off-at {at:%H:%M}" if at else "")
    lines = [
        (
            f"{command.asked.count:,} combinations, {len(tried.best_first):,} tried, {len(tried.refused):,} refused by "
            f"the bot; {swept.computed:,} computed now, {swept.known:,} known from {command.results}"
        ),
        f"{counted(len(days), 'day')}, {days[0]} to {days[-1]}; {market}",
    ]
    if prices.left_out:
        lines.append(f"{counted(prices.left_out, 'day')} left out, of which not every pair has prices")
    if not tried.is_judged:
        return [*lines, "there is one day only: what is chosen on it can't be judged on others"]
    first = f"chosen on the first {counted(tried.first, 'day')} (to {days[tried.first - 1]})"
    judged = f"judged on the other {tried.rest} (from {days[tried.first]})"
    return [*lines, f"{first}, {judged}; amounts in rupees, net of charges"]


def _refused(tried: Tried) -> list[str]:
    reasons = by_reason(tried.refused)
    lines = [f"  refused {count:,} x, for example: {sentence}" for count, sentence in reasons[:_MOST_REASONS]]
    more = sum(count for count, _ in reasons[_MOST_REASONS:])
    return [*lines, f"  refused {more:,} x for other reasons"] if more else lines


def _table(command: SweepCommand, tried: Tried) -> list[str]:
    """The best of the first days, side by side with what they did on the rest. Net of charges, rupees."""
    fields = _columns(command, tried)
    rest = ["net rest", "a day", "rank rest"] if tried.is_judged else []
    head = ["rank", *(name for name, _ in fields), "net first", "a day", *rest, "worst open", "fills"]
    rows = [_cells(one, fields, tried) for one in tried.best_first[: command.top]]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]


def _columns(command: SweepCommand, tried: Tried) -> list[tuple[str, int]]:
    """Names of what differs between combinations, with its place in their values; -1 is the pair."""
    asked = command.asked
    pair = [("pair", -1)] if len({one.combination.pair for one in tried.best_first}) > 1 else []
    return pair + [(flag_of(name).removeprefix("--"), asked.fields.index(name)) for name in asked.varied]


def _cells(one: Standing, fields: list[tuple[str, int]], tried: Tried) -> list[str]:
    said = one.combination
    cells = [str(one.rank), *(said.pair if at < 0 else said.values[at] for _, at in fields), *_net(one.first)]
    if tried.is_judged:
        cells += [*_net(one.rest), str(one.rest_rank)]
    worst = min(one.first.worst_open, one.rest.worst_open)
    return [*cells, rupees(worst), f"{one.first.fills + one.rest.fills:,}"]


def _net(part: Part) -> list[str]:
    return [rupees(part.net), rupees(part.net / part.days)]


def _verdict(command: SweepCommand, tried: Tried) -> list[str]:
    chosen = tried.best_first[0]
    first = [one.first.net for one in tried.best_first]
    lines = [f"first days: the best {rupees(first[0])}, the median of all {rupees(median(first))}"]
    if tried.is_judged:
        rest = [one.rest.net for one in tried.best_first]
        lines.append(
            f"the rest: the chosen one {rupees(chosen.rest.net)} (rank {chosen.rest_rank:,} of {len(rest):,}), the "
            f"median of all {rupees(median(rest))}, the best in hindsight {rupees(max(rest))}"
        )
    held = chosen.open or "nothing"
    ends = ", ".join(f"{end} ({days})" for end, days in chosen.ends)
    if first[0] <= 0:
        lines.append("not one of them earned its charges on the first days: the chosen one is the one that lost least")
    lines.append(f"the chosen one: {_line(command, chosen)}")
    lines += edges(command.asked, tried)
    lines.append(f"the chosen one held {held} after the last day; its days ended: {ends}")
    stopped = sum(one.first.stood_still + one.rest.stood_still > 0 for one in tried.best_first)
    if stopped:
        fresh = "" if chosen.combination.config.fresh else "; --fresh begins each morning with a new grid"
        lines.append(
            f"{stopped:,} of {len(tried.best_first):,} stood still on some days, ended by their own rules before or "
            f"refused at the start{fresh}"
        )
    return lines


def edges(asked: Asked, tried: Tried) -> list[str]:
    """Where the chosen value is the last of three or more: beyond it nobody has looked."""
    lines = []
    for name in asked.varied:
        at = asked.fields.index(name)
        texts = [one.combination.values[at] for one in tried.best_first]
        if not all(text.replace(".", "", 1).isdigit() for text in texts):
            continue  # a word is neither large nor small
        values = [Decimal(text) for text in texts]
        if len(set(values)) > 2 and values[0] in (min(values), max(values)):  # noqa: PLR2004  # each of two is the last
            end = "smallest" if values[0] == min(values) else "largest"
            lines.append(f"its {flag_of(name)} is the {end} that was tried: beyond it nothing is known")
    return lines


def _line(command: SweepCommand, chosen: Standing) -> str:
    """What to type for it, beside the flags that all of them share."""
    said = chosen.combination
    symbols = zip(("--token-a", "--token-b"), said.pair.split("/"), strict=False)
    swept = zip(map(flag_of, command.asked.fields), said.values, strict=True)
    return " ".join(f"{flag} {value}" for flag, value in (*symbols, *swept))


def _luck_lines(tried: Tried) -> list[str]:
    found = luck_of(tried)
    count = f"{len(tried.best_first):,}"
    if found is None:
        tried_on = f"luck: {count} were tried on {counted(tried.first, 'day')}"
        return [f"{tried_on}; what the best of so many worthless ones shows can't be told from less than {FEWEST_DAYS}"]
    best = tried.best_first[0].first.net
    verdict = "more than luck explains" if best > found.high else "no more than luck explains"
    rough = f"; rough, with less than {FEW_DAYS} days" if found.is_rough else ""
    trials = f"worthless ones did as well in {found.share:.1%} of the trials"
    return [
        (
            f"luck: the best of {count} worthless ones would have shown {rupees(found.typical)} on the first days, and "
            f"more than {rupees(found.high)} in 5 of 100 trials"
        ),
        f"luck: the best here shows {rupees(best)}: {verdict} ({trials}{rough})",
        f"luck: these {count} differ like {found.independent:.1f} that have nothing in common",
        "luck: a grid that wins often and seldom loses much has more of it than its days have shown yet",
    ]
