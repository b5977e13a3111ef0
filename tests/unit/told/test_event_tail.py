"""Following a bot's events: each once, in order, also when the file is begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.told import an_event
from tg1.told.codec import encode_event
from tg1.told.event_tail import EventTail
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from pathlib import Path


class _Writer:
    def __init__(self, folder: Path) -> None:
        self.paths = ToldPaths(folder, "bot")
        self.seq = 0

    def write(self, count: int = 1) -> None:
        with self.paths.events.open("ab") as file:
            for _ in range(count):
                self.seq += 1
                file.write(encode_event(an_event(self.seq)))

    def begin_anew(self) -> None:
        if self.paths.events.exists():
            self.paths.events.replace(self.paths.old_events)


def _seqs(tail: EventTail) -> list[int]:
    return [event.seq for event in tail.new()]


def test_events_are_told_once_and_in_order(tmp_path: Path) -> None:
    """The old file first; nothing twice."""
    writer = _Writer(tmp_path)
    tail = EventTail(writer.paths)
    assert _seqs(tail) == []
    writer.write(2)
    writer.begin_anew()
    writer.write()
    assert _seqs(tail) == [1, 2, 3]
    assert _seqs(tail) == []
    writer.write()
    writer.begin_anew()
    writer.write()
    assert _seqs(tail) == [4, 5]


def test_from_the_end_only_what_is_new(tmp_path: Path) -> None:
    """A watch that starts does not tell yesterday's fills."""
    writer = _Writer(tmp_path)
    writer.write(2)
    tail = EventTail(writer.paths, from_end=True)
    writer.write()
    assert _seqs(tail) == [3]
    fresh = EventTail(ToldPaths(tmp_path, "none yet"), from_end=True)
    assert _seqs(fresh) == []


def test_a_line_under_way_waits_for_its_end_and_a_damaged_one_is_counted(tmp_path: Path) -> None:
    """Neither hides the lines around it."""
    writer = _Writer(tmp_path)
    tail = EventTail(writer.paths)
    line = encode_event(an_event(1))
    writer.paths.events.write_bytes(b"garbage\n" + line + line[:20])
    assert _seqs(tail) == [1]
    assert tail.damaged == 1
    with writer.paths.events.open("ab") as file:
        file.write(line[20:])
    assert _seqs(tail) == [1]


@given(st.lists(st.sampled_from("wwwnl"), max_size=30))
def test_nothing_is_lost_or_doubled_for_who_looks_often_enough(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    """Writes, new beginnings and looks in any order, with a look before each second new beginning."""
    writer = _Writer(tmp_path_factory.mktemp("events"))
    tail, seen = EventTail(writer.paths), []
    for deed in deeds:
        if deed == "w":
            writer.write()
        elif deed == "n":
            seen += _seqs(tail)
            writer.begin_anew()
        else:
            seen += _seqs(tail)
    seen += _seqs(tail)
    assert seen == list(range(1, writer.seq + 1))


@pytest.mark.parametrize(("most", "expected"), [(10**6, range(1, 11)), (900, range(9, 11)), (1500, range(7, 11))])
def test_only_the_newest_of_what_is_kept(tmp_path: Path, most: int, expected: range) -> None:
    """Whole lines, also where the file was begun anew meanwhile; what comes is read as ever."""
    paths = ToldPaths(tmp_path, "bot")
    lines = [encode_event(an_event(seq)) for seq in range(1, 11)]
    paths.old_events.write_bytes(b"".join(lines[:7]))
    paths.events.write_bytes(b"".join(lines[7:]))
    tail = EventTail(paths, most_history=most)
    assert [event.seq for event in tail.new()] == list(expected)
    with paths.events.open("ab") as file:
        file.write(encode_event(an_event(11)))
    assert [event.seq for event in tail.new()] == [11]


def test_the_newest_of_nothing(tmp_path: Path) -> None:
    """A bot that has not told anything yet."""
    paths = ToldPaths(tmp_path, "bot")
    tail = EventTail(paths, most_history=100)
    assert tail.new() == []
    paths.events.write_bytes(encode_event(an_event(1)))
    assert [event.seq for event in tail.new()] == [1]
