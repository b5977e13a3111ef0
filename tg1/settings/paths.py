"""Configured names of files and folders, with `~` for the user's home: the one value that the machine has a say in."""

from __future__ import annotations

from pathlib import Path

from tg1.errors import ConfigError
from tg1.settings.values import shown


def to_optional_path(flag: str, value: object) -> Path | None:
    """Return a path, or None when none is configured. Raises `ConfigError` for an empty one."""
    return None if value is None else to_path(flag, value)


def to_path(flag: str, value: object) -> Path:
    """Return a path with `~` expanded. Raises `ConfigError` for an empty one or one with a NUL."""
    text = str(value)
    if not text.strip() or "\0" in text:
        raise ConfigError(f"{flag} {shown(value)} is not a path.")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{flag} {shown(value)} names a home folder that is not known.") from error
