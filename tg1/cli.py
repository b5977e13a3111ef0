"""The command line: every flag of behaviour 18, and what they say together. No default lives here.

Values reach `GridOcoConfig` as text and are converted and judged there, so that a flag and a field can't disagree.
Every refusal is a `ConfigError` of one sentence; only `--help` and `--version` end in `SystemExit(0)`.
"""

from __future__ import annotations

import argparse
import difflib
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NoReturn

from tg1.config import GridOcoConfig
from tg1.errors import ConfigError
from tg1.models import OcoOrderType, TradeType
from tg1.settings.cautions import cautions, wire_cautions
from tg1.settings.checks import LOG_LEVELS, PRODUCTS, check_cancel_all
from tg1.settings.credentials import collect, read_secret_file
from tg1.settings.flags import CREDENTIALS, flag_of
from tg1.settings.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tg1.machine.files import GivenFile

_ALIASES = {"product_type": ("--product-type",), "zerodha_user": ("--user",)}
_REPEATABLE = ("charges", "holidays", "trading_days")
_ZERODHA_VARIABLE = "TG1_ZERODHA_CONFIG"
_BETTER_ELSEWHERE = "; better from the environment or a file"


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
    """Names of the fields that the command line set, for a second `GridOcoConfig.validate`."""
    square_off: bool = False
    """With `CANCEL_ALL`: close what the bot holds, too (behaviour 13)."""
    yes: bool = False
    """Don't ask before that."""
    warnings: tuple[str, ...] = ()
    """Sentences to be logged once logging runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flag:
    field: str
    metavar: str
    """Unit or form of the value; empty for a switch."""
    help: str


def _flag(field: str, metavar: str, text: str) -> _Flag:
    return _Flag(field=field, metavar=metavar, help=text)


def _one_of(choices: Sequence[str]) -> str:
    return "{" + ",".join(choices) + "}"


_GROUPS: dict[str, tuple[_Flag, ...]] = {
    "bot": (
        _flag("bot_name", "NAME", "unique name of the bot"),
        _flag("trade_type", _one_of([*TradeType]), "active halves of the grid, and whether entries are hedged"),
        _flag("token_a_symbol", "SYMBOL", "NSE symbol that the grid trades"),
        _flag("token_b_symbol", "SYMBOL", "NSE symbol of the hedge (hedged trade types)"),
        _flag("exchange", "NAME", "only NSE cash is supported"),
        _flag("product_type", _one_of(PRODUCTS), "intraday or delivery"),
    ),
    "grid": (
        _flag("entry_price", "RUPEES", "centre of the grid"),
        _flag("auto_entry", "", "take TokenA's last price as the centre"),
        _flag("steps", "N", "levels per side"),
        _flag("spread", "RUPEES", "distance between levels"),
        _flag("target_spread", "RUPEES", "distance from an entry to its target"),
        _flag("token_a_quantity", "SHARES", "shares of TokenA per level"),
        _flag("max_open_entries", "N", "working entries per side at once, 0 = no limit"),
        _flag("auto_reenter", "", "close a level for good once its target has filled"),
        _flag("allow_off_centre", "", "start although TokenA trades outside the grid"),
    ),
    "hedge": (
        _flag("oco_spread", "RUPEES", "distance from TokenB's price to the OCO price"),
        _flag("token_b_quantity", "SHARES", "shares of TokenB per OCO order"),
        _flag("oco_stop_count", "N", "hedges that fail to fill, per direction, that terminate the bot"),
        _flag("oco_order_type", _one_of([*OcoOrderType]), "how a hedge rests in the market"),
        _flag("oco_limit_offset", "PERCENT", "limit beyond the trigger, in percent of the OCO price"),
    ),
    "accounts": (
        _flag("trade_key", "KEY", "XTS key of the Trade account" + _BETTER_ELSEWHERE),
        _flag("trade_secret", "SECRET", "XTS secret of the Trade account" + _BETTER_ELSEWHERE),
        _flag("upside_oco_key", "KEY", "XTS key of the account that hedges SELL entries"),
        _flag("upside_oco_secret", "SECRET", "XTS secret of that account"),
        _flag("downside_oco_key", "KEY", "XTS key of the account that hedges BUY entries"),
        _flag("downside_oco_secret", "SECRET", "XTS secret of that account"),
        _flag("trade_client", "CODE", "client of a dealer's Trade login that has several"),
        _flag("upside_oco_client", "CODE", "client of a dealer's login that hedges SELL entries"),
        _flag("downside_oco_client", "CODE", "client of a dealer's login that hedges BUY entries"),
        _flag(
            "charges",
            "[ACCOUNT:]ITEM=VALUE",
            "what brokers charge, e.g. brokerage=20 (an order), brokerage=0.03%:20 (at most 20), dp=15, "
            "downside-oco:brokerage=0; may be given several times (default: intraday=0.03%:20, delivery=0, dp=13)",
        ),
        _flag("zerodha_user", "NAME", "section [API_CREDENTIALS_<NAME>] of the Zerodha file"),
        _flag("zerodha_config", "FILE", f"INI file with Zerodha's api_key and access_token, or {_ZERODHA_VARIABLE}"),
    ),
    "wires": (
        _flag("xts_root", "URL", "XTS server"),
        _flag("kite_root", "URL", "Kite's REST server"),
        _flag("kite_ws_root", "URL", "Kite's ticker"),
        _flag("insecure_tls", "", "don't verify certificates (dangerous)"),
    ),
    "running": (
        _flag("poll_interval", "SECONDS", "time between cycles, 0.1 to 60, at most 10 with hedges"),
        _flag("stop_at", "HH:MM", "IST, end of the session (default: 15:00 for MIS, 15:10 for CNC and NRML)"),
        _flag("ignore_market_hours", "", "trade at any hour"),
        _flag("holidays", "YYYY-MM-DD", "a day without trading that is in no list; may be given several times"),
        _flag("trading_days", "YYYY-MM-DD", "a Saturday session or Muhurat; may be given several times"),
        _flag("state_dir", "FOLDER", "state, lock and session files"),
        _flag("log_dir", "FOLDER", "log file"),
        _flag("log_level", _one_of(LOG_LEVELS), "least level that is logged"),
        _flag("fresh", "", "archive the saved state and start anew"),
        _flag("clear_attention", "", "drop what was reported for a person to settle, and end the pauses"),
    ),
    "paper": (
        _flag("paper", "", "trade on the embedded exchange: no credentials, no network"),
        _flag("paper_prices", "FILE", "CSV of real prices to replay"),
        _flag("paper_price_b", "RUPEES", "where TokenB's made prices start"),
        _flag("paper_speed", "FACTOR", "paper seconds per real second"),
        _flag("paper_seed", "N", "seed of the made prices"),
        _flag("journal", "FILE", "record of all that the paper exchange saw"),
    ),
}


class _Parser(argparse.ArgumentParser):
    """An argparse whose errors are ours: one sentence, no usage dump."""

    def error(self, message: str) -> NoReturn:
        sentence = message.removeprefix("argument ")
        if "expected one argument" in sentence:
            sentence += " (one that begins with - is written --flag=VALUE)"
        raise ConfigError(f"{sentence}; see --help.")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of behaviour 18; its namespace holds only what was given, as text, by field name."""
    parser = _Parser(
        prog="tg1",
        description="A two-token grid bot with OCO hedges for NSE cash equity. It trades real money unless --dry-run "
        "or --paper is given.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--version", action="version", version=f"tg1 {_version()}")
    for title, flags in _GROUPS.items():
        group = parser.add_argument_group(title)
        for flag in flags:
            _add(group, flag)
    actions = parser.add_argument_group("actions")
    actions.add_argument("--dry-run", action="store_true", help="print the grid and end")
    actions.add_argument("--cancel-all", action="store_true", help="stop the bot, cancel all its orders and end")
    actions.add_argument("--square-off", action="store_true", help="with --cancel-all: close what the bot holds, too")
    actions.add_argument("--yes", action="store_true", help="with --cancel-all: don't ask before closing positions")
    return parser


