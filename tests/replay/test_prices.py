"""Files of prices that can't be believed are refused with a sentence, exit 2 and nothing else."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from tg1.errors import ConfigError
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.program import main
from tg1.replay.wanted import BarPath, Wanted

PAIR = Wanted(symbol_a="IRFC", symbol_b="SBIN")
HEAD = "ist_second,IRFC,SBIN\n"
ROWS = "2026-11-23 09:15:00,50.00,120.5\n2026-11-23 09:15:01,50.10,\n2026-11-23 09:15:02,50.20,121\n"
BARS = "ist," + ",".join(f"{point}_IRFC" for point in ("open", "high", "low", "close")) + "\n"
ARGS = "--bot-name T --token-a IRFC --token-b SBIN --entry-price 50 --oco-spread 1 --qty-a 1 --qty-b 1".split()  # noqa: SIM905  # reads as typed


def written(folder: Path, text: str, name: str = "prices.csv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


BAD = {
    "missing symbol": ("ist_second,IRFC,PNB\n" + ROWS, "has no column SBIN; it has prices of IRFC, PNB"),
    "no rows": (HEAD, "no day of IRFC and SBIN"),
    "unsorted": (HEAD + ROWS + "2026-11-23 09:15:01,50,120\n", "line 5: the time 2026-11-23 09:15:01 is earlier than"),
    "doubled": (HEAD + ROWS + "2026-11-23 09:15:02,50,120\n", "line 5: the time 2026-11-23 09:15:02 is doubled"),
    "infinite": (HEAD + ROWS + "2026-11-23 09:15:03,inf,120\n", "line 5: inf is no price of IRFC"),
    "one price": (HEAD + "2026-11-23 09:15:00,50,120\n", "line 2: 2026-11-23 has 1 price of IRFC; a day needs two"),
}
"""What every command says of a bad file stands in test_bad_prices.py; here, where the replay's words are its own."""


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_file_is_refused_with_file_and_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence with file and line, exit 2, no half report and no journal."""
    text, sentence = BAD[name]
    path, journal = written(tmp_path, text), tmp_path / "journal.jsonl"
    assert main(["--prices", str(path), *ARGS, "--json", "--journal", str(journal)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert name == "no rows" or str(path) in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_second_day_that_is_broken_leaves_no_half_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the first day came to is not told, and its journal is not written."""
    path = written(tmp_path, HEAD + ROWS + "2026-11-24 09:15:00,50,120\n2026-11-24 09:15:01,-3,120\n")
    assert main(["--prices", str(path), *ARGS, "--journal", str(tmp_path / "j")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "line 6: -3 is no price of IRFC" in err
    assert not (tmp_path / "j").exists()


def test_bar_must_span_its_open_and_close(tmp_path: Path) -> None:
    """A high below the close, or a bar of three prices, is a slip."""
    wanted = Wanted(symbol_a="IRFC")
    for row, why in (("50,50.1,49,50.5", "does not span"), ("50,,49,50", "only some of its four prices")):
        path = written(tmp_path, BARS + f"2026-11-23 09:15:00,{row}\n")
        with pytest.raises(ConfigError, match=f"line 2: .*{why}"):
            list(day_tapes([path], wanted))


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    """A file that a spreadsheet has saved is as good as any."""
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD + ROWS).replace("\n", "\r\n").encode())
    (tape,) = day_tapes([path], PAIR)
    assert tape.day == date(2026, 11, 23)
    assert tape.a.tolist() == [500_000, 501_000, 502_000]
    assert tape.b.tolist() == [1_205_000, 1_205_000, 1_210_000]
    assert tape.price_events == 5


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    """Text or real timestamps: the tapes are equal."""
    path = written(tmp_path, HEAD + ROWS)
    (expected,) = day_tapes([path], PAIR)
    table = pa.csv.read_csv(path)
    for kind in (pa.string(), pa.timestamp("ns")):
        other = tmp_path / "prices.parquet"
        pa.parquet.write_table(
            table.set_column(0, "ist_second", table.column(0).cast(pa.timestamp("s")).cast(kind)), other
        )
        (tape,) = day_tapes([other], PAIR)
        assert (tape.secs == expected.secs).all()
        assert (tape.a == expected.a).all()
        assert (tape.b == expected.b).all()


