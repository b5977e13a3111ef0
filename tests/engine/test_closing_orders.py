"""A square-off that died before it knew what became of its orders, and what follows it (behaviour 3.3, 7.3, 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import DeathError
from tests.support.emergencies import fills_closing_orders, flatten, hedged, net, stop_everything
from tg1.errors import ExitCode, StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.conftest import Bench
    from tests.support.fakes import HandOrder
    from tg1.models import OrderRequest


def closing_orders(bench: Bench) -> list[HandOrder]:
    """Every closing order that the broker has ever had."""
    return [order for order in bench.broker.orders.values() if order.request.client_id[11] == "X"]


def killed(bench: Bench, *, arrives: bool = True, filled: int = 0) -> Bench:
    """`kill -9` while the first closing order is on its way, after it arrived (and so much filled) or before."""

    def dies(request: OrderRequest) -> None:
        if request.client_id[11] == "X":
            if filled:
                bench.broker.fill(closing_orders(bench)[0].order_id, filled)
            raise DeathError

    if arrives:
        bench.broker.after_place = dies
    else:
        bench.broker.before_place = dies
    with pytest.raises(DeathError):
        stop_everything(bench, flatten=flatten(bench))
    bench.broker.before_place = bench.broker.after_place = None
    return bench


def test_fill_of_an_interrupted_closing_order_is_not_closed_again(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: 50 were bought back before the process died; 500 of somebody else's shares are not ours."""
    bench = hedged(make_bench)
    bench.broker.held = {"downside_oco": {"SBIN": -500}}
    killed(bench, filled=50)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {("downside_oco", "SBIN"): -500}
    assert len(closing_orders(bench)) == 1


def test_closing_order_that_shows_up_late_is_not_doubled(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: accepted, and missing from the book for two reads; then it fills. Nothing turns around."""
    bench = killed(hedged(make_bench))
    (late,) = closing_orders(bench)
    late.hidden_reads = 2
    seen = bench.clock.monotonic()

    def fills_once_it_shows() -> None:
        if late.is_working and not late.hidden_reads and bench.clock.monotonic() > seen:
            bench.broker.fill(late.order_id)

    bench.clock.on_wait = fills_once_it_shows
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}
    assert closing_orders(bench) == [late]


def test_rest_of_an_interrupted_closing_order_is_closed_anew(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: 20 of 50 filled and the rest rests behind the market: it is cancelled, 30 go out again."""
    bench = killed(hedged(make_bench), filled=20)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}
    assert [order.request.quantity for order in closing_orders(bench)] == [50, 30]


def test_closing_order_that_never_left_is_sent_once_that_is_proven(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.3, 13: absent from three reads over five seconds; then the position is closed under a new id."""
    bench = killed(hedged(make_bench), arrives=False)
    begun = bench.clock.monotonic()
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert bench.clock.monotonic() - begun >= 5
    assert net(bench) == {}
    assert [order.request.client_id[11:] for order in closing_orders(bench)] == ["X0002"]


def test_stop_alone_waits_for_a_closing_order_in_doubt(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 13: exit 0 is a promise that nothing of the bot works, a closing order that shows up late included."""
    bench = killed(hedged(make_bench))
    (late,) = closing_orders(bench)
    late.hidden_reads = 2
    assert stop_everything(bench) == ExitCode.OK
    assert not late.is_working
    assert bench.broker.working() == []


def test_nothing_is_closed_while_an_earlier_closing_order_may_work(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: a cancel that the broker never carries out leaves the order, so a second one would double it."""
    bench = killed(hedged(make_bench))
    bench.broker.cancels.extend(["sent"] * 500)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert len(closing_orders(bench)) == 1
    assert "Nothing is closed while orders of the bot may still work" in caplog.text


def test_start_after_an_interrupted_square_off_says_what_may_still_work(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 13: which order, in which account, and the command that finishes it."""
    bench = killed(hedged(make_bench))
    with pytest.raises(StateError) as told:
        bench.begin()
    said = str(told.value)
    assert "was interrupted" in said
    assert "BUY 50 SBIN @ 121.75 in account downside_oco" in said
    assert "may still work" in said
    assert "--cancel-all --square-off" in said
    assert "by its own rules" not in said


def test_start_after_a_square_off_that_left_shares_says_which(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 13: 20 of 50 were closed; the rest has neither target nor hedge, and can be closed still."""
    bench = killed(hedged(make_bench), filled=20)
    assert stop_everything(bench) == ExitCode.OK
    with pytest.raises(StateError, match=r"still held: -30 SBIN in account downside_oco.*--cancel-all --square-off"):
        bench.begin()


def test_closing_order_of_yesterday_keeps_nobody_from_closing_today(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.5, 13: DAY orders are gone the next morning; the broker's own position says what is left of CNC."""
    bench = hedged(make_bench, product_type="CNC")
    bench.broker.product_type = "CNC"
    killed(bench)
    bench.broker.orders.clear()
    bench.broker.held = {"downside_oco": {"SBIN": -50}}
    bench.clock.wall += timedelta(days=1)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert net(bench) == {}


def test_fresh_grid_waits_for_the_last_word_on_a_closing_order(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 3.4, 9.3: "no order of this bot is working" covers a closing order that nobody has heard of since."""
    bench = killed(hedged(make_bench))
    (late,) = closing_orders(bench)
    late.hidden_reads = 2
    bench.begin(fresh=True)
    assert not late.is_working
    assert bench.state.closing == []
