"""Fetched minutes on disk: whole files, days that replace themselves, and nobody else's files."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, SupportsBytes

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tg1.data.months import Months
from tg1.errors import ConfigError, SaveFailed
from tg1.kite.history import Minute
from tg1.machine.files import OsFileSystem
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND, NEXT_MONTH = date(2026, 10, 29), date(2026, 10, 30), date(2026, 11, 2)


def day_of(day: date, price: float, minutes: int = 3) -> list[Minute]:
    """The first minutes of a day at one price."""
    at = datetime(day.year, day.month, day.day, 9, 15)  # noqa: DTZ001 - candles on disk are naive IST
    return [
        Minute(at=at + timedelta(minutes=each), open=price, high=price, low=price, close=price, volume=10)
        for each in range(minutes)
    ]


def months_in(folder: Path, source: str = "Zerodha") -> Months:
    """The files of a folder."""
    return Months(folder, source, OsFileSystem())


def closes(folder: Path, symbol: str = "SBIN") -> dict[date, set[float]]:
    """What a replay reads: each day's prices."""
    wanted = Wanted(symbol_a=symbol)
    return {
        tape.day: set(np.unique(tape.a / 10_000).tolist())
        for tape in day_tapes(price_files([folder], wanted.symbols), wanted)
    }


def test_every_month_is_a_file_that_a_replay_reads(tmp_path: Path) -> None:
    """The names sort by time, so a folder is in order."""
    months = months_in(tmp_path)
    rows = [*day_of(FIRST, 800), *day_of(SECOND, 810), *day_of(NEXT_MONTH, 820)]
    assert months.keep("SBIN", rows, {FIRST, SECOND, NEXT_MONTH}) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SBIN_2026-10.parquet", "SBIN_2026-11.parquet"]
    assert closes(tmp_path) == {FIRST: {800.0}, SECOND: {810.0}, NEXT_MONTH: {820.0}}
    assert months_in(tmp_path).whole_days("SBIN") == {FIRST, SECOND, NEXT_MONTH}
    assert months_in(tmp_path).whole_days("SBI") == set()


def test_day_that_comes_again_replaces_itself_alone(tmp_path: Path) -> None:
    """Today's minutes grow; yesterday's stay."""
    months = months_in(tmp_path)
    months.keep("SBIN", [*day_of(FIRST, 800), *day_of(SECOND, 810)], {FIRST})
    assert months.whole_days("SBIN") == {FIRST}
    months.keep("SBIN", day_of(SECOND, 815, minutes=5), {SECOND})
    assert closes(tmp_path) == {FIRST: {800.0}, SECOND: {815.0}}
    assert months.whole_days("SBIN") == {FIRST, SECOND}


def test_days_without_candles_are_remembered(tmp_path: Path) -> None:
    """A holiday is not asked for twice."""
    months_in(tmp_path).keep("SBIN", [], {FIRST})
    assert months_in(tmp_path).whole_days("SBIN") == {FIRST}


def test_made_up_prices_never_stand_in_for_real_ones(tmp_path: Path) -> None:
    """A folder of the paper exchange is refused for Zerodha's, and the other way round."""
    months_in(tmp_path, "the paper exchange (made up, seed 1)").keep("SBIN", day_of(FIRST, 800), {FIRST})
    with pytest.raises(ConfigError, match=r"holds prices of the paper exchange .* choose another folder with --into"):
        months_in(tmp_path).whole_days("SBIN")


def test_file_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    """A name that happens to be the same."""
    pa.parquet.write_table(pa.table({"x": [1]}), tmp_path / "SBIN_2026-10.parquet")
    with pytest.raises(ConfigError, match="was not written by tg1 data fetch"):
        months_in(tmp_path).whole_days("SBIN")


def test_torn_file_is_told_and_written_anew(tmp_path: Path) -> None:
    """Nothing of it counts as fetched."""
    months = months_in(tmp_path)
    months.keep("SBIN", day_of(FIRST, 800), {FIRST})
    path = tmp_path / "SBIN_2026-10.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    months = months_in(tmp_path)
    assert months.whole_days("SBIN") == set()
    assert months.damaged == [path]
    months.keep("SBIN", day_of(FIRST, 801), {FIRST})
    assert closes(tmp_path) == {FIRST: {801.0}}
    assert months.damaged == []


class _FullDisk(OsFileSystem):
    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Leave half of it behind."""
        path.write_bytes(bytes(data)[: len(bytes(data)) // 2])
        raise OSError(28, "No space left on device")


def test_full_disk_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """And nothing else: what is half written would only keep the disk full."""
    months_in(tmp_path).keep("SBIN", day_of(FIRST, 800), {FIRST})
    with pytest.raises(SaveFailed, match="No space left"):
        Months(tmp_path, "Zerodha", _FullDisk()).keep("SBIN", day_of(SECOND, 810), {SECOND})
    assert closes(tmp_path) == {FIRST: {800.0}}
    assert [each.name for each in tmp_path.iterdir()] == ["SBIN_2026-10.parquet"]


def test_folder_that_can_not_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "prices").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="can't be made a folder"):
        months_in(tmp_path / "prices").prepare()


def test_candles_that_come_twice_count_once(tmp_path: Path) -> None:
    """A stamp is unique on disk, whatever the server sends."""
    rows: list[Any] = [*day_of(FIRST, 800), *day_of(FIRST, 801)]
    months_in(tmp_path).keep("SBIN", rows, {FIRST})
    assert closes(tmp_path) == {FIRST: {801.0}}
