"""Log lines: where they go, what they never hold, and what happens when they can't be written."""

from __future__ import annotations

import fcntl
import io
import logging
import os
import pty
import stat
import struct
import termios
import threading
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from tg1.errors import ConfigError
from tg1.machine.redact import Redactor
from tg1.screen.handlers import IstFormatter, LogFileHandler
from tg1.screen.logs import LOG_FILE, Logs, setup_logging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "made-up-secret-77"


@pytest.fixture
def out() -> io.StringIO:
    """What stdout gets."""
    return io.StringIO()


@pytest.fixture
def set_up(tmp_path: Path, out: io.StringIO) -> Iterator[Callable[..., Logs]]:
    """Sets logging up in a folder of the test's own, and leaves the process as it was."""
    root = logging.getLogger()
    level_before = root.level
    made: list[Logs] = []

    def make(level: str = "INFO", **options: Any) -> Logs:
        made.append(setup_logging(tmp_path / "logs", level, Redactor([SECRET]), **{"stream": out, **options}))
        return made[-1]

    yield make
    for logs in made:
        logs.close()
    root.setLevel(level_before)
    logging.captureWarnings(capture=False)


def settle(logs: Logs) -> None:
    """Await that what was logged so far is written."""
    assert all(writer.flush(30) for writer in (*(handler.writer for handler in logs.handlers), logs.stderr))


def written(tmp_path: Path) -> str:
    """What the log file holds."""
    return (tmp_path / "logs" / LOG_FILE).read_text()


def test_logs_go_to_stdout_and_the_file(set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path) -> None:
    """Architecture 20: both, with the same line."""
    logs = set_up()
    logging.getLogger("tg1.x").info("ENTRY %s placed", "BUY")
    settle(logs)
    assert "ENTRY BUY placed" in out.getvalue()
    assert out.getvalue() == written(tmp_path)


