"""`--paper`: the embedded exchange, made and real prices, and no secret anywhere (behaviour 16, 17)."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import stat
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.driver import (
    DOWNSIDE,
    KEYS,
    KITE_KEY,
    KITE_SECRET,
    KITE_TOKEN,
    ORDERS,
    SECRETS,
    SHARED_DATA,
    TRADE,
    Bot,
    Exchange,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRICES = SHARED_DATA / "ltp_1s_2025-06-18.csv"


class PaperBot(Bot):
    """A bot that brings its own exchange; there is no other one to ask."""

    def __init__(self, folder: Path, **flags: Any) -> None:
        self.roots: dict[str, str] = {}
        super().__init__(self, folder, name="Paper", brisk=False, **flags)  # type: ignore[arg-type]
        self.environment = {}
        self.journal = folder / "journal.jsonl"
        self.flags |= {"ignore_market_hours": None, "paper": True, "journal": self.journal}

    def command(self, *more: str, **changes: Any) -> list[str]:
        """Without credentials and roots."""
        return super().command(*more, zerodha_config=None, **changes)

    def children(self) -> list[int]:
        """Numbers of the processes that the bot has started."""
        return [int(word) for word in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def lines(self) -> list[dict[str, Any]]:
        """The journal."""
        return [json.loads(line) for line in self.journal.read_text().splitlines()]


def _is_alive(pid: int) -> bool:
    stat_file = Path(f"/proc/{pid}/stat")
    try:
        return stat_file.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_paper_bot_trades_by_itself_and_takes_its_exchange_along(tmp_path: Path) -> None:
    """Behaviour 17: no credentials, no network; entries, targets and hedges fill; after SIGINT nothing is left."""
    bot = PaperBot(tmp_path, steps=5, paper_speed=120)
    try:
        bot.start()
        for event in ("ENTRY FILLED", "TARGET FILLED", "OCO FILLED"):
            bot.await_log(event)
        (child,) = bot.children()
        bot.signal(signal.SIGINT)
        assert bot.exit_code() == 0
        assert not _is_alive(child)
        assert bot.output("stderr") == ""
        bot.start().await_log("archived")
        (child,) = until(bot.children, "the exchange", bot)
        until(lambda: bot.says("Fresh grid") == 2, "a second grid", bot)
        bot.kill()
        until(lambda: not _is_alive(child), "the exchange's end after kill -9 of its bot", bot)
    finally:
        if bot.is_running:
            bot.kill()


def test_replay_plays_its_file_and_ends_the_session(tmp_path: Path) -> None:
    """Behaviour 17: the market's clock, the end of the file, cancels, summary, exit 0, and no refused request."""
    rows = ["ist_second,IRFC,SBIN", "2025-06-18 11:00:00,50.00,120.00", "2025-06-18 11:00:15,49.00,120.00"]
    rows += ["2025-06-18 11:00:45,49.60,119.00", "2025-06-18 11:01:00,49.40,119.00"]
    prices = tmp_path / "prices.csv"
    prices.write_text("\n".join(rows))
    bot = PaperBot(tmp_path / "bot", steps=2, paper_prices=prices, paper_speed=10)
    try:
        bot.start()
        assert bot.exit_code() == 0
    finally:
        if bot.is_running:
            bot.kill()
    for sentence in (
        "The market's clock stands at 2025-06-18 11:00:00 IST (0 % played)",
        "ENTRY FILLED",
        "TARGET FILLED",
        "The price file has been played: the market's clock stands at 2025-06-18 11:01:00 IST",
        "Session end",
        "No order is left on the exchange",
    ):
        assert bot.says(sentence), bot.shown()
    requests = [line for line in bot.lines() if line["kind"] == "request"]
    assert {line["status"] for line in requests} == {200}


def test_ladder_of_a_replay_shows_the_markets_clock(tmp_path: Path) -> None:
    """Behaviour 17: on a terminal the hour is the file's, whatever the hour is here."""
    rows = ["ist_second,IRFC,SBIN", *(f"2025-06-18 23:57:{second:02},50.00,120.00" for second in range(60))]
    prices = tmp_path / "prices.csv"
    prices.write_text("\n".join(rows))
    bot = PaperBot(tmp_path / "bot", steps=1, paper_prices=prices, paper_speed=15)
    master, slave = pty.openpty()
    try:
        bot.launch(bot.command(), stdout=slave)
        os.close(slave)
        drawn = "".join(_read_terminal(master))
        assert bot.exit_code() == 0
    finally:
        os.close(master)
        if bot.is_running:
            bot.kill()
    assert re.search(r"23:57:\d\d IST", drawn)


def _read_terminal(master: int) -> Iterator[str]:
    with suppress(OSError):  # the other end was closed: how a terminal ends
        while data := os.read(master, 4096):
            yield data.decode(errors="replace")


