"""Log lines: where they go, what they never hold, and what happens when they can't be written."""

from __future__ import annotations

import io
import logging
import os
import stat
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from tg1.errors import ConfigError
from tg1.machine.redact import Redactor
from tg1.screen.logs import LOG_FILE, IstFormatter, LogFileHandler, Logs, setup_logging

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

    def make(level: str = "INFO", **options: bool) -> Logs:
        made.append(setup_logging(tmp_path / "logs", level, Redactor([SECRET]), stream=out, **options))
        return made[-1]

    yield make
    for logs in made:
        logs.close()
    root.setLevel(level_before)
    logging.captureWarnings(capture=False)


def written(tmp_path: Path) -> str:
    """What the log file holds."""
    return (tmp_path / "logs" / LOG_FILE).read_text()


def test_logs_go_to_stdout_and_the_file(set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path) -> None:
    """Architecture 20: both, with the same line."""
    set_up()
    logging.getLogger("tg1.x").info("ENTRY %s placed", "BUY")
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
    set_up()
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("urllib3").exception("failed with %s", {"key": SECRET})
    for text in (out.getvalue(), written(tmp_path)):
        assert SECRET not in text
        assert "ValueError" in text


def test_log_lines_are_stamped_in_ist() -> None:
    """Whatever the zone of the machine: 1970 began at 05:30 in India."""
    record = logging.makeLogRecord({"msg": "x", "levelname": "INFO", "created": 0.25})
    assert IstFormatter("%(asctime)s %(message)s").format(record) == "1970-01-01 05:30:00.250 x"


def test_log_lines_can_not_be_forged(set_up: Callable[..., Logs], out: io.StringIO) -> None:
    """A broker's reason with a line break or an escape stays one harmless line."""
    set_up()
    logging.getLogger("tg1.x").warning("rejected: %s", "no\n2026-02-16 FILLED\x1b[2J")
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()


def test_logs_keep_libraries_quiet_unless_debugging(set_up: Callable[..., Logs]) -> None:
    """urllib3's chatter is for --log-level DEBUG."""
    set_up()
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.INFO)
    set_up("DEBUG")
    assert logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


def test_logs_go_above_the_ladder_as_they_are(set_up: Callable[..., Logs], out: io.StringIO) -> None:
    """Rich prints them without reading markup or emoji into them."""
    logs = set_up()
    screen = io.StringIO()
    logs.above(Console(file=screen, width=20))
    logging.getLogger("tg1.x").info("[downside] ENTRY BUY placed: IRFC 100 @ 49.00 :x:")
    assert "[downside] ENTRY BUY placed: IRFC 100 @ 49.00 :x:\n" in screen.getvalue()
    logs.above(None)
    logging.getLogger("tg1.x").info("again")
    assert "again" in out.getvalue()
    assert "again" not in screen.getvalue()


def test_logs_follow_a_file_that_was_moved_away(set_up: Callable[..., Logs], tmp_path: Path) -> None:
    """Another bot that rotated the shared file, or logrotate, leaves no bot writing into the old one."""
    set_up()
    logging.getLogger("tg1.x").info("before")
    path = tmp_path / "logs" / LOG_FILE
    path.rename(path.with_suffix(".old"))
    logging.getLogger("tg1.x").info("after")
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


def test_logs_report_a_full_disk_once_and_recover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence per outage on stderr, no traceback, and the file is used again when it can be."""
    if not os.path.exists("/dev/full"):  # noqa: PTH110  # a device of Linux
        pytest.skip("this machine has no /dev/full to stand for a full disk")
    path = tmp_path / LOG_FILE
    path.symlink_to("/dev/full")
    handler = LogFileHandler.__new__(LogFileHandler)
    handler._open = lambda: path.open("a")  # type: ignore[method-assign]  # no chmod on a device
    LogFileHandler.__init__(handler, path)
    record = logging.makeLogRecord({"msg": "x"})
    handler.handle(record)
    handler.handle(record)
    first = capsys.readouterr().err
    path.unlink()
    handler.handle(record)
    path.unlink()
    path.symlink_to("/dev/full")
    handler.handle(record)
    second = capsys.readouterr().err
    handler.close()
    assert [text.count("No space left on device") for text in (first, second)] == [1, 1]
    assert "Traceback" not in first + second


def test_logs_survive_a_stdout_that_is_gone(
    set_up: Callable[..., Logs], out: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed terminal is said once; the file goes on."""
    set_up()
    out.close()
    logging.getLogger("tg1.x").info("one")
    logging.getLogger("tg1.x").info("two")
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
