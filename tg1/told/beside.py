"""What stands beside the engine so that the bot can tell: its counted edges, its voice, the operator's wishes.

One module, so that whoever starts a bot imports all of it at once, and whoever asks for `--help` nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.machine.files import OsFileSystem, file_stem
from tg1.machine.process import boot_id, this_process
from tg1.told.disk import LightFiles, ToldDisk, last_snapshot, snapshot_place
from tg1.told.edges import BeatingClock, CountedBroker, CountedStore
from tg1.told.notify import Notifier, Notify
from tg1.told.paths import ToldPaths
from tg1.told.request import RequestFile
from tg1.told.snapshot import ToldProcess
from tg1.told.teller import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tg1.config import GridOcoConfig
    from tg1.kite.feed_values import FeedHealth
    from tg1.machine.clock import Clock
    from tg1.machine.redact import Redactor
    from tg1.ports import Broker
    from tg1.rules.hours import TradingCalendar


def told_process() -> ToldProcess:
    """This process, as a snapshot names it."""
    pid, birth = this_process()
    return ToldProcess(pid=pid, birth=birth, boot_id=boot_id())


class Beside:
    """Clock, store and wishes for the engine; `counted` and `teller` make the rest once their parts are there."""

    def __init__(self, config: GridOcoConfig, clock: Clock) -> None:
        self._config = config
        self._paths = ToldPaths(config.state_dir, file_stem(config.bot_name))
        self.clock = BeatingClock(clock)
        self.store = CountedStore(OsFileSystem(), config.state_dir, config.bot_name, monotonic=clock.monotonic)
        self.wishes = RequestFile(self._paths.request)

    def counted(self, broker: Broker) -> CountedBroker:
        """The broker with its readings counted."""
        return CountedBroker(broker, self.clock.monotonic)

    def teller(
        self,
        broker: CountedBroker,
        health: Callable[[], FeedHealth],
        calendar: TradingCalendar,
        redactor: Redactor,
        environment: Mapping[str, str],
    ) -> Teller:
        """The bot's voice, which the clock lets show life from now on."""
        notify = Notify(environment)
        # The exchange of an earlier rehearsal has ended, with all that was held there.
        last = None if self._config.paper else last_snapshot(self._paths)
        teller = Teller(
            config=self._config,
            process=told_process(),
            clock=self.clock,
            calendar=calendar,
            broker=broker,
            store=self.store,
            health=health,
            disk=ToldDisk(self._paths, snapshot_place(self._paths, self._config.status_dir), LightFiles()),
            notifier=Notifier(notify) if notify.is_heard else None,
            scrub=redactor.scrub,
            last=last,
        )
        self.clock.beat = teller.beat
        return teller
