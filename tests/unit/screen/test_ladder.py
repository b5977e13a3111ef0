"""What an operator sees of a running bot."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from tg1.machine.clock import IST
from tg1.models import (
    ACTIVE,
    Attention,
    Backoff,
    BotState,
    GridIdentity,
    LegOrder,
    OpenOrder,
    OrderSide,
    OrderType,
    Quote,
    Role,
    Side,
    Status,
    StatusKind,
    Traded,
    TradeSide,
    TradeType,
)
from tg1.rules.charges import Plans
from tg1.rules.grid import create_levels, exact_rows
from tg1.rules.ledger import charges_so_far
from tg1.rules.positions import statement
from tg1.screen.ladder import ladder_lines, render
from tg1.screen.view import LadderView, view_of

NOW = datetime(2026, 2, 16, 4, 1, 5, tzinfo=UTC).astimezone(IST)
GRID = GridIdentity(
    trade_type=TradeType.GRIDOCOTS,
    exchange="NSE",
    product_type="MIS",
    token_a_symbol="IRFC",
    token_b_symbol="SBIN",
    entry_price=Decimal(50),
    steps=5,
    spread=Decimal(1),
    target_spread=Decimal("0.5"),
    oco_spread=Decimal(2),
    token_a_quantity=100,
    token_b_quantity=50,
)

LONG = (
    "downside level 3: target and hedge both filled, 50 shares of SBIN are open on the downside OCO account without a "
    "position that they hedge; close them by hand and start with --clear-attention"
)


def quote(symbol: str, price: str, *, fresh: bool = True) -> Quote:
    """A price of 0.4 s ago."""
    return Quote(symbol=symbol, price=Decimal(price), age_secs=0.4, fresh=fresh)


def bot(grid: GridIdentity = GRID, **changes: Any) -> BotState:
    """A fresh bot with uuids u0, u1, … from BUY level 1 on."""
    numbers = iter(range(10_000))
    return BotState(
        bot_name="IRFC-SBIN Grid",
        bot_status=ACTIVE,
        grid=grid,
        generation="abc",
        trading_day=date(2026, 2, 16),
        levels=create_levels(grid, exact_rows(grid), "IRFC-SBIN Grid", lambda: f"u{next(numbers)}"),
        **changes,
    )


def change(state: BotState, trade_side: TradeSide, number: int, **changes: Any) -> OpenOrder:
    """Change one level of the state in place."""
    for uuid, level in state.levels.items():
        if (level.trade_side, level.level) == (trade_side, number):
            state.levels[uuid] = replace(level, **changes)
            return state.levels[uuid]
    raise LookupError(number)


def order(role: Role, **changes: Any) -> LegOrder:
    """A working order of 100 shares."""
    values: dict[str, Any] = {
        "client_id": "abc1",
        "role": role,
        "side": Side.BUY,
        "symbol": "IRFC",
        "quantity": 100,
        "order_type": OrderType.LIMIT,
        "limit_price": Decimal(49),
        "order_id": "1110039096",
    }
    return LegOrder(**{**values, **changes})


def busy() -> BotState:
    """A bot with a little of everything."""
    state = bot(
        upside_net_quantity=0,
        downside_net_quantity=300,
        downside_oco_net_count=1,
        total_pnl=Decimal("123.40"),
        max_quantity_reached=True,
        attention=[Attention(key="a", text="TokenB 50 SELL is unhedged", at="now")],
    )
    bought = {"order_side": OrderSide.TARGET, "entry_traded": Traded(quantity=100, value=Decimal(4900))}
    change(
        state,
        TradeSide.DOWNSIDE,
        1,
        **bought,
        order=order(Role.TARGET, filled_quantity=40),
        oco_trade_price=Decimal("118.50"),
        oco_order=order(Role.OCO),
    )
    change(state, TradeSide.DOWNSIDE, 2, **bought)
    change(state, TradeSide.DOWNSIDE, 3, **bought, oco_filled=True, oco_trade_price=Decimal(117))
    change(state, TradeSide.DOWNSIDE, 4, order=order(Role.ENTRY, order_id=None))
    change(state, TradeSide.UPSIDE, 1, order=order(Role.ENTRY, order_id="77"))
    change(state, TradeSide.UPSIDE, 2, backoff=Backoff(rejections=5, paused=True, reason="RMS: margin\x1b[2J"))
    retry = Backoff(rejections=2, retry_at=NOW + timedelta(seconds=4), reason="tick")
    change(state, TradeSide.UPSIDE, 3, backoff=retry)
    return state


def seen(state: BotState, price: str | None = "49.85") -> LadderView:
    """The view of a state at 09:31:05 with TokenB at 120.50."""
    return view_at(state, None if price is None else quote("IRFC", price), quote("SBIN", "120.50"))


def view_at(state: BotState, *quotes: Quote | None, losing: str = "") -> LadderView:
    """The view of a state at these prices, on three accounts and the discount plan."""
    money = statement(state, quotes=quotes, account_of=account_of, charges=charges_so_far(state, account_of, Plans()))
    return view_of(state, money, now=NOW, cycle=93, losing=losing)


def account_of(role: Role, trade_side: TradeSide) -> str:
    """Architecture 3."""
    return f"{trade_side}_oco" if role is Role.OCO else "trade"


def drawn(view: LadderView, height: int = 40, width: int = 80) -> list[str]:
    """The lines that appear on a terminal of that width."""
    console = Console(record=True, width=width, file=io.StringIO())
    console.print(render(view, height, width))
    return console.export_text().splitlines()


def line_of(lines: list[str], start: str) -> str:
    """The one line that begins so."""
    (line,) = [line for line in lines if line.startswith(start)]
    return line


def test_ladder_shows_the_highest_price_on_top_and_the_live_price_in_its_place() -> None:
    """SELL levels above the centre, BUY below, the live price between the rungs that it trades between."""
    rungs = re.findall(r"^(?:[SB]\d|-{8}|={8})", "\n".join(drawn(seen(bot()))), re.MULTILINE)
    assert rungs == ["S5", "S4", "S3", "S2", "S1", "--------", "========", "B1", "B2", "B3", "B4", "B5"]


@pytest.mark.parametrize(("price", "index"), [("99", 0), ("51", 4), ("50.5", 5), ("44", 11)])
def test_ladder_marks_the_live_price_wherever_it_is(price: str, index: int) -> None:
    """Above all rungs, on a rung (shown just above it), between two, below all."""
    lines = drawn(seen(bot(), price))
    first = next(number for number, line in enumerate(lines) if line.startswith("LEVEL"))
    assert lines[first + 1 + index].startswith("========")


@pytest.mark.parametrize("price", [None, "49.85"], ids=["no-price", "price"])
def test_ladder_fits_eighty_columns(price: str | None) -> None:
    """No line of ours has to be cut on a terminal of 80 columns, and none is wider."""
    view = seen(busy(), price)
    assert all(cell_len(line.text) <= 80 for line in ladder_lines(view))
    assert all(cell_len(line) <= 80 for line in drawn(view))


def test_ladder_tells_the_states_of_every_rung() -> None:
    """Level, entry, state, order, filled, id and hedge stand in one row each."""
    lines = drawn(seen(busy()))
    assert line_of(lines, "B1").split() == [
        *("B1", "49.00", "target", "SELL", "49.50", "40/100", "1110039096", "118.50", "works"),
    ]
    assert line_of(lines, "B2 ").split() == ["B2", "48.00", "ready", "SELL", "48.50", "pending"]
    assert line_of(lines, "B3 ").split() == ["B3", "47.00", "hedged", "SELL", "47.50", "117.00", "filled"]
    assert line_of(lines, "B4 ").split() == ["B4", "46.00", "entry", "BUY", "46.00", "0/100", "?"]
    assert line_of(lines, "S1 ").split() == ["S1", "51.00", "entry", "SELL", "51.00", "0/100", "77"]


def test_ladder_tells_who_pauses_and_why_without_control_characters() -> None:
    """A broker's words can't move the cursor."""
    text = "\n".join(drawn(seen(busy())))
    assert "S2 paused after 5 rejections: RMS: margin" in text
    assert "S3 rejected 2 times, next try in 4 s: tick" in text
    assert "! TokenB 50 SELL is unhedged" in text
    assert "\x1b" not in text


def test_ladder_tells_prices_counters_and_money() -> None:
    """The head holds what architecture 12 and behaviour 15 count."""
    text = "\n".join(drawn(seen(busy())))
    for part in (
        *("09:31:05 IST", "cycle 93", "Active", "0.4 s ago", "entries open: 0 sold, 300 bought of 500"),
        *("hedged levels: 0 sell, 1 buy of 5", "MAX QUANTITY REACHED"),
    ):
        assert part in text


def test_net_is_the_first_line_under_the_title_and_its_parts_follow() -> None:
    """Behaviour 15: net first and largest, then its parts, then signed shares per account."""
    state = busy()
    change(state, TradeSide.DOWNSIDE, 3, oco_traded=Traded(quantity=50, value=Decimal(5850)))
    lines = drawn(seen(state))
    assert [line.split() for line in lines[1:5]] == [
        ["NET", "+203.40"],
        *(["realised", "+123.40,", "open", "+80.00,", "charges", "0.00"],),
        ["Downside", "OCO", "-50", "SBIN", "at", "117.00", "-175.00"],
        ["Trade", "+300", "IRFC", "at", "49.00", "+255.00"],
    ]


def test_money_of_nobody_knows_what_is_yellow_and_never_zero() -> None:
    """Behaviour 10.2, 15: no price, or an old one, is said in the net's own line."""
    view = seen(busy(), None)
    (net, parts) = ladder_lines(view)[1:3]
    assert (net.text, net.style) == ("NET unknown: no price of IRFC yet", "bold yellow")
    assert "open unknown" in parts.text
    old = view_at(busy(), replace(quote("IRFC", "49.85", fresh=False), age_secs=75), None)
    assert ladder_lines(old)[1].text == "NET +378.40 at old prices: IRFC 49.85 of 75 s ago"


