"""The closing orders of a square-off: when they leave, rest and go, and what is said of them (behaviour 13)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import DeathError
from tests.support.emergencies import (
    EmergencyBroker,
    fills_closing_orders,
    flatten,
    hedged,
    in_memory,
    long_and_short,
    net,
    refusing,
    stop_everything,
)
from tg1.config import GridOcoConfig
from tg1.errors import BrokerUnavailable, ExitCode
from tg1.models import OrderStatus, Side
from tg1.rules.client_ids import bot_tag
from tg1.trading.emergency import cancel_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder
    from tg1.models import BrokerPosition, BrokerTrade, OrderRequest

TAG = bot_tag("IRFC-SBIN Grid")
SHORT_B = ("downside_oco", "SBIN")


@pytest.fixture
def make_bench(make_bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """Benches whose disk is memory."""
    return in_memory(make_bench)


def order_of(bench: Bench, request: OrderRequest) -> HandOrder:
    """The broker's order of a request."""
    return next(each for each in bench.broker.orders.values() if each.request.client_id == request.client_id)


def closing_orders(bench: Bench) -> list[OrderRequest]:
    """What was sent to close something, refused or not."""
    return [request for request in bench.broker.placed if request.client_id[11] == "X"]


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the operator is told of what is not closed; before it begins and at its end is once."""
    said = dict.fromkeys(record.getMessage() for record in caplog.records)
    return [text.removeprefix("NOT CLOSED: ") for text in said if text.startswith("NOT CLOSED: ")]


class Tape:
    """What a square-off does at the broker, in seconds since its first closing order was sent."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bench = bench
        self._began: float | None = None
        self.placed: list[tuple[float, str]] = []
        self.cancelled: list[tuple[float, str]] = []
        cancel = bench.broker.cancel_order

        def sent(request: OrderRequest) -> None:
            if request.client_id[11] == "X":
                self.placed.append((self.now(), request.symbol))

        def taken(account: str, order_id: str, client_id: str) -> None:
            if client_id[11] == "X":
                self.cancelled.append((self.now(), bench.broker.orders[order_id].request.symbol))
            cancel(account, order_id, client_id)
            bench.broker.orders[order_id].reason = "Order cancelled by user"

        bench.broker.before_place = sent
        monkeypatch.setattr(bench.broker, "cancel_order", taken)

    def now(self) -> float:
        """Seconds since the first closing order."""
        if self._began is None:
            self._began = self._bench.clock.monotonic()
        return self._bench.clock.monotonic() - self._began


