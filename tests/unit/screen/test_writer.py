"""The thread that may block, so that the engine's never does (behaviour 19)."""

from __future__ import annotations

import io
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support.patience import PATIENCE_SECS
from tg1.screen.writer import Writer, end_all, text_of, unbuffered

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What a hanging job waits for; set at the end, so that no thread outlives its test."""
    released = threading.Event()
    yield released
    released.set()


def test_jobs_are_done_in_their_order() -> None:
    """Lines and frames of one terminal stay in the order in which they were told."""
    done: list[int] = []
    writer = Writer("test")
    for number in range(100):
        assert writer.offer(lambda number=number: done.append(number))  # type: ignore[misc]
    assert end_all([writer], 30) == []
    assert done == list(range(100))


def test_offer_to_a_writer_that_hangs_returns_and_is_bounded(stuck: threading.Event) -> None:
    """Behaviour 19: the caller never waits, and what waits for a reader takes no more and more memory."""
    writer = Writer("test", most_jobs=3)
    begun = threading.Event()
    writer.offer(begun.set)
    writer.offer(stuck.wait)
    assert begun.wait(PATIENCE_SECS)
    assert [writer.offer(lambda: None) for _ in range(5)] == [True, True, True, False, False]


def test_writer_that_was_stuck_does_all_that_it_took(stuck: threading.Event) -> None:
    """Nothing that was queued is lost when the reader comes back."""
    done: list[str] = []
    writer = Writer("test", most_jobs=2)
    writer.offer(stuck.wait)
    writer.offer(lambda: done.append("offered"))
    writer.insist(lambda: done.append("insisted"))
    stuck.set()
    assert end_all([writer], 30) == []
    assert done == ["offered", "insisted"]


def test_end_of_a_writer_that_hangs_is_bounded(stuck: threading.Event) -> None:
    """Behaviour 19: flushed at the end within a bounded time, and the one that hangs is named."""
    hangs, works = Writer("hangs"), Writer("works")
    hangs.offer(stuck.wait)
    assert not hangs.flush(0.01)
    assert end_all([works], PATIENCE_SECS) == []
    assert end_all([hangs, works], 0.01) == [hangs]


def test_job_that_fails_ends_no_writer() -> None:
    """A frame that can't be drawn costs the lines after it nothing."""
    done: list[str] = []
    writer = Writer("test")
    writer.offer(lambda: 1 // 0)
    writer.offer(lambda: done.append("next"))
    assert end_all([writer], 30) == []
    assert done == ["next"]


def test_job_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The line that says it may come back as a job that fails as well: that would never end."""
    writer = Writer("test")
    for _ in range(3):
        writer.offer(lambda: 1 // 0)
    assert end_all([writer], 30) == []
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_text_goes_to_a_pipe_whole_and_at_once() -> None:
    """A pipe takes a large text in parts; and nothing stays in a buffer whose lock a hanging thread would hold."""
    read_end, write_end = os.pipe()
    text = "₹" * 100_000
    stream = text_of(write_end, "wb", "utf-8")
    reader = io.FileIO(read_end)
    taken: list[bytes] = []
    thread = threading.Thread(target=lambda: taken.append(reader.readall()))
    thread.start()
    stream.write(text)
    stream.close()
    thread.join(30)
    reader.close()
    assert taken[0].decode() == text


def test_text_waits_for_a_pipe_that_somebody_set_to_non_blocking() -> None:
    """A shell's neighbour may do that to a shared terminal: a full one is waited for, and no line is lost."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    stream = text_of(write_end, "wb", "utf-8")
    text = "x" * 300_000
    thread = threading.Thread(target=lambda: (stream.write(text), stream.close()))
    thread.start()
    with io.FileIO(read_end) as reader:
        assert len(reader.readall()) == 300_000
    thread.join(30)


def test_stream_without_a_descriptor_is_used_as_it_is() -> None:
    """A `StringIO` has no descriptor to copy."""
    stream = io.StringIO()
    assert unbuffered(stream) is stream
