"""What `tg1 watch` understands, and what it refuses."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from tg1.errors import ConfigError
from tg1.watch.alerts import Kind, Noise, QuietHours
from tg1.watch.command import Address, build_parser, parse


def test_without_flags_it_watches_the_folder_where_bots_are() -> None:
    """Alerts by their defaults, no page."""
    command = parse([], {})
    assert command.folders == (Path("state"),)
    assert command.listen is None
    assert command.noises[Kind.HUNG] is Noise.URGENT
    assert command.noises[Kind.FILL] is Noise.OFF


def test_everything_can_be_said() -> None:
    """Folders and kinds several times."""
    line = "--state-dir a --state-dir b --state-dir a --listen [::1]:0 --token-file t --allow-host Watch.Example --json"
    more = "--alert-urls u --alert fill=normal --alert hung=off --quiet-hours 22:00-08:00 --spool s --test-alert"
    command = parse(f"{line} {more}".split(), {})
    assert command.folders == (Path("a"), Path("b"))
    assert command.listen == Address(host="::1", port=0)
    assert command.allowed_hosts == {"watch.example"}
    assert (command.noises[Kind.FILL], command.noises[Kind.HUNG]) == (Noise.NORMAL, Noise.OFF)
    assert command.quiet_hours == QuietHours(begins=time(22, 0), ends=time(8, 0))
    assert (command.spool, command.token_file, command.alert_urls) == (Path("s"), Path("t"), Path("u"))
    assert command.test_alert
    assert command.as_json


def test_the_token_file_may_come_from_the_environment() -> None:
    """The flag wins."""
    environ = {"TG1_WATCH_TOKEN_FILE": "e"}
    assert parse([], environ).token_file == Path("e")
    assert parse(["--token-file", "f"], environ).token_file == Path("f")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--listen 8080", "is not HOST:PORT"),
        ("--listen 127.0.0.1:", "is not HOST:PORT"),
        ("--listen 127.0.0.1:65536", "is not HOST:PORT"),
        ("--listen :8080", "is not HOST:PORT"),
        ("--listen http://localhost:80", "is not HOST:PORT"),
        ("--listen 10.0.0.5:8080", "needs a token"),
        ("--listen localhost:8080 --allow-host a.example", "needs a token"),
        ("--allow-host a/b", "no name of a host"),
        ("--alert fills=normal", "'fills' is no kind of alert: died, hung"),
        ("--alert fill", "needs one of urgent, normal, quiet, off"),
        ("--alert fill=loud", "needs one of urgent, normal, quiet, off"),
        ("--quiet-hours 22-8", "is not HH:MM-HH:MM"),
        ("--quiet-hours 24:00-08:00", "is not HH:MM-HH:MM"),
        ("--quiet-hours 08:00-08:00", "no hour would be quiet"),
        ("--state-dri x", "unrecognized arguments"),
        ("extra", "unrecognized arguments"),
    ],
)
def test_what_is_wrong_is_a_sentence(line: str, said: str) -> None:
    """With the value that is wrong, and exit 2."""
    with pytest.raises(ConfigError, match=said.replace("(", r"\(")) as refusal:
        parse(line.split(), {})
    assert refusal.value.exit_code == 2


def test_the_help_fits_a_screen_and_names_every_kind() -> None:
    """80 columns, 50 lines; an example, the variables, the exit codes."""
    text = build_parser().format_help()
    assert len(text.splitlines()) <= 50
    assert max(map(len, text.splitlines())) <= 80
    assert all(kind in text for kind in Kind)
    assert "exit codes" in text
