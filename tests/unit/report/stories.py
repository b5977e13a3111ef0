"""A small made day, as a replay would tell it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from tg1.paper.orders import IST
from tg1.report.story import DayStory, Fill, HedgePrice, Held, LevelStory, Margin, OrderStory, RunStory, Series

OPEN = 33_300.0


def line(*values: float, every: float = 60.0) -> Series:
    """A value a minute from the open."""
    return Series(
        secs=OPEN + every * np.arange(float(len(values)), dtype=np.float64), values=np.array(values, dtype=np.float64)
    )


def an_order(**changes: Any) -> OrderStory:
    """B1's entry, filled whole at 09:16:40."""
    order = OrderStory(
        number="1210000001",
        level="B1",
        role="entry",
        account="trade",
        symbol="IRFC",
        side="BUY",
        quantity=100,
        limit=Decimal("49.00"),
        trigger=None,
        placed=OPEN + 1,
        ended=OPEN + 100,
        end="filled",
        why="",
        fills=(Fill(secs=OPEN + 100, quantity=100, price=Decimal("48.95")),),
        charges=Decimal("2.62"),
    )
    return replace(order, **changes)


HEDGE = an_order(
    number="1210000002",
    role="hedge",
    account="downside_oco",
    symbol="SBIN",
    side="SELL",
    quantity=50,
    limit=Decimal("117.90"),
    trigger=Decimal("118.50"),
    placed=OPEN + 101,
    ended=OPEN + 160,
    end="cancelled",
    why="not next to TokenB's price any more",
    fills=(),
    charges=Decimal(0),
)
LEVEL = LevelStory(
    name="B1",
    entry=Decimal("49.00"),
    target=Decimal("49.50"),
    trips=1,
    hedges=0,
    held="+100 IRFC",
    gross=Decimal("50.00"),
    charges=Decimal("5.24"),
)


def a_day(**changes: Any) -> DayStory:
    """A day with one entry and one hedge that was cancelled."""
    day = DayStory(
        day=date(2026, 11, 23),
        gross=Decimal("50.00"),
        charges=Decimal("5.24"),
        realised=Decimal("50.00"),
        worst_open=Decimal("-75.00"),
        fills=1,
        held=(Held(account="trade", symbol="IRFC", quantity=100, average=Decimal("48.95"), last=Decimal("49.45")),),
        end="Stopped: session end",
        margin=Margin(
            secs=OPEN + 120,
            total=Decimal("10820.00"),
            then=(("trade", Decimal("4895.00")), ("downside_oco", Decimal("5925.00"))),
            most=(("trade", Decimal("4900.00")), ("downside_oco", Decimal("5925.00"))),
        ),
        price_a=line(50.0, 49.0, 49.45),
        price_b=line(120.5, 120.0, 119.0),
        money={"net": line(0, -2.6, 44.76), "gross": line(0, 0, 50), "charges": line(0, 2.6, 5.24)},
        open_gain=line(0, -75, 50),
        positions={"trade IRFC": line(0, 100, 100)},
        orders=(an_order(), HEDGE),
        hedges=(HedgePrice(level="B1", side="SELL", price=Decimal("118.50"), since=OPEN + 100, until=OPEN + 180),),
        levels=(LEVEL,),
        attention=(),
    )
    return replace(day, **changes)


def a_run(*days: DayStory, **changes: Any) -> RunStory:
    """A run of these days, or of one."""
    run = RunStory(
        name="IRFC-SBIN Grid",
        symbol_a="IRFC",
        symbol_b="SBIN",
        is_made=False,
        settings=(("spread", "1.00"),),
        step="one round trip of 100 IRFC brings 50.00 and costs 5.24 in charges: net +44.76",
        days=days or (a_day(),),
        made_at=datetime(2026, 11, 25, 18, 30, tzinfo=IST),
    )
    return replace(run, **changes)
