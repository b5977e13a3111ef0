"""Files of one symbol each are joined by day, and a night's jump is refused until somebody has looked at it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tg1.errors import ConfigError
from tg1.replay.command import parse
from tg1.replay.day_rows import day_rows
from tg1.replay.jumps import Jump, Nights
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

PAIR = Wanted(symbol_a="IRFC", symbol_b="SBIN")
POINTS = ("open", "high", "low", "close")


def bars(folder: Path, symbol: str, *rows: str, name: str = "") -> Path:
    """A Parquet file of one symbol's bars, each as "day time price"."""
    lines = ["ist," + ",".join(f"{point}_{symbol}" for point in POINTS)]
    for row in rows:
        day, at, price = row.split()
        lines.append(f"{day} {at}," + ",".join([price] * 4))
    text = folder / f"{name or symbol}.csv"
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = text.with_suffix(".parquet")
    pa.parquet.write_table(pa.csv.read_csv(text), path)
    text.unlink()
    return path


def test_two_files_of_one_symbol_each_are_one_pair(tmp_path: Path) -> None:
    """Minutes that only one of them has are there, and the other's last price stands in them."""
    bars(tmp_path, "IRFC", "2026-11-23 09:15:00 50", "2026-11-23 09:16:00 51", "2026-11-24 09:15:00 52")
    bars(tmp_path, "SBIN", "2026-11-23 09:15:00 120", "2026-11-23 09:17:00 121", "2026-11-24 09:15:00 122")
    bars(tmp_path, "ZOMATO", "2020-01-01 09:15:00 1")
    first, second = day_tapes(price_files([tmp_path], PAIR.symbols), PAIR)
    assert (first.day, second.day) == (date(2026, 11, 23), date(2026, 11, 24))
    assert (first.a // 10_000).tolist() == [50] * 4 + [51] * 8
    assert (first.b // 10_000).tolist() == [120] * 8 + [121] * 4
    assert first.price_events == 16


def test_order_of_the_files_does_not_matter_between_symbols(tmp_path: Path) -> None:
    """A symbol's own files must follow each other; months of two symbols lie in any order beside each other."""
    rows = ("2026-11-23 09:15:00 50", "2026-11-23 09:16:00 51")
    later = tuple(row.replace("11-23", "12-01") for row in rows)
    files = [
        bars(tmp_path, "SBIN", *rows, name="s11"),
        bars(tmp_path, "SBIN", *later, name="s12"),
        bars(tmp_path, "IRFC", *rows, name="i11"),
        bars(tmp_path, "IRFC", *later, name="i12"),
    ]
    assert [tape.day.month for tape in day_tapes(files, PAIR)] == [11, 12]
    with pytest.raises(ConfigError, match=r"i11\.parquet: 2026-11-23 comes after 2026-12-01"):
        list(day_tapes([files[3], files[2]], Wanted(symbol_a="IRFC")))


def test_day_that_only_one_symbol_has_is_refused(tmp_path: Path) -> None:
    """The hedge's prices are not made up; the days that both have can be chosen."""
    both = ("2026-11-23 09:15:00 50", "2026-11-23 09:16:00 50")
    files = [
        bars(tmp_path, "IRFC", *both, "2026-11-24 09:15:00 50", "2026-11-24 09:16:00 50"),
        bars(tmp_path, "SBIN", *both),
    ]
    with pytest.raises(ConfigError, match="has prices of IRFC on 2026-11-24, but none of the files has the other"):
        list(day_rows(files, PAIR))
    only = Wanted(symbol_a="IRFC", symbol_b="SBIN", last_day=date(2026, 11, 23))
    assert [rows.day.day for rows in day_rows(files, only)] == [23]


def test_bars_and_seconds_do_not_mix(tmp_path: Path) -> None:
    """A bar's path is a guess, a second's price is none."""
    seconds = tmp_path / "s.csv"
    seconds.write_text("ist_second,SBIN\n2026-11-23 09:15:00,120\n2026-11-23 09:15:01,121\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="don't go together"):
        list(day_rows([bars(tmp_path, "IRFC", "2026-11-23 09:15:00 50"), seconds], PAIR))


def test_folder_without_either_symbol_tells_what_it_has(tmp_path: Path) -> None:
    """A misspelt symbol is seen at once."""
    bars(tmp_path, "IRFC", "2026-11-23 09:15:00 50")
    with pytest.raises(ConfigError, match="has no prices of SBIM or PNB; it has prices of IRFC"):
        price_files([tmp_path], ["SBIM", "PNB"])
    with pytest.raises(ConfigError, match="has no column open_SBIM"):
        list(day_rows(price_files([tmp_path], ["IRFC", "SBIM"]), Wanted(symbol_a="IRFC", symbol_b="SBIM")))


def split(folder: Path) -> Path:
    """SBIN before and after a split of one share into two."""
    return bars(folder, "SBIN", "2026-11-23 15:29:00 800", "2026-11-24 09:15:00 401", "2026-11-24 09:16:00 400")


def test_jump_over_a_night_is_refused_until_confirmed(tmp_path: Path) -> None:
    """More than 15 %; the sentence says both prices and what to type."""
    wanted = Wanted(symbol_a="SBIN")
    with pytest.raises(ConfigError) as refusal:
        list(day_rows([split(tmp_path)], wanted))
    assert "SBIN jumps from 800.00 on 2026-11-23 to 401.00 on 2026-11-24 (-49.9%)" in str(refusal.value)
    assert "--confirm-jump SBIN:2026-11-24" in str(refusal.value)
    fine = Wanted(symbol_a="SBIN", confirmed=frozenset({("SBIN", date(2026, 11, 24))}))
    assert len(list(day_rows([split(tmp_path)], fine))) == 2


def test_days_after_the_jump_can_be_chosen(tmp_path: Path) -> None:
    """A night outside the range is nobody's business."""
    wanted = Wanted(symbol_a="SBIN", first_day=date(2026, 11, 24))
    assert len(list(day_rows([split(tmp_path)], wanted))) == 1


@given(last=st.floats(1, 1e5), factor=st.floats(0.2, 5))
def test_jump_is_suspect_beyond_15_percent(last: float, factor: float) -> None:
    """Up or down, counted from the old price."""
    nights = Nights()
    nights.see(date(2026, 11, 23), {"X": np.array([[last]])})
    found = nights.see(date(2026, 11, 24), {"X": np.array([[np.nan], [last * factor], [last]])})
    assert bool(found) == (abs(last * factor / last - 1) > 0.15)


def test_flag_takes_symbol_and_day() -> None:
    """As the refusal prints it."""
    grid = "--bot-name T --trade-type buyts --token-a M&M --auto-entry --qty-a 1 --prices p".split()  # noqa: SIM905
    jump = Jump(symbol="M&M", before=date(2026, 11, 23), day=date(2026, 11, 24), last=3.0, first=1.0)
    assert parse([*grid, *jump.flag.split()]).wanted.confirmed == {("M&M", date(2026, 11, 24))}
    for wrong in ("2026-11-24", "SBIN:yesterday", "SBIN"):
        with pytest.raises(ConfigError, match="YYYY-MM-DD"):
            parse([*grid, "--confirm-jump", wrong])
