"""`kill -9` and what a restart makes of it (architecture 18; behaviour 3.2 to 3.5, 9.1)."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import ACCOUNTS, DOWNSIDE, ORDERS, TRADE, Bot, Exchange, doubled, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_killed_bot_finds_its_working_orders_again(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 18, behaviour 3.4, 11.1: same orders, same ids, nothing placed, no second login."""
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    before = {order["app_order_id"] for order in exchange.working()}
    bot.kill()
    bot.start().await_log("Resumed IRFC-SBIN Grid: 2 levels, 2 orders working")
    exchange.let_cycles_pass()
    assert {order["app_order_id"] for order in exchange.working()} == before
    assert len(exchange.orders()) == 2
    assert bot.state()["bot_status"] == "Active"
    assert sum(exchange.count("POST", "/interactive/user/session", account) for account in ("", *ACCOUNTS)) == 3
    assert _modes(bot.folder / "state") == _modes(bot.folder / "logs") == set()


def _modes(folder: Path) -> set[str]:
    """Names below a folder, itself included, that others may look into (behaviour 9.1: 0600 and 0700)."""
    wanted = {path: 0o700 if path.is_dir() else 0o600 for path in (folder, *folder.rglob("*"))}
    return {
        f"{path.name} {stat.S_IMODE(path.stat().st_mode):o}"
        for path, mode in wanted.items()
        if stat.S_IMODE(path.stat().st_mode) != mode
    }


def test_fills_while_the_bot_was_dead_are_booked_once(exchange: Exchange, bot: Bot) -> None:
    """Architecture 18, behaviour 3.5: entry, target and OCO fills that nobody saw move their levels at the restart."""
    bot.start().await_places("D01E", "D02E", "U01E", "U02E")
    bot.kill()
    exchange.price("IRFC", "49.00")
    bot.start().await_places("D01T", "D01O", "D02E", "U01E", "U02E")
    assert bot.counters() == (0, 100, 0, 0)
    bot.kill()
    exchange.price("IRFC", "49.50")
    bot.start().await_places("D01E", "D02E", "U01E", "U02E")
    assert bot.counters() == (0, 0, 0, 0)
    assert bot.state()["total_pnl"] == 50
    exchange.price("IRFC", "51.00")
    bot.await_places("D01E", "D02E", "U01T", "U01O", "U02E")
    bot.kill()
    exchange.price("SBIN", "122.50")
    bot.start().await_places("D01E", "D02E", "U02E")
    exchange.let_cycles_pass(2)
    assert bot.counters() == (100, 0, 1, 0)
    assert len(bot.state()["order_history"]) == 2
    assert doubled(exchange) == ""


@pytest.mark.parametrize("when", ["after", "before"])
def test_unanswered_placement_is_found_or_freed_after_a_kill(
    exchange: Exchange, make_bot: Callable[..., Bot], when: str
) -> None:
    """Behaviour 3.2, 3.3, 3.4: accepted → adopted with its id; never arrived → freed, and tried under a new id."""
    exchange.fault("timeout", when=when, method="POST", path=ORDERS)
    bot = make_bot(steps=1).start()
    until(exchange.was_hit, "the first placement", bot, exchange)
    intent = bot.level("downside")["order"]
    assert intent["order_id"] is None, "the intent is on disk before the request leaves"
    bot.kill()
    exchange.heal()
    bot.start().await_places("D01E", "U01E")
    orders = exchange.orders(place="D01E")
    assert len(orders) == 1
    assert (orders[0]["client_id"] == intent["client_id"]) == (when == "after")
    assert doubled(exchange) == ""


def test_unanswered_placement_of_a_living_bot_is_found_in_the_book(exchange: Exchange, bot: Bot) -> None:
    """Behaviour 3.3: a 5xx, a reset and garbage after acceptance are each looked up, never sent again."""
    exchange.fault("html", when="after", method="POST", path=ORDERS)
    exchange.fault("reset", when="after", method="POST", path=ORDERS, after=1)
    exchange.fault("garbage", when="after", method="POST", path=ORDERS, after=2)
    exchange.fault("no_order_id", method="POST", path=ORDERS, after=3)
    bot.start().await_places("D01E", "D02E", "U01E", "U02E")
    assert len(exchange.orders()) == 4
    assert all(each["hits"] == 1 for each in exchange.faults())


def test_orphan_of_this_bot_is_cancelled_and_foreign_orders_stay(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 3.4: a working order with the bot's tag that no level knows goes; all without the tag stay."""
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    bot.kill()
    tag = bot.level("downside")["order"]["client_id"][:5]
    order = {"symbol": "IRFC", "side": "BUY", "quantity": 7, "price": "40.00", "account": TRADE}
    orphan = exchange.ask("foreign_order", **order, client_id=f"{tag}000D01E0001")
    others = {
        exchange.ask("foreign_order", **order),
        exchange.ask("foreign_order", **order, client_id="ZZZZZ000D01E0001"),
        exchange.ask("foreign_order", **order | {"account": DOWNSIDE}, client_id="by-hand"),
    }
    bot.start()
    until(lambda: orphan not in _working_ids(exchange), "the orphan's end", bot, exchange)
    exchange.let_cycles_pass(2)
    assert others <= _working_ids(exchange)
    assert len(exchange.working()) == 5


def _working_ids(exchange: Exchange) -> set[int]:
    return {order["app_order_id"] for order in exchange.working()}
