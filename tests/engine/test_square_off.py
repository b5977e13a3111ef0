"""`--cancel-all --square-off` on hand-driven accounts: flat, nobody else's shares, nothing twice (behaviour 13)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.emergencies import (
    EmergencyBroker,
    fills_closing_orders,
    flatten,
    hedged,
    in_memory,
    net,
    opened,
    stop_everything,
)
from tests.support.simdisk import SimDisk
from tg1.errors import ExitCode, StateError
from tg1.models import OrderRequest, OrderStatus, OrderType, Side
from tg1.rules.client_ids import bot_tag
from tg1.trading.closing_prices import ClosingPrices
from tg1.trading.emergency import Flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench

TAG = bot_tag("IRFC-SBIN Grid")


def test_everything_that_the_bot_holds_is_closed(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: TokenA of open and hedge-closed levels, TokenB of filled hedges; exit 0 only when all is flat."""
    bench = hedged(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(2)
    assert net(bench) == {("trade", "IRFC"): 100, ("downside_oco", "SBIN"): -50}
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}
    assert bench.broker.working() == []
    sold, bought = bench.broker.placed[-2:]
    by_symbol = {order.symbol: order for order in (sold, bought)}
    assert (by_symbol["SBIN"].side, by_symbol["SBIN"].quantity) == (Side.BUY, 50)
    assert (by_symbol["IRFC"].side, by_symbol["IRFC"].quantity) == (Side.SELL, 100)
    assert by_symbol["IRFC"].limit_price == Decimal("49.00"), "2 % below the last 50.00"
    assert by_symbol["SBIN"].limit_price == Decimal("121.75"), "1 % above the last 120.50, up to the tick"
    assert {order.order_type for order in (sold, bought)} == {OrderType.LIMIT}
    assert all(order.client_id.startswith(TAG) and len(order.client_id) == 16 for order in (sold, bought))


