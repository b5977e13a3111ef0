"""Snapshots and events as JSON, both ways (`tg1.told.tables` has the keys). PURE.

A file of a newer TG1 may hold more: unknown keys are left out, and a word that is not known becomes the kind's own
"other". Anything else that is not as it should be is a `SnapshotDamaged` with a sentence. Nothing is ever guessed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tg1.errors import SnapshotDamaged, StateError
from tg1.told.tables import EVENT, ORDER, SNAPSHOT

if TYPE_CHECKING:
    from tg1.store.json_kinds import Record
    from tg1.told.events import Event
    from tg1.told.snapshot import Snapshot, ToldOrder

VERSION = 1
"""Goes up when a reader of the old one would misread the new one; new keys alone don't raise it."""
MARK = "tg1_snapshot"
"""The first key of a snapshot, with the version as its value: a JSON file without it is no snapshot of ours."""


class SnapshotEncoder:
    """Encodes one bot's snapshots; what is the very same value as in the last one keeps its text.

    A quiet bot's levels and orders stay the same objects from cycle to cycle (`tg1.told.portrait`), so that a cycle
    writes anew hardly more than its prices and ages.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[object, str]] = {}

    def encode(self, snapshot: Snapshot) -> bytes:
        """The bytes of the file: one line a key, and one line a level, order or account."""
        last, lines = self._last, []
        for key, kind in SNAPSHOT.fields.items():
            value = getattr(snapshot, key)
            known = last.get(key)
            if known is None or known[0] is not value:
                known = last[key] = (value, f'"{key}": {kind.write(value)}')
            lines.append(known[1])
        return f'{{\n"{MARK}": {VERSION},\n{f",{chr(10)}".join(lines)}\n}}\n'.encode("ascii")


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """The bytes of one snapshot's file."""
    return SnapshotEncoder().encode(snapshot)


def decode_snapshot(data: bytes) -> Snapshot | None:
    """The snapshot in a file; None for a JSON file that is none of ours. Raises `SnapshotDamaged`."""
    document = _document(data)
    if document is None or MARK not in document:
        return None
    version = document[MARK]
    if type(version) is not int or version < 1:
        raise SnapshotDamaged(f"it names the version {str(version)[:20]!r}, which there is not")
    if version > VERSION:
        raise SnapshotDamaged(f"a newer TG1 wrote it (version {version}; this one reads {VERSION}): update this TG1")
    snapshot: Snapshot = _read(SNAPSHOT, document)
    return snapshot


def encode_event(event: Event) -> bytes:
    """One line with its end; what an event does not have is left out."""
    pairs = EVENT.pairs(event)
    return ("{" + ", ".join([f'"{key}": {text}' for key, text in pairs.items() if text not in _EMPTY]) + "}\n").encode()


def encode_order(order: ToldOrder) -> bytes:
    """One order as a JSON object."""
    return ORDER.write(order).encode()


def decode_event(line: bytes) -> Event:
    """The event of one line; raises `SnapshotDamaged`."""
    event: Event = _read(EVENT, _document(line))
    return event


_EMPTY = frozenset({"null", '""'})


def _read(record: Record, document: Any) -> Any:
    try:
        return record.read(document, "")
    except StateError as exc:
        raise SnapshotDamaged(f"it is damaged: {exc}") from exc


def _document(data: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise SnapshotDamaged(f"it is no whole JSON ({len(data)} bytes)") from exc
    return document if isinstance(document, dict) else None
