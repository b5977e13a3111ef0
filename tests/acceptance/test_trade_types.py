"""The five trade types through entry, target and re-entry, to the paisa (architecture 4, 5, 8, 9, 20)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.driver import ACCOUNTS, DOWNSIDE, ORDERS, TRADE, UPSIDE, Bot, Exchange, doubled, until

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = {
    "gridocots": ("downside", "upside"),
    "buyocots": ("downside",),
    "sellocots": ("upside",),
    "buyts": ("downside",),
    "sellts": ("upside",),
}
"""Architecture 5."""
SIDE = {
    "downside": ("BUY", "49.00", "SELL", "49.50", "118.50", DOWNSIDE),
    "upside": ("SELL", "51.00", "BUY", "50.50", "122.50", UPSIDE),
}
"""Entry direction and price, target direction and price, OCO price for TokenB at 120.50, OCO account."""


@pytest.mark.parametrize("trade_type", SIDES)
def test_bot_trades_entry_target_and_reentry_of_its_trade_type(
    exchange: Exchange, make_bot: Callable[..., Bot], trade_type: str
) -> None:
    """Architecture 5, 6, 16: each active side enters, takes its profit and stands at its entry price again."""
    steps = len(SIDES[trade_type])
    bot = make_bot(trade_type=trade_type, steps=steps, brisk=trade_type != "gridocots").start()
    entries = {f"{side[0].upper()}{level:02}E" for side in SIDES[trade_type] for level in range(1, steps + 1)}
    bot.await_places(*entries)
    for side in SIDES[trade_type]:
        _one_round_trip(exchange, bot, side, entries)
    assert bot.counters() == (0, 0, 0, 0)
    assert bot.state()["total_pnl"] == 50 * len(SIDES[trade_type])
    assert {record["outcome"] for record in bot.state()["order_history"]} == {"target"}
    assert exchange.count("POST", ORDERS, UPSIDE) == (bot.is_hedged and "upside" in SIDES[trade_type])
    assert doubled(exchange) == ""
    if not bot.brisk:
        _assert_book_is_read_once_a_second(exchange)
    assert bot.stop() == 0
    assert bot.output().splitlines()[-1] == bot.log().splitlines()[-1].replace(f" {bot.name}: ", " ")


def _assert_book_is_read_once_a_second(exchange: Exchange) -> None:
    """Behaviour 4.1: never more than one read a second and account; counted, since arrival times may bunch."""
    for account in ACCOUNTS:
        reads = [
            datetime.fromisoformat(line["at"])
            for line in exchange.journal("request")
            if (line["method"], line["path"], line["account"]) == ("GET", ORDERS, account)
        ]
        assert len(reads) <= (reads[-1] - reads[0]).total_seconds() + 3


def _one_round_trip(exchange: Exchange, bot: Bot, side: str, entries: set[str]) -> None:
    direction, entry, target_direction, target, oco, oco_account = SIDE[side]
    letter = side[0].upper()
    before = bot.level(side)
    exchange.price("IRFC", entry)
    legs = {f"{letter}01T"} | ({f"{letter}01O"} if bot.is_hedged else set())
    bot.await_places(*(entries - {f"{letter}01E"} | legs))
    level = bot.level(side)
    assert (level["order_side"], level["entry_trade_direction"]) == ("target", target_direction)
    assert level["entry_trade_price"] == Decimal(target)
    aims = f" | Target: {target_direction} @ {target}"
    if bot.is_hedged:
        (order,) = exchange.working(oco_account)
        assert (order["side"], order["stop_price"], order["type"]) == (target_direction, Decimal(oco), "STOPLIMIT")
        aims += f" | OCO: {target_direction} @ {oco} | TokenB: 120.50"
    exchange.price("IRFC", target)
    bot.await_places(*entries)
    again = bot.level(side)
    assert again["uuid"] != before["uuid"]
    assert again["entry_trade_price"] == before["entry_trade_price"] == Decimal(entry)
    for line in (
        f"[{side}] ENTRY {direction} placed: IRFC 100 @ {entry} -> ID={before['entry_order_id']}",
        f"[{side}] ENTRY FILLED: {direction} IRFC @ {entry} (filled {entry}){aims}",
        f"[{side}] TARGET FILLED: {target_direction} @ {target} (filled {target})",
        f"[{side}] Level reset for re-entry: {direction} @ {entry}",
    ):
        assert bot.says(line) == 1, line


@pytest.mark.parametrize("side", ["downside", "upside"])
def test_oco_fill_closes_the_level_for_good(exchange: Exchange, bot: Bot, side: str) -> None:
    """Architecture 10, behaviour 6.1: TokenB reaches the trigger, the stop-limit fills, the target is cancelled."""
    _, entry, target_direction, _, oco, oco_account = SIDE[side]
    letter, other = side[0].upper(), {"downside": "U", "upside": "D"}[side]
    bot.start().await_places("D01E", "D02E", "U01E", "U02E")
    exchange.price("IRFC", entry)
    bot.await_places(f"{letter}01T", f"{letter}01O", f"{letter}02E", f"{other}01E", f"{other}02E")
    (order,) = exchange.working(oco_account)
    # 0.5 % of the OCO price beyond the trigger, on SBIN's tick of 0.05 towards the paying side (behaviour 6.1)
    assert order["limit_price"] == Decimal({"downside": "117.90", "upside": "123.15"}[side])
    exchange.price("SBIN", oco)
    bot.await_places(f"{letter}02E", f"{other}01E", f"{other}02E")
    level = bot.level(side)
    assert (level["oco_filled"], level["closed"]) == (True, True)
    assert bot.says(f"[{side}] OCO FILLED: {target_direction} @ {oco} (filled {oco})") == 1
    assert bot.counters() == {"downside": (0, 100, 0, 1), "upside": (100, 0, 1, 0)}[side]
    assert bot.state()["total_pnl"] == 0, "an OCO-closed level is not booked as realised (behaviour 15)"
    exchange.price("IRFC", "50.00")
    exchange.let_cycles_pass()
    assert not exchange.working(place=f"{letter}01"), "a closed level is never placed again"
    assert exchange.position(TRADE, "IRFC") == {"downside": 100, "upside": -100}[side]
    assert exchange.position(oco_account, "SBIN") == {"downside": -50, "upside": 50}[side]


def test_bot_starts_off_the_price_that_auto_entry_finds(exchange: Exchange, make_bot: Callable[..., Bot]) -> None:
    """Architecture 18, behaviour 1.4, 9.3: --auto-entry centres on a price of this session, and a resume keeps it."""
    exchange.price("IRFC", "47.15")
    bot = make_bot(trade_type="buyts", entry_price=None, auto_entry=True, steps=1).start()
    bot.await_log("Waiting for a tick of IRFC")
    exchange.price("IRFC", "50.37")
    bot.await_places("D01E")
    assert bot.state()["entry_price"] == Decimal("50.37")
    assert exchange.working()[0]["limit_price"] == Decimal("49.37")
    assert bot.stop() == 0
    exchange.price("IRFC", "49.80")
    bot.start()
    until(lambda: bot.says("Resumed"), "a resume", bot)
    exchange.let_cycles_pass(2)
    assert bot.state()["entry_price"] == Decimal("50.37")
    assert exchange.count("POST", ORDERS) == 1
