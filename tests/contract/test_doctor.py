"""`tg1 doctor` on the paper exchange: what it sees, and that it ends nobody's session unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.support.paper_server import serving_in_thread
from tests.support.states import FILLED, NOW, a_level, a_state
from tg1.doctor.program import main
from tg1.models import Status, StatusKind
from tg1.paper.build import PaperSettings, build
from tg1.store.codec import encode
from tg1.told.paths import ToldPaths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.paper.server import Roots

NOWHERE = ("--xts-root", "http://127.0.0.1:9", "--kite-root", "http://127.0.0.1:9")
OPENER = build_opener(ProxyHandler({}))


@pytest.fixture(scope="module")
def roots() -> Iterator[Roots]:
    """An exchange with prices."""
    with serving_in_thread(build(PaperSettings())) as served:
        yield served


@pytest.fixture
def flags(roots: Roots, tmp_path: Path) -> list[str]:
    """A bot's own flags, with a Zerodha file and one account for all."""
    file = tmp_path / "z.ini"
    file.write_text("[API_CREDENTIALS_Sai]\napi_key = k\naccess_token = t\n", encoding="utf-8")
    file.chmod(0o600)
    return [
        *("--bot-name", "B", "--trade-type", "buyts", "--token-a", "IRFC", "--auto-entry", "--qty-a", "10"),
        *("--zerodha-config", str(file), "--state-dir", str(tmp_path / "state"), "--ignore-market-hours"),
        *("--xts-root", roots.xts_root, "--kite-root", roots.kite_root, "--kite-ws-root", roots.kite_ws_root),
        *("--trade-key", "doctor-key", "--trade-secret", "HUSH77"),
    ]


