"""`tg1 data fetch` through the real KiteConnect from the paper exchange, as a user types it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.hand_clock import HandClock
from tests.support.paper_server import serving_in_thread
from tg1.data.command import FetchCommand, parse
from tg1.data.program import fetched, main
from tg1.errors import ConfigError, FeedError, KiteRefused, KiteTokenExpired, UnknownSymbol
from tg1.paper.build import PaperSettings, build
from tg1.paper.orders import IST
from tg1.paper.quirks import Quirks
from tg1.replay.prices import day_tapes, price_files
from tg1.replay.program import main as replay
from tg1.replay.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tg1.paper.build import Paper

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Paper, str]]:
    """An exchange without limits, and its root."""
    paper = build(PaperSettings(also=("RELIANCE",)))
    with serving_in_thread(paper) as roots:
        yield paper, roots.kite_root


@pytest.fixture
def root(server: tuple[Paper, str]) -> Iterator[str]:
    """The root, of an exchange that is well."""
    paper, kite_root = server
    # Its past ends on that day, whatever day the test runs on.
    paper.past.open(datetime(2026, 11, 20, 18, 0, tzinfo=IST))
    yield kite_root
    paper.exchange.quirks = Quirks()
    paper.kite.sessions.__init__(paper.exchange.rng)  # type: ignore[misc]  # no token of an earlier test


def command(root: str, into: Path, *symbols: str, since: str = "2026-10-26", until: str = "2026-10-30") -> FetchCommand:
    """What a line asks for."""
    words = ["fetch", *symbols, "--from", since, "--to", until, "--into", str(into), "--kite-root", root]
    found = parse(words, {}, TODAY)
    assert isinstance(found, FetchCommand)
    return found


def test_two_symbols_become_one_replay(root: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fetched one by one, a folder of them is a pair: every minute of every day, in rupees."""
    results = fetched(command(root, tmp_path, "IRFC", "SBIN"), HandClock())
    assert [(each.symbol, each.requests, each.days, each.minutes) for each in results] == [
        ("IRFC", 1, 5, 1875),
        ("SBIN", 1, 5, 1875),
    ]
    wanted = Wanted(symbol_a="IRFC", symbol_b="SBIN")
    tapes = list(day_tapes(price_files([tmp_path], wanted.symbols), wanted))
    assert [tape.day.day for tape in tapes] == [26, 27, 28, 29, 30]
    assert {tape.price_events for tape in tapes} == {2 * 4 * 375}
    assert float(tapes[0].secs[0]) == 9 * 3600 + 15 * 60
    grid = "--bot-name T --token-a IRFC --token-b SBIN --auto-entry --qty-a 100 --qty-b 40 --oco-spread 2 --steps 3"
    assert replay(["--prices", str(tmp_path), *grid.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["fills"] > 0


def test_ranges_longer_than_sixty_days_are_cut(root: str, tmp_path: Path) -> None:
    """Two requests, three months of files, no day twice (kite.md 2.7)."""
    (result,) = fetched(command(root, tmp_path, "IRFC", since="2026-08-20"), HandClock())
    assert (result.requests, result.days) == (2, 49)
    assert [path.stem for path in sorted(tmp_path.iterdir())] == ["IRFC_2026-08", "IRFC_2026-09", "IRFC_2026-10"]
    (again,) = fetched(command(root, tmp_path, "IRFC", since="2026-08-20"), HandClock())
    assert again.requests == 0
    (longer,) = fetched(command(root, tmp_path, "IRFC", since="2026-08-18"), HandClock())
    assert (longer.requests, longer.days) == (1, 2)


def test_unknown_symbol_comes_with_the_nearest_names(root: str, tmp_path: Path) -> None:
    """Before a candle is asked for, and nothing is left behind."""
    with pytest.raises(UnknownSymbol, match="SBIM is not in the day's NSE instrument dump; nearest names: SBIN"):
        fetched(command(root, tmp_path / "prices", "SBIM"), HandClock())
    assert not (tmp_path / "prices").exists()


def test_token_that_is_not_the_days_is_said(server: tuple[Paper, str], root: str, tmp_path: Path) -> None:
    """In the words that the bot has for it, with the way to a new one."""
    paper, _ = server
    paper.kite.sessions.declare("paper", "another", datetime.now(IST))
    with pytest.raises(KiteTokenExpired, match="has expired"):
        fetched(command(root, tmp_path, "IRFC"), HandClock())


def test_plan_without_candles_is_said(server: tuple[Paper, str], root: str, tmp_path: Path) -> None:
    """Which plan has them; asking again would not help (kite.md 2.6)."""
    paper, _ = server
    paper.exchange.quirks = Quirks(kite_historical="no-permission")
    with pytest.raises(KiteRefused, match=r"Insufficient permission for that call\. The plan of this api key"):
        fetched(command(root, tmp_path, "IRFC"), HandClock())


@pytest.mark.parametrize("state", ["429", "502"])
def test_sick_server_is_waited_out(
    state: str, server: tuple[Paper, str], root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next answer is taken."""
    paper, _ = server
    clock = HandClock()
    line = command(root, tmp_path, "IRFC")
    fetched(line, clock)
    clock.on_wait = lambda: setattr(paper.exchange, "quirks", Quirks())
    monkeypatch.setattr(paper.kite, "handle", _sick_after_the_dump(paper, state))
    (result,) = fetched(command(root, tmp_path, "IRFC", until="2026-11-06"), clock)
    assert (result.requests, result.days) == (1, 5)
    assert clock.waits[0] == 1.0


def _sick_after_the_dump(paper: Paper, state: str) -> Any:
    own = paper.kite.handle

    def handle(request: Any, now: datetime) -> Any:
        reply = own(request, now)
        if request.path == "/instruments/NSE":
            paper.exchange.quirks = Quirks(kite_rest=state)
        return reply

    return handle


def test_limit_of_the_key_is_kept_on_a_real_clock(
    server: tuple[Paper, str], root: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four requests within a second would be one too many; nothing is refused, and the program tells what came."""
    paper, _ = server
    paper.exchange.quirks = Quirks(rate_limit=True)
    words = ["fetch", "IRFC", "SBIN", "PNB", "RELIANCE", "--from", "2026-10-30", "--to", "2026-10-30"]
    assert main([*words, "--into", str(tmp_path), "--kite-root", root]) == 0
    out, err = capsys.readouterr()
    assert "asking again" not in err
    assert out.splitlines()[1:5] == [
        f"{symbol:8}  1 day, 375 minutes in 1 request" for symbol in ("IRFC", "SBIN", "PNB", "RELIANCE")
    ]
    assert main([*words, "--into", str(tmp_path), "--kite-root", root, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["source"] == "a Kite on this machine"
    assert [each["requests"] for each in told["symbols"]] == [0, 0, 0, 0]


def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    """The instruments come first, and can't."""
    with pytest.raises(FeedError, match="can't be reached for the instrument dump"):
        fetched(command("http://127.0.0.1:9", tmp_path, "IRFC"), HandClock())


BAD = {
    "no credentials": (["IRFC", "--from", "2026-10-01"], "--zerodha-config (TG1_ZERODHA_CONFIG) is missing"),
    "no from": (["IRFC"], "--from"),
    "no symbol": (["--from", "2026-10-01"], "SYMBOL"),
    "small letters": (["irfc", "--from", "2026-10-01", "--paper"], "irfc is no NSE symbol"),
    "backwards": (["IRFC", "--from", "2026-10-02", "--to", "2026-10-01"], "is later than"),
    "the future": (["IRFC", "--from", "2999-10-02", "--to", "2999-10-03"], "lies in the future"),
    "no day": (["IRFC", "--from", "soon"], "'soon' is not a day"),
    "two exchanges": (["IRFC", "--from", "2026-10-01", "--paper", "--kite-root", "http://127.0.0.1:1"], "leave out"),
    "plain http": (["IRFC", "--from", "2026-10-01", "--kite-root", "http://kite.trade"], "unencrypted"),
    "no file": (["IRFC", "--from", "2026-10-01", "--zerodha-config", "/none"], "can't be read"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_line_that_makes_no_sense_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One sentence, exit 2."""
    monkeypatch.delenv("TG1_ZERODHA_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    words, sentence = BAD[name]
    assert main(["fetch", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1)
    assert err.startswith("tg1 data: ")
    assert sentence in err


def test_credentials_come_from_the_bots_file(tmp_path: Path, root: str) -> None:
    """By the flag or the variable, and with the user's section."""
    config = tmp_path / "kite.ini"
    config.write_text("[API_CREDENTIALS_Sai]\napi_key = k\naccess_token = t\n", encoding="utf-8")
    config.chmod(0o600)
    words = ["fetch", "IRFC", "--from", "2026-10-30", "--to", "2026-10-30", "--kite-root", root]
    line = parse([*words, "--into", str(tmp_path / "p")], {"TG1_ZERODHA_CONFIG": str(config)}, TODAY)
    assert isinstance(line, FetchCommand)
    assert fetched(line, HandClock())[0].minutes == 375
    other = replace(line, into=tmp_path / "q", zerodha_user="Eve")
    with pytest.raises(ConfigError, match=r"no section \[API_CREDENTIALS_Eve\]"):
        fetched(other, HandClock())
