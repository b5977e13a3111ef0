"""A square-off that died before it knew what became of its orders, and what follows it (behaviour 3.3, 7.3, 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.conftest import DeathError
from tests.support.emergencies import (
    fills_closing_orders,
    flatten,
    hedged,
    in_memory,
    long_and_short,
    net,
    stop_everything,
    told,
)
from tg1.errors import ExitCode, StateError
from tg1.models import Attention, Side, Status, StatusKind
from tg1.state import StateManager
from tg1.trading.closing_orders import why_terminated

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
    bench = killed(hedged(in_memory(make_bench)))
    bench.broker.cancels.extend(["sent"] * 500)
    begun = bench.clock.monotonic()
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert bench.clock.monotonic() - begun == 60
    assert len(told(caplog, "STILL WORKING OR NOT CONFIRMED: ")) == 1
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


def with_a_lost_closing_order(make_bench: Callable[..., Bench]) -> tuple[Bench, HandOrder]:
    """A square-off gave up on an order that its cancel did not end, and no book has shown it since."""
    bench = hedged(in_memory(make_bench))
    bench.broker.after_place = lambda _request: bench.broker.cancels.extend(["sent"] * 50)
    stop_everything(bench, flatten=flatten(bench))
    bench.broker.cancels.clear()
    bench.broker.after_place = None
    (lost,) = [order for order in closing_orders(bench) if order.is_working]
    del bench.broker.orders[lost.order_id]
    return bench, lost


@pytest.mark.parametrize("is_stopping", [False, True])
def test_stop_waits_a_minute_for_a_closing_order_that_no_book_shows(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture, *, is_stopping: bool
) -> None:
    """Behaviour 4.4, 13: its number is known, so it is not gone; it is named, and Ctrl-C ends no emergency stop."""
    bench, lost = with_a_lost_closing_order(make_bench)
    caplog.clear()
    bench.clock.stopping = is_stopping
    begun = bench.clock.monotonic()
    assert stop_everything(bench) == ExitCode.FAILED
    assert bench.clock.monotonic() - begun == 60
    assert told(caplog, "STILL WORKING OR NOT CONFIRMED: ") == [
        f"the closing order BUY 50 SBIN @ 121.75 in account downside_oco (order {lost.order_id})"
    ]
    assert "is working on" not in caplog.text


def test_cancel_of_an_earlier_closing_order_says_why(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 13: it shows up after two reads; that we ended it ourselves is no trouble of its place."""
    bench = killed(hedged(make_bench))
    (late,) = closing_orders(bench)
    late.hidden_reads = 2
    caplog.set_level("INFO")
    assert stop_everything(bench) == ExitCode.OK
    assert f"Cancel of {late.order_id} sent (left by an earlier square-off)" in caplog.text
    (known,) = bench.state.closing
    assert (known.order.order_id, known.order.cancel_sent, known.is_over) == (late.order_id, True, True)


