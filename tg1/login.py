"""`tg1 login`: the daily Kite login. A person logs in with his browser; the rest is done here, and checked.

The second factor is not automated: the broker forbids it, and a token that a machine can make alone is worth stealing.
"""

from __future__ import annotations

import argparse
import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tg1.cli import config_file
from tg1.errors import ConfigError, ExitCode, FeedError, KiteTokenExpired
from tg1.kite.credentials import ZerodhaConfigFile
from tg1.kite.daily_login import KiteApp, is_unsure, lives_until
from tg1.kite.redirect import wait_for_token
from tg1.kite.rest import KITE_ROOT
from tg1.kite.token_file import write_token
from tg1.machine.clock import SystemClock
from tg1.screen.command import CommandParser, run_command
from tg1.screen.output import show
from tg1.settings.credentials import read_config_file
from tg1.settings.sources import gather
from tg1.settings.values import to_root

if TYPE_CHECKING:
    from collections.abc import Sequence

_HIGHEST_PORT = 65535


def main(argv: Sequence[str] | None = None) -> int:
    """Log in, or check the token that is there; 0 when a token lives, 1 when a person has to log in."""
    return run_command(
        "login", lambda: _answer(vars(build_parser().parse_args(argv))), interrupted="interrupted; nothing was changed."
    )


def _answer(given: dict[str, Any]) -> int:
    asked = {name: given.pop(name, None) for name in ("check", "listen", "open", "config")}
    sources = gather(given, os.environ, config_file(asked["config"], read_config_file))
    file, app = _way_in(sources.values)
    return _check(file, app) if asked["check"] else _log_in(file, app, asked["listen"], open_it=bool(asked["open"]))


def build_parser() -> argparse.ArgumentParser:
    """The flags of a login; those of the bot mean the same here."""
    parser = CommandParser(
        prog="tg1 login",
        description="Get Zerodha's access token of the day: log in with your browser, then paste the address that it "
        "leads to. The password and the second factor stay between you and Zerodha.",
        argument_default=argparse.SUPPRESS,
    )
    add = parser.add_argument
    add("--config", metavar="FILE", help="take --zerodha-config and --zerodha-user from a bot's file of settings")
    add("--zerodha-config", metavar="FILE", help="INI file with api_key and api_secret, or TG1_ZERODHA_CONFIG")
    add("--zerodha-user", metavar="NAME", help="section [API_CREDENTIALS_<NAME>] of it (default: Sai)")
    add("--listen", metavar="PORT", type=_port, help="take the redirect itself, when the app's redirect URL is "
        "http://127.0.0.1:PORT")  # fmt: skip
    add("--open", action="store_true", help="open the login page in this machine's browser")
    add("--check", action="store_true", help="say whether the token lives, and until when; log nobody in")
    add("--kite-root", metavar="URL", help=f"Kite's REST server (default: {KITE_ROOT})")
    add("--insecure-tls", action="store_const", const=True, help="don't verify certificates (dangerous)")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1 to {_HIGHEST_PORT}")
    return int(text)


def _way_in(values: dict[str, Any]) -> tuple[ZerodhaConfigFile, KiteApp]:
    if not values.get("zerodha_config"):
        raise ConfigError("--zerodha-config is missing: give it, --config, or TG1_ZERODHA_CONFIG.")
    path, user = Path(values["zerodha_config"]).expanduser(), values.get("zerodha_user", "Sai")
    file = ZerodhaConfigFile(path=path, user=user)
    key, secret = file.app()
    root = to_root("--kite-root", values.get("kite_root", KITE_ROOT), scheme="https")
    return file, KiteApp(api_key=key, api_secret=secret, root=root, insecure_tls=bool(values.get("insecure_tls")))


def _check(file: ZerodhaConfigFile, app: KiteApp) -> int:
    try:
        user = app.user(file.access_token())
    except KiteTokenExpired:
        show(f"The token in {file.path} is dead. Log in: tg1 login --zerodha-config {file.path}")
        return int(ExitCode.FAILED)
    show(f"The token in {file.path} lives, as {user or 'an unnamed user'}, {_until()}")
    return int(ExitCode.OK)


def _log_in(file: ZerodhaConfigFile, app: KiteApp, port: int | None, *, open_it: bool) -> int:
    show(f"Log in here, with your own browser and your second factor:\n\n    {app.address}\n")
    if port is not None:
        show(f"Waiting for the redirect to http://127.0.0.1:{port} on this machine.")
    show("Or paste here the address that the login leads to, and press Enter:")
    if open_it and not webbrowser.open(app.address):
        show("(This machine has no browser that can be opened.)")
    token, user = app.exchange(wait_for_token(port, sys.stdin, show))
    write_token(file.path, file.user, token)
    try:
        user = app.user(token) or user
    except FeedError as exc:
        raise type(exc)(f"the token was written to {file.path}, but the check of it failed: {exc}") from exc
    show(f"Logged in as {user or 'an unnamed user'}. The token is in {file.path} and lives, {_until()}")
    return int(ExitCode.OK)


def _until() -> str:
    now = SystemClock().now()
    end = lives_until(now)
    doubt = " One made before 08:00 may die earlier: check it again after 08:00." if is_unsure(now) else ""
    return f"until about {end:%H:%M} IST on {end:%d %b}.{doubt}"


if __name__ == "__main__":
    sys.exit(main())
