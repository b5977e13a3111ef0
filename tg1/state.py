"""`StateManager`: the bot's memory on disk (behaviour 9, architecture 15 and 17).

A save is: write and sync `.tmp`, keep the current file as `.bak`, rename `.tmp` over it, sync the folder. A machine
that dies in between leaves the old or the new state. What can't be read is refused with a sentence that tells the
command to type; only "there has never been a state" lets a fresh grid begin.
"""

from __future__ import annotations

import errno
import re
import shlex
from typing import TYPE_CHECKING

from tg1.errors import InvariantBroken, SaveFailed, StateError
from tg1.models import OrderSide, Side
from tg1.store.codec import HISTORY_KEPT, StateEncoder, decode, saved_at
from tg1.store.day_journal import append_sheets
from tg1.store.image import StateFile, image_of
from tg1.store.paths import StatePaths, naming
from tg1.store.trade_journal import TradeJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from tg1.models import BotState, DaySheet, OpenOrder
    from tg1.ports import FileSystem
    from tg1.store.image import StateImage

_NO_LINKS_HERE = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What file systems without hard links answer; the backup is a copy there."""

_MAX_WHY_CHARS = 30


class StateManager:
    """Owns the one `BotState` and brings it to disk. Not thread-safe; the engine's thread alone uses it."""

    def __init__(self, fs: FileSystem, folder: Path, bot_name: str) -> None:
        self._fs = fs
        self._bot_name = bot_name
        self.paths = StatePaths(folder, bot_name)
        self.journal = TradeJournal(fs, self.paths.trades)
        self._encoder = StateEncoder()
        self._on_disk: StateImage | None = None
        """What the state file surely holds; None when the next save must write."""
        self._only_tmp = False
        self._state: BotState | None = None

    @property
    def state(self) -> BotState:
        """The state; `InvariantBroken` before the first `load` that found one or the first assignment."""
        if self._state is None:
            raise InvariantBroken("the state was asked for before it was loaded or made")
        return self._state

    @state.setter
    def state(self, state: BotState) -> None:
        self._state = state

    def exists(self) -> bool:
        """True when anything of a state is on disk, readable or not. Raises `StateError`."""
        return any(self._exists(path) for path in (self.paths.state, self.paths.bak, self.paths.tmp))

    def known_bots(self) -> list[str]:
        """The file names' own words for the bots that have a state in this folder."""
        suffix = "_state.json"
        names = self._fs.names(self.paths.folder)
        return [name.removesuffix(suffix) for name in names if name.endswith(suffix)]

    def load(self) -> BotState | None:
        """Read the state, keep it in `state` and return it; None only when no save has ever been finished.

        Writes nothing, so it may be used beside a running bot. `StateError` (exit 5) for everything that can't be
        trusted: damage, another schema, another bot's file, a `.bak` without its state.
        """
        data = self._read(self.paths.state)
        if data is None:
            return self._load_without_state()
        try:
            state = decode(data)
        except StateError as exc:
            raise StateError(f"the state file {self.paths.state} is refused: {exc}. {self._way_out()}") from exc
        self._take(state, self.paths.state)
        self._on_disk = image_of(state)
        self._only_tmp = False
        return state

    def _load_without_state(self) -> BotState | None:
        """A save syncs `.tmp` before it renames: a whole one is the first save before a crash, a torn one nothing."""
        if self._exists(self.paths.state):
            raise StateError(f"the state file {self.paths.state} is a link to a file that does not exist")
        if self._read(self.paths.bak) is not None:
            raise StateError(
                f"the state file {self.paths.state} is missing, but its backup is there. {self._way_out()}"
            )
        found = self._whole(self.paths.tmp)
        if isinstance(found, str):
            return None
        _, state = found
        self._take(state, self.paths.tmp)
        self._on_disk = None
        self._only_tmp = True
        return state

    def _take(self, state: BotState, path: Path) -> None:
        if state.bot_name != self._bot_name:
            raise StateError(
                f'the state file {path} belongs to the bot "{state.bot_name}", not to "{self._bot_name}": '
                "start with that name in --bot-name, or give another folder with --state-dir"
            )
        self._state = state
        self.journal.forget()

    def _read(self, path: Path) -> bytes | None:
        with naming(path, "can't read the state file", StateError):
            try:
                return self._fs.read(path)
            except FileNotFoundError:
                return None

    def _exists(self, path: Path) -> bool:
        with naming(path, "can't look for the state file", StateError):
            return self._fs.exists(path)

    def _whole(self, path: Path) -> tuple[datetime, BotState] | str:
        """The state that a file holds and when it was saved, or why it holds none."""
        try:
            data = self._read(path)
            return "it is not there" if data is None else (saved_at(data), decode(data))
        except StateError as exc:
            return str(exc)

    def _way_out(self) -> str:
        """What the operator can do about a refused or missing state: the one command to type."""
        looked = {path: self._whole(path) for path in (self.paths.bak, self.paths.tmp)}
        found = {path: one for path, one in looked.items() if not isinstance(one, str)}
        whole = {path: one[0] for path, one in found.items() if one[1].bot_name == self._bot_name}
        if whole:
            # An unfinished save's .tmp is younger than the state, and what it promised to do was never begun.
            path = max(whole, key=lambda path: whole[path])
            command = shlex.join(["cp", "-p", "--", str(path), str(self.paths.state)])
            return (
                f"Its backup {path} is whole (saved {whole[path]:%Y-%m-%d %H:%M:%S}); to go back to it, type: {command}"
            )
        why = looked[self.paths.bak] if self.paths.bak not in found else "it is another bot's"
        return (
            f"Its backup {self.paths.bak} can't replace it ({why}). Cancel the bot's orders with "
            "--cancel-all, check the positions with the broker, then archive the file and begin anew with --fresh"
        )

    def save(self, now: datetime) -> bool:
        """Bring the state to disk; True when something was written, False when nothing but the time has changed.

        Completed records are then appended to the trades file. `SaveFailed` names the file and the reason; the next
        save tries all of it again. `InvariantBroken` when the state could not be read back.
        """
        image = image_of(self.state)
        changed = image != self._on_disk
        if changed:
            self._on_disk = None
            self._write(StateFile(image, now, self._encoder))
            self._on_disk = image
        return self._journal() or changed

    def note_days(self, sheets: Iterable[DaySheet]) -> None:
        """Write down what days came to, before their state is given up (behaviour 9.4, 9.5). Raises `SaveFailed`."""
        with naming(self.paths.days, "the sheet of the day could not be appended to", SaveFailed):
            append_sheets(self._fs, self.paths.days, sheets)

    def _write(self, data: StateFile) -> None:
        folder, paths = self.paths.folder, self.paths
        self._step("create the folder", folder, lambda: self._fs.make_dir(folder))
        if self._only_tmp:
            # The next step overwrites .tmp, which is the only copy so far.
            self._step("rename", paths.tmp, lambda: self._fs.replace(paths.tmp, paths.state))
            self._step("sync", folder, lambda: self._fs.sync_dir(folder))
            self._only_tmp = False
        self._step("write", paths.tmp, lambda: self._fs.write_synced(paths.tmp, data))
        self._step("keep the backup", paths.bak, self._keep_backup)
        self._step("rename to", paths.state, lambda: self._fs.replace(paths.tmp, paths.state))
        self._step("sync", folder, lambda: self._fs.sync_dir(folder))

    def _step(self, what: str, path: Path, act: Callable[[], object]) -> None:
        with naming(path, f"the state could not be saved: can't {what}", SaveFailed):
            act()

    def _keep_backup(self) -> None:
        if self._fs.exists(self.paths.state):
            # An earlier save may have died here; and renaming one name of a file over another leaves both.
            self._fs.unlink(self.paths.bak_tmp)
            self._link_or_copy(self.paths.state, self.paths.bak_tmp)
            self._fs.replace(self.paths.bak_tmp, self.paths.bak)

    def _link_or_copy(self, source: Path, target: Path) -> None:
        try:
            self._fs.link(source, target)
        except OSError as exc:
            if exc.errno not in _NO_LINKS_HERE:
                raise
            self._fs.write_synced(target, self._fs.read(source))

    def _journal(self) -> bool:
        history = self.state.order_history
        with naming(self.paths.trades, "the state is saved, but not the completed trades: can't append to", SaveFailed):
            appended = self.journal.append_missing(history)
        del history[:-HISTORY_KEPT]
        return appended

    def archive(self, now: datetime, why: str, *, keep: bool = False) -> Path:
        """Put the state, readable or not, and its `.bak` into `archive/` under a new name; return where the state is.

        With `keep` the state also stays where it is, until the next save replaces it: so a day's roll can carry P&L
        over without a moment in which a crash would lose it. Otherwise the next `load` returns None. Dying in between
        leaves a state that loads as before. `SaveFailed` when the disk refuses, `StateError` with nothing to archive.
        """
        with naming(self.paths.archive, "the state could not be archived in", SaveFailed):
            copies = self._copy_to_archive(self._free_name(now, why))
            if not copies:
                raise StateError(f"there is no state to archive at {self.paths.state}")
            if not keep:
                # The state goes last: until then a start finds it, and afterwards nothing else looks like one.
                for leaving in ((self.paths.bak_tmp, self.paths.tmp), (self.paths.bak,), (self.paths.state,)):
                    self._remove(*leaving)
        self._on_disk = None
        self._only_tmp = self._only_tmp and keep
        self.journal.forget()
        return copies[0]

    def _copy_to_archive(self, target: Path) -> list[Path]:
        """The new files, the state's first."""
        sources = {
            self.paths.state: target,
            self.paths.tmp: target.with_name(f"{target.name}.tmp"),
            self.paths.bak: target.with_name(f"{target.name}.bak"),
        }
        there = {source: copy for source, copy in sources.items() if self._fs.exists(source)}
        if there:
            self._fs.make_dir(self.paths.archive)
            for source, copy in there.items():
                self._link_or_copy(source, copy)
            self._fs.sync_dir(self.paths.archive)
        return list(there.values())

    def _remove(self, *paths: Path) -> None:
        for path in paths:
            self._fs.unlink(path)
        self._fs.sync_dir(self.paths.folder)

    def _free_name(self, now: datetime, why: str) -> Path:
        reason = re.sub(r"[^A-Za-z0-9]+", "-", why).strip("-")[:_MAX_WHY_CHARS] or "archived"
        stem = f"{self.paths.stem}_state.{now:%Y%m%d-%H%M%S}.{reason}"
        taken = self._fs.names(self.paths.archive)
        number = 1
        while any(name.startswith(f"{stem}.{number}.json") for name in taken):
            number += 1
        return self.paths.archive / f"{stem}.{number}.json"

    def update_quantity(self, order_type: OrderSide, side: Side, quantity: int) -> None:
        """Count a fill of `quantity` shares of TokenA: an entry adds, a target takes away (architecture 8, 9, 12).

        `side` is always the ENTRY's direction, for targets too: BUY counts downside, SELL upside (behaviour 7.1).
        """
        if quantity < 0:
            raise InvariantBroken(f"a fill of {quantity} shares was to be counted")
        change = quantity if OrderSide(order_type) is OrderSide.ENTRY else -quantity
        if Side(side) is Side.BUY:
            self.state.downside_net_quantity += change
        else:
            self.state.upside_net_quantity += change

    def find_order_by_uuid(self, uuid: str) -> OpenOrder | None:
        """The level with that uuid; None when it has been reset since or never was."""
        return self.state.levels.get(uuid)

    def find_order_by_entry_id(self, order_id: str) -> OpenOrder | None:
        """The level whose entry or target has that AppOrderID; None when no level has it."""
        return next(
            (level for level in self.state.levels.values() if order_id and level.entry_order_id == order_id), None
        )

    def find_order_by_oco_id(self, order_id: str) -> OpenOrder | None:
        """The level whose OCO order has that AppOrderID; None when no level has it."""
        return next(
            (level for level in self.state.levels.values() if order_id and level.oco_order_id == order_id), None
        )
