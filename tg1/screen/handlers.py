"""How a log line is written: its form, the queue before it, and the handlers of stdout and of the log file.

`QueuedHandler` stands on the root logger and never waits. Its target is used by one writer's thread alone.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tg1.machine.clock import IST
from tg1.screen.money import counted
from tg1.screen.wrap import wrapped
from tg1.screen.writer import columns_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TextIO

    from tg1.screen.writer import Writer

_FILE_BYTES = 10 * 1024 * 1024
_OLD_FILES = 9
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""Opening a pipe in the log's place would wait for a reader; like this it fails at once."""
_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)] if code != ord("\t")}


class LineConsole(Protocol):
    """The part of rich's `Console` that prints above a live display."""

    @property
    def width(self) -> int:
        """Columns of the terminal."""

    def print(self, *objects: Any, markup: bool, emoji: bool, highlight: bool, soft_wrap: bool) -> None:
        """Print text as it is."""


class IstFormatter(logging.Formatter):
    """Lines stamped in IST; each names the bot when one is given, those of a traceback included."""

    def __init__(self, bot_name: str = "") -> None:
        super().__init__("%(message)s")
        self._bot = f"{bot_name}: " if bot_name else ""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and one more for each of a traceback's."""
        stamp = datetime.fromtimestamp(record.created, IST).isoformat(sep=" ", timespec="milliseconds")[:23]
        head = f"{stamp} {record.levelname:<7} {self._bot}"
        return "\n".join(head + line for line in super().format(record).split("\n"))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """Return the line with control characters spelled out: a broker's words forge no line and move no cursor."""
        return super().formatMessage(record).translate(_CONTROL)


class QueuedHandler(logging.Handler):
    """Hands lines to a writer's thread and never waits; counts what does not fit, and says it in that place later."""

    def __init__(self, target: ReportsOnce, writer: Writer) -> None:
        super().__init__()
        self.target = target
        self.writer = writer
        self.lost = 0
        """Lines since the last one that fitted."""

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one record as a finished line; the lines that did not fit before it are counted there."""
        line = finished_record(record.levelno, self.format(record))
        if self.lost and self.writer.offer(partial(self.target.emit, self._gap())):
            self.lost = 0
        if self.lost or not self.writer.offer(partial(self.target.emit, line)):
            self.lost += 1

    def close(self) -> None:
        """Queue the count of what did not fit, if any."""
        if self.lost:
            self.writer.insist(partial(self.target.emit, self._gap()))
        super().close()

    def _gap(self) -> logging.LogRecord:
        what = f"{counted(self.lost, 'line', 'is', 'are')} missing here: they came faster than they could be written"
        return finished_record(logging.WARNING, self.format(finished_record(logging.WARNING, what)))


def finished_record(level: int, text: str) -> logging.LogRecord:
    """A record whose message is all that is to be written."""
    return logging.LogRecord(__name__, level, __file__, 0, text, None, None)


class ReportsOnce(logging.Handler):
    """A handler that says once per outage that it can't write. One writer's thread alone uses it."""

    where = ""
    complain: Callable[[str], object] = staticmethod(lambda _sentence: None)
    _failing = False
    _failed_now = False

    def createLock(self) -> None:  # noqa: N802  # logging's own name
        """Need no lock: `logging.shutdown` would wait for the one of a handler that hangs."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, and note whether it could be written."""
        self._failed_now = False
        self._write(record)
        self._failing = self._failed_now

    def _write(self, record: logging.LogRecord) -> None:
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # logging's own signature
        """Say it, but once per outage."""
        self._failed_now = True
        if self._failing:
            return
        error = sys.exc_info()[1]
        why = getattr(error, "strerror", None) or type(error).__name__
        self.complain(f"Log lines can't be written to {self.where} ({why}); the bot goes on.")


class StdoutHandler(ReportsOnce, logging.StreamHandler["TextIO"]):
    """Writes to stdout, or above the live ladder while one is shown; to nothing once the terminal has gone."""

    where = "stdout"
    console: LineConsole | None = None
    gone = False

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        # Asked now: a terminal that has hung up does not say any more that it is one.
        self.is_terminal = stream.isatty()

    def _write(self, record: logging.LogRecord) -> None:
        if self.gone:
            return
        if self.console is None:
            super()._write(record)
            return
        try:
            self.console.print(self.format(record), markup=False, emoji=False, highlight=False, soft_wrap=True)
        except (OSError, ValueError):
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines, broken between words where they are wider than the terminal."""
        text = super().format(record)
        width = self._width()
        if not width:
            return text
        return "\n".join(part for line in text.split("\n") for part in wrapped(line, width, "    "))

    def _width(self) -> int:
        """Columns of the terminal; 0 when it is none, or does not say."""
        if self.console is not None:
            return self.console.width
        return columns_of(self.stream) if self.is_terminal else 0


class LogFileHandler(ReportsOnce, logging.handlers.RotatingFileHandler):
    """Appends to the log file (mode 0600) and follows it when another bot or logrotate moved it away."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8")

    def _open(self) -> TextIO:  # type: ignore[override]  # the base class names a narrower type than it needs
        descriptor = os.open(self.baseFilename, _APPEND, 0o600)
        os.set_blocking(descriptor, True)
        os.fchmod(descriptor, 0o600)
        return text_of(descriptor, "ab", "utf-8")

    def _write(self, record: logging.LogRecord) -> None:
        if self._was_moved():
            self._drop_stream()
        super()._write(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's own name
        """Report, and let go of the stream: the next line tries the file anew."""
        super().handleError(record)
        self._drop_stream()

    def _was_moved(self) -> bool:
        if self.stream is None:
            return False
        try:
            there, here = os.stat(self.baseFilename), os.fstat(self.stream.fileno())  # noqa: PTH116  # two stats of one kind
        except (OSError, ValueError):
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _drop_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
