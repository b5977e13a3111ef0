"""The live ladder on a terminal: the grid with the price walking through it.

`ladder_lines` and `render` are pure; `LadderScreen` is the thin edge around `rich.live.Live`. rich is imported only
when something is drawn, so a bot without a terminal never loads it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from tg1.models import LevelState, Side
from tg1.screen.money import account_name, net_text, parts_text, shares_text, signed
from tg1.screen.view import WORDS, entries_text, hedges_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from typing import TextIO

    from rich.console import Console, Group

    from tg1.models import Quote
    from tg1.screen.view import LadderView, LevelView
    from tg1.screen.writer import Writer

log = logging.getLogger(__name__)

DEFAULT_HEIGHT = 40
_LOWEST_HEIGHT = 16
_MOST_NOTES = 4
_WIDTH = 80
_STYLES = {
    LevelState.TARGET_READY: "bold yellow",
    LevelState.TARGET_PLACED: "yellow",
    LevelState.TARGET_FILLED: "green",
    LevelState.OCO_FILLED: "magenta",
    LevelState.CLOSED: "dim",
    LevelState.FRESH: "dim",
}


class Line(NamedTuple):
    """One line of the screen and how it looks."""

    text: str
    style: str = ""


def ladder_lines(view: LadderView, height: int = DEFAULT_HEIGHT) -> list[Line]:
    """Return the whole screen in at most `height` lines (16 at least); 80 columns are enough but for long names.

    Levels that need eyes come first, then those nearest to the price; the rest is counted where it is left out.
    """
    height = max(height, _LOWEST_HEIGHT)
    around = [*_head(view), *_notes(view), Line("")]
    rows = height
    while True:
        lines = around + _rungs(view, rows)
        excess = len(lines) - height
        if excess <= 0 or rows == 0:
            return lines
        rows = max(0, rows - excess)


def render(view: LadderView, height: int = DEFAULT_HEIGHT) -> Group:
    """Return the screen as something rich can draw; what does not fit the width is cut with an ellipsis."""
    from rich.console import Group  # noqa: PLC0415  # a bot without a terminal never loads rich
    from rich.text import Text  # noqa: PLC0415  # as above

    lines = ladder_lines(view, height)
    return Group(*(Text(_plain(line.text), style=line.style, no_wrap=True, overflow="ellipsis") for line in lines))


class LadderScreen:
    """Keeps one ladder on the terminal; log lines go above it through `console`.

    A terminal that went away (a closed SSH session) ends the drawing, never the bot. Frames are drawn by the terminal's
    writer; when it is slow, the newest one is drawn and those between are dropped (behaviour 19).
    """

    def __init__(self, writer: Writer, console: Console, has_gone: Callable[[], bool] = lambda: False) -> None:
        """`has_gone`: nothing may be written to the terminal any more."""
        from rich.live import Live  # noqa: PLC0415  # a bot without a terminal never loads rich

        self.console = console
        self._writer = writer
        self._has_gone = has_gone
        self._newest: LadderView | None = None
        self._asked = False
        self._live = Live(console=self.console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._gone = False

    def show(self, view: LadderView) -> None:
        """Let the view be drawn in place of the last one; returns at once."""
        self._newest = view
        if not self._asked:
            self._asked = self._writer.offer(self._draw)

    def _draw(self) -> None:
        self._asked = False
        view = self._newest
        if view is None or self._gone or self._has_gone():
            return
        try:
            if not self._live.is_started:
                self._live.start()
            self._live.update(render(view, self.console.height - 1), refresh=True)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            self._gone = True
            log.warning("The terminal can't be drawn on any more (%s); the bot goes on without its ladder.", error)

    def stop(self) -> None:
        """Leave the last ladder on the screen; harmless when nothing was drawn. Returns at once."""
        self._writer.insist(self._leave)

    def _leave(self) -> None:
        if self._has_gone():
            return
        try:
            self._live.stop()
        except (OSError, ValueError) as error:
            self._gone = True
            log.debug("The terminal went away before the ladder could be left on it: %s", error)


def console_on(stream: TextIO) -> Console:
    """Rich's console on a terminal."""
    from rich.console import Console  # noqa: PLC0415  # a bot without a terminal never loads rich

    return Console(file=stream)


def _head(view: LadderView) -> list[Line]:
    clock = f"{view.at:%H:%M:%S} IST  cycle {view.cycle}"
    room = _WIDTH - len(clock) - 2
    title = f"{view.bot_name}: {view.status}"
    title = title if len(title) <= room else title[: room - 1] + "…"
    lines = [Line(f"{title:<{room}}  {clock}", "bold"), *_money(view)]
    lines += _quote_lines(view)
    counters = entries_text(view)
    if view.token_b_symbol:
        counters += f"   {hedges_text(view)}"
    lines.append(Line(counters))
    if view.max_quantity_reached:
        lines.append(Line("MAX QUANTITY REACHED: no new entries", "bold yellow"))
    if view.losing:
        lines.append(Line(view.losing, "bold red"))
    return lines


