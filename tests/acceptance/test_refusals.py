"""Wrong starts: one sentence on stderr, the right exit code, and nothing done (behaviour 1.4, 9.2, 9.3, 14, 18)."""

from __future__ import annotations

import os
import sys
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.driver import KEYS, LOGIN, ORDERS, SECRETS, Bot, Exchange
from tg1 import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

WRONG: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "no-name": ({"bot_name": None}, [], "--bot-name"),
    "no-symbol": ({"token_a": None}, [], "--token-a"),
    "no-hedge-symbol": ({"token_b": None}, [], "--token-b"),
    "hedge-on-itself": ({"token_b": "IRFC"}, [], "--token-b"),
    "unknown-trade-type": ({"trade_type": "gridots"}, [], "--trade-type"),
    "unknown-product": ({"product": "BO"}, [], "--product"),
    "other-exchange": ({"exchange": "BSE"}, [], "--exchange"),
    "no-centre": ({"entry_price": None}, [], "--entry-price"),
    "two-centres": ({"auto_entry": True}, [], "--auto-entry"),
    "negative-price": ({"entry_price": None}, ["--entry-price=-50"], "--entry-price"),
    "nan-price": ({"entry_price": "nan"}, [], "--entry-price"),
    "infinite-price": ({"entry_price": "inf"}, [], "--entry-price"),
    "no-number": ({"entry_price": "fifty"}, [], "--entry-price"),
    "no-steps": ({"steps": 0}, [], "--steps"),
    "half-a-step": ({"steps": "2.5"}, [], "--steps"),
    "below-zero": ({"steps": 60}, [], "--steps"),
    "no-spread": ({"spread": 0}, [], "--spread"),
    "no-target-spread": ({"target_spread": 0}, [], "--target-spread"),
    "no-quantity": ({"qty_a": 0}, [], "--qty-a"),
    "no-hedge-quantity": ({"qty_b": None}, [], "--qty-b"),
    "no-oco-spread": ({"oco_spread": None}, [], "--oco-spread"),
    "hedge-flags-without-hedge": ({"trade_type": "buyts"}, [], "--token-b"),
    "paper-flag-without-paper": ({"paper_speed": 60}, [], "--paper-speed"),
    "stop-without-hours": ({"stop_at": "15:00"}, [], "--stop-at"),
    "impatient": ({"poll_interval": 0}, [], "--poll-interval"),
    "plain-http-abroad": ({"xts_root": "http://xts.example.com"}, [], "--xts-root"),
    "unknown-flag": ({}, ["--entry-prise", "50"], "--entry-price"),
    "stray-word": ({}, ["now"], "now"),
    "two-actions": ({}, ["--dry-run", "--cancel-all"], "--cancel-all"),
    "no-kite-file": ({"zerodha_config": None}, [], "TG1_ZERODHA_CONFIG"),
    "kite-file-elsewhere": ({"zerodha_config": "nowhere.ini"}, [], "nowhere.ini"),
    "other-kite-user": ({"zerodha_user": "Nobody"}, [], "API_CREDENTIALS_Nobody"),
}


@pytest.fixture(scope="module")
def quiet_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """An exchange that should hear of nobody."""
    exchange = Exchange(tmp_path_factory.mktemp("exchange"))
    yield exchange
    exchange.close()


IN_A_PROCESS = ("no-name", "negative-price", "unknown-flag", "no-kite-file")
"""These are typed at a shell, too; a process for each of the others would tell no more."""


@pytest.mark.parametrize("wrong", IN_A_PROCESS)
def test_wrong_command_line_is_one_sentence_and_no_login(quiet_exchange: Exchange, tmp_path: Path, wrong: str) -> None:
    """Behaviour 14, 16, 18: exit 2, one line on stderr that names the flag, no traceback, no secret, no request."""
    changes, more, named = WRONG[wrong]
    bot = Bot(quiet_exchange, tmp_path)
    done = bot.run(*more, **changes)
    _is_refused(bot, done.returncode, done.stdout, done.stderr, named)


