"""What a journal of order events comes to in rupees, by plain sums and the rates of charges.md.

Nothing of TG1 is used.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.replay.journal import Row

EXCHANGE = ((Decimal("0.0000307"), "2026-03-01"), (Decimal("0.0000297"), "2024-10-01"), (Decimal("0.0000325"), ""))
"""NSE's transaction charge and the day from which it holds, newest first (charges.md)."""


def reckoned(rows: list[Row], product: str, last: dict[str, dict[str, Decimal]]) -> dict[str, tuple[Decimal, Decimal]]:
    """(gross, charges) of each day: cash and positions by plain sums.

    `last` holds each day's last prices. MIS positions don't outlive their day; others are carried at its last price.
    """
    days: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["traded_quantity"]:
            days[row["at"][:10]].append(row)
    result, worth = {}, Decimal(0)
    held: dict[str, int] = defaultdict(int)
    for day, prices in last.items():
        cash = Decimal(0)
        for row in days[day]:
            sign = 1 if row["side"] == "BUY" else -1
            cash -= sign * row["traded_quantity"] * Decimal(row["traded_price"])
            held[row["symbol"]] += sign * row["traded_quantity"]
        evening = sum((quantity * prices[symbol] for symbol, quantity in held.items()), Decimal(0))
        result[day] = (cash + evening - worth, cost_of(days[day], day, product))
        worth = evening
        if product == "MIS":
            held.clear()
            worth = Decimal(0)
    return result


def cost_of(trades: list[Row], day: str, product: str) -> Decimal:
    """Charges of a day's executions by the discount plan; only intraday, and delivery of what was bought or sold."""
    orders: dict[str, list[Row]] = defaultdict(list)
    for row in trades:
        orders[row["app_order_id"]].append(row)
    exchange = next(rate for rate, since in EXCHANGE if day >= since)
    taxed, total = Decimal(0), Decimal(0)
    net: dict[tuple[str, str], int] = defaultdict(int)
    for fills in orders.values():
        value = sum((row["traded_quantity"] * Decimal(row["traded_price"]) for row in fills), Decimal(0))
        sells = fills[0]["side"] == "SELL"
        taxed += value * (exchange + Decimal("0.000001"))
        shares = sum(row["traded_quantity"] for row in fills)
        net[fills[0]["account"], fills[0]["symbol"]] += -shares if sells else shares
        if product == "MIS":
            taxed += min(value * Decimal("0.0003"), Decimal(20))
            total += value * (Decimal("0.00025") if sells else Decimal("0.00003"))
        else:
            total += value * (Decimal("0.001") + (0 if sells else Decimal("0.00015")))
        if not fills[0]["client_id"]:
            taxed += 50
    if product != "MIS":
        taxed += 13 * sum(quantity < 0 for quantity in net.values())
    return total + taxed * Decimal("1.18")


def last_of(path: Path, first: str = "", until: str = "9999") -> dict[str, dict[str, Decimal]]:
    """Each day's last prices, read from the text of the file; the days from `first` to `until`."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    columns = {name.removeprefix("close_"): at for at, name in enumerate(head.split(","))}
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for line in lines:
        if first <= line[:10] <= until:
            cells = line.split(",")
            found[cells[0][:10]].update(
                {name: Decimal(cells[at]) for name, at in columns.items() if at and cells[at] and "_" not in name}
            )
    return dict(found)


def wrong_money(result: Row, rows: list[Row], product: str, last: dict[str, dict[str, Decimal]]) -> list[str]:
    """Where the object of `--json` differs from the reckoning by a paisa or more; empty when it never does."""
    expected, cent = reckoned(rows, product, last), Decimal("0.01")
    wrong = [] if list(expected) == [day["date"] for day in result["days"]] else ["not the days of the file"]
    for day in result["days"]:
        told = {name: Decimal(day[name]) for name in ("gross", "charges", "net")}
        gross, cost = expected[day["date"]]
        if abs(told["gross"] - gross) >= cent or abs(told["charges"] - cost) >= cent:
            wrong.append(f"{day['date']}: {told} is not {gross} and {cost}")
        if told["net"] != told["gross"] - told["charges"]:
            wrong.append(f"{day['date']}: net is not gross less charges")
    sums = {name: sum(Decimal(day[name]) for day in result["days"]) for name in ("gross", "charges", "net", "realised")}
    return wrong + [
        f"{name}: the total is not {found}" for name, found in sums.items() if Decimal(result["total"][name]) != found
    ]
