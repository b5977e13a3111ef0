"""`tg1 sweep`: which grid, of many, would have earned most, and whether that is worth believing."""

from __future__ import annotations

import signal
import sys
import warnings
from typing import TYPE_CHECKING

from tg1.errors import ExitCode
from tg1.machine.clock import SystemClock
from tg1.replay.unheard import unheard
from tg1.screen.command import INTERRUPTED, complain, run_command
from tg1.screen.output import show
from tg1.sweep.command import parse
from tg1.sweep.drawing import drawer, drawn
from tg1.sweep.machines import as_csv, as_json
from tg1.sweep.reading import read
from tg1.sweep.results import Results
from tg1.sweep.run import Interrupted, swept
from tg1.sweep.table import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.sweep.command import SweepCommand
    from tg1.sweep.drawing import Draw
    from tg1.sweep.reading import Prices
    from tg1.sweep.run import Swept


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sweep; 0 when it worked, whatever the grids earned."""
    # joblib warns of work that is dropped; whoever drops it says why, in one sentence.
    warnings.filterwarnings("ignore", module="joblib")
    # A shutdown, or `timeout`: the workers are ended and the results kept, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    words = sys.argv[1:] if argv is None else argv
    kept = "interrupted; what was computed is kept, and the same line goes on from there"
    with unheard():
        return run_command("sweep", lambda: _run(parse(words)), interrupted=kept)


def _run(command: SweepCommand) -> int:
    draw = None if command.axes is None else drawer()
    try:
        with Results(command.results) as results:
            prices = read(command)
            found = swept(command, prices, results)
    except Interrupted as exc:
        done = f"interrupted after {exc.done:,} of {exc.count:,} replays; they are kept in {command.results}"
        complain("sweep", f"{done}, and the same line goes on from there")
        return INTERRUPTED
    _tell(command, prices, found, draw)
    if found.faults:
        missing = f"{len(found.faults)} combinations are missing because TG1 itself failed on them"
        complain("sweep", f"{missing}; the first: {found.faults[0]}")
        return int(ExitCode.FAILED)
    return int(ExitCode.OK)


def _tell(command: SweepCommand, prices: Prices, found: Swept, draw: Draw | None) -> None:
    text = report(command, prices, found)
    if command.as_json or command.as_csv:
        show(as_json(command, found) if command.as_json else as_csv(command, found))
    else:
        show(text)
    if draw is not None and (place := drawn(command, found.tried, text, draw, SystemClock().now())):
        print(place, file=sys.stderr)  # noqa: T201  # for a person, whoever takes stdout