def test_stamps_with_microseconds_are_read(tmp_path: Path) -> None:
    """As other programs write them."""
    (expected,) = day_tapes([written(tmp_path, HEAD + ROWS)], PAIR)
    (tape,) = day_tapes([written(tmp_path, HEAD + ROWS.replace(",5", ".000000,5"), "micro.csv")], PAIR)
    assert (tape.secs == expected.secs).all()


def test_truncated_parquet_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A download that broke off."""
    whole = tmp_path / "whole.parquet"
    pa.parquet.write_table(pa.csv.read_csv(written(tmp_path, HEAD + ROWS)), whole)
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(whole.read_bytes()[:-20])
    assert main(["--prices", str(torn), *ARGS]) == 2
    assert f"--prices {torn} can't be read: " in capsys.readouterr().err


def test_bad_row_of_a_parquet_file_is_named_by_its_row(tmp_path: Path) -> None:
    """A Parquet file has no lines."""
    path = tmp_path / "prices.parquet"
    bad = written(tmp_path, HEAD + ROWS + "2026-11-23 09:15:03,-1,120\n")
    pa.parquet.write_table(pa.csv.read_csv(bad), path)
    with pytest.raises(ConfigError, match="row 4: -1 is no price of IRFC"):
        list(day_tapes([path], PAIR))


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    """A pipe would hang, a device would never end."""
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="is not a regular file"):
            price_files([path])
    with pytest.raises(ConfigError, match="there is no such file"):
        price_files([tmp_path / "none.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"there is no \.csv or \.parquet file"):
        price_files([tmp_path / "empty"])


def test_days_of_a_folder_follow_each_other(tmp_path: Path) -> None:
    """By the files' names; a day that comes twice is refused."""
    written(tmp_path, HEAD + ROWS.replace("11-23", "11-24"), "b.csv")
    written(tmp_path, HEAD + ROWS, "a.csv")
    tapes = list(day_tapes(price_files([tmp_path]), PAIR))
    assert [tape.day.day for tape in tapes] == [23, 24]
    written(tmp_path, HEAD + ROWS, "c.csv")
    with pytest.raises(ConfigError, match="2026-11-23 comes after 2026-11-24"):
        list(day_tapes(price_files([tmp_path]), PAIR))


def test_range_leaves_out_the_other_days(tmp_path: Path) -> None:
    """Both ends count; an empty range is a sentence."""
    path = written(tmp_path, HEAD + ROWS + ROWS.replace("11-23", "11-24") + ROWS.replace("11-23", "11-25"))
    only = Wanted(symbol_a="IRFC", first_day=date(2026, 11, 24), last_day=date(2026, 11, 24))
    assert [tape.day.day for tape in day_tapes([path], only)] == [24]
    with pytest.raises(ConfigError, match="no day of IRFC lies in the range"):
        list(day_tapes([path], Wanted(symbol_a="IRFC", first_day=date(2026, 12, 1))))


@pytest.mark.parametrize(
    ("path", "rising", "falling"),
    [(BarPath.LOW_FIRST, [50, 49, 52, 51], [51, 52, 49, 50]), (BarPath.HIGH_FIRST, [50, 52, 49, 51], [51, 49, 52, 50])],
)
def test_path_inside_a_bar(path: BarPath, rising: list[int], falling: list[int], tmp_path: Path) -> None:
    """Low first: open, low, high, close when it closed no lower than it opened, else open, high, low, close."""
    file = written(tmp_path, BARS + "2026-11-23 09:15:00,50,52,49,51\n2026-11-23 09:16:00,51,52,49,50\n")
    (tape,) = day_tapes([file], Wanted(symbol_a="IRFC", path=path))
    assert (tape.a // 10_000).tolist() == rising + falling
    assert np.diff(tape.secs).tolist() == [15.0] * 7
