"""Writes the access token of the day into the Zerodha file; all else stays as a person wrote it."""

from __future__ import annotations

import configparser
import os
import re
import stat
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.kite.credentials import LARGEST_BYTES, SECTION_PREFIX
from tg1.machine.files import FILE_MODE, OsFileSystem, read_given

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = re.compile(r"\s*\[(?P<name>[^]]+)\]")
_TOKEN_LINE = re.compile(r"(?P<head>access_token\s*[=:]\s*).*", re.IGNORECASE)


def with_token(text: str, user: str, token: str) -> str:
    """The file's text with this token for this user. Raises `ConfigError` when the text does not take it."""
    name = f"{SECTION_PREFIX}{user}"
    lines = text.splitlines(keepends=True)
    begin = next((at for at, line in enumerate(lines) if _section(line) == name), None)
    if begin is None:
        raise ConfigError(f"the Zerodha file has no section [{name}].")
    end = next((at for at in range(begin + 1, len(lines)) if _section(lines[at])), len(lines))
    written = "".join((*lines[: begin + 1], *_body(lines[begin + 1 : end], token), *lines[end:]))
    _prove(text, written, name, token)
    return written


def _section(line: str) -> str:
    match = _HEADER.match(line)
    return match["name"] if match else ""


def _body(lines: list[str], token: str) -> list[str]:
    for at, line in enumerate(lines):
        if match := _TOKEN_LINE.match(line):
            return [*lines[:at], f"{match['head']}{token}{_ending(line)}", *lines[at + 1 :]]
    last = max((at for at, line in enumerate(lines) if line.strip()), default=-1) + 1
    before = [line if line.endswith("\n") else f"{line}\n" for line in lines[:last]]
    return [*before, f"access_token = {token}\n", *lines[last:]]


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _prove(before: str, after: str, name: str, token: str) -> None:
    """Read both as the bot will: nothing but this token may differ."""
    try:
        old, new = _values(before), _values(after)
    except configparser.Error:
        raise ConfigError("the Zerodha file is not a valid INI file.") from None
    expected = {**old, name: {**old.get(name, {}), "access_token": token}}
    if new != expected:
        raise ConfigError("the Zerodha file has a form into which the token can't be written; write it by hand.")


def _values(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def write_token(path: Path, user: str, token: str) -> None:
    """Replace the file at once by one with the token, for its owner alone (0600). Raises `ConfigError`.

    Whoever runs the login, the bot's user must still be able to read it: the owner stays, and so does a group's right.
    """
    target = path.resolve()
    beside = target.with_name(f".{target.name}.new")
    files = OsFileSystem()
    try:
        given = read_given(target, LARGEST_BYTES)
        owner = target.stat()
        text = with_token(given.data.decode("utf-8-sig"), user, token)
        files.unlink(beside)
        files.write_synced(beside, text.encode())
        if os.geteuid() == 0:
            os.chown(beside, owner.st_uid, owner.st_gid)
        beside.chmod(FILE_MODE | owner.st_mode & stat.S_IRGRP)
        files.replace(beside, target)
        files.sync_dir(target.parent)
    except OSError as exc:
        raise ConfigError(f"{path} can't be written: {exc.strerror or type(exc).__name__}") from exc
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no UTF-8 text.") from None
