"""What measured values mean for a bot with real money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tg1.config import GridOcoConfig
from tg1.doctor import judge
from tg1.doctor.finding import Finding, Light, exit_of, green, lines_of, red, summary, yellow
from tg1.errors import ExitCode
from tg1.models import Balance, BrokerPosition, TradeType

GB = 1024**3
GRID = GridOcoConfig(
    bot_name="B",
    token_a_symbol="IRFC",
    token_b_symbol="SBIN",
    entry_price=Decimal(50),
    steps=2,
    spread=Decimal(1),
    oco_spread=Decimal(2),
    token_a_quantity=100,
    token_b_quantity=10,
)


@pytest.mark.parametrize(
    ("free", "kind", "light"),
    [
        (2 * GB, "ext4", Light.GREEN),
        (GB // 2, "ext4", Light.YELLOW),
        (GB // 20, "ext4", Light.RED),
        (2 * GB, "tmpfs", Light.RED),
    ],
)
def test_disk_needs_room_and_has_to_outlive_a_reboot(free: int, kind: str, light: Light) -> None:
    """On a full disk no order is placed, and memory forgets what the bot holds."""
    assert judge.disk(free, kind, "state").light is light


@pytest.mark.parametrize(("secs", "light"), [(0.01, Light.GREEN), (0.1, Light.YELLOW), (0.9, Light.RED)])
def test_slowest_save_and_answer_count(secs: float, light: Light) -> None:
    """A cycle has a second (behaviour 4.1)."""
    assert judge.saving([0.001, secs, 0.002]).light is light
    assert judge.latency("trade", secs * 6).light is light


@pytest.mark.parametrize(
    ("offset", "light"),
    [(0.4, Light.GREEN), (-3.0, Light.YELLOW), (11.0, Light.RED), (-11.0, Light.RED), (None, Light.YELLOW)],
)
def test_clock_that_is_off_trades_outside_the_session(offset: float | None, light: Light) -> None:
    """Behaviour 12."""
    assert judge.clock(offset, "them").light is light


def test_clock_says_in_which_direction() -> None:
    """Ahead sends orders before the open."""
    assert judge.clock(3.0, "them").told == "3.0 s ahead of them"
    assert judge.clock(-3.0, "them").told == "3.0 s behind them"


def position(number: int, quantity: int | None, *, segment: str = "NSECM") -> BrokerPosition:
    """A row of an account's positions."""
    return BrokerPosition(symbol="X", segment=segment, instrument_id=number, product_type="MIS", quantity=quantity)


def test_positions_beside_the_bots_are_told() -> None:
    """The bot's 100 of 150 leave 50; other shares, other exchanges and flat rows say nothing."""
    rows = [position(7, 120), position(7, 30), position(9, 5), position(7, 10, segment="BSECM"), position(8, 0)]
    found = judge.strangers("trade", rows, {7: 100}, {7: "IRFC", 8: "SBIN"})
    assert (found.light, found.told) == (Light.YELLOW, "beside the bot's own: +50 IRFC")
    assert judge.strangers("trade", rows, {7: 150}, {7: "IRFC", 8: "SBIN"}).light is Light.GREEN


def test_position_that_the_bot_knows_and_the_broker_does_not_is_told() -> None:
    """Somebody sold it by hand."""
    assert judge.strangers("trade", [], {7: 100}, {7: "IRFC"}).told == "beside the bot's own: -100 IRFC"


def test_margin_is_that_of_the_dearer_side() -> None:
    """Two levels above 50 cost (51 + 52) x 100 x 20 % = 2,060; hedges 120 x 10 x 2 x 20 % = 480 each (behaviour 15)."""
    assert judge.need(GRID.identity(), Decimal(120)) == {
        "trade": Decimal("2060.0"),
        "upside_oco": Decimal("480.0"),
        "downside_oco": Decimal("480.0"),
    }
    assert set(judge.need(GRID.identity(), None)) == {"trade"}


def test_delivery_is_paid_whole() -> None:
    """CNC buys with cash: (49 + 48) x 100."""
    cnc = replace(GRID, product_type="CNC", trade_type=TradeType.BUYTS)
    assert judge.need(cnc.identity(), None) == {"trade": Decimal(9700)}


def test_delivery_that_is_sold_takes_shares_and_no_margin() -> None:
    """xts.md 7.4: SELL entries and the hedges of BUY entries come out of holdings; the rest is bought with cash."""
    cnc = replace(GRID, product_type="CNC")
    assert judge.need(cnc.identity(), Decimal(120)) == {"trade": Decimal(9700), "upside_oco": Decimal(2400)}
    only_sells = replace(cnc, trade_type=TradeType.SELLTS)
    assert judge.need(only_sells.identity(), None) == {}


def test_shares_that_have_to_lie_in_an_account_are_named() -> None:
    """The doctor can't see them, so it says what to look for."""
    found = judge.holdings("downside_oco", [(250, "SBIN"), (500, "IRFC")])
    assert found.light is Light.YELLOW
    assert "250 SBIN, 500 IRFC" in found.told


@pytest.mark.parametrize(("available", "light"), [("2060", Light.GREEN), ("2059.99", Light.RED), (None, Light.YELLOW)])
def test_account_has_to_carry_its_worst_case(available: str | None, light: Light) -> None:
    """To the paisa; a broker that tells nothing is no proof."""
    have = None if available is None else Decimal(available)
    balance = Balance(cash=None, margin_available=have, margin_used=None, collateral=None)
    assert judge.margin("trade", balance, Decimal(2060)).light is light


OUT = red("a", "x", "y", unreachable=True)
BAD = red("b", "x", "y")


@pytest.mark.parametrize(
    ("findings", "code"),
    [([green("a", "x"), yellow("b", "x")], 0), ([OUT, green("a", "x")], 4), ([OUT, BAD], 1), ([BAD], 1)],
)
def test_exit_code_tells_whose_fault_it_is(findings: list[Finding], code: int) -> None:
    """4 only when servers out of reach are all that is wrong (behaviour 14)."""
    assert exit_of(findings) is ExitCode(code)


def test_lines_say_what_to_do() -> None:
    """The remedy stands in a line of its own; colours are for terminals."""
    assert lines_of(BAD, colours=False) == "BAD   b                      x.\n      -> y"
    assert "\x1b[1;31m" in lines_of(BAD, colours=True)
    assert summary([BAD, green("a", "x")]) == "1 of 2 are red: mend those before a bot is started."