def _version() -> str:
    try:
        return version("tg1")
    except PackageNotFoundError:
        return "(a checkout that is not installed)"


def _add(group: argparse._ArgumentGroup, flag: _Flag) -> None:
    names = [flag_of(flag.field), *_ALIASES.get(flag.field, ())]
    if not flag.metavar:
        turned_on = flag.field != "auto_reenter"
        group.add_argument(
            *names, dest=flag.field, action="store_const", const=turned_on, help=flag.help.replace("%", "%%")
        )
        return
    text = f"{flag.help}{_default_note(flag.field)}".replace("%", "%%")
    action = "append" if flag.field in _REPEATABLE else "store"
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
) -> ParsedCommand:
    """Understand a command line (without the program's name) and judge it for its action.

    Raises `ConfigError` (exit 2) with one sentence; `SystemExit(0)` after `--help` and `--version`.
    """
    values = _given_values(argv)
    actions = {name: bool(values.pop(name, False)) for name in ("dry_run", "cancel_all", "square_off", "yes")}
    action = _action(**actions)
    given = frozenset(values)
    credentials = collect(values, environ, read_file)
    if "zerodha_config" not in values and environ.get(_ZERODHA_VARIABLE, "").strip():
        values["zerodha_config"] = environ[_ZERODHA_VARIABLE].strip()
    for name in CREDENTIALS:
        values.pop(name, None)
    config = _reachable(GridOcoConfig(**{"bot_name": "", "token_a_symbol": "", **values, **credentials.values}), given)
    _judge(config, action, given)
    return ParsedCommand(
        config=config,
        action=action,
        given=given,
        square_off=actions["square_off"],
        yes=actions["yes"],
        warnings=credentials.warnings + (wire_cautions if action is Action.CANCEL_ALL else cautions)(config),
    )


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
    return flags[-1] if flags else "the program's name"