def test_order_that_nobody_takes_rests_two_seconds_at_a_time_for_a_minute(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: re-priced every 2 s, at most 60 s; that we cancelled it ourselves is no reason to be told."""
    bench = hedged(make_bench)
    tape = Tape(bench, monkeypatch)
    caplog.set_level("INFO")
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert tape.now() == 60
    assert f"Cancel of {bench.broker.cancelled[-1]} sent (nearer to the market)" in caplog.text
    assert tape.placed == [(3 * number, "SBIN") for number in range(20)]
    assert tape.cancelled == [(3 * number + 2, "SBIN") for number in range(20)]
    assert bench.broker.working() == []
    assert complaints(caplog) == ["-50 SBIN in account downside_oco are still held"]


def test_after_a_minute_nothing_is_placed_and_nothing_is_left_at_work(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 13: an order of the last second is taken back at 60 s, and the other place gets no new one then."""
    bench = long_and_short(make_bench)
    tape = Tape(bench, monkeypatch)
    bench.broker.answers.extend(["refused", "ok", "refused"])
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert [at for at, symbol in tape.placed if symbol == "SBIN"] == [0, 1, *range(2, 60, 3)]
    assert [at for at, symbol in tape.placed if symbol == "IRFC"] == list(range(0, 60, 3))
    assert [at for at, symbol in tape.cancelled if symbol == "SBIN"][-2:] == [58, 60]
    assert bench.broker.working() == []
    assert tape.now() == 61


@pytest.mark.parametrize("is_lost", [False, True])
def test_closing_order_that_does_not_end_is_named(
    make_bench: Callable[..., Bench],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    is_lost: bool,
) -> None:
    """Behaviour 13: twenty seconds for its cancel, then what may still fill is said by its number, or by our id."""
    bench = hedged(make_bench)
    tape = Tape(bench, monkeypatch)

    def deaf(_request: OrderRequest) -> None:
        bench.broker.cancels.extend(["sent"] * 50)
        if is_lost:
            bench.broker.broken_books.add("downside_oco")

    bench.broker.after_place = deaf
    if is_lost:
        bench.broker.answers.append("unknown-accepted")
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert tape.now() == 80
    (order,) = bench.broker.working()
    named = order.request.client_id if is_lost else order.order_id
    assert complaints(caplog) == [
        "-50 SBIN in account downside_oco are still held",
        f"closing order {named} in account downside_oco has not ended",
    ]


def test_what_was_closed_is_said_with_its_price(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: sold and bought back, how many, where, and at which average over all their orders."""
    bench = long_and_short(make_bench)
    caplog.set_level("INFO")
    price = iter(["120.00", "122.00"])

    def takes_thirty_first(request: OrderRequest) -> None:
        order = order_of(bench, request)
        if request.symbol == "IRFC":
            bench.broker.fill(order.order_id, price="49.50")
        else:
            bench.broker.fill(order.order_id, {50: 30}.get(request.quantity), price=next(price))

    bench.broker.after_place = takes_thirty_first
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if text.startswith("CLOSED: ")] == [
        "CLOSED: bought back 50 SBIN in account downside_oco at 120.80",
        "CLOSED: sold 100 IRFC in account trade at 49.50",
    ]
    first = closing_orders(bench)[1]
    assert f"CLOSE placed: SELL 100 IRFC @ 49.00 in account trade -> ID={order_of(bench, first).order_id}" in said


def test_closing_orders_are_numbered_and_written_down(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.1, 13: each id once, for both legs at a time; the state says what they were, where and when."""
    bench = long_and_short(make_bench)
    bench.broker.answers.extend(["refused", "refused"])
    begun = bench.clock.now()
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    generation = bench.state.generation
    assert [request.client_id for request in closing_orders(bench)] == [
        f"{TAG}{generation}{half}00X{number:04}" for number, half in enumerate("DUDU", start=1)
    ]
    written = bench.state.closing
    assert [(one.account, one.order.symbol, one.order.filled_quantity, one.is_over) for one in written] == [
        ("downside_oco", "SBIN", 0, True),
        ("trade", "IRFC", 0, True),
        ("downside_oco", "SBIN", 50, True),
        ("trade", "IRFC", 100, True),
    ]
    assert all(one.order.placed_at is not None and one.order.placed_at >= begun for one in written)


def test_refused_order_is_placed_again_a_second_later_and_its_reason_is_told(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: nothing waits for an order that the broker never took; his words stand behind what is left."""
    bench = hedged(make_bench)
    tape = Tape(bench, monkeypatch)
    bench.broker.answers.extend(["refused"] * 100)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert [at for at, _ in tape.placed] == list(range(60))
    (told,) = complaints(caplog)
    assert told.startswith("-50 SBIN in account downside_oco are still held: the order was refused")


def test_accepted_order_that_its_book_hides_is_not_sent_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.4, 13: an absent order whose number is known is unknown, never gone: it would be sold twice."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    bench.broker.hide_new_for_reads = 12
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert len(closing_orders(bench)) == 1
    assert net(bench) == {}


def test_order_that_never_arrived_is_sent_anew_once_the_books_prove_it(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 3.3, 13: three reads over five seconds without it; the other place is worked on meanwhile."""
    bench = long_and_short(make_bench)
    tape = Tape(bench, monkeypatch)
    bench.broker.answers.append("unknown-lost")

    def takes_the_second(request: OrderRequest) -> None:
        if request.symbol == "SBIN" or len(closing_orders(bench)) > 2:
            bench.broker.fill(order_of(bench, request).order_id)

    bench.broker.after_place = takes_the_second
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert tape.placed == [(0, "SBIN"), (0, "IRFC"), (3, "IRFC"), (6, "SBIN")]
    assert tape.cancelled == [(2, "IRFC")]
    assert net(bench) == {}


def test_two_orders_in_doubt_are_counted_apart(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: one never arrived; the other, sent four seconds later, did, and is not sent again."""
    bench = long_and_short(make_bench)
    bench.broker.answers.extend(["unknown-lost", *["refused"] * 4, "unknown-accepted"])

    def hidden_at_first(request: OrderRequest) -> None:
        order = order_of(bench, request)
        order.hidden_reads = 4 if request.symbol == "IRFC" else 0
        bench.broker.fill(order.order_id)

    bench.broker.after_place = hidden_at_first
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert [order.symbol for order in closing_orders(bench)] == ["SBIN", *["IRFC"] * 5, "SBIN"]
    assert net(bench) == {}


def test_blank_book_proves_nothing_for_half_a_minute(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: a server that shows nothing for twenty seconds makes no second order."""
    bench = hedged(make_bench)
    bench.broker.answers.append("unknown-accepted")

    def unseen(request: OrderRequest) -> None:
        bench.broker.fill(order_of(bench, request).order_id)
        bench.broker.empty_books.add("downside_oco")
        shown_at = bench.clock.monotonic() + 20

        def show() -> None:
            if bench.clock.monotonic() >= shown_at:
                bench.broker.empty_books.clear()

        bench.clock.on_wait = show

    bench.broker.after_place = unseen
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert len(closing_orders(bench)) == 1
    assert net(bench) == {}


def test_last_share_is_sold_and_not_bought(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: 99 of 100 filled; one share is a position like any other."""
    bench = long_and_short(make_bench)

    def all_but_one(request: OrderRequest) -> None:
        bench.broker.fill(order_of(bench, request).order_id, {100: 99}.get(request.quantity))

    bench.broker.after_place = all_but_one
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    sold = [(order.side, order.quantity) for order in closing_orders(bench) if order.symbol == "IRFC"]
    assert sold == [(Side.SELL, 100), (Side.SELL, 1)]
    assert net(bench) == {}


def test_second_square_off_closes_what_the_first_has_left(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: 30 of 50 were bought back before the market stuck; the next run buys 20, not 50 and not none."""
    bench = hedged(make_bench)

    def thirty_in_all(request: OrderRequest) -> None:
        if len(closing_orders(bench)) == 1:
            bench.broker.fill(order_of(bench, request).order_id, 30)

    bench.broker.after_place = thirty_in_all
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert net(bench) == {SHORT_B: -20}
    before = len(bench.broker.placed)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert [(order.side, order.quantity) for order in bench.broker.placed[before:]] == [(Side.BUY, 20)]
    assert net(bench) == {}


@pytest.mark.parametrize("foreign", [0, -500])
def test_square_off_whose_process_died_is_not_repeated(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, foreign: int
) -> None:
    """Behaviour 3.5, 13: its closing order filled unseen; the next run hears of it and closes nothing again.

    It bought 50 SBIN of somebody else's short, or said for ever that 50 were not closed.
    """
    bench = hedged(make_bench)
    if foreign:
        bench.broker.held = {"downside_oco": {"SBIN": foreign}}

    def fill_and_die(request: OrderRequest) -> None:
        bench.broker.fill(order_of(bench, request).order_id, price="121.00")
        raise DeathError

    bench.broker.after_place = fill_and_die
    with pytest.raises(DeathError):
        stop_everything(bench, flatten=flatten(bench))
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == ({SHORT_B: foreign} if foreign else {})
    assert complaints(caplog) == []


def test_earlier_closing_order_that_no_book_shows_keeps_its_place_closed(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 4.4, 13: nobody knows what it filled, so nothing is bought on top of it, and a person is told."""
    bench = long_and_short(make_bench)
    bench.broker.after_place = lambda _request: bench.broker.cancels.extend(["sent"] * 50)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    bench.broker.cancels.clear()
    (lost,) = [order for order in bench.broker.working() if order.request.symbol == "SBIN"]
    del bench.broker.orders[lost.order_id]
    caplog.clear()
    fills_closing_orders(bench)
    begun = bench.clock.monotonic()
    sent: list[tuple[float, str]] = []
    bench.broker.before_place = lambda request: sent.append((bench.clock.monotonic() - begun, request.symbol))
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert sent == [(61, "IRFC")], "after its cancel, and a minute for the other's last word"
    assert net(bench) == {SHORT_B: -50}
    assert complaints(caplog) == [
        (
            f"-50 SBIN in account downside_oco: closing order {lost.order_id} of an earlier square-off never had its "
            "last word; compare the account's position and close it by hand"
        )
    ]


def test_stop_that_is_asked_for_while_it_closes_is_answered_once(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: a closing that has begun is not cut short, and whoever pressed Ctrl-C is told so."""
    bench = long_and_short(make_bench)
    bench.broker.after_place = lambda _request: setattr(bench.clock, "stopping", True)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    answers = [each.getMessage() for each in caplog.records if each.getMessage().startswith("A stop was asked for")]
    assert answers == ["A stop was asked for: closing goes on for a minute at most, then what is left is said"]


def test_full_disk_is_told_and_leaves_no_intent_behind(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 3.2, 9.2, 13: each place says why nothing was sent for it, and the state names no order."""
    bench = long_and_short(make_bench)
    del bench.feed.prices["IRFC"]
    monkeypatch.setattr(bench.broker, "trades", lambda _account: ())

    def refuse(op: str, _path: object) -> None:
        if op != "read":
            raise OSError(28, "No space left on device")

    bench.fs.before_op = refuse
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert closing_orders(bench) == []
    assert bench.state.closing == []
    assert "Make room: a closing order has to stand on disk before it is sent" in caplog.text
    short, held = complaints(caplog)
    assert short.startswith("-50 SBIN in account downside_oco are still held: ")
    assert "No space left on device" in short
    assert held == "+100 IRFC in account trade are still held: no price is known"


def test_place_without_a_price_does_not_keep_the_other_one_open(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: it needs prices; what has none is said, and the rest is closed."""
    bench = long_and_short(make_bench)
    fills_closing_orders(bench)
    del bench.feed.prices["SBIN"]
    trades = bench.broker.trades

    def nothing_of_b(account: str) -> tuple[BrokerTrade, ...]:
        return () if account == "downside_oco" else trades(account)

    monkeypatch.setattr(bench.broker, "trades", nothing_of_b)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert net(bench) == {SHORT_B: -50}
    assert complaints(caplog) == ["-50 SBIN in account downside_oco are still held: no price is known"]


def test_question_names_every_place(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: "type the bot's name to close N shares of …", once for all."""
    bench = long_and_short(make_bench)
    asked: list[str] = []
    assert stop_everything(bench, flatten=flatten(bench, refusing(asked))) == ExitCode.FAILED
    what = "50 shares of SBIN in downside_oco, 100 shares of IRFC in trade"
    assert asked == [f"type the bot's name (IRFC-SBIN Grid) to close {what}: "]


def test_account_that_shows_less_is_said_with_both_numbers(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: "less is said": what the bot's books hold, what the account shows, how many stay."""
    bench = hedged(make_bench)
    bench.broker.held = {"downside_oco": {"SBIN": 30}}
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert complaints(caplog) == [
        (
            "the bot's books hold -50 SBIN in account downside_oco, but its MIS positions show -20: "
            "30 are not closed by this"
        )
    ]


def test_position_that_can_not_be_read_is_left_alone_and_said(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: never more than the account shows, and it shows nothing; the other place is closed."""
    bench = long_and_short(make_bench)
    fills_closing_orders(bench)
    positions = bench.broker.positions

    def unreadable(account: str) -> tuple[BrokerPosition, ...]:
        rows = positions(account)
        return tuple(replace(row, quantity=None) for row in rows) if account == "downside_oco" else rows

    with monkeypatch.context() as patch:
        patch.setattr(bench.broker, "positions", unreadable)
        assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert net(bench) == {SHORT_B: -50}
    assert complaints(caplog) == [
        (
            "the bot's books hold -50 SBIN in account downside_oco, but its MIS positions show a position that can't "
            "be read: 50 are not closed by this"
        )
    ]


def test_account_in_which_the_bot_holds_nothing_is_not_asked(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 13: positions that don't matter keep nothing open."""
    bench = hedged(make_bench)
    fills_closing_orders(bench)
    positions = bench.broker.positions

    def broken(account: str) -> tuple[BrokerPosition, ...]:
        if account != "downside_oco":
            raise BrokerUnavailable("502")
        return positions(account)

    with monkeypatch.context() as patch:
        patch.setattr(bench.broker, "positions", broken)
        assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}


def test_delivery_of_an_earlier_day_is_closed_where_credentials_were_given(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.5, 13: a CNC position outlives the night; what lies in an account that was not given is said."""
    bench = make_bench(product_type="CNC")
    broker = EmergencyBroker(product_type="CNC")
    bench.broker = broker
    bench.begin().cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "49.00").order_id)
    bench.cycle(2)
    bench.broker.fill(bench.broker.working_at(Side.SELL, "118.50", "downside_oco").order_id)
    bench.cycle(2)
    for order in bench.broker.working():
        order.status = OrderStatus.CANCELLED
    bench.clock.wall = bench.clock.wall.replace(day=bench.clock.wall.day + 1)
    bench.clock.mono += 86400
    broker.missing.add("downside_oco")
    fills_closing_orders(bench)
    client: Any = bench.broker
    engine = bench._engine()
    bare = GridOcoConfig(bot_name="IRFC-SBIN Grid", token_a_symbol="")
    code = cancel_all(bare, client, engine.store, bench.clock, is_known=True, flatten=flatten(bench))
    assert code == ExitCode.FAILED
    assert net(bench) == {SHORT_B: -50}
    assert complaints(caplog) == ["no credentials were given for account downside_oco, which holds -50 SBIN"]
    assert str(bench.state.bot_status) == "Terminated: squared off by the operator"
    assert bench.state.closing[0].order.limit_price == Decimal("49.00")
