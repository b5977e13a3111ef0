"""Recorded days from their files: what a death tore is left out, what is damaged is refused with file and line."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.records import DAY, a_begun, a_cycle, an_end, line_of, written
from tests.support.states import BOT
from tg1.errors import ConfigError
from tg1.record.paths import RecordPaths
from tg1.record.reading import Entries, read_day, recorded_days

if TYPE_CHECKING:
    from pathlib import Path


def test_a_day_has_its_starts_with_their_cycles(tmp_path: Path) -> None:
    """Two runs; the first one died, for it has no end."""
    path = written(tmp_path, [a_begun(), a_cycle(1), a_cycle(2), a_begun(), a_cycle(9), an_end(10)])
    day = read_day(DAY, [path])
    assert [len(run.cycles) for run in day.runs] == [2, 1]
    assert [run.ended for run in day.runs] == [None, an_end(10)]
    assert (day.runs[0].begun, day.torn) == (a_begun(), 0)


def test_a_line_that_a_death_tore_is_left_out_wherever_it_stands(tmp_path: Path) -> None:
    """The last one of a run that was killed, with and without a run after it; and what a power cut left as zeros."""
    whole = line_of(a_begun()) + line_of(a_cycle(1))
    path = written(tmp_path, [])
    path.write_bytes(whole + line_of(a_cycle(2))[:-5] + b"\n" + line_of(a_begun()) + line_of(a_cycle(3))[:20])
    day = read_day(DAY, [path])
    assert [len(run.cycles) for run in day.runs] == [1, 0]
    assert day.torn == 2
    path.write_bytes(whole + b"\0" * 100)
    assert read_day(DAY, [path]).torn == 1


def test_cycles_whose_start_was_lost_are_left_out(tmp_path: Path) -> None:
    """A disk that was full for an hour has lost the start; the record was begun anew afterwards."""
    day = read_day(DAY, [written(tmp_path, [a_cycle(1), a_begun(), a_cycle(2)])])
    assert ([len(run.cycles) for run in day.runs], day.torn) == ([1], 1)


def test_a_damaged_line_is_named_by_file_and_line(tmp_path: Path) -> None:
    """An editor's slip is no torn line."""
    path = written(tmp_path, [a_begun(), a_cycle(1)])
    path.write_bytes(path.read_bytes().replace(b'"50.00","b"', b'"5O.00","b"'))
    with pytest.raises(ConfigError, match=rf"{path.name} line 2 holds what no record holds"):
        list(Entries(path))


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    """Another file, an empty one, a pipe."""
    path = written(tmp_path, [])
    with pytest.raises(ConfigError, match="is no record of a bot"):
        list(Entries(path))
    path.write_text("ist_second,IRFC\n2026-11-25 09:15:00,50\n")
    with pytest.raises(ConfigError, match="is no record of a bot"):
        list(Entries(path))
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="it is a pipe"):
        list(Entries(pipe))
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        list(Entries(tmp_path / "none.jsonl"))


def test_packed_days_are_read_and_broken_ones_refused(tmp_path: Path) -> None:
    """A day that is over is packed; one that was cut off while it was copied says so."""
    paths = RecordPaths(tmp_path, BOT)
    plain = written(tmp_path, [a_begun(), a_cycle(1)])
    packed = gzip.compress(plain.read_bytes())
    paths.packed(DAY).write_bytes(packed)
    plain.write_bytes(line_of(a_begun()))
    files = recorded_days(paths)
    assert files == {DAY: [paths.packed(DAY), plain]}
    assert [len(run.cycles) for run in read_day(DAY, files[DAY]).runs] == [1, 0]
    for broken in (packed[:-20], packed[:40] + b"x" + packed[41:], b"no gzip at all, but long enough"):
        paths.packed(DAY).write_bytes(broken)
        with pytest.raises(ConfigError, match="can't be unpacked"):
            list(Entries(paths.packed(DAY)))


def test_a_folder_without_records_has_no_days(tmp_path: Path) -> None:
    """Nor has one that is not there; strangers' files are left alone."""
    paths = RecordPaths(tmp_path, BOT)
    (tmp_path / f"{BOT}_yesterday.jsonl").touch()
    (tmp_path / "other_2026-02-16.jsonl").touch()
    assert recorded_days(paths) == {}
    assert recorded_days(RecordPaths(tmp_path / "nowhere", BOT)) == {}
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be read"):
        recorded_days(RecordPaths(tmp_path / "file", BOT))
