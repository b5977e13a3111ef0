"""`python -m bench.run`: what a bot costs, as a table of counts, figures and their ratio to the goal.

CPU figures are this machine's; the goals are for one core of 3 GHz. A ratio above 1.00 misses its goal.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import platform
import pstats
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.process import run_example
from bench.recording import CYCLES as RECORDED_CYCLES
from bench.recording import bytes_of_a_day, recording_cost
from bench.rig import Rig
from bench.telling import CYCLES, telling_costs
from tg1.machine.files import OsFileSystem

GOALS_MS = {5: 2.0, 50: 5.0, 500: 40.0}
"""Own CPU of a quiet cycle by steps per side."""
TELLING_STEPS = 5
TELLING_GOAL_MS = 0.3
"""CPU that telling may add to a quiet cycle of 2x5 levels."""
RECORDING_GOAL_MS = 0.1
MEMORY_GOAL_MB = 90.0
FIRST_ORDER_GOAL_SECS = 3.0
STARTS = 3
RUN_SECS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    count: int
    median: float
    worst: float
    unit: str
    goal: float | None = None
    note: str = ""

    def __str__(self) -> str:
        goal = f"{self.goal:>7.1f} {self.unit:<2}" if self.goal is not None else f"{'':>10}"
        ratio = f"{self.median / self.goal:>6.2f}" if self.goal is not None else f"{'':>6}"
        figures = f"{self.median:>9.2f} {self.worst:>9.2f} {self.unit:<2}"
        return f"{self.what:<34} {self.count:>6} {figures} {goal} {ratio}  {self.note}".rstrip()


HEADING = f"{'what':<34} {'count':>6} {'median':>9} {'worst':>9}    {'goal':>10} {'ratio':>6}  note"


def cycle_rows(rigs: dict[int, Rig]) -> list[Row]:
    """Own CPU of a quiet cycle: one book is read, nothing in it is new, nothing is placed or saved."""
    rows: list[Row] = []
    medians: dict[int, float] = {}
    for steps, rig in rigs.items():
        count = max(30, 1500 // steps)
        spent = [rig.cycle() * 1000 for _ in range(count)]
        medians[steps] = statistics.median(spent)
        per_level = 1000 * medians[steps] / rig.levels
        note = f"{per_level:.1f} us per level; book of {rig.transport.body_bytes / 1000:.0f} kB"
        rows.append(
            Row(
                what=f"quiet cycle, 2x{steps} levels, CPU",
                count=count,
                median=medians[steps],
                worst=max(spent),
                unit="ms",
                goal=GOALS_MS[steps],
                note=note,
            )
        )
    return rows


def telling_rows(folder: Path) -> list[Row]:
    """What telling adds to a quiet cycle: CPU on the engine's thread, and with the thread that writes."""
    return [
        Row(
            what=cost.what,
            count=CYCLES,
            median=cost.median,
            worst=cost.worst,
            unit="ms",
            goal=TELLING_GOAL_MS if cost.is_bound else None,
            note=f"2x{TELLING_STEPS} levels; x{cost.times:.2f} of the quiet cycle without it",
        )
        for cost in telling_costs(folder, TELLING_STEPS)
    ]


def recording_row(folder: Path) -> Row:
    """What recording adds to a quiet cycle on the engine's thread."""
    median, worst = recording_cost(folder, TELLING_STEPS)
    plain, packed = bytes_of_a_day(folder)
    return Row(
        what="recording, engine",
        count=RECORDED_CYCLES,
        median=median,
        worst=worst,
        unit="ms",
        goal=RECORDING_GOAL_MS,
        note=f"2x{TELLING_STEPS} levels; a quiet day has {plain / 1e6:.1f} MB, packed {packed / 1e6:.1f}",
    )


def growth_sentence(rows: list[Row]) -> str:
    """How the cycle grows from one size to the next; 10 would be exactly linear, less is better."""
    small, medium, large = (row.median for row in rows)
    return (
        f"growth per tenfold levels: x{medium / small:.1f} (2x5 to 2x50), x{large / medium:.1f} (2x50 to 2x500); "
        "linear is x10"
    )


def save_rows(rigs: dict[int, Rig]) -> list[Row]:
    """A save after a fill: encode, write, fsync, keep the backup, rename, sync the folder."""
    rows: list[Row] = []
    for steps, rig in rigs.items():
        rig.store._fs = OsFileSystem()  # noqa: SLF001 - from here on with its syncs
        spent = [rig.save_after_a_change() * 1000 for _ in range(50)]
        size = rig.store.paths.state.stat().st_size
        rows.append(
            Row(
                what=f"save with fsync, 2x{steps} levels",
                count=len(spent),
                median=statistics.median(spent),
                worst=max(spent),
                unit="ms",
                note=f"wall time; {size / 1000:.0f} kB",
            )
        )
    return rows


def process_rows(folder: Path) -> list[Row]:
    """The real process on the paper exchange."""
    runs = []
    for number in range(STARTS):
        place = folder / f"run{number}"
        place.mkdir()
        runs.append(run_example(place, RUN_SECS if number == 0 else 0.0))
    memory, firsts = runs[0].peak_memory_mb, [run.first_order_secs for run in runs]
    return [
        Row(
            what="peak memory of the bot",
            count=1,
            median=memory,
            worst=memory,
            unit="MB",
            goal=MEMORY_GOAL_MB,
            note=f"VmHWM after {RUN_SECS:.0f} s, {runs[0].orders} orders",
        ),
        Row(
            what="start of process to first order",
            count=STARTS,
            median=statistics.median(firsts),
            worst=max(firsts),
            unit="s",
            goal=FIRST_ORDER_GOAL_SECS,
            note="the paper exchange's own start included",
        ),
    ]


def profile(rig: Rig, cycles: int) -> None:
    """Print where quiet cycles of the largest grid spend their time (the exchange's side included)."""
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(cycles):
        rig.cycle()
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> int:
    """Measure and print; returns 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--profile", action="store_true", help="profile quiet cycles at 2x500 levels instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tg1-bench-", dir=_disk()) as name:
        folder = Path(name)
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        if given.profile:
            profile(Rig(folder, 500), 20)
            return 0
        rows = [*_in_process(folder), *process_rows(folder)]
    missed = [row for row in rows if row.goal is not None and row.median > row.goal]
    print(*rows[-2:], sep="\n")
    print(f"{len(missed)} of {sum(row.goal is not None for row in rows)} goals missed")
    return 1 if missed else 0


def _in_process(folder: Path) -> list[Row]:
    rigs = {steps: Rig(folder / str(steps), steps) for steps in GOALS_MS}
    print(HEADING)
    cycles = cycle_rows(rigs)
    print(*cycles, growth_sentence(cycles), sep="\n")
    told = [*telling_rows(folder), recording_row(folder)]
    print(*told, sep="\n")
    saves = save_rows(rigs)
    print(*saves, sep="\n")
    return [*cycles, *told, *saves]


def _disk() -> str | None:
    """A folder on a disk, since a memory file system has nothing to sync: here, when the state folder is."""
    return "state" if Path("state").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
