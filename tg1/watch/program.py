"""`tg1 watch`: builds the parts, looks once a second, ends on a signal."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tg1.errors import ConfigError, ExitCode, Tg1Error
from tg1.machine.clock import SystemClock
from tg1.machine.redact import Redactor, install_excepthooks
from tg1.machine.terminal import outlive
from tg1.screen.logs import say, setup_logging
from tg1.screen.output import spell_out
from tg1.screen.writer import unbuffered
from tg1.told.notify import Notify
from tg1.watch.command import parse
from tg1.watch.guard import Guard
from tg1.watch.lookout import Lookout
from tg1.watch.memory import Memory
from tg1.watch.postman import Postman
from tg1.watch.rounds import Rounds
from tg1.watch.secret import read_token
from tg1.watch.server import PageServer
from tg1.watch.spool import Spool
from tg1.watch.targets import collect, targets_of
from tg1.watch.trial import try_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tg1.watch.command import WatchCommand
    from tg1.watch.targets import Target

log = logging.getLogger(__name__)

CTRL_C = 130
SPOOL = Path("watch", "spool.json")
"""Below the first state folder."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every refusal is one sentence on stderr."""
    spell_out()
    redactor = Redactor()
    install_excepthooks(redactor)
    try:
        command = parse(sys.argv[1:] if argv is None else argv, os.environ)
        return _with_logs(command, redactor)
    except Tg1Error as exc:
        say(sys.stderr, f"tg1 watch: {redactor.scrub(str(exc))}")
        return exc.exit_code
    except KeyboardInterrupt:
        return CTRL_C


def _with_logs(command: WatchCommand, redactor: Redactor) -> int:
    # Stdout is for what was asked for; without a stderr there is nobody to tell.
    logs = setup_logging(None, "INFO", redactor, stream=sys.stderr or io.StringIO())
    try:
        outlive(logs.hang_up)
        addresses = collect(command.alert_urls, os.environ)
        for warning in addresses.warnings:
            log.warning("%s", warning)
        targets = targets_of(addresses, redactor)
        if command.test_alert:
            return _trial(command, targets)
        return _watch(command, targets, redactor)
    finally:
        logs.close()


def _trial(command: WatchCommand, targets: Sequence[Target]) -> ExitCode:
    if not targets:
        raise ConfigError("--test-alert needs an address: --alert-urls FILE, or the variable TG1_ALERT_URLS.")
    clock = SystemClock()
    answers = try_all(targets, clock, socket.gethostname())
    if command.as_json:
        told = [{"target": name, "delivered": not why, "why": why} for name, why in answers.items()]
        _print(json.dumps({"targets": told}))
    else:
        for name, why in answers.items():
            _print(f"{name}: {f'NOT delivered: {why}' if why else 'delivered'}")
    return ExitCode.FAILED if any(answers.values()) else ExitCode.OK


def _watch(command: WatchCommand, targets: Sequence[Target], redactor: Redactor) -> int:
    if not targets and command.listen is None:
        raise ConfigError(
            "there is nobody to tell: give addresses for alerts (--alert-urls FILE, or TG1_ALERT_URLS), "
            "or a page (--listen 127.0.0.1:8080), or both."
        )
    clock = SystemClock()
    with ExitStack() as stack:
        clock.install_signal_handlers()
        lookout = Lookout(command.folders, clock, Memory(), command.noises)
        postman = Postman(targets, clock, host=socket.gethostname(), quiet_hours=command.quiet_hours)
        spool = _spool(command, targets, stack)
        rounds = Rounds(lookout, postman, spool, clock, notify=Notify(os.environ))
        rounds.adopt()
        server = _server(command, clock, redactor, stack)
        rounds.walk(server.show if server else None)
    return CTRL_C if clock.stop_signal is signal.SIGINT else ExitCode.OK


def _server(command: WatchCommand, clock: SystemClock, redactor: Redactor, stack: ExitStack) -> PageServer | None:
    if command.listen is None:
        return None
    token = read_token(command.token_file, redactor) if command.token_file is not None else ""
    if not command.listen.is_local:
        log.warning(
            "The page can be reached by other machines, without encryption: put a proxy with TLS in front of it"
        )
    guard = Guard(
        token=token,
        hosts=command.allowed_hosts | {command.listen.host.lower()},
        checks_host=command.listen.is_local,
    )
    server = PageServer(command.listen.host, command.listen.port, guard, clock)
    url = server.start()
    stack.callback(server.stop)
    _print(json.dumps({"url": url}) if command.as_json else f"The page: {url}")
    return server


def _spool(command: WatchCommand, targets: Sequence[Target], stack: ExitStack) -> Spool | None:
    """What is kept between two watches; without anybody to tell there is nothing to keep."""
    if not targets:
        return None
    spool = Spool(command.spool or command.folders[0] / SPOOL, within=None if command.spool else command.folders[0])
    stack.callback(spool.release)
    return spool


def _print(line: str) -> None:
    """Show what was asked for; a stdout that is closed is no failure, and nothing stays in its buffer."""
    if sys.stdout is not None:
        say(unbuffered(sys.stdout), line)


if __name__ == "__main__":
    sys.exit(main())
