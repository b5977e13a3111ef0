"""Where log lines go: stdout and `grid_oco_engine.log`, in IST, without secrets, never in the way of trading.

A log that can't be written is reported once per outage on stderr; the bot goes on.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from tg1.errors import ConfigError
from tg1.machine.clock import IST
from tg1.machine.files import OsFileSystem
from tg1.machine.redact import install

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path
    from typing import TextIO

    from tg1.machine.redact import Redactor

log = logging.getLogger(__name__)

LOG_FILE = "grid_oco_engine.log"
_FILE_BYTES = 10 * 1024 * 1024
_OLD_FILES = 9
_LINE = "%(asctime)s %(levelname)-7s %(message)s"
_CHATTY = ("urllib3", "requests", "kiteconnect", "twisted", "autobahn", "asyncio", "aiohttp")
"""Libraries whose INFO and DEBUG lines bury ours."""
_CONTROL = {code: f"\\x{code:02x}" for code in [*range(32), *range(127, 160)] if code != ord("\t")}


class LineConsole(Protocol):
    """The part of rich's `Console` that prints above a live display."""

    def print(self, *objects: Any, markup: bool, emoji: bool, highlight: bool, soft_wrap: bool) -> None:
        """Print text as it is."""


class IstFormatter(logging.Formatter):
    """One record, one line, stamped in IST; only a traceback takes more lines."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  # logging's own signature
        """Return the record's time in IST with milliseconds."""
        return datetime.fromtimestamp(record.created, IST).isoformat(sep=" ", timespec="milliseconds")[:23]

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """Return the line with control characters spelled out: a broker's words forge no line and move no cursor."""
        return super().formatMessage(record).translate(_CONTROL)


class _ReportsOnce(logging.Handler):
    """A handler that says once per outage, on stderr, that it can't write."""

    where = ""
    _failing = False
    _failed_now = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, and note whether it could be written."""
        self._failed_now = False
        self._write(record)
        self._failing = self._failed_now

    def _write(self, record: logging.LogRecord) -> None:
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # logging's own signature
        self._failed_now = True
        if self._failing:
            return
        error = sys.exc_info()[1]
        why = getattr(error, "strerror", None) or type(error).__name__
        with contextlib.suppress(
            OSError, ValueError, AttributeError
        ):  # stderr may be gone as well; nobody is left to tell
            print(f"Log lines can't be written to {self.where} ({why}); the bot goes on.", file=sys.stderr)  # noqa: T201  # the log itself is what fails


class StdoutHandler(_ReportsOnce, logging.StreamHandler["TextIO"]):
    """Writes to stdout, or above the live ladder while one is shown."""

    where = "stdout"
    console: LineConsole | None = None

    def _write(self, record: logging.LogRecord) -> None:
        console = self.console
        if console is None:
            super()._write(record)
            return
        try:
            console.print(self.format(record), markup=False, emoji=False, highlight=False, soft_wrap=True)
        except (OSError, ValueError):
            self.handleError(record)


class LogFileHandler(_ReportsOnce, logging.handlers.RotatingFileHandler):
    """Appends to the log file (mode 0600) and follows it when another bot or logrotate moved it away."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        super().__init__(
            path, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8", errors="backslashreplace"
        )

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123  # kept open; Path can't take a descriptor

    def _write(self, record: logging.LogRecord) -> None:
        if self._was_moved():
            self._drop_stream()
        super()._write(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's own name
        """Report, and let go of the stream: what it could not flush would pile up in its buffer."""
        super().handleError(record)
        self._drop_stream()

    def _was_moved(self) -> bool:
        if not self.stream:
            return False
        try:
            there, here = os.stat(self.baseFilename), os.fstat(self.stream.fileno())  # noqa: PTH116  # two stats of one kind
        except (OSError, ValueError):
            return True
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _drop_stream(self) -> None:
        stream, self.stream = self.stream, None
        if stream:
            with contextlib.suppress(OSError, ValueError):  # closing flushes once more and may fail as the write did
                stream.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """The handlers of this process."""

    stdout: StdoutHandler
    file: LogFileHandler | None
    """None when there is no file to write to."""

    def above(self, console: LineConsole | None) -> None:
        """Send stdout's lines through rich's console from now on; None: straight to stdout again."""
        self.stdout.console = console

    def close(self) -> None:
        """Take the handlers off the root logger and close the file."""
        for handler in (self.stdout, self.file):
            if handler is not None:
                logging.getLogger().removeHandler(handler)
                with contextlib.suppress(OSError, ValueError):  # a flush at the end may fail as the writes did
                    handler.close()


def setup_logging(
    log_dir: Path, level: str, redactor: Redactor, *, stream: TextIO | None = None, file_required: bool = True
) -> Logs:
    """Send all log records of the process to `stream` (None: stdout) and to the log file in `log_dir` (created 0700).

    `level` is a name such as "INFO". Raises `ConfigError` when the file can't be opened; with `file_required` off (the
    emergency stop must not fail for a full disk) that is a warning.
    """
    stdout = StdoutHandler(_lossless(stream or sys.stdout))
    file: LogFileHandler | None = None
    trouble = ""
    try:
        if not log_dir.is_dir():  # one that is there may be shared, as /var/log; the file itself is private
            OsFileSystem().make_dir(log_dir)
        file = LogFileHandler(log_dir / LOG_FILE)
    except OSError as error:
        trouble = f"--log-dir {log_dir} can't hold the log file: {error.strerror or type(error).__name__}."
        if file_required:
            raise ConfigError(trouble) from error
    logs = Logs(stdout=stdout, file=file)
    _install(logs, level, redactor)
    if trouble:
        log.warning("%s", trouble)
    return logs


def _install(logs: Logs, level: str, redactor: Redactor) -> None:
    handlers: list[logging.Handler] = [handler for handler in (logs.stdout, logs.file) if handler is not None]
    install(redactor, handlers)
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(IstFormatter(_LINE))
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)


def _lossless(stream: TextIO) -> TextIO:
    """The stream, told to spell out what its encoding lacks: a "…" on an ASCII terminal must not cost the line."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    return stream
