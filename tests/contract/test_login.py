"""`tg1 login` against the paper exchange's Kite: paste, redirect, write, check (kite.md 2.5)."""

from __future__ import annotations

import os
import re
import socket
import threading
from typing import TYPE_CHECKING
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.support.paper_server import serving_in_thread
from tg1.login import main
from tg1.paper.build import PaperSettings, build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPENER = build_opener(ProxyHandler({}))


@pytest.fixture(scope="module")
def kite() -> Iterator[str]:
    """The root of a Kite server."""
    with serving_in_thread(build(PaperSettings(manual_prices=True))) as roots:
        yield roots.kite_root


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A Zerodha file with an app of its own and no token yet."""
    path = tmp_path / "z.ini"
    key = re.sub(r"\W", "", request.node.name)
    path.write_text(f"[API_CREDENTIALS_Sai]\napi_key = {key}\napi_secret = paper\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def address_of(kite: str, file: Path) -> str:
    """Where a person's login leads to."""
    key = file.read_text(encoding="utf-8").splitlines()[1].partition(" = ")[2]
    with OPENER.open(f"{kite}/connect/login?v=3&api_key={key}") as page:
        return str(page.read().decode().strip())


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """What the person at the terminal types, and then no more."""
    read_end, write_end = os.pipe()
    os.write(write_end, text.encode())
    os.close(write_end)
    monkeypatch.setattr("sys.stdin", os.fdopen(read_end, encoding="utf-8"))


def flags(kite: str, file: Path, *more: str) -> list[str]:
    """A login at this server."""
    return ["--zerodha-config", str(file), "--kite-root", kite, *more]


def test_pasted_address_becomes_the_token_of_the_day(
    kite: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong line is said and another awaited; the token is written, checked, and printed nowhere."""
    typed(monkeypatch, f"no idea\n{address_of(kite, file)}\n")
    assert main(flags(kite, file)) == 0
    told = capsys.readouterr().out
    assert "/connect/login?v=3&api_key=" in told
    assert "neither an address with request_token" in told
    assert re.search(r"Logged in as PAPER1\. The token is in .* until about 06:00 IST on", told)
    token = file.read_text(encoding="utf-8").rpartition("access_token = ")[2].strip()
    assert len(token) == 40
    assert token not in told
    assert main(flags(kite, file, "--check")) == 0
    assert "lives, as PAPER1" in capsys.readouterr().out


def test_redirect_is_taken_by_a_loopback_port(
    kite: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One request that ends a login; a browser's other requests are answered with 404."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    query = address_of(kite, file).partition("?")[2]
    statuses: list[int] = []

    def browse() -> None:
        while not statuses:
            try:
                with OPENER.open(f"http://127.0.0.1:{port}/done?{query}") as page:
                    statuses.append(page.status)
            except ConnectionError:
                continue
            except OSError:
                continue

    typed(monkeypatch, "")
    browser = threading.Thread(target=browse)
    browser.start()
    assert main(flags(kite, file, "--listen", str(port))) == 0
    browser.join()
    assert statuses == [200]
    assert "Logged in as PAPER1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("", 1, "the input ended before an address was given; nothing was changed"),
        ("aaaaaaaaaaaa\n", 4, "Kite refused the request token: it lives for minutes, works once"),
    ],
)
def test_login_that_fails_changes_nothing(
    kite: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    code: int,
    told: str,
) -> None:
    """One sentence, and the file as it was."""
    before = file.read_bytes()
    typed(monkeypatch, text)
    assert main(flags(kite, file)) == code
    assert told in capsys.readouterr().err
    assert file.read_bytes() == before


def test_dead_token_needs_a_person(kite: str, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` ends with 1 and the command that helps."""
    address_of(kite, file)
    typed_token = file.read_text(encoding="utf-8") + "access_token = stale\n"
    file.write_text(typed_token, encoding="utf-8")
    key = typed_token.splitlines()[1].partition(" = ")[2]
    control = kite.replace("/kite", "")
    body = f'{{"api_key": "{key}", "access_token": "other"}}'.encode()
    with OPENER.open(f"{control}/paper/kite_token", data=body):
        assert main(flags(kite, file, "--check")) == 1
    assert "is dead. Log in: tg1 login --zerodha-config" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        ([], 2, "--zerodha-config is missing"),
        (["--zerodha-config", "none.ini"], 2, "none.ini can't be read: No such file or directory."),
        (["--listen", "99999"], 2, "99999 is not a port from 1 to 65535"),
    ],
)
def test_wrong_usage_is_one_sentence(
    argv: list[str], code: int, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with exit 2."""
    monkeypatch.delenv("TG1_ZERODHA_CONFIG", raising=False)
    assert main(argv) == code
    assert told in capsys.readouterr().err


def test_server_that_is_not_there_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 4, as for any broker that can't be reached."""
    typed(monkeypatch, "aaaaaaaaaaaa\n")
    assert main(flags("http://127.0.0.1:9", file)) == 4
    assert "Kite can't be reached for the session" in capsys.readouterr().err
