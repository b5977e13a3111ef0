"""The days file: sheets are appended whole, and a torn line spoils none (behaviour 9.4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.states import BOT
from tg1.errors import SaveFailed
from tg1.machine.files import OsFileSystem
from tg1.models import NO_CHARGES, DaySheet
from tg1.state import StateManager
from tg1.store.codec import decode_sheet
from tg1.store.day_journal import append_sheets

if TYPE_CHECKING:
    from pathlib import Path

MONDAY = DaySheet(
    bot_name=BOT,
    day=date(2026, 2, 16),
    generation="AAA",
    product="MIS",
    bought=Decimal(4900),
    sold=Decimal(4950),
    realised=Decimal(50),
    squared_off=Decimal(0),
    charges=NO_CHARGES,
)
TUESDAY = replace(MONDAY, day=date(2026, 2, 17))
BLANK = replace(MONDAY, day=date(2026, 2, 18), bought=Decimal(0), sold=Decimal(0))


def test_sheets_stand_one_below_the_other_and_blank_days_are_none(tmp_path: Path) -> None:
    """What nothing happened on is no day; the file is not even made for it."""
    path, fs = tmp_path / "days.jsonl", OsFileSystem()
    append_sheets(fs, path, [BLANK])
    assert not path.exists()
    append_sheets(fs, path, [MONDAY, BLANK])
    append_sheets(fs, path, [TUESDAY])
    assert [decode_sheet(line) for line in path.read_bytes().splitlines()] == [MONDAY, TUESDAY]


def test_torn_line_is_closed_before_the_next(tmp_path: Path) -> None:
    """A crash in an append leaves half a line: the next sheet begins on its own."""
    path = tmp_path / "days.jsonl"
    path.write_bytes(b'{"bot_name": ')
    append_sheets(OsFileSystem(), path, [MONDAY])
    torn, whole = path.read_bytes().splitlines()
    assert (torn, decode_sheet(whole)) == (b'{"bot_name": ', MONDAY)


def test_disk_that_refuses_is_a_save_that_failed(tmp_path: Path) -> None:
    """Behaviour 9.2: with the file and the system's word for it; a day is not rolled without its sheet."""
    (tmp_path / f"{BOT}_days.jsonl").mkdir()
    with pytest.raises(SaveFailed, match=r"_days\.jsonl"):
        StateManager(OsFileSystem(), tmp_path, BOT).note_days([MONDAY])
