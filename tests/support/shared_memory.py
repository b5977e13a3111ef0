"""The shared files of a world without processes: `SharedFolder` in memory, with deaths that leave no word behind."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.simdisk import Died

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class SharedMemory:
    """The files by name, and which process's handle holds the lock of each."""

    files: dict[str, bytearray] = field(default_factory=dict)
    holders: dict[str, MemoryFile] = field(default_factory=dict)
    boot_id: str = "boot-of-the-world"

    def process(self) -> SharedProcess:
        """The folder as one process sees it."""
        return SharedProcess(self)


@dataclass(slots=True, eq=False)
class SharedProcess:
    """Fulfils `SharedFolder`. `before` is called with each operation's name and may raise."""

    memory: SharedMemory
    before: Callable[[str], None] = lambda _op: None
    dead: bool = False
    broken: int = 0
    """An errno that every operation fails with; 0: none."""

    @property
    def boot_id(self) -> str:
        return self.memory.boot_id

    def file(self, name: str) -> MemoryFile:
        return MemoryFile(self, name)

    def kill(self) -> None:
        """The process is gone, as by `kill -9`: the kernel frees its locks, and nothing more is written."""
        self.dead = True
        for name, holder in list(self.memory.holders.items()):
            if holder.process is self:
                del self.memory.holders[name]

    def step(self, op: str) -> None:
        if self.dead:
            raise Died
        try:
            self.before(op)
        except Died:
            self.kill()
            raise
        if self.broken:
            raise OSError(self.broken, os.strerror(self.broken))


@dataclass(slots=True, eq=False)
class MemoryFile:
    """A handle on one of the files."""

    process: SharedProcess
    name: str

    def try_lock(self) -> bool:
        self.process.step("try_lock")
        return self.process.memory.holders.setdefault(self.name, self) is self

    def unlock(self) -> None:
        self.process.step("unlock")
        if self.process.memory.holders.get(self.name) is self:
            del self.process.memory.holders[self.name]

    def read(self, size: int, offset: int = 0) -> bytes:
        self.process.step("read")
        return bytes(self.process.memory.files.get(self.name, b"")[offset : offset + size])

    def write(self, data: bytes, offset: int = 0) -> None:
        """In two halves, between which a process may die."""
        half = len(data) // 2
        for piece, at in ((data[:half], offset), (data[half:], offset + half)):
            self.process.step("write")
            content = self.process.memory.files.setdefault(self.name, bytearray())
            content[at : at + len(piece)] = piece