@pytest.mark.parametrize(("price", "style"), [("49.85", "bold green"), ("40", "bold red")])
def test_net_is_green_or_red(price: str, style: str) -> None:
    """The colour is the net's, whatever was realised."""
    assert ladder_lines(seen(busy(), price))[1].style == style


def test_grid_that_loses_money_says_so_in_red_all_the_while() -> None:
    """A start whose round trip nets nothing or less is no surprise in the evening."""
    view = view_at(bot(), quote("IRFC", "50"), None, losing="EVERY ROUND TRIP LOSES MONEY (net -25.19)")
    assert ("EVERY ROUND TRIP LOSES MONEY (net -25.19)", "bold red") in ladder_lines(view)


def test_ladder_shows_stale_and_missing_prices() -> None:
    """Behaviour 10.2: the operator sees that decisions wait."""
    state = bot()
    text = "\n".join(drawn(view_at(state, quote("IRFC", "49.85", fresh=False), None)))
    assert "STALE" in text
    assert "no price yet" in text


@pytest.mark.parametrize("height", [16, 24, 40, 200])
def test_ladder_fits_the_screen_with_hundreds_of_levels(height: int) -> None:
    """The price, the nearest levels and those that hold something stay; the rest is counted."""
    grid = replace(GRID, entry_price=Decimal(500), steps=300)
    state = bot(grid)
    change(state, TradeSide.UPSIDE, 250, order_side=OrderSide.TARGET, entry_traded=Traded(quantity=100))
    lines = drawn(seen(state, "499.85"), height)
    assert len(lines) <= height
    for start in ("S250", "S1 ", "B1 ", "========"):
        line_of(lines, start)
    shown = sum(re.match(r"[SB]\d", line) is not None for line in lines)
    counted = sum(int(line.split()[1]) for line in lines if line.startswith("  … "))
    assert shown + counted == 600


