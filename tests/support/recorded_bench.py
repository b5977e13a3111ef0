"""A whole bot on hand-driven ports whose cycles are recorded, and a record that can be read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engine.conftest import Bench
from tg1.config import GridOcoConfig
from tg1.errors import ExitCode
from tg1.grid_engine import GridOcoEngine
from tg1.record.broker import NotingBroker
from tg1.record.disk import RecordDisk
from tg1.record.engine import RecordedEngine
from tg1.record.paths import RecordPaths
from tg1.record.reading import read_day, recorded_days
from tg1.record.recorder import Recorder
from tg1.rules.client_ids import bot_tag
from tg1.state import StateManager
from tg1.told.disk import LightFiles

if TYPE_CHECKING:
    from tg1.record.reading import DayRecord, Run


class RecordedBench(Bench):
    """A bench whose bot is recorded; `runs` reads what is on disk."""

    def _engine(self, **changes: Any) -> RecordedEngine:
        config = GridOcoConfig(**{**self.settings, **changes})
        self.store = StateManager(self.fs, self.folder, config.bot_name)
        self.paths = RecordPaths(self.folder / "records", config.bot_name)
        self.noting = NotingBroker(self.broker, self.clock.monotonic, bot_tag(config.bot_name))
        self.disk = RecordDisk(self.paths, LightFiles())
        self.recorder = Recorder(
            config=config,
            broker=self.noting,
            disk=self.disk,
            scrub=lambda text: text.replace("hunter2", "[redacted]"),
            version=lambda: "1.2.3",
        )
        return RecordedEngine(
            recorder=self.recorder,
            config=config,
            client=self.noting,
            feed=self.feed,
            state=self.store,
            clock=self.clock,
        )

    def begin(self, **changes: Any) -> Bench:
        """Start or resume, up to the first cycle; nothing ends with it."""
        # Another process begins when the last one is gone, and its lines are written.
        self.disk.flush(30)
        self.engine = self._engine(**changes)
        self.engine._run_loop = lambda: ExitCode.OK  # type: ignore[method-assign]
        GridOcoEngine.start(self.engine)
        return self

    def tick(self, symbol: str, price: float) -> None:
        """KiteTicker brings a price."""
        token = self.broker.instrument(symbol).instrument_token
        self.recorder.heard(self.clock.monotonic(), [{"instrument_token": token, "last_price": price}])

    def record(self) -> DayRecord:
        """What is recorded, in one file."""
        assert self.disk.flush(30)
        ((day, files),) = recorded_days(self.paths).items()
        return read_day(day, files)

    def runs(self) -> tuple[Run, ...]:
        """Its starts."""
        return self.record().runs
