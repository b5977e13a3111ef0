"""Bracketing, MaxQuantity, termination and completion (architecture 11, 12, 13; behaviour 1.5, 6.3, 7, 9.3)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.support.driver import DOWNSIDE, ORDERS, TRADE, WORKING, Bot, Exchange, doubled, until

if TYPE_CHECKING:
    from collections.abc import Callable


def test_only_the_ocos_next_to_token_b_work_and_stale_ones_go(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 11, behaviour 6.3: nearest below and nearest above; never more than two of a direction."""
    bot = make_bot(trade_type="buyocots", steps=4).start()
    bot.await_places("D01E", "D02E", "D03E", "D04E")
    # Each entry fills while TokenB stands elsewhere, so the SELL hedges stand at 118.50, 116.70, 115.40 and 117.60.
    exchange.price("IRFC", "49.00")
    bot.await_level("downside", 1, oco_trade_price=Decimal("118.50"))
    _both_prices(exchange, token_b="118.70", token_a="48.00")
    bot.await_level("downside", 2, oco_trade_price=Decimal("116.70"))
    bot.await_places("D01T", "D02T", "D01O", "D03E", "D04E")
    # TokenB jumps over the first hedge's limit of 117.90: triggered, it rests above the market.
    _both_prices(exchange, token_b="117.30")
    bot.await_places("D01T", "D02T", "D01O", "D02O", "D03E", "D04E")
    # A hedge nearer to the market takes the place below it; the stale one is cancelled first.
    _both_prices(exchange, token_b="117.40", token_a="47.00")
    bot.await_level("downside", 3, oco_trade_price=Decimal("115.40"))
    assert exchange.places() >= {"D01O", "D02O"}
    exchange.price("SBIN", "119.50")
    bot.await_places("D02T", "D03T", "D02O", "D04E")
    assert bot.level("downside", 1)["oco_filled"]
    _both_prices(exchange, token_b="119.60", token_a="46.00")
    bot.await_level("downside", 4, oco_trade_price=Decimal("117.60"))
    bot.await_places("D02T", "D03T", "D04T", "D04O")
    assert bot.counters() == (0, 400, 0, 1)
    assert _most_working_at_once(exchange, DOWNSIDE) == 2
    assert doubled(exchange) == ""


def _both_prices(exchange: Exchange, *, token_b: str, token_a: str = "") -> None:
    """Let the feed bring TokenB's price to the bot before TokenA moves."""
    exchange.price("SBIN", token_b)
    exchange.let_cycles_pass(2)
    if token_a:
        exchange.price("IRFC", token_a)


def _most_working_at_once(exchange: Exchange, account: str) -> int:
    """From the journal: how many orders of an account worked at the same time, those being cancelled included."""
    most = 0
    working: set[int] = set()
    for line in exchange.journal("order"):
        if line["account"] == account:
            (working.add if line["status"] in WORKING else working.discard)(line["app_order_id"])
            most = max(most, len(working))
    return most


