"""A disk that is a dictionary: the store of a replay neither waits for one nor leaves anything behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsBytes

if TYPE_CHECKING:
    from pathlib import Path


class MemoryFiles:
    """`FileSystem` in memory. Nothing fails, and nothing is lost before the process ends."""

    def __init__(self) -> None:
        self._files: dict[Path, SupportsBytes] = {}
        self._appended: dict[Path, list[bytes]] = {}

    def read(self, path: Path) -> bytes:
        """The whole file; `FileNotFoundError` when there is none."""
        data = bytes(self._content(path))
        self._files[path] = data
        return data

    def exists(self, path: Path) -> bool:
        """True when there is such a file."""
        return path in self._files or path in self._appended

    def _content(self, path: Path) -> SupportsBytes:
        if path in self._appended:
            self._files[path] = bytes(self._files.get(path, b"")) + b"".join(self._appended.pop(path))
        try:
            return self._files[path]
        except KeyError as exc:
            raise FileNotFoundError(str(path)) from exc

    def write_synced(self, path: Path, data: SupportsBytes) -> None:
        """Replace the content."""
        self._appended.pop(path, None)
        self._files[path] = data

    def append_synced(self, path: Path, data: bytes) -> None:
        """Append to the content."""
        self._appended.setdefault(path, []).append(data)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over `target`."""
        data = self._content(source)
        self._appended.pop(target, None)
        self._files[target] = data
        del self._files[source]

    def link(self, source: Path, target: Path) -> None:
        """A second name for the same content; `FileExistsError` when `target` is there."""
        if self.exists(target):
            raise FileExistsError(str(target))
        self._files[target] = self._content(source)

    def unlink(self, path: Path) -> None:
        """Remove a name; harmless when there is none."""
        self._files.pop(path, None)
        self._appended.pop(path, None)

    def sync_dir(self, path: Path) -> None:
        """There is nothing that could be lost."""

    def make_dir(self, path: Path) -> None:
        """Folders need not be made."""

    def names(self, path: Path) -> list[str]:
        """Names in a folder, sorted."""
        return sorted({each.name for each in (*self._files, *self._appended) if each.parent == path})
