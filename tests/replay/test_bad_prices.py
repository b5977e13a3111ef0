"""Every command that reads prices, on every kind of bad file: one sentence with its place, exit 2, and nothing left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tg1.data.program import main as data
from tg1.pair.program import main as pair
from tg1.replay.program import main as replay
from tg1.sweep.program import main as sweep

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "ist_second,IRFC,SBIN\n"
ROWS = "2026-11-23 09:15:00,50.00,120.5\n2026-11-23 09:15:01,50.10,\n2026-11-23 09:15:02,50.20,121\n"
BARS = "ist," + ",".join(f"{point}_{one}" for one in ("IRFC", "SBIN") for point in ("open", "high", "low", "close"))
GRID = [
    *("--token-a", "IRFC", "--token-b", "SBIN", "--entry-price", "50", "--steps", "2", "--spread", "0.5"),
    *("--target-spread", "0.5", "--oco-spread", "1", "--qty-a", "1", "--qty-b", "1", "--oco-stop-count", "2"),
]


def run_replay(path: Path, *args: str) -> int:
    """With everything that a replay can write."""
    wanted = ["--journal", str(path.parent / "j"), "--report", str(path.parent / "r.html"), "--json"]
    return replay(["--prices", str(path), "--bot-name", "T", *GRID, *wanted, *args])


def run_sweep(path: Path, *args: str) -> int:
    """In this process."""
    return sweep(["--prices", str(path), *GRID, "--jobs", "1", "--results", str(path.parent / "r.sqlite"), *args])


def run_pair(path: Path, *args: str) -> int:
    """With a picture."""
    return pair(["IRFC", "SBIN", "--prices", str(path), "--png", str(path.parent / "p.png"), *args])


def run_check(path: Path, *args: str) -> int:
    """Of the two symbols."""
    return data(["check", str(path), "--symbol", "IRFC", "--symbol", "SBIN", *args])


COMMANDS = {"replay": run_replay, "sweep": run_sweep, "pair": run_pair, "check": run_check}
WORDS = {name: "data" if name == "check" else name for name in COMMANDS}
FOUND = ("unsorted", "doubled", "one price", "no price in the session", "a row out of order in Parquet")
"""What `tg1 data check` finds and lists, with exit 1, instead of refusing it."""


def parquet(text: str, change: Callable[[bytes], bytes] = lambda content: content) -> Callable[[Path], Path]:
    """A maker of a Parquet file with the rows of a CSV text."""

    def make(folder: Path) -> Path:
        source, path = folder / "source.csv", folder / "p.parquet"
        source.write_text(text, encoding="utf-8")
        pa.parquet.write_table(pa.csv.read_csv(source), path)
        source.unlink()
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


BAD: dict[str, tuple[str | Callable[[Path], Path], str]] = {
    "wrong columns": ("time,IRFC,SBIN\n" + ROWS, "has neither a column ist_second nor a column ist"),
    "another separator": ((HEAD + ROWS).replace(",", ";"), "has neither a column ist_second nor a column ist"),
    "missing symbol": ("ist_second,PNB,INFY\n" + ROWS, "it has prices of"),
    "a column twice": (HEAD.replace("SBIN", "SBIN,IRFC") + "2026-11-23 09:15:00,50,1,50\n", "has two columns IRFC"),
    "empty": ("", "is empty"),
    "no rows": (HEAD, "p.csv: there is "),
    "unsorted": (HEAD + ROWS + "2026-11-23 09:15:01,50,120\n", "line 5"),
    "doubled": (HEAD + ROWS + "2026-11-23 09:15:02,50,120\n", "line 5"),
    "zero": (HEAD + ROWS + "2026-11-23 09:15:03,0,120\n", "line 5: 0 is no price of IRFC"),
    "negative": (HEAD + ROWS + "2026-11-23 09:15:03,50,-1\n", "line 5: -1 is no price of SBIN"),
    "NaN": (HEAD + ROWS + "2026-11-23 09:15:03,NaN,120\n", "line 5: nan is no price of IRFC"),
    "words": (HEAD + ROWS + "2026-11-23 09:15:03,fifty,120\n", "line 5: 'fifty' is no number"),
    "no time": (HEAD + ROWS + "yesterday,50,120\n", "line 5: 'yesterday' is no time such as"),
    "a torn line": (HEAD + ROWS + "2026-11-23 09:15:03,50\n", "line 5: it has another number of columns"),
    "one price": (HEAD + "2026-11-23 09:15:00,50,120\n", "1 price"),
    "a bar that is none": (BARS + "\n2026-11-23 09:15:00,50,49,49,50,1,1,1,1\n", "line 2: the high or low of IRFC"),
    "no price in the session": (
        BARS + "".join(f"\n2026-11-2{day} {at},1,1,1,1,1,1,1,1" for day in (3, 4) for at in ("03:40:00", "03:41:00")),
        "no price of IRFC and SBIN lies between 09:15 and 15:30",
    ),
    "a truncated Parquet": (parquet(HEAD + ROWS, lambda whole: whole[:-20]), "can't be read: it is damaged"),
    "a Parquet with a hole": (
        parquet(HEAD + ROWS, lambda whole: whole[: len(whole) // 2] + whole[len(whole) // 2 + 40 :]),
        "can't be read: it is damaged",
    ),
    "an empty Parquet": (parquet(HEAD + ROWS, lambda _: b""), "can't be read: it is damaged"),
    "no Parquet": (parquet(HEAD + ROWS, lambda _: (HEAD + ROWS).encode()), "can't be read: it is damaged"),
    "a bad row of Parquet": (parquet(HEAD + ROWS + "2026-11-23 09:15:03,-1,120\n"), "row 4: -1 is no price of IRFC"),
    "a row out of order in Parquet": (parquet(HEAD + ROWS + "2026-11-23 09:15:01,50,120\n"), "row 4"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BAD)
def test_bad_prices_are_refused_in_a_sentence(
    name: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With file and line or row, exit 2, no half report, no file beside it (behaviour 14, 17)."""
    made, sentence = BAD[name]
    if isinstance(made, str):
        path = tmp_path / "p.csv"
        path.write_text(made, encoding="utf-8")
    else:
        path = made(tmp_path)
    listed = command == "check" and name in FOUND
    assert COMMANDS[command](path) == (1 if listed else 2)
    out, err = capsys.readouterr()
    if listed:
        assert name == "no price in the session" or sentence in out
        assert path.name in out
    else:
        assert (out, len(err.strip().splitlines())) == ("", 1)
        assert err.startswith(f"tg1 {WORDS[command]}: ")
        assert sentence in err
        assert str(path) in err
        assert err.strip().isprintable()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "check"])