@pytest.mark.parametrize(("changes", "more", "named"), WRONG.values(), ids=WRONG)
def test_every_wrong_command_line_is_refused(
    quiet_exchange: Exchange,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    more: list[str],
    named: str,
) -> None:
    """The same, asked of the program's own `main`."""
    bot = Bot(quiet_exchange, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("TG1_")]:
        monkeypatch.delenv(name)
    for name, value in bot.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    _, _, _, *words = bot.command(*more, **changes)
    try:
        code: object = run.main(words)
    except SystemExit as exc:
        code = exc.code
    told, said = capfd.readouterr()
    _is_refused(bot, code, told, said, named)


def _is_refused(bot: Bot, code: object, told: str, said: str, named: str) -> None:
    assert code == 2, said
    assert len(said.splitlines()) == 1
    assert named in said
    assert not [word for word in (*KEYS.values(), *SECRETS.values()) if word in said + told]
    assert bot.exchange.journal() == []
    assert not bot.state_path.exists()


@pytest.mark.parametrize("name", ["TG1_TRADE_KEY", "TG1_TRADE_SECRET", "TG1_UPSIDE_OCO_KEY", "TG1_DOWNSIDE_OCO_SECRET"])
def test_missing_credential_is_named_by_flag_and_variable(quiet_exchange: Exchange, tmp_path: Path, name: str) -> None:
    """Behaviour 16: the sentence names the flag and the environment variable that would give it."""
    bot = Bot(quiet_exchange, tmp_path)
    del bot.environment[name]
    done = bot.run()
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr
    assert "--" + name.removeprefix("TG1_").lower().replace("_", "-") in done.stderr
    assert quiet_exchange.journal() == []


def test_unknown_symbol_is_refused_with_the_nearest_names(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 14: what only the day's dump can tell is refused before any order, with names that exist."""
    bot = make_bot(token_a="IRFCC")
    done = bot.run()
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "IRFCC" in done.stderr
    assert "IRFC" in done.stderr.replace("IRFCC", "")
    assert exchange.count("POST", ORDERS) == 0
    assert not bot.state_path.exists()


def test_off_centre_grid_needs_the_flag(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 1.4: beyond the outermost level: exit 2 with both numbers; --allow-off-centre overrides."""
    exchange.price("IRFC", "47.50")
    bot = make_bot(trade_type="buyts")
    done = bot.run()
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "47.50" in done.stderr
    assert "48.00" in done.stderr
    assert exchange.count("POST", ORDERS) == 0
    bot.start("--allow-off-centre")
    bot.await_places("D01T", "D02T")
    bought = [order["average_price"] for order in exchange.orders(place="D")]
    assert bought.count(Decimal("47.50")) == 2


def test_wrong_secret_ends_the_start_with_exit_4(exchange: Exchange, bot: Bot) -> None:
    """Behaviour 14: a broker that refuses the login at the start: exit 4, naming the account."""
    bot.environment["TG1_UPSIDE_OCO_SECRET"] = "not-the-secret"
    done = bot.run()
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "upside" in done.stderr
    assert exchange.count("POST", ORDERS) == 0


def test_state_that_does_not_fit_is_refused_and_kept(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 9.2, 9.3, 14: another grid, a broken file, another bot's file: exit 5 and not a byte is changed."""
    bot = make_bot(trade_type="buyts", steps=1).start()
    bot.await_places("D01E")
    assert bot.stop() == 0
    good = bot.state_path.read_bytes()

    differs = bot.run(spread=2, qty_a=150)
    assert differs.returncode == 5
    rows = [line.split() for line in differs.stderr.splitlines()]
    assert ["--spread", "1.0", "2"] in rows
    assert ["--qty-a", "100", "150"] in rows
    assert bot.state_path.read_bytes() == good

    for broken in (b"", good[: len(good) // 2], good.replace(b"49", b"48"), b"{}", b"\0" * 100):
        bot.state_path.write_bytes(broken)
        done = bot.run()
        assert done.returncode == 5, broken
        assert len(done.stderr.splitlines()) == 1
        assert bot.state_path.read_bytes() == broken

    other = make_bot(trade_type="buyts", steps=1, name="Other Bot")
    other.state_dir.mkdir(mode=0o700)
    other.state_path.write_bytes(good)
    done = other.run()
    assert done.returncode == 5
    assert "IRFC-SBIN Grid" in done.stderr
    assert other.state_path.read_bytes() == good
    assert exchange.count("POST", ORDERS) == 1
    assert exchange.count("POST", LOGIN) == 1