def test_running_it_twice_closes_nothing_twice(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: running it twice is harmless, even where somebody else holds the same share."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    placed = len(bench.broker.placed)
    bench.broker.held = {"downside_oco": {"SBIN": -500}, "trade": {"IRFC": 500}}
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert len(bench.broker.placed) == placed


def test_shares_of_others_are_left_alone(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: what this bot holds and nothing else, whatever the account's net is."""
    bench = hedged(make_bench)
    bench.broker.held = {"downside_oco": {"SBIN": -500}}
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {("downside_oco", "SBIN"): -500}


def test_position_that_somebody_closed_already_is_not_opened_the_other_way(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: never more than the broker's own net position in that direction, and less is said."""
    bench = hedged(make_bench)
    bench.broker.held = {"downside_oco": {"SBIN": 30}}
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert net(bench) == {}
    assert any("30 are not closed" in record.getMessage() for record in caplog.records)


def test_order_that_does_not_fill_is_placed_nearer_to_the_market(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: re-priced every 2 s; of each order only what is left is placed again."""
    bench = hedged(in_memory(make_bench))
    ask = iter(["121.75", "123.00", "124.25"])

    def market_runs_away(request: OrderRequest) -> None:
        order = next(each for each in bench.broker.orders.values() if each.request.client_id == request.client_id)
        bench.feed.prices["SBIN"] = Decimal(next(ask, "124.25"))
        taken = {50: 20, 30: 10}.get(request.quantity, request.quantity)
        bench.broker.fill(order.order_id, taken)

    bench.broker.after_place = market_runs_away
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    closing = [order for order in bench.broker.placed if order.client_id[11] == "X"]
    assert [order.quantity for order in closing] == [50, 30, 20]
    assert [f"{order.limit_price:.2f}" for order in closing] == ["121.75", "123.00", "124.25"]
    assert len({order.client_id for order in closing}) == 3
    assert net(bench) == {}


def test_stuck_market_is_said_after_a_minute(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: at most 60 s, then what is left, with the exchange's reason; no closing order stays behind."""
    bench = hedged(in_memory(make_bench))

    def halt(request: OrderRequest) -> None:
        order = next(each for each in bench.broker.orders.values() if each.request.client_id == request.client_id)
        bench.broker.end(order.order_id, OrderStatus.REJECTED, "Exchange : market halted")

    bench.broker.after_place = halt
    begun = bench.clock.monotonic()
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert bench.clock.monotonic() - begun < 90
    assert bench.broker.working() == []
    assert any("still held: Exchange : market halted" in record.getMessage() for record in caplog.records)


def test_lost_answer_is_looked_up_and_not_sent_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: closing orders are looked up like every other order."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    bench.broker.answers.append("unknown-accepted")
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}


def test_no_closing_order_leaves_without_its_intent_on_disk(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.2, 13: a full disk keeps no order alive, but lets none be placed either, and it is said."""
    bench = hedged(make_bench)
    text = bench.store.paths.state.read_bytes()
    bench.fs = SimDisk()
    bench.fs.make_dir(bench.store.paths.folder)
    bench.fs.write_synced(bench.store.paths.state, text)
    bench.fs.sync_dir(bench.store.paths.folder)

    def refuse(op: str, _path: object) -> None:
        if op != "read":
            raise OSError(28, "No space left on device")

    bench.fs.before_op = refuse
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert len(bench.broker.placed) == placed
    assert bench.broker.working() == []


def test_without_a_feed_the_brokers_own_last_trade_is_the_price(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: it needs prices: from the feed, or without one from the broker's own last trade."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    client: Any = bench.broker
    blind = Flatten(confirm=lambda _question: True, prices=ClosingPrices(client=client, feed=None, clock=bench.clock))
    assert stop_everything(bench, flatten=blind) == ExitCode.OK
    assert bench.broker.placed[-1].limit_price == Decimal("119.65"), "1 % above its own trade at 118.45"


def test_bot_that_was_squared_off_does_not_start_again_by_itself(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 13: a resume would place targets for shares that are gone."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    stop_everything(bench, flatten=flatten(bench))
    with pytest.raises(StateError, match="squared off by the operator"):
        bench.begin()
    bench.begin(fresh=True)
    assert bench.state.closing == []


def test_nothing_is_closed_while_an_order_may_still_work(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: only after the cancels are confirmed; an entry that works on could open it again."""
    bench = hedged(in_memory(make_bench))
    fills_closing_orders(bench)
    bench.broker.cancels.extend(["sent"] * 500)
    placed = len(bench.broker.placed)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert len(bench.broker.placed) == placed


def test_stop_of_an_unknown_name_is_no_success(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: a misspelt name exited 0 once, and the bot lived on."""
    bench = make_bench()
    bench.broker = EmergencyBroker()
    assert stop_everything(bench, is_known=False) == ExitCode.FAILED
    first, *_, last = [record.getMessage() for record in caplog.records]
    assert first.startswith(f"Nothing of 'IRFC-SBIN Grid' is in {bench.folder} (known here: none)")
    assert last.startswith("No bot of the name")


def test_orders_that_a_book_hides_for_two_reads_are_found(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: exit 0 over four working orders that the book hid for two reads; one clean look proves nothing."""
    bench = make_bench()
    bench.broker = EmergencyBroker()
    for level in range(1, 5):
        request = OrderRequest(
            client_id=f"{TAG}AAAD0{level}E0001",
            symbol="IRFC",
            side=Side.BUY,
            quantity=7,
            order_type=OrderType.LIMIT,
            limit_price=Decimal(40),
        )
        bench.broker.add("trade", request).hidden_reads = 2
    assert stop_everything(bench, is_known=False) == ExitCode.OK
    assert bench.broker.working() == []


def test_bot_that_lives_in_another_folder_is_noticed(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: a stop that was typed elsewhere exited 0, and the bot placed its grid again behind it."""
    bench = opened(make_bench)
    bench.store.paths.state.unlink()
    bench.store.paths.bak.unlink(missing_ok=True)
    number = iter(range(2, 100))

    def places_again() -> None:
        if bench.clock.monotonic() % 4 < 1 and not bench.broker.working("trade"):
            request = OrderRequest(
                client_id=f"{TAG}AAAD01E{next(number):04}",
                symbol="IRFC",
                side=Side.BUY,
                quantity=7,
                order_type=OrderType.LIMIT,
                limit_price=Decimal(40),
            )
            bench.broker.add("trade", request)

    bench.clock.on_wait = places_again
    assert stop_everything(bench, is_known=False) == ExitCode.FAILED
    assert any("lives elsewhere" in record.getMessage() for record in caplog.records)


def test_order_beyond_the_days_band_is_placed_at_the_last_price(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: inside the day's band: SBIN stands at its upper circuit, where 1 % more is out of range."""
    bench = hedged(make_bench)

    def at_the_circuit(request: OrderRequest) -> None:
        order = next(each for each in bench.broker.orders.values() if each.request.client_id == request.client_id)
        if request.limit_price > Decimal("120.50"):
            why = f"Exchange : The price [{request.limit_price}] is out of the current execution range"
            bench.broker.end(order.order_id, OrderStatus.REJECTED, why)
        else:
            bench.broker.fill(order.order_id)

    bench.broker.after_place = at_the_circuit
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}
    assert [order.limit_price for order in bench.broker.placed[-2:]] == [Decimal("121.75"), Decimal("120.50")]


def test_order_that_is_rejected_at_the_last_price_goes_beyond_it_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: a halt is no band; when it is over, the order is to be marketable."""
    bench = hedged(make_bench)
    answers = iter([OrderStatus.REJECTED] * 2)

    def halted_twice(request: OrderRequest) -> None:
        order = next(each for each in bench.broker.orders.values() if each.request.client_id == request.client_id)
        if (status := next(answers, None)) is not None:
            bench.broker.end(order.order_id, status, "Exchange : market halted")
        else:
            bench.broker.fill(order.order_id)

    bench.broker.after_place = halted_twice
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    said = [f"{order.limit_price:.2f}" for order in bench.broker.placed[-3:]]
    assert said == ["121.75", "120.50", "121.75"]
