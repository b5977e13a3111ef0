"""Names of recorded days: read back from a folder, whatever the bot is called and whoever else records there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tg1.machine.files import file_stem
from tg1.record.paths import RecordPaths, is_record

FOLDER = Path("records")


@given(name=st.text(min_size=1, max_size=20), days=st.sets(st.dates(min_value=date(1000, 1, 1)), max_size=4))
def test_days_are_found_by_their_names(name: str, days: set[date]) -> None:
    """Plain and packed, oldest first, the packed one first."""
    paths = RecordPaths(FOLDER, file_stem(name))
    files = [path(day).name for day in days for path in (paths.plain, paths.packed)]
    assert all(map(is_record, files))
    assert paths.days([*files, "notes.txt", "x_2026-02-30.jsonl"]) == {
        day: [paths.packed(day).name, paths.plain(day).name] for day in sorted(days)
    }


def test_a_bot_whose_name_begins_as_another_one_has_days_of_its_own() -> None:
    """Two bots share a folder."""
    day = date(2026, 2, 16)
    both = [RecordPaths(FOLDER, stem).plain(day).name for stem in ("IRFC", "IRFC_2")]
    assert RecordPaths(FOLDER, "IRFC").days(both) == {day: [both[0]]}
    assert RecordPaths(FOLDER, "IRFC_2").days(both) == {day: [both[1]]}