def test_ladder_of_a_bot_without_hedge_shows_no_token_b() -> None:
    """Architecture 5: buyts has neither hedge nor upside."""
    state = bot(replace(GRID, trade_type=TradeType.BUYTS, token_b_symbol=""))
    text = "\n".join(drawn(seen(state)))
    assert "SBIN" not in text.replace(state.bot_name, "")
    assert "hedged levels" not in text


def test_ladder_cuts_a_wide_name_instead_of_wrapping() -> None:
    """A long name in wide characters costs no second line."""
    state = bot()
    state.bot_name = "格子" * 40
    assert all(cell_len(line) <= 80 for line in drawn(seen(state)))
    assert len(drawn(seen(state))) == len(drawn(seen(bot())))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("height", [16, 24])
def test_what_needs_a_person_is_whole_at_any_width(width: int, height: int) -> None:
    """Behaviour 19: attention and the reason of an end are wrapped between words, never cut."""
    reason = "untriggered OCO buildup — buy=3 sell=0 oco_stop_count=3, and the books of two accounts can't be read"
    state = bot(attention=[Attention(key="a", text=LONG, at="")])
    state.bot_status = Status(kind=StatusKind.TERMINATED, reason=reason)
    text = " ".join(" ".join(drawn(seen(state), height, width)).split())
    assert f"Terminated: {reason}" in text
    assert f"! {LONG}" in text


