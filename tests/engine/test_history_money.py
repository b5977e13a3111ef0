"""What `tg1 history` says of a day, held to the exchange's own executions (behaviour 9.5, 13, 15).

The judge sums cash and charges by itself (`tests.replay.money`); of the bot it takes only the price at which it values
what is still open, and it holds the shares to the exchange's.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.conftest import Bench, DeathError
from tests.replay.money import cost_of
from tests.support.emergencies import EmergencyBroker, fills_closing_orders, flatten, stop_everything
from tg1.errors import ExitCode
from tg1.models import StatusKind
from tg1.replay.memory_files import MemoryFiles
from tg1.rules.day_sheets import account_in, sheets_of
from tg1.settings.charges import plans_of
from tg1.store.codec import decode, decode_sheet
from tg1.told.day_sheet import lines_of_bot

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from tg1.models import OrderRequest
    from tg1.told.day_sheet import DayLine

PAISA = Decimal("0.01")
Held = dict[tuple[str, str], int]


class Exchange:
    """What the exchange executed, day by day, by the orders of its own book."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._days: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    def note(self) -> None:
        """Take down what the orders of this day have traded so far."""
        today = self._bench.clock.now().date().isoformat()
        for one in self._bench.broker.orders.values():
            if one.filled:
                self._days[today][one.request.client_id] = {
                    "app_order_id": one.request.client_id,
                    "client_id": one.request.client_id,
                    "account": one.account,
                    "symbol": one.request.symbol,
                    "side": str(one.request.side),
                    "traded_quantity": one.filled,
                    "traded_price": one.value / one.filled,
                }

    def rows(self, day: str) -> list[dict[str, Any]]:
        """The orders that traded on a day."""
        return list(self._days[day].values())

    def cash(self, day: str) -> Decimal:
        """Rupees received less rupees paid on a day."""
        return -sum((_signed(row) * row["traded_price"] for row in self.rows(day)), Decimal(0))

    def shares(self, days: list[str]) -> Held:
        """What these days left open, signed; flat places are left out."""
        held: Held = defaultdict(int)
        for row in (row for day in days for row in self.rows(day)):
            held[row["account"], row["symbol"]] += _signed(row)
        return {place: quantity for place, quantity in held.items() if quantity}


def _signed(row: dict[str, Any]) -> int:
    quantity: int = row["traded_quantity"]
    return quantity if row["side"] == "BUY" else -quantity


def told(bench: Bench) -> list[DayLine]:
    """The lines of `tg1 history`, from the files on the bench's disk."""
    paths = bench.store.paths
    lines = bench.fs.read(paths.days).splitlines() if bench.fs.exists(paths.days) else []
    sheets = {sheet.key: sheet for sheet in map(decode_sheet, lines)}
    if bench.fs.exists(paths.state):
        state = decode(bench.fs.read(paths.state))
        found = sheets_of(state, partial(account_in, state), plans_of(state.charges_given))
        sheets |= {sheet.key: sheet for sheet in found}
    return lines_of_bot(sheets.values(), [], is_paper=False, today=_today(bench))


def _today(bench: Bench) -> date:
    return bench.clock.now().date()


def wrong(bench: Bench, exchange: Exchange, product: str = "MIS") -> list[str]:
    """Where the lines differ from the exchange's executions by a paisa or more; empty when nowhere."""
    exchange.note()
    found: list[str] = []
    worth_before = Decimal(0)
    days: list[str] = []
    for line in told(bench):
        rows = exchange.rows(line.day)
        days = [line.day] if product == "MIS" else [*days, line.day]
        shown: Held = {}
        for one in line.held:
            place = one.position.account, one.position.symbol
            shown[place] = shown.get(place, 0) + one.position.quantity
        shares = exchange.shares(days)
        if {place: quantity for place, quantity in shown.items() if quantity} != shares:
            found.append(f"{line.day}: {shown} is held, by the exchange {shares}")
        prices = {one.position.symbol: one.last.price for one in line.held if one.last is not None}
        evening = sum((quantity * prices[symbol] for (_, symbol), quantity in shares.items()), Decimal(0))
        # Places that are flat by the exchange may be held as two halves, long and short, by the bot.
        if product == "MIS" and line.day < _today(bench).isoformat():
            rows = [*rows, *(_closed_by_broker(place, quantity, prices) for place, quantity in shares.items())]
        charges = cost_of(rows, line.day, product)
        if abs(line.charges.total - charges) >= PAISA:
            found.append(f"{line.day}: charges {line.charges.total} are {charges}")
        net = exchange.cash(line.day) + evening - worth_before - charges
        if abs(line.net - net) >= PAISA:
            found.append(f"{line.day}: net {line.net} is {net}")
        bought = sum((row["traded_quantity"] * row["traded_price"] for row in exchange.rows(line.day)), Decimal(0))
        if abs(line.bought + line.sold - bought) >= PAISA:
            found.append(f"{line.day}: turnover {line.bought} and {line.sold} is {bought}")
        worth_before = Decimal(0) if product == "MIS" else evening
    return found


def _closed_by_broker(place: tuple[str, str], quantity: int, prices: dict[str, Decimal]) -> dict[str, Any]:
    account, symbol = place
    return {
        "app_order_id": f"broker {place}",
        "client_id": "",
        "account": account,
        "symbol": symbol,
        "side": "SELL" if quantity > 0 else "BUY",
        "traded_quantity": abs(quantity),
        "traded_price": prices[symbol],
    }


