"""`tg1 config check|show` tells whether a file of settings is fine, and what a bot gets from which source."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from tg1.cli import parse_command
from tg1.errors import ConfigError, ExitCode
from tg1.screen.command import CommandParser, complain, run_command
from tg1.screen.money import counted
from tg1.screen.output import show
from tg1.settings.flag_table import GROUPS
from tg1.settings.flags import CREDENTIALS, TURNED_OFF, flag_of
from tg1.settings.values import shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tg1.cli import ParsedCommand


def main(argv: Sequence[str] | None = None) -> int:
    """Check files, or show what a bot would get; the exit code is 0, or that of the refusal."""
    return run_command("config", lambda: _answer(*build_parser().parse_known_args(argv)))


def _answer(given: argparse.Namespace, flags: Sequence[str]) -> int:
    if given.action == "check":
        return _check(given.files, flags)
    command = _parsed(flags)
    for warning in command.warnings:
        complain("config", warning)
    show(json.dumps(settings(command), indent=2) if given.as_json else table(command))
    return int(ExitCode.OK)


def build_parser() -> argparse.ArgumentParser:
    """Two actions, with their own flags."""
    parser = CommandParser(
        prog="tg1 config", description="Check a bot's file of settings, or show what a bot would get."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|show")
    check = actions.add_parser("check", help="judge files as a start would; nothing is logged in")
    check.add_argument("files", nargs="+", metavar="FILE", help="TOML, keyed by the names of the flags of tg1 run")
    show = actions.add_parser("show", help="every setting with its source; takes --config and all flags of tg1 run")
    show.add_argument("--json", dest="as_json", action="store_true", help="one object instead of the table")
    return parser


def _parsed(flags: Sequence[str]) -> ParsedCommand:
    """As a dry run, so that a bot can be looked at on a machine that has none of its secrets."""
    return parse_command([*flags, "--dry-run"], os.environ)


def _check(files: Sequence[str], flags: Sequence[str]) -> int:
    if flags:
        raise ConfigError(f"{shown(flags[0])} is no file; check takes nothing but files.")
    worst = ExitCode.OK
    for name in files:
        try:
            command = parse_command(["--config", name], os.environ)
        except ConfigError as exc:
            worst = exc.exit_code
            sentence = str(exc)
            show(sentence if sentence.startswith(name) else f"{name}: {sentence}")
            continue
        for warning in command.warnings:
            show(f"{name}: {warning}")
        show(f"{name}: fine: {_in_short(command)}")
    return int(worst)


def _in_short(command: ParsedCommand) -> str:
    config = command.config
    pair = f"{config.token_a_symbol} hedged with {config.token_b_symbol}" if config.has_oco else config.token_a_symbol
    centre = "auto" if config.auto_entry else f"{config.entry_price:.2f}"
    where = "paper" if config.paper else "real money"
    grid = f"{counted(config.steps, 'step')} of {config.spread} around {centre}"
    return f"{config.bot_name}, {config.trade_type} on {pair}, {grid}, {where}"


def settings(command: ParsedCommand) -> dict[str, dict[str, str]]:
    """Value and source of every flag, by its name without dashes; of a secret only whether it is there."""
    named = (flag.field for group in GROUPS.values() for flag in group)
    return {
        flag_of(name).removeprefix("--"): {"value": _value(command, name), "source": _source(command, name)}
        for name in named
    }


def _value(command: ParsedCommand, name: str) -> str:
    value = getattr(command.config, name)
    if name in CREDENTIALS:
        return "(set)" if value else ""
    if name in TURNED_OFF:
        value = not value
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _source(command: ParsedCommand, name: str) -> str:
    sources = command.sources
    if name not in CREDENTIALS:
        return sources.of(name)
    return sources.of_secret(name, os.environ) if getattr(command.config, name) else "default"


def table(command: ParsedCommand) -> str:
    """The same as lines of a table, group by group."""
    rows: Mapping[str, dict[str, str]] = settings(command)
    lines = []
    for title, flags in GROUPS.items():
        lines += ["", title]
        for flag in flags:
            key = flag_of(flag.field).removeprefix("--")
            lines.append(f"  {key:20} {rows[key]['value'] or '-':30} {rows[key]['source']}".rstrip())
    return "\n".join(lines[1:])


if __name__ == "__main__":
    sys.exit(main())
