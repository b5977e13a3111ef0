"""`state/{bot_name}_trades.jsonl`: every completed record, exactly once, across crashes (behaviour 9.4).

A record goes in after the state that holds it was saved, so the file can only lack what the state still has; what it
lacks is found by number and uuid. Nothing is ever taken out, and a line that a crash tore is completed or closed, so
that it never spoils the next.
"""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING

from tg1.store.codec import encode_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tg1.models import OrderHistoryRecord
    from tg1.ports import FileSystem

RecordKey = tuple[int, str]


class TradeJournal:
    """Appends the records that the file lacks. Every method raises `OSError`; the next call then looks again."""

    def __init__(self, fs: FileSystem, path: Path) -> None:
        self._fs = fs
        self.path = path
        self._torn = b""
        """What stands behind the last line's end."""
        self._entry_synced = False
        self._newest: OrderHistoryRecord | None = None
        """The last record of a history of which nothing is missing; None while the file has to be read first."""
        self._unfinished = False
        """True after a failed append: its lines may be readable and still not be on the platter."""

    def append_missing(self, history: Sequence[OrderHistoryRecord]) -> bool:
        """Bring every record of `history` that the file lacks into it, synced; True when there was something to do."""
        if not self._unfinished and (not history or history[-1] is self._newest):
            return False
        missing = self._missing(history)
        needed = bool(missing) or self._unfinished
        if needed:
            # Unknown until it has worked: a failed append may leave any part of itself behind.
            self._newest, self._unfinished = None, True
            self._append(missing)
        self._newest, self._unfinished = history[-1] if history else None, False
        return needed

    def forget(self) -> None:
        """Read the file again before the next append."""
        self._newest = None

    def _missing(self, history: Sequence[OrderHistoryRecord]) -> list[OrderHistoryRecord]:
        behind = list(takewhile(lambda record: record is not self._newest, reversed(history)))
        if len(behind) < len(history):
            return behind[::-1]
        written = self._read()
        return [record for record in history if record.key not in written]

    def _append(self, records: Iterable[OrderHistoryRecord]) -> None:
        text = "".join(f"{encode_record(record)}\n" for record in records).encode()
        rest = text[len(self._torn) :] if text.startswith(self._torn) else b"\n" + text
        self._fs.append_synced(self.path, rest)
        if not self._entry_synced:
            self._fs.sync_dir(self.path.parent)
            self._entry_synced = True
        self._torn = b""

    def _read(self) -> set[RecordKey]:
        try:
            content = self._fs.read(self.path)
        except FileNotFoundError:
            content = b""
        *lines, self._torn = content.split(b"\n")
        keys = (_key_of_line(line) for line in (*lines, self._torn))
        return {key for key in keys if key}


def _key_of_line(line: bytes) -> RecordKey | None:
    """The record that a line holds; None for a line that a crash or a person spoiled, which counts as no record."""
    try:
        said = json.loads(line)
        seq, uuid = said["seq"], said["uuid"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return (seq, uuid) if type(seq) is int and isinstance(uuid, str) else None