def test_empty_range_says_which(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The days that were asked for, and the file."""
    path = tmp_path / "p.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    assert COMMANDS[command](path, "--from", "2027-01-01") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        f"--prices {path}: no day of IRFC and SBIN lies in the range that was asked for, from 2027-01-01 to the end"
        in (err)
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("command", COMMANDS)
def test_interrupted_reading_leaves_no_file(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C in the middle of a file: 130, nothing on stdout, and nothing but the prices on disk."""
    path = tmp_path / "p.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tg1.replay.chunks._check_prices", interrupted)
    assert COMMANDS[command](path) == 130
    out, err = capsys.readouterr()
    assert out == ""
    kept = "what was computed is kept, and the same line goes on from there"
    assert err == f"tg1 {WORDS[command]}: interrupted; {kept if command == 'sweep' else 'nothing was written'}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_stamps_with_a_zone_are_brought_to_indian_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pandas keeps what Kite's client brings: instants, counted in UTC whatever the zone's name is."""
    table = pa.csv.read_csv(pa.py_buffer((HEAD + ROWS).encode()))
    told = []
    for zone in ("", "Asia/Kolkata", "UTC"):
        stamps = table.column(0).cast(pa.timestamp("s")).cast(pa.int64()).to_numpy() - (19_800 if zone else 0)
        kind = pa.timestamp("s", zone) if zone else pa.timestamp("s")
        path = tmp_path / "p.parquet"
        pa.parquet.write_table(table.set_column(0, "ist_second", pa.array(stamps, pa.int64()).cast(kind)), path)
        assert data(["check", str(path), "--json"]) == 1
        told.append(capsys.readouterr().out)
    assert len(set(told)) == 1
    assert "ends at 09:15:02" in told[0]
