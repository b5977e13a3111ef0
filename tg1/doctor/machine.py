"""What is measured of this machine: disk, clock, Python, unit file, another process of the same name."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import struct
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from tg1.doctor import judge
from tg1.doctor.finding import Finding, green, red, yellow
from tg1.errors import ConfigError
from tg1.machine.files import OsFileSystem
from tg1.machine.hosts import is_loopback
from tg1.machine.lock import BotLock, holder_of
from tg1.told.folder import StateFolder, instant_of
from tg1.told.judge import judge as judge_bot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tg1.config import GridOcoConfig
    from tg1.machine.clock import Clock

TRIES = 5
PROBE_BYTES = b"x" * 65_536
"""About the size of the state of a grid with a hundred levels."""
TIME_SERVERS = ("time.google.com", "in.pool.ntp.org")
PATIENCE_SECS = 2.0
_NTP_PORT, _NTP_BYTES = 123, 48
_NTP_ASK = b"\x23" + bytes(_NTP_BYTES - 1)
"""Version 4, client (RFC 5905)."""
_NTP_EPOCH = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970."""
_UNITS = Path("/etc/systemd/system")
_SHIPPED = Path(__file__).parents[2] / "systemd"


def disk(config: GridOcoConfig, clock: Clock) -> Iterator[Finding]:
    """Room, kind and speed of the disk that will hold the state."""
    place = next(each for each in (config.state_dir.absolute(), *config.state_dir.absolute().parents) if each.is_dir())
    yield judge.disk(shutil.disk_usage(place).free, _kind_of(place), str(config.state_dir))
    try:
        secs = _save_secs(place, clock)
    except OSError as exc:
        told = f"nothing can be written to {place}: {exc.strerror or exc}"
        yield red("saving", told, "Give the bot a --state-dir that is its own, with room.")
        return
    yield judge.saving(secs)


def _save_secs(place: Path, clock: Clock) -> list[float]:
    """How long a save takes, of several; nothing is left behind. Raises `OSError`."""
    probe, files, secs = place / f".tg1-doctor-{os.getpid()}", OsFileSystem(), []
    try:
        for _ in range(TRIES):
            begun = clock.monotonic()
            files.write_synced(probe, PROBE_BYTES)
            files.sync_dir(place)
            secs.append(clock.monotonic() - begun)
    finally:
        with suppress(OSError):
            files.unlink(probe)
    return secs


def _kind_of(place: Path) -> str:
    """The file system's name; empty where the system does not say."""
    try:
        rows = [
            line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        return ""
    above = [(len(row[1]), row[2]) for row in rows if place.is_relative_to(row[1])]
    return max(above)[1] if above else ""


def clock(config: GridOcoConfig, now: Callable[[], float]) -> Finding:
    """How far the clock is off; `now` is the machine's wall time in seconds since 1970."""
    # A rehearsal on this machine asks nobody else.
    if not is_loopback(urlsplit(config.xts_root).hostname or ""):
        for server in TIME_SERVERS:
            if (offset := _ntp_offset(server, now)) is not None:
                return judge.clock(offset, server)
    for root in (config.kite_root, config.xts_root):
        if (offset := _date_offset(root, now, verify=not config.insecure_tls)) is not None:
            return judge.clock(offset, root)
    return judge.clock(None, "")


def _ntp_offset(server: str, now: Callable[[], float]) -> float | None:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
            ask.settimeout(PATIENCE_SECS)
            sent = now()
            ask.sendto(_NTP_ASK, (server, _NTP_PORT))
            answer = ask.recv(_NTP_BYTES * 2)
            got = now()
    except OSError:
        return None
    if len(answer) < _NTP_BYTES:
        return None
    whole, part = struct.unpack("!II", answer[40:48])
    told: float = whole - _NTP_EPOCH + part / 2**32
    return (sent + got) / 2 - told


def _date_offset(root: str, now: Callable[[], float], *, verify: bool) -> float | None:
    try:
        sent = now()
        answer = requests.head(root, timeout=PATIENCE_SECS, verify=verify, allow_redirects=False)
        got = now()
        told = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (requests.RequestException, KeyError, ValueError):
        return None
    # The header leaves the parts of a second out.
    return (sent + got) / 2 - told - 0.5


def python() -> Iterator[Finding]:
    """The interpreter, and every package that the bot needs."""
    yield green("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    try:
        needed = [re.split(r"[<>=!~;\[ ]", line)[0] for line in requires("tg1") or () if "extra ==" not in line]
    except PackageNotFoundError:
        yield yellow("packages", "tg1 runs from a checkout that is not installed", "make setup")
        return
    found = {name: _version(name) for name in needed}
    missing = [name for name, number in found.items() if not number and name != "setuptools"]
    if missing:
        yield red("packages", f"{', '.join(missing)} is missing", "make setup")
    else:
        yield green("packages", ", ".join(f"{name} {number}" for name, number in found.items() if number))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def process(config: GridOcoConfig, clock: Clock) -> Finding:
    """Whether a bot of this name is at work, or has left something that `tg1 status` calls for a person for."""
    path = BotLock(config.state_dir, config.bot_name).path
    try:
        holder = holder_of(path)
    except OSError as exc:
        return red("process", f"the lock {path} can't be read: {exc.strerror or exc}", "Run it as the bot's own user.")
    if holder is None:
        left = _left(config, clock)
        if left:
            return yellow("process", left, "tg1 status has more; a start goes on where it can.")
        return green("process", f"no other process has the name {config.bot_name}")
    return yellow("process", f"{config.bot_name} is at work: {holder}", "A second one would refuse to start.")


def _left(config: GridOcoConfig, clock: Clock) -> str:
    """What the last process of the bot left, as a sentence each; empty for nothing."""
    try:
        found = StateFolder(config.state_dir).one(config.bot_name)
    except ConfigError:
        return ""  # no folder, or no bot of the name: nothing was left
    if found.is_paper and not config.paper:
        return ""
    return "; ".join(concern.text for concern in judge_bot(found, instant_of(clock)).concerns)


def unit() -> Finding:
    """Whether the units that systemd has are those of this version."""
    if not _UNITS.is_dir() or not _SHIPPED.is_dir():
        return green("service", "no systemd units are looked at here")
    there = [each for each in sorted(_SHIPPED.iterdir()) if (_UNITS / each.name).is_file()]
    if not there:
        return yellow("service", "the bot is no service: nothing starts it again when it dies", "README, As a service")
    old = [each.name for each in there if (_UNITS / each.name).read_bytes() != each.read_bytes()]
    if old:
        told = f"{', '.join(old)} differ from those of this version"
        return yellow("service", told, f"Compare them: diff {_SHIPPED}/{old[0]} {_UNITS}/{old[0]}")
    return green("service", f"{len(there)} unit files are installed, as this version ships them")