def _real_ticks(symbol: str) -> list[tuple[datetime, Decimal]]:
    with PRICES.open() as file:
        return [
            (datetime.fromisoformat(row["ist_second"]), Decimal(row[symbol]))
            for row in csv.DictReader(file)
            if row[symbol]
        ]


@pytest.mark.skipif(not PRICES.exists(), reason="the real prices of ../shared/data are not here")
def test_every_fill_on_real_prices_was_within_reach(tmp_path: Path) -> None:
    """Behaviour 17: on a real morning each fill is at its limit or better, at a price that the market had just then."""
    speed = 200
    grid = {
        "token_a": "SBIN",
        "token_b": "ICICIBANK",
        "entry_price": "790.75",
        "spread": "0.30",
        "target_spread": "0.20",
    }
    bot = PaperBot(
        tmp_path, **grid, steps=8, oco_spread="1.00", oco_stop_count=8, paper_prices=PRICES.resolve(), paper_speed=speed
    )
    try:
        bot.start()
        for event in ("ENTRY FILLED", "TARGET FILLED", "OCO FILLED"):
            bot.await_log(event)
        bot.signal(signal.SIGINT)
        assert bot.exit_code() == 0
    finally:
        if bot.is_running:
            bot.kill()
    fills = [line for line in bot.lines() if line["kind"] == "order" and line["traded_quantity"]]
    assert len(fills) >= 4
    ticks = {symbol: _real_ticks(symbol) for symbol in ("SBIN", "ICICIBANK")}
    start = datetime.fromisoformat(bot.lines()[0]["at"])
    for fill in fills:
        price, limit = Decimal(fill["traded_price"]), Decimal(fill["limit_price"])
        assert price <= limit if fill["side"] == "BUY" else price >= limit
        elapsed_secs = (datetime.fromisoformat(fill["at"]) - start).total_seconds()
        # The exchange began to play at most a few seconds before it was first asked for anything.
        middle = ticks["SBIN"][0][0] + timedelta(seconds=elapsed_secs * speed)
        near = {tick for at, tick in ticks[fill["symbol"]] if abs(at - middle) < timedelta(seconds=5 * speed)}
        assert price in near or any(tick <= limit if fill["side"] == "BUY" else tick >= limit for tick in near)


def test_no_secret_is_in_any_file_or_stream(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 16: at DEBUG, through refusals that quote keys: no key, secret or token outside the session files."""
    bot = make_bot(steps=1, log_level="DEBUG")
    everything = [*KEYS.values(), *SECRETS.values()]
    exchange.fault("json_error", method="POST", path=ORDERS, status=400, text=f"refused: {' '.join(everything)}")
    exchange.fault("garbage", method="POST", path=ORDERS, after=1, text=f"oops {' '.join(everything)}")
    bot.start()
    until(lambda: exchange.working(place="D01E") or exchange.working(place="U01E"), "an entry", bot, exchange)
    tokens = _session_tokens(bot)
    assert len(tokens) == 3
    exchange.fault("html", method="GET", path=ORDERS)
    exchange.fault("garbage", method="GET", path=ORDERS, after=1, text=f"{' '.join(everything + tokens)}")
    exchange.fault("kill_token", method="GET", path=ORDERS, after=2)
    until(lambda: exchange.faults()[-1]["hits"], "all faults", bot, exchange)
    until(lambda: set(_session_tokens(bot)) != set(tokens), "a new session", bot, exchange)
    tokens += _session_tokens(bot)
    bot.kill()
    exchange.ask("quirks", kite_rest="403")
    for cache in bot.state_dir.glob("instruments_*"):
        cache.unlink()
    done = [bot.run()]
    assert done[0].returncode == 4
    bot.environment["TG1_TRADE_SECRET"] = "another-secret-Qk3v"
    for account in (TRADE, DOWNSIDE):
        exchange.ask("kill_token", account=account)
    hurried = ("tg1.trading.ending.GIVE_UP_SECS=1", "tg1.trading.emergency.BACKING_OFF_WITHIN_SECS=1")
    done += [bot.run(), bot.finish(bot.tweaked(*hurried, more=["--cancel-all"]))]
    streams = "".join(each.stdout + each.stderr for each in done)
    for path in bot.folder.rglob("*"):
        is_session = path.parent.name == "sessions"
        if path.is_file() and not is_session and path != bot.zerodha_config:
            streams += path.read_text()
    streams += exchange.journal_path.read_text()
    assert [
        word
        for word in (*everything, *tokens, KITE_KEY, KITE_SECRET, KITE_TOKEN, "another-secret-Qk3v")
        if word in streams
    ] == []
    assert not re.search(r"paper-[0-9a-f]{20}", streams), "a token that was not even listed"
    sessions = [path for path in (bot.state_dir / "sessions").iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in sessions} == {0o600}


def _session_tokens(bot: Bot) -> list[str]:
    tokens = [json.loads(path.read_text())["token"] for path in (bot.state_dir / "sessions").glob("*.json")]
    return [token for token in tokens if token]
