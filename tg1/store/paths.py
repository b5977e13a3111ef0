"""Where a bot's files are, and how a disk's refusal is told to the operator."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tg1.machine.files import file_stem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.errors import SaveFailed, StateError


@dataclass(frozen=True)
class StatePaths:
    """Where the files of one bot are; each name is made once, since a save asks for most of them."""

    folder: Path
    bot_name: str

    @cached_property
    def stem(self) -> str:
        """What the names begin with."""
        return file_stem(self.bot_name)

    @cached_property
    def state(self) -> Path:
        """The truth."""
        return self.folder / f"{self.stem}_state.json"

    @cached_property
    def tmp(self) -> Path:
        """A save under way."""
        return self.folder / f"{self.stem}_state.json.tmp"

    @cached_property
    def bak(self) -> Path:
        """The good file before the last save."""
        return self.folder / f"{self.stem}_state.json.bak"

    @cached_property
    def bak_tmp(self) -> Path:
        """The next `.bak`, before its rename."""
        return self.folder / f"{self.stem}_state.json.bak.tmp"

    @cached_property
    def trades(self) -> Path:
        """All completed records, one a line."""
        return self.folder / f"{self.stem}_trades.jsonl"

    @cached_property
    def days(self) -> Path:
        """What each trading day came to, one sheet a line."""
        return self.folder / f"{self.stem}_days.jsonl"

    @cached_property
    def archive(self) -> Path:
        """The folder of states that were given up."""
        return self.folder / "archive"


@contextmanager
def naming(path: Path, failure: str, error: type[SaveFailed | StateError]) -> Iterator[None]:
    """Turn an `OSError` into `error`, with the path and the system's word for it."""
    try:
        yield
    except OSError as exc:
        code = errno.errorcode.get(exc.errno, "no number") if exc.errno is not None else type(exc).__name__
        raise error(f"{failure} {path}: {exc.strerror or exc} ({code})") from exc
