"""`--cancel-all` as a process: what of the bot is here, who is stopped, what a square-off needs (behaviour 13)."""

from __future__ import annotations

import logging
import shlex
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, FeedError, StateError
from tg1.machine.files import OsFileSystem, file_stem
from tg1.machine.harmless import Harmless
from tg1.machine.lock import BotLock
from tg1.screen.output import is_terminal
from tg1.told.beside import told_process
from tg1.told.disk import LightFiles, ToldDisk, last_snapshot, told_place
from tg1.told.edges import BeatingClock
from tg1.told.paths import ToldPaths
from tg1.told.stop_teller import CountedAccounts, StopTeller, TellingStore
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all
from tg1.trading.emergency_ports import GivenAccounts
from tg1.trading.stopping import stop_running_bot
from tg1.wiring import Kite, client_of, feed_of, kite_of

if TYPE_CHECKING:
    from tg1.cli import ParsedCommand
    from tg1.config import GridOcoConfig
    from tg1.kite.credentials import ZerodhaCredentials
    from tg1.machine.clock import SystemClock
    from tg1.machine.redact import Redactor
    from tg1.zerodha_feed import ZerodhaFeed

log = logging.getLogger(__name__)


def stop_command(command: ParsedCommand, clock: SystemClock, redactor: Redactor) -> ExitCode:
    """Stop the bot, cancel its orders and, when asked to, close its positions. Raises `Tg1Error`."""
    config = command.config
    if command.square_off and not command.yes and not is_terminal(sys.stdin):
        raise ConfigError("--square-off asks on a terminal before it closes anything: give --yes where there is none.")
    beating = BeatingClock(clock)
    store = TellingStore(OsFileSystem(), config.state_dir, config.bot_name, monotonic=clock.monotonic)
    lock = BotLock(config.state_dir, config.bot_name, text_required=False)
    is_known = _is_here(lock, store)
    with ExitStack() as stack:
        if is_known:
            stop_running_bot(stack.enter_context(lock), clock)
        elif not config.state_dir.exists():
            # A stop that was typed in another folder leaves none of its own behind.
            stack.callback(shutil.rmtree, config.state_dir, ignore_errors=True)
        kite = Kite(credentials=_no_dump) if config.zerodha_config is None else kite_of(config)
        client = client_of(_as_saved(config, store), clock, redactor, kite)
        accounts = CountedAccounts(client, clock.monotonic)
        teller = _teller(command, accounts, store, beating, redactor) if _may_tell(lock, store) else None

        def cancel(flatten: Flatten | None) -> ExitCode:
            return cancel_all(config, accounts, store, beating, is_known=is_known, flatten=flatten)

        def stop() -> ExitCode:
            if not command.square_off:
                return cancel(None)
            try:
                client.load_instruments()
            except (ConfigError, FeedError) as exc:
                log.error("Nothing can be closed, the orders are cancelled all the same: %s", exc)  # noqa: TRY400 - a sentence for the operator
                cancel(None)
                log.error("Nothing is closed: mend what was said first, and type it again")  # noqa: TRY400 - as above
                return ExitCode.FAILED
            feed = _feed(config, clock, redactor, kite)
            if feed is not None:
                stack.callback(feed.stop)
            prices = ClosingPrices(client=accounts, feed=feed, clock=beating)
            return cancel(Flatten(confirm=lambda question: _is_wished(question, command, teller), prices=prices))

        return stop() if teller is None else teller.tell_of(stop)


def _feed(config: GridOcoConfig, clock: SystemClock, redactor: Redactor, kite: Kite) -> ZerodhaFeed | None:
    """Zerodha's prices; None where they are not configured, or wrongly: the brokers' own trades must do then."""
    if config.zerodha_config is None:
        return None
    try:
        return feed_of(config, clock, redactor, kite)
    except ConfigError as exc:
        log.warning("There is no feed, the broker's own trades must do: %s", exc)
        return None


def _may_tell(lock: BotLock, store: TellingStore) -> bool:
    """Only of a bot whose state is here; and where it still runs, it tells itself."""
    if store.found is None:
        log.info("No state of the bot can be read here: tg1 status and tg1 orders learn nothing of this stop")
    elif not lock.is_held:
        log.warning("The bot's lock is not ours: tg1 status and tg1 orders learn nothing of this stop")
    return store.found is not None and lock.is_held


def _teller(
    command: ParsedCommand, accounts: CountedAccounts, store: TellingStore, clock: BeatingClock, redactor: Redactor
) -> StopTeller | None:
    config = command.config
    paths = ToldPaths(config.state_dir, file_stem(config.bot_name))
    words = ["tg1", "run", "--cancel-all", *(["--square-off"] if command.square_off else [])]
    made: list[StopTeller] = []

    def make() -> None:
        last = last_snapshot(paths)
        teller = StopTeller(
            config=config,
            command=f"{shlex.join([*words, '--bot-name', config.bot_name])}, with the flags that it had",
            process=told_process(),
            clock=clock,
            broker=accounts,
            account_of=GivenAccounts(accounts).account_of,
            store=store,
            disk=ToldDisk(paths, told_place(paths, config.status_dir), LightFiles()),
            last=last,
            scrub=redactor.scrub,
        )
        clock.beat = teller.beat
        made.append(teller)

    Harmless(log, "The emergency stop can't tell tg1 status how it goes; it goes on")(make)
    return made[0] if made else None


def _is_wished(question: str, command: ParsedCommand, teller: StopTeller | None) -> bool:
    if command.yes:
        return True
    if teller is not None:
        teller.wait_for("the operator's answer")
    answer = _ask(question)
    if teller is not None:
        teller.wait_for("")
    return answer == command.config.bot_name


def _is_here(lock: BotLock, store: TellingStore) -> bool:
    """True when a state or a lock of the bot is in the folder, or when the folder can't tell."""
    try:
        return lock.path.exists() or store.exists()
    except (OSError, StateError):
        return True


def _as_saved(config: GridOcoConfig, store: TellingStore) -> GridOcoConfig:
    """The settings with the product of the saved grid: what was opened as delivery is closed as delivery."""
    try:
        saved = store.load()
    except StateError:
        return config  # the stop says so itself, and goes by the tag
    return config if saved is None else replace(config, product_type=saved.grid.product_type)


def _no_dump() -> ZerodhaCredentials:
    raise ConfigError("--zerodha-config (TG1_ZERODHA_CONFIG) is missing, and today's instruments are not at hand.")


def _ask(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""
