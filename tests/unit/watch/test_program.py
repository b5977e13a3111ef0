"""`tg1 watch` as a program: what it refuses, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.support.notified import NtfyServer, ntfy_server
from tests.support.patience import PATIENCE_SECS
from tests.support.places import REPO
from tg1.watch.program import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address of the machine's own."""
    for name in ("TG1_ALERT_URLS", "TG1_ALERT_URLS_FILE", "TG1_WATCH_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ntfy() -> Iterator[NtfyServer]:
    """A service on loopback."""
    yield from ntfy_server()


def addresses(folder: Path, *urls: str) -> str:
    """A file of them."""
    path = folder / "urls"
    path.write_text("\n".join(urls))
    path.chmod(0o600)
    return str(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "there is nobody to tell: give addresses for alerts (--alert-urls FILE, or TG1_ALERT_URLS), or a page"),
        (["--test-alert"], "--test-alert needs an address"),
        (["--listen", "0.0.0.0:80"], "needs a token"),
        (["--listen", "127.0.0.1:0", "--token-file", "missing"], "--token-file missing can't be read"),
        (["--alert-urls", "missing"], "--alert-urls names missing, which can't be read"),
        (["--nonsense"], "unrecognized arguments: --nonsense; see tg1 watch --help."),
    ],
)
def test_what_can_not_be_done_is_one_sentence(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with exit 2."""
    assert main(line) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tg1 watch: ")
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_a_test_alert_arrives(tmp_path: Path, ntfy: NtfyServer, capfd: pytest.CaptureFixture[str]) -> None:
    """Exit 0 when every target took it; 1, and which one did not, otherwise."""
    good = ntfy.hurried_address
    assert main(["--test-alert", "--alert-urls", addresses(tmp_path, good)]) == 0
    assert capfd.readouterr().out == "target 1 (JSON): delivered\n"
    assert [title for title, _ in ntfy.posted] == ["TG1 watch: a test"]
    bad = "json://127.0.0.1:9/nobody"
    assert main(["--test-alert", "--json", "--alert-urls", addresses(tmp_path, good, bad)]) == 1
    assert json.loads(capfd.readouterr().out) == {
        "targets": [
            {"target": "target 1 (JSON)", "delivered": True, "why": ""},
            {"target": "target 2 (JSON)", "delivered": False, "why": "it can't be reached"},
        ]
    }


def started(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    """A watch over a folder that is not there yet, with a page and an address for alerts."""
    line = [
        sys.executable,
        "-m",
        "tg1",
        "watch",
        "--state-dir",
        str(folder / "state"),
        "--listen",
        "127.0.0.1:0",
        *more,
    ]
    environ = {**os.environ, "PYTHONPATH": str(REPO), "TG1_ALERT_URLS": url}
    return subprocess.Popen(  # noqa: S603 - our own
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=folder
    )


def test_a_watch_from_its_start_to_sigterm(tmp_path: Path, ntfy: NtfyServer) -> None:
    """One JSON line with the address; it looks, it waits for the folder, it ends at once and cleanly."""
    with started(tmp_path, ntfy.hurried_address, "--json") as watch:
        assert watch.stdout is not None
        url = json.loads(watch.stdout.readline())["url"]
        with urllib.request.urlopen(f"{url}stream", timeout=PATIENCE_SECS) as stream:  # noqa: S310 - loopback
            told = json.loads(stream.readline().removeprefix(b"data: "))
            assert told["names"] == []
            assert told["faults"][0].startswith("there is no state folder")
            watch.send_signal(signal.SIGTERM)
            out, err = watch.communicate(timeout=PATIENCE_SECS)
    assert watch.returncode == 0
    assert out == ""
    [line] = err.splitlines()
    assert f"There is no state folder {tmp_path}/state: no bot was started here" in line
    assert line.endswith("The watch waits for it")
    assert not (tmp_path / "state").exists()


def test_ctrl_c_ends_a_watch_whose_stdout_is_closed(tmp_path: Path) -> None:
    """130 and no traceback; nobody reads its address, and nobody takes its alerts."""
    (tmp_path / "state").mkdir()
    with started(tmp_path, "json://127.0.0.1:9/secret-of-mine") as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        watch.stdout.close()
        said = watch.stderr.readline()
        watch.send_signal(signal.SIGINT)
        said += watch.stderr.read()
        watch.wait(PATIENCE_SECS)
    assert watch.returncode == 130
    assert "An alert did not reach target 1 (JSON): it can't be reached" in said
    assert "Traceback" not in said
    assert "secret" not in said
    kept = (tmp_path / "state" / "watch" / "spool.json").read_text()
    assert "The watch has begun" in kept
    assert "secret" not in kept
