"""What `tg1 data check` finds, in made files and in real ones."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.places import DATA
from tg1.data.findings import between_days
from tg1.data.program import main
from tg1.data.silences import silences

if TYPE_CHECKING:
    from pathlib import Path

POINTS = ("open", "high", "low", "close")
MINUTES = [f"{(9 * 60 + 15 + each) // 60:02}:{(15 + each) % 60:02}:00" for each in range(375)]


def bars(folder: Path, *days: str, price: float = 100.0, name: str = "SBIN.csv", minutes: list[str] = MINUTES) -> Path:
    """Whole days of one symbol's minutes."""
    path = folder / name
    head = "ist," + ",".join(f"{point}_SBIN" for point in POINTS)
    rows = [f"{day} {at}," + ",".join([str(price)] * 4) for day in days for at in minutes]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[tuple[str, str, str]]]:
    """The exit code, and each finding as kind, day and text."""
    code = main(["check", *words, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (code == 0)
    return code, [(each["kind"], each["day"], each["text"]) for each in told["findings"]]


def test_whole_days_are_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A weekend and a holiday between them (Guru Nanak Jayanti, 5 November 2025) are nothing."""
    path = bars(tmp_path, "2025-10-31", "2025-11-03", "2025-11-04", "2025-11-06")
    assert checked(capsys, str(path)) == (0, [])
    assert main(["check", str(path)]) == 0
    out = capsys.readouterr().out
    assert "SBIN             4         1,500  2025-10-31  2025-11-06" in out
    assert out.endswith("nothing wrong in 1 file\n")


def test_missing_days_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trading days alone; many are a range."""
    path = bars(tmp_path, "2025-11-03", "2025-11-06", "2025-11-17")
    assert checked(capsys, str(path)) == (
        1,
        [
            ("missing days", "2025-11-06", "no prices on 2025-11-04"),
            ("missing days", "2025-11-17", "no prices from 2025-11-07 to 2025-11-14 (6 trading days)"),
        ],
    )


def test_hole_in_a_day_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the end of the last bar to the begin of the next."""
    path = bars(tmp_path, "2025-11-03", minutes=MINUTES[:100] + MINUTES[120:])
    assert checked(capsys, str(path)) == (
        1,
        [("outage", "2025-11-03", "no price at all from 10:55:00 to 11:15:00 (20.0 minutes)")],
    )


def test_short_and_long_days_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against the session; since August 2026 it ends at 15:15 for stocks with F&O (xts.md 6.1)."""
    short = bars(tmp_path, "2025-11-03", minutes=MINUTES[:360])
    assert checked(capsys, str(short)) == (
        1,
        [("short day", "2025-11-03", "ends at 15:15:00, the session at 15:30:00")],
    )
    assert checked(capsys, str(bars(tmp_path, "2026-11-03", minutes=MINUTES[:360]))) == (0, [])
    late = bars(tmp_path, "2025-11-03", minutes=[*MINUTES[20:], "15:50:00"])
    assert [text for _, _, text in checked(capsys, str(late))[1]] == [
        "begins at 09:35:00, the session at 09:15:00",
        "ends at 15:51:00, when the exchange is closed",
        "no price at all from 15:30:00 to 15:50:00 (20.0 minutes)",
    ]


def test_doubled_and_unsorted_stamps_are_named_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of each kind, with how many there are."""
    minutes = [*MINUTES[:10], MINUTES[9], MINUTES[9], *MINUTES[10:20], MINUTES[15], *MINUTES[20:]]
    path = bars(tmp_path, "2025-11-03", minutes=minutes)
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "doubled       2025-11-03  2025-11-03 09:24:00 is there twice, and 1 more like it (SBIN.csv line 12)" in out
    assert "unsorted      2025-11-03  2025-11-03 09:30:00 is earlier than the one before (SBIN.csv line 24)" in out


def test_split_is_found_until_it_is_confirmed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Across the files of a folder; the finding says what to type."""
    bars(tmp_path, "2025-11-03", name="1.csv")
    bars(tmp_path, "2025-11-04", name="2.csv", price=50.0)
    code, ((kind, day, text),) = checked(capsys, str(tmp_path))
    assert (code, kind, day) == (1, "jump", "2025-11-04")
    assert "SBIN jumps from 100.00 on 2025-11-03 to 50.00 on 2025-11-04 (-50.0%)" in text
    flag = text.rpartition(": ")[2].split()
    assert flag == ["--confirm-jump", "SBIN:2025-11-04"]
    assert checked(capsys, str(tmp_path), *flag) == (0, [])


def test_day_in_two_files_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay would refuse the folder."""
    bars(tmp_path, "2025-11-03", name="1.csv")
    bars(tmp_path, "2025-11-03", name="2.csv")
    code, ((kind, _, text),) = checked(capsys, str(tmp_path))
    assert (code, kind) == (1, "doubled")
    assert "the day is there already" in text


def test_silence_of_one_symbol_is_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Others had prices: the feed was up."""
    path = tmp_path / "seconds.csv"
    rows = [f"2025-11-03 {at},100,{'' if 60 <= number < 80 else 50}" for number, at in enumerate(MINUTES)]
    path.write_text("\n".join(["ist_second,SBIN,PNB", *rows]) + "\n", encoding="utf-8")
    code, found = checked(capsys, str(path))
    assert (code, found) == (
        1,
        [("gap", "2025-11-03", "no price from 10:14:00 to 10:35:00 (21.0 minutes) while others had some")],
    )
    assert checked(capsys, str(path), "--symbol", "SBIN") == (0, [])


@given(gaps=st.lists(st.floats(0.5, 500), min_size=1, max_size=50), longest=st.floats(1, 400))
def test_every_silence_is_found_once(gaps: list[float], longest: float) -> None:
    """And nothing else is one."""
    secs = np.concatenate([[33_300.0], 33_300.0 + np.cumsum(gaps)])
    found = silences(secs, 0.0, longest)
    assert len(found) == int((np.diff(secs) > longest).sum())
    assert all(each.secs > longest for each in found)


def test_days_between_leave_out_weekends_and_holidays() -> None:
    """What nobody could have traded is not missing."""
    friday, tuesday = date(2025, 10, 31), date(2025, 11, 4)
    assert between_days(friday, tuesday, lambda _: False) == (date(2025, 11, 3),)
    assert between_days(friday, tuesday, lambda day: day == date(2025, 11, 3)) == ()


BAD = {
    "wrong columns": ("time,SBIN\n1,2\n", "has neither a column ist_second nor a column ist"),
    "empty": ("", "is empty"),
    "no rows": ("ist_second,SBIN\n", "there is not one price in it"),
    "zero": ("ist_second,SBIN\n2025-11-03 09:15:00,1\n2025-11-03 09:15:01,0\n", "line 3: 0 is no price of SBIN"),
    "words": ("ist_second,SBIN\n2025-11-03 09:15:00,many\n", "line 2: 'many' is no number"),
    "no time": ("ist_second,SBIN\nnoon,1\n", "line 2: 'noon' is no time"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_file_that_can_not_be_judged_is_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence with file and line, exit 2, no half report."""
    text, sentence = BAD[name]
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert err.startswith(f"tg1 data: {path}")
    assert sentence in err


def test_symbol_that_no_file_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder and in a file."""
    path = bars(tmp_path, "2025-11-03")
    for place in (path, tmp_path):
        assert main(["check", str(place), "--symbol", "PNB"]) == 2
        assert "it has prices of SBIN" in capsys.readouterr().err


REAL = {
    "ltp_1s_2025-06-18.csv": [("outage", "no price at all from 13:02:42 to 13:19:32 (16.8 minutes)")],
    "pair_1min_2016-08_PFC_RECLTD.csv": [],
    "pair_1min_2017-09_SBIN_PNB.csv": [],
    "pair_5min_2023-24_PFC_RECLTD.csv": [
        ("short day", "ends at 12:30:00, the session at 15:30:00"),
        ("missing days", "no prices on 2024-05-20"),
    ],
}
"""The disaster-recovery sessions of two Saturdays and the days of an election are real."""


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_days_are_what_they_are_known_for(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """docs/data.md tells of them."""
    if not (DATA / name).exists():
        pytest.skip("the real prices carry no licence for redistribution and are not here")
    code, found = checked(capsys, str(DATA / name))
    assert code == (1 if REAL[name] else 0)
    assert {*REAL[name]} <= {(kind, text) for kind, _, text in found}


def test_interrupted_fetch_says_that_it_can_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C is 130 and one sentence; whole files are whole (test_months.py)."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tg1.data.program.fetched", interrupted)
    assert main(["fetch", "SBIN", "--from", "2025-11-03", "--paper"]) == 130
    assert capsys.readouterr().err == (
        "tg1 data: interrupted; what was fetched is on disk, and the same command goes on\n"
    )
