"""Where each setting comes from: flag before environment before file before default. PURE.

The environment names what has a value (`TG1_STATE_DIR`, `TG1_TOKEN_A`). Switches are given where they are seen, in the
line or in the file, so that nothing of a machine's environment turns one on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tg1.settings.config_file import NO_FILE, ConfigFile
from tg1.settings.flag_table import GROUPS, REPEATABLE
from tg1.settings.flags import CREDENTIALS, env_of, file_env_of, flag_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = re.compile(r"--[a-z][a-z-]*|TG1_[A-Z_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What was set, and by whom."""

    flags: Mapping[str, Any]
    """By field name, as all three."""
    environ: Mapping[str, str]
    file: ConfigFile

    @property
    def values(self) -> dict[str, Any]:
        """Every setting but the credentials, by field name; what is absent has its default."""
        typed = {name: value for name, value in self.flags.items() if name not in CREDENTIALS}
        return {**self.file.values, **self.environ, **typed}

    @property
    def given(self) -> frozenset[str]:
        """What this bot was told, by its line or its file; an environment may be every bot's."""
        return frozenset(self.flags) | frozenset(self.file.values)

    def secret_environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment with the file's names of secret files behind it."""
        return {file_env_of(name): path for name, path in self.file.secret_files.items()} | dict(environ)

    def of(self, name: str) -> str:
        """Who set a field, as a person reads it."""
        if name in self.flags:
            return flag_of(name)
        if name in self.environ:
            return variable_of(name)
        return self.file.place(name) if name in self.file.values else "default"

    def of_secret(self, name: str, environ: Mapping[str, str]) -> str:
        """Where a credential that was found comes from (behaviour 16)."""
        if str(self.flags.get(name, "")).strip():
            return flag_of(name)
        variable = next((each for each in (env_of(name), file_env_of(name)) if environ.get(each, "").strip()), "")
        return variable or self.file.place(name)

    def explain(self, refusal: str) -> str:
        """The same sentence with the places of those settings it names that did not come from the line."""
        places = [place for word in dict.fromkeys(_WORDS.findall(refusal)) if (place := self._place(word))]
        return f"{refusal.rstrip('.')} ({'; '.join(places)})." if places else refusal

    def _place(self, word: str) -> str:
        name = _BY_WORD.get(word, "")
        if word.startswith("TG1_"):
            return self.file.place(name) if name in self.file.secret_files else ""
        by = self.of(name) if name and name not in self.flags else "default"
        return "" if by == "default" else f"{word.removeprefix('--')}: {by}"


def variable_of(name: str) -> str:
    """The environment variable of a setting, e.g. "TG1_TOKEN_A"."""
    return "TG1_" + flag_of(name).removeprefix("--").upper().replace("-", "_")


def gather(flags: Mapping[str, Any], environ: Mapping[str, str], file: ConfigFile = NO_FILE) -> Sources:
    """Put the three together; an empty variable is none."""
    found = {name: text for name in _FROM_ENVIRONMENT if (text := environ.get(variable_of(name), "").strip())}
    return Sources(flags=flags, environ=found, file=file)


_VALUED = [flag.field for group in GROUPS.values() for flag in group if flag.metavar]
_FROM_ENVIRONMENT = [name for name in _VALUED if name not in (*CREDENTIALS, *REPEATABLE)]
_BY_WORD = {flag_of(flag.field): flag.field for group in GROUPS.values() for flag in group} | {
    file_env_of(name): name for name in CREDENTIALS
}
