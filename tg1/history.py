"""`tg1 history`: what each day came to, net of charges, for the trader and his tax sheet."""

from __future__ import annotations

import csv
import io
import json
import sys
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rich.table import Table

from tg1.errors import ConfigError, ExitCode, StateError
from tg1.machine.clock import SystemClock
from tg1.machine.files import open_given
from tg1.rules.day_sheets import account_in, sheets_of
from tg1.screen.command import complain, run_command
from tg1.screen.money import account_name, shares_text, signed, signed_if_known
from tg1.screen.output import show
from tg1.settings.charges import plans_of
from tg1.store.codec import decode_record, decode_sheet
from tg1.told.command_line import columns, drawn, parser_of, words_of
from tg1.told.day_sheet import HEADER, as_json, lines_of_bot, total_of
from tg1.told.folder import StateFolder
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from tg1.models import BotState, DaySheet, HeldShares
    from tg1.told.day_sheet import DayLine
    from tg1.told.found import Found

T = TypeVar("T")

MOST_BYTES = 1024 * 1024 * 1024
"""Of one bot's trades: about a million trips."""
WIDE = 120
NOTHING = "0.00"
SELDOM = ("squared off", "by broker")
"""Columns that are left out where no day has anything in them."""
_ABOUT = """\
What each day came to, per bot, net of charges: by everything that its orders filled, targets, hedges and square-offs.
What is still open is in it at the last price that the bot saw, and named. MIS shares that a day left to the broker's
square-off are so too, for nobody tells the bot his price: such a day says "~". Charges are reckoned by the bot's
rates. The contract note decides. What was traded on paper is marked so, and has a sum of its own.
Exit code 0; 1 when a file can't be read, or has lines that can't: the sums lack them."""


def build_parser() -> argparse.ArgumentParser:
    """The flags of `tg1 history`."""
    parser = parser_of("history", _ABOUT)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", dest="as_csv", help="comma-separated, for a spreadsheet")
    form.add_argument("--json", action="store_true", dest="as_json", help="one JSON object")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Print the days; see `build_parser` for the exit codes."""
    return run_command("history", lambda: _history(build_parser().parse_args(words_of(argv))))


def _history(given: argparse.Namespace) -> ExitCode:
    damaged: list[str] = []
    folder = StateFolder(given.state_dir)
    bots = (folder.one(given.name),) if given.name else folder.look()
    today = SystemClock().now().date()
    lines = sorted(
        (line for bot in bots for line in _lines(bot, folder, damaged, today)),
        key=lambda line: (line.day, line.bot, line.is_paper),
    )
    if given.as_json:
        totals = {
            "total": as_json(total_of(lines, is_paper=False)),
            "paper_total": as_json(total_of(lines, is_paper=True)),
        }
        show(json.dumps({"days": [as_json(line) for line in lines], **totals}, ensure_ascii=False))
    elif given.as_csv:
        show(_csv(lines))
    else:
        show(_table(lines))
    for sentence in damaged:
        complain("history", sentence)
    return ExitCode.FAILED if damaged else ExitCode.OK


def _lines(bot: Found, folder: StateFolder, damaged: list[str], today: date) -> list[DayLine]:
    """The days of one bot: the sheets that were written down, and of the state that has not been given up."""
    paths = ToldPaths(bot.folder, bot.stem)
    sheets = {sheet.key: sheet for sheet in _read(paths.days, decode_sheet, damaged)}
    try:
        saved = folder.saved(bot)
        if saved is not None:
            sheets |= {sheet.key: sheet for sheet in _of_state(saved.state)}
            damaged += _unheard(saved.state)
    except (StateError, ConfigError) as exc:
        damaged.append(f"{exc}; what its day came to is left out")
    trips = {record.key: record for record in _read(paths.trades, decode_record, damaged)}
    return lines_of_bot(sheets.values(), trips.values(), is_paper=bot.is_paper, today=today)


def _unheard(state: BotState) -> Iterator[str]:
    """Say that closing orders may have filled since somebody looked: no process has, as long as they are not over."""
    live = sum(1 for one in state.closing if not one.is_over)
    if live:
        yield (
            f"the square-off of {state.bot_name!r} goes on, or was interrupted: what {live} of its orders have filled "
            "since is not in these sums; typed once more, --cancel-all --square-off looks and closes nothing twice"
        )


def _of_state(state: BotState) -> tuple[DaySheet, ...]:
    return sheets_of(state, partial(account_in, state), plans_of(state.charges_given))


def _read(path: Path, decode: Callable[[bytes], T], damaged: list[str]) -> Iterator[T]:
    """What the lines of a file hold, nothing without a file; one that can't be read is said and left out."""
    try:
        with open_given(path, MOST_BYTES) as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield decode(line)
                except StateError as exc:
                    damaged.append(f"{path}, line {number}: {exc}; it is left out")
    except FileNotFoundError:
        return
    except OSError as exc:
        raise ConfigError(f"the file {path} can't be read: {exc.strerror or exc}") from exc


