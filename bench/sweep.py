"""A sweep of many combinations over one day: time, what two single processes would take, and memory.

`python -m bench.sweep [--combinations N] [--file FILE]`; FILE is a CSV of one day's last prices a second with SBIN and
ICICIBANK. Ratios are of one run on one machine; CPU seconds bear a busy machine, wall seconds don't.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.replay import made_day

SHARED = ("--auto-entry", "--oco-spread", "2", "--qty-a", "100", "--qty-b", "50", "--json")
PAIR = ("--token-a", "SBIN", "--token-b", "ICICIBANK")
LOOK_SECS = 0.2
TICKS_A_SEC = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One sweep, or several at the same time."""

    wall_secs: float
    cpu_secs: float
    parent_mb: float
    """Highest resident memory of the process that was started, what it shares with others included."""
    worker_mb: float
    """The highest of its workers."""

    def __str__(self) -> str:
        return (
            f"{self.wall_secs:.1f} s, {self.cpu_secs:.1f} s of CPU, parent {self.parent_mb:.0f} MB, "
            f"workers {self.worker_mb:.0f} MB"
        )


def made_file(path: Path) -> Path:
    """A day of one price a second of each symbol."""
    day = made_day(650.0)
    rows = np.arange(0, len(day), 5)
    lines = ["ist_second,SBIN,ICICIBANK"]
    for secs, a, b in zip(day.secs[rows].astype(int), day.a[rows], day.b[rows], strict=True):
        lines.append(f"2026-11-23 {secs // 3600:02}:{secs // 60 % 60:02}:{secs % 60:02},{a / 1e4:.2f},{b / 1e4:.2f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def grid(spreads: int, targets: str, steps: str) -> list[str]:
    """So many spreads with these targets and steps."""
    return ["--spread", f"0.5:{0.5 + 0.1 * (spreads - 1):.1f}:0.1", "--target-spread", targets, "--steps", steps]


class Running:
    """A sweep in a process of its own, and what it has used when it was last looked at."""

    def __init__(self, args: list[str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603  # our own line
            [sys.executable, "-m", "tg1.sweep", *PAIR, *SHARED, *args], stdout=subprocess.DEVNULL
        )
        self.cpu: dict[int, float] = {}
        self.mb: dict[int, float] = {}

    def look(self) -> bool:
        """Take the figures of now; False when it is over."""
        for pid in (self.process.pid, *_children(self.process.pid)):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
                status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
            except (FileNotFoundError, ProcessLookupError):
                continue
            self.cpu[pid] = (int(stat[11]) + int(stat[12])) / TICKS_A_SEC
            if "VmHWM:" in status:
                self.mb[pid] = int(status.split("VmHWM:")[1].split()[0]) / 1024
        return self.process.poll() is None


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def measured(*lines: list[str]) -> Cost:
    """Run the sweeps at the same time. `SystemExit` when one fails."""
    begun = time.monotonic()
    running = [Running(args) for args in lines]
    while sum(each.look() for each in running):
        time.sleep(LOOK_SECS)
    wall_secs = time.monotonic() - begun
    if any(each.process.returncode for each in running):
        raise SystemExit("a sweep failed")
    pids = [each.process.pid for each in running]
    memory = {pid: mb for each in running for pid, mb in each.mb.items()}
    return Cost(
        wall_secs=wall_secs,
        cpu_secs=sum(secs for each in running for secs in each.cpu.values()),
        parent_mb=max(memory[pid] for pid in pids),
        worker_mb=max((mb for pid, mb in memory.items() if pid not in pids), default=0.0),
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Time and memory of a sweep.")
    parser.add_argument("--combinations", type=int, default=1000, help="a multiple of 100 (default: 1000)")
    parser.add_argument("--file", type=Path, help="a real day (default: a made one)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = given.file or made_file(folder / "day.csv")
        _print_figures(folder, file, given.combinations)


def _print_figures(folder: Path, file: Path, count: int) -> None:
    def line(results: str, jobs: int, combinations: list[str]) -> list[str]:
        return ["--prices", str(file), "--results", str(folder / results), "--jobs", str(jobs), *combinations]

    halves = [grid(10, targets, "8") for targets in ("0.4:1.3:0.1", "1.4:2.3:0.1")]
    single = measured(*(line(f"half{number}", 1, half) for number, half in enumerate(halves)))
    both = measured(line("both", 2, grid(10, "0.4:2.3:0.1", "8")))
    print(f"200 combinations in two single processes at the same time: {single}")
    print(
        f"the same in one sweep of two processes: {both}; wall {single.wall_secs / both.wall_secs:.0%} and CPU "
        f"{single.cpu_secs / both.cpu_secs:.0%} of the two single ones"
    )
    small = measured(line("small", 2, grid(10, "0.4:1.3:0.1", "8")))
    large = measured(line("large", 2, grid(10, "0.4:2.3:0.1", f"4:{4 + count // 200 - 1}")))
    print(f"100 combinations: {small}")
    print(f"{count:,} combinations: {large}; {1000 * large.cpu_secs / count:.0f} ms of CPU each")
    print(f"memory of {count:,} against 100: workers {large.worker_mb / small.worker_mb:.2f}, ", end="")
    print(f"parent {large.parent_mb / small.parent_mb:.2f}")


if __name__ == "__main__":
    main()
