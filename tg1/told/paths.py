"""Where the files are by which a bot tells, and is told. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SNAPSHOT_END = "_status.json"
STATE_END = "_state.json"
LOCK_END = ".lock"
PAPER = "paper"
"""The folder in a state folder in which `--paper` keeps its own."""


@dataclass(frozen=True, slots=True)
class ToldPaths:
    """The files of one bot, by the stem of its names (`tg1.machine.files.file_stem`)."""

    folder: Path
    stem: str

    @property
    def snapshot(self) -> Path:
        """The snapshot, or a link to it where `--status-dir` keeps it elsewhere."""
        return self.folder / f"{self.stem}{SNAPSHOT_END}"

    @property
    def events(self) -> Path:
        """One event a line, the newest last."""
        return self.folder / f"{self.stem}_events.jsonl"

    @property
    def old_events(self) -> Path:
        """What was in `events` before it grew too long."""
        return self.folder / f"{self.stem}_events.old.jsonl"

    @property
    def request(self) -> Path:
        """The operator's last request to pause or resume."""
        return self.folder / f"{self.stem}_request.json"

    @property
    def state(self) -> Path:
        """The bot's memory (`tg1.store`)."""
        return self.folder / f"{self.stem}{STATE_END}"

    @property
    def trades(self) -> Path:
        """All completed records (`tg1.store.trade_journal`)."""
        return self.folder / f"{self.stem}_trades.jsonl"

    @property
    def days(self) -> Path:
        """What each trading day came to (`tg1.store.day_journal`)."""
        return self.folder / f"{self.stem}_days.jsonl"

    @property
    def lock(self) -> Path:
        """The bot's lock (`tg1.machine.lock`)."""
        return self.folder / f"{self.stem}{LOCK_END}"
