"""What waits for a disk: in its order, bounded, and said once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tg1.screen.writer import Writer
from tg1.told.waiting import Errand, SaidOnce, Waiting

if TYPE_CHECKING:
    import pytest


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "fail"]), st.integers(1, 5)), max_size=30), st.integers(1, 8))
def test_everything_is_taken_in_its_order_or_counted_as_lost(deeds: list[tuple[str, int]], most: int) -> None:
    """However often a disk fails in between."""
    waiting: Waiting[int] = Waiting(most)
    made, brought = 0, []
    for deed, count in deeds:
        if deed == "add":
            waiting.add(range(made, made + count))
            made += count
        elif deed == "take":
            brought += waiting.take()
        else:
            waiting.give_back(waiting.take())
    left = waiting.take()
    assert len(left) <= most
    assert [*brought, *left] == sorted(set(brought) | set(left))
    assert len(brought) + len(left) + waiting.take_lost() == made
    assert waiting.take_lost() == 0


def test_an_errand_waits_once_however_often_it_is_asked_for() -> None:
    """A writer that hangs finds one job, not one for each cycle."""
    let_go, done = threading.Event(), []
    writer = Writer("test")
    writer.insist(lambda: let_go.wait(30))
    errand = Errand(writer, lambda: done.append(1), SaidOnce())
    for _ in range(100):
        errand.ask()
    let_go.set()
    assert writer.flush(30)
    assert done == [1]
    errand.ask()
    assert writer.flush(30)
    assert done == [1, 1]
    writer.end()


def test_a_fault_is_said_once_and_its_end_once(caplog: pytest.LogCaptureFixture) -> None:
    """Another reason is another sentence."""
    caplog.set_level("INFO")
    said = SaidOnce()

    def fail(why: str) -> None:
        raise OSError(why)

    for why in ("full", "full", "gone"):
        assert not said.tried("notes", lambda why=why: fail(why))  # type: ignore[misc]
    assert said
    for _ in range(2):
        assert said.tried("notes", lambda: None)
    assert not said
    assert [each.getMessage() for each in caplog.records] == [
        "The bot's notes can't be written: full; trading goes on",
        "The bot's notes can't be written: gone; trading goes on",
        "The bot's notes can be written again",
    ]
