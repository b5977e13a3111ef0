"""What all commands have in common: how they refuse, and what they end with (behaviour 14)."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from tg1.errors import ConfigError, ExitCode, Tg1Error
from tg1.screen.logs import say
from tg1.screen.output import spell_out

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

INTERRUPTED = 130
"""The shell's own code for a program that Ctrl-C ended."""


class CommandParser(argparse.ArgumentParser):
    """A parser whose refusals are one sentence, without a dump of the usage."""

    def error(self, message: str) -> NoReturn:
        """Raise `ConfigError`."""
        sentence = message.removeprefix("argument ")
        if "expected one argument" in sentence:
            sentence += " (one that begins with - is written --flag=VALUE)"
        raise ConfigError(f"{sentence}; see {self.prog} --help.")


def run_command(word: str, act: Callable[[], int], *, interrupted: str = "") -> int:
    """Carry a command out and return its exit code; every refusal is one sentence on stderr.

    `interrupted` is said after Ctrl-C: what stands and what doesn't. A reader that has had enough (`| head`) is no
    failure.
    """
    spell_out()
    try:
        return int(act())
    except Tg1Error as exc:
        complain(word, str(exc))
        return int(exc.exit_code)
    except BrokenPipeError:
        # What is left in the buffer would fail once more, and loudly, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.OK)
    except KeyboardInterrupt:
        if interrupted:
            complain(word, interrupted)
        return INTERRUPTED


def complain(word: str, sentence: str) -> None:
    """Say a sentence of a command on stderr."""
    say(sys.stderr, f"tg1 {word}: {sentence}")


def without(word: str, missing: ModuleNotFoundError, packages: Collection[str], extra: str) -> SystemExit:
    """The end of a command whose extra is not installed. Raises `missing` itself when another module is."""
    if missing.name not in packages:
        raise missing
    complain(word, f"{missing.name} is missing; install it with: pip install 'tg1[{extra}]'")
    return SystemExit(ExitCode.USAGE)
