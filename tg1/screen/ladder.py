"""The live ladder: money and what needs a person above, the grid with the price walking through it below.

What needs a person is wrapped and never cut, at any width (behaviour 19). rich is imported only when something is
drawn, so a bot without a terminal never loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tg1.screen.money import account_name, net_text, parts_text, shares_text, signed
from tg1.screen.rungs import Line, rung_lines
from tg1.screen.view import entries_text, hedges_text
from tg1.screen.wrap import cells, wrapped

if TYPE_CHECKING:
    from rich.console import Group

    from tg1.models import Quote
    from tg1.screen.view import LadderView

DEFAULT_HEIGHT = 40
DEFAULT_WIDTH = 80
_FEWEST_RUNGS = 3
"""The market's own row and a level on either side."""
_MOST_NOTES = 4
_NEEDED, _WANTED, _DETAIL, _COUNT, _SPACING = range(5)
"""What a person needs on any terminal, and what gives way before it: the higher, the sooner."""


class _Block(NamedTuple):
    """Lines that stay or give way together."""

    rank: int
    lines: list[Line]


def ladder_lines(view: LadderView, height: int = DEFAULT_HEIGHT, width: int = DEFAULT_WIDTH) -> list[Line]:
    """Return the whole screen in at most `height` lines of `width` columns.

    On a low terminal the least important lines give way, then all but the first of what needs a person; the market's
    own row never does.
    """
    for most_notes in range(_MOST_NOTES, -1, -1):
        blocks = [*_head(view, width), *_notes(view, width, most_notes), _Block(_SPACING, [Line("")])]
        above = _fitted(blocks, height - _FEWEST_RUNGS)
        if len(above) < height:
            break
    return above + rung_lines(view, max(1, height - len(above)), width)


def _fitted(blocks: list[_Block], room: int) -> list[Line]:
    """The blocks' lines without as many of the unimportant ones as the room asks for."""
    kept = dict(enumerate(blocks))
    for index in sorted(kept, key=lambda index: (blocks[index].rank, index), reverse=True):
        if sum(len(block.lines) for block in kept.values()) <= room or blocks[index].rank == _NEEDED:
            break
        del kept[index]
    return [line for block in kept.values() for line in block.lines]


def render(view: LadderView, height: int = DEFAULT_HEIGHT, width: int = DEFAULT_WIDTH) -> Group:
    """Return the screen as something rich can draw; a row of numbers wider than the terminal ends in an ellipsis."""
    from rich.console import Group  # noqa: PLC0415  # a bot without a terminal never loads rich
    from rich.text import Text  # noqa: PLC0415  # as above

    lines = ladder_lines(view, height, width)
    return Group(*(Text(_plain(line.text), style=line.style, no_wrap=True, overflow="ellipsis") for line in lines))


def _head(view: LadderView, width: int) -> list[_Block]:
    blocks = [*_title(view, width), *_money(view, width), *_quotes(view, width)]
    counters = [entries_text(view)] + ([hedges_text(view)] if view.token_b_symbol else [])
    blocks.append(_Block(_COUNT, _side_by_side([Line(text) for text in counters], width, "   ")))
    if view.max_quantity_reached:
        blocks.append(_Block(_WANTED, _wrapped("MAX QUANTITY REACHED: no new entries", "bold yellow", width)))
    if view.losing:
        blocks.append(_Block(_WANTED, _wrapped(view.losing, "bold red", width)))
    return blocks


def _title(view: LadderView, width: int) -> list[_Block]:
    """Name and status in one line with the clock; a status with its reason takes the lines that it needs."""
    clock = f"{view.at:%H:%M:%S} IST  cycle {view.cycle}"
    for name in (view.bot_name, _shortened(view.bot_name, width // 2)):
        title = _plain(f"{name}: {view.status}")
        room = width - cells(title) - len(clock)
        if room >= 2:  # noqa: PLR2004  # the least space between two things
            return [_Block(_NEEDED, [Line(f"{title}{' ' * room}{clock}", "bold")])]
    return [_Block(_NEEDED, _wrapped(title, "bold", width)), _Block(_COUNT, _wrapped(clock, "bold", width))]


def _money(view: LadderView, width: int) -> list[_Block]:
    """The net first and largest, then its parts, then every account's shares (behaviour 15)."""
    money = view.money
    style = "bold yellow" if not money.is_current else "bold green" if (money.net or 0) >= 0 else "bold red"
    net = net_text(money)
    blocks = [
        _Block(_NEEDED, _wrapped(net[:3].upper() + net[3:], style, width)),
        _Block(_DETAIL, _wrapped(parts_text(money), "", width)),
    ]
    for position in money.positions:
        gain = money.gain(position)
        won = "no price yet" if gain is None else signed(gain)
        row = f"  {account_name(position.account):<13}{shares_text(position):<48}{won:>15}"
        if len(row) > width:
            row = f"  {account_name(position.account)} {shares_text(position)}  {won}"
        blocks.append(_Block(_WANTED, _wrapped(row, "", width)))
    return blocks


def _quotes(view: LadderView, width: int) -> list[_Block]:
    lines = [_quote_line(view.token_a_symbol, view.quote_a)]
    if view.token_b_symbol:
        lines.append(_quote_line(view.token_b_symbol, view.quote_b))
    return [_Block(_WANTED, _side_by_side(lines, width, "    "))]


def _quote_line(symbol: str, quote: Quote | None) -> Line:
    if quote is None:
        return Line(f"{symbol:<12} no price yet", "red")
    text = f"{symbol:<12} {quote.price:>10.2f}  {quote.age_secs:.1f} s ago"
    return Line(text) if quote.fresh else Line(f"{text}  STALE", "bold red")


def _side_by_side(lines: list[Line], width: int, gap: str) -> list[Line]:
    """The lines in one, or below each other where they are too long for that."""
    joined = gap.join(line.text for line in lines)
    if len(joined) <= width:
        return [Line(joined, max((line.style for line in lines), key=len))]
    return [part for line in lines for part in _wrapped(line.text, line.style, width)]


def _notes(view: LadderView, width: int, most: int) -> list[_Block]:
    """What needs a person, then who backs off and why; a few, the rest counted."""
    notes = [Line(f"! {text}", "bold red") for text in view.attention]
    notes += [Line(f"{level.name} {level.note}", "yellow") for level in view.levels if level.note]
    shown = notes[:most]
    more = len(notes) - len(shown)
    counted = [Line(f"… {more} more", "dim")] if shown else [Line(f"! {more} need your eyes: see the log", "bold red")]
    texts = [*shown, *(counted if more else [])]
    return [_Block(_NEEDED, _wrapped(note.text, note.style, width)) for note in texts]


def _wrapped(text: str, style: str, width: int) -> list[Line]:
    """The text in as many lines as it needs, broken between words."""
    return [Line(part, style) for part in wrapped(_plain(text), width)]


def _shortened(name: str, width: int) -> str:
    while cells(name) > width:
        name = name.removesuffix("…")[:-1] + "…"
    return name


def _plain(text: str) -> str:
    """The text without control characters: a broker's words must not move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
