"""What the bot asks of its embedded exchange, and what it makes of its reports (behaviour 17)."""

from __future__ import annotations

import json
import logging
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fakes import HandClock
from tg1.config import GridOcoConfig
from tg1.machine.clock import IST
from tg1.machine.redact import Redactor
from tg1.paper.__main__ import make_parser
from tg1.paper_process import MarketClock, PaperRoots, ReplayedDays, command_of, forget_last_exchange
from tg1.settings.flags import CREDENTIALS
from tg1.trading.session import TradingSession
from tg1.wiring import kite_of, on_paper

if TYPE_CHECKING:
    import argparse

START = datetime(2025, 6, 18, 11, 0, tzinfo=IST)


def test_a_start_takes_nothing_of_another_bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bots that are started at once both clear the folder, and a pause of the other one stays."""
    for name in ("Mine_request.json", "Other_request.json", "instruments_NSE_2026-02-16.json"):
        (tmp_path / name).touch()
    found = [*tmp_path.glob("instruments_*")]
    found[0].unlink()
    monkeypatch.setattr(Path, "glob", lambda _self, _pattern: found)
    forget_last_exchange(tmp_path, "Mine")
    assert [path.name for path in tmp_path.iterdir()] == ["Other_request.json"]


def test_no_secret_of_paper_masks_an_ordinary_word() -> None:
    """The folder of a rehearsal is called paper, and a sentence that names it must name it (behaviour 16)."""
    here = "http://127.0.0.1:1"
    roots = PaperRoots(xts_root=here, kite_root=here, kite_ws_root=here.replace("http", "ws"))
    config = on_paper(_config(paper=True), roots, Path("state/paper"))
    secrets = [*(getattr(config, name) for name in CREDENTIALS), *kite_of(config).credentials().secrets]
    sentence = "can't write state/paper/B_state.json.tmp: the paper exchange"
    assert Redactor(secrets).scrub(sentence) == sentence


def _config(**changes: Any) -> GridOcoConfig:
    given: dict[str, Any] = {
        "bot_name": "Paper",
        "token_a_symbol": "IRFC",
        "token_b_symbol": "SBIN",
        "entry_price": 50,
        "token_a_quantity": 100,
        "token_b_quantity": 50,
        "oco_spread": 2,
        "paper": True,
    }
    return GridOcoConfig(**given | changes)


def _asked(**changes: Any) -> argparse.Namespace:
    """The exchange's command line, as the exchange reads it."""
    return make_parser().parse_args(command_of(_config(**changes))[3:])


@pytest.mark.parametrize(
    ("changes", "price_b"),
    [
        pytest.param({}, "120.50", id="the-example"),
        pytest.param({"oco_spread": "0.5"}, "30.125", id="narrow"),
        pytest.param({"oco_spread": 150}, "9037.50", id="wide"),
        pytest.param({"oco_spread": 150, "paper_price_b": "2400"}, "2400", id="given"),
        pytest.param({"trade_type": "buyts", "oco_spread": 0, "token_b_symbol": ""}, "120.50", id="no-hedge"),
    ],
)
def test_token_b_starts_where_the_oco_spread_is_a_sensible_part_of_it(changes: dict[str, Any], price_b: str) -> None:
    """Behaviour 17: a spread of 150 on a made price of 120 "hedged" at one paisa; 1.66 % away is the example's."""
    assert _asked(**changes).centre_b == Decimal(price_b)


def test_token_a_starts_at_the_entry_price() -> None:
    """Behaviour 17: near the entry price; with --auto-entry at the built-in one."""
    assert _asked(entry_price="787.5").centre_a == Decimal("787.5")
    assert _asked(entry_price=0, auto_entry=True).centre_a == Decimal("50.00")


def test_bot_without_a_hedge_asks_for_one_symbol() -> None:
    """Its price file needs no second one, and TokenA may be the built-in second one."""
    asked = _asked(trade_type="buyts", oco_spread=0, token_a_symbol="SBIN", token_b_symbol="")
    assert (asked.token_a, asked.token_b) == ("SBIN", "")


def test_limits_of_the_key_are_on() -> None:
    """Behaviour 17: the documented limits are part of the rehearsal."""
    assert (_asked().no_limits, _asked().quirks) == (False, {})


def test_replay_waits_for_the_bot_and_reports_its_clock() -> None:
    """A file's first hours are not played to nobody; made prices have no clock of their own."""
    replay = _asked(paper_prices="prices.csv", paper_speed=60)
    assert (replay.paper_prices, replay.paper_speed) == (Path("prices.csv"), 60.0)
    assert (replay.tell_clock, replay.wait_for_ticker) == (True, True)
    assert (_asked().tell_clock, _asked().wait_for_ticker) == (False, False)


def _report(minutes: float, *, played: float = 0.0, is_over: bool = False, fault: str = "") -> str:
    at = START + timedelta(minutes=minutes)
    return json.dumps({"market_time": at.isoformat(), "played": played, "is_over": is_over, "fault": fault})


def test_market_clock_follows_the_reports(caplog: pytest.LogCaptureFixture) -> None:
    """It shows the last report's time, and says at the end that the file has been played (behaviour 17)."""
    market = MarketClock()
    with caplog.at_level(logging.INFO):
        market.follow([_report(0), _report(1, played=0.2)])
        assert (market.time, market.is_over) == (START + timedelta(minutes=1), False)
        market.follow([_report(5, played=1, is_over=True)])
    assert market.is_over
    assert "The price file has been played: the market's clock stands at 2025-06-18 11:05:00 IST" in caplog.text


def test_market_clock_is_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """At the start, then every half hour of the market, at most with every tenth report."""
    with caplog.at_level(logging.INFO):
        MarketClock().follow([_report(number, played=number / 100) for number in range(65)])
        MarketClock().follow([_report(60 * number) for number in range(15)])
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "The market's clock stands at 2025-06-18 11:00:00 IST (0 % played)",
        "The market's clock stands at 2025-06-18 11:30:00 IST (30 % played)",
        "The market's clock stands at 2025-06-18 12:00:00 IST (60 % played)",
        "The market's clock stands at 2025-06-18 11:00:00 IST (0 % played)",
        "The market's clock stands at 2025-06-18 21:00:00 IST (0 % played)",
    ]


def test_prices_that_break_off_are_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """A file that was changed while it was played ends the session, too, with the reason."""
    market = MarketClock()
    with caplog.at_level(logging.ERROR):
        market.follow([_report(5, is_over=True, fault="--paper-prices x.csv, line 7, is there twice")])
    assert market.is_over
    assert "line 7" in caplog.text


@pytest.mark.parametrize("hours", [{"ignore_market_hours": True}, {"stop_at": "15:00"}], ids=["any-hour", "session"])
def test_session_ends_with_the_file(hours: dict[str, Any]) -> None:
    """Behaviour 17: whatever the hour and the day, also where market hours are ignored."""
    market, clock = MarketClock(), HandClock()
    days = ReplayedDays(market=market)
    session = TradingSession(config=_config(**hours), clock=clock, calendar=days)
    assert (session.is_over(clock.now()), days.why_closed(date(2026, 11, 22))) == (False, "")
    market.follow([_report(5, is_over=True)])
    assert session.is_over(clock.now())
    assert session.why_over(clock.now()) == "the price file has been played"
