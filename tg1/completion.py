"""`tg1 completion bash|zsh` prints what teaches a shell the commands and their flags."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tg1.commands import COMMANDS
from tg1.errors import ConfigError, ExitCode
from tg1.screen.command import CommandParser, run_command
from tg1.screen.output import show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

PARSERS = {
    "run": "tg1.cli:build_parser",
    "config": "tg1.config_command:build_parser",
    "doctor": "tg1.doctor.program:build_parser",
    "login": "tg1.login:build_parser",
    "status": "tg1.status:build_parser",
    "orders": "tg1.orders:build_parser",
    "history": "tg1.history:build_parser",
    "pause": "tg1.pause:build_parser",
    "resume": "tg1.resume:build_parser",
    "watch": "tg1.watch.command:build_parser",
    "replay": "tg1.replay.command:build_parser",
    "data": "tg1.data.command:build_parser",
    "pair": "tg1.pair.command:build_parser",
    "sweep": "tg1.sweep.flags:build_parser",
    "paper": "tg1.paper.__main__:make_parser",
    "completion": "tg1.completion:build_parser",
}
"""What makes each command's parser."""
_FILES, _FOLDERS = ("FILE",), ("FOLDER", "DIR")


def build_parser() -> argparse.ArgumentParser:
    """One word: the shell."""
    parser = CommandParser(
        prog="tg1 completion",
        description="Print the completion of a shell. bash: tg1 completion bash > "
        "~/.local/share/bash-completion/completions/tg1; zsh: into a folder of $fpath, as _tg1.",
    )
    parser.add_argument("shell", choices=["bash", "zsh"])
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Print the script; 0, or 2 with a sentence."""
    return run_command("completion", lambda: _print(build_parser().parse_args(argv).shell))


def _print(shell: str) -> int:
    show(script(shell))
    return int(ExitCode.OK)


def script(shell: str) -> str:
    """The completion of all commands. Raises `ConfigError` where what makes it is not installed."""
    shtab = _shtab()
    root = argparse.ArgumentParser(prog="tg1")
    commands = root.add_subparsers()
    for name, place in PARSERS.items():
        module, _, make = place.partition(":")
        try:
            theirs = getattr(import_module(module), make)()
        except ModuleNotFoundError as exc:
            raise ConfigError(f"{name} needs {exc.name}: pip install 'tg1[insight,watch]'.") from exc
        _mark_paths(theirs, shtab)
        commands.add_parser(
            name, parents=[theirs], add_help=False, help=COMMANDS[name].does, conflict_handler="resolve"
        )
    return str(shtab.complete(root, shell=shell))


def _shtab() -> ModuleType:
    try:
        return import_module("shtab")
    except ModuleNotFoundError as exc:
        raise ConfigError("shtab is missing; install it with: pip install 'tg1[shell]'.") from exc


def _mark_paths(parser: argparse.ArgumentParser, shtab: Any) -> None:
    for action in parser._actions:  # noqa: SLF001  # argparse has no public list of its flags
        words = str(action.metavar or "").upper()
        if any(word in words for word in _FILES):
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # how the library is told
        elif any(word in words for word in _FOLDERS):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # as above


if __name__ == "__main__":
    sys.exit(main())