def _money(view: LadderView) -> list[Line]:
    """The net first and largest, then its parts, then every account's shares (behaviour 15)."""
    money = view.money
    style = "bold yellow" if not money.is_current else "bold green" if (money.net or 0) >= 0 else "bold red"
    net = net_text(money)
    lines = [Line(net[:3].upper() + net[3:], style), Line(parts_text(money))]
    for position in money.positions:
        gain = money.gain(position)
        won = "no price yet" if gain is None else signed(gain)
        lines.append(Line(f"  {account_name(position.account):<13}{shares_text(position):<48}{won:>15}"))
    return lines


def _quote_lines(view: LadderView) -> list[Line]:
    """Both prices side by side, or below each other where they are too long for that."""
    lines = [_quote_line(view.token_a_symbol, view.quote_a)]
    if view.token_b_symbol:
        lines.append(_quote_line(view.token_b_symbol, view.quote_b))
    joined = "    ".join(line.text for line in lines)
    if len(joined) > _WIDTH:
        return lines
    return [Line(joined, max((line.style for line in lines), key=len))]


def _quote_line(symbol: str, quote: Quote | None) -> Line:
    if quote is None:
        return Line(f"{symbol:<12} no price yet", "red")
    text = f"{symbol:<12} {quote.price:>10.2f}  {quote.age_secs:.1f} s ago"
    return Line(text) if quote.fresh else Line(f"{text}  STALE", "bold red")


def _rungs(view: LadderView, max_rows: int) -> list[Line]:
    """The levels from the highest price down, with the centre and the live price between them."""
    chosen = _chosen(view, max_rows)
    marks = [(view.centre, Line(_rule(f"centre {view.centre:.2f}"), "dim"))]
    if view.quote_a is not None:
        name = f"{view.token_a_symbol} {view.quote_a.price:.2f}" + ("" if view.quote_a.fresh else " STALE")
        marks.append((view.quote_a.price, Line(_rule(name, "="), "bold cyan")))
    marks.sort(key=lambda mark: mark[0])
    lines = [Line(_columns("LEVEL", "ENTRY", "STATE", "ORDER", "FILLED", "ORDER ID", "OCO"), "bold")]
    hidden = 0
    for index, level in enumerate(view.levels):
        passed = [mark for mark in marks if mark[0] >= level.entry_price]
        if passed or index in chosen:
            hidden = _end_gap(lines, hidden)
        while passed:
            lines.append(passed.pop()[1])
            marks.pop()
        if index in chosen:
            lines.append(_row(level))
        else:
            hidden += 1
    _end_gap(lines, hidden)
    lines.extend(line for _, line in reversed(marks))
    return lines


def _end_gap(lines: list[Line], hidden: int) -> int:
    if hidden:
        lines.append(Line(f"  … {hidden} more", "dim"))
    return 0


def _chosen(view: LadderView, max_rows: int) -> set[int]:
    """Which levels are shown: those that need eyes first, then those nearest to the price."""
    around = view.quote_a.price if view.quote_a else view.centre

    def rank(index: int) -> tuple[bool, Decimal]:
        level = view.levels[index]
        return (not level.needs_eyes, abs(level.entry_price - around))

    return set(sorted(range(len(view.levels)), key=rank)[:max_rows])


def _row(level: LevelView) -> Line:
    order = f"{level.direction:<4} {level.price:.2f}"
    filled = f"{level.filled_quantity}/{level.quantity}" if level.quantity else ""
    price = "" if level.oco_price is None else f"{level.oco_price:.2f}"
    oco = f"{price} {level.oco_state}".strip()
    style = "bold red" if level.is_in_doubt or level.note else _STYLES.get(level.state, _side_style(level.direction))
    cells = (level.name, f"{level.entry_price:.2f}", WORDS[level.state], order, filled, level.order_id[-12:], oco)
    return Line(_columns(*cells), style)


def _side_style(direction: Side) -> str:
    return "blue" if direction is Side.BUY else "red"


def _columns(level: str, entry: str, state: str, order: str, filled: str, order_id: str, oco: str) -> str:  # noqa: PLR0917  # the columns of one row, left to right
    return f"{level:<5} {entry:>9}  {state:<6}  {order:<14} {filled:>9}  {order_id:<12} {oco}".rstrip()


def _rule(text: str, char: str = "-") -> str:
    return f"{char * 8} {text} ".ljust(60, char)


def _notes(view: LadderView) -> list[Line]:
    """What needs a person, then who backs off and why; a few lines, the rest counted."""
    notes = [Line(f"! {text}", "bold red") for text in view.attention]
    notes += [Line(f"{level.name} {level.note}", "yellow") for level in view.levels if level.note]
    if not notes:
        return []
    shown = notes[:_MOST_NOTES]
    more = len(notes) - len(shown)
    return [*shown, *([Line(f"… {more} more", "dim")] if more else [])]


def _plain(text: str) -> str:
    """The text without control characters: a broker's words must not move the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)
