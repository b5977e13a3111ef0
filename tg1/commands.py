"""`tg1 NAME …`: which command is meant, and where it lives. Nothing of it is imported before it is asked for.

A line that begins with a flag is the bot's own, as it was before there were commands: `tg1 --bot-name …`.
"""

from __future__ import annotations

import difflib
import signal
import sys
from dataclasses import dataclass
from importlib import import_module

from tg1.errors import ExitCode
from tg1.machine.importing import at_rest
from tg1.screen.output import show, spell_out

BOT = "run"


@dataclass(frozen=True, slots=True)
class Command:
    """One word behind `tg1`."""

    module: str
    """Its `main(argv)` returns the exit code."""
    does: str
    """One line for the list of commands."""


COMMANDS = {
    BOT: Command("tg1.run", "trade; every flag of tg1 without a command belongs to it"),
    "config": Command("tg1.config_command", "check a bot's file of settings, or show what a bot would get"),
    "doctor": Command("tg1.doctor.__main__", "look over machine, brokers and accounts before a start"),
    "login": Command("tg1.login", "the daily Kite login: get the access token of the day, or check it"),
    "status": Command("tg1.status", "how every bot is, and whether one needs you"),
    "orders": Command("tg1.orders", "what works at the brokers, and what filled today"),
    "history": Command("tg1.history", "what each day came to, net of charges"),
    "pause": Command("tg1.pause", "let a bot open nothing new; targets and hedges stay"),
    "resume": Command("tg1.resume", "let a bot place entries again"),
    "watch": Command("tg1.watch.__main__", "alerts to your phone, a page and metrics of all bots"),
    "replay": Command("tg1.replay.__main__", "what would this grid have done on real prices?"),
    "data": Command("tg1.data.__main__", "bring real prices to disk, and check them"),
    "pair": Command("tg1.pair.__main__", "is one share a hedge for another?"),
    "sweep": Command("tg1.sweep.__main__", "which of many grids would have earned most, and was it luck?"),
    "completion": Command("tg1.completion", "teach bash or zsh these commands and their flags"),
    "paper": Command("tg1.paper.__main__", "serve the paper exchange alone, for other programs"),
}


def main(argv: list[str]) -> int:
    """Run the command that the words ask for and return its exit code."""
    spell_out()
    if argv[:1] in (["-h"], ["--help"], ["help"]):
        show(overview())
        return ExitCode.OK
    name, *others = [BOT, *argv] if not argv or argv[0].startswith("-") else argv
    if name not in COMMANDS:
        print(f"tg1: {unknown(name)}", file=sys.stderr)  # noqa: T201  # the sentence is for the operator's terminal
        return ExitCode.USAGE
    with at_rest():
        module = import_module(COMMANDS[name].module)
    if name != BOT:
        # The bot brings its own handler; the others hear of Ctrl-C as Python tells it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return int(module.main(others))


def overview() -> str:
    """The commands, one a line."""
    width = max(map(len, COMMANDS))
    rows = (f"  {name:{width}}  {command.does}" for name, command in COMMANDS.items())
    return "\n".join(
        (
            "usage: tg1 COMMAND …        tg1 COMMAND --help tells its flags",
            "",
            "A two-token grid bot with OCO hedges for NSE cash equity.",
            "tg1 run trades real money, unless --dry-run or --paper is given.",
            "",
            *rows,
        )
    )


def unknown(name: str) -> str:
    """What to say of a word that is no command."""
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean tg1 {near[0]}?" if near else "tg1 --help lists them."
    return f"{name[:40]!r} is no command; {hint}"
