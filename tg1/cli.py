"""The command line: every flag of behaviour 18, and what they say together. No default lives here.

Values reach `GridOcoConfig` as text and are converted and judged there, so that a flag and a field can't disagree.
Every refusal is a `ConfigError` of one sentence; only `--help` and `--version` end in `SystemExit(0)`.
"""

from __future__ import annotations

import argparse
import difflib
import textwrap
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.machine.version import tg1_version
from tg1.screen.command import CommandParser
from tg1.screen.output import show
from tg1.settings.cautions import cautions, wire_cautions
from tg1.settings.checks import check_cancel_all
from tg1.settings.config_file import NO_FILE, parse
from tg1.settings.credentials import collect, read_config_file, read_secret_file
from tg1.settings.flag_table import ALIASES, GROUPS, REPEATABLE
from tg1.settings.flags import CREDENTIALS, TURNED_OFF, flag_of
from tg1.settings.sources import Sources, gather
from tg1.settings.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tg1.machine.files import GivenFile
    from tg1.settings.config_file import ConfigFile
    from tg1.settings.flag_table import Flag


class Action(StrEnum):
    """What the process is to do."""

    START = "start"
    DRY_RUN = "dry-run"
    CANCEL_ALL = "cancel-all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCommand:
    """A command line that was understood and found consistent."""

    config: GridOcoConfig
    action: Action
    given: frozenset[str]
    """Names of the fields that the command line or its file set, for a second `GridOcoConfig.validate`."""
    sources: Sources
    """Who set what."""
    square_off: bool = False
    """With `CANCEL_ALL`: close what the bot holds, too (behaviour 13)."""
    yes: bool = False
    """Don't ask before that."""
    warnings: tuple[str, ...] = ()
    """Sentences to be logged once logging runs."""


class _Help(argparse.Action):
    """`--help` on one screen, `--help GROUP` for what a group's flags mean, `--help all` for everything."""

    def __call__(self, parser: argparse.ArgumentParser, _given: object, values: object, *_: object) -> NoReturn:
        group = str(values)
        if group == "all":
            show(parser.format_help().rstrip())
        elif not group:
            show(short_help())
        else:
            show(_group_help(group))
        parser.exit()


def short_help() -> str:
    """Every flag by its group, on one screen of 80 columns."""
    names = {title: [flag_of(flag.field) for flag in flags] for title, flags in GROUPS.items()}
    names["actions"] = ["--dry-run", "--cancel-all", "--square-off", "--yes", "--version"]
    rows = [
        textwrap.fill(
            " ".join(flags), 80, initial_indent=f"{title:10}", subsequent_indent=" " * 10, break_on_hyphens=False
        )
        for title, flags in names.items()
    ]
    return "\n".join(
        (
            "usage: tg1 run --config FILE, or flags   (real money, unless --paper or --dry-run)",
            "       tg1 run --help GROUP explains the flags of a group, --help all every flag",
            *rows,
        )
    )


def _group_help(title: str) -> str:
    """What the flags of one group mean. Raises `ConfigError`."""
    if title not in GROUPS:
        raise ConfigError(f"{shown(title)} is no group of flags: --help takes one of {', '.join(GROUPS)}, all.")
    parser = argparse.ArgumentParser(prog="tg1 run", usage=argparse.SUPPRESS, add_help=False)
    group = parser.add_argument_group(title)
    for flag in GROUPS[title]:
        _add(group, flag)
    return parser.format_help().rstrip()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of behaviour 18; its namespace holds only what was given, as text, by field name."""
    parser = CommandParser(
        prog="tg1",
        description="A two-token grid bot with OCO hedges for NSE cash equity. It trades real money unless --dry-run "
        "or --paper is given.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        add_help=False,
    )
    parser.add_argument(
        "-h", "--help", nargs="?", const="", metavar="GROUP", action=_Help, help="this, or a group of it"
    )
    parser.add_argument("--config", metavar="FILE", help="settings from a TOML file, keyed by the names of these flags")
    parser.add_argument("--version", action=_Version, nargs=0, help="the version of TG1")
    for title, flags in GROUPS.items():
        group = parser.add_argument_group(title)
        for flag in flags:
            _add(group, flag)
    actions = parser.add_argument_group("actions")
    actions.add_argument("--dry-run", action="store_true", help="print the grid and end")
    actions.add_argument("--cancel-all", action="store_true", help="stop the bot, cancel all its orders and end")
    actions.add_argument("--square-off", action="store_true", help="with --cancel-all: close what the bot holds, too")
    actions.add_argument("--yes", action="store_true", help="with --cancel-all: don't ask before closing positions")
    return parser


class _Version(argparse.Action):
    """Prints the version; a start that is not asked for it reads no package's metadata."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"tg1 {tg1_version()}")  # noqa: T201  # what was asked for
        parser.exit()


def _add(group: argparse._ArgumentGroup, flag: Flag) -> None:
    names = [flag_of(flag.field), *ALIASES.get(flag.field, ())]
    if not flag.metavar:
        turned_on = flag.field not in TURNED_OFF
        group.add_argument(
            *names, dest=flag.field, action="store_const", const=turned_on, help=flag.help.replace("%", "%%")
        )
        return
    text = f"{flag.help}{_default_note(flag.field)}".replace("%", "%%")
    action = "append" if flag.field in REPEATABLE else "store"
    group.add_argument(*names, dest=flag.field, metavar=flag.metavar, help=text, action=action)


