"""One bot of a state folder, as its files show it. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tg1.told.snapshot import Phase

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tg1.machine.lock import Holder
    from tg1.models import Attention, BotState, Status
    from tg1.told.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the state file holds."""

    state: BotState
    """To be read only."""
    at: datetime
    """When it was saved; aware, IST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One bot. What is missing or can't be read is None, and then `faults` says why."""

    stem: str
    """What its files' names begin with."""
    folder: Path
    """Where they are: the state folder, or `paper` in it."""
    holder: Holder | None
    """The process that holds its lock; None when nobody does."""
    snapshot: Snapshot | None
    saved: Saved | None
    """None also beside a live process with a snapshot, where nobody asks for it (`StateFolder.saved`)."""
    faults: tuple[str, ...] = ()
    """Files of it that can't be read, a sentence each."""
    has_room: bool = True
    """False when the disk that its snapshots go to is full: then an old one is no proof that it hangs."""

    @property
    def name(self) -> str:
        """The bot's own name; its files' stem where no file tells it."""
        if self.snapshot is not None:
            return self.snapshot.name
        return self.stem if self.saved is None else self.saved.state.bot_name

    @property
    def title(self) -> str:
        """The name as a person reads it, with "(paper)" for a rehearsal."""
        return f"{self.name} (paper)" if self.is_paper else self.name

    @property
    def is_paper(self) -> bool:
        """True when it trades on the embedded exchange."""
        return self.snapshot.is_paper if self.snapshot is not None else self.folder.name == "paper"

    @property
    def is_alive(self) -> bool:
        """True while a process holds its lock."""
        return self.holder is not None

    @property
    def pid(self) -> int | None:
        """Of the live process; None when there is none, or it has not given its number."""
        return None if self.holder is None else self.holder.pid

    @property
    def is_by_holder(self) -> bool:
        """True when the live process wrote the snapshot; one that has not given its number yet did not."""
        return self.snapshot is not None and self.holder is not None and self.holder.pid == self.snapshot.process.pid

    @property
    def is_unread(self) -> bool:
        """True when its state can't be read: what it holds and earned is not known, whatever was told before."""
        return bool(self.faults) and self.saved is None and not self.is_by_holder

    @property
    def is_last_word(self) -> bool:
        """True when nobody has changed the state since the process said its last word (an emergency stop does)."""
        if self.snapshot is None or self.snapshot.phase is not Phase.ENDED:
            return False
        return self.saved is None or self.saved.at <= self.snapshot.written_at

    @property
    def status(self) -> Status | None:
        """How the state stands; None when nothing tells."""
        if self.saved is not None and not self.is_by_holder:
            return self.saved.state.bot_status
        return None if self.snapshot is None or self.faults else self.snapshot.status

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What waits for a person in the bot's own words."""
        if self.saved is not None and not self.is_by_holder:
            return tuple(self.saved.state.attention)
        return () if self.snapshot is None else self.snapshot.attention
