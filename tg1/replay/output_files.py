"""Files that a command leaves behind: where they may go, and how they get there: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from tg1.errors import ConfigError
from tg1.machine.files import OsFileSystem

FOLDER = Path("reports")
"""Where pages go that nobody named a place for; it is made when it is needed."""


def check_place(flag: str, path: Path, suffix: str = "") -> None:
    """Raise `ConfigError` for a place to which `write_whole` can't bring a file, or of another kind than `suffix`."""
    if path.is_dir() or not (path.parent.is_dir() or path.parent == FOLDER):
        raise ConfigError(f"{flag} {path} is no place for a file: give a name in a folder that exists.")
    if suffix and path.suffix.lower() != suffix:
        # A slip of the keyboard must not write over a file of prices.
        raise ConfigError(f"{flag} {path}: give the file a name that ends in {suffix}.")


def write_whole(path: Path, content: bytes, flag: str) -> None:
    """A file is there whole or not at all, however the replay ends. Raises `ConfigError` with the flag's name."""
    files = OsFileSystem()
    beside = path.with_name(f"{path.name}.tmp")
    try:
        if path.parent == FOLDER:
            FOLDER.mkdir(exist_ok=True)
        try:
            files.write_synced(beside, content)
            files.replace(beside, path)
        finally:
            files.unlink(beside)
    except OSError as exc:
        raise ConfigError(f"{flag} {path} can't be written: {exc.strerror or exc}.") from exc
