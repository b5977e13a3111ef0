"""The rungs of the ladder: one row a level, with the centre and the live price between them. PURE.

The narrower the terminal, the fewer columns; the lower it is, the fewer rows. The market's own row always stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tg1.models import LevelState, Side
from tg1.screen.view import IN_DOUBT, WORDS

if TYPE_CHECKING:
    from decimal import Decimal

    from tg1.screen.view import LadderView, LevelView

_STYLES = {
    LevelState.TARGET_READY: "bold yellow",
    LevelState.TARGET_PLACED: "yellow",
    LevelState.TARGET_FILLED: "green",
    LevelState.OCO_FILLED: "magenta",
    LevelState.CLOSED: "dim",
    LevelState.FRESH: "dim",
}
_ALL_COLUMNS = 80
_WITHOUT_ID = 66
_WITHOUT_ENTRY = 54
"""Columns of a terminal from which on a row has all cells, all but the order's id, all but that and the entry price."""
_WIDEST_RULE = 60
_FEWEST_ROWS = 2


class Line(NamedTuple):
    """One line of the screen and how it looks."""

    text: str
    style: str = ""


def rung_lines(view: LadderView, room: int, width: int) -> list[Line]:
    """Return at most `room` lines (at least one) of `width` columns.

    Levels that need eyes come first, then those nearest to the price; the rest is counted where it is left out. Where
    even two levels find no room beside the centre and the counts, those go.
    """
    ranked = _ranked(view)
    rows = min(room, len(ranked))
    while rows >= min(_FEWEST_ROWS, len(ranked)):
        lines = _with_everything(view, set(ranked[:rows]), width)
        if len(lines) <= room:
            return lines
        rows -= len(lines) - room
    return _lean(view, sorted(ranked[: room - 1]), width)


def _lean(view: LadderView, chosen: list[int], width: int) -> list[Line]:
    """The chosen levels and the market's own row, nothing else."""
    price, line = _price_mark(view, width) or _centre_mark(view, width)
    levels = [view.levels[index] for index in chosen]
    above = [_row(level, width) for level in levels if level.entry_price > price]
    return [*above, line, *(_row(level, width) for level in levels[len(above) :])]


def _with_everything(view: LadderView, chosen: set[int], width: int) -> list[Line]:
    """The levels from the highest price down, with heads, marks and counts between them."""
    marks = [mark for mark in (_centre_mark(view, width), _price_mark(view, width)) if mark]
    marks.sort(key=lambda mark: mark[0])
    lines = [Line(_columns("LEVEL", "ENTRY", "STATE", "ORDER", "FILLED", "ORDER ID", "OCO", width=width), "bold")]
    hidden = 0
    for index, level in enumerate(view.levels):
        passed = [mark for mark in marks if mark[0] >= level.entry_price]
        if passed or index in chosen:
            hidden = _end_gap(lines, hidden)
        while passed:
            lines.append(passed.pop()[1])
            marks.pop()
        if index in chosen:
            lines.append(_row(level, width))
        else:
            hidden += 1
    _end_gap(lines, hidden)
    lines.extend(line for _, line in reversed(marks))
    return lines


def _end_gap(lines: list[Line], hidden: int) -> int:
    if hidden:
        lines.append(Line(f"  … {hidden} more", "dim"))
    return 0


def _ranked(view: LadderView) -> list[int]:
    """The levels by how much they deserve a row: those that need eyes first, then those nearest to the price."""
    around = view.quote_a.price if view.quote_a else view.centre

    def rank(index: int) -> tuple[bool, Decimal]:
        level = view.levels[index]
        return (not level.needs_eyes, abs(level.entry_price - around))

    return sorted(range(len(view.levels)), key=rank)


def _row(level: LevelView, width: int) -> Line:
    order = f"{level.direction:<4} {level.price:.2f}"
    filled = f"{level.filled_quantity}/{level.quantity}" if level.quantity else ""
    price = "" if level.oco_price is None else f"{level.oco_price:.2f}"
    oco = f"{price} {level.oco_state}".strip()
    style = "bold red" if level.is_in_doubt or level.note else _STYLES.get(level.state, _side_style(level.direction))
    word = WORDS[level.state]
    if width < _WITHOUT_ID and level.order_id == IN_DOUBT:
        order = f"{order} {IN_DOUBT}"
    if width < _WITHOUT_ENTRY and 0 < level.filled_quantity < level.quantity:
        word = f"{100 * level.filled_quantity // level.quantity} %"
    cells = (level.name, f"{level.entry_price:.2f}", word, order, filled, level.order_id[-12:], oco)
    return Line(_columns(*cells, width=width), style)


def _side_style(direction: Side) -> str:
    """The colour of an order that rests: red is an alarm's."""
    return "blue" if direction is Side.BUY else "cyan"


def _columns(  # noqa: PLR0917  # the columns of one row, left to right
    level: str, entry: str, state: str, order: str, filled: str, order_id: str, oco: str, *, width: int
) -> str:
    if width < _WITHOUT_ENTRY:
        return f"{level:<4} {state:<6} {order:<13} {oco}".rstrip()
    if width < _WITHOUT_ID:
        return f"{level:<5} {state:<6}  {order:<14} {filled:>9}  {oco}".rstrip()
    if width < _ALL_COLUMNS:
        return f"{level:<5} {entry:>9}  {state:<6}  {order:<14} {filled:>9}  {oco}".rstrip()
    return f"{level:<5} {entry:>9}  {state:<6}  {order:<14} {filled:>9}  {order_id:<12} {oco}".rstrip()


def _centre_mark(view: LadderView, width: int) -> tuple[Decimal, Line]:
    return view.centre, Line(_rule(f"centre {view.centre:.2f}", "-", width), "dim")


def _price_mark(view: LadderView, width: int) -> tuple[Decimal, Line] | None:
    """The market's own row; None before the first price."""
    if view.quote_a is None:
        return None
    name = f"{view.token_a_symbol} {view.quote_a.price:.2f}" + ("" if view.quote_a.fresh else " STALE")
    return view.quote_a.price, Line(_rule(name, "=", width), "bold reverse")


def _rule(text: str, char: str, width: int) -> str:
    lead = 8 if width >= _WITHOUT_ENTRY else 2
    return f"{char * lead} {text} ".ljust(min(width, _WIDEST_RULE), char)
