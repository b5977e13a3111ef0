"""The entry point and the composition root: builds the parts, runs them, ends with an exit code of behaviour 14."""

from __future__ import annotations

import gc
import signal

if __name__ == "__main__":
    # As in `tg1.__main__`: Ctrl-C while the imports below run is no reason for a traceback (behaviour 14).
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # As in `tg1.machine.importing`, which is itself an import.
    gc.disable()

import logging
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.cli import Action, parse_command
from tg1.errors import ExitCode, Tg1Error
from tg1.grid_engine import GridOcoEngine
from tg1.machine.clock import SystemClock
from tg1.machine.files import OsFileSystem
from tg1.machine.importing import at_rest
from tg1.machine.lock import BotLock
from tg1.machine.redact import Redactor, install_excepthooks
from tg1.machine.terminal import outlive, silent_keys
from tg1.rules.hours import WEEKDAYS
from tg1.screen.live import LadderScreen, console_on
from tg1.screen.logs import say, setup_logging
from tg1.screen.output import bring, spell_out
from tg1.settings.flags import CREDENTIALS
from tg1.settings.nse_holidays import calendar_of
from tg1.state import StateManager
from tg1.wiring import client_of, feed_of, kite_of, on_paper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tg1.cli import ParsedCommand
    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock
    from tg1.paper_process import MarketClock
    from tg1.ports import Broker
    from tg1.record.start import Recording
    from tg1.rules.hours import TradingCalendar
    from tg1.screen.logs import Logs
    from tg1.screen.view import LadderView

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> ExitCode:
    """Run one command and return its exit code; every refusal is one sentence on stderr."""
    spell_out()
    redactor = Redactor()
    install_excepthooks(redactor)
    logs: list[Logs] = []
    try:
        command = _parsed(sys.argv[1:] if argv is None else argv)
        if command.action is Action.DRY_RUN:
            return _dry_run(command.config)
        return _with_logs(command, redactor, logs)
    except Tg1Error as exc:
        _refuse(redactor.scrub(str(exc)), logs)
        return exc.exit_code
    finally:
        for one in logs:
            one.close()


def _parsed(argv: Sequence[str]) -> ParsedCommand:
    try:
        return parse_command(argv, os.environ)
    except SystemExit:
        bring(lambda: None, "the help")
        raise


def _dry_run(config: GridOcoConfig) -> ExitCode:
    bring(config.print_grid_layout, "the grid")
    return ExitCode.OK


def _refuse(sentence: str, logs: list[Logs]) -> None:
    for one in logs:
        one.refuse(sentence)
    if not logs:
        say(sys.stderr, f"tg1: {sentence}")


def _with_logs(command: ParsedCommand, redactor: Redactor, logs: list[Logs]) -> ExitCode:
    config = command.config
    for name in CREDENTIALS:
        redactor.add(getattr(config, name))
    emergency = command.action is Action.CANCEL_ALL
    logs.append(
        setup_logging(config.log_dir, config.log_level, redactor, bot_name=config.bot_name, file_required=not emergency)
    )
    outlive(logs[0].hang_up)
    for warning in command.warnings:
        log.warning("%s", warning)
    clock = SystemClock()
    clock.install_signal_handlers()
    if emergency:
        from tg1.stop import stop_command  # noqa: PLC0415  # a start must not pay for what it never does

        return stop_command(command, clock, redactor)
    with ExitStack() as stack:
        market: MarketClock | None = None
        if config.paper:
            config, market = _on_paper(config, clock, stack)
        return _trade(config, clock, redactor, logs[0], stack, market=market)