def looked(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code and findings by check."""
    code = main([*argv, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == code
    return code, {each["check"]: each for each in found["findings"]}


def test_without_a_session_nothing_of_the_account_is_asked(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what a login would end, and how to allow it; prices and instruments need none (behaviour 11.1)."""
    code, found = looked(capsys, *flags)
    assert found["session trade"]["light"] == "yellow"
    assert "a login would end every other session of this app key" in found["session trade"]["told"]
    assert found["session trade"]["remedy"].endswith("tg1 doctor --yes")
    assert "book trade" not in found
    assert found["symbol IRFC"]["light"] == found["price IRFC"]["light"] == found["kite token"]["light"] == "green"
    assert code == 0


def test_with_leave_it_logs_in_once_and_the_next_look_uses_that_session(
    flags: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Session, book, limits and positions are looked at; the evidence holds no secret (behaviour 16)."""
    evidence = tmp_path / "evidence.json"
    code, found = looked(capsys, *flags, "--yes", "--evidence", str(evidence))
    assert code == 0
    assert all(found[f"{what} trade"]["light"] == "green" for what in ("session", "book", "limits", "positions"))
    text = evidence.read_text(encoding="utf-8")
    asked = [each["request"] for each in json.loads(text)]
    assert asked.count("POST /interactive/user/session") == 1
    assert {"GET /interactive/orders", "GET /interactive/user/balance"} <= set(asked)
    assert "HUSH77" not in text
    assert "doctor-key" not in text
    looked(capsys, *flags, "--evidence", str(evidence))
    asked = [each["request"] for each in json.loads(evidence.read_text(encoding="utf-8"))]
    assert "POST /interactive/user/session" not in asked
    assert "GET /interactive/orders" in asked


def test_delivery_names_the_shares_that_have_to_lie_in_the_account(
    flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One account for all: what the SELL entries sell, and what the hedges of BUY entries sell (xts.md 7.4)."""
    flags[flags.index("buyts")] = "gridocots"
    hedge = ["--token-b", "SBIN", "--qty-b", "5", "--oco-spread", "2"]
    for side in ("upside", "downside"):
        hedge += [f"--{side}-oco-key", "doctor-key", f"--{side}-oco-secret", "HUSH77"]
    _, found = looked(capsys, *flags, *hedge, "--product", "CNC", "--steps", "3", "--yes")
    assert found["holdings trade"]["light"] == "yellow"
    assert "30 IRFC, 15 SBIN" in found["holdings trade"]["told"]


def left_by_yesterday(folder: Path, product: str) -> None:
    """The state of a bot that held 100 IRFC at the end of another day."""
    bought = replace(a_level(bot_name="B"), entry_traded=FILLED, opened_seq=1)
    state = a_state(bot_name="B", levels={bought.uuid: bought}, attention=[])
    state.grid = replace(state.grid, product_type=product)
    state.bot_status = Status(kind=StatusKind.STOPPED, reason="session end")
    folder.mkdir()
    ToldPaths(folder, "B").state.write_bytes(encode(state, NOW))


@pytest.mark.parametrize(("product", "light"), [("MIS", "green"), ("CNC", "yellow")])
def test_what_the_broker_squared_off_yesterday_is_missed_by_nobody(
    flags: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, product: str, light: str
) -> None:
    """Behaviour 9.5: an MIS morning with an empty account is as it should be; delivery shares that are gone are not."""
    left_by_yesterday(tmp_path / "state", product)
    _, found = looked(capsys, *flags, "--yes", "--product", product)
    assert found["positions trade"]["light"] == light
    assert ("-100 IRFC" in found["positions trade"]["told"]) is (light == "yellow")


def test_state_that_a_start_would_refuse_is_red(
    flags: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Behaviour 9.2: at 08:50 there is time to see to it, at 09:15 the start ends with 5."""
    (tmp_path / "state").mkdir()
    ToldPaths(tmp_path / "state", "B").state.write_text("{", encoding="utf-8")
    code, found = looked(capsys, *flags, "--yes")
    assert (code, found["state"]["light"]) == (1, "red")
    assert "no whole JSON" in found["state"]["told"]
    assert found["state"]["remedy"]


def test_dead_kite_token_and_unknown_symbol_are_red(
    flags: list[str], capsys: pytest.CaptureFixture[str], roots: Roots
) -> None:
    """Exit 1, each with what to do."""
    body = b'{"api_key": "dead", "access_token": "other"}'
    with OPENER.open(f"{roots.kite_root}/paper/kite_token", data=body):
        pass
    file = flags[flags.index("--zerodha-config") + 1]
    with open(file, "w", encoding="utf-8") as ini:  # noqa: PTH123
        ini.write("[API_CREDENTIALS_Sai]\napi_key = dead\naccess_token = stale\n")
    code, found = looked(capsys, *flags)
    assert code == 1
    assert found["kite token"]["light"] == "red"
    assert found["kite token"]["remedy"].startswith("tg1 login")


def test_server_out_of_reach_ends_with_4(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Behaviour 14: nothing of this machine is at fault."""
    for root in ("--xts-root", "--kite-root"):
        flags[flags.index(root) + 1] = "http://127.0.0.1:9"
    flags[flags.index("--kite-ws-root") + 1] = "ws://127.0.0.1:9"
    code, found = looked(capsys, *flags, "--yes")
    assert code == 4
    assert found["kite token"]["light"] == "red"
    assert found["clock"]["light"] == "yellow"


def test_missing_credentials_are_red_and_the_rest_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A first user has none yet."""
    argv = ["--bot-name", "B", "--trade-type", "buyts", "--token-a", "IRFC", "--auto-entry", "--qty-a", "1"]
    code, found = looked(capsys, *argv, "--state-dir", str(tmp_path), *NOWHERE)
    assert code == 1
    assert "--zerodha-config is missing" in found["credentials"]["told"]
    assert found["disk"]["light"] != "red"


@pytest.mark.parametrize(
    ("argv", "told"), [(["--bot-nam", "B"], "did you mean --bot-name?"), (["--evidence"], "expected one argument")]
)
def test_wrong_usage_is_one_sentence(argv: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, with exit 2."""
    assert main(argv) == 2
    assert told in capsys.readouterr().err
