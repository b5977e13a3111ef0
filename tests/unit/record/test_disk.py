"""The files of a record: no disk is waited for, nothing is lost in silence, and old days don't fill it."""

from __future__ import annotations

import errno
import gzip
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.records import DAY, a_begun, a_cycle, line_of
from tests.support.states import BOT
from tg1.record.disk import RecordDisk
from tg1.record.paths import RecordPaths
from tg1.record.reading import read_day, recorded_days
from tg1.told.disk import LightFiles

if TYPE_CHECKING:
    from pathlib import Path

HALF = 30


class SickFiles(LightFiles):
    """A disk that hangs until it is let go, and leaves half of what it was given while it is full."""

    def __init__(self) -> None:
        self.is_full = False
        self.hangs = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def append(self, path: Path, data: bytes) -> int:
        self.hangs.set()
        assert self.let_go.wait(30)
        if self.is_full:
            super().append(path, data[:HALF])
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().append(path, data)


@pytest.fixture
def paths(tmp_path: Path) -> RecordPaths:
    """A folder that is not there yet."""
    return RecordPaths(tmp_path / "records", BOT)


def record(disk: RecordDisk, *seconds: int) -> None:
    """Write cycles, after a start when the first of them is 0."""
    for second in seconds:
        if second == 0:
            disk.write(DAY, lambda: line_of(a_begun()))
        disk.write(DAY, lambda second=second: line_of(a_cycle(second)))  # type: ignore[misc]


def seconds_of(paths: RecordPaths) -> list[list[int]]:
    """The cycles on disk, run by run."""
    day = read_day(DAY, recorded_days(paths)[DAY])
    return [[round((cycle.at - a_cycle().at).total_seconds()) for cycle in run.cycles] for run in day.runs]


def test_a_hanging_disk_holds_nobody_and_gets_everything_later(paths: RecordPaths) -> None:
    """A hundred cycles pass while the first write hangs."""
    files = SickFiles()
    files.let_go.clear()
    disk = RecordDisk(paths, files)
    record(disk, 0)
    assert files.hangs.wait(30)
    record(disk, *range(1, 101))
    assert not disk.flush(0.01)
    files.let_go.set()
    assert disk.close(30)
    assert seconds_of(paths) == [list(range(101))]


def test_a_full_disk_is_said_once_and_again_when_it_takes_lines(
    paths: RecordPaths, caplog: pytest.LogCaptureFixture
) -> None:
    """The half that it took spoils no line, and nothing is missing."""
    caplog.set_level("INFO")
    files = SickFiles()
    disk = RecordDisk(paths, files)
    record(disk, 0)
    assert disk.flush(30)
    files.is_full = True
    for second in (1, 2, 3):
        record(disk, second)
        assert not disk.flush(30)
    files.is_full = False
    record(disk, 4)
    assert disk.close(30)
    assert seconds_of(paths) == [[0, 1, 2, 3, 4]]
    said = [each.getMessage() for each in caplog.records]
    assert said == [
        "The bot's record can't be written: No space left on device; trading goes on",
        "The bot's record can be written again",
    ]
    assert not disk.take_gap()


def test_lines_that_no_disk_takes_are_bounded_counted_and_call_for_a_new_start(
    paths: RecordPaths, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are kept; what follows a gap can't be replayed from where it began."""
    monkeypatch.setattr("tg1.record.disk.MOST_LINES_WAITING", 10)
    files = SickFiles()
    disk = RecordDisk(paths, files)
    files.is_full = True
    for second in range(30):
        record(disk, second)
        disk.flush(30)
    files.is_full = False
    record(disk, 30)
    assert disk.flush(30)
    assert "22 recorded lines were lost while they could not be written" in caplog.text
    assert (disk.take_gap(), disk.take_gap()) == (True, False)
    disk.close(30)


def test_a_restart_appends_and_what_a_death_tore_spoils_nothing(paths: RecordPaths) -> None:
    """The first process died in the middle of a line."""
    first = RecordDisk(paths, LightFiles())
    record(first, 0, 1)
    assert first.close(30)
    with paths.plain(DAY).open("ab") as file:
        file.write(line_of(a_cycle(2))[:HALF])
    second = RecordDisk(paths, LightFiles())
    record(second, 0, 7)
    assert second.close(30)
    assert seconds_of(paths) == [[0, 1], [0, 7]]


def test_days_that_are_over_are_packed_and_after_a_quarter_of_a_year_removed(paths: RecordPaths) -> None:
    """Private files, those of other bots untouched; a day that was packed already keeps what it had."""
    paths.folder.mkdir()
    other = RecordPaths(paths.folder, "Other").plain(DAY - timedelta(days=400))
    yesterday, old, oldest = (DAY - timedelta(days=days) for days in (1, 92, 93))
    content = line_of(a_begun()) + line_of(a_cycle(5))
    for path in (other, *map(paths.plain, (yesterday, old, oldest))):
        path.write_bytes(content)
    paths.packed(yesterday).write_bytes(gzip.compress(content))
    disk = RecordDisk(paths, LightFiles())
    record(disk, 0)
    assert disk.close(30)
    assert list(recorded_days(paths)) == [old, yesterday, DAY]
    assert {path.name for path in paths.folder.iterdir()} == {
        other.name,
        paths.packed(old).name,
        paths.packed(yesterday).name,
        paths.plain(DAY).name,
    }
    assert gzip.decompress(paths.packed(yesterday).read_bytes()) == content * 2
    assert len(read_day(yesterday, [paths.packed(yesterday)]).runs) == 2
    assert {path.stat().st_mode & 0o777 for path in (paths.plain(DAY), paths.packed(old))} == {0o600}
    assert paths.folder.stat().st_mode & 0o777 == 0o700


def test_a_day_that_can_not_be_packed_is_said_and_today_is_recorded_all_the_same(
    paths: RecordPaths, caplog: pytest.LogCaptureFixture
) -> None:
    """It is another day's trouble: at the bot's end nobody is told that its last lines are missing."""
    paths.plain(DAY - timedelta(days=1)).mkdir(parents=True)
    disk = RecordDisk(paths, LightFiles())
    record(disk, 0, 1)
    assert disk.close(30)
    assert seconds_of(paths) == [[0, 1]]
    assert caplog.messages == ["The bot's older records can't be written: Is a directory; trading goes on"]


def test_a_day_is_packed_once_though_the_process_died_before_its_lines_were_removed(paths: RecordPaths) -> None:
    """A day that stood in the file twice would be lived and counted twice."""
    yesterday = DAY - timedelta(days=1)
    content = line_of(a_begun()) + line_of(a_cycle(5))
    paths.folder.mkdir()
    for second in (0, 1):
        paths.plain(yesterday).write_bytes(content)
        disk = RecordDisk(paths, LightFiles())
        record(disk, second)
        assert disk.close(30)
        assert not paths.plain(yesterday).exists()
    assert gzip.decompress(paths.packed(yesterday).read_bytes()) == content