def _csv(lines: Sequence[DayLine]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_json(line) | {"held": "; ".join(map(_held_text, line.held))} for line in lines)
    return out.getvalue().rstrip("\n")


def _totals(lines: Sequence[DayLine]) -> list[DayLine]:
    return [total_of(lines, is_paper=kind) for kind in (False, True) if any(line.is_paper is kind for line in lines)]


def _table(lines: Sequence[DayLine]) -> str:
    if not lines:
        return "No order has filled yet."
    rows = [_row(line) for line in (*lines, *_totals(lines))]
    table = Table(box=None, pad_edge=False, header_style="dim")
    shown = [title for title in rows[0] if title not in SELDOM or any(row[title] != NOTHING for row in rows)]
    for title in shown:
        table.add_column(title, justify="left" if title in ("date", "bot") else "right", overflow="fold")
    for row in rows:
        table.add_row(*(row[title] for title in shown))
    return "\n".join([drawn(table, columns(WIDE)), *_notes(lines)])


def _row(line: DayLine) -> dict[str, str]:
    return {
        "date": line.day,
        "bot": f"{line.bot} (paper)".strip() if line.is_paper else line.bot,
        "trips": str(line.round_trips + line.hedged),
        "hedged": str(line.hedged),
        "realised": signed(line.realised),
        "squared off": signed(line.squared_off),
        "by broker": signed(line.by_broker),
        "left open": signed(line.left_open),
        "charges": signed(-line.charges.total),
        "net": signed(line.net) + "~" * line.is_brokers + "*" * bool(line.unknown) + "+" * line.is_of_trips,
    }


def _notes(lines: Sequence[DayLine]) -> Iterator[str]:
    """What a person must know of these figures: each thing once, and by name what the last day of a bot left open."""
    if any(line.is_brokers for line in lines):
        yield "~ about: the broker squared off what was left to him; the price is the last that the bot saw"
    if any(line.unknown for line in lines):
        yield "* without the worth of what nobody knows: no price was kept, or an earlier TG1 kept no charges"
    if any(line.is_of_trips for line in lines):
        yield "+ from its completed trips alone, by an earlier TG1: what a square-off or the broker closed is not in it"
    last = {(line.bot, line.is_paper): line for line in lines}
    for line in last.values():
        name = f"{line.bot} (paper)" if line.is_paper else line.bot
        how = "left to the broker" if line.is_brokers else "still open"
        for one in line.held:
            yield f"{line.day} {name}, {how}: {_held_text(one)}"


def _held_text(one: HeldShares) -> str:
    held = f"{account_name(one.position.account)} {shares_text(one.position)}"
    if one.last is None:
        return f"{held}, worth unknown: no price was kept" if one.gain is None else f"{held}, {signed(one.gain)}"
    return f"{held}, at {one.last.price:.2f} of {one.last.at:%H:%M} worth {signed_if_known(one.gain)}"


if __name__ == "__main__":
    sys.exit(main())
