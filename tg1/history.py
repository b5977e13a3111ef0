"""`tg1 history`: what completed trips came to per day, net of charges, for the trader and his tax sheet."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING

from rich.table import Table

from tg1.errors import ConfigError, ExitCode, StateError
from tg1.machine.files import open_given
from tg1.screen.command import complain, run_command
from tg1.screen.money import counted, signed
from tg1.screen.output import show
from tg1.store.codec import decode_record
from tg1.told.command_line import columns, drawn, parser_of, words_of
from tg1.told.day_sheet import HEADER, as_json, lines_of_days, total_of
from tg1.told.folder import StateFolder
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tg1.models import OrderHistoryRecord
    from tg1.told.day_sheet import DayLine
    from tg1.told.found import Found

MOST_BYTES = 1024 * 1024 * 1024
"""Of one bot's trades: about a million trips."""
WIDE = 120
_ABOUT = """\
What completed trips came to, per day and bot, net of charges: from the trades files, which are never trimmed.
Charges are reckoned by the bot's rates; the contract note decides. Positions that are still open are not in it.
What was traded on paper is marked so, and has a sum of its own.
Exit code 0; 1 when a file has lines that can't be read: the sums lack them."""


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
    lines = lines_of_days((record, bot.is_paper) for bot in _bots(given) for record in _records(bot, damaged))
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


def _bots(given: argparse.Namespace) -> Sequence[Found]:
    """The bots that were asked for."""
    folder = StateFolder(given.state_dir)
    return (folder.one(given.name),) if given.name else folder.look()


def _records(bot: Found, damaged: list[str]) -> Iterator[OrderHistoryRecord]:
    """The records of a bot, none without a file; a line that can't be read is said with its number and left out."""
    path = ToldPaths(bot.folder, bot.stem).trades
    seen: set[tuple[int, str]] = set()
    try:
        with open_given(path, MOST_BYTES) as file:
            for number, line in enumerate(file, start=1):
                try:
                    record = decode_record(line)
                except StateError as exc:
                    damaged.append(f"{path}, line {number}: {exc}; it is left out")
                    continue
                if record.key not in seen:
                    seen.add(record.key)
                    yield record
    except FileNotFoundError:
        return
    except OSError as exc:
        raise ConfigError(f"the trades {path} can't be read: {exc.strerror or exc}") from exc


def _csv(lines: Sequence[DayLine]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(as_json, lines))
    return out.getvalue().rstrip("\n")


def _totals(lines: Sequence[DayLine]) -> list[DayLine]:
    return [total_of(lines, is_paper=kind) for kind in (False, True) if any(line.is_paper is kind for line in lines)]


def _table(lines: Sequence[DayLine]) -> str:
    if not lines:
        return "No trip has been completed yet."
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("date", "bot", "trips", "hedged", "realised", "left open", "charges", "net"):
        table.add_column(title, justify="left" if title in ("date", "bot") else "right", overflow="fold")
    for line in (*lines, *_totals(lines)):
        table.add_row(
            line.day,
            f"{line.bot} (paper)".strip() if line.is_paper else line.bot,
            str(line.round_trips + line.hedged),
            str(line.hedged),
            signed(line.realised),
            signed(line.left_open),
            signed(-line.charges.total),
            signed(line.net) + ("*" if line.unknown else ""),
        )
    unknown = sum(line.unknown for line in lines)
    note = (
        f"\n* without the charges of {counted(unknown, 'trip')}, which an earlier TG1 did not keep" if unknown else ""
    )
    return drawn(table, columns(WIDE)) + note


if __name__ == "__main__":
    sys.exit(main())
