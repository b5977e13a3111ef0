"""States for the tests of the store: a small one to begin with, and Hypothesis strategies for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tg1.models import (
    ACTIVE,
    Attention,
    Backoff,
    BotState,
    Charges,
    ClosingOrder,
    DayStart,
    Executed,
    GridIdentity,
    LastPrice,
    LegOrder,
    OpenOrder,
    OrderHistoryRecord,
    OrderSide,
    OrderType,
    Role,
    SettledOrder,
    Side,
    Status,
    StatusKind,
    Traded,
    TradeSide,
    TradeType,
)

IST = timezone(timedelta(hours=5, minutes=30))
NOW = datetime(2026, 2, 16, 10, 30, tzinfo=IST)
BOT = "IRFC-SBIN Grid"

GRID = GridIdentity(
    trade_type=TradeType.GRIDOCOTS,
    exchange="NSE",
    product_type="MIS",
    token_a_symbol="IRFC",
    token_b_symbol="SBIN",
    entry_price=Decimal("50.00"),
    steps=5,
    spread=Decimal("1.00"),
    target_spread=Decimal("0.50"),
    oco_spread=Decimal("2.00"),
    token_a_quantity=100,
    token_b_quantity=50,
)

HEDGED: dict[str, Any] = {
    "bot_name": "IRFC-SBIN Grid",
    "token_a_symbol": "IRFC",
    "token_b_symbol": "SBIN",
    "entry_price": "50.00",
    "target_spread": "0.50",
    "oco_spread": "2.0",
    "token_a_quantity": 100,
    "token_b_quantity": 50,
}
"""The settings of a valid hedged bot."""
FILLED = Traded(quantity=100, value=Decimal(4900))


def a_level(number: int = 1, **changes: object) -> OpenOrder:
    """A fresh BUY level below the centre of `GRID`."""
    level = OpenOrder(
        uuid=f"level{number:04}",
        bot_name=BOT,
        level=number,
        trade_side=TradeSide.DOWNSIDE,
        entry_price=Decimal("50.00") - number,
        target_price=Decimal("50.50") - number,
        token_a_quantity=100,
        token_b_quantity=50,
    )
    return replace(level, **changes)  # type: ignore[arg-type]


def with_order(level: OpenOrder, *orders: LegOrder) -> OpenOrder:
    """The level with orders in the places of their roles."""
    for order in orders:
        level = replace(level, oco_order=order) if order.role is Role.OCO else replace(level, order=order)
    return level


def an_order(client_id: str = "TAGXXGENUD01E000", **changes: object) -> LegOrder:
    """A working entry of 100 IRFC at 49.00."""
    order = LegOrder(
        client_id=client_id,
        role=Role.ENTRY,
        side=Side.BUY,
        symbol="IRFC",
        quantity=100,
        order_type=OrderType.LIMIT,
        limit_price=Decimal("49.00"),
        order_id="12345",
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def a_record(seq: int = 1, **changes: object) -> OrderHistoryRecord:
    """A round trip from 49.00 to 49.50."""
    record = OrderHistoryRecord(
        seq=seq,
        uuid=f"trip{seq:06}",
        bot_name=BOT,
        trade_side=TradeSide.DOWNSIDE,
        level=1,
        outcome="target",
        entry_direction=Side.BUY,
        entry_price=Decimal("49.00"),
        entry_quantity=100,
        entry_average=Decimal("49.0333333"),
        entry_time=NOW.isoformat(),
        target_price=Decimal("49.50"),
        target_quantity=100,
        target_average=Decimal("49.50"),
        oco_price=Decimal("118.50"),
        oco_quantity=0,
        oco_average=Decimal(0),
        token_b_price=Decimal("120.50"),
        realised_pnl=Decimal("46.66667"),
        completed_at=NOW.isoformat(),
    )
    return replace(record, **changes)  # type: ignore[arg-type]


def an_execution(trip: str = "", side: Side = Side.BUY, **changes: object) -> Executed:
    """One intraday order over 100 IRFC at 49.00 on the trading day of `a_state`."""
    one = Executed(
        day=date(2026, 2, 16),
        account="trade",
        symbol="IRFC",
        side=side,
        product="MIS",
        quantity=100,
        value=Decimal(4900),
        trip=trip,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def a_state(*, level_count: int = 2, record_count: int = 1, **changes: object) -> BotState:
    """A running bot whose first level has an entry in the market."""
    made = [a_level(number) for number in range(1, level_count + 1)]
    if made:
        made[0] = with_order(made[0], an_order())
    state = BotState(
        bot_name=BOT,
        bot_status=ACTIVE,
        grid=GRID,
        generation="GEN",
        trading_day=date(2026, 2, 16),
        downside_net_quantity=200,
        downside_oco_net_count=1,
        total_pnl=Decimal("46.66667"),
        next_record_seq=record_count + 1,
        levels={level.uuid: level for level in made},
        order_history=[a_record(seq) for seq in range(1, record_count + 1)],
        attention=[Attention(key="both-filled level0001", text="both sides filled", at=NOW.isoformat())],
        settled=[SettledOrder(client_id="TAGXXGENUD02E000", account="trade", booked_quantity=3)],
        executed=[an_execution()],
        charges_before=Charges(brokerage=Decimal(40), stt=Decimal("19.6925"), gst=Decimal("8.098637940")),
    )
    for name, value in changes.items():
        setattr(state, name, value)
    return state


prices = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals("-99999", "99999", places=2)
counts = st.integers(-(10**12), 10**12)
texts = st.text(max_size=12)
instants = st.datetimes(timezones=st.sampled_from([IST, UTC]))
traded = st.builds(Traded, quantity=counts, value=prices)
backoffs = st.builds(Backoff, rejections=counts, retry_at=st.none() | instants, paused=st.booleans(), reason=texts)


@st.composite
def legs(draw: st.DrawFn, client_id: str, roles: tuple[Role, ...]) -> LegOrder:
    """Any order under one client id."""
    return LegOrder(
        client_id=client_id,
        role=draw(st.sampled_from(roles)),
        side=draw(st.sampled_from(Side)),
        symbol=draw(texts),
        quantity=draw(counts),
        order_type=draw(st.sampled_from(OrderType)),
        limit_price=draw(prices),
        trigger_price=draw(st.none() | prices),
        order_id=draw(st.none() | texts),
        filled_quantity=draw(counts),
        filled_value=draw(prices),
        acknowledged=draw(st.booleans()),
        cancel_sent=draw(st.booleans()),
    )


@st.composite
def levels_of(draw: st.DrawFn, bot_name: str, uuid: str) -> OpenOrder:
    """Any level, in any combination of fields."""
    working = draw(st.booleans())
    hedged = draw(st.booleans())
    return OpenOrder(
        uuid=uuid,
        bot_name=bot_name,
        level=draw(counts),
        trade_side=draw(st.sampled_from(TradeSide)),
        entry_price=draw(prices),
        target_price=draw(prices),
        token_a_quantity=draw(counts),
        token_b_quantity=draw(counts),
        order_side=draw(st.sampled_from(OrderSide)),
        order=draw(legs(f"{uuid}E", (Role.ENTRY, Role.TARGET))) if working else None,
        oco_order=draw(legs(f"{uuid}O", (Role.OCO,))) if hedged else None,
        oco_trade_price=draw(st.none() | prices),
        token_b_price=draw(st.none() | prices),
        hedged_from=draw(st.none() | prices),
        oco_filled=draw(st.booleans()),
        closed=draw(st.booleans()),
        entry_traded=draw(traded),
        target_traded=draw(traded),
        oco_traded=draw(traded),
        attempts=draw(counts),
        backoff=draw(backoffs),
        oco_backoff=draw(backoffs),
        opened_seq=draw(counts),
        opened_at=draw(st.none() | instants),
    )


amounts = st.decimals("-99999", "99999", places=8)
costs = st.builds(Charges, **dict.fromkeys(("brokerage", "stt", "exchange", "sebi", "stamp", "dp", "gst"), amounts))
executions = st.builds(
    Executed,
    day=st.dates(),
    account=texts,
    symbol=texts,
    side=st.sampled_from(Side),
    product=texts,
    quantity=counts,
    value=prices,
    orders=counts,
    trip=texts,
)
grids = st.builds(
    GridIdentity,
    trade_type=st.sampled_from(TradeType),
    exchange=texts,
    product_type=texts,
    token_a_symbol=texts,
    token_b_symbol=texts,
    entry_price=prices,
    steps=counts,
    spread=prices,
    target_spread=prices,
    oco_spread=prices,
    token_a_quantity=counts,
    token_b_quantity=counts,
)
records = st.builds(
    a_record,
    counts,
    uuid=texts,
    trade_side=st.sampled_from(TradeSide),
    outcome=texts,
    entry_direction=st.sampled_from(Side),
    entry_price=prices,
    entry_average=prices,
    entry_time=texts,
    oco_price=st.none() | prices,
    token_b_price=st.none() | prices,
    realised_pnl=amounts,
    open_pnl=st.none() | amounts,
    charges=st.none() | costs,
)


@st.composite
def bot_states(draw: st.DrawFn) -> BotState:
    """Any state that the types allow."""
    bot_name = draw(texts)
    uuids = draw(st.lists(st.text("0123456789abcdef", min_size=1, max_size=8), max_size=4, unique=True))
    return BotState(
        bot_name=bot_name,
        bot_status=draw(st.builds(Status, kind=st.sampled_from(StatusKind), reason=texts)),
        grid=draw(grids),
        generation=draw(texts),
        trading_day=draw(st.dates()),
        upside_net_quantity=draw(counts),
        downside_net_quantity=draw(counts),
        upside_oco_net_count=draw(counts),
        downside_oco_net_count=draw(counts),
        total_pnl=draw(prices),
        max_quantity_reached=draw(st.booleans()),
        next_opened_seq=draw(counts),
        next_record_seq=draw(counts),
        levels={uuid: draw(levels_of(bot_name, uuid)) for uuid in uuids},
        order_history=draw(st.lists(records, max_size=2)),
        attention=draw(st.lists(st.builds(Attention, key=texts, text=texts, at=texts), max_size=2)),
        settled=draw(
            st.lists(st.builds(SettledOrder, client_id=texts, account=texts, booked_quantity=counts), max_size=2)
        ),
        executed=draw(st.lists(executions, max_size=2)),
        charges_before=draw(costs),
        squared_off_pnl=draw(prices),
        paused_sides=draw(st.lists(st.sampled_from(Side), unique=True)),
        pause_seen=draw(st.text(max_size=12)),
        day_start=draw(st.none() | st.builds(DayStart, realised=amounts, open_gain=amounts)),
        charges_given=draw(st.lists(texts, max_size=2)),
        account_names=draw(st.lists(texts, max_size=3)),
        closing=draw(
            st.lists(st.builds(ClosingOrder, account=texts, order=legs("X", (Role.CLOSE,)), day=st.dates()), max_size=1)
        ),
        last_prices=draw(st.lists(st.builds(LastPrice, symbol=texts, price=prices, at=instants), max_size=2)),
    )


def hedged(number: int, price: str | None, **changes: object) -> OpenOrder:
    """A level whose BUY entry filled, with the price of its SELL hedge; older numbers are older hedges."""
    return a_level(
        number,
        order_side=OrderSide.TARGET,
        entry_traded=FILLED,
        oco_trade_price=None if price is None else Decimal(price),
        opened_seq=number,
        **changes,
    )
