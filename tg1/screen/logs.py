"""Where log lines go: stdout and `grid_oco_engine.log`, in IST, without secrets, never in the way of trading.

Each of them is written by a thread of its own (`writer`), so that a terminal which is not read and a disk which hangs
hold up neither the bot nor each other (behaviour 19). What can't be written is said once per outage on stderr.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import OsFileSystem
from tg1.machine.redact import install
from tg1.screen.handlers import IstFormatter, LogFileHandler, QueuedHandler, StdoutHandler, finished_record
from tg1.screen.wrap import wrapped
from tg1.screen.writer import Writer, columns_of, end_all, unbuffered

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from tg1.machine.redact import Redactor
    from tg1.screen.handlers import LineConsole

log = logging.getLogger(__name__)

LOG_FILE = "grid_oco_engine.log"
END_WITHIN_SECS = 2.0
"""How long a process that ends waits for each reader that is slow."""
_CHATTY = ("urllib3", "requests", "kiteconnect", "twisted", "autobahn", "asyncio", "aiohttp")
"""Libraries whose INFO and DEBUG lines bury ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """The ways out of this process."""

    stdout: StdoutHandler
    file: LogFileHandler | None
    """None when there is no file to write to."""
    terminal: Writer
    """Stdout's thread: log lines and the ladder's frames."""
    handlers: tuple[QueuedHandler, ...]
    stderr: Writer
    error_stream: TextIO | None = field(repr=False)

    def above(self, console: LineConsole | None) -> None:
        """Send stdout's lines through rich's console from now on; None: straight to stdout again."""
        self.terminal.insist(partial(setattr, self.stdout, "console", console))

    def complain(self, sentence: str) -> None:
        """Say something on stderr."""
        self.stderr.offer(partial(say, self.error_stream, sentence))

    def refuse(self, sentence: str) -> None:
        """Say why the process ends on stderr and in the log file, but not twice on one terminal."""
        self.complain(f"tg1: {sentence}")
        for handler in self.handlers:
            if handler.target is self.file:
                handler.handle(finished_record(logging.ERROR, sentence))

    def hang_up(self) -> None:
        """Stop writing to a terminal whose session ended, and say so in the file. Safe in a signal handler."""
        for handler in self.handlers:
            if handler.target is self.file:
                handler.writer.insist(self._note_hangup)

    def _note_hangup(self) -> None:
        if self.stdout.gone:
            return
        self.stdout.gone = self.stdout.is_terminal
        alone = "this file alone tells of it from here on" if self.stdout.gone else "stdout is no terminal and stays"
        log.warning("SIGHUP, the terminal's session has ended: the bot goes on, and %s", alone)

    def close(self) -> None:
        """Bring to where they belong what waits, within a bounded time, and close the file."""
        for handler in self.handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        hanging = end_all([*(handler.writer for handler in self.handlers), self.stderr], END_WITHIN_SECS)
        for handler in self.handlers:
            if handler.writer not in hanging:
                handler.target.close()


def say(stream: TextIO | None, sentence: str) -> None:
    """Write a sentence for a person, broken between words on a terminal; a stream that is gone is no failure."""
    if stream is None:  # Python has None for one that was closed before the start
        return
    with contextlib.suppress(OSError, ValueError):
        width = columns_of(stream)
        stream.write("\n".join(wrapped(sentence, width) if width else [sentence]) + "\n")
        stream.flush()


def setup_logging(
    log_dir: Path | None,
    level: str,
    redactor: Redactor,
    *,
    bot_name: str = "",
    stream: TextIO | None = None,
    file_required: bool = True,
) -> Logs:
    """Send all log records of the process to `stream` (None: stdout) and to the log file in `log_dir` (created 0700).

    Without a `log_dir` there is no file. `level` is a name such as "INFO". The file, which several bots may share,
    names the bot in every line. Raises `ConfigError` when it can't be opened; with `file_required` off (the emergency
    stop must not fail for a full disk) that is a warning.
    """
    file, trouble = _opened(log_dir)
    if trouble and file_required:
        raise ConfigError(trouble)
    logs = _logs(_stdout_handler(stream or sys.stdout), file, bot_name)
    _install(logs, level, redactor)
    if trouble:
        log.warning("%s", trouble)
    return logs


def _opened(log_dir: Path | None) -> tuple[LogFileHandler | None, str]:
    """The log file, or why there is none; nothing and no reason where none is wanted."""
    if log_dir is None:
        return None, ""
    try:
        if not log_dir.is_dir():  # one that is there may be shared, as /var/log; the file itself is private
            OsFileSystem().make_dir(log_dir)
        return LogFileHandler(log_dir / LOG_FILE), ""
    except OSError as error:
        return None, f"--log-dir {log_dir} can't hold the log file: {error.strerror or type(error).__name__}."


def _stdout_handler(stream: TextIO | None) -> StdoutHandler:
    """Python has None for a stdout that was closed before the start: nothing is written then."""
    handler = StdoutHandler(io.StringIO() if stream is None else unbuffered(stream))
    handler.gone = stream is None
    return handler


def _logs(stdout: StdoutHandler, file: LogFileHandler | None, bot_name: str) -> Logs:
    terminal = Writer("stdout")
    handlers = [QueuedHandler(stdout, terminal)]
    handlers[0].setFormatter(IstFormatter())
    if file is not None:
        handlers.append(QueuedHandler(file, Writer("log file")))
        handlers[1].setFormatter(IstFormatter(bot_name))
    logs = Logs(
        stdout=stdout,
        file=file,
        terminal=terminal,
        handlers=tuple(handlers),
        stderr=Writer("stderr"),
        error_stream=sys.stderr and unbuffered(sys.stderr),
    )
    for handler in handlers:
        handler.target.complain = logs.complain
    return logs


def _install(logs: Logs, level: str, redactor: Redactor) -> None:
    install(redactor, logs.handlers)
    root = logging.getLogger()
    for handler in logs.handlers:
        root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)
