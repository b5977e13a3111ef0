"""Ends a running bot from another process, so that it can't place again what is being cancelled (behaviour 13)."""

from __future__ import annotations

import logging
import os
import signal
from typing import TYPE_CHECKING

from tg1.errors import AlreadyRunning, ConfigError

if TYPE_CHECKING:
    from tg1.machine.clock import Clock
    from tg1.machine.lock import BotLock

log = logging.getLogger(__name__)

STOP_WITHIN_SECS = 30.0
"""For a running bot to end after SIGTERM: longer than one request may take (transport.TOTAL_TIMEOUT_SECS)."""
KILL_WITHIN_SECS = 5.0


def stop_running_bot(lock: BotLock, clock: Clock) -> bool:
    """Tell a running bot to stop and take its lock, or it would place the orders again; True when one was running.

    A bot that does not end in time is killed: its state survives that, an open order does not wait.
    """
    try:
        lock.acquire(clock.now())
    except AlreadyRunning as exc:
        log.info("%s: telling it to stop", exc)
    except ConfigError as exc:
        # Full, read-only or another user's: orders do not wait for a folder (behaviour 13).
        log.error("Nobody knows whether the bot is running, stop it by hand: %s", exc)  # noqa: TRY400 - a sentence for the operator
        return False
    else:
        return False
    for number, patience_secs in ((signal.SIGTERM, STOP_WITHIN_SECS), (signal.SIGKILL, KILL_WITHIN_SECS)):
        holder = lock.holder()
        if holder is not None and holder.is_here and holder.pid is not None:
            log.info("Sending %s to process %d", number.name, holder.pid)
            _signal(holder.pid, number)
        try:
            lock.wait(clock, clock.monotonic() + patience_secs)
        except AlreadyRunning as exc:
            log.warning("%s", exc)
        else:
            return True
    log.error("The running bot could not be stopped and may place orders again; stop it by hand")
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        log.info("Process %d has just ended", pid)
    except PermissionError as exc:
        log.warning("Process %d can't be signalled: %s", pid, exc.strerror)