def test_closing_order_in_doubt_is_looked_for_in_its_own_account(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 4.1, 11.3: the other accounts' books are read for their own orders alone."""
    bench = killed(hedged(make_bench), arrives=False)
    bench.broker.reads.clear()
    assert stop_everything(bench) == ExitCode.OK
    others = {bench.broker.reads[account] for account in ("trade", "upside_oco")}
    assert others == {1}
    assert bench.broker.reads["downside_oco"] == 7, "once with the others, then over five seconds"


def test_closing_order_of_yesterday_is_not_waited_for(
    make_bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    """Behaviour 9.5, 13: DAY orders are gone; that nobody saw its end is said, with the mark to look for."""
    bench = hedged(make_bench, product_type="CNC")
    bench.broker.product_type = "CNC"
    killed(bench)
    (lost,) = bench.state.closing
    bench.broker.orders.clear()
    request = replace(lost.order, client_id="MANUAL")
    for account in bench.broker.account_names:
        bench.broker.add(account, request, foreign=True)
    bench.clock.wall += timedelta(days=1)
    begun = bench.clock.monotonic()
    assert stop_everything(bench) == ExitCode.OK
    assert bench.clock.monotonic() - begun == 5, "the tag's own proof, and no second longer"
    assert told(caplog, "Nobody saw the end of ") == [
        (
            "the closing order BUY 50 SBIN @ 121.75 in account downside_oco (its number is not known, its mark is "
            f"{lost.order.client_id}) on 2026-11-23, and today's books don't show it: compare what is held"
        )
    ]
    assert [one.is_over for one in bench.state.closing] == [True]


def test_stop_that_is_asked_for_ends_the_wait_of_a_start(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: a start with --fresh that was told to stop archives nothing over an order in doubt."""
    bench = killed(hedged(make_bench))
    (late,) = closing_orders(bench)
    late.hidden_reads = 99
    begun = bench.clock.monotonic()

    def asked() -> None:
        bench.clock.stopping = True

    bench.clock.on_wait = asked
    bench.begin(fresh=True)
    assert bench.code == ExitCode.OK
    assert bench.clock.monotonic() - begun == 1
    assert bench.store.paths.state.exists(), "nothing was archived"


def test_fresh_start_names_a_closing_order_without_its_last_word(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 9.3: a minute later it is told which order, in words in which it can be looked for."""
    bench, lost = with_a_lost_closing_order(make_bench)
    begun = bench.clock.monotonic()
    with pytest.raises(StateError, match=rf"the closing order BUY 50 SBIN @ 121.75 .*\(order {lost.order_id}\)"):
        bench.begin(fresh=True)
    assert bench.clock.monotonic() - begun == 60


def test_square_off_that_was_interrupted_is_told_word_for_word(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 13: every order that may still work, and what to type."""
    bench = hedged(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(2)
    killed(bench)
    first, second = (one.order.client_id for one in bench.state.closing)
    assert why_terminated(bench.state, bench.broker.account_of) == (
        "The square-off of 'IRFC-SBIN Grid' was interrupted: the closing order BUY 50 SBIN @ 121.75 in account "
        f"downside_oco (its number is not known, its mark is {first}), the closing order SELL 100 IRFC @ 49.00 in "
        f"account trade (its number is not known, its mark is {second}) may still work, or have filled; type the same "
        "command with --cancel-all --square-off once more; it closes nothing twice."
    )


def test_square_off_that_left_shares_is_told_word_for_word(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3, 13: what is held where, and the two ways on; flat, there is one."""
    bench = hedged(make_bench)
    bench.broker.fill(bench.broker.working_at(Side.BUY, "48.00").order_id)
    bench.cycle(2)
    killed(bench)
    assert stop_everything(bench) == ExitCode.OK
    assert why_terminated(bench.state, bench.broker.account_of) == (
        "'IRFC-SBIN Grid' was squared off by the operator, but by its own books there are still held: -50 SBIN in "
        "account downside_oco, +100 IRFC in account trade; to close them, type the same command with --cancel-all "
        "--square-off once more; it closes nothing twice. Or give --fresh to archive that state and start a new grid: "
        "they then have neither target nor hedge."
    )
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    assert why_terminated(bench.state, bench.broker.account_of) == (
        "'IRFC-SBIN Grid' was squared off by the operator; give --fresh to archive that state and start a new grid."
    )


def test_bot_that_its_own_rules_ended_is_told_word_for_word(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 7.3: which rule, and what to type."""
    bench = make_bench().begin()
    bench.state.bot_status = Status(kind=StatusKind.TERMINATED, reason="OCO imbalance")
    assert why_terminated(bench.state, bench.broker.account_of) == (
        "'IRFC-SBIN Grid' was terminated by its own rules (OCO imbalance); give --fresh to archive that state and "
        "start a new grid."
    )


# -- what waits for a person ------------------------------------------------------------------------------------------


def waits(bench: Bench, *keys: str) -> None:
    """A sentence for the operator under each of these keys, on disk."""
    at = bench.clock.now().isoformat()
    bench.state.attention += [Attention(key=key, text=f"do it by hand ({key})", at=at) for key in keys]
    bench.store.save(bench.clock.now())


def kept(bench: Bench) -> dict[str, str]:
    """The sentences as a new process reads them from the disk, by key."""
    state = StateManager(bench.fs, bench.folder, "IRFC-SBIN Grid").load()
    assert state is not None
    return {entry.key: entry.text for entry in state.attention}


KEYS = ("both-filled a b", "unhedged a b", "blind trade x", "missing a b", "paused a b", "late-fill a 5")


def test_what_was_closed_waits_for_nobody(make_bench: Callable[..., Bench]) -> None:
    """Behaviour 6.5: who still reads "50 SBIN are unhedged, close it by hand" and obeys opens a naked position."""
    bench = hedged(make_bench)
    waits(bench, *KEYS)
    fills_closing_orders(bench)
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.OK
    at = f" (over at {bench.clock.now():%H:%M:%S}: "
    assert kept(bench) == {
        "both-filled a b": f"do it by hand (both-filled a b){at}no SBIN of the bot is held any more)",
        "unhedged a b": f"do it by hand (unhedged a b){at}no IRFC of the bot is held any more)",
        "blind trade x": f"do it by hand (blind trade x){at}its book was read)",
        "missing a b": f"do it by hand (missing a b){at}the books know what became of it)",
        "paused a b": "do it by hand (paused a b)",
        "late-fill a 5": "do it by hand (late-fill a 5)",
    }
    before = kept(bench)
    stop_everything(bench, flatten=flatten(bench))
    assert kept(bench) == before, "what is over ends once"


def test_what_is_still_held_waits_on(make_bench: Callable[..., Bench]) -> None:
    """A plain stop closes nothing; with an account that was not read nobody knows what became of an order."""
    bench: Any = hedged(make_bench)
    waits(bench, *KEYS)
    bench.broker.locked = {"upside_oco"}
    assert stop_everything(bench) == ExitCode.FAILED
    assert not any("(over at " in text for text in kept(bench).values())
    bench.broker.locked = set()
    assert stop_everything(bench) == ExitCode.OK
    assert {key for key, text in kept(bench).items() if "(over at " in text} == {"blind trade x", "missing a b"}


def test_what_a_square_off_could_close_waits_for_nobody_though_the_rest_is_still_held(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behaviour 6.5, 13: the SBIN are bought back, and who still reads "close it by hand" would buy them twice."""
    bench = long_and_short(make_bench)
    waits(bench, "both-filled a b", "unhedged a b")
    fills_closing_orders(bench)
    del bench.feed.prices["IRFC"]
    monkeypatch.setattr(bench.broker, "trades", lambda _account: ())
    assert stop_everything(bench, flatten=flatten(bench)) == ExitCode.FAILED
    assert net(bench) == {("trade", "IRFC"): 100}
    assert {key for key, text in kept(bench).items() if "(over at " in text} == {"both-filled a b"}
