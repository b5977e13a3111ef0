"""A bench whose bot tells `tg1 status`, on files that can be made to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engine.conftest import Bench
from tg1.config import GridOcoConfig
from tg1.grid_engine import GridOcoEngine
from tg1.rules.hours import WEEKDAYS
from tg1.told.codec import decode_snapshot
from tg1.told.disk import LightFiles, ToldDisk, last_snapshot
from tg1.told.edges import BeatingClock, CountedBroker, CountedStore
from tg1.told.event_tail import EventTail
from tg1.told.notify import Notifier
from tg1.told.paths import ToldPaths
from tg1.told.snapshot import ToldProcess
from tg1.told.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tg1.told.events import Event, EventKind
    from tg1.told.snapshot import Snapshot


class SickFiles(LightFiles):
    """Files of a disk that takes nothing while `fault` is set."""

    fault: OSError | None = None

    def put(self, path: Path, data: bytes) -> None:
        if self.fault:
            raise self.fault
        super().put(path, data)

    def append(self, path: Path, data: bytes) -> int:
        if self.fault:
            raise self.fault
        return super().append(path, data)


class TellingBench(Bench):
    """A bench whose bot tells; `snapshot` and `events` read what is on disk."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.sent: list[list[str]] = []
        self.files = SickFiles()
        self.disks: list[ToldDisk] = []
        self.paths = ToldPaths(folder, changes.get("bot_name", "IRFC-SBIN Grid"))
        super().__init__(folder, **changes)
        self.tail = EventTail(self.paths)

    def _engine(self, **changes: Any) -> GridOcoEngine:
        self.folder.mkdir(exist_ok=True, mode=0o700)
        config = GridOcoConfig(**{**self.settings, **changes})
        self.store: CountedStore = CountedStore(self.fs, self.folder, config.bot_name, monotonic=self.clock.monotonic)
        self.beating = BeatingClock(self.clock)
        self.counted = CountedBroker(self.broker, self.clock.monotonic)
        self.disks.append(ToldDisk(self.paths, self.paths.snapshot, self.files))
        self.teller = Teller(
            config=config,
            process=ToldProcess(pid=1, birth="2", boot_id="boot-of-the-test"),
            clock=self.clock,
            calendar=WEEKDAYS,
            broker=self.counted,
            store=self.store,
            health=None,
            disk=self.disks[-1],
            notifier=Notifier(self.sent.append),
            scrub=lambda text: text.replace("hunter2", "[redacted]"),
            last=last_snapshot(self.paths),
        )
        self.beating.beat = self.teller.beat
        return GridOcoEngine(
            config=config,
            client=self.counted,
            feed=self.feed,
            state=self.store,
            clock=self.beating,
            observer=self.teller.look,
        )

    def settle(self) -> None:
        """Wait for the writer's thread."""
        self.disks[-1].flush(30.0)

    @property
    def snapshot(self) -> Snapshot:
        self.settle()
        snapshot = decode_snapshot(self.paths.snapshot.read_bytes())
        assert snapshot is not None
        return snapshot

    def events(self) -> list[Event]:
        """What was told since the last time."""
        self.settle()
        return self.tail.new()

    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events()]


def telling_benches(folder: Path) -> Iterator[Callable[..., TellingBench]]:
    """Yield what makes them; their writers are ended afterwards."""
    made: list[TellingBench] = []

    def make(**changes: Any) -> TellingBench:
        made.append(TellingBench(folder, **changes))
        return made[-1]

    yield make
    for bench in made:
        for disk in bench.disks:
            disk.close(5.0)
