"""A sick feed, stolen sessions, sick servers: the bot goes on, and nothing is doubled (behaviour 3, 4, 10, 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.support.driver import DOWNSIDE, KEYS, LOGIN, ORDERS, SECRETS, TRADE, Bot, Exchange, doubled, until
from tests.support.patience import PATIENCE_SECS

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("where", ["rest", "ticker"])
def test_dead_kite_token_ends_the_start_in_those_words(exchange: Exchange, bot: Bot, where: str) -> None:
    """Behaviour 10.3: exit 4; an expired Kite token is said in those words, with the way to renew it."""
    exchange.ask("quirks", **({"kite_rest": "403"} if where == "rest" else {"ticker_handshake": "403"}))
    done = bot.finish(bot.tweaked("tg1.trading.starting.PRICES_WITHIN_SECS=3"))
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "the Kite access token has expired" in done.stderr
    assert "tg1 login" in done.stderr
    assert exchange.count("POST", ORDERS) == 0


@pytest.mark.parametrize("illness", ["stall", "drop"])
def test_stale_prices_hold_entries_and_hedges_but_not_targets(
    exchange: Exchange, make_bot: Callable[..., Bot], illness: str
) -> None:
    """Behaviour 10.1, 10.2: while prices are stale, targets and polling go on; trading resumes when they are fresh."""
    bot = make_bot(trade_type="buyocots").start()
    bot.await_places("D01E", "D02E")
    if illness == "stall":
        exchange.ask("quirks", ticker_feed="silent")
    else:
        exchange.ask("quirks", ticker_handshake="429")
        exchange.ask("ticker", action="drop")
    bot.await_log("The price of IRFC is stale")
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T", "D02E")
    exchange.price("IRFC", "49.50")
    bot.await_places("D02E")
    exchange.let_cycles_pass(2)
    assert exchange.places() == {"D02E"}, "no entry on a stale price"
    assert exchange.count("POST", ORDERS, DOWNSIDE) == 0, "no hedge on a stale price"
    exchange.ask("quirks", ticker_feed="normal", ticker_handshake="normal")
    bot.await_log("The price of IRFC is fresh again")
    bot.await_places("D01E", "D02E")
    assert bot.says("The price of IRFC is stale") == bot.says("The price of IRFC is fresh again") == 1
    assert bot.counters() == (0, 0, 0, 0)


def test_session_taken_by_another_login_is_renewed_without_loss(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 11.1: another login kills the bot's session; it logs in again, places once and books once."""
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    url = exchange.roots["xts_root"] + LOGIN
    body = {"appKey": KEYS[TRADE], "secretKey": SECRETS[TRADE], "source": "WEBAPI"}
    assert requests.post(url, json=body, timeout=PATIENCE_SECS).json()["type"] == "success"
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T", "D01O", "U01E")
    exchange.fault("kill_token", method="POST", path=ORDERS)
    exchange.price("IRFC", "49.50")
    bot.await_places("D01E", "U01E")
    assert exchange.was_hit()
    assert bot.counters() == (0, 0, 0, 0)
    assert bot.state()["total_pnl"] == 50
    assert [order["cumulative"] for order in exchange.orders(place="D01E")] == [100, 0]
    assert doubled(exchange) == ""


def test_hedge_of_an_account_whose_session_died_in_new_words_is_placed_at_once(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 11.1: nothing works there, so nobody read its book; one login, and no level is charged with it."""
    words = "You have been logged out by another user."
    exchange.ask("quirks", dead_session_text=words, dead_session_code="e-foo-1", dead_session_status=400)
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    logins = exchange.count("POST", LOGIN)
    exchange.ask("kill_token", app_key=KEYS[DOWNSIDE])
    exchange.price("IRFC", "49.00")
    bot.await_places("D01T", "D01O", "U01E")
    assert exchange.count("POST", LOGIN) == logins + 1
    assert bot.says("its session was taken for dead and replaced") == 1
    assert bot.level("downside")["oco_backoff"]["rejections"] == 0
    assert bot.state()["attention"] == []
    assert bot.says("ACCOUNT TROUBLE") == bot.says(" rejected: ") == 0


BOOK_FAULTS = ("html", "garbage", "rate_flat", "empty_book", "truncated", "reset")


def test_sick_book_changes_nothing_and_fills_are_seen_afterwards(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 4.4: HTML, 5xx, garbage, 429, an empty book, half an answer: nothing is concluded, the bot goes on."""
    bot = make_bot(trade_type="buyts").start()
    bot.await_places("D01E", "D02E")
    before = bot.level("downside")
    sick = [{"kind": kind, "method": "GET", "path": ORDERS, "after": number} for number, kind in enumerate(BOOK_FAULTS)]
    until_healed = {"kind": "garbage", "method": "GET", "path": ORDERS, "after": len(BOOK_FAULTS), "times": 0}
    exchange.arm(*sick, until_healed)
    exchange.price("IRFC", "49.00")
    until(lambda: exchange.faults()[-1]["hits"], "the sick reads and one more", bot, exchange)
    assert [each["hits"] for each in exchange.faults()[:-1]] == [1] * len(BOOK_FAULTS)
    assert bot.level("downside") == before
    assert exchange.count("POST", ORDERS) == 2
    exchange.heal()
    bot.await_places("D01T", "D02E")
    assert bot.counters() == (0, 100, 0, 0)
    assert doubled(exchange) == ""


def test_refused_and_lost_placements_are_tried_again_under_new_ids(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 3.3, 8, 11.3: a 429 is asked once more under its id; after a 502 absence frees the level.

    Somebody else's order is in the book: one without a row proves absence later.
    """
    exchange.ask(
        "foreign_order", account=TRADE, symbol="IRFC", side="BUY", quantity=1, price="40.00", client_id="by-hand"
    )
    bot = make_bot(trade_type="sellts", steps=1)
    for number, kind in enumerate(("rate_flat", "rate_nested", "html")):
        exchange.fault(kind, method="POST", path=ORDERS, after=number)
    bot.start()
    until(lambda: len(exchange.orders()) == 2, "the entry beside the other order", bot, exchange)
    assert exchange.count("POST", ORDERS) == 4
    sent = [line["client_id"] for line in exchange.journal("request") if line["method"] == "POST" and line["client_id"]]
    assert sorted(sent.count(client_id) for client_id in set(sent)) == [1, 1, 2]
    assert bot.level("upside")["backoff"]["rejections"] == 0
    assert bot.state()["attention"] == []


def test_bot_that_cannot_save_places_nothing_until_it_can(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 9.2: no further order while a save fails, said once; when it works again, trading goes on."""
    bot = make_bot(trade_type="buyts").start()
    bot.await_places("D01E", "D02E")
    obstacle = bot.state_path.with_name(bot.state_path.name + ".tmp")
    obstacle.mkdir()  # a folder where the next save wants its file: works against root, too
    exchange.price("IRFC", "49.00")
    bot.await_log("NO ORDERS ARE PLACED until the state can be saved")
    exchange.let_cycles_pass(3)
    assert exchange.count("POST", ORDERS) == 2
    assert bot.says("NO ORDERS ARE PLACED") == 1
    assert bot.counters() == (0, 0, 0, 0), "the old state is untouched"
    obstacle.rmdir()
    bot.await_places("D01T", "D02E")
    assert bot.counters() == (0, 100, 0, 0)
    assert bot.says("The state can be saved again") == 1
