"""What `tg1 watch` was asked for."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from datetime import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError
from tg1.machine.hosts import is_host, is_loopback
from tg1.screen.command import CommandParser
from tg1.watch.alerts import DEFAULT_NOISE, Kind, Noise, QuietHours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HIGHEST_PORT = 65535
_CLOCK = r"([01]\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"{_CLOCK}-{_CLOCK}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the page listens."""

    host: str
    port: int
    """0: any free one."""

    @property
    def is_local(self) -> bool:
        """True when only this machine can reach it."""
        return is_loopback(self.host)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCommand:
    """One watch."""

    folders: tuple[Path, ...]
    listen: Address | None
    token_file: Path | None
    allowed_hosts: frozenset[str]
    alert_urls: Path | None
    noises: Mapping[Kind, Noise]
    quiet_hours: QuietHours | None
    spool: Path | None
    """None: in the first folder of bots."""
    test_alert: bool
    as_json: bool


_ABOUT = """\
Watch all bots of a state folder: alerts to your phone, a page, metrics.
It reads and changes nothing. A bot that hangs or has died can't tell you so."""
_MORE = f"""\
alert kinds: {", ".join([*Kind][:7])},
             {", ".join([*Kind][7:])}
noises: urgent  at once, at any hour
        normal  at once, but not in quiet hours
        quiet   gathered into one message every 15 minutes
        off     not at all

examples:
  tg1 watch --alert-urls urls --test-alert       prove that alerts arrive
  tg1 watch --alert-urls urls --listen 127.0.0.1:8080
  tg1 watch --alert-urls urls --alert fill=normal --quiet-hours 22:00-08:00

variables: TG1_ALERT_URLS, TG1_ALERT_URLS_FILE, TG1_WATCH_TOKEN_FILE
exit codes: 0 ended by SIGTERM, or every test alert was taken; 1 one was not;
            2 wrong usage; 6 another watch keeps the same spool; 130 Ctrl-C"""


def build_parser() -> argparse.ArgumentParser:
    """The flags."""
    parser = CommandParser(
        prog="tg1 watch",
        usage="tg1 watch [--state-dir DIR] [--alert-urls FILE] [--listen HOST:PORT] …",
        description=_ABOUT,
        epilog=_MORE,
        allow_abbrev=False,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=80),
    )
    add = parser.add_argument
    add("--state-dir", metavar="DIR", type=Path, action="append", help="folder of bots (default: state); repeatable")
    add("--json", dest="as_json", action="store_true", help="print what there is to tell as one JSON line")
    alerts = parser.add_argument_group("alerts").add_argument
    alerts("--alert-urls", metavar="FILE", type=Path, help="addresses as Apprise knows them, one a line; mode 0600")
    alerts("--alert", metavar="KIND=NOISE", type=_noise, action="append", help="how loud a kind is; repeatable")
    alerts("--quiet-hours", metavar="HH:MM-HH:MM", type=_hours, help="IST; only urgent alerts pass")
    alerts("--spool", metavar="FILE", type=Path, help="kept over a restart (default: DIR/watch/spool.json)")
    alerts("--test-alert", action="store_true", help="send a test to every address, say how it went, end")
    page = parser.add_argument_group("page, /metrics, /healthz").add_argument
    page("--listen", metavar="HOST:PORT", type=_address, help="e.g. 127.0.0.1:8080; port 0: any free one")
    page("--token-file", metavar="FILE", type=Path, help="the page's token; needed off loopback")
    page("--allow-host", metavar="NAME", type=_host, action="append", help="further name of the page, behind a proxy")
    return parser


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> WatchCommand:
    """Understand a command line. Raises `ConfigError`; `SystemExit(0)` after `--help`."""
    given = build_parser().parse_args(argv)
    folders = tuple(dict.fromkeys(given.state_dir or [Path("state")]))
    named = environ.get("TG1_WATCH_TOKEN_FILE", "").strip()
    command = WatchCommand(
        folders=folders,
        listen=given.listen,
        token_file=given.token_file or (Path(named) if named else None),
        allowed_hosts=frozenset(given.allow_host or ()),
        alert_urls=given.alert_urls,
        noises={**DEFAULT_NOISE, **dict(given.alert or ())},
        quiet_hours=given.quiet_hours,
        spool=given.spool,
        test_alert=given.test_alert,
        as_json=given.as_json,
    )
    _check(command)
    return command


def _check(command: WatchCommand) -> None:
    if command.listen is None or command.token_file is not None:
        return
    if not command.listen.is_local:
        raise ConfigError(
            f"--listen {command.listen.host} can be reached by other machines: that needs a token (--token-file FILE), "
            "and TLS by a proxy in front of it."
        )
    if command.allowed_hosts:
        raise ConfigError("--allow-host is for a page behind a proxy, and that needs a token: --token-file FILE.")


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not is_host(host) or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, e.g. 127.0.0.1:8080")
    return Address(host=host, port=int(port))


def _host(text: str) -> str:
    if not is_host(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a host")
    return text.lower()


def _noise(text: str) -> tuple[Kind, Noise]:
    kind, _, noise = text.partition("=")
    if kind not in [*Kind]:
        raise argparse.ArgumentTypeError(f"{kind!r} is no kind of alert: {', '.join(Kind)}")
    if noise not in [*Noise]:
        raise argparse.ArgumentTypeError(f"{text!r} needs one of {', '.join(Noise)} after the =")
    return Kind(kind), Noise(noise)


def _hours(text: str) -> QuietHours:
    found = _HOURS.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not HH:MM-HH:MM, e.g. 22:00-08:00")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    hours = QuietHours(begins=time(begin_hour, begin_minute), ends=time(end_hour, end_minute))
    if hours.begins == hours.ends:
        raise argparse.ArgumentTypeError(f"{text!r} begins when it ends: no hour would be quiet")
    return hours