def _on_paper(config: GridOcoConfig, clock: SystemClock, stack: ExitStack) -> tuple[GridOcoConfig, MarketClock | None]:
    """Start the embedded exchange and point the bot at it; with the clock of the market that it replays, if it does.

    The exchange is empty at every start, so an earlier paper state is put away; and it is open at any hour unless a
    `--stop-at` asks for a session.
    """
    from tg1.paper_process import forget_last_exchange, paper_exchange  # noqa: PLC0415  # as above

    folder = config.state_dir / "paper"
    lock = stack.enter_context(BotLock(folder, config.bot_name))
    lock.acquire(clock.now())
    exchange = stack.enter_context(paper_exchange(config))
    store = StateManager(OsFileSystem(), folder, config.bot_name)
    if store.exists():
        archive = store.archive(clock.now(), "paper exchange ended")
        log.info("The paper exchange starts empty; the last paper state is archived as %s", archive)
    forget_last_exchange(folder, config.bot_name)
    return on_paper(config, exchange.roots, folder), exchange.market


def _trade(
    config: GridOcoConfig,
    clock: SystemClock,
    redactor: Redactor,
    logs: Logs,
    stack: ExitStack,
    *,
    market: MarketClock | None,
) -> ExitCode:
    kite = kite_of(config)
    credentials = kite.credentials()
    for warning in credentials.warnings:
        log.warning("%s", warning)
    if not config.paper:
        for secret in credentials.secrets:
            redactor.add(secret)
        lock = stack.enter_context(BotLock(config.state_dir, config.bot_name))
        lock.acquire(clock.now())
    with at_rest():
        from tg1.told.beside import Beside  # noqa: PLC0415  # 20 ms that nobody needs who does not trade

    calendar = _calendar(config, clock) if market is None else _replayed(market)
    beside = Beside(config, clock)
    broker = client_of(config, beside.clock, redactor, kite)
    recording = _recording(config, broker, beside.clock, redactor)
    client = beside.counted(broker) if recording is None else recording.broker
    feed = feed_of(config, clock, redactor, kite)
    teller = beside.teller(client, feed.health, calendar, redactor, os.environ)
    engine = (GridOcoEngine if recording is None else recording.engine(feed, teller))(
        config=config,
        client=client,
        feed=feed,
        state=beside.store,
        clock=beside.clock,
        calendar=calendar,
        observer=_seen_by(teller.look, _ladder(logs, stack, market)),
        wishes=beside.wishes,
    )
    return teller.tell_of(engine.start)


def _recording(config: GridOcoConfig, broker: Broker, clock: Clock, redactor: Redactor) -> Recording | None:
    if not config.record:
        return None
    with at_rest():
        from tg1.record.start import Recording  # noqa: PLC0415  # who records nothing imports nothing of it

    return Recording(config, broker, clock, redactor)


def _seen_by(*observers: Callable[[LadderView], None] | None) -> Callable[[LadderView], None]:
    looking = [observer for observer in observers if observer is not None]

    def show(view: LadderView) -> None:
        for look in looking:
            look(view)

    return show


def _replayed(market: MarketClock) -> TradingCalendar:
    from tg1.paper_process import ReplayedDays  # noqa: PLC0415  # as above

    return ReplayedDays(market=market)


def _ladder(logs: Logs, stack: ExitStack, market: MarketClock | None) -> Callable[[LadderView], None] | None:
    """What draws the ladder, with the clock of the market that is replayed; None when stdout is no terminal."""
    if not logs.stdout.is_terminal:
        return None
    stream = logs.stdout.stream
    stack.enter_context(silent_keys(stream.fileno()))
    screen = LadderScreen(logs.terminal, console_on(stream), lambda: logs.stdout.gone)
    logs.above(screen.console)
    stack.callback(logs.above, None)
    stack.callback(screen.stop)
    if market is None:
        return screen.show
    return lambda view: screen.show(replace(view, at=market.time or view.at))


def _calendar(config: GridOcoConfig, clock: SystemClock) -> TradingCalendar:
    if config.effective_stop is None:
        return WEEKDAYS
    calendar, doubts = calendar_of(config, clock.now().date())
    for doubt in doubts:
        log.warning("%s", doubt)
    return calendar


if __name__ == "__main__":
    # What is imported by now stays as long as the process does: no later collection has to look at it.
    gc.freeze()
    gc.enable()
    sys.exit(main())
