"""What a terminal may do to a process: end it, stop it, and write into its picture. None of it may end a bot."""

from __future__ import annotations

import os
import signal
import termios
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOCAL_FLAGS = 3
"""The place of the local modes in what `termios.tcgetattr` returns."""


def outlive(hung_up: Callable[[], None]) -> None:
    """Let SIGHUP call `hung_up` instead of ending the process, and let no write to the terminal stop it (behaviour 19).

    A SIGHUP that is ignored already (`nohup`) stays ignored. A process in the background of a terminal with `tostop`
    would be stopped at its next line (SIGTTOU).
    """
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda _number, _frame: hung_up())


@contextmanager
def silent_keys(descriptor: int) -> Iterator[None]:
    """Let keys typed on the terminal not show while a picture is drawn there: Enter would tear it.

    Only for the process in the terminal's foreground; what is no terminal is left alone.
    """
    try:
        before = termios.tcgetattr(descriptor) if os.tcgetpgrp(descriptor) == os.getpgrp() else None
    except (termios.error, OSError):
        before = None
    if before is None:
        yield
        return
    silent = [*before]
    silent[_LOCAL_FLAGS] &= ~(termios.ECHO | termios.ECHONL)
    _set(descriptor, silent)
    try:
        yield
    finally:
        _set(descriptor, before)


def _set(descriptor: int, modes: list[object]) -> None:
    with suppress(termios.error):  # the terminal went away, and its modes with it
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)  # type: ignore[arg-type]  # as tcgetattr gave them