@pytest.fixture
def new_bench(tmp_path: Path) -> Callable[..., Bench]:
    """Benches with an emergency's broker, their disk in memory."""

    def make(**changes: Any) -> Bench:
        bench = Bench(tmp_path / "state", steps=3, allow_off_centre=True, **changes)
        bench.broker = EmergencyBroker(market=bench.feed.prices, product_type=changes.get("product_type", "MIS"))
        bench.fs = MemoryFiles()
        bench.begin().cycle(3)
        return bench

    return make


def closes_a_part(bench: Bench, share: float, dies_at: int | None = None) -> None:
    """A market that takes only so much of each closing order; the process dies before the order of that number."""
    sent = 0

    def before(request: OrderRequest) -> None:
        nonlocal sent
        if request.client_id[11] == "X":
            sent += 1
            if sent == dies_at:
                raise DeathError

    def after(request: OrderRequest) -> None:
        if request.client_id[11] == "X":
            (order,) = (one for one in bench.broker.orders.values() if one.request.client_id == request.client_id)
            bench.broker.fill(order.order_id, int(order.quantity * share), price=bench.feed.prices[request.symbol])

    bench.broker.before_place, bench.broker.after_place = before, after


def square_off(bench: Bench) -> int | None:
    """`--cancel-all --square-off --yes`; None when its process died."""
    try:
        return stop_everything(
            bench, flatten=flatten(bench), steps=3, product_type=bench.settings.get("product_type", "MIS")
        )
    except DeathError:
        return None


def lived_at_a_loss(new_bench: Callable[..., Bench], **changes: Any) -> Bench:
    """A target, a hedge that closed its level, and two more entries open: IRFC falls below all of them."""
    bench = new_bench(**changes)
    for prices in ({"IRFC": "49.00"}, {"IRFC": "49.50"}, {"IRFC": "49.00"}, {"SBIN": "118.50"}, {"IRFC": "47.00"}):
        bench.trade(**prices)
        bench.cycle(3)
    bench.trade(IRFC="45.50", SBIN="122.00")
    bench.cycle()
    return bench


def test_loss_of_a_square_off_is_in_the_days_history(new_bench: Callable[..., Bench]) -> None:
    """Behaviour 13, 15: what a square-off closes is told with what it lost, and nothing is left open."""
    bench = lived_at_a_loss(new_bench)
    exchange = Exchange(bench)
    fills_closing_orders(bench)
    assert square_off(bench) == ExitCode.OK
    (line,) = told(bench)
    assert (line.realised, line.squared_off) == (Decimal(50), Decimal(-650 - 175))
    assert (line.left_open, len(line.held)) == (Decimal(0), 0)
    assert wrong(bench, exchange) == []


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_history_is_what_the_exchange_executed(new_bench: Callable[..., Bench], data: st.DataObject) -> None:
    """For every day: to the paisa, however it was traded and however it ended."""
    product = data.draw(st.sampled_from(["MIS", "CNC"]), "product")
    bench = new_bench(product_type=product)
    exchange = Exchange(bench)
    for _ in range(data.draw(st.integers(1, 3), "days")):
        traded_a_while(bench, data)
        assert wrong(bench, exchange, product) == []
        if data.draw(st.booleans(), "a night"):
            spend_night(bench, exchange)
            assert wrong(bench, exchange, product) == []
            is_fresh = bench.state.bot_status.kind is StatusKind.TERMINATED
            if is_fresh and product == "CNC":
                # A new grid holds nothing of what the old one held on.
                break
            if product == "CNC" and data.draw(st.booleans(), "squared off before a start"):
                break
            bench.begin(fresh=is_fresh)
    for _ in range(data.draw(st.integers(0, 3), "square-offs")):
        closes_a_part(bench, data.draw(st.sampled_from([0, 0.3, 1])), data.draw(st.sampled_from([None, None, 1, 2])))
        if square_off(bench) is None:
            # Nobody has looked at the books since: a stop does, whatever it is to do.
            bench.broker.before_place = lambda _request: None
            stop_everything(bench, steps=3, product_type=product)
        assert wrong(bench, exchange, product) == []
        bench.trade(IRFC=data.draw(IRFC), SBIN=data.draw(SBIN))


IRFC = st.sampled_from(["45.50", "46.40", "47.00", "48.00", "48.55", "49.50", "50.20", "51.00", "51.90", "53.00"])
SBIN = st.sampled_from(["116.00", "118.30", "120.50", "122.70", "124.00"])


def spend_night(bench: Bench, exchange: Exchange) -> None:
    """The session ends, and with it DAY orders and MIS positions."""
    bench.cycle()
    if bench.state.bot_status.kind is StatusKind.ACTIVE:
        bench.engine._ending.end_session()
    exchange.note()
    if bench.broker.product_type != "MIS":
        for account in bench.broker.account_names:
            bench.broker.held[account] = {row.symbol: row.quantity or 0 for row in bench.broker.positions(account)}
    bench.overnight()


def traded_a_while(bench: Bench, data: st.DataObject) -> None:
    """Prices move, and some orders fill in part."""
    for _ in range(data.draw(st.integers(1, 6), "moves")):
        if data.draw(st.booleans(), "in part") and (working := bench.broker.working("trade")):
            order = data.draw(st.sampled_from(working))
            if order.quantity - order.filled > 1:
                bench.broker.fill(order.order_id, data.draw(st.integers(1, order.quantity - order.filled - 1)))
        else:
            bench.trade(IRFC=data.draw(IRFC), SBIN=data.draw(SBIN))
        if bench.cycle(2) is not None:
            return
