"""The results file: whose it is, who may write, and what happens when it can't be written."""

from __future__ import annotations

import fcntl
import gc
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import joblib
import pytest

from tests.sweep.small import SIX, line
from tg1.errors import AlreadyRunning, ConfigError
from tg1.sweep.program import main
from tg1.sweep.results import Results, ResultsLost
from tg1.sweep.work import DayRow, Done

if TYPE_CHECKING:
    from pathlib import Path

TOLD: dict[str, str | dict[str, str]] = {
    "pair": "A/B",
    "settings": {"spread": "1"},
    "market": {"path": "low-first"},
    "prices": "p",
    "edition": "e",
}


def day(number: int = 1, **changes: int) -> DayRow:
    """A day in paise."""
    values = {"price_events": 9, "cycles_run": 8, "fills": 7, "gross": 1234, "charges": 34, "realised": 5}
    return DayRow(
        day=date(2026, 11, number), open="+1 A in trade", end="Stopped", exit_code=0, worst_open=-6, **values | changes
    )


def done(key: str = "k") -> Done:
    """Two days under a key."""
    return Done(key=key, days=(day(1), day(2, gross=-100)))


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """To the paisa, in the order of the days, by whoever opens the file next."""
    with Results(tmp_path / "r") as results:
        results.keep(done(), TOLD)
    with Results(tmp_path / "r") as results:
        assert results.known() == {"k"}
        assert dict(results.days(["k", "unknown"])) == {"k": done().days}
    with closing(sqlite3.connect(tmp_path / "r")) as base:
        assert base.execute("SELECT sum(net_paise) FROM day").fetchone() == (1200 - 134,)


def test_many_results_are_read_in_the_order_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More of them than one question of SQLite takes."""
    monkeypatch.setattr("tg1.sweep.results._AT_ONCE", 3)
    keys = [f"k{number}" for number in range(8)]
    with Results(tmp_path / "r") as results:
        for key in keys:
            results.keep(done(key), TOLD)
        assert [key for key, _ in results.days(keys[::-1])] == keys[::-1]


def test_second_writer_is_refused(tmp_path: Path) -> None:
    """Two sweeps on one file would compute the same twice; a dead one holds nothing."""
    with Results(tmp_path / "r"), pytest.raises(AlreadyRunning, match="another sweep is writing to"):
        Results(tmp_path / "r")
    Results(tmp_path / "r").__exit__()


def test_file_without_a_result_is_taken_away_again(tmp_path: Path) -> None:
    """A line that was refused leaves nothing behind; a file that was there stays."""
    with Results(tmp_path / "r"):
        assert (tmp_path / "r").exists()
    assert not (tmp_path / "r").exists()
    with Results(tmp_path / "r") as results:
        results.keep(done("first"), TOLD)
    with Results(tmp_path / "r"):
        pass
    assert (tmp_path / "r").exists()


def test_file_that_was_taken_away_meanwhile_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results never go into a file that has no name any more."""
    taken: list[Path] = []
    real = fcntl.flock

    def slow(handle: int, how: int) -> None:
        if not taken:
            taken.append(tmp_path / "r")
            taken[0].unlink()
        real(handle, how)

    monkeypatch.setattr("tg1.sweep.results.fcntl.flock", slow)
    with Results(tmp_path / "r") as results:
        results.keep(done("first"), TOLD)
    with Results(tmp_path / "r") as results:
        assert results.known() == {"first"}


def _of_another_schema(path: Path) -> None:
    with Results(path) as results:
        results.keep(done("first"), TOLD)
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version = 99")


def _of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE theirs (x)")


def _no_database(path: Path) -> None:
    path.write_text("ist_second,SBIN\n" * 200, encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            _of_another_schema,
            "was written by another edition of TG1 (schema 99, this one writes 1): give another name.",
        ),
        (_of_another_program, "is a database of another program: give another name."),
        (_no_database, "can't be used: file is not a database."),
    ],
)
def test_foreign_file_is_refused_and_left_alone(
    make: object, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence, exit 2, and not a byte changed."""
    path = tmp_path / "r.sqlite"
    make(path)  # type: ignore[operator]  # one of the three above
    before = path.read_bytes()
    assert main(line(tmp_path, *SIX)) == 2
    assert capsys.readouterr().err == f"tg1 sweep: --results {path} {sentence}\n"
    assert path.read_bytes() == before


def test_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the prices are read."""

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tg1.sweep.results.os.open", denied)
    with pytest.raises(ConfigError, match=r"--results .* can't be written: Permission denied\."):
        Results(tmp_path / "r")


def test_full_disk_is_a_sentence_and_keeps_what_was_written(tmp_path: Path) -> None:
    """A page too many, as SQLite says it of a full disk; the half result is rolled back."""
    with Results(tmp_path / "r") as results:
        results.keep(done("first"), TOLD)
        (pages,) = results._base.execute("PRAGMA page_count").fetchone()
        results._base.execute(f"PRAGMA max_page_count = {pages}")
        large = Done(key="large", days=tuple(day(1 + number % 28) for number in range(500)))
        with pytest.raises(ResultsLost, match=r"database or disk is full; every result before is kept"):
            results.keep(large, TOLD)
    with Results(tmp_path / "r") as results:
        assert dict(results.days(sorted(results.known()))) == {"first": done().days}


def test_sweep_on_a_full_disk_ends_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> None:
    """Work that was begun is dropped, and what the library says of that is no news to anybody."""

    def full(*_: object) -> None:
        raise ResultsLost("the disk is full")

    def on_threads(**_: object) -> joblib.Parallel:
        return real(n_jobs=2, backend="threading", return_as="generator_unordered", batch_size=1)

    real = joblib.Parallel
    monkeypatch.setattr(joblib, "Parallel", on_threads)
    monkeypatch.setattr(Results, "keep", full)
    # What other tests left to the collector is none of this one's news.
    gc.collect()
    recwarn.clear()
    assert main(line(tmp_path, *SIX)) == 1
    assert capsys.readouterr().err == "tg1 sweep: the disk is full\n"
    assert [str(each.message) for each in recwarn.list] == []
