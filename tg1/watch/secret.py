"""The page's token: from a file, like every secret (behaviour 16)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import read_given
from tg1.machine.redact import is_placeholder

if TYPE_CHECKING:
    from pathlib import Path

    from tg1.machine.redact import Redactor

log = logging.getLogger(__name__)

LARGEST_BYTES = 4096
SHORTEST = 16
"""Characters: nobody guesses so many, however often he asks."""


def read_token(path: Path, redactor: Redactor) -> str:
    """The token in a file. Raises `ConfigError` for one that can't be read or is too easy to guess."""
    try:
        given = read_given(path, LARGEST_BYTES)
        token = given.data.decode().strip()
    except OSError as exc:
        raise ConfigError(f"--token-file {path} can't be read: {exc.strerror or type(exc).__name__}") from exc
    except ValueError:
        # A decoding error quotes the bytes of the secret, so it is not chained.
        raise ConfigError(f"--token-file {path} holds no UTF-8 text") from None
    if len(token) < SHORTEST or is_placeholder(token):
        raise ConfigError(
            f"--token-file {path} needs {SHORTEST} characters or more that nobody guesses; "
            f"to make one: openssl rand -hex 24 > {path}"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigError(f"--token-file {path} holds more than one line, or characters that no header can carry")
    if not given.is_private:
        log.warning("%s (--token-file) can be read by other users: chmod 600 it.", path)
    redactor.add(token)
    return token