@given(
    height=st.integers(min_value=6, max_value=60),
    width=st.integers(min_value=40, max_value=130),
    steps=st.integers(min_value=1, max_value=40),
    price=st.sampled_from(["49.85", "99", "10.5", None]),
    attention=st.integers(min_value=0, max_value=6),
)
def test_ladder_fits_any_terminal_and_keeps_the_market_in_sight(
    height: int, width: int, steps: int, price: str | None, attention: int
) -> None:
    """Behaviour 19: a low terminal used to cut the market's own row off; a narrow one cut the words a person needs."""
    items = [Attention(key=str(number), text=f"number {number} needs a person", at="") for number in range(attention)]
    view = seen(bot(replace(GRID, steps=steps), attention=items), price)
    lines = ladder_lines(view, height, width)
    assert len(lines) <= height
    assert all(cell_len(line.text) <= width for line in lines)
    assert any(line.text.startswith("==" if price else "--") for line in lines)
    counts = [line.text for line in lines if line.text.startswith(("! ", "… ")) and "more" in line.text]
    counted = sum(int(text.split()[1]) for text in counts)
    assert sum("needs a person" in line.text for line in lines) + counted == attention


def test_narrow_ladder_keeps_what_a_trader_reads_first() -> None:
    """At 40 columns: level, state or part filled, order, hedge; an order in doubt keeps its mark."""
    lines = drawn(seen(busy()), 60, 40)
    assert line_of(lines, "B1").split() == ["B1", "40", "%", "SELL", "49.50", "118.50", "works"]
    assert line_of(lines, "B4").split() == ["B4", "entry", "BUY", "46.00", "?"]
    assert line_of(lines, "S5").split() == ["S5", "fresh", "SELL", "55.00"]


def test_orders_that_rest_are_not_red() -> None:
    """Red is for what needs a person: an ordinary SELL entry is none."""
    state = bot()
    change(state, TradeSide.UPSIDE, 1, order=order(Role.ENTRY))
    change(state, TradeSide.DOWNSIDE, 1, order=order(Role.ENTRY))
    assert not [line.text for line in ladder_lines(seen(state)) if "red" in line.style]


def test_ladder_loads_rich_only_to_draw() -> None:
    """A bot without a terminal never imports it."""
    code = "import sys, tg1.screen.live, tg1.screen.view, tg1.screen.logs, tg1.cli; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603  # our own code