def _default_note(field: str) -> str:
    default = _DEFAULTS[field]
    # An empty, absent or zero default means "has to be given" or is told by the help itself.
    return f" (default: {default})" if default else ""


_DEFAULTS = {one.name: None if one.default is MISSING else one.default for one in fields(GridOcoConfig)}


def parse_command(
    argv: Sequence[str],
    environ: Mapping[str, str],
    read_file: Callable[[Path], GivenFile] = read_secret_file,
    read_config: Callable[[Path], GivenFile] = read_config_file,
) -> ParsedCommand:
    """Understand a command line (without the program's name) and judge it for its action.

    Raises `ConfigError` (exit 2) with one sentence; `SystemExit(0)` after `--help` and `--version`.
    """
    values = _given_values(argv)
    actions = {name: bool(values.pop(name, False)) for name in ("dry_run", "cancel_all", "square_off", "yes")}
    action = _action(**actions)
    file = config_file(values.pop("config", None), read_config)
    sources = gather(values, environ, file)
    try:
        are_needed = action is not Action.DRY_RUN and not sources.values.get("paper")
        credentials = collect(values, sources.secret_environ(environ), read_file, are_needed=are_needed)
        named = {"bot_name": "", "token_a_symbol": "", **sources.values, **credentials.values}
        config = _reachable(GridOcoConfig(**named), sources.given)
        _judge(config, action, sources.given)
    except ConfigError as exc:
        raise type(exc)(sources.explain(str(exc))) from exc
    told = wire_cautions if action is Action.CANCEL_ALL else cautions
    return ParsedCommand(
        config=config,
        action=action,
        given=sources.given,
        sources=sources,
        square_off=actions["square_off"],
        yes=actions["yes"],
        warnings=(*map(sources.explain, credentials.warnings), *told(config)),
    )


def config_file(name: str | None, read: Callable[[Path], GivenFile]) -> ConfigFile:
    """The settings of `--config`. Raises `ConfigError`."""
    if name is None:
        return NO_FILE
    try:
        # Editors on Windows put a mark before the first letter.
        return parse(read(Path(name)).data.decode("utf-8-sig"), name)
    except OSError as exc:
        raise ConfigError(f"--config {shown(name)} can't be read: {exc.strerror or exc}.") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"--config {shown(name)} is no UTF-8 text.") from exc


def _given_values(argv: Sequence[str]) -> dict[str, Any]:
    """What was typed, as text by field name (and the actions by theirs)."""
    parser = build_parser()
    namespace, unknown = parser.parse_known_args(argv)
    if unknown:
        raise ConfigError(_unknown_sentence(unknown[0], argv, parser))
    return dict(vars(namespace))


def _action(*, dry_run: bool, cancel_all: bool, square_off: bool, yes: bool) -> Action:
    if dry_run and cancel_all:
        raise ConfigError("--dry-run contradicts --cancel-all: give one of the two.")
    if cancel_all:
        return Action.CANCEL_ALL
    if square_off or yes:
        name = "--square-off" if square_off else "--yes"
        raise ConfigError(f"{name} has no use without --cancel-all: it belongs to the emergency stop.")
    return Action.DRY_RUN if dry_run else Action.START


def _reachable(config: GridOcoConfig, given: frozenset[str]) -> GridOcoConfig:
    """The config with a stop count that nobody asked for lowered to what a small grid can reach (behaviour 19)."""
    if "oco_stop_count" in given or config.oco_stop_count <= config.steps:
        return config
    return replace(config, oco_stop_count=config.steps)


def _judge(config: GridOcoConfig, action: Action, given: frozenset[str]) -> None:
    """Refuse what is wrong for this action; the emergency stop asks for no more than it needs (behaviour 13, 18)."""
    if action is Action.CANCEL_ALL:
        check_cancel_all(config, given)
        return
    config.validate(given)
    if action is Action.START:
        config.validate_credentials()


def _unknown_sentence(argument: str, argv: Sequence[str], parser: argparse.ArgumentParser) -> str:
    """Name what was not understood, but never a value that may be a secret."""
    if not argument.startswith("-"):
        before = _flag_before(argument, argv)
        if not before:
            return f"{shown(argument)} belongs to no flag; a file of settings is given as --config FILE."
        what = "A value" if before in {flag_of(name) for name in CREDENTIALS} else shown(argument)
        return f"{what} after {before} belongs to no flag (a value with spaces needs quotes); see --help."
    name = argument.split("=", 1)[0]
    options = [option for action in parser._actions for option in action.option_strings]  # noqa: SLF001  # argparse has no public list of its flags
    known = [option.removeprefix("--") for option in options if option.startswith("--")]
    typed = name.lstrip("-")
    begun = [option for option in known if typed and option.startswith(typed)]
    near = begun or difflib.get_close_matches(typed, known, n=1)
    hint = f"did you mean --{near[0]}?" if near else "see --help."
    return f"{shown(name)} is not a flag of tg1; {hint}"


def _flag_before(argument: str, argv: Sequence[str]) -> str:
    position = list(argv).index(argument) if argument in argv else 0
    flags = [one.split("=", 1)[0] for one in argv[:position] if one.startswith("--")]
    return flags[-1] if flags else ""
