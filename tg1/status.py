"""`tg1 status`: every bot of a state folder at a glance, or one in full; the exit code says whether one needs you."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tg1.errors import ExitCode
from tg1.machine.clock import SystemClock
from tg1.screen.command import run_command
from tg1.screen.output import is_terminal, show
from tg1.told.command_line import columns, drawn, parser_of, words_of
from tg1.told.folder import StateFolder, instant_of
from tg1.told.looks import MARKS, age_of_look, as_json, held_of, level_cells, lines_of, look_at, net_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from tg1.told.looks import Looked
    from tg1.told.snapshot import Snapshot

EVERY_SECS = 1.0
NARROW = 76
"""Columns below which a bot gets lines of its own instead of a row."""
USUAL = 100
"""Columns where there is no terminal."""


def build_parser() -> argparse.ArgumentParser:
    """The flags of `tg1 status`."""
    parser = parser_of(
        "status",
        "Every bot of a state folder in a table; with NAME that one in full.\n"
        "Exit code 0: all is well; 1: a bot needs you; 2: there is no such folder or bot.",
    )
    parser.add_argument("--json", action="store_true", dest="as_json", help="one JSON object instead of the table")
    parser.add_argument("--watch", action="store_true", help="draw it anew each second, until Ctrl-C")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Show the bots; 0 when all is well, 1 when one needs a person, also at the end of `--watch` by Ctrl-C."""
    return run_command("status", lambda: _status(build_parser().parse_args(words_of(argv))))


def _status(given: argparse.Namespace) -> ExitCode:
    folder, clock = StateFolder(given.state_dir), SystemClock()

    def look() -> list[Looked]:
        every = (folder.one(given.name),) if given.name else folder.look()
        return look_at(every, instant_of(clock))

    if given.watch:
        return _watch(given, look, clock)
    looked = look()
    _show(given, looked)
    return _code(looked)


def _watch(given: argparse.Namespace, look: Callable[[], list[Looked]], clock: SystemClock) -> ExitCode:
    """Ctrl-C is how one leaves: the code is that of the last look."""
    looked = look()
    try:
        if given.as_json or not is_terminal(sys.stdout):
            while _show(given, looked):
                clock.wait_until(clock.monotonic() + EVERY_SECS)
                looked = look()
            return _code(looked)
        console = Console(highlight=False)
        with Live(_drawn(given, looked, console.width), console=console, auto_refresh=False, screen=True) as live:
            while True:
                clock.wait_until(clock.monotonic() + EVERY_SECS)
                looked = look()
                live.update(_drawn(given, looked, console.width), refresh=True)
    except KeyboardInterrupt:
        return _code(looked)


def _code(looked: Sequence[Looked]) -> ExitCode:
    return ExitCode.FAILED if any(one.judged.needs_person for one in looked) else ExitCode.OK


def _show(given: argparse.Namespace, looked: Sequence[Looked]) -> bool:
    """False once nobody reads any more."""
    if given.as_json:
        return show(json.dumps(as_json(looked), ensure_ascii=False))
    width = columns(USUAL)
    return show(drawn(_drawn(given, looked, width), width))


def _drawn(given: argparse.Namespace, looked: Sequence[Looked], width: int) -> RenderableType:
    if not looked:
        return Text(f"No bot has run in {given.state_dir} yet.")
    if given.name:
        return _in_full(looked[0], width)
    if width < NARROW:
        return Group(*(_line(one) for one in looked))
    needs = [line for one in looked for line in _needs(one)]
    # A picture that is too high for the terminal loses its end: what needs a person comes first there.
    return Group(*needs, _table(looked)) if given.watch else Group(_table(looked), *needs)


def _table(looked: Sequence[Looked]) -> RenderableType:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, how in {"bot": "left", "state": "left", "net": "right", "held": "left", "cycle": "right"}.items():
        table.add_column(title, justify="right" if how == "right" else "left", overflow="fold")
    table.add_column("age", justify="right", no_wrap=True)
    for one in looked:
        snapshot = one.found.snapshot
        table.add_row(
            one.found.title,
            Text(one.word, style=MARKS[one.judged.life]),
            net_of(one),
            held_of(one) if snapshot is not None else "",
            "" if snapshot is None else str(snapshot.cycle),
            age_of_look(one),
        )
    return table


def _line(one: Looked) -> RenderableType:
    head = Text(f"{one.found.title}: ")
    head.append(one.word, style=MARKS[one.judged.life])
    head.append(f", net {net_of(one)}, {age_of_look(one) or 'no word'}")
    return Group(head, *_needs(one))


def _needs(one: Looked) -> list[RenderableType]:
    """What needs a person: whole at any width, wrapped and never cut (behaviour 19)."""
    return [Text(f"! {one.found.name}: {text}", style="red") for text in one.why]


def _in_full(one: Looked, width: int) -> RenderableType:
    lines: list[RenderableType] = [
        Text(line, style="red" if line.startswith("NEEDS YOU") else "") for line in lines_of(one)
    ]
    snapshot = one.found.snapshot
    if snapshot is not None and snapshot.levels:
        lines.append(_levels(snapshot, is_narrow=width < NARROW))
    return Group(*lines)


def _levels(snapshot: Snapshot, *, is_narrow: bool) -> RenderableType:
    if is_narrow:
        return Group(*(Text(" ".join(filter(None, level_cells(level)))) for level in snapshot.levels))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("level", "state", "entry", "target", "hedge", "open", "note"):
        table.add_column(title, justify="right" if title in ("entry", "target", "open") else "left", overflow="fold")
    for level in snapshot.levels:
        table.add_row(*level_cells(level))
    return table


if __name__ == "__main__":
    sys.exit(main())
