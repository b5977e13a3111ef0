"""Where each account's key and secret come from: flag, environment or a file (behaviour 16).

`collect` is pure over what it is handed; `read_secret_file` is the one edge. No message made here holds a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.files import read_given
from tg1.machine.redact import is_placeholder
from tg1.settings.flags import CREDENTIALS, env_of, file_env_of, flag_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tg1.machine.files import GivenFile

_LARGEST_SECRET_BYTES = 4096
_LARGEST_CONFIG_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The keys and secrets that were found, by field name; what is missing or empty is not in it."""

    values: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()
    """Sentences for the operator."""


def collect(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    read_file: Callable[[Path], GivenFile],
    *,
    are_needed: bool = True,
) -> Credentials:
    """Find each credential: its flag wins, then `TG1_TRADE_KEY`, then the file that `TG1_TRADE_KEY_FILE` names.

    `flags` maps field names to what the command line gave. Raises `ConfigError` for a file that can't be read and for
    a value that spans lines. Where none are needed (a rehearsal before the broker has sent the keys) it warns of them.
    """
    values: dict[str, str] = {}
    on_command_line: list[str] = []
    warnings: list[str] = []
    for name in CREDENTIALS:
        value = str(flags.get(name, "")).strip()
        source = flag_of(name)
        if value:
            on_command_line.append(source)
        try:
            if not value:
                source, value = _from_environment(name, environ, read_file, warnings)
            if value:
                values[name] = _checked(source, value)
        except ConfigError as exc:
            if are_needed:
                raise
            warnings.append(str(exc))
    if on_command_line:
        warnings.insert(0, _seen_by_others(on_command_line))
    return Credentials(values=values, warnings=tuple(warnings))


def read_secret_file(path: Path) -> GivenFile:
    """Read a credential file. Raises `OSError`."""
    return read_given(path, _LARGEST_SECRET_BYTES)


def read_config_file(path: Path) -> GivenFile:
    """Read a file of settings. Raises `OSError`."""
    return read_given(path, _LARGEST_CONFIG_BYTES)


def _from_environment(
    name: str, environ: Mapping[str, str], read_file: Callable[[Path], GivenFile], warnings: list[str]
) -> tuple[str, str]:
    variable, file_variable = env_of(name), file_env_of(name)
    value = environ.get(variable, "").strip()
    path_text = environ.get(file_variable, "").strip()
    if value or not path_text:
        return variable, value
    try:
        secret = read_file(Path(path_text))
        text = secret.data.decode()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError(f"{file_variable} names {path_text}, which can't be read: {why}.") from error
    except ValueError:
        # A decoding error quotes the bytes of the secret, so it is not chained.
        raise ConfigError(f"{file_variable} names {path_text}, which holds no UTF-8 text.") from None
    if not secret.is_private:
        warnings.append(f"{path_text} ({file_variable}) can be read by other users: chmod 600 it.")
    return file_variable, text.strip()


def _checked(source: str, value: str) -> str:
    if is_placeholder(value):
        raise ConfigError(f"{source} holds the placeholder of an example, not a key.")
    if not value.isprintable() or not value.isascii():
        raise ConfigError(f"{source} holds more than one line or characters that can't be in a key.")
    return value


def _seen_by_others(flags: list[str]) -> str:
    return (
        f"Other users of this machine can see {', '.join(flags)} in the process list: use the environment "
        "(TG1_TRADE_KEY, …) or files (TG1_TRADE_KEY_FILE, …) instead."
    )
