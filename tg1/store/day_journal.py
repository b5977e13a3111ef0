"""`state/{bot_name}_days.jsonl`: what each trading day of each grid came to, one sheet a line (behaviour 9.4, 15).

A sheet goes in before the state that it is reckoned from is given up: at a day's roll and before a fresh grid. Dying in
between writes it twice, and of two with the same key the later one holds. Nothing is ever taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tg1.store.codec import encode_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tg1.models import DaySheet
    from tg1.ports import FileSystem


def append_sheets(fs: FileSystem, path: Path, sheets: Iterable[DaySheet]) -> None:
    """Bring the sheets of days on which something happened to disk, synced; raises `OSError`."""
    text = "".join(f"{encode_sheet(sheet)}\n" for sheet in sheets if not sheet.is_blank).encode()
    if not text:
        return
    try:
        is_torn = not fs.read(path).endswith(b"\n")
    except FileNotFoundError:
        is_torn = False
    fs.append_synced(path, b"\n" + text if is_torn else text)
    fs.sync_dir(path.parent)
