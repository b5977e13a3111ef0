"""`--cancel-all` as a process: what of the bot is here, who is stopped, what a square-off needs (behaviour 13)."""

from __future__ import annotations

import logging
import shutil
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, FeedError, StateError
from tg1.machine.files import OsFileSystem
from tg1.machine.lock import BotLock
from tg1.screen.output import is_terminal
from tg1.state import StateManager
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten, cancel_all
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
    store = StateManager(OsFileSystem(), config.state_dir, config.bot_name)
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
        if not command.square_off:
            return cancel_all(config, client, store, clock, is_known=is_known)
        try:
            client.load_instruments()
        except (ConfigError, FeedError) as exc:
            log.error("Nothing can be closed, the orders are cancelled all the same: %s", exc)  # noqa: TRY400 - a sentence for the operator
            cancel_all(config, client, store, clock, is_known=is_known)
            log.error("Nothing is closed: mend what was said first, and type it again")  # noqa: TRY400 - as above
            return ExitCode.FAILED
        feed = _feed(config, clock, redactor, kite)
        if feed is not None:
            stack.callback(feed.stop)
        prices = ClosingPrices(client=client, feed=feed, clock=clock)
        flatten = Flatten(confirm=lambda question: command.yes or _ask(question) == config.bot_name, prices=prices)
        return cancel_all(config, client, store, clock, is_known=is_known, flatten=flatten)


def _feed(config: GridOcoConfig, clock: SystemClock, redactor: Redactor, kite: Kite) -> ZerodhaFeed | None:
    """Zerodha's prices; None where they are not configured, or wrongly: the brokers' own trades must do then."""
    if config.zerodha_config is None:
        return None
    try:
        return feed_of(config, clock, redactor, kite)
    except ConfigError as exc:
        log.warning("There is no feed, the broker's own trades must do: %s", exc)
        return None


def _is_here(lock: BotLock, store: StateManager) -> bool:
    """True when a state or a lock of the bot is in the folder, or when the folder can't tell."""
    try:
        return lock.path.exists() or store.exists()
    except (OSError, StateError):
        return True


def _as_saved(config: GridOcoConfig, store: StateManager) -> GridOcoConfig:
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
