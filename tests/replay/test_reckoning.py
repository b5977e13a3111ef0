"""What a day came to, against figures that were reckoned by hand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from tests.unit.report.stories import HEDGE, OPEN, an_order
from tg1.paper.orders import IST
from tg1.replay.bound import margin_of
from tg1.replay.days import DayEnd
from tg1.replay.reckoning import Trade, marks
from tg1.replay.result import Reckoner
from tg1.replay.tape import SCALE, DayTape
from tg1.report.story import Fill
from tg1.rules.charges import Plans

if TYPE_CHECKING:
    from collections.abc import Sequence

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
PAIR = ("IRFC", "SBIN")


def tape(a: Sequence[float], b: Sequence[float], day: date = MONDAY) -> DayTape:
    """A row a second from the open; 0 is no price yet."""
    rows = len(a)
    prices = [np.round(np.array(each) * SCALE).astype(np.int64) for each in (a, b)]
    return DayTape(day=day, secs=OPEN + np.arange(rows, dtype=np.float64), a=prices[0], b=prices[1], price_events=rows)


def end_of(one: DayTape) -> DayEnd:
    """A bot that ended well."""
    return DayEnd(tape=one, exit_code=0, end="Stopped", cycles=1, realised=Decimal(0), cancel_reasons={})


def trade(second: int, account: str, symbol: str, quantity: int, price: str) -> Trade:
    """An execution so many seconds after the open; sold shares are negative."""
    at = datetime.combine(MONDAY, time(9, 15), IST) + timedelta(seconds=second)
    number = f"{second}{symbol}"
    return Trade(
        at=at,
        account=account,
        symbol=symbol,
        order_id=number,
        client_id="",
        quantity=quantity,
        price=Decimal(price),
    )


BUSY = tape([50, 49, 48, 48, 48.5, 50], [120, 119, 118, 119, 119.5, 118])
BOUGHT = trade(1, "trade", "IRFC", 100, "49.00")
SOLD = trade(2, "downside_oco", "SBIN", -50, "118.00")


def test_day_is_what_a_pencil_makes_of_it() -> None:
    """Worst at 09:15:03: 100 x (48 - 49) and 50 x (118 - 119). Charges by the discount plan, order by order."""
    day = Reckoner(PAIR, "MIS", Plans()).day(end_of(BUSY), (BOUGHT, SOLD))
    assert day.curve.unrealised.tolist() == [0, 0, -100, -150, -125, 100]
    assert day.worst_open == Decimal(-150)
    # Of 4,900 bought: 1.47 + 0.15043 + 0.0049 + 0.147 + 18 % of 1.62533. Of 5,900 sold: 1.77 + 1.475 + 0.18113 +
    # 0.0059 + 18 % of 1.95703 (charges.md).
    assert (day.gross, day.charges.total, day.net) == (Decimal(100), Decimal("5.8491848"), Decimal("94.15"))
    assert [(one.account, one.quantity, one.average, one.last) for one in day.open] == [
        ("downside_oco", -50, Decimal(118), Decimal(118)),
        ("trade", 100, Decimal(49), Decimal(50)),
    ]


def test_money_is_bound_by_what_is_held_and_what_is_asked_for() -> None:
    """An entry of 5,100 rests all day; what filled is worth its price instead of its limit."""
    orders = [
        an_order(placed=OPEN, ended=OPEN + 1, fills=(Fill(secs=OPEN + 1, quantity=100, price=Decimal("49.00")),)),
        an_order(side="SELL", limit=Decimal("51.00"), placed=OPEN, ended=OPEN + 10, fills=()),
        an_order(
            role=HEDGE.role,
            account=HEDGE.account,
            quantity=50,
            limit=HEDGE.limit,
            placed=OPEN + 1,
            ended=OPEN + 2,
            fills=(Fill(secs=OPEN + 2, quantity=50, price=Decimal("118.00")),),
        ),
    ]
    found = margin_of(BUSY, marks(BUSY, PAIR, {}), {}, (BOUGHT, SOLD), orders)
    # Second by second: 10,000, 15,895 (the hedge at its limit of 117.90), 15,800, 15,850, 15,925 and 16,000.
    assert (found.secs, found.total) == (OPEN + 5, Decimal("16000.00"))
    assert dict(found.then) == {"trade": Decimal("10100.00"), "downside_oco": Decimal("5900.00")}
    assert dict(found.most) == {"trade": Decimal("10100.00"), "downside_oco": Decimal("5975.00")}


def test_position_of_yesterday_is_worth_yesterday_s_price_until_there_is_one_of_today() -> None:
    """A share without a trade in the first seconds has not lost all that it cost."""
    reckoner = Reckoner(PAIR, "CNC", Plans())
    reckoner.day(end_of(BUSY), (BOUGHT, SOLD))
    day = reckoner.day(end_of(tape([0, 0, 49.5, 49], [0, 118, 118.5, 119], TUESDAY)), ())
    # 100 bought at 49 that stand at 50, then 49.50 and 49; 50 sold at 118.
    assert day.curve.unrealised.tolist() == [100, 100, 25, -50]
    assert day.curve.value.tolist() == [0, 0, -75, -150]
    assert (day.worst_open, day.gross) == (Decimal(-50), Decimal(-150))