def test_max_quantity_pauses_entries_until_a_target_fills(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 12, behaviour 7.2: a pause of all new entries while targets and hedges go on."""
    bot = make_bot(max_open_entries=1).start()
    bot.await_places("D01E", "U01E")
    exchange.price("IRFC", "49.00")
    bot.await_places("D02E", "U01E", "D01T", "D01O")
    exchange.price("IRFC", "48.00")
    bot.await_log("MAX QUANTITY REACHED — pausing new entries")
    bot.await_places("U01E", "D01T", "D01O", "D02T")
    (entry,) = exchange.working(place="U01E")
    exchange.ask("broker_cancel", app_order_id=entry["app_order_id"])
    bot.await_places("D01T", "D01O", "D02T")
    exchange.let_cycles_pass(5)
    assert bot.counters() == (0, 200, 0, 0)
    assert exchange.places() == {"D01T", "D01O", "D02T"}, "no entry while the quantity is at its maximum"
    exchange.price("IRFC", "48.50")
    bot.await_places("D01T", "D01O", "D02E", "U01E")
    assert bot.counters() == (0, 100, 0, 0)
    assert bot.says("MAX QUANTITY REACHED") == 1


def test_oco_imbalance_terminates_and_only_fresh_starts_again(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 13, behaviour 7.3, 9.3, 14: all cancelled, exit 3; then exit 5 until --fresh archives the state."""
    bot = make_bot(steps=1).start()
    bot.await_places("D01E", "U01E")
    exchange.price("IRFC", "49.00")
    bot.await_places("U01E", "D01T", "D01O")
    exchange.price("SBIN", "118.50")
    assert bot.exit_code() == 3
    reason = (
        "OCO imbalance — upside_oco=0 downside_oco=1 steps=1: 0 hedges of SELL entries and 1 of BUY entries have "
        "filled, the market runs one way"
    )
    assert bot.says(f"TERMINATING: {reason}") == 1
    assert bot.state()["bot_status"] == f"Terminated: {reason}"
    assert exchange.working() == []
    assert bot.counters() == (0, 100, 0, 1)
    assert bot.says("positions are not closed") == 1
    assert bot.says("Held, Downside OCO account: -50 SBIN at 118.50") == 1

    placed = exchange.count("POST", ORDERS)
    refused = bot.run()
    assert refused.returncode == 5
    assert len(refused.stderr.splitlines()) == 1
    assert "--fresh" in refused.stderr
    assert exchange.count("POST", ORDERS) == placed

    exchange.price("IRFC", "50.00")
    bot.start("--fresh").await_places("D01E", "U01E")
    assert bot.says("neither target nor hedge any more") == 1, "what the old grid still holds is not passed over"
    assert bot.counters() == (0, 0, 0, 0)
    (archive,) = (bot.state_dir / "archive").glob("*fresh*.json")
    assert json.loads(archive.read_text())["bot_status"] == f"Terminated: {reason}"
    assert doubled(exchange) == "", "the new grid's client ids differ from the old one's"


def test_untriggered_ocos_terminate(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 13: hedges that TokenB has passed but that did not fill end the bot with exit 3."""
    bot = make_bot(oco_stop_count=1).start()
    bot.await_places("D01E", "D02E", "U01E", "U02E")
    exchange.price("IRFC", "51.00")
    bot.await_places("U01T", "U01O", "U02E", "D01E", "D02E")
    # Over the trigger at 122.50 and the limit at 123.15 at once: the hedge rests where nobody will meet it.
    exchange.price("SBIN", "130.00")
    assert bot.exit_code() == 3
    reason = (
        "untriggered OCO buildup — buy=1 sell=0 oco_stop_count=1: SBIN has passed the prices of 1 BUY and 0 SELL "
        "hedges that did not fill"
    )
    assert bot.state()["bot_status"] == f"Terminated: {reason}"
    assert bot.says(f"TERMINATING: {reason}") == 1
    assert exchange.working() == []


def test_bot_completes_when_every_level_has_closed_without_reentry(
    exchange: Exchange, make_bot: Callable[..., Bot]
) -> None:
    """Behaviour 1.5: with --no-reenter the last target ends the bot: `Completed`, exit 0, and again exit 0."""
    bot = make_bot(trade_type="sellts", steps=1, no_reenter=True).start()
    bot.await_places("U01E")
    exchange.price("IRFC", "51.00")
    bot.await_places("U01T")
    exchange.price("IRFC", "50.50")
    assert bot.exit_code() == 0
    assert bot.state()["bot_status"] == "Completed"
    assert bot.state()["total_pnl"] == 50
    assert bot.run(no_reenter=True).returncode == 0
    assert exchange.count("POST", ORDERS, TRADE) == 2


def test_broker_rejections_free_the_level_and_back_off(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 8: the first retry comes next cycle under a new client id; nothing else on the bot stops."""
    bot = make_bot(trade_type="buyts").start()
    bot.await_places("D01E", "D02E")
    exchange.ask("reject_next", account=TRADE, reason="RMS:Margin Exceeds")
    exchange.price("IRFC", "49.00")
    until(lambda: len(exchange.orders(place="D01T")) == 2, "a second target", bot, exchange)
    bot.await_places("D01T", "D02E")
    first, second = exchange.orders(place="D01T")
    assert (first["status"], second["quantity"]) == ("Rejected", 100)
    assert bot.says("RMS:Margin Exceeds") == 1
    assert bot.counters() == (0, 100, 0, 0)


def test_level_whose_both_sides_filled_is_closed_and_reported(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Behaviour 6.5: the hedge's cancel loses to a fill: both are booked, the rest is the operator's until cleared."""
    bot = make_bot(trade_type="sellocots").start()
    bot.await_places("U01E", "U02E")
    exchange.price("IRFC", "51.00")
    bot.await_places("U01T", "U01O", "U02E")
    exchange.fault("cancel_lost", method="DELETE", path=ORDERS)
    exchange.price("IRFC", "50.50")
    bot.await_level("upside", 1, closed=True)
    bot.await_places("U02E")
    assert bot.counters() == (0, 0, 1, 0)
    assert bot.state()["total_pnl"] == 50
    assert bot.state()["order_history"][-1]["outcome"] == "both"
    (attention,) = bot.state()["attention"]
    assert "50 SBIN" in attention["text"]
    assert bot.stop() == 0
    bot.start()
    until(lambda: bot.says("ATTENTION since") == 1, "the reminder at a start", bot)
    assert bot.stop() == 0
    bot.start("--clear-attention")
    until(lambda: bot.state()["attention"] == [], "nothing to be settled", bot)
