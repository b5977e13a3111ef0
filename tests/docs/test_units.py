"""The systemd units: understood by systemd, hardened, and with command lines that the program understands."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from typing import TYPE_CHECKING

import pytest

from tests.support.places import REPO
from tg1.cli import build_parser

if TYPE_CHECKING:
    from pathlib import Path

UNITS = REPO / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def unit(path: Path) -> RawConfigParser:
    """A unit's sections; of a setting that stands there twice the last."""
    parser = RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case
    parser.read(path, encoding="utf-8")
    return parser


@needs_systemd
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, with a program that is there on every machine."""
    for path in UNITS.iterdir():
        text = path.read_text(encoding="utf-8").replace("/opt/tg1/.venv/bin/python", "/bin/true")
        (tmp_path / path.name.replace("@.", "@irfc.")).write_text(text, encoding="utf-8")
    names = [str(each) for each in sorted(tmp_path.iterdir())]
    ran = subprocess.run(  # noqa: S603  # our own units
        [str(ANALYZE), "verify", *names], capture_output=True, text=True, check=False
    )
    ours = [line for line in ran.stderr.splitlines() if "tg1" in line]
    assert (ran.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_exposure_of_every_service_is_low(path: Path) -> None:
    """Systemd's own score of what a service could do: at most 2 of 10."""
    ran = subprocess.run(  # noqa: S603  # our own units
        [str(ANALYZE), "security", "--offline=yes", "--threshold=20", "--no-pager", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-400:]


@pytest.mark.parametrize("name", ["tg1@.service", "tg1-cancel@.service"])
def test_bot_and_emergency_stop_take_the_same_file(name: str) -> None:
    """`/etc/tg1/NAME.toml`, with flags that exist; a stop needs the accounts that the bot traded on."""
    line = unit(UNITS / name)["Service"]["ExecStart"]
    assert "--config /etc/tg1/%i.toml" in line
    known = {option for action in build_parser()._actions for option in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", line)) <= known


def test_bot_is_watched_by_its_cycles() -> None:
    """A hung engine is ended and started again; a stop by its own rules is not (behaviour 14)."""
    service = unit(UNITS / "tg1@.service")["Service"]
    assert (service["Type"], service["WatchdogSec"], service["Restart"]) == ("notify", "300", "on-failure")
    assert service["RestartPreventExitStatus"] == "2 3 5 6"
