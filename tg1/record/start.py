"""What records a bot, made from the parts of its start: one module, so that who records nothing imports nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tg1.machine.files import file_stem
from tg1.machine.version import tg1_version
from tg1.record.broker import NotingBroker
from tg1.record.disk import RecordDisk
from tg1.record.engine import RecordedEngine
from tg1.record.paths import FOLDER, RecordPaths
from tg1.record.recorder import Recorder
from tg1.rules.client_ids import bot_tag
from tg1.told.disk import LightFiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.machine.redact import Redactor
    from tg1.ports import Broker
    from tg1.told.teller import Teller
    from tg1.zerodha_feed import ZerodhaFeed


def record_paths(config: GridOcoConfig) -> RecordPaths:
    """Where a bot's days are."""
    return RecordPaths(config.state_dir / FOLDER, file_stem(config.bot_name))


class Recording:
    """The broker with its orders noted, and the engine whose cycles are recorded."""

    def __init__(self, config: GridOcoConfig, broker: Broker, clock: Clock, redactor: Redactor) -> None:
        self.broker = NotingBroker(broker, clock.monotonic, bot_tag(config.bot_name))
        self._recorder = Recorder(
            config=config,
            broker=self.broker,
            disk=RecordDisk(record_paths(config), LightFiles()),
            scrub=redactor.scrub,
            version=tg1_version,
        )

    def engine(self, feed: ZerodhaFeed, teller: Teller) -> Callable[..., RecordedEngine]:
        """What makes the engine; prices and events are listened to from now on."""
        feed.heard = self._recorder.heard
        teller.also = self._recorder.told
        return partial(RecordedEngine, recorder=self._recorder)
