"""Nothing is computed twice: after Ctrl-C, after a kill, or because somebody asks for a little more."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_SECS
from tests.support.places import REPO
from tests.sweep.small import FOUR, GRID, Counter, line, prices, told
from tg1.sweep import program
from tg1.sweep.program import main


def rows_of(path: Path) -> list[tuple[object, ...]]:
    """Every day in a results file; none while it is not there."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        try:
            return base.execute("SELECT * FROM day ORDER BY run, number").fetchall()
        except sqlite3.OperationalError:
            return []  # its tables are being made


def test_ctrl_c_ends_in_a_sentence_and_the_same_line_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 130; what was computed is not computed again, and the whole is what one run would have shown."""
    counter = Counter(monkeypatch)
    counter.interrupt_at = 3
    assert main(line(tmp_path, *FOUR)) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"tg1 sweep: interrupted after 2 of 4 replays; they are kept in {tmp_path / 'r.sqlite'}, and the same line "
        "goes on from there\n"
    )
    resumed = told(capsys, line(tmp_path, *FOUR))
    assert (resumed["counts"]["computed"], resumed["counts"]["known"]) == (2, 2)
    assert len(counter.keys) == len(set(counter.keys)) == 4
    whole = told(capsys, line(tmp_path, *FOUR, "--results", str(tmp_path / "other.sqlite")))
    assert resumed["combinations"] == whole["combinations"]

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "report", interrupted)
    assert main(line(tmp_path, *FOUR)) == 130
    kept = "interrupted; what was computed is kept, and the same line goes on from there"
    assert capsys.readouterr().err == f"tg1 sweep: {kept}\n"


def test_only_what_is_new_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wider range, another split or another name cost nothing for what is known; another market costs all."""
    counter = Counter(monkeypatch)
    narrow = [*GRID, "--spread", "0.3,0.4"]
    for args, computed in (
        (narrow, 2),
        (narrow, 0),
        ([*GRID, "--spread", "0.4,0.3,0.5"], 1),
        ([*narrow, "--train", "1", "--bot-name", "Mine", "--top", "1"], 0),
        ([*narrow, "--fill", "touch"], 2),
        ([*narrow, "--from", "2026-11-03"], 2),
    ):
        assert told(capsys, line(tmp_path, *args, days=2))["counts"]["computed"] == computed
    assert len(counter.keys) == len(set(counter.keys)) == 7


def children_of(pid: int) -> set[int]:
    """The processes that a process has started."""
    try:
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()}
    except FileNotFoundError:
        return set()


def is_alive(pid: int) -> bool:
    """True until nothing of it runs any more."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [(signal.SIGKILL, -9, ""), (signal.SIGTERM, 130, "the same line goes on from there\n")],
    ids=["kill", "term"],
)
def test_ended_sweep_goes_on_where_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: signal.Signals,
    code: int,
    said: str,
) -> None:
    """A real sweep on two processes: no result is lost or computed twice, and no process stays behind.

    Whoever asked it to end (`timeout`, a shutdown) is answered in one sentence.
    """
    prices(tmp_path, rows=600)
    many = [*GRID, "--spread", "0.20:0.31:0.01", "--fresh"]
    argv = [*line(tmp_path, *many), "--jobs", "2"]
    command = [sys.executable, "-m", "tg1.sweep", *argv]
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as sweep:  # noqa: S603  # ours
        deadline = time.monotonic() + PATIENCE_SECS
        while not rows_of(tmp_path / "r.sqlite"):
            assert sweep.poll() is None, sweep.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        workers = children_of(sweep.pid)
        os.kill(sweep.pid, end)
        _, complaint = sweep.communicate(timeout=PATIENCE_SECS)
        assert sweep.returncode == code
        assert complaint.decode().endswith(said)
        assert len(complaint.splitlines()) == bool(said) or end is signal.SIGKILL
    kept = rows_of(tmp_path / "r.sqlite")
    known = {row[0] for row in kept}
    assert 0 < len(known) < 12
    deadline = time.monotonic() + PATIENCE_SECS
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    counter = Counter(monkeypatch)
    assert told(capsys, line(tmp_path, *many))["counts"]["known"] == len(known)
    assert len(counter.keys) == len(set(counter.keys)) == 12 - len(known)
    assert known.isdisjoint(counter.keys)
    assert [row for row in rows_of(tmp_path / "r.sqlite") if row[0] in known] == kept
