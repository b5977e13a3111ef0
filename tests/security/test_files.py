"""What a bot and its exchange leave on disk is private, and a crash tells no secret (behaviour 9.1, 11.1, 16)."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import KEYS, KITE_KEY, KITE_TOKEN, SECRETS, TRADE, Bot, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[Bot]:
    """A bot and an exchange started by somebody whose umask hides nothing."""
    before = os.umask(0)
    try:
        exchange = Exchange(tmp_path / "exchange")
        bot = Bot(exchange, tmp_path / "bot", trade_type="buyocots", steps=1)
        yield bot
    finally:
        os.umask(before)
    if bot.is_running:
        bot.kill()
    exchange.close()


def test_everything_that_a_bot_leaves_is_private(careless: Bot) -> None:
    """State, backup, lock, trades, archive, sessions, instruments, log: 0600 in 0700, whatever the umask."""
    bot, exchange = careless, careless.exchange
    bot.start().await_places("D01E")
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T", "D01O")
    exchange.price("IRFC", "49.50")
    bot.await_places("D01E")
    bot.kill()
    assert bot.cancel_all().returncode == 0
    bot.start("--fresh").await_places("D01E")
    bot.kill()
    made = [path for folder in (bot.state_dir, bot.folder / "logs") for path in [folder, *folder.rglob("*")]]
    for ending in ("_state.json", ".bak", ".lock", "_trades.jsonl", ".log"):
        assert any(path.name.endswith(ending) for path in made), ending
    for name in ("archive", "sessions"):
        assert list((bot.state_dir / name).iterdir()), name
    assert list(bot.state_dir.glob("instruments_*"))
    wrong = [(path.name, oct(mode)) for path in made if (mode := stat.S_IMODE(path.stat().st_mode)) != _private(path)]
    assert wrong == []


def _private(path: Path) -> int:
    return 0o700 if path.is_dir() else 0o600


def test_journal_of_the_paper_exchange_is_private(tmp_path: Path) -> None:
    """It tells what was traded and when, and may be there with other rights from earlier; whatever the umask."""
    new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
    old.touch(0o644)
    for path in (new, old):
        command = [sys.executable, "-m", "tg1.paper", "--manual-prices", "--exit-with-stdin", "--journal", str(path)]
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, umask=0)  # noqa: S603
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


CRASH = textwrap.dedent("""
    import sys, threading
    import tg1.run

    def crash(config, *_rest, **_named):
        secrets = f"{config.trade_key} {config.trade_secret} {config.downside_oco_secret}"
        thread = threading.Thread(target=lambda: {}[secrets])
        thread.start()
        thread.join()
        raise ZeroDivisionError(secrets)

    tg1.run.client_of = crash
    sys.exit(tg1.run.main(sys.argv[1:]))
    """)


def test_bug_in_the_bot_prints_no_secret(tmp_path: Path) -> None:
    """A traceback is a bug, and even that is scrubbed: of the main thread and of another, at DEBUG."""
    exchange = Exchange(tmp_path / "exchange")
    try:
        bot = Bot(exchange, tmp_path / "bot", log_level="DEBUG")
        python, _, _, *words = bot.command()
        done = bot.finish([python, "-c", CRASH, *words])
    finally:
        exchange.close()
    assert done.returncode == 1
    assert "ZeroDivisionError: [redacted] [redacted] [redacted]" in done.stderr
    assert "KeyError" in done.stderr
    written = done.stdout + done.stderr + bot.log()
    assert [word for word in (*KEYS.values(), *SECRETS.values(), KITE_KEY, KITE_TOKEN) if word in written] == []


def test_secret_of_a_command_line_is_in_no_output(tmp_path: Path) -> None:
    """Flags that hold credentials are warned about by name, and at DEBUG their values appear nowhere."""
    exchange = Exchange(tmp_path / "exchange")
    try:
        bot = Bot(exchange, tmp_path / "bot", trade_type="buyts", log_level="DEBUG")
        bot.environment.clear()
        done = bot.run("--trade-key", KEYS[TRADE], "--trade-secret", "flagSecret-9081")
    finally:
        exchange.close()
    assert done.returncode == 4
    assert "--trade-secret" in done.stdout
    written = done.stdout + done.stderr + bot.log()
    assert [word for word in ("flagSecret-9081", KEYS[TRADE]) if word in written] == []
