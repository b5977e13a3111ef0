"""What it costs a bot to tell: the same quiet cycle with and without a teller beside the engine."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.rig import Rig
from tg1.machine.redact import Redactor
from tg1.rules.hours import WEEKDAYS
from tg1.told.disk import LightFiles, ToldDisk, snapshot_place
from tg1.told.edges import CountedBroker, CountedStore
from tg1.told.paths import ToldPaths
from tg1.told.snapshot import ToldProcess
from tg1.told.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator

CYCLES = 400
FLUSH_SECS = 10.0
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


class TellingRig(Rig):
    """A rig whose bot tells, as the shipped one does; its snapshots go to `status_dir`."""

    def __init__(self, folder: Path, steps: int, status_dir: Path) -> None:
        super().__init__(folder, steps)
        name, monotonic = self.config.bot_name, self.clock.monotonic
        paths = ToldPaths(folder, name)
        store = CountedStore(self.disk, folder, name, monotonic=monotonic)
        store.state = self.store.state
        broker = CountedBroker(self.engine.client, monotonic)
        self.engine._keeper._client = broker  # noqa: SLF001 - who reads the books is to be counted
        self.disk_of_told = ToldDisk(paths, snapshot_place(paths, status_dir), LightFiles())
        teller = Teller(
            config=self.config,
            process=ToldProcess(pid=1, birth="1", boot_id="bench"),
            clock=self.clock,
            calendar=WEEKDAYS,
            broker=broker,
            store=store,
            health=None,
            disk=self.disk_of_told,
            notifier=None,
            scrub=Redactor().scrub,
        )
        self.engine._observer = teller.look  # noqa: SLF001 - as the composition root hands it over


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU that telling adds to a quiet cycle, in ms."""

    what: str
    median: float
    worst: float
    times: float
    """Of the quiet cycle without it."""
    is_bound: bool
    """Whether the goal holds for it: not for the disk's own work on another thread."""


def telling_costs(folder: Path, steps: int) -> Iterator[Cost]:
    """On the engine's thread and on all threads; with the snapshots on this disk and in memory."""
    quiet = Rig(folder / "silent", steps)
    places = {"disk": folder, **({"memory": MEMORY} if MEMORY.is_dir() else {})}
    for where, place in places.items():
        with ExitStack() as stack:
            status = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
            rig = TellingRig(folder / f"telling {where}", steps, status)
            for every in (False, True):
                yield _cost(quiet, rig, where, every=every)
            rig.disk_of_told.close(FLUSH_SECS)


def _cost(quiet: Rig, rig: TellingRig, where: str, *, every: bool) -> Cost:
    silent, told = [], []
    for _ in range(CYCLES):
        silent.append(_cycle(quiet, every=every))
        told.append(_cycle(rig, every=every))
    before = statistics.median(silent)
    return Cost(
        what=f"telling, {'all threads' if every else 'engine'}, {where}",
        median=statistics.median(told) - before,
        worst=max(told) - before,
        times=statistics.median(told) / before,
        is_bound=not every or where == "memory",
    )


def _cycle(rig: Rig, *, every: bool) -> float:
    """One cycle's CPU in ms without the exchange's: of the engine's thread, or of every thread until it is written."""
    clock = time.process_time if every else time.thread_time
    rig.clock.advance(1.0)
    server, begun = rig.transport.spent_secs, clock()
    rig.engine._poll_cycle()  # noqa: SLF001 - the loop's own step
    disk = rig.disk_of_told if isinstance(rig, TellingRig) else None
    if every and disk is not None:
        disk.flush(FLUSH_SECS)
    spent = clock() - begun - (rig.transport.spent_secs - server)
    if not every and disk is not None:
        disk.flush(FLUSH_SECS)
    return spent * 1000
