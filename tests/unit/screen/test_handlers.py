"""Lines on their way out: none waits, each names its bot where several write (behaviour 19)."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_SECS
from tg1.screen.handlers import IstFormatter, QueuedHandler, ReportsOnce
from tg1.screen.writer import Writer, end_all

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stuck(ReportsOnce):
    """A terminal or a disk that takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.begun = threading.Event()
        self.lines: list[str] = []

    def _write(self, record: logging.LogRecord) -> None:
        self.begun.set()
        self.released.wait()
        self.lines.append(record.getMessage())


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    """A target that hangs, and is released with the test's end."""
    target = Stuck()
    yield target
    target.released.set()


def record(text: str, **extra: object) -> logging.LogRecord:
    """A record of the first second of 1970."""
    return logging.makeLogRecord({"msg": text, "levelname": "INFO", "levelno": logging.INFO, "created": 0, **extra})


def test_lines_that_do_not_fit_are_counted_and_said_in_their_place(stuck: Stuck) -> None:
    """Behaviour 19: lines go through a bounded queue; what does not fit is counted and said later."""
    handler = QueuedHandler(stuck, Writer("test", most_jobs=2))
    handler.handle(record("0"))
    assert stuck.begun.wait(PATIENCE_SECS)
    for number in range(1, 6):
        handler.handle(record(str(number)))
    assert handler.lost == 3
    stuck.released.set()
    assert handler.writer.flush(30)
    handler.handle(record("6"))
    assert end_all([handler.writer], 30) == []
    assert [line for line in stuck.lines if len(line) == 1] == ["0", "1", "2", "6"]
    assert "3 lines are missing here" in stuck.lines[3]


def test_lines_that_never_fitted_are_counted_at_the_end(stuck: Stuck) -> None:
    """Behaviour 19: the count is not lost with the lines."""
    handler = QueuedHandler(stuck, Writer("test", most_jobs=1))
    handler.handle(record("0"))
    assert stuck.begun.wait(PATIENCE_SECS)
    for number in range(1, 4):
        handler.handle(record(str(number)))
    handler.close()
    stuck.released.set()
    assert end_all([handler.writer], 30) == []
    assert "2 lines are missing here" in stuck.lines[-1]


def test_every_line_of_a_shared_log_names_its_bot() -> None:
    """Behaviour 19: the lines of a traceback, too."""
    trace = "Traceback (most recent call last):\n  File …\nValueError: no"
    text = IstFormatter("IRFC-SBIN 100%").format(record("it failed", exc_text=trace))
    lines = text.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("1970-01-01 05:30:00.000 INFO    IRFC-SBIN 100%: ") for line in lines)
    assert lines[0].endswith(": it failed")
    assert lines[3].endswith(": ValueError: no")


def test_line_is_finished_before_it_is_queued(stuck: Stuck) -> None:
    """What a record refers to may change while it waits; what it says may not."""
    handler = QueuedHandler(stuck, Writer("test"))
    levels = ["B1"]
    handler.handle(logging.LogRecord("x", logging.INFO, __file__, 1, "%s", (levels,), None))
    levels.append("B2")
    stuck.released.set()
    assert end_all([handler.writer], 30) == []
    assert stuck.lines == ["['B1']"]
