"""What recording costs a bot: the same quiet cycle with and without a recorder beside the engine, and a day's bytes."""

from __future__ import annotations

import gzip
import statistics
import time
from typing import TYPE_CHECKING

from bench.rig import GRID, HEDGE, Rig
from tg1.record.broker import NotingBroker
from tg1.record.disk import LEVEL, RecordDisk
from tg1.record.paths import RecordPaths
from tg1.record.recorder import Recorder
from tg1.rules.client_ids import bot_tag
from tg1.told.disk import LightFiles

if TYPE_CHECKING:
    from pathlib import Path

CYCLES = 400
SECS_A_DAY = 22_500
"""From the open to the close at 15:30."""
QUIET = 300
FLUSH_SECS = 10.0


class RecordingRig(Rig):
    """A rig whose bot is recorded, with two prices in each cycle."""

    def __init__(self, folder: Path, steps: int) -> None:
        super().__init__(folder, steps)
        self.noting = NotingBroker(self.engine.client, self.clock.monotonic, bot_tag(self.config.bot_name))
        self.engine._keeper._client = self.noting  # noqa: SLF001 - who reads the books is to be noted
        self.paths = RecordPaths(folder / "records", "bench")
        self.disk_of_record = RecordDisk(self.paths, LightFiles())
        self.recorder = Recorder(
            config=self.config,
            broker=self.noting,
            disk=self.disk_of_record,
            scrub=str,
            version=lambda: "bench",
        )
        self.tokens = [self.noting.instrument(symbol).instrument_token for symbol in (GRID, HEDGE)]
        self.recorder.before(self.store.state, self.clock)

    def poll(self) -> None:
        """One cycle as `RecordedEngine` runs it, after a price of each symbol."""
        for token, price in zip(self.tokens, (900.05, 50.01), strict=True):
            self.recorder.heard(self.clock.monotonic(), [{"instrument_token": token, "last_price": price}])
        self.recorder.before(self.store.state, self.clock)
        self.engine._poll_cycle()  # noqa: SLF001 - the loop's own step
        self.recorder.after(self.engine._parts.seen)  # noqa: SLF001 - as the engine hands it over


def recording_cost(folder: Path, steps: int) -> tuple[float, float]:
    """Median and worst ms of CPU that recording adds to a quiet cycle, on the engine's thread."""
    quiet, rig = Rig(folder / "unrecorded", steps), RecordingRig(folder / "recorded", steps)
    silent, told = [], []
    for _ in range(CYCLES):
        silent.append(_spent(quiet))
        told.append(_spent(rig))
        rig.disk_of_record.flush(FLUSH_SECS)
    rig.disk_of_record.close(FLUSH_SECS)
    before = statistics.median(silent)
    return statistics.median(told) - before, max(told) - before


def bytes_of_a_day(folder: Path) -> tuple[int, int]:
    """Plain and packed bytes of a quiet day, by the cycles that were recorded last."""
    (path,) = (folder / "recorded" / "records").iterdir()
    data = b"".join(path.read_bytes().splitlines(keepends=True)[-QUIET:])
    return len(data) * SECS_A_DAY // QUIET, len(gzip.compress(data, LEVEL)) * SECS_A_DAY // QUIET


def _spent(rig: Rig) -> float:
    rig.clock.advance(1.0)
    server, begun = rig.transport.spent_secs, time.thread_time()
    if isinstance(rig, RecordingRig):
        rig.poll()
    else:
        rig.engine._poll_cycle()  # noqa: SLF001 - the loop's own step
    return (time.thread_time() - begun - (rig.transport.spent_secs - server)) * 1000