def test_logs_are_private(set_up: Callable[..., Logs], tmp_path: Path) -> None:
    """Folder 0700 and file 0600, also when the file was there with other rights."""
    (tmp_path / "logs").mkdir(mode=0o700)
    (tmp_path / "logs" / LOG_FILE).touch(mode=0o644)
    set_up()
    assert stat.S_IMODE((tmp_path / "logs" / LOG_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700


def test_logs_hold_no_secret(set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path) -> None:
    """Not in a message, an argument or a traceback, of whatever library (behaviour 16)."""
    logs = set_up()
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("urllib3").exception("failed with %s", {"key": SECRET})
    settle(logs)
    for text in (out.getvalue(), written(tmp_path)):
        assert SECRET not in text
        assert "ValueError" in text


def test_log_lines_are_stamped_in_ist() -> None:
    """Whatever the zone of the machine: 1970 began at 05:30 in India."""
    record = logging.makeLogRecord({"msg": "x", "levelname": "INFO", "created": 0.25})
    assert IstFormatter().format(record) == "1970-01-01 05:30:00.250 INFO    x"


def test_log_lines_can_not_be_forged(set_up: Callable[..., Logs], out: io.StringIO) -> None:
    """A broker's reason with a line break or an escape stays one harmless line."""
    logs = set_up()
    logging.getLogger("tg1.x").warning("rejected: %s", "no\n2026-02-16 FILLED\x1b[2J")
    settle(logs)
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()


def test_logs_keep_libraries_quiet_unless_debugging(set_up: Callable[..., Logs]) -> None:
    """urllib3's chatter is for --log-level DEBUG."""
    set_up()
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.INFO)
    set_up("DEBUG")
    assert logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


def test_logs_go_above_the_ladder_as_they_are(set_up: Callable[..., Logs], out: io.StringIO) -> None:
    """Rich reads no markup or emoji into them and breaks them between words, never within one (behaviour 19)."""
    logs = set_up()
    screen = io.StringIO()
    logs.above(Console(file=screen, width=20))
    logging.getLogger("tg1.x").info("[downside] ENTRY BUY placed: IRFC 100 @ 49.00 :x:")
    settle(logs)
    lines = screen.getvalue().splitlines()
    assert " ".join(screen.getvalue().split()).endswith("[downside] ENTRY BUY placed: IRFC 100 @ 49.00 :x:")
    assert max(len(line) for line in lines) <= 20
    logs.above(None)
    logging.getLogger("tg1.x").info("again")
    settle(logs)
    assert "again" in out.getvalue()
    assert "again" not in screen.getvalue()


def test_logs_break_between_words_before_there_is_a_ladder(set_up: Callable[..., Logs]) -> None:
    """Behaviour 19: the emergency stop draws none, and its lines must be read, too."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(slave, "w", encoding="utf-8") as terminal, open(master, "rb", buffering=0) as screen:  # noqa: PTH123  # descriptors
        logs = set_up(stream=terminal)
        logging.getLogger("tg1.x").error("STILL WORKING OR NOT CONFIRMED: account upside_oco: no credentials given")
        settle(logs)
        lines = screen.read(4096).decode().splitlines()
        logs.close()
    assert " ".join(" ".join(lines).split()).endswith("account upside_oco: no credentials given")
    assert max(map(len, lines)) <= 40


def test_logs_refuse_a_pipe_in_the_place_of_the_file(tmp_path: Path, out: io.StringIO) -> None:
    """Behaviour 19: opening it would wait for a reader, before the first signal handler stands."""
    os.mkfifo(tmp_path / LOG_FILE)
    with pytest.raises(ConfigError, match="--log-dir"):
        setup_logging(tmp_path, "INFO", Redactor(), stream=out)


def test_logs_follow_a_file_that_was_moved_away(set_up: Callable[..., Logs], tmp_path: Path) -> None:
    """Another bot that rotated the shared file, or logrotate, leaves no bot writing into the old one."""
    logs = set_up()
    logging.getLogger("tg1.x").info("before")
    settle(logs)
    path = tmp_path / "logs" / LOG_FILE
    path.rename(path.with_suffix(".old"))
    logging.getLogger("tg1.x").info("after")
    settle(logs)
    assert "after" in path.read_text()
    assert "after" not in path.with_suffix(".old").read_text()


def test_logs_rotate_privately(tmp_path: Path) -> None:
    """A full file is put aside and a new one begun with the same rights."""
    handler = LogFileHandler(tmp_path / LOG_FILE)
    handler.maxBytes = 50
    for text in ("a" * 40, "b" * 40):
        handler.handle(logging.makeLogRecord({"msg": text}))
    handler.close()
    for name, text in ((LOG_FILE, "b" * 40), (LOG_FILE + ".1", "a" * 40)):
        assert (tmp_path / name).read_text().strip() == text
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_logs_report_a_full_disk_once_and_recover(tmp_path: Path) -> None:
    """One sentence per outage, no traceback, and the file is used again when it can be."""
    if not os.path.exists("/dev/full"):  # noqa: PTH110  # a device of Linux
        pytest.skip("this machine has no /dev/full to stand for a full disk")
    path = tmp_path / LOG_FILE
    path.symlink_to("/dev/full")
    handler = LogFileHandler.__new__(LogFileHandler)
    handler._open = lambda: path.open("a")  # type: ignore[method-assign]  # no chmod on a device
    LogFileHandler.__init__(handler, path)
    said: list[str] = []
    handler.complain = said.append
    record = logging.makeLogRecord({"msg": "x"})
    handler.handle(record)
    handler.handle(record)
    first = "".join(said)
    path.unlink()
    handler.handle(record)
    path.unlink()
    path.symlink_to("/dev/full")
    handler.handle(record)
    second = "".join(said).removeprefix(first)
    handler.close()
    assert [text.count("No space left on device") for text in (first, second)] == [1, 1]
    assert "Traceback" not in first + second


def test_logs_survive_a_stdout_that_is_gone(
    set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed terminal is said once; the file goes on."""
    logs = set_up()
    out.close()
    logging.getLogger("tg1.x").info("one")
    logging.getLogger("tg1.x").info("two")
    settle(logs)
    assert capsys.readouterr().err.count("\n") == 1
    assert "two" in written(tmp_path)


def test_logs_lose_no_line_to_a_poor_encoding(tmp_path: Path) -> None:
    """An ASCII terminal shows what it lacks spelled out."""
    raw = io.BytesIO()
    logs = setup_logging(tmp_path, "INFO", Redactor(), stream=io.TextIOWrapper(raw, encoding="ascii"))
    try:
        logging.getLogger("tg1.x").warning("₹ 50…")
    finally:
        logs.close()
    assert rb"\u20b9 50\u2026" in raw.getvalue()


def test_logs_refuse_a_folder_that_can_not_be_used(tmp_path: Path, out: io.StringIO) -> None:
    """A start says so in one sentence with the flag."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--log-dir .*file"):
        setup_logging(tmp_path / "file", "INFO", Redactor(), stream=out)


def test_logs_let_the_emergency_stop_go_on_without_a_file(tmp_path: Path, out: io.StringIO) -> None:
    """`--cancel-all` must not fail for a log (behaviour 13)."""
    (tmp_path / "file").touch()
    logs = setup_logging(tmp_path / "file", "INFO", Redactor(), stream=out, file_required=False)
    logs.close()
    assert logs.file is None
    assert "--log-dir" in out.getvalue()


class NeverRead(io.StringIO):
    """A terminal that nobody reads: a write returns when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def write(self, text: str, /) -> int:
        self.released.wait()
        return super().write(text)


def test_logs_reach_the_file_though_nobody_reads_the_terminal(set_up: Callable[..., Logs], tmp_path: Path) -> None:
    """Behaviour 19: each way out has a thread of its own, so that one which hangs holds up no other."""
    terminal = NeverRead()
    logs = set_up(stream=terminal)
    for number in range(100):
        logging.getLogger("tg1.x").info("line %d", number)
    assert logs.handlers[1].writer.flush(30)
    assert "line 99" in written(tmp_path)
    terminal.released.set()
    settle(logs)
    assert "line 99" in terminal.getvalue()


def test_logs_reach_the_terminal_though_the_disk_hangs(
    set_up: Callable[..., Logs], out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 19: a log disk that hangs, the other way round."""
    released = threading.Event()
    monkeypatch.setattr(LogFileHandler, "_was_moved", lambda _self: bool(released.wait()))
    logs = set_up()
    logging.getLogger("tg1.x").info("on the screen")
    assert logs.terminal.flush(30)
    assert "on the screen" in out.getvalue()
    released.set()


def test_logs_end_though_nobody_reads_the_terminal(
    set_up: Callable[..., Logs], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 19: flushed at the end within a bounded time; the other ways out are brought to their end."""
    monkeypatch.setattr("tg1.screen.logs.END_WITHIN_SECS", 0.05)
    terminal = NeverRead()
    logs = set_up(stream=terminal)
    logging.getLogger("tg1.x").info("the last line")
    logs.close()
    assert "the last line" in written(tmp_path)
    assert logs.terminal.ended(0) is False
    terminal.released.set()


def test_logs_name_the_bot_in_the_file_that_several_share(
    set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path
) -> None:
    """Behaviour 19: every line of a log that several bots write names its bot; a terminal has one bot only."""
    logs = set_up(bot_name="IRFC-SBIN Grid")
    logging.getLogger("tg1.x").info("ENTRY BUY placed")
    settle(logs)
    assert " IRFC-SBIN Grid: ENTRY BUY placed" in written(tmp_path)
    assert "IRFC-SBIN Grid" not in out.getvalue()


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_logs_leave_a_terminal_that_hung_up_and_say_so_in_the_file(set_up: Callable[..., Logs], tmp_path: Path) -> None:
    """Behaviour 19: after SIGHUP the bot goes on with the log file alone, and says so there."""
    terminal = Terminal()
    logs = set_up(stream=terminal)
    logs.hang_up()
    logs.hang_up()
    settle(logs)
    settle(logs)
    logging.getLogger("tg1.x").info("later")
    settle(logs)
    assert terminal.getvalue() == ""
    assert written(tmp_path).count("SIGHUP") == 1
    assert "this file alone" in written(tmp_path)
    assert "later" in written(tmp_path)


def test_logs_keep_a_stdout_that_is_no_terminal_through_sighup(set_up: Callable[..., Logs], out: io.StringIO) -> None:
    """Behaviour 19: a journal or a file is not hung up with the session."""
    logs = set_up()
    logs.hang_up()
    settle(logs)
    logging.getLogger("tg1.x").info("later")
    settle(logs)
    assert "later" in out.getvalue()


def test_logs_say_a_refusal_on_stderr_and_in_the_file_only(
    set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behaviour 14: one clear sentence on stderr, and not twice on one terminal."""
    logs = set_up(bot_name="B")
    logs.refuse("the state can't be read.")
    settle(logs)
    assert capsys.readouterr().err == "tg1: the state can't be read.\n"
    assert "ERROR   B: the state can't be read." in written(tmp_path)
    assert out.getvalue() == ""
